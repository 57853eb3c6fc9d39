/*
 * A C description as the document that a provider in YAML is: the same names, from the same list.
 */
#ifndef CARDEA_JAIL_DOCUMENT_H
#define CARDEA_JAIL_DOCUMENT_H

#include <cardea/provider.h>
#include <jansson.h>

/* A new reference. Text that is no UTF-8 is repaired, so that the worker can say what is wrong. */
json_t *document_of(const struct cardea_provider *provider, const struct cardea_hooks *hooks);

#endif
