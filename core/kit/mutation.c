#include "kit/mutation.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/params.h"

enum {
    BODY_MAX = 4 * 1024 * 1024,
    LONG_BODY = 2 * 1024 * 1024, /* more than an answer may have */
    LONG_TEXT = 70 * 1024,
    DEEP = 10 * 1000,
    SURPLUS = 100,    /* members that nobody knows */
    MEMBERS_FULL = 4, /* so many members get every kind of mutation, the others one or two each */
    MEMBERS_MAX = 60
};

/* ---- the whole answer ---- */

struct whole {
    const char *name;
    enum expectation expected;
    struct slice (*make)(struct arena *arena, struct slice body, const json_t *json);
    int status;
    const char *type;
    bool of_json; /* only where the body is JSON */
};

static struct slice take(struct arena *arena, struct buf *out)
{
    struct slice text = arena_copy(arena, buf_slice(out));

    buf_release(out);
    return text;
}

static struct slice nothing(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)body, (void)json;
    return SL("");
}

static struct slice first_third(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)json;
    return slice_sub(body, 0, body.len / 3);
}

static struct slice all_but_one_byte(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)json;
    return slice_sub(body, 0, body.len > 0 ? body.len - 1 : 0);
}

static struct slice doubled(struct arena *arena, struct slice body, const json_t *json)
{
    (void)json;
    return arena_join(arena, body, body);
}

static struct slice page(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)body, (void)json;
    return SL("<!doctype html><title>Down for maintenance</title><p>id=1&access_token=x</p>");
}

static struct slice no_object(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)body, (void)json;
    return SL("null");
}

static struct slice empty_object(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)body, (void)json;
    return SL("{}");
}

static struct slice empty_list(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)body, (void)json;
    return SL("[]");
}

static struct slice unchanged(struct arena *arena, struct slice body, const json_t *json)
{
    (void)arena, (void)json;
    return body;
}

static struct slice in_a_list(struct arena *arena, struct slice body, const json_t *json)
{
    (void)json;
    return arena_concat(arena, SL("["), body, SL("]"));
}

static struct slice with_spaces(struct arena *arena, struct slice body, const json_t *json)
{
    (void)json;
    return arena_concat(arena, SL(" \r\n\t"), body, SL("\n\n"));
}

static struct slice with_bad_bytes(struct arena *arena, struct slice body, const json_t *json)
{
    size_t half = body.len / 2;

    (void)json;
    return arena_concat(arena, slice_sub(body, 0, half), SL("\xff\xfe"), slice_from(body, half));
}

static struct slice too_long(struct arena *arena, struct slice body, const json_t *json)
{
    struct buf out = BUF_INIT(BODY_MAX);

    (void)json;
    buf_add(&out, body);
    while (out.len < LONG_BODY)
        buf_add_text(&out, "                                                                ");
    return take(arena, &out);
}

static struct slice too_deep(struct arena *arena, struct slice body, const json_t *json)
{
    struct buf out = BUF_INIT(BODY_MAX);

    (void)json;
    buf_add_text(&out, "{\"id\":");
    for (int i = 0; i < DEEP; i++)
        buf_add_byte(&out, '[');
    buf_add(&out, body);
    for (int i = 0; i < DEEP; i++)
        buf_add_byte(&out, ']');
    buf_add_byte(&out, '}');
    return take(arena, &out);
}

/* A copy whose objects have their members in the opposite order; the outermost has so many more. */
static json_t *rewritten(const json_t *value, int surplus)
{
    json_t *copy = json_is_object(value) ? json_object() : json_array();
    const char *names[256];
    size_t count = 0;
    const char *name;
    json_t *each;
    size_t i;

    if (!json_is_object(value) && !json_is_array(value)) {
        json_decref(copy);
        return json_deep_copy(value);
    }
    json_array_foreach(value, i, each)
    {
        json_array_append_new(copy, rewritten(each, 0));
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, each)
    {
        if (count < sizeof(names) / sizeof(names[0]))
            names[count++] = name;
    }
    for (int k = 0; json_is_object(value) && k < surplus; k++) {
        char unknown[32];

        snprintf(unknown, sizeof(unknown), "x_unknown_%d", k);
        json_object_set_new(copy, unknown, json_pack("{s:s, s:[i,n]}", "id", "nobody", "sub", k));
    }
    while (count-- > 0)
        json_object_set_new(copy, names[count], rewritten(json_object_get(value, names[count]), 0));
    return copy;
}

static struct slice write_json(struct arena *arena, json_t *json)
{
    struct buf out = BUF_INIT(BODY_MAX);

    buf_add_json_value(&out, json);
    json_decref(json);
    return take(arena, &out);
}

static struct slice reordered(struct arena *arena, struct slice body, const json_t *json)
{
    (void)body;
    return write_json(arena, rewritten(json, 0));
}

static struct slice bloated(struct arena *arena, struct slice body, const json_t *json)
{
    (void)body;
    return write_json(arena, rewritten(json, SURPLUS));
}

