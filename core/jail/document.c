#include "jail/document.h"

#include "base/json.h"
#include "plugin/description_fields.h"

enum {
    LIST_MAX = 256 /* a list without an end is a broken plugin */
};

enum member_kind {
    MEMBER_TEXT,
    MEMBER_PAIRS
};

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset;
};

#define TEXT_MEMBER(field_name, about)                                                             \
    { #field_name, MEMBER_TEXT, offsetof(struct cardea_provider, field_name) },
#define WORD_MEMBER(field_name, list, about) TEXT_MEMBER(field_name, about)
#define PAIRS_MEMBER(field_name, about)                                                            \
    { #field_name, MEMBER_PAIRS, offsetof(struct cardea_provider, field_name) },

static const struct member provider_members[] = {
    { "id", MEMBER_TEXT, offsetof(struct cardea_provider, id) },
    DESCRIPTION_FIELDS(TEXT_MEMBER, TEXT_MEMBER, TEXT_MEMBER, TEXT_MEMBER, WORD_MEMBER, TEXT_MEMBER,
                       PAIRS_MEMBER){ NULL, MEMBER_TEXT, 0 }
};

#define LOOKUP_MEMBER(field_name, field_kind)                                                      \
    {                                                                                              \
#field_name, field_kind, offsetof(struct cardea_lookup, field_name)                        \
    }

static const struct member lookup_members[] = {
    LOOKUP_MEMBER(url, MEMBER_TEXT),      LOOKUP_MEMBER(method, MEMBER_TEXT),
    LOOKUP_MEMBER(params, MEMBER_PAIRS),  LOOKUP_MEMBER(headers, MEMBER_PAIRS),
    LOOKUP_MEMBER(body, MEMBER_TEXT),     LOOKUP_MEMBER(body_type, MEMBER_TEXT),
    LOOKUP_MEMBER(root, MEMBER_TEXT),     LOOKUP_MEMBER(error, MEMBER_TEXT),
    LOOKUP_MEMBER(error_ok, MEMBER_TEXT), LOOKUP_MEMBER(reply, MEMBER_TEXT),
    LOOKUP_MEMBER(unless, MEMBER_TEXT),   LOOKUP_MEMBER(as, MEMBER_TEXT),
    LOOKUP_MEMBER(expires, MEMBER_TEXT),  { NULL, MEMBER_TEXT, 0 }
};

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_set_slice(object, name, slice_of(text));
}

static json_t *pairs_object(const struct cardea_pair *pairs)
{
    json_t *object = json_object();

    for (int i = 0; i < LIST_MAX && pairs[i].name != NULL; i++)
        json_set_slice(object, pairs[i].name, slice_of(pairs[i].value));
    return object;
}

static void set_members(json_t *object, const struct member *members, const void *source)
{
    for (; members->name != NULL; members++) {
        const char *place = (const char *)source + members->offset;

        if (members->kind == MEMBER_TEXT) {
            set_text(object, members->name, *(const char *const *)(const void *)place);
            continue;
        }
        const struct cardea_pair *pairs = *(const struct cardea_pair *const *)(const void *)place;

        if (pairs != NULL)
            json_object_set_new(object, members->name, pairs_object(pairs));
    }
}

static json_t *parameters_object(const struct cardea_parameter *parameters)
{
    json_t *object = json_object();

    for (int i = 0; i < LIST_MAX && parameters[i].name != NULL; i++) {
        json_t *entry = json_object();

#define SET_MEMBER(member_name, about_text)                                                        \
    set_text(entry, #member_name, parameters[i].member_name);
        DESCRIPTION_PARAMETER(SET_MEMBER)
#undef SET_MEMBER
        json_object_set_new(object, parameters[i].name, entry);
    }
    return object;
}

static json_t *lookups_object(const struct cardea_lookup *const *lookups)
{
    json_t *object = json_object();

    for (int i = 0; i < LIST_MAX && lookups[i] != NULL; i++) {
        json_t *entry = json_object();

        if (lookups[i]->first)
            json_object_set_new(entry, "first", json_true());
        if (lookups[i]->optional)
            json_object_set_new(entry, "optional", json_true());
        set_members(entry, lookup_members, lookups[i]);
        if (lookups[i]->name != NULL)
            json_object_set_new(object, lookups[i]->name, entry);
        else
            json_decref(entry);
    }
    return object;
}

json_t *document_of(const struct cardea_provider *provider, const struct cardea_hooks *hooks)
{
    json_t *document = json_object();
    json_t *names = json_array();

    set_members(document, provider_members, provider);
    if (provider->parameters != NULL)
        json_object_set_new(document, "parameters", parameters_object(provider->parameters));
    if (provider->lookups != NULL)
        json_object_set_new(document, "lookups", lookups_object(provider->lookups));
#define ADD_HOOK(hook_name)                                                                        \
    if (hooks->hook_name != NULL)                                                                  \
        json_array_append_new(names, json_string(#hook_name));
    DESCRIPTION_HOOKS(ADD_HOOK)
#undef ADD_HOOK
    json_object_set_new(document, "hooks", names);
    return document;
}
