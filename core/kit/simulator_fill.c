#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "kit/marks.h"
#include "kit/simulator.h"

/* The simulator knows no parameters: of a provider with instances it plays the first that its cases
 * describe. */
static struct slice issuer_of(const struct simulated *provider)
{
    if (!slice_has(provider->description->issuer, '{'))
        return provider->description->issuer;
    return json_member(json_array_get(provider->cases->discovery, 0), "issuer");
}

/* A text, or the texts of a list, with their placeholders filled in. */
static json_t *fill_value(struct simulator *simulator, struct play *play, json_t *value)
{
    json_t *list;
    json_t *each;
    size_t i;

    if (json_is_string(value))
        return json_from_slice(play_fill(simulator, play, json_slice(value)));
    if (!json_is_array(value))
        return json_incref(value);
    list = json_array();
    json_array_foreach(value, i, each)
    {
        json_array_append_new(list,
                              json_is_string(each)
                                  ? json_from_slice(play_fill(simulator, play, json_slice(each)))
                                  : json_incref(each));
    }
    return list;
}

/* HS256 is keyed by the client secret of the case. */
static struct jwk signing_key_of(const struct simulator *simulator, const struct play *play)
{
    enum jws_alg alg = jws_alg_read(play->what->id_token_alg);

    if (alg == ALG_HS256)
        return jwk_secret(kit_text(play->what->config, "client_secret"));
    for (size_t i = 0; i < KIT_KEYS; i++) {
        if (simulator->keys[i].alg == alg)
            return simulator->keys[i];
    }
    return simulator->keys[0];
}

/* A token of this login with `claims` (given away) and what the case says; null takes a claim away.
 */
static struct slice sign_claims(struct simulator *simulator, struct play *play, json_t *claims,
                                const struct node *said)
{
    struct buf text = BUF_INIT(SIMULATOR_BODY_MAX);
    json_t *own = said != NULL ? node_to_json(said) : json_object();
    const char *name;
    json_t *value;

    json_object_foreach(own, name, value)
    {
        if (json_is_null(value))
            json_object_del(claims, name);
        else
            json_object_set_new(claims, name, fill_value(simulator, play, value));
    }
    buf_add_json_value(&text, claims);
    struct jwk key = signing_key_of(simulator, play);
    struct slice token = jws_sign(&play->arena, &key, "JWT", buf_slice(&text));

    buf_release(&text);
    json_decref(own);
    json_decref(claims);
    return token;
}

static json_t *common_claims(const struct play *play)
{
    json_t *claims = json_object();

    json_set_slice(claims, "iss", issuer_of(play->provider));
    json_set_slice(claims, "aud", play->client_id);
    json_object_set_new(claims, "iat", json_integer(clock_now()));
    return claims;
}

static struct slice make_id_token(struct simulator *simulator, struct play *play)
{
    json_t *claims = common_claims(play);

    json_object_set_new(claims, "exp", json_integer(clock_now() + 3600));
    json_set_slice(claims, "nonce", play->nonce);
    return sign_claims(simulator, play, claims, play->what->id_token);
}

/* With OAuth 1.0a the nonce is that of the request which asked for it. */
static struct slice make_identity(struct simulator *simulator, struct play *play)
{
    json_t *claims = common_claims(play);

    json_set_slice(claims, "nonce", play->nonce);
    return sign_claims(simulator, play, claims, play->what->userinfo);
}

static struct slice make_userinfo(struct simulator *simulator, struct play *play)
{
    if (play->provider->description->protocol == PROTOCOL_OAUTH1)
        return make_identity(simulator, play);
    return sign_claims(simulator, play, common_claims(play), play->what->userinfo);
}

/* The case's own secret, unless the login was made with another one. */
static struct slice secret_of(const struct play *play)
{
    return slice_is_set(play->client_secret) ? play->client_secret
                                             : kit_text(play->what->config, "client_secret");
}

/* KEY,TEXT */
static struct slice hmac_sha256(struct simulator *simulator, struct play *play,
                                struct slice arguments)
{
    struct slice key;
    struct slice text;
    unsigned char out[DIGEST_MAX];

    slice_cut(arguments, ',', &key, &text);
    if (slice_is_set(play->client_secret))
        key = play->client_secret;
    size_t len = digest_hmac(DIGEST_SHA256, key, play_fill(simulator, play, slice_trim(text)), out);

