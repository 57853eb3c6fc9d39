#include "kit/marks.h"

/* ---- which texts are codes and tokens ---- */

static bool ends_nocase(struct slice name, struct slice ending)
{
    return name.len >= ending.len &&
           slice_equal_nocase(slice_from(name, name.len - ending.len), ending);
}

/* "access_token", "accessToken", "X-Api-Token", but not "token_type". */
static bool names_token(struct slice name)
{
    return ends_nocase(name, SL("token"));
}

/* "code", "authCode", but not "country_code" and the like in answers. */
static bool names_code(struct slice name)
{
    return ends_nocase(name, SL("code")) || ends_nocase(name, SL("ticket"));
}

/* "c1" is no token in "c1ay": does a word go on at this byte? */
static bool is_inside_word(struct slice text, size_t at)
{
    return at < text.len && ((text.at[at] >= 'a' && text.at[at] <= 'z') ||
                             (text.at[at] >= 'A' && text.at[at] <= 'Z') ||
                             (text.at[at] >= '0' && text.at[at] <= '9'));
}

/* The length of the token when it is the one at the front of `text`, else 0. */
static size_t length_of(struct slice token, struct slice text)
{
    bool stands = token.len > 1 && token.at[0] != '$' && slice_starts(text, token) &&
                  !is_inside_word(text, token.len);

    return stands ? token.len : 0;
}

/* In what a request has, or the browser brings back. */
static size_t length_in_request(const struct node *map, struct slice text)
{
    size_t length = 0;

    for (size_t i = 0; map != NULL && i < map->count && length == 0; i++) {
        const struct node_member *member = &map->members[i];

        if (names_token(member->name) || names_code(member->name))
            length = length_of(member->value->text, text);
    }
    return length;
}

/* "Bearer TOKEN" and other schemes; the client's own credentials go out in no answer. */
static size_t length_in_headers(const struct node *headers, struct slice text)
{
    struct slice value = kit_text(headers, "Authorization");
    size_t length = length_of(slice_from(value, slice_find(value, ' ') + 1), text);

    return length > 0 ? length : length_in_request(headers, text);
}

/* `id_token: false` is none. */
static bool is_text(const struct node *value)
{
    json_t *json = node_to_json(value);
    bool text = json_is_string(json);

    json_decref(json);
    return text;
}

/* In an answer that is a form, as with OAuth 1.0a. */
static size_t length_in_form(struct slice form, struct slice text)
{
    struct slice part;
    size_t length = 0;

    while (length == 0 && slice_next(&form, '&', &part)) {
        struct slice name;
        struct slice value;

        if (slice_cut(part, '=', &name, &value) && slice_is_plain(name, "_") && names_token(name))
            length = length_of(value, text);
    }
    return length;
}

/* Anywhere in an answer. */
static size_t length_in_answer(const struct node *body, struct slice text)
{
    size_t length = 0;

    if (body != NULL && body->kind == NODE_TEXT)
        return length_in_form(body->text, text);
    for (size_t i = 0; body != NULL && body->kind == NODE_MAP && i < body->count && !length; i++) {
        const struct node *value = body->members[i].value;

        length = names_token(body->members[i].name) && is_text(value)
                     ? length_of(value->text, text)
                     : length_in_answer(value, text);
    }
    for (size_t i = 0; body != NULL && body->kind == NODE_LIST && i < body->count && !length; i++)
        length = length_in_answer(body->items[i], text);
    return length;
}

static size_t length_in_exchange(const struct kit_exchange *exchange, struct slice text)
{
    size_t length = length_in_request(exchange->form, text);

    if (length == 0)
        length = length_in_request(exchange->query, text);
    if (length == 0)
        length = length_in_request(exchange->json, text);
    if (length == 0)
        length = length_in_headers(exchange->headers, text);
    return length > 0 ? length : length_in_answer(exchange->body, text);
}

/* ---- whose they are ---- */

static bool has_token(const struct kit_case *what, const struct node *map,
                      bool (*counts)(const struct kit_case *what, struct slice token))
{
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct node_member *member = &map->members[i];

        if ((names_token(member->name) || names_code(member->name)) && is_text(member->value) &&
            (counts == NULL || counts(what, member->value->text)))
            return true;
    }
    return false;
}

static bool brings_token(const struct kit_case *what, const struct kit_exchange *exchange,
                         bool (*counts)(const struct kit_case *what, struct slice token))
{
    struct slice authorization = kit_text(exchange->headers, "Authorization");

    return has_token(what, exchange->query, counts) || has_token(what, exchange->form, counts) ||
           has_token(what, exchange->json, counts) || has_token(what, exchange->headers, counts) ||
           has_token(what, exchange->oauth1, counts) ||
           (slice_is_set(authorization) && !slice_starts(authorization, SL("Basic ")));
}

/* A token that the app gets for itself serves all logins: it comes from a request that brought
 * none. A request token of OAuth 1.0a does so too, and is of one login all the same. */
static bool is_of_login(const struct kit_case *what, struct slice token)
{
    for (size_t i = 0; i < what->exchange_count; i++) {
        const struct kit_exchange *exchange = &what->exchanges[i];

        if (length_in_answer(exchange->body, token) == token.len)
            return exchange->oauth1 != NULL || brings_token(what, exchange, NULL);
    }
    return true;
}

bool mark_is_wanted(const struct play *play, const struct kit_exchange *exchange)
{
    return brings_token(play->what, exchange, is_of_login);
}

size_t mark_token_at(const struct play *play, struct slice text, size_t at)
{
    const struct kit_case *what = play->what;
    struct slice rest = slice_from(text, at);

    if (play->mark.len == 0 || (at > 0 && is_inside_word(text, at - 1)))
        return 0;
    size_t length = length_in_request(what->callback, rest);

    if (length == 0)
        length = length_in_request(what->refresh, rest);
    for (size_t i = 0; i < what->exchange_count && length == 0; i++)
        length = length_in_exchange(&what->exchanges[i], rest);
    return length > 0 && is_of_login(what, slice_sub(rest, 0, length)) ? length : 0;
}

/* ---- marks in what came ---- */

/* Where the mark stands next, or text.len: "~4f2" does not stand in "~4f2a". */
static size_t find_mark(const struct play *play, struct slice text, size_t from)
{
    while (from < text.len) {
        size_t at = from + slice_find_text(slice_from(text, from), play->mark);
        struct slice behind = slice_from(text, at + play->mark.len);

        if (at >= text.len || behind.len == 0 || strchr("0123456789abcdef", behind.at[0]) == NULL)
            return at;
        from = at + 1;
    }
    return text.len;
}

bool mark_stands_in(const struct play *play, struct slice text)
{
    return find_mark(play, text, 0) < text.len;
}

struct slice mark_remove(struct play *play, struct slice text)
{
    struct buf out = BUF_INIT(1024 * 1024);
    size_t from = 0;
    size_t at;

    if (play->mark.len == 0 || !mark_stands_in(play, text))
        return text;
    while ((at = find_mark(play, text, from)) < text.len) {
        buf_add(&out, slice_sub(text, from, at - from));
        from = at + play->mark.len;
    }
    buf_add(&out, slice_from(text, from));
    struct slice left = arena_copy(&play->arena, buf_slice(&out));

    buf_release_secret(&out);
    return left;
}
