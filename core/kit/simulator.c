#include "kit/simulator.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/url.h"
#include "crypto/jws.h"
#include "kit/marks.h"
#include "kit/simulator_oauth1.h"
#include "protocol/pkce.h"

enum {
    PROVIDERS_MAX = 512,
    PLAYS_MAX = 1000 /* the oldest goes */
};

bool simulator_init(struct simulator *simulator, const char *url)
{
    *simulator = (struct simulator){ .url = url };
    list_init(&simulator->plays);
    simulator->providers =
        arena_zalloc(&simulator->arena, PROVIDERS_MAX * sizeof(*simulator->providers));
    simulator->next_mark = (unsigned)random_u64() & 0xffff;
    return kit_keys_make(&simulator->arena, simulator->keys);
}

void simulator_release(struct simulator *simulator)
{
    list_each_safe (&simulator->plays, link)
        play_free(simulator, list_entry(link, struct play, link));
    kit_keys_release(simulator->keys);
    arena_release(&simulator->arena);
}

void simulator_add(struct simulator *simulator, const struct simulated *provider)
{
    if (simulator->count < PROVIDERS_MAX)
        simulator->providers[simulator->count++] = *provider;
}

const struct simulated *simulator_find(const struct simulator *simulator, struct slice plugin)
{
    for (size_t i = 0; i < simulator->count; i++) {
        if (slice_equal(simulator->providers[i].plugin, plugin))
            return &simulator->providers[i];
    }
    return NULL;
}

/* ---- plays ---- */

static struct slice copied(struct play *play, const struct params *request, const char *name)
{
    return arena_copy(&play->arena, params_get(request, name));
}

struct play *simulator_play(struct simulator *simulator, const struct simulated *provider,
                            const struct kit_case *what, const struct params *request)
{
    struct play *play = mem_zalloc(1, sizeof(*play));

    if (simulator->play_count >= PLAYS_MAX)
        play_free(simulator, list_entry(simulator->plays.next, struct play, link));
    play->what = what;
    play->provider = provider;
    play->mark = simulator->one_at_a_time
                     ? SL("")
                     : arena_printf(&play->arena, "~%x", ++simulator->next_mark);
    play->client_id = copied(play, request, "client_id");
    if (!slice_is_set(play->client_id))
        play->client_id = kit_text(what->config, "client_id");
    play->callback = copied(play, request, "redirect_uri");
    play->state = copied(play, request, "state");
    play->nonce = copied(play, request, "nonce");
    play->challenge = copied(play, request, "code_challenge");
    list_init(&play->link);
    list_add(&simulator->plays, &play->link);
    simulator->play_count++;
    return play;
}

void play_free(struct simulator *simulator, struct play *play)
{
    list_remove(&play->link);
    simulator->play_count--;
    arena_release(&play->arena);
    mem_free(play);
}

static void complain(struct play *play, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct play *play, struct mark mark, const char *format, ...)
{
    va_list args;

    if (slice_is_set(play->complaint))
        return;
    va_start(args, format);
    play->complaint = arena_vprintf(&play->arena, format, args);
    play->complaint_mark = mark;
    va_end(args);
}

/* ---- matching ---- */

/* A token that is good now, signed by the client: with the kit's key that its case gave it, or with
 * its secret. Who develops against the simulator has keys of his own, which it does not know. */
static bool is_signed_by_client(struct simulator *simulator, struct play *play, struct slice token)
{
    struct jwk secret = jwk_secret(kit_text(play->what->config, "client_secret"));
    const struct jwk_set keys = { simulator->keys, KIT_KEYS };
    const struct jwk_set secrets = { &secret, secret.secret.len > 0 };
    struct jws jws;
    const char *why;

    if (jws_read(&play->arena, token, &jws) != NULL)
        return false;
    json_t *claims = json_read_object(&play->arena, jws.payload, JWS_MAX, &why);
    bool good = json_member_int(claims, "exp", 0) > clock_now();

    json_decref(claims);
    if (!simulator->one_at_a_time)
        return good;
    jws.kid = slice_none();
    return good && (jws_verify(&jws, &keys, ~0U) == JWS_GOOD ||
                    jws_verify(&jws, &secrets, 1U << ALG_HS256) == JWS_GOOD);
}

