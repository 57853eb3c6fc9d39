#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/algorithm.h"
#include "crypto/ecdsa.h"
#include "crypto/jws.h"
#include "vectors.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/wait.h>

static const jws_algs every_alg = (1U << ALG_COUNT) - 2;
static const struct slice claims = SLICE("{\"sub\":\"1\"}");

/* One key of each kind of ours, made once: RSA takes its time. */
static struct arena keys_arena;
static struct jwk own[ALG_COUNT];

static int make_keys(void **state)
{
    static const struct slice secret = SLICE("a secret of sixty-four bytes, as HS512 wants it: "
                                             "0123456789abcde");

    (void)state;
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        own[alg] = jws_algorithm(alg)->kty == 'R' && alg != ALG_RS256 ? own[ALG_RS256]
                                                                      : jwk_secret(secret);
        if (own[alg].kty == 's' && jws_algorithm(alg)->kty != 's' &&
            !jwk_generate(&keys_arena, alg, &own[alg]))
            return -1;
        own[alg].alg = alg;
    }
    return 0;
}

static int free_keys(void **state)
{
    static const enum jws_alg owners[] = { ALG_RS256, ALG_ES256, ALG_ES384, ALG_ES512, ALG_EDDSA };

    (void)state;
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
        jwk_release(&own[owners[i]]);
    arena_release(&keys_arena);
    return 0;
}

static struct jws read_good(struct slice token)
{
    struct jws jws;
    const char *wrong = jws_read(&arena, token, &jws);

    if (wrong != NULL)
        fail_msg("%s: %.*s", wrong, SLICE_ARG(token));
    return jws;
}

static enum jws_verdict verify(struct slice token, struct jwk *key, jws_algs pinned)
{
    struct jws jws = read_good(token);
    struct jwk_set set = { key, 1 };
    enum jws_verdict verdict = jws_verify(&jws, &set, pinned);

    assert_int_equal(ERR_peek_error(), 0); /* TLS would stumble over it */
    return verdict;
}

static void test_the_published_and_foreign_vectors_verify(void **state)
{
    json_t *vectors = read_vectors("jws");
    const json_t *vector;
    size_t i;

    (void)state;
    json_array_foreach(vectors, i, vector)
    {
        struct jwk key = { 0 };
        const char *wrong = jwk_read(&arena, json_object_get(vector, "key"), true, &key);
        struct jws jws = read_good(json_member(vector, "token"));

        if (wrong != NULL)
            fail_msg("%s: %s", json_member(vector, "from").at, wrong);
        assert_int_equal(verify(json_member(vector, "token"), &key, 1U << jws.alg), JWS_GOOD);
        assert_int_equal(verify(json_member(vector, "token"), &key, every_alg ^ 1U << jws.alg),
                         JWS_BAD_ALGORITHM);
        jwk_release(&key);
    }
    assert_true(i >= 26);
    json_decref(vectors);
}

/* Every vector, with each byte of its signature and some of its payload changed. */
static void test_changed_vectors_do_not_verify(void **state)
{
    json_t *vectors = read_vectors("jws");
    const json_t *vector;
    size_t i;

    (void)state;
    json_array_foreach(vectors, i, vector)
    {
        struct jwk key = { 0 };
        struct jws jws = read_good(json_member(vector, "token"));
        struct jwk_set set = { &key, 1 };

        assert_null(jwk_read(&arena, json_object_get(vector, "key"), true, &key));
        char *bytes = arena_string(&arena, jws.signature);

        jws.signature.at = bytes;
        for (size_t at = 0; at < jws.signature.len; at += 7) {
            bytes[at] ^= 1;
            assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
            assert_int_equal(ERR_peek_error(), 0);
            bytes[at] ^= 1;
        }
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
        char *text = arena_string(&arena, jws.signed_part);

        jws.signed_part.at = text;
        text[jws.signed_part.len - 1] ^= 1;
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
        jwk_release(&key);
    }
    json_decref(vectors);
}

