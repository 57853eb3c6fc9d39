#include "upstream/hooks.h"

#include "base/codec.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "protocol/errors.h"
#include "upstream/own_keys.h"

#include <cardea/provider.h>

static const struct {
    const char *name;
    enum digest digest;
} digests[] = {
    { "sha256", DIGEST_SHA256 }, { "sha1", DIGEST_SHA1 }, { "sha384", DIGEST_SHA384 },
    { "sha512", DIGEST_SHA512 }, { "md5", DIGEST_MD5 },
};

static struct slice answer_digest(struct login *login, struct arena *arena, const json_t *question,
                                  bool keyed)
{
    struct slice wanted = json_member(question, "digest");
    struct slice key = provider_key(login->provider, json_member(question, "key"));
    struct slice data;
    unsigned char out[DIGEST_MAX];

    if (!base64url_decode(arena, json_member(question, "data"), &data) ||
        (keyed && !slice_is_set(key)))
        return slice_none();
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        if (!slice_is(wanted, digests[i].name))
            continue;
        size_t len = keyed ? digest_hmac(digests[i].digest, key, data, out)
                           : digest(digests[i].digest, data, out);

        return hex_encode(arena, slice_make((const char *)out, len));
    }
    return slice_none();
}

/* RFC 7515; a key that is no PEM is the secret of HS256. */
static struct slice answer_jwt(struct login *login, struct arena *arena, const json_t *question)
{
    struct slice name = json_member(question, "key");
    struct slice header = json_member(question, "header");
    struct jwk secret = jwk_secret(provider_key(login->provider, name));
    const char *why = NULL;
    const struct jwk *key = own_key(login->provider, name, &why);
    json_t *members =
        slice_is_set(header) ? json_read_object(arena, header, JWS_MAX, &why) : json_object();
    struct slice token = slice_none();

    if (key == NULL && secret.secret.len > 0)
        key = &secret;
    if (key != NULL && members != NULL)
        token = jws_sign_with(arena, key, members, json_member(question, "claims"));
    json_decref(members);
    return token;
}

/* Only what providers really want: PKCS #1 v1.5 with SHA-256. */
static struct slice answer_signature(struct login *login, struct arena *arena,
                                     const json_t *question)
{
    const char *why;
    const struct jwk *key = own_key(login->provider, json_member(question, "key"), &why);
    unsigned char out[JWS_SIGNATURE_MAX];
    struct slice data;

    if (key == NULL || key->alg != ALG_RS256 ||
        !slice_is(json_member(question, "algorithm"), "rsa-sha256") ||
        !base64url_decode(arena, json_member(question, "data"), &data))
        return slice_none();
    size_t len = jws_signature(key, data, out);

    return len > 0 ? base64_encode(arena, slice_make((const char *)out, len)) : slice_none();
}

/* The digest of a text that has a key in it. */
static struct slice answer_keyed_hash(struct login *login, struct arena *arena,
                                      const json_t *question)
{
    struct slice key = provider_key(login->provider, json_member(question, "key"));
    struct slice before;
    struct slice after;
    unsigned char out[DIGEST_MAX];

    if (!slice_is_set(key) || !base64url_decode(arena, json_member(question, "before"), &before) ||
        !base64url_decode(arena, json_member(question, "after"), &after))
        return slice_none();
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        if (!slice_is(json_member(question, "digest"), digests[i].name))
            continue;
        size_t len = digest(digests[i].digest, arena_concat(arena, before, key, after), out);

        return hex_encode(arena, slice_make((const char *)out, len));
    }
    return slice_none();
}

static struct slice answer_question(struct hook_call *call, struct arena *arena,
                                    const json_t *question)
{
    struct login *login = call->context;
    struct slice what = json_member(question, "what");

    if (slice_is(what, "hmac"))
        return answer_digest(login, arena, question, true);
    if (slice_is(what, "hash"))
        return answer_digest(login, arena, question, false);
    if (slice_is(what, "keyed hash"))
        return answer_keyed_hash(login, arena, question);
    if (slice_is(what, "sign"))
        return answer_signature(login, arena, question);
    if (slice_is(what, "jwt"))
        return answer_jwt(login, arena, question);
    log_warn("a hook of provider %.*s asked for %.*s, which is not available in this version",
             SLICE_ARG(login->provider->id), SLICE_ARG(what));
    return slice_none();
}

