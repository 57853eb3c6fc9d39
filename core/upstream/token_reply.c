#include "upstream/token_reply.h"

#include "base/clock.h"
#include "base/codec.h"
#include "protocol/errors.h"
#include "protocol/reply.h"

enum {
    TOKEN_BYTES_MAX = 16 * 1024,
    PLAIN_WORDS_MAX = 200,
    LIFETIME_MAX = 10 * 365 * 24 * 3600 /* what claims to live longer does not say anything */
};

static const char *const token_names[] = { "access_token", "refresh_token", "id_token",
                                           "token_type",   "scope",         "expires_in",
                                           "token_secret" };

enum {
    TOKEN_NAMES = sizeof(token_names) / sizeof(token_names[0])
};

/* What a path of `token_fields` reads: the login's documents, and the token object without a
 * source. */
struct token_documents {
    struct template_values values;
    const json_t *object;
};

static struct slice token_named(void *context, struct slice name)
{
    struct token_documents *documents = context;

    return documents->values.named(documents->values.context, name);
}

static const json_t *token_document(void *context, struct slice source)
{
    struct token_documents *documents = context;

    return slice_is_set(source) ? documents->values.document(documents->values.context, source)
                                : documents->object;
}

static json_t *follow(struct login *login, struct arena *arena, struct slice path,
                      const json_t *object)
{
    struct token_documents documents = { login_values(login), object };
    const struct template_values values = { token_named, token_document, &documents, NULL };

    return claim_path_follow(arena, path, &values);
}

/* Where a member stands when the description does not say. */
static const char *usual_member(const struct login *login, const char *name)
{
    if (login->provider->description.protocol != PROTOCOL_OAUTH1)
        return name;
    return strcmp(name, "access_token") == 0   ? "oauth_token"
           : strcmp(name, "token_secret") == 0 ? "oauth_token_secret"
                                               : name;
}

/* In the token object, else from the top; a new reference. */
static json_t *token_member(struct login *login, struct arena *arena, const json_t *root,
                            const json_t *top, const char *name)
{
    const struct pairs *fields = &login->provider->description.token_fields;

    for (size_t i = 0; i < fields->count; i++) {
        if (!slice_is(fields->at[i].name, name))
            continue;
        json_t *inside = follow(login, arena, fields->at[i].value, root);

        return inside != NULL ? inside : follow(login, arena, fields->at[i].value, top);
    }
    return json_incref(json_object_get(root, usual_member(login, name)));
}

static struct slice joined(struct arena *arena, const json_t *list)
{
    struct buf out = BUF_INIT(4096);
    const json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        if (i > 0)
            buf_add_byte(&out, ' ');
        buf_add(&out, json_slice(each));
    }
    struct slice text = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return text;
}

/* Some write false where nothing is meant, and some scopes are a list. */
static struct slice token_text(struct login *login, struct arena *arena, const json_t *root,
                               const json_t *top, const char *name)
{
    json_t *value = token_member(login, arena, root, top, name);
    struct slice text = json_is_array(value) && strcmp(name, "scope") == 0 ? joined(arena, value)
                        : json_is_boolean(value)                           ? slice_none()
                                                 : arena_copy(arena, json_text(arena, value));

    json_decref(value);
    return text;
}

/* A lifetime as text, in whatever unit; 0 for one that says nothing. Floats and negative ones
 * happen. */
static int64_t read_expiry(unsigned kind, struct slice text)
{
    struct slice whole;
    struct slice fraction;
    uint64_t value;
    int64_t now = clock_now();

    slice_cut(text, '.', &whole, &fraction);
    if (kind == EXPIRY_NEVER || !slice_to_u64(whole, INT64_MAX / 2, &value) || value == 0)
        return 0;
    if (kind == EXPIRY_MILLISECONDS || kind == EXPIRY_UNIX_MS)
        value /= 1000;
    int64_t expires = kind == EXPIRY_UNIX || kind == EXPIRY_UNIX_MS ? (int64_t)value
                      : value > LIFETIME_MAX                        ? 0
                                                                    : now + (int64_t)value;

    return expires > now + LIFETIME_MAX ? 0 : expires;
}

static struct slice standard_scope(struct arena *arena, const struct description *d,
                                   struct slice scope)
{
    struct slice separator = slice_is_set(d->token_scope_separator) ? d->token_scope_separator
                             : slice_is_set(d->scope_separator)     ? d->scope_separator
                                                                    : SL(" ");
    char *text = arena_string(arena, scope);

    for (size_t i = 0; separator.len == 1 && i < scope.len; i++)
        text[i] = text[i] == separator.at[0] ? ' ' : text[i];
    return slice_make(text, scope.len);
}

/*
 * Bearer in any case, or missing with those who forget it. OpenID Connect allows nothing else
 * (Core, 3.1.3.3). Plain OAuth providers write what they like there ("User Access Token"), and
 * their description says how the token travels; but a token that needs a key is of no use to us.
 */
static bool type_is_usable(const struct description *d, struct slice type)
{
    static const char *const keyed[] = { "mac", "dpop", "pop", "n_a" };

    if (type.len == 0 || slice_is_nocase(type, "bearer"))
        return true;
    for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
        if (slice_is_nocase(type, keyed[i]))
            return false;
    }
    return d->protocol != PROTOCOL_OIDC;
}