static void test_each_algorithm_signs_what_it_verifies(void **state)
{
    (void)state;
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        for (int again = 0; again < 3; again++) { /* with the kept contexts too */
            struct slice token = jws_sign(&arena, &own[alg], "JWT", claims);
            struct jws jws = read_good(token);

            assert_int_equal(jws.alg, alg);
            assert_slice(jws.typ, "JWT");
            assert_true(slice_equal(jws.payload, claims));
            assert_true(slice_equal(jws.kid, own[alg].kid));
            assert_int_equal(verify(token, &own[alg], 1U << alg), JWS_GOOD);
        }
    }
}

static void test_what_the_private_key_signs_its_public_key_verifies(void **state)
{
    (void)state;
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_HS256; alg++) {
        json_t *json = jwk_public(&own[alg]);
        struct jwk public = { 0 };

        assert_null(jwk_read(&arena, json, false, &public));
        struct slice token = jws_sign(&arena, &own[alg], NULL, claims);

        assert_int_equal(verify(token, &public, 1U << alg), JWS_GOOD);
        assert_false(slice_is_set(jws_sign(&arena, &public, NULL, claims))); /* cannot sign */
        assert_int_equal(ERR_peek_error(), 0);
        jwk_release(&public);
        json_decref(json);
    }
}

static void test_the_header_has_alg_kid_and_typ_in_this_order(void **state)
{
    struct jwk key = jwk_secret(SL("secret"));
    struct slice token = jws_sign(&arena, &key, "at+jwt", claims);
    struct slice header;
    struct slice rest;

    (void)state;
    slice_cut(token, '.', &header, &rest);
    assert_slice(from_base64url(arena_string(&arena, header)),
                 "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}");
    assert_slice(read_good(token).header, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}");
    key.kid = SL("a \"kid\"");
    token = jws_sign(&arena, &key, NULL, claims);
    slice_cut(token, '.', &header, &rest);
    assert_slice(from_base64url(arena_string(&arena, header)),
                 "{\"alg\":\"HS256\",\"kid\":\"a \\\"kid\\\"\"}");
}

/* H01-H03, F07, F12 and H14 of the attack catalogue. */

static void test_an_unknown_algorithm_reads_but_never_verifies(void **state)
{
    static const char *const names[] = { "none", "None",   "nOnE",   "NONE", "",
                                         "RS1",  "ES256K", "HS256 ", "hs256" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct jws jws = read_good(arena_printf(
            &arena, "%s.e30.AA",
            base64url_encode(&arena, arena_printf(&arena, "{\"alg\":\"%s\"}", names[i])).at));
        struct jwk_set set = { &own[ALG_HS256], 1 };

        assert_int_equal(jws.alg, ALG_NONE);
        assert_slice(jws.alg_name, names[i]);
        assert_int_equal(jws_verify(&jws, &set, every_alg | 1), JWS_BAD_ALGORITHM);
    }
}

/* A token signed with HMAC by these bytes, naming `key`. */
static struct slice confused(struct slice bytes, const struct jwk *key)
{
    struct jwk secret = jwk_secret(bytes);

    secret.kid = key->kid;
    return jws_sign(&arena, &secret, "JWT", claims);
}

static void test_a_public_key_is_never_an_hmac_secret(void **state)
{
    static const enum jws_alg algs[] = { ALG_RS256, ALG_ES256, ALG_EDDSA };

    (void)state;
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        struct jwk *key = &own[algs[i]];
        json_t *json = jwk_public(key);
        const char *member = algs[i] == ALG_RS256 ? "n" : "x";
        unsigned char *der = NULL;
        int len = i2d_PUBKEY(key->key, &der);
        struct slice n = json_member(json, member);
        char *text = json_dumps(json, JSON_COMPACT);
        struct slice pem =
            arena_printf(&arena, "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
                         base64_encode(&arena, slice_make((char *)der, (size_t)len)).at);
        struct slice attacks[] = {
            n,       from_base64url(n.at), slice_make((char *)der, (size_t)len),
            pem,     slice_of(text),       SL(""),
            SL("\0")
        };

        for (size_t j = 0; j < sizeof(attacks) / sizeof(attacks[0]); j++) {
            if (attacks[j].len == 0)
                continue;
            struct slice token = confused(attacks[j], key);

            assert_int_equal(verify(token, key, every_alg), JWS_BAD_ALGORITHM);
            assert_int_equal(verify(token, key, 1U << algs[i]), JWS_BAD_ALGORITHM);
        }
        OPENSSL_free(der);
        free(text);
        json_decref(json);
    }
}

