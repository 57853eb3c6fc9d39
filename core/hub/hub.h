/*
 * The hub: everything a worker has, in one struct that every flow can reach.
 *
 * Made once when the worker starts (process/worker.c) and never changed by a request, but for what
 * the rooms keep behind their own pointers.
 */
#ifndef CARDEA_HUB_HUB_H
#define CARDEA_HUB_HUB_H

#include "config/settings.h"
#include "crypto/seal.h"
#include "hub/metrics.h"
#include "net/http_client.h"
#include "plugin/jail.h"
#include "plugin/provider.h"
#include "store/store.h"

#include <event2/event.h>

struct pages;
struct signing;
struct throttle;

struct hub {
    struct event_base *base;
    const struct settings *settings;
    struct arena arena; /* what lives as long as the worker */
    struct store *store;
    struct http_client *http;
    struct jail *jail;
    struct providers providers;
    struct key_ring *cookies; /* seals what browsers carry */
    struct key_ring *records; /* seals what rests in the store */
    struct pages *pages;
    struct signing *signing; /* issuer/keys.h */
    struct throttle *throttle;
    struct metrics *metrics;            /* this worker's page */
    const struct metrics *metric_pages; /* those of all workers */
    size_t metric_page_count;
    struct slice base_path;      /* of the issuer; empty when it has none */
    struct slice common_headers; /* lines that every answer has */
    struct slice metadata;       /* the discovery document, once it was asked for */
    struct slice metadata_etag;
    void *context; /* of the small programs that are no hub: simulator, demo app */
    bool stopping; /* finish what is in flight, begin nothing */
    bool secure;   /* the issuer is https: cookies get `Secure` and `__Host-`, answers HSTS */
};

#endif
