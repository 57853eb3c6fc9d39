#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/algorithm.h"
#include "crypto/jwk.h"
#include "vectors.h"

#include <openssl/err.h>

/* NULL when the key is good; the key is let go again. */
static const char *refusal(const json_t *json, bool private_allowed)
{
    struct jwk key = { 0 };
    const char *wrong = jwk_read(&arena, json, private_allowed, &key);

    assert_int_equal(ERR_peek_error(), 0);
    jwk_release(&key);
    return wrong;
}

static struct jwk read_good(const json_t *json, bool private_allowed)
{
    struct jwk key = { 0 };
    const char *wrong = jwk_read(&arena, json, private_allowed, &key);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    return key;
}

static void test_algorithms_are_known_by_their_exact_names(void **state)
{
    (void)state;
    assert_int_equal(jws_alg_read(SL("ES256")), ALG_ES256);
    assert_int_equal(jws_alg_read(SL("EdDSA")), ALG_EDDSA);
    assert_int_equal(jws_alg_read(SL("es256")), ALG_NONE);
    assert_int_equal(jws_alg_read(SL("eddsa")), ALG_NONE);
    assert_int_equal(jws_alg_read(SL("RS256 ")), ALG_NONE);
    assert_int_equal(jws_alg_read(SL("RS256\0")), ALG_NONE);
    assert_int_equal(jws_alg_read(slice_none()), ALG_NONE);
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++)
        assert_int_equal(jws_alg_read(slice_of(jws_alg_name(alg))), alg);
}

static void test_none_is_no_algorithm_in_any_spelling(void **state)
{
    (void)state;
    assert_int_equal(jws_alg_read(SL("none")), ALG_NONE);
    assert_int_equal(jws_alg_read(SL("None")), ALG_NONE);
    assert_int_equal(jws_alg_read(SL("nOnE")), ALG_NONE);
    assert_int_equal(jws_algs_read(SL("none")), 0);
    assert_string_equal(jws_alg_name(ALG_NONE), "none");
    assert_string_equal(jws_alg_name((enum jws_alg)1000), "none");
}

static void test_a_list_of_algorithms_is_a_set_without_the_unknown_ones(void **state)
{
    (void)state;
    assert_int_equal(jws_algs_read(SL("RS256 nonsense  ES256")), 1U << ALG_RS256 | 1U << ALG_ES256);
    assert_int_equal(jws_algs_read(SL("")), 0);
    assert_int_equal(jws_algs_read(slice_none()), 0);
}