static void test_an_empty_secret_signs_and_verifies_nothing(void **state)
{
    struct jwk empty = jwk_secret(SL(""));
    struct jwk one = jwk_secret(SL("x"));
    struct slice token = jws_sign(&arena, &one, NULL, claims);

    (void)state;
    assert_false(slice_is_set(jws_sign(&arena, &empty, NULL, claims)));
    assert_int_equal(verify(token, &empty, every_alg), JWS_BAD_SIGNATURE);
    assert_int_equal(verify(token, &one, every_alg), JWS_GOOD);
    /* {"alg":"HS256"}.{} under an empty key, as python's hmac computes it */
    assert_int_equal(
        verify(SL("eyJhbGciOiJIUzI1NiJ9.e30.4E_Bsx-pJi3kOW9wVXN8CgbATwP09D9V5gxh9-9zSZ0"), &empty,
               every_alg),
        JWS_BAD_SIGNATURE);
}

static void test_an_algorithm_that_is_not_pinned_is_refused(void **state)
{
    (void)state;
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        struct slice token = jws_sign(&arena, &own[alg], NULL, claims);

        assert_int_equal(verify(token, &own[alg], every_alg ^ 1U << alg), JWS_BAD_ALGORITHM);
        assert_int_equal(verify(token, &own[alg], 0), JWS_BAD_ALGORITHM);
    }
}

static void test_a_key_is_only_used_for_its_own_algorithm(void **state)
{
    struct jwk ps256 = own[ALG_PS256];
    struct slice token = jws_sign(&arena, &own[ALG_RS256], NULL, claims);

    (void)state;
    assert_int_equal(verify(token, &ps256, every_alg), JWS_BAD_ALGORITHM);
    ps256.alg = ALG_NONE; /* a set that does not say: either will do */
    assert_int_equal(verify(token, &ps256, every_alg), JWS_GOOD);
    assert_int_equal(verify(jws_sign(&arena, &own[ALG_PS384], NULL, claims), &ps256, every_alg),
                     JWS_GOOD);
    /* H16: a P-384 key where the token says ES256 */
    struct jwk p384 = own[ALG_ES384];

    p384.kid = own[ALG_ES256].kid;
    token = jws_sign(&arena, &own[ALG_ES256], NULL, claims);
    assert_int_equal(verify(token, &p384, every_alg), JWS_BAD_ALGORITHM);
}

static void test_another_key_of_the_same_kind_does_not_verify(void **state)
{
    static const enum jws_alg algs[] = { ALG_ES256, ALG_EDDSA, ALG_ES512 };

    (void)state;
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        struct jwk other;

        assert_true(jwk_generate(&arena, algs[i], &other));
        other.kid = own[algs[i]].kid;
        assert_int_equal(verify(jws_sign(&arena, &own[algs[i]], NULL, claims), &other, every_alg),
                         JWS_BAD_SIGNATURE);
        jwk_release(&other);
    }
}