static const struct whole wholes[] = {
    { "an empty body", EXPECT_SAFE, nothing, 0, NULL, false },
    { "the first third of it", EXPECT_SAFE, first_third, 0, NULL, false },
    { "all but its last byte", EXPECT_SAFE, all_but_one_byte, 0, NULL, false },
    { "it twice, one behind the other", EXPECT_SAFE, doubled, 0, NULL, false },
    { "bytes that are no text in its middle", EXPECT_SAFE, with_bad_bytes, 0, NULL, false },
    { "two megabytes of spaces behind it", EXPECT_SAFE, too_long, 0, NULL, false },
    { "an HTML page", EXPECT_SAFE, page, 0, "text/html", false },
    { "null", EXPECT_SAFE, no_object, 0, NULL, false },
    { "an empty object", EXPECT_SAFE, empty_object, 0, NULL, false },
    { "an empty list", EXPECT_SAFE, empty_list, 0, NULL, false },
    { "status 500", EXPECT_SAFE, unchanged, 500, NULL, false },
    { "status 403", EXPECT_SAFE, unchanged, 403, NULL, false },
    { "status 302", EXPECT_SAFE, unchanged, 302, NULL, false },
    { "it in a list", EXPECT_SAFE, in_a_list, 0, NULL, true },
    { "it at the bottom of ten thousand lists", EXPECT_SAFE, too_deep, 0, NULL, true },
    { "spaces around it", EXPECT_SAME, with_spaces, 0, NULL, true },
    { "its members in another order", EXPECT_SAME, reordered, 0, NULL, true },
    { "a hundred unknown members in it", EXPECT_SAME, bloated, 0, NULL, true },
};

enum {
    WHOLES = sizeof(wholes) / sizeof(wholes[0])
};

/* ---- one member ---- */

enum member_kind {
    MEMBER_TAKEN_AWAY,
    MEMBER_NULL,
    MEMBER_TRUE,
    MEMBER_OBJECT,
    MEMBER_DOUBLED,
    MEMBER_LIST,
    MEMBER_EMPTY,
    MEMBER_LONG,
    MEMBER_KINDS
};

static const char *const member_names[MEMBER_KINDS] = {
    [MEMBER_TAKEN_AWAY] = "no member",
    [MEMBER_NULL] = "null",
    [MEMBER_TRUE] = "true",
    [MEMBER_OBJECT] = "an empty object",
    [MEMBER_DOUBLED] = "two of it",
    [MEMBER_LIST] = "an empty list",
    [MEMBER_EMPTY] = "an empty text",
    [MEMBER_LONG] = "a text of 70 kB",
};

/* A member of some object in the document. */
struct place {
    json_t *object;
    const char *name;
};

static bool find_member(json_t *value, size_t *number, struct place *place_r)
{
    const char *name;
    json_t *each;
    size_t i;

    json_object_foreach(value, name, each)
    {
        if ((*number)-- == 0) {
            *place_r = (struct place){ value, name };
            return true;
        }
        if (find_member(each, number, place_r))
            return true;
    }
    json_array_foreach(value, i, each)
    {
        if (find_member(each, number, place_r))
            return true;
    }
    return false;
}

static json_t *long_text(void)
{
    char text[LONG_TEXT];

    memset(text, 'x', sizeof(text));
    return json_stringn(text, sizeof(text));
}

/* What is a boolean already becomes a word that says neither. */
static json_t *no_boolean(const struct place *place)
{
    return json_is_boolean(json_object_get(place->object, place->name)) ? json_string("maybe")
                                                                        : json_true();
}

static void alter_member(const struct place *place, enum member_kind kind)
{
    json_t *value = kind == MEMBER_NULL     ? json_null()
                    : kind == MEMBER_TRUE   ? no_boolean(place)
                    : kind == MEMBER_OBJECT ? json_object()
                    : kind == MEMBER_LIST   ? json_array()
                    : kind == MEMBER_EMPTY  ? json_string("")
                    : kind == MEMBER_LONG   ? long_text()
                                            : NULL;

    if (value != NULL)
        json_object_set_new(place->object, place->name, value);
    else
        json_object_del(place->object, place->name);
}

/* The member stands there a second time, with another value: written by hand, because no library
 * would. */
static struct slice double_member(struct arena *arena, json_t *json, const struct place *place)
{
    struct buf name = BUF_INIT(LONG_TEXT);
    struct buf first = BUF_INIT(BODY_MAX);

    buf_add_json(&name, slice_of(place->name));
    const char *copy = arena_string(arena, slice_of(place->name));

    json_object_set_new(place->object, copy, json_string("@@DOUBLED@@"));
    buf_add_json_value(&first, json);
    struct slice text = buf_slice(&first);
    struct slice mark = SL("\"@@DOUBLED@@\"");
    size_t at = slice_find_text(text, mark);
    struct slice result =
        arena_concat(arena, slice_sub(text, 0, at), SL("\"7\","), buf_slice(&name), SL(":\"8\""),
                     slice_from(text, at + mark.len));

