#include "protocol/oauth1.h"

#include "base/codec.h"
#include "base/url.h"
#include "crypto/rsa.h"
#include "crypto/secret.h"

enum {
    BASE_STRING_MAX = 1024 * 1024,
    HEADER_MAX = 64 * 1024
};

enum signer {
    SIGNER_HMAC,
    SIGNER_RSA,
    SIGNER_NOBODY
};

static const struct {
    const char *name;
    enum signer signer;
    enum digest hash;
} methods[OAUTH1_SIGNATURES] = {
    [OAUTH1_HMAC_SHA1] = { "HMAC-SHA1", SIGNER_HMAC, DIGEST_SHA1 },
    [OAUTH1_HMAC_SHA256] = { "HMAC-SHA256", SIGNER_HMAC, DIGEST_SHA256 },
    [OAUTH1_HMAC_SHA512] = { "HMAC-SHA512", SIGNER_HMAC, DIGEST_SHA512 },
    [OAUTH1_RSA_SHA1] = { "RSA-SHA1", SIGNER_RSA, DIGEST_SHA1 },
    [OAUTH1_RSA_SHA256] = { "RSA-SHA256", SIGNER_RSA, DIGEST_SHA256 },
    [OAUTH1_RSA_SHA512] = { "RSA-SHA512", SIGNER_RSA, DIGEST_SHA512 },
    [OAUTH1_PLAINTEXT] = { "PLAINTEXT", SIGNER_NOBODY, DIGEST_SHA1 },
};

const char *oauth1_signature_name(enum oauth1_signature method)
{
    return methods[method].name;
}

enum oauth1_signature oauth1_signature_read(struct slice name)
{
    unsigned method = 0;

    while (method < OAUTH1_SIGNATURES && !slice_is(name, methods[method].name))
        method++;
    return (enum oauth1_signature)method;
}

bool oauth1_signs_with_key(enum oauth1_signature method)
{
    return methods[method].signer == SIGNER_RSA;
}

/* ---- the base string ---- */

static void cut_url(struct slice url, struct slice *base_r, struct slice *query_r)
{
    struct slice fragment;

    slice_cut(url, '#', &url, &fragment);
    if (!slice_cut(url, '?', base_r, query_r))
        *query_r = slice_none();
}

struct slice oauth1_base_uri(struct arena *arena, struct slice text)
{
    struct slice base;
    struct slice query;
    struct url url;

    cut_url(text, &base, &query);
    if (url_read_http(base, &url) != NULL)
        return slice_none();
    return arena_join(arena, url_origin(arena, &url), url.path.len > 0 ? url.path : SL("/"));
}

/* Encoded pairs of all sources, to be sorted. */
struct collection {
    struct arena *arena;
    struct param *at;
    size_t count;
};

static void collect(struct collection *all, const struct params *params)
{
    for (size_t i = 0; params != NULL && i < params->count; i++) {
        if (slice_is(params->at[i].name, "oauth_signature"))
            continue;
        all->at[all->count++] = (struct param){ percent_encode(all->arena, params->at[i].name),
                                                percent_encode(all->arena, params->at[i].value) };
    }
}

static int compare(const void *a, const void *b)
{
    const struct param *left = a;
    const struct param *right = b;
    int names = slice_compare(left->name, right->name);

    return names != 0 ? names : slice_compare(left->value, right->value);
}

/* 3.4.1.3.2. Encoded once more on the way, as a whole: that is what it is needed for. */
static void add_normalized(struct buf *out, struct collection *all)
{
    if (all->count > 0)
        qsort(all->at, all->count, sizeof(*all->at), compare);
    for (size_t i = 0; i < all->count; i++) {
        buf_add_text(out, i > 0 ? "%26" : "");
        buf_add_percent(out, all->at[i].name);
        buf_add_text(out, "%3D");
        buf_add_percent(out, all->at[i].value);
    }
}

static void add_upper(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        buf_add_byte(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
}

struct slice oauth1_base_string(struct arena *arena, const struct oauth1_request *request,
                                const struct params *protocol)
{
    struct buf out = BUF_INIT(BASE_STRING_MAX);
    struct slice uri = oauth1_base_uri(arena, request->url);
    struct slice base;
    struct slice query;
    struct params in_query = { 0 };

    cut_url(request->url, &base, &query);
    if (!slice_is_set(uri) || (slice_is_set(query) && params_read(arena, query, &in_query) != NULL))
        return slice_none();
    size_t room =
        in_query.count + protocol->count + (request->form != NULL ? request->form->count : 0);
    struct collection all = { arena, arena_alloc(arena, (room + 1) * sizeof(*all.at)), 0 };

    collect(&all, &in_query);
    collect(&all, request->form);
    collect(&all, protocol);
    add_upper(&out, request->method);
    buf_add_byte(&out, '&');
    buf_add_percent(&out, uri);
    buf_add_byte(&out, '&');
    add_normalized(&out, &all);
    struct slice text = buf_ok(&out) ? arena_copy(arena, buf_slice(&out)) : slice_none();

    buf_release_secret(&out);
    return text;
}

/* ---- signatures ---- */

/* 3.4.2 and 3.4.4 */
static struct slice shared_secret(struct arena *arena, const struct oauth1_secrets *secrets)
{
    return arena_concat(arena, percent_encode(arena, secrets->client), SL("&"),
                        percent_encode(arena, secrets->token));
}

static struct slice sign_by_key(struct arena *arena, enum oauth1_signature method,
                                struct slice base, const struct jwk *key)
{
    struct slice made =
        key != NULL ? rsa_sign(arena, key, methods[method].hash, base) : slice_none();

    return slice_is_set(made) ? base64_encode(arena, made) : made;
}

struct slice oauth1_sign(struct arena *arena, enum oauth1_signature method, struct slice base,
                         const struct oauth1_secrets *secrets)
{
    unsigned char mac[DIGEST_MAX];

    switch (methods[method].signer) {
    case SIGNER_RSA:
        return sign_by_key(arena, method, base, secrets->key);
    case SIGNER_NOBODY:
        return shared_secret(arena, secrets);
    default:
        break;
    }
    size_t len = digest_hmac(methods[method].hash, shared_secret(arena, secrets), base, mac);

    return base64_encode(arena, slice_make((const char *)mac, len));
}

bool oauth1_verify(struct arena *arena, enum oauth1_signature method, struct slice base,
                   const struct oauth1_secrets *secrets, struct slice signature)
{
    struct slice bytes;

    if (methods[method].signer != SIGNER_RSA)
        return secret_equal(signature, oauth1_sign(arena, method, base, secrets));
    return secrets->key != NULL && base64_decode(arena, signature, &bytes) &&
           rsa_verify(secrets->key, methods[method].hash, base, bytes);
}

/* ---- the header ---- */

static void add_quoted(struct buf *out, struct slice text)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, text.at[i]);
    }
    buf_add_byte(out, '"');
}