bool play_matches(struct simulator *simulator, struct play *play, struct slice wanted,
                  struct slice given)
{
    if (slice_is(wanted, "$any"))
        return given.len > 0;
    if (slice_is(wanted, "$signed"))
        return is_signed_by_client(simulator, play, given);
    if (slice_is(wanted, "$verifier"))
        return slice_is_set(play->challenge) ? pkce_matches(given, play->challenge)
                                             : slice_is_set(given);
    return slice_equal(play_fill_unmarked(simulator, play, wanted), mark_remove(play, given));
}

/* The members of a request that a rule speaks of. */
struct given {
    struct params query;
    struct params form;
    struct params oauth1;
    json_t *json;
    const struct request *request;
};

static struct slice given_member(struct arena *arena, const struct given *given, const char *part,
                                 struct slice name)
{
    const char *text = arena_string(arena, name);

    if (strcmp(part, "query") == 0)
        return params_get_raw(&given->query, text);
    if (strcmp(part, "form") == 0)
        return params_get_raw(&given->form, text);
    if (strcmp(part, "oauth1") == 0)
        return params_get_raw(&given->oauth1, text);
    if (strcmp(part, "json") == 0)
        return json_text(arena, json_object_get(given->json, text));
    return request_header(given->request, text);
}

struct credential {
    struct slice scheme; /* "Basic", "Bearer"; absent for one by itself */
    struct slice id;     /* of Basic */
    struct slice secret;
};

static struct credential read_credential(struct arena *arena, struct slice text)
{
    struct credential c = { .secret = text };
    struct slice scheme;
    struct slice rest;

    if (!slice_cut(text, ' ', &scheme, &rest))
        return c;
    if (slice_is(scheme, "Basic") && base64_decode(arena, rest, &rest) &&
        slice_cut(rest, ':', &c.id, &c.secret))
        c.scheme = scheme;
    else if (slice_is(scheme, "Bearer"))
        c = (struct credential){ .scheme = scheme, .secret = rest };
    return c;
}

/* Whoever develops against the simulator has credentials of his own: they may stand where the case
 * has its own. */
static bool is_own_credential(struct play *play, struct slice wanted, struct slice value)
{
    struct slice own_id = kit_text(play->what->config, "client_id");
    struct slice own_secret = kit_text(play->what->config, "client_secret");
    struct credential theirs = read_credential(&play->arena, wanted);
    struct credential given = read_credential(&play->arena, value);

    if (slice_equal(wanted, own_id))
        return slice_equal(value, play->client_id);
    if (play->mark.len == 0 || own_secret.len == 0 || given.secret.len == 0 ||
        !slice_equal(theirs.secret, own_secret) || !slice_equal(theirs.scheme, given.scheme))
        return false;
    if (slice_is_set(given.id) && !slice_equal(given.id, play->client_id))
        return false;
    play->client_secret = arena_copy(&play->arena, given.secret);
    return true;
}

static void check_part(struct simulator *simulator, struct play *play, const struct given *given,
                       const char *part, const struct node *wanted)
{
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        struct slice value = given_member(&play->arena, given, part, member->name);

        if (member->value->kind == NODE_NULL) {
            if (slice_is_set(value))
                complain(play, member->mark, "%s has `%.*s`, which must not be there", part,
                         SLICE_ARG(member->name));
            continue;
        }
        if (!is_own_credential(play, member->value->text, value) &&
            !play_matches(simulator, play, member->value->text, value))
            complain(play, member->mark, "%s has `%.*s: %.*s` instead of `%.*s`", part,
                     SLICE_ARG(member->name), SLICE_ARG(mark_remove(play, value)),
                     SLICE_ARG(play_fill_unmarked(simulator, play, member->value->text)));
    }
}