static void test_the_kid_names_the_key(void **state)
{
    struct jwk keys[2] = { own[ALG_ES256], own[ALG_EDDSA] };
    struct jwk_set set = { keys, 2 };
    struct jws jws = read_good(jws_sign(&arena, &own[ALG_ES256], NULL, claims));

    (void)state;
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
    jws.kid = SL("../../etc/passwd");
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_UNKNOWN_KEY);
    jws.kid = SL("");
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_UNKNOWN_KEY);
    jws.kid = keys[1].kid;
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_ALGORITHM);
    jws.kid = slice_sub(keys[0].kid, 0, keys[0].kid.len - 1);
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_UNKNOWN_KEY);
    set.count = 0;
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_UNKNOWN_KEY);
}

static void test_a_key_without_kid_is_not_used_for_a_token_with_one(void **state)
{
    struct jwk nameless = own[ALG_ES256];
    struct slice token = jws_sign(&arena, &own[ALG_ES256], NULL, claims);

    (void)state;
    nameless.kid = slice_none();
    assert_int_equal(verify(token, &nameless, every_alg), JWS_UNKNOWN_KEY);
    token = jws_sign(&arena, &nameless, NULL, claims);
    assert_int_equal(verify(token, &nameless, every_alg), JWS_GOOD);
    assert_int_equal(verify(token, &own[ALG_ES256], every_alg), JWS_GOOD);
}

static void test_a_secret_stands_for_every_kid(void **state)
{
    struct jwk named = jwk_secret(SL("shared secret"));
    struct jwk nameless = jwk_secret(SL("shared secret"));

    (void)state;
    named.kid = SL("what the client calls it");
    assert_int_equal(verify(jws_sign(&arena, &named, NULL, claims), &nameless, every_alg),
                     JWS_GOOD);
}

static void test_without_kid_at_most_four_keys_are_tried(void **state)
{
    struct jwk keys[6];
    struct jwk_set set = { keys, 6 };

    (void)state;
    for (size_t i = 0; i < 6; i++)
        assert_true(jwk_generate(&arena, ALG_EDDSA, &keys[i]));
    for (size_t i = 0; i < 6; i++) {
        struct jwk nameless = keys[i];

        nameless.kid = slice_none();
        struct jws jws = read_good(jws_sign(&arena, &nameless, NULL, claims));

        assert_int_equal(jws_verify(&jws, &set, every_alg), i < 4 ? JWS_GOOD : JWS_BAD_SIGNATURE);
    }
    /* Keys of other kinds do not count. */
    struct jwk mixed[6] = { own[ALG_RS256], own[ALG_ES256], own[ALG_ES384],
                            own[ALG_ES512], own[ALG_HS256], keys[0] };
    struct jwk nameless = keys[0];

    nameless.kid = slice_none();
    struct jws jws = read_good(jws_sign(&arena, &nameless, NULL, claims));

    set = (struct jwk_set){ mixed, 6 };
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
    for (size_t i = 0; i < 6; i++)
        jwk_release(&keys[i]);
}

static void test_without_kid_and_fitting_key_the_key_is_unknown(void **state)
{
    struct jwk nameless = own[ALG_ES256];

    (void)state;
    nameless.kid = slice_none();
    assert_int_equal(verify(jws_sign(&arena, &nameless, NULL, claims), &own[ALG_EDDSA], every_alg),
                     JWS_UNKNOWN_KEY);
}

/* CVE-2018-0114: the attacker's own key in the header. */
static void test_keys_in_the_header_are_not_used(void **state)
{
    struct jwk evil;

    (void)state;
    assert_true(jwk_generate(&arena, ALG_ES256, &evil));
    json_t *json = jwk_public(&evil);
    char *text = json_dumps(json, JSON_COMPACT);
    struct slice head = arena_printf(&arena,
                                     "{\"alg\":\"ES256\",\"jwk\":%s,\"jku\":\"https://evil.test/\","
                                     "\"x5u\":\"https://evil.test/\",\"x5c\":[\"AA\"]}",
                                     text);
    struct slice evils = jws_sign(&arena, &evil, NULL, claims);
    struct slice tail = slice_from(evils, slice_find(evils, '.'));
    struct slice token = arena_join(&arena, base64url_encode(&arena, head), tail);

    assert_int_equal(verify(token, &own[ALG_ES256], every_alg), JWS_BAD_SIGNATURE);
    free(text);
    json_decref(json);
    jwk_release(&evil);
}