struct slice oauth1_header(struct arena *arena, struct slice realm, const struct params *protocol)
{
    struct buf out = BUF_INIT(HEADER_MAX);
    const char *between = " ";

    buf_add_text(&out, "OAuth");
    if (slice_is_set(realm)) {
        buf_add_text(&out, " realm=");
        add_quoted(&out, realm);
        between = ", ";
    }
    for (size_t i = 0; i < protocol->count; i++) {
        buf_add_text(&out, between);
        buf_add_percent(&out, protocol->at[i].name);
        buf_add_text(&out, "=\"");
        buf_add_percent(&out, protocol->at[i].value);
        buf_add_byte(&out, '"');
        between = ", ";
    }
    bool good = buf_ok(&out) && utf8_is_text(slice_is_set(realm) ? realm : SL(""));
    struct slice text = good ? arena_copy(arena, buf_slice(&out)) : slice_none();

    buf_release_secret(&out);
    return text;
}

static struct slice skip(struct slice text, const char *what)
{
    while (text.len > 0 && text.at[0] != '\0' && strchr(what, text.at[0]) != NULL)
        text = slice_from(text, 1);
    return text;
}

/* A quoted-string at the front; what it says, without its backslashes, lies in the arena. */
static bool take_quoted(struct arena *arena, struct slice *rest, struct slice *text_r)
{
    char *text = arena_alloc(arena, rest->len + 1);
    size_t len = 0;
    size_t i = 1;

    if (rest->len == 0 || rest->at[0] != '"')
        return false;
    while (i < rest->len && rest->at[i] != '"') {
        if (rest->at[i] == '\\' && ++i == rest->len)
            return false;
        text[len++] = rest->at[i++];
    }
    if (i >= rest->len)
        return false;
    text[len] = '\0';
    *text_r = slice_make(text, len);
    *rest = slice_from(*rest, i + 1);
    return true;
}

static const char *take_pair(struct arena *arena, struct slice *rest, struct params *protocol,
                             struct slice *realm_r)
{
    struct slice name;
    struct slice value;

    if (!slice_cut(*rest, '=', &name, rest))
        return "a parameter of the OAuth header has no value";
    name = slice_trim(name);
    *rest = skip(*rest, " \t");
    if (!take_quoted(arena, rest, &value))
        return "a value in the OAuth header is not quoted, or has no end";
    *rest = skip(*rest, " \t");
    if (rest->len > 0 && rest->at[0] != ',')
        return "there is no comma between two parameters of the OAuth header";
    if (slice_is_nocase(name, "realm")) {
        if (slice_is_set(*realm_r))
            return "the OAuth header has two realms";
        *realm_r = value;
        return NULL;
    }
    if (name.len == 0 || !percent_decode(arena, name, false, &name) ||
        !percent_decode(arena, value, false, &value))
        return "a parameter of the OAuth header is not encoded as it should be";
    if (protocol->count == PARAMS_MAX)
        return "the OAuth header has too many parameters";
    for (size_t i = 0; i < protocol->count; i++) {
        if (slice_equal(protocol->at[i].name, name))
            return "a parameter of the OAuth header stands there twice";
    }
    params_add(protocol, name, value);
    return NULL;
}

const char *oauth1_header_read(struct arena *arena, struct slice header, bool *present_r,
                               struct params *protocol_r, struct slice *realm_r)
{
    struct slice rest = slice_from(header, 5);
    const char *wrong = NULL;

    *protocol_r = params_new(arena);
    *realm_r = slice_none();
    *present_r = slice_is_nocase(slice_sub(header, 0, 5), "OAuth") && rest.len > 0 &&
                 (rest.at[0] == ' ' || rest.at[0] == '\t');
    if (!*present_r)
        return NULL;
    if (header.len > HEADER_MAX)
        return "the OAuth header is too long";
    for (rest = skip(rest, " \t,"); wrong == NULL && rest.len > 0; rest = skip(rest, " \t,"))
        wrong = take_pair(arena, &rest, protocol_r, realm_r);
    return wrong;
}