static void read_given(struct request *request, struct given *given)
{
    struct slice type = request_header(request, "Content-Type");
    struct arena *arena = request_arena(request);
    const char *why;

    *given = (struct given){ .query = request->query, .request = request };
    if (slice_starts(type, SL("application/json")))
        given->json = json_read(arena, request->exchange.body, SIMULATOR_BODY_MAX, &why);
    else if (params_read(arena, request->exchange.body, &given->form) != NULL)
        given->form = (struct params){ 0 };
}

static struct kit_exchange *find_exchange(struct play *play, struct slice method, struct slice url)
{
    struct kit_exchange *again = NULL;

    for (size_t i = 0; i < play->what->exchange_count; i++) {
        struct kit_exchange *each = &play->what->exchanges[i];

        if (!slice_equal(each->method, method) || !slice_equal(each->url, url))
            continue;
        if (play->used[i] == 0)
            return each;
        again = again == NULL ? each : again;
    }
    return again;
}

static bool brings_mark(const struct request *request, const struct play *play)
{
    const struct http_head *head = &request->exchange.head;
    bool found = mark_stands_in(play, head->target) || mark_stands_in(play, request->exchange.body);

    for (size_t i = 0; i < head->header_count && !found; i++)
        found = mark_stands_in(play, head->headers[i].value);
    return found;
}

/* Whose request is it? The mark stands in some token that it brings. A request for a token of the
 * app itself brings none: it belongs to the latest login that still has to make it. */
static struct play *find_play(struct simulator *simulator, const struct simulated *provider,
                              const struct request *request, struct slice method, struct slice url)
{
    struct play *latest = NULL;

    if (simulator->one_at_a_time)
        return simulator->only;
    list_each (&simulator->plays, link) {
        struct play *play = list_entry(link, struct play, link);
        const struct kit_exchange *next = find_exchange(play, method, url);

        if (brings_mark(request, play))
            return play;
        if (play->provider == provider && next != NULL && !mark_is_wanted(play, next) &&
            play->used[next - play->what->exchanges] == 0)
            latest = play;
    }
    return latest;
}

/* ---- answers ---- */

static enum step_result send_exchange(struct simulator *simulator, struct request *request,
                                      struct play *play, const struct kit_exchange *exchange)
{
    struct buf body = BUF_INIT(SIMULATOR_BODY_MAX);
    struct slice type = exchange->type;

    if (exchange->body != NULL && exchange->body->kind == NODE_TEXT) {
        buf_add(&body, exchange->body->text);
    } else if (exchange->body != NULL) {
        json_t *json = node_to_json(exchange->body);

        buf_add_json_value(&body, json);
        json_decref(json);
        type = slice_is_set(type) ? type : SL("application/json");
    }
    for (size_t i = 0; exchange->answer_headers != NULL && i < exchange->answer_headers->count; i++)
        request_add_header(request,
                           arena_string(&play->arena, exchange->answer_headers->members[i].name),
                           exchange->answer_headers->members[i].value->text);
    struct slice filled = play_fill(simulator, play, buf_slice(&body));
    int status = exchange->status;

    if (simulator->altered != NULL && simulator->altered->exchange == exchange)
        simulator->altered->alter(simulator->altered, request_arena(request), &filled, &status,
                                  &type);
    buf_release(&body);
    return request_answer(request, status,
                          slice_is_set(type) ? arena_string(&play->arena, type) : NULL, filled);
}

static enum step_result say_wrong(struct request *request, const char *what, struct slice detail)
{
    json_t *body = json_object();

    json_set_slice(body, "error", slice_of("simulator"));
    json_set_slice(body, "error_description",
                   arena_printf(request_arena(request), "%s%.*s", what, SLICE_ARG(detail)));
    log_warn("simulator: %s%.*s", what, SLICE_ARG(detail));
    enum step_result result = request_json(request, 400, body);

