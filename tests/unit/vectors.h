/*
 * What suites share: an arena that is emptied after each test, bytes from text, and the vectors in
 * tests/unit/vectors. Include after cmocka.h.
 */
#ifndef CARDEA_TESTS_VECTORS_H
#define CARDEA_TESTS_VECTORS_H

#include "base/codec.h"
#include "base/json.h"

#include <fcntl.h>
#include <unistd.h>

static struct arena arena;

__attribute__((unused)) static int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A test that ends with an empty arena, so that a sanitizer sees what leaks. */
#define TEST(function) cmocka_unit_test_teardown(function, release_arena)

__attribute__((unused)) static void assert_slice(struct slice s, const char *expected)
{
    assert_true(slice_is_set(s));
    assert_string_equal(arena_string(&arena, s), expected);
    assert_int_equal(s.len, strlen(expected));
}

__attribute__((unused)) static struct slice from_base64url(const char *text)
{
    struct slice bytes = slice_none();

    assert_true(base64url_decode(&arena, slice_of(text), &bytes));
    return bytes;
}

__attribute__((unused)) static struct slice from_hex(const char *text)
{
    size_t len = strlen(text) / 2;
    char *bytes = arena_alloc(&arena, len);

    for (size_t i = 0; i < len; i++) {
        char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };

        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    return slice_make(bytes, len);
}

__attribute__((unused)) static json_t *from_json(const char *text)
{
    const char *why;
    json_t *json = json_read(&arena, slice_of(text), 1 << 20, &why);

    if (json == NULL)
        fail_msg("%s: %s", why, text);
    return json;
}

__attribute__((unused)) static json_t *read_vectors(const char *name)
{
    char path[512];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/tests/unit/vectors/%s.json", SOURCE_DIR, name);
    json_t *json = json_load_file(path, 0, &error);

    if (json == NULL)
        fail_msg("%s: %s", path, error.text);
    return json;
}

#endif
