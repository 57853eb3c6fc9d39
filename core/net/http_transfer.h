/*
 * The inside of the HTTP client: one call as libcurl has it (http_transfer.c) and what calls share
 * (http_client.c). Nobody else includes this.
 */
#ifndef CARDEA_NET_HTTP_TRANSFER_H
#define CARDEA_NET_HTTP_TRANSFER_H

#include "base/list.h"
#include "base/url.h"
#include "net/http_client.h"

#include <curl/curl.h>

struct pool;

struct transfer {
    struct list link;
    struct pool *pool; /* NULL while libcurl does not run it */
    struct http_call *call;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    struct url url;
    const char *tls_host; /* the name that the certificate must have */
    bool uses_proxy;
    size_t header_bytes;
    size_t header_count;
    bool head_ended;     /* the empty line has come */
    bool forbidden;      /* an address was refused */
    const char *stopped; /* why we stopped it ourselves; then `failure` says as what */
    enum http_call_failure failure;
    char error[CURL_ERROR_SIZE];
};

/*
 * Judges the call of the transfer and tells libcurl about it. When it returns false nothing has
 * been sent, and the call says why.
 */
bool transfer_prepare(struct transfer *transfer, const struct http_client_settings *settings);

/* Writes into the call how it ended. */
void transfer_read_outcome(const struct transfer *transfer, CURLcode code);

#endif