    json_decref(body);
    return result;
}

static enum step_result send_document(struct request *request, json_t *document)
{
    enum step_result result = request_json(request, 200, document);

    json_decref(document);
    return result;
}

static json_t *public_keys(const struct simulator *simulator)
{
    json_t *keys = json_array();

    for (size_t i = 0; i < KIT_KEYS; i++)
        json_array_append_new(keys, jwk_public(&simulator->keys[i]));
    return keys;
}

static bool is_published_at(struct arena *arena, const struct simulated *provider,
                            const json_t *document, struct slice url)
{
    const char *well_known = "/.well-known/openid-configuration";
    struct slice issuer = json_member(document, "issuer");
    bool names_none = json_array_size(provider->cases->discovery) == 1 || slice_has(issuer, '{');

    /* The document of a provider with tenants names none of them. */
    return slice_equal(url, provider->description->discovery_url) ||
           slice_equal(url, url_below(arena, issuer, well_known)) ||
           (names_none &&
            slice_equal(url, url_below(arena, provider->description->issuer, well_known)));
}

/* Discovery documents, one for each instance, and keys are everybody's. */
static bool answer_published(struct simulator *simulator, struct request *request,
                             const struct simulated *provider, struct slice url,
                             enum step_result *result)
{
    json_t *document;
    size_t i;

    json_array_foreach(provider->cases->discovery, i, document)
    {
        if (is_published_at(request_arena(request), provider, document, url))
            *result = send_document(request, json_incref(document));
        else if (slice_equal(url, json_member(document, "jwks_uri")))
            *result = send_document(request, json_pack("{s:o}", "keys", public_keys(simulator)));
        else
            continue;
        return true;
    }
    return false;
}

static void check_signature(struct simulator *simulator, struct play *play,
                            const struct kit_exchange *exchange, struct slice url,
                            struct given *given)
{
    const char *wrong =
        oauth1_judge(simulator, play, given->request, url, &given->form, &given->oauth1);

    if (wrong != NULL)
        complain(play, exchange->mark, "%s", wrong);
}

enum step_result simulator_answer(struct simulator *simulator, struct request *request,
                                  const struct simulated *provider, struct slice url)
{
    struct slice method = slice_of(http_method_name(request->exchange.head.method));
    struct play *play = find_play(simulator, provider, request, method, url);
    enum step_result result;
    struct given given;

    if (answer_published(simulator, request, provider, url, &result))
        return result;
    if (play == NULL)
        play = oauth1_begin(simulator, request, provider);
    if (play == NULL)
        return say_wrong(request, "this request brings no code or token of a login here: ", url);
    url = mark_remove(play, url);
    struct slice what = arena_printf(&play->arena, "%.*s %.*s", SLICE_ARG(method), SLICE_ARG(url));
    struct kit_exchange *exchange = find_exchange(play, method, url);

    if (exchange == NULL) {
        complain(play, play->what->mark, "no exchange is like `%.*s`", SLICE_ARG(what));
        return say_wrong(request, "the case has no such request: ", what);
    }
    read_given(request, &given);
    if (provider->description->protocol == PROTOCOL_OAUTH1)
        check_signature(simulator, play, exchange, url, &given);
    check_part(simulator, play, &given, "oauth1", exchange->oauth1);
    check_part(simulator, play, &given, "query", exchange->query);
    check_part(simulator, play, &given, "form", exchange->form);
    check_part(simulator, play, &given, "json", exchange->json);
    check_part(simulator, play, &given, "headers", exchange->headers);
    json_decref(given.json);
    play->used[exchange - play->what->exchanges]++;
    if (slice_is_set(play->complaint))
        return say_wrong(request, "not as the case says: ", play->complaint);
    return send_exchange(simulator, request, play, exchange);
}