static void test_the_key_of_rfc_7638_has_its_thumbprint(void **state)
{
    json_t *vectors = read_vectors("jwk");
    json_t *set = json_object_get(vectors, "RFC 7517, A.1");
    struct jwk key = read_good(json_array_get(json_object_get(set, "keys"), 1), false);

    (void)state;
    assert_slice(key.kid, "2011-04-29");
    assert_int_equal(key.alg, ALG_RS256);
    assert_int_equal(key.kty, 'R');
    assert_false(key.is_private);
    assert_slice(jwk_thumbprint(&arena, &key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    jwk_release(&key);
    json_decref(vectors);
}

static void test_the_key_of_rfc_8037_has_its_thumbprint(void **state)
{
    json_t *json = from_json("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                             "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    struct jwk key = read_good(json, false);

    (void)state;
    assert_int_equal(key.alg, ALG_EDDSA); /* the curve leaves no choice */
    assert_false(slice_is_set(key.kid));
    assert_slice(jwk_thumbprint(&arena, &key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    jwk_release(&key);
    json_decref(json);
}

static void test_a_private_key_without_kid_is_named_by_its_thumbprint(void **state)
{
    json_t *json = from_json("{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                             "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
                             "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    struct jwk key = read_good(json, true);

    (void)state;
    assert_true(key.is_private);
    assert_slice(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    jwk_release(&key);
    json_decref(json);
}

static void test_encryption_keys_of_rfc_7517_are_left_out(void **state)
{
    json_t *vectors = read_vectors("jwk");
    struct jwk_set set;

    (void)state;
    assert_null(jwk_set_read(&arena, json_object_get(vectors, "RFC 7517, A.1"), &set));
    assert_int_equal(set.count, 1); /* of two; the EC one is "use": "enc" */
    assert_slice(set.keys[0].kid, "2011-04-29");
    assert_string_equal(refusal(json_object_get(vectors, "RFC 7517, C.1"), true),
                        "is not for signatures");
    jwk_set_release(&set);
    jwk_set_release(&set);
    json_decref(vectors);
}

static void test_a_certificate_in_a_key_is_not_looked_at(void **state)
{
    json_t *vectors = read_vectors("jwk");
    struct jwk key = read_good(json_object_get(vectors, "RFC 7517, B"), false);

    (void)state;
    assert_slice(key.kid, "1b94c");
    assert_int_equal(key.alg, ALG_NONE);
    jwk_release(&key);
    json_decref(vectors);
}

static void test_the_private_rsa_key_of_rfc_7517_reads_and_writes(void **state)
{
    json_t *vectors = read_vectors("jwk");
    json_t *set = json_object_get(vectors, "RFC 7517, A.2");
    json_t *json = json_array_get(json_object_get(set, "keys"), 1);
    struct jwk key = read_good(json, true);
    json_t *written = jwk_private(&key);

    (void)state;
    json_object_del(written, "use");
    assert_true(json_equal(json, written));
    json_decref(written);
    jwk_release(&key);
    json_decref(vectors);
}

static void test_one_private_member_makes_the_whole_set_an_error(void **state)
{
    static const char *const sets[] = {
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\",\"dp\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\",\"oth\":[]}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"d\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":null}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}",
        "{\"keys\":[{\"kty\":\"AKP\",\"priv\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"},{\"kty\":\"EC\",\"d\":1}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        json_t *json = from_json(sets[i]);
        struct jwk_set set = { NULL, 99 };

        assert_string_equal(jwk_set_read(&arena, json, &set), "is a key set with private members");
        assert_int_equal(set.count, 99);
        json_decref(json);
    }
}

static void test_what_is_no_set_is_an_error(void **state)
{
    static const char *const sets[] = {
        "{}", "[]", "{\"keys\":{}}", "{\"keys\":null}", "\"keys\"", "{\"Keys\":[]}"
    };
    struct jwk_set set;

    (void)state;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        json_t *json = from_json(sets[i]);

        assert_non_null(jwk_set_read(&arena, json, &set));
        json_decref(json);
    }
    assert_non_null(jwk_set_read(&arena, NULL, &set));
}

static void test_keys_that_cannot_be_used_are_left_out(void **state)
{
    json_t *json =
        from_json("{\"keys\":[1,null,[],{},{\"kty\":7},{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"},"
                  "{\"kty\":\"oct\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"},"
                  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"good\",\"x\":"
                  "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}");
    struct jwk_set set;

    (void)state;
    assert_null(jwk_set_read(&arena, json, &set));
    assert_int_equal(set.count, 1);
    assert_slice(set.keys[0].kid, "good");
    jwk_set_release(&set);
    json_decref(json);
}

static void test_an_empty_set_is_a_set(void **state)
{
    json_t *json = from_json("{\"keys\":[]}");
    struct jwk_set set = { NULL, 99 };

    (void)state;
    assert_null(jwk_set_read(&arena, json, &set));
    assert_int_equal(set.count, 0);
    json_decref(json);
}

/* H13 */
static void test_of_a_hundred_thousand_keys_the_first_ones_are_read(void **state)
{
    json_t *json = from_json("{\"keys\":[]}");
    json_t *key = from_json("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                            "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    struct jwk_set set;

    (void)state;
    for (int i = 0; i < 100000; i++)
        json_array_append(json_object_get(json, "keys"), key);
    char line[512] = "";
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    log_to_descriptor(pipes[1]);
    clock_t began = clock(); /* of this process: the machine may be busy */

    assert_null(jwk_set_read(&arena, json, &set));
    assert_true(clock() - began < CLOCKS_PER_SEC / 1000000 * 100000);
    log_to_descriptor(2);
    assert_int_equal(set.count, JWK_SET_MAX);
    assert_true(read(pipes[0], line, sizeof(line) - 1) > 0);
    assert_non_null(strstr(line, "has 100000 keys"));
    close(pipes[0]);
    close(pipes[1]);
    jwk_set_release(&set);
    json_decref(key);
    json_decref(json);
}

static void test_an_oct_key_is_only_for_our_own_records(void **state)
{
    json_t *json = from_json("{\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":"
                             "\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
                             "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}");
    json_t *brief = from_json("{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"c2hvcnQ\"}");

    (void)state;
    assert_string_equal(refusal(json, false), "has private members");
    struct jwk key = read_good(json, true);

    assert_int_equal(key.kty, 's');
    assert_int_equal(key.alg, ALG_HS512);
    assert_int_equal(key.secret.len, 64);
    assert_null(jwk_public(&key));
    assert_false(slice_is_set(jwk_thumbprint(&arena, &key)));
    json_t *written = jwk_private(&key);

    json_object_del(written, "use");
    assert_true(json_equal(written, json));
    assert_string_equal(refusal(brief, true),
                        "has a secret of less than 32 or more than 1024 bytes");
    jwk_release(&key);
    json_decref(written);
    json_decref(brief);
    json_decref(json);
}

static const enum jws_alg own_algs[] = { ALG_ES256, ALG_ES384, ALG_ES512,
                                         ALG_EDDSA, ALG_RS256, ALG_PS256 };

static void test_generated_keys_survive_their_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(own_algs) / sizeof(own_algs[0]); i++) {
        struct jwk key;

        assert_true(jwk_generate(&arena, own_algs[i], &key));
        json_t *secret = jwk_private(&key);
        struct jwk again = read_good(secret, true);
        json_t *secret_again = jwk_private(&again);

        assert_true(json_equal(secret, secret_again));
        assert_int_equal(EVP_PKEY_eq(key.key, again.key), 1);
        assert_true(slice_equal(key.kid, again.kid));
        assert_true(slice_equal(key.kid, jwk_thumbprint(&arena, &again)));
        assert_int_equal(again.alg, own_algs[i]);
        assert_true(again.is_private);
        json_decref(secret);
        json_decref(secret_again);
        jwk_release(&key);
        jwk_release(&again);
    }
}

static void test_the_public_form_has_only_public_members(void **state)
{
    static const char *const hidden[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };

    (void)state;
    for (size_t i = 0; i < sizeof(own_algs) / sizeof(own_algs[0]); i++) {
        struct jwk key;

        assert_true(jwk_generate(&arena, own_algs[i], &key));
        json_t *json = jwk_public(&key);

        for (size_t j = 0; j < sizeof(hidden) / sizeof(hidden[0]); j++)
            assert_null(json_object_get(json, hidden[j]));
        assert_true(slice_equal(json_member(json, "kid"), key.kid));
        assert_slice(json_member(json, "use"), "sig");
        assert_slice(json_member(json, "alg"), jws_alg_name(own_algs[i]));
        assert_null(refusal(json, false));
        struct jwk public = read_good(json, false);

        assert_false(public.is_private);
        assert_null(jwk_private(&public));
        jwk_release(&public);
        jwk_release(&key);
        json_decref(json);
    }
}

/* Full width even where a coordinate begins with a zero byte: in 600 keys there are such ones. */
static void test_coordinates_are_written_at_full_width(void **state)
{
    int padded = 0;

    (void)state;
    for (int i = 0; i < 600; i++) {
        struct jwk key;

        assert_true(jwk_generate(&arena, ALG_ES256, &key));
        json_t *json = jwk_private(&key);
        static const char *const members[] = { "x", "y", "d" };

        for (size_t j = 0; j < 3; j++) {
            struct slice text = json_member(json, members[j]);

            assert_int_equal(text.len, 43);
            padded += from_base64url(text.at).at[0] == 0;
        }
        assert_null(refusal(json, true));
        json_decref(json);
        jwk_release(&key);
    }
    assert_true(padded > 0);
}

static void test_a_broken_private_record_is_refused(void **state)
{
    struct jwk key;

    (void)state;
    for (size_t i = 0; i < sizeof(own_algs) / sizeof(own_algs[0]); i++) {
        assert_true(jwk_generate(&arena, own_algs[i], &key));
        json_t *json = jwk_private(&key);

        json_object_set_new(json, "d", json_string("AQ="));
        assert_non_null(refusal(json, true));
        json_object_set_new(json, "d", json_null());
        assert_non_null(refusal(json, true));
        json_decref(json);
        jwk_release(&key);
    }
}

static void test_no_key_is_generated_for_none_and_for_secrets(void **state)
{
    struct jwk key = { 0 };

    (void)state;
    assert_false(jwk_generate(&arena, ALG_NONE, &key));
    assert_false(jwk_generate(&arena, ALG_HS256, &key));
    assert_false(jwk_generate(&arena, ALG_COUNT, &key));
    assert_null(key.key);
    jwk_release(&key);
}

static void test_good_pem_keys_are_read(void **state)
{
    json_t *vectors = read_vectors("jwk");
    const char *name;
    json_t *pem;

    (void)state;
    json_object_foreach(json_object_get(vectors, "pem"), name, pem)
    {
        struct jwk key = { 0 };
        const char *wrong = jwk_read_pem(&arena, json_slice(pem), &key);

        if (wrong != NULL)
            fail_msg("%s: %s", name, wrong);
        assert_int_equal(key.kty, name[0] == 'r' ? 'R' : name[0] == 'p' ? 'E' : 'O');
        assert_true(key.is_private);
        assert_true(slice_equal(key.kid, jwk_thumbprint(&arena, &key)));
        json_t *json = jwk_private(&key);

        assert_null(refusal(json, true));
        json_decref(json);
        jwk_release(&key);
    }
    json_decref(vectors);
}

static void test_the_algorithm_of_a_pem_key_is_that_of_its_kind(void **state)
{
    static const struct {
        const char *name;
        enum jws_alg alg;
    } expected[] = { { "rsa pkcs8", ALG_RS256 },
                     { "p256 pkcs8", ALG_ES256 },
                     { "p384 traditional", ALG_ES384 },
                     { "p521 pkcs8", ALG_ES512 },
                     { "ed25519 pkcs8", ALG_EDDSA } };
    json_t *vectors = read_vectors("jwk");

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct slice pem = json_member(json_object_get(vectors, "pem"), expected[i].name);
        struct jwk key = { 0 };

        assert_null(jwk_read_pem(&arena, pem, &key));
        assert_int_equal(key.alg, expected[i].alg);
        jwk_release(&key);
    }
    json_decref(vectors);
}

/* An encrypted one must not make OpenSSL ask on the terminal: the test would hang. */
static void test_other_pem_texts_are_refused(void **state)
{
    json_t *vectors = read_vectors("jwk");
    const char *name;
    json_t *pem;

    (void)state;
    json_object_foreach(json_object_get(vectors, "pem refused"), name, pem)
    {
        struct jwk key = { 0 };

        if (jwk_read_pem(&arena, json_slice(pem), &key) == NULL)
            fail_msg("%s was accepted", name);
        assert_null(key.key);
        assert_int_equal(ERR_peek_error(), 0);
    }
    char *big = arena_zalloc(&arena, JWK_PEM_MAX + 1);
    struct jwk key;

    assert_non_null(jwk_read_pem(&arena, slice_make(big, JWK_PEM_MAX + 1), &key));
    assert_non_null(jwk_read_pem(&arena, slice_none(), &key));
    json_decref(vectors);
}

static void test_nothing_can_be_released(void **state)
{
    struct jwk key = { 0 };
    struct jwk_set set = { 0 };

    (void)state;
    jwk_release(&key);
    jwk_set_release(&set);
    assert_null(key.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_algorithms_are_known_by_their_exact_names),
        TEST(test_none_is_no_algorithm_in_any_spelling),
        TEST(test_a_list_of_algorithms_is_a_set_without_the_unknown_ones),
        TEST(test_the_key_of_rfc_7638_has_its_thumbprint),
        TEST(test_the_key_of_rfc_8037_has_its_thumbprint),
        TEST(test_a_private_key_without_kid_is_named_by_its_thumbprint),
        TEST(test_encryption_keys_of_rfc_7517_are_left_out),
        TEST(test_a_certificate_in_a_key_is_not_looked_at),
        TEST(test_the_private_rsa_key_of_rfc_7517_reads_and_writes),
        TEST(test_one_private_member_makes_the_whole_set_an_error),
        TEST(test_what_is_no_set_is_an_error),
        TEST(test_keys_that_cannot_be_used_are_left_out),
        TEST(test_an_empty_set_is_a_set),
        TEST(test_of_a_hundred_thousand_keys_the_first_ones_are_read),
        TEST(test_an_oct_key_is_only_for_our_own_records),
        TEST(test_generated_keys_survive_their_json),
        TEST(test_the_public_form_has_only_public_members),
        TEST(test_coordinates_are_written_at_full_width),
        TEST(test_a_broken_private_record_is_refused),
        TEST(test_no_key_is_generated_for_none_and_for_secrets),
        TEST(test_good_pem_keys_are_read),
        TEST(test_the_algorithm_of_a_pem_key_is_that_of_its_kind),
        TEST(test_other_pem_texts_are_refused),
        TEST(test_nothing_can_be_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