    return hex_encode(&play->arena, slice_make((const char *)out, len));
}

static struct slice md5(struct simulator *simulator, struct play *play, struct slice text)
{
    unsigned char out[DIGEST_MAX];
    size_t len = digest(DIGEST_MD5, play_fill(simulator, play, text), out);

    return hex_encode(&play->arena, slice_make((const char *)out, len));
}

/* Base64 of the signature by $rsa_key. */
static struct slice rsa_sha256(struct simulator *simulator, struct play *play, struct slice text)
{
    unsigned char out[JWS_SIGNATURE_MAX];
    size_t len = jws_signature(&simulator->keys[0], play_fill(simulator, play, text), out);

    return base64_encode(&play->arena, slice_make((const char *)out, len));
}

static struct slice id_token(struct simulator *simulator, struct play *play, struct slice none)
{
    (void)none;
    return make_id_token(simulator, play);
}

static struct slice userinfo(struct simulator *simulator, struct play *play, struct slice none)
{
    (void)none;
    return make_userinfo(simulator, play);
}

static struct slice now(struct simulator *simulator, struct play *play, struct slice none)
{
    (void)simulator;
    (void)none;
    return arena_printf(&play->arena, "%lld", (long long)clock_now());
}

/* Those that are made; with a parenthesis at their end, of what stands in it. */
static const struct {
    struct slice name;
    struct slice (*make)(struct simulator *simulator, struct play *play, struct slice arguments);
} made[] = {
    { SLICE("$id_token"), id_token },
    { SLICE("$userinfo"), userinfo },
    { SLICE("$now"), now },
    { SLICE("$hmac_sha256("), hmac_sha256 },
    { SLICE("$rsa_sha256("), rsa_sha256 },
    { SLICE("$md5("), md5 },
};

/* The place of the parenthesis that closes the one before `text`. */
static size_t find_close(struct slice text)
{
    size_t depth = 1;

    for (size_t i = 0; i < text.len; i++) {
        depth += text.at[i] == '(';
        depth -= text.at[i] == ')';
        if (depth == 0)
            return i;
    }
    return text.len;
}

/* The value of the placeholder at the front of `text`, and its length; 0 when it is none. */
static size_t placeholder(struct simulator *simulator, struct play *play, struct slice text,
                          struct slice *value_r)
{
    const struct {
        struct slice name;
        struct slice value;
    } known[] = {
        { SLICE("$callback"), play->callback },   { SLICE("$challenge"), play->challenge },
        { SLICE("$state"), play->state },         { SLICE("$nonce"), play->nonce },
        { SLICE("$client_id"), play->client_id }, { SLICE("$client_secret"), secret_of(play) },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slice_starts(text, known[i].name)) {
            *value_r = known[i].value;
            return known[i].name.len;
        }
    }
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        struct slice rest = slice_from(text, made[i].name.len);
        bool has_arguments = slice_ends(made[i].name, SL("("));
        size_t close = has_arguments ? find_close(rest) : 0;

        if (!slice_starts(text, made[i].name))
            continue;
        *value_r = made[i].make(simulator, play, slice_sub(rest, 0, close));
        return made[i].name.len + close + (has_arguments && close < rest.len);
    }
    return 0;
}

static struct slice fill(struct simulator *simulator, struct play *play, struct slice text,
                         bool marked)
{
    struct buf out = BUF_INIT(SIMULATOR_BODY_MAX);

    for (size_t i = 0; i < text.len;) {
        struct slice rest = slice_from(text, i);
        struct slice value = slice_none();
        size_t used = rest.at[0] == '$' ? placeholder(simulator, play, rest, &value) : 0;

        if (used > 0) {
            buf_add(&out, value);
        } else if (marked && (used = mark_token_at(play, text, i)) > 0) {
            buf_add(&out, slice_sub(rest, 0, used));
            buf_add(&out, play->mark);
        } else {
            buf_add_byte(&out, text.at[i]);
            used = 1;
        }
        i += used;
    }
    struct slice filled = arena_copy(&play->arena, buf_slice(&out));

    buf_release_secret(&out);
    return filled;
}

struct slice play_fill(struct simulator *simulator, struct play *play, struct slice text)
{
    return fill(simulator, play, text, true);
}

struct slice play_fill_unmarked(struct simulator *simulator, struct play *play, struct slice text)
{
    return fill(simulator, play, text, false);
}