/* H16. */

static const char order_p256[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char zero_256[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char one_256[] = "0000000000000000000000000000000000000000000000000000000000000001";

static void assert_bad_es256(struct slice r, struct slice s)
{
    struct slice token = jws_sign(&arena, &own[ALG_ES256], NULL, claims);
    struct jws jws = read_good(token);
    struct jwk_set set = { &own[ALG_ES256], 1 };

    jws.signature = arena_join(&arena, r, s);
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_zero_and_too_large_numbers_are_no_signature(void **state)
{
    struct slice good = read_good(jws_sign(&arena, &own[ALG_ES256], NULL, claims)).signature;
    struct slice r = slice_sub(good, 0, 32);
    struct slice s = slice_from(good, 32);
    struct slice zero = from_hex(zero_256);
    struct slice order = from_hex(order_p256);

    (void)state;
    assert_bad_es256(zero, zero);
    assert_bad_es256(zero, s);
    assert_bad_es256(r, zero);
    assert_bad_es256(order, order);
    assert_bad_es256(order, s);
    assert_bad_es256(r, order);
    assert_bad_es256(zero, order);
    assert_bad_es256(from_hex(one_256), from_hex(one_256));
}

static void test_a_signature_has_exactly_its_length(void **state)
{
    struct slice good = read_good(jws_sign(&arena, &own[ALG_ES256], NULL, claims)).signature;
    unsigned char der[ECDSA_DER_MAX];
    size_t len = ecdsa_to_der(good, 32, der);

    (void)state;
    assert_true(len > 64);
    assert_bad_es256(slice_make((char *)der, len), SL(""));
    assert_bad_es256(good, SL("\0"));
    assert_bad_es256(SL("\0"), good);
    assert_bad_es256(slice_sub(good, 0, 63), SL(""));
    assert_bad_es256(good, good);
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        struct jws jws = read_good(jws_sign(&arena, &own[alg], NULL, claims));
        struct jwk_set set = { &own[alg], 1 };
        struct slice whole = jws.signature;

        jws.signature = slice_sub(whole, 0, whole.len - 1);
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
        jws.signature = slice_from(whole, 1);
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
        jws.signature = arena_join(&arena, whole, SL("\0"));
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
        jws.signature = whole;
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
    }
}

/* One signature in 256 begins with a zero byte, and OpenSSL does not miss it. */
static void test_an_rsa_signature_keeps_its_leading_zero(void **state)
{
    static const enum jws_alg algs[] = { ALG_PS256, ALG_RS256 };
    struct jwk_set set = { NULL, 1 };

    (void)state;
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        struct jws jws;

        set.keys = &own[algs[i]];
        for (int tries = 0; tries < 10000; tries++) {
            /* PKCS #1 v1.5 has no salt: the text must differ. */
            struct slice text = arena_printf(&arena, "{\"n\":%d}", tries);

            jws = read_good(jws_sign(&arena, &own[algs[i]], NULL, text));
            if (jws.signature.at[0] == 0)
                break;
        }
        assert_int_equal(jws.signature.at[0], 0);
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
        jws.signature = slice_from(jws.signature, 1);
        assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
    }
}

/* s and s + L are the same to sloppy arithmetic (RFC 8032, 5.1.7). */
static void test_an_ed25519_signature_has_one_spelling(void **state)
{
    static const unsigned char order[] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                           0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                           0,    0,    0,    0,    0,    0,    0,    0,
                                           0,    0,    0,    0,    0,    0,    0,    0x10 };
    struct jws jws = read_good(jws_sign(&arena, &own[ALG_EDDSA], NULL, claims));
    struct jwk_set set = { &own[ALG_EDDSA], 1 };
    char *bytes = arena_string(&arena, jws.signature);
    unsigned carry = 0;

    (void)state;
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_GOOD);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned char)bytes[32 + i] + (unsigned)order[i];
        bytes[32 + i] = (char)carry;
        carry >>= 8;
    }
    jws.signature.at = bytes;
    assert_int_equal(jws_verify(&jws, &set, every_alg), JWS_BAD_SIGNATURE);
}