bool token_is_visible(struct slice token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.at[i] < 0x20 || token.at[i] > 0x7e)
            return false;
    }
    return true;
}

static const char *take_tokens(struct arena *arena, struct login *login, const struct slice *values)
{
    const struct description *d = &login->provider->description;
    struct slice previous_refresh = login->tokens.refresh_token;
    struct tokens *tokens = &login->tokens;

    for (size_t i = 0; i < 3; i++) {
        if (values[i].len > TOKEN_BYTES_MAX)
            return "a token in the reply is too long";
        if (!token_is_visible(values[i]))
            return "a token in the reply has characters that no token may have";
    }
    if (values[0].len == 0)
        return "the reply has no access token";
    if (d->protocol == PROTOCOL_OAUTH1 && !slice_is_set(values[6]))
        return "the reply has no token secret";
    if (values[6].len > TOKEN_BYTES_MAX)
        return "the token secret in the reply is too long";
    if (!type_is_usable(d, values[3]))
        return "the reply has a token of a type that cannot be used";
    *tokens = (struct tokens){ .access_token = values[0],
                               .token_secret = values[6],
                               .refresh_token = values[1].len > 0 ? values[1] : previous_refresh,
                               .id_token = values[2],
                               .token_type = values[3],
                               .scope = standard_scope(arena, d, values[4]),
                               .expires = read_expiry(d->token_expiry, values[5]),
                               .of_app = d->token_owner == OWNER_APP };
    return NULL;
}

enum step_result token_reply_of_hook(struct flow *flow, json_t *tokens)
{
    struct login *login = login_of(flow);
    struct slice values[TOKEN_NAMES];

    for (size_t i = 0; i < TOKEN_NAMES; i++)
        values[i] = arena_copy(&flow->arena, json_member(tokens, token_names[i]));
    login->token_reply = json_incref(tokens);
    const char *wrong = take_tokens(&flow->arena, login, values);

    return wrong == NULL ? STEP_NEXT : flow_fail(flow, &ERROR_UPSTREAM, "read_token: %s", wrong);
}

/* OAuth 1.0a leaves errors to everybody's taste; a line of text is the most common. */
static struct slice plain_words(const struct login *login)
{
    struct slice text = slice_trim(slice_sub(login->call.reply, 0, PLAIN_WORDS_MAX));
    struct slice line;
    struct slice rest;

    slice_cut(text, '\n', &line, &rest);
    return login->provider->description.protocol == PROTOCOL_OAUTH1 && utf8_is_text(line) &&
                   !slice_starts(line, SL("<"))
               ? line
               : slice_none();
}

enum step_result token_reply_read(struct flow *flow, const char *endpoint, json_t **top_r)
{
    struct login *login = login_of(flow);
    int status = login->call.status;
    const char *why;

    *top_r = reply_read(&flow->arena, login->provider->description.token_reply,
                        login->call.content_type, login->call.reply, &why);
    if (*top_r != NULL)
        return STEP_NEXT;
    login->error_text = plain_words(login);
    if (status >= 400)
        return flow_fail(flow, status >= 500 ? &ERROR_UPSTREAM_DOWN : &ERROR_UPSTREAM,
                         "the %s answered %d %.*s", endpoint, status, SLICE_ARG(login->error_text));
    return flow_fail(flow, &ERROR_UPSTREAM, "the reply of the %s: %s %.*s", endpoint, why,
                     SLICE_ARG(login->error_text));
}

static struct slice or_usual(const struct login *login, struct slice path, const char *of_oauth1,
                             const char *usual)
{
    bool oauth1 = login->provider->description.protocol == PROTOCOL_OAUTH1;

    return slice_is_set(path) ? path : slice_of(oauth1 ? of_oauth1 : usual);
}

const json_t *token_reply_judge(struct flow *flow, const char *endpoint, json_t *top, int status)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    const json_t *root = reply_judge(
        &flow->arena, top, d->token_root,
        or_usual(login, d->token_error, "/oauth_problem", "/error"), d->token_error_ok,
        or_usual(login, d->token_error_text, "/oauth_problem_advice", "/error_description"),
        &login->error_code, &login->error_text);

    if (root != NULL && status < 300)
        return root;
    login->error_code = arena_copy(&flow->arena, login->error_code);
    login->error_text = arena_copy(&flow->arena, login->error_text);
    if (root != NULL && !slice_is_set(login->error_text))
        login->error_text = plain_words(login);
    flow_fail(flow, &ERROR_UPSTREAM, "the %s answered %d, %.*s: %.*s", endpoint, status,
              SLICE_ARG(login->error_code), SLICE_ARG(login->error_text));
    return NULL;
}

enum step_result token_reply_use(struct flow *flow, json_t *top, int status)
{
    struct login *login = login_of(flow);
    struct slice values[TOKEN_NAMES];

    login->token_reply = top;
    const json_t *root = token_reply_judge(flow, "token endpoint", top, status);

    if (root == NULL)
        return STEP_FAIL;
    for (size_t i = 0; i < TOKEN_NAMES; i++)
        values[i] = token_text(login, &flow->arena, root, top, token_names[i]);
    const char *wrong = take_tokens(&flow->arena, login, values);

    return wrong == NULL ? STEP_NEXT : flow_fail(flow, &ERROR_UPSTREAM, "token reply: %s", wrong);
}