static json_t *hook_config(const struct provider *provider)
{
    json_t *config = json_object();
    const struct pairs *parameters = &provider->description.values;
    struct arena arena = { 0 };

    for (size_t i = 0; i < parameters->count; i++)
        json_set_slice(config, arena_string(&arena, parameters->at[i].name),
                       parameters->at[i].value);
    json_set_slice(config, "client_id", provider->settings->client_id);
    arena_release(&arena);
    return config;
}

enum step_result call_hook(struct flow *flow, enum hook hook, json_t *input)
{
    struct login *login = login_of(flow);
    struct provider *provider = login->provider;

    login->hook = (struct hook_call){ 0 };
    if (!description_has_hook(&provider->description, hook)) {
        json_decref(input);
        return STEP_NEXT;
    }
    json_object_set_new(input, "config", hook_config(provider));
    json_object_set(input, "memory", login->memory);
    login->hook = (struct hook_call){ .name = provider->id,
                                      .file = provider->file,
                                      .provider = provider->plugin_id,
                                      .hook = hook_names[hook],
                                      .input = input,
                                      .quarantine = provider->quarantine,
                                      .ask = answer_question,
                                      .context = login };
    jail_call(login->hub->jail, flow, &login->hook);
    return STEP_WAIT;
}

static enum hook_outcome fail_by_hook(struct flow *flow, const json_t *output)
{
    const json_t *fail = json_object_get(output, "fail");
    struct login *login = login_of(flow);
    struct slice code = json_member(fail, "code");
    const struct error_kind *kind =
        slice_is(code, "access_denied") ? &ERROR_ACCESS_DENIED : &ERROR_UPSTREAM;

    login->error_code = arena_copy(&flow->arena, code);
    login->error_text = arena_copy(&flow->arena, json_member(fail, "text"));
    flow_fail(flow, kind, "%s said %.*s: %.*s", login->hook.hook, SLICE_ARG(login->error_code),
              SLICE_ARG(login->error_text));
    return HOOK_FAILED;
}

enum step_result fail_misbehaving(struct flow *flow, enum hook hook, const char *format, ...)
{
    const struct provider *provider = login_of(flow)->provider;
    va_list args;

    va_start(args, format);
    struct slice what = arena_vprintf(&flow->arena, format, args);

    va_end(args);
    if (provider->quarantine != NULL)
        quarantine_strike(provider->quarantine, provider->id, hook_names[hook]);
    return flow_fail(flow, &ERROR_PLUGIN, "plugin misbehaving: %s of provider %.*s %.*s",
                     hook_names[hook], SLICE_ARG(provider->id), SLICE_ARG(what));
}

static enum hook_outcome fail_lying(struct flow *flow, enum hook hook, struct slice what)
{
    fail_misbehaving(flow, hook, "lies: %.*s", SLICE_ARG(what));
    return HOOK_FAILED;
}

enum hook_outcome hook_result(struct flow *flow, enum hook hook)
{
    struct login *login = login_of(flow);
    const json_t *output = login->hook.output;

    if (login->hook.hook != hook_names[hook])
        return HOOK_NOT_CALLED;
    if (login->hook.failure != JAIL_OK) {
        flow_fail(flow, &ERROR_PLUGIN, "%s of the plugin: %.*s", login->hook.hook,
                  SLICE_ARG(login->hook.failure_text));
        return HOOK_FAILED;
    }
    json_int_t result = json_integer_value(json_object_get(output, "result"));
    json_t *memory = json_object_get(output, "memory");
    struct slice misbehaved = json_member(output, "misbehaved");

    if (misbehaved.len > 0)
        return fail_lying(flow, hook, misbehaved);
    if (result == CARDEA_FAIL)
        return fail_by_hook(flow, output);
    if (result != CARDEA_OK && (result != CARDEA_FETCH || hook != HOOK_fetch_more))
        return fail_lying(flow, hook, SL("its result is none that it may have"));
    if (json_is_object(memory)) {
        json_object_clear(login->memory);
        json_object_update(login->memory, memory);
    }
    return result == CARDEA_FETCH ? HOOK_FETCH : HOOK_DONE;
}