/* The salt must be as long as the hash (RFC 7518, 3.5), and PS256 is not RS256. */
static void test_paddings_are_not_exchanged(void **state)
{
    struct jws rs = read_good(jws_sign(&arena, &own[ALG_RS256], NULL, claims));
    struct jws ps = read_good(jws_sign(&arena, &own[ALG_PS256], NULL, claims));
    struct jwk any = own[ALG_RS256];
    struct jwk_set set = { &any, 1 };

    (void)state;
    any.alg = ALG_NONE;
    rs.alg = ALG_PS256;
    ps.alg = ALG_RS256;
    assert_int_equal(jws_verify(&rs, &set, every_alg), JWS_BAD_SIGNATURE);
    assert_int_equal(jws_verify(&ps, &set, every_alg), JWS_BAD_SIGNATURE);
    ps.alg = ALG_PS384;
    assert_int_equal(jws_verify(&ps, &set, every_alg), JWS_BAD_SIGNATURE);
}

/* A nonce used twice gives the private key away, and the kept contexts go over into both children.
 */
static void test_two_children_sign_with_different_nonces(void **state)
{
    char tokens[2][512] = { "", "" };
    int pipes[2];

    (void)state;
    jws_sign(&arena, &own[ALG_ES256], NULL, claims);
    assert_int_equal(pipe(pipes), 0);
    for (size_t i = 0; i < 2; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
            struct slice token = jws_sign(&arena, &own[ALG_ES256], NULL, claims);

            _exit(write(pipes[1], token.at, token.len) == (ssize_t)token.len ? 0 : 1);
        }
        assert_true(read(pipes[0], tokens[i], sizeof(tokens[i]) - 1) > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(verify(slice_of(tokens[i]), &own[ALG_ES256], every_alg), JWS_GOOD);
    }
    assert_memory_not_equal(read_good(slice_of(tokens[0])).signature.at,
                            read_good(slice_of(tokens[1])).signature.at, 32);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_a_token_too_long_to_be_read_is_not_written(void **state)
{
    char *big = arena_zalloc(&arena, JWS_MAX);
    struct jwk key = jwk_secret(SL("secret"));
    struct slice token;

    (void)state;
    assert_false(slice_is_set(jws_sign(&arena, &key, "JWT", slice_make(big, JWS_MAX))));
    token = jws_sign(&arena, &key, "JWT", slice_make(big, 12200));
    assert_true(slice_is_set(token) && token.len <= JWS_MAX);
    assert_int_equal(verify(token, &key, every_alg), JWS_GOOD);
    for (size_t len = 12210; len < 12300; len++) {
        token = jws_sign(&arena, &key, "JWT", slice_make(big, len));
        assert_true(token.len <= JWS_MAX);
    }
}

static void test_a_header_has_the_members_that_a_caller_gives(void **state)
{
    struct jwk key = jwk_secret(SL("secret"));
    json_t *members = from_json("{\"kid\":\"other\",\"x5t#S256\":\"hash\",\"typ\":\"JWT\"}");

    (void)state;
    key.kid = SL("own");
    struct slice token = jws_sign_with(&arena, &key, members, claims);

    assert_slice(read_good(token).header,
                 "{\"alg\":\"HS256\",\"kid\":\"other\",\"x5t#S256\":\"hash\",\"typ\":\"JWT\"}");
    key.kid = slice_none();
    assert_int_equal(verify(token, &key, every_alg), JWS_GOOD);
    json_decref(members);
}

static void test_a_caller_does_not_say_by_which_algorithm_a_token_is_signed(void **state)
{
    static const char *const refused[] = { "{\"alg\":\"none\"}", "{\"crit\":[]}",
                                           "{\"b64\":false}" };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        json_t *members = from_json(refused[i]);

        assert_false(slice_is_set(jws_sign_with(&arena, &own[ALG_HS256], members, claims)));
        json_decref(members);
    }
}

