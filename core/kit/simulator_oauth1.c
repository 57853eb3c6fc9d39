#include "kit/simulator_oauth1.h"

#include "base/clock.h"
#include "kit/marks.h"
#include "protocol/oauth1.h"

enum {
    WINDOW_S = 300 /* that clocks may differ, as with most providers */
};

/* ---- secrets ---- */

/* The secret of a token that an answer of the case gives. False when none does. */
static bool find_token_secret(struct play *play, struct slice token, struct slice *secret_r)
{
    for (size_t i = 0; i < play->what->exchange_count; i++) {
        const struct node *body = play->what->exchanges[i].body;
        struct params reply;

        if (body == NULL || body->kind != NODE_TEXT ||
            params_read(&play->arena, body->text, &reply) != NULL ||
            !slice_equal(params_get(&reply, "oauth_token"), token))
            continue;
        *secret_r = params_get_raw(&reply, "oauth_token_secret");
        return true;
    }
    return false;
}

static bool has_own_credentials(const struct play *play)
{
    return !slice_equal(play->client_id, kit_text(play->what->config, "client_id"));
}

/* ---- judging ---- */

static const char *judge_members(const struct play *play, const struct params *protocol)
{
    const struct description *d = play->provider->description;
    struct slice method = params_get(protocol, "oauth_signature_method");
    uint64_t timestamp;

    if (!slice_is(method, oauth1_signature_name((enum oauth1_signature)d->oauth1_signature)))
        return "the request is signed by another method";
    if (!slice_is(params_get(protocol, "oauth_version"), "1.0"))
        return "oauth_version is not 1.0";
    if (params_get(protocol, "oauth_nonce").len < 8)
        return "there is no oauth_nonce, or a short one";
    if (!slice_to_u64(params_get(protocol, "oauth_timestamp"), UINT32_MAX, &timestamp) ||
        (int64_t)timestamp < clock_now() - WINDOW_S || (int64_t)timestamp > clock_now() + WINDOW_S)
        return "oauth_timestamp is not now";
    return NULL;
}

static const char *judge_signature(struct simulator *simulator, struct play *play,
                                   const struct oauth1_request *signed_request,
                                   const struct params *protocol)
{
    enum oauth1_signature method =
        (enum oauth1_signature)play->provider->description->oauth1_signature;
    struct slice token = params_get(protocol, "oauth_token");
    struct oauth1_secrets secrets = { .client = kit_text(play->what->config, "client_secret"),
                                      .key = &simulator->keys[0] };

    if (slice_is_set(token) && !find_token_secret(play, mark_remove(play, token), &secrets.token))
        return "the request brings a token that no answer has given";
    if (has_own_credentials(play) || (oauth1_signs_with_key(method) && !simulator->one_at_a_time))
        return NULL;
    struct slice base = oauth1_base_string(&play->arena, signed_request, protocol);

    if (!slice_is_set(base) || !oauth1_verify(&play->arena, method, base, &secrets,
                                              params_get(protocol, "oauth_signature")))
        return arena_printf(&play->arena, "the signature is wrong; the base string is %.*s",
                            SLICE_ARG(base))
            .at;
    return NULL;
}

static struct slice url_with_query(struct play *play, const struct request *request,
                                   struct slice url)
{
    struct slice query = request->exchange.head.query;

    return slice_is_set(query) ? arena_concat(&play->arena, url, SL("?"), query) : url;
}

static void note(struct play *play, const struct params *protocol)
{
    struct slice callback = params_get(protocol, "oauth_callback");

    play->client_id = arena_copy(&play->arena, params_get(protocol, "oauth_consumer_key"));
    play->nonce = arena_copy(&play->arena, params_get(protocol, "oauth_nonce"));
    if (slice_is_set(callback) && !slice_is(callback, "oob"))
        play->callback = arena_copy(&play->arena, callback);
}

const char *oauth1_judge(struct simulator *simulator, struct play *play,
                         const struct request *request, struct slice url, const struct params *form,
                         struct params *protocol_r)
{
    struct slice realm;
    bool present;
    const char *wrong = oauth1_header_read(&play->arena, request_header(request, "Authorization"),
                                           &present, protocol_r, &realm);

    if (wrong == NULL && !present)
        wrong = "the request is not signed";
    if (wrong != NULL)
        return wrong;
    note(play, protocol_r);
    struct oauth1_request signed_request = { slice_of(
                                                 http_method_name(request->exchange.head.method)),
                                             url_with_query(play, request, url), form };

    wrong = judge_members(play, protocol_r);
    if (wrong == NULL)
        wrong = judge_signature(simulator, play, &signed_request, protocol_r);
    if (slice_is_set(realm))
        params_add(protocol_r, SL("realm"), realm);
    return wrong;
}

/* ---- plays ---- */

static const struct kit_case *usual_case(const struct kit_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        if (slice_is(cases->at[i].name, "login"))
            return &cases->at[i];
    }
    return cases->count > 0 ? &cases->at[0] : NULL;
}

struct play *oauth1_begin(struct simulator *simulator, const struct request *request,
                          const struct simulated *provider)
{
    static const struct params none;
    const struct kit_case *what = usual_case(provider->cases);
    struct arena arena = { 0 };
    struct params protocol;
    struct slice realm;
    bool present = false;
    bool asks = provider->description->protocol == PROTOCOL_OAUTH1 && what != NULL &&
                oauth1_header_read(&arena, request_header(request, "Authorization"), &present,
                                   &protocol, &realm) == NULL &&
                present && !slice_is_set(params_get(&protocol, "oauth_token"));

    arena_release(&arena);
    return asks ? simulator_play(simulator, provider, what, &none) : NULL;
}

struct play *oauth1_go_on(struct simulator *simulator, const struct kit_case *what,
                          const struct params *request, struct play **earlier_r)
{
    struct slice token = params_get(request, "oauth_token");

    list_each (&simulator->plays, link) {
        struct play *earlier = list_entry(link, struct play, link);

        if (!mark_stands_in(earlier, token))
            continue;
        struct play *play = simulator_play(simulator, earlier->provider, what, request);

        play->mark = arena_copy(&play->arena, earlier->mark);
        play->client_id = arena_copy(&play->arena, earlier->client_id);
        play->callback = arena_copy(&play->arena, earlier->callback);
        play->used[0] = 1; /* the request for the request token */
        *earlier_r = earlier;
        return play;
    }
    return NULL;
}