    buf_release(&name);
    buf_release(&first);
    return result;
}

/* Every kind for the first members; for each of the rest one or two, another one each time. */
static bool kind_applies(size_t number, enum member_kind kind)
{
    return number < MEMBERS_FULL || kind == number % MEMBER_KINDS ||
           kind == (number * 3 + 1) % MEMBER_KINDS;
}

static bool mutate_member(struct arena *arena, json_t *json, size_t index,
                          struct mutation *mutation_r)
{
    for (size_t number = 0; number < MEMBERS_MAX; number++) {
        size_t left = number;
        struct place place;

        if (!find_member(json, &left, &place))
            return false;
        for (enum member_kind kind = 0; kind < MEMBER_KINDS; kind++) {
            if (!kind_applies(number, kind) || index-- > 0)
                continue;
            mutation_r->member = arena_copy(arena, slice_of(place.name));
            mutation_r->name =
                kind == MEMBER_TRUE && json_is_boolean(json_object_get(place.object, place.name))
                    ? "a word"
                    : member_names[kind];
            if (kind == MEMBER_DOUBLED) {
                mutation_r->body = double_member(arena, json, &place);
                return true;
            }
            alter_member(&place, kind);
            mutation_r->body = write_json(arena, json_incref(json));
            return true;
        }
    }
    return false;
}

/* ---- signed tokens ---- */

enum {
    FORGERIES = 3
};

static const char *const forgery_names[FORGERIES] = { "a token of no algorithm",
                                                      "a token with another payload",
                                                      "a token with another signature" };

static struct slice forge(struct arena *arena, struct slice token, size_t kind)
{
    struct slice header;
    struct slice rest;
    struct slice payload;
    struct slice signature;

    slice_cut(token, '.', &header, &rest);
    slice_cut(rest, '.', &payload, &signature);
    if (kind == 0)
        return arena_concat(arena, base64url_encode(arena, SL("{\"alg\":\"none\"}")), SL("."),
                            payload, SL("."));
    if (kind == 1)
        return arena_concat(arena, header, SL("."),
                            base64url_encode(arena, SL("{\"sub\":\"somebody else\"}")), SL("."),
                            signature);
    char *altered = arena_string(arena, signature);

    if (signature.len > 4)
        altered[4] = altered[4] == 'A' ? 'B' : 'A';
    return arena_concat(arena, header, SL("."), payload, SL("."), slice_of(altered));
}

/* Where a signed token begins in the body; its length in `*len_r`. */
static size_t find_token(struct slice body, size_t *len_r)
{
    size_t at = slice_find_text(body, SL("eyJ"));
    struct slice rest = slice_from(body, at);
    size_t len = 0;
    size_t dots = 0;

    while (len < rest.len && (slice_is_plain(slice_sub(rest, len, 1), "-_.")))
        dots += rest.at[len++] == '.';
    *len_r = len;
    return dots == 2 ? at : body.len;
}

static bool mutate_token(struct arena *arena, struct slice body, size_t index,
                         struct mutation *mutation_r)
{
    size_t len;
    size_t at = find_token(body, &len);

    if (at == body.len || index >= FORGERIES)
        return false;
    mutation_r->name = forgery_names[index];
    mutation_r->expected = EXPECT_FAILURE;
    mutation_r->body =
        arena_concat(arena, slice_sub(body, 0, at), forge(arena, slice_sub(body, at, len), index),
                     slice_from(body, at + len));
    return true;
}

/* ---- all of them ---- */

static bool mutate_whole(struct arena *arena, struct slice body, const json_t *json, size_t *index,
                         struct mutation *mutation_r)
{
    for (size_t i = 0; i < WHOLES; i++) {
        if ((wholes[i].of_json && json == NULL) || (*index)-- > 0)
            continue;
        *mutation_r = (struct mutation){ .body = wholes[i].make(arena, body, json),
                                         .status = wholes[i].status,
                                         .type = wholes[i].type,
                                         .name = wholes[i].name,
                                         .expected = wholes[i].expected };
        return true;
    }
    return false;
}

bool mutation_make(struct arena *arena, struct slice body, size_t index,
                   struct mutation *mutation_r)
{
    const char *why;
    json_t *json = json_read(arena, body, BODY_MAX, &why);
    size_t len;
    bool made;

    *mutation_r = (struct mutation){ 0 };
    if (json != NULL && !json_is_object(json) && !json_is_array(json)) {
        json_decref(json);
        json = NULL;
    }
    made = mutate_whole(arena, body, json, &index, mutation_r);
    if (!made && find_token(body, &len) < body.len) {
        made = mutate_token(arena, body, index, mutation_r);
        index -= FORGERIES;
    }
    if (!made && json != NULL)
        made = mutate_member(arena, json, index, mutation_r);
    json_decref(json);
    return made;
}
