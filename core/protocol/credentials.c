#include "protocol/credentials.h"

#include "base/codec.h"

static bool has_scheme(struct slice header, struct slice scheme, struct slice *rest_r)
{
    if (header.len < scheme.len || !slice_equal_nocase(slice_sub(header, 0, scheme.len), scheme))
        return false;
    *rest_r = slice_from(header, scheme.len);
    return rest_r->len == 0 || rest_r->at[0] == ' ' || rest_r->at[0] == '\t';
}

const char *basic_read(struct arena *arena, struct slice header, bool *present_r,
                       struct basic_credentials *basic_r)
{
    struct slice rest;
    struct slice text;

    *present_r = has_scheme(header, SL("Basic"), &rest);
    if (!*present_r)
        return NULL;
    if (header.len > 4096)
        return "the Basic credentials are too long";
    if (!base64_decode(arena, slice_trim(rest), &text))
        return "the Basic credentials are no base64";
    if (slice_has(text, '\0') || !slice_cut(text, ':', &basic_r->raw_id, &basic_r->raw_secret))
        return "the Basic credentials are no id and secret with a colon between";
    if (!percent_decode(arena, basic_r->raw_id, true, &basic_r->id))
        basic_r->id = basic_r->raw_id;
    if (!percent_decode(arena, basic_r->raw_secret, true, &basic_r->secret))
        basic_r->secret = basic_r->raw_secret;
    return NULL;
}

static bool is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~+/=", c) != NULL);
}

const char *bearer_read(struct slice header, bool *present_r, struct slice *token_r)
{
    struct slice rest;

    *present_r = has_scheme(header, SL("Bearer"), &rest);
    if (!*present_r)
        return NULL;
    if (rest.len < 2 || rest.at[0] != ' ')
        return "there is no token behind Bearer and a space";
    rest = slice_from(rest, 1);
    for (size_t i = 0; i < rest.len; i++) {
        if (!is_token_byte(rest.at[i]))
            return "the Bearer token has a character that no token can have";
    }
    *token_r = rest;
    return NULL;
}