static void test_a_key_of_no_algorithm_cannot_sign(void **state)
{
    struct jwk key = own[ALG_ES256];

    (void)state;
    key.alg = ALG_NONE;
    assert_false(slice_is_set(jws_sign(&arena, &key, NULL, claims)));
    key.alg = ALG_RS256;
    assert_false(slice_is_set(jws_sign(&arena, &key, NULL, claims)));
    key.alg = ALG_HS256;
    assert_false(slice_is_set(jws_sign(&arena, &key, NULL, claims)));
}

/* OIDC Core, A.3 and A.4: at_hash; A.4: c_hash. The others as python's hashlib has them. */
static void test_half_hashes_follow_the_algorithm(void **state)
{
    struct slice token = SL("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");

    (void)state;
    assert_slice(jws_half_hash(&arena, ALG_RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_slice(jws_half_hash(&arena, ALG_RS256,
                               SL("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk")),
                 "LDktKdoQak3Pk0cnXxCltA");
    assert_slice(jws_half_hash(&arena, ALG_ES256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_slice(jws_half_hash(&arena, ALG_PS384, token), "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs");
    assert_slice(jws_half_hash(&arena, ALG_ES512, token),
                 "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM");
    assert_slice(jws_half_hash(&arena, ALG_EDDSA, token),
                 "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM");
    assert_false(slice_is_set(jws_half_hash(&arena, ALG_NONE, token)));
}

static void test_every_verdict_has_a_sentence(void **state)
{
    (void)state;
    for (enum jws_verdict verdict = JWS_GOOD; verdict <= JWS_BAD_SIGNATURE; verdict++)
        assert_true(strlen(jws_verdict_text(verdict)) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_published_and_foreign_vectors_verify),
        TEST(test_changed_vectors_do_not_verify),
        TEST(test_each_algorithm_signs_what_it_verifies),
        TEST(test_what_the_private_key_signs_its_public_key_verifies),
        TEST(test_the_header_has_alg_kid_and_typ_in_this_order),
        TEST(test_an_unknown_algorithm_reads_but_never_verifies),
        TEST(test_a_public_key_is_never_an_hmac_secret),
        TEST(test_an_empty_secret_signs_and_verifies_nothing),
        TEST(test_an_algorithm_that_is_not_pinned_is_refused),
        TEST(test_a_key_is_only_used_for_its_own_algorithm),
        TEST(test_another_key_of_the_same_kind_does_not_verify),
        TEST(test_the_kid_names_the_key),
        TEST(test_a_key_without_kid_is_not_used_for_a_token_with_one),
        TEST(test_a_secret_stands_for_every_kid),
        TEST(test_without_kid_at_most_four_keys_are_tried),
        TEST(test_without_kid_and_fitting_key_the_key_is_unknown),
        TEST(test_keys_in_the_header_are_not_used),
        TEST(test_zero_and_too_large_numbers_are_no_signature),
        TEST(test_a_signature_has_exactly_its_length),
        TEST(test_an_rsa_signature_keeps_its_leading_zero),
        TEST(test_an_ed25519_signature_has_one_spelling),
        TEST(test_paddings_are_not_exchanged),
        TEST(test_two_children_sign_with_different_nonces),
        TEST(test_a_token_too_long_to_be_read_is_not_written),
        TEST(test_a_header_has_the_members_that_a_caller_gives),
        TEST(test_a_caller_does_not_say_by_which_algorithm_a_token_is_signed),
        TEST(test_a_key_of_no_algorithm_cannot_sign),
        TEST(test_half_hashes_follow_the_algorithm),
        TEST(test_every_verdict_has_a_sentence),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
