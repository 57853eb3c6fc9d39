#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
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

static void assert_refused(const char *text, const char *reason)
{
    json_t *json = from_json(text);
    const char *wrong = refusal(json, false);

    if (wrong == NULL || strstr(wrong, reason) == NULL)
        fail_msg("%s: %s, not %s", text, wrong != NULL ? wrong : "accepted", reason);
    json_decref(json);
}

static struct jwk read_good(const json_t *json, bool private_allowed)
{
    struct jwk key = { 0 };
    const char *wrong = jwk_read(&arena, json, private_allowed, &key);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    return key;
}

/* H17 of the attack catalogue. */

/* A modulus of so many bits whose last byte is `last`. */
static const char *rsa_key(int bits, unsigned char last, const char *exponent)
{
    unsigned char modulus[2048];
    size_t len = (size_t)(bits + 7) / 8;

    random_bytes(modulus, len);
    modulus[0] = (unsigned char)((modulus[0] | 0x80) >> (7 - (bits - 1) % 8));
    modulus[len - 1] = last;
    return arena_printf(&arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}",
                        base64url_encode(&arena, slice_make((char *)modulus, len)).at, exponent)
        .at;
}

static void test_rsa_moduli_outside_2048_to_8192_bits_are_refused(void **state)
{
    static const int few[] = { 8, 512, 1024, 2040, 2047 };

    (void)state;
    for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++)
        assert_refused(rsa_key(few[i], 0xff, "AQAB"), "less than 2048 bits");
    assert_refused(rsa_key(8193, 0xff, "AQAB"), "more than 8192 bits");
    assert_refused(rsa_key(16384, 0xff, "AQAB"), "too long");
    for (int bits = 2048; bits <= 8192; bits *= 2) {
        json_t *json = from_json(rsa_key(bits, 0xff, "AQAB"));

        assert_null(refusal(json, false));
        json_decref(json);
    }
}

static void test_an_even_rsa_modulus_is_refused(void **state)
{
    (void)state;
    assert_refused(rsa_key(2048, 0xfe, "AQAB"), "even RSA modulus");
}

static void test_rsa_exponents_out_of_range_are_refused(void **state)
{
    static const char *const wrong[] = { "AQ",  "Aw",      "EQ",      "_w",      "AQAA",
                                         "__8", "AQAAAAA", "AgAAAAE", "AQAAAAAB" };
    static const char *const good[] = { "AQAB", "AQAAAAE", "Af____8", "AAEAAQ" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(rsa_key(2048, 0xff, wrong[i]), "RSA exponent");
    assert_refused(rsa_key(2048, 0xff, ""), "lacks a member");
    assert_refused(rsa_key(2048, 0xff, "AA"), "lacks a member");
    /* 2048 bits of exponent: as slow as signing for whoever verifies. */
    const char *key = rsa_key(2048, 0xff, "AQAB");
    struct slice n = slice_sub(slice_of(strstr(key, "\"n\":\"") + 5), 0, 342);

    assert_refused(rsa_key(2048, 0xff, arena_string(&arena, n)), "RSA exponent");
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        json_t *json = from_json(rsa_key(2048, 0xff, good[i]));

        assert_null(refusal(json, false));
        json_decref(json);
    }
}

static void test_a_modulus_that_is_not_strict_base64url_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"kty\":\"RSA\",\"n\":\"AQAB=\",\"e\":\"AQAB\"}", "no number");
    assert_refused("{\"kty\":\"RSA\",\"n\":\"+/+/\",\"e\":\"AQAB\"}", "no number");
    assert_refused("{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}", "lacks");
    assert_refused("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "lacks");
}

static void test_bad_keys_are_refused_in_less_than_20_ms(void **state)
{
    const char *const keys[] = { rsa_key(16384, 0xff, "AQAB"), rsa_key(8192, 0xfe, "AQAB"),
                                 rsa_key(8193, 0xff, "AQAB"), rsa_key(512, 0xff, "Aw") };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_t *json = from_json(keys[i]);
        clock_t began = clock(); /* of this process: the machine may be busy */

        assert_non_null(refusal(json, false));
        assert_true(clock() - began < CLOCKS_PER_SEC / 1000000 * 20000);
        json_decref(json);
    }
}

/* H18. */

#define X256 "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define Y256 "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"

static const char *ec_key(const char *curve, const char *x, const char *y)
{
    return arena_printf(&arena, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", curve,
                        x, y)
        .at;
}

static void test_a_point_on_its_curve_is_accepted(void **state)
{
    json_t *json = from_json(ec_key("P-256", X256, Y256));
    struct jwk key = read_good(json, false);

    (void)state;
    assert_int_equal(key.alg, ALG_ES256);
    assert_slice(jwk_thumbprint(&arena, &key), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    jwk_release(&key);
    json_decref(json);
}

static void test_points_off_the_curve_are_refused(void **state)
{
    static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    (void)state;
    assert_refused(ec_key("P-256", Y256, X256), "crypto library");
    assert_refused(ec_key("P-256", X256, X256), "crypto library");
    assert_refused(ec_key("P-256", zero, zero), "crypto library");
}

/* x + p is the same point to sloppy arithmetic: here x = 5, whose y is on the curve. */
static void test_coordinates_not_below_p_are_refused(void **state)
{
    static const char p_plus_5[] =
        "ffffffff00000001000000000000000000000001000000000000000000000004";
    static const char five[] = "0000000000000000000000000000000000000000000000000000000000000005";
    static const char y[] = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    struct slice wide = base64url_encode(&arena, from_hex(p_plus_5));
    struct slice small = base64url_encode(&arena, from_hex(five));
    struct slice both = base64url_encode(&arena, from_hex(y));
    json_t *json = from_json(ec_key("P-256", small.at, both.at));

    (void)state;
    assert_null(refusal(json, false));
    assert_refused(ec_key("P-256", wide.at, both.at), "crypto library");
    json_decref(json);
}

static void test_coordinates_of_another_length_are_refused(void **state)
{
    (void)state;
    assert_refused(ec_key("P-256", X256, "AQ"), "length");
    assert_refused(ec_key("P-256", X256 "AA", Y256), "length");
    assert_refused(ec_key("P-384", X256, Y256), "length");
    assert_refused(ec_key("P-521", X256, Y256), "length");
    assert_refused(ec_key("P-256", "", ""), "length");
    assert_refused("{\"kty\":\"EC\",\"crv\":\"P-256\"}", "length");
}

static void test_other_curves_are_refused(void **state)
{
    static const char *const curves[] = { "secp256k1", "P-224",   "p-256", "prime256v1",
                                          "",          "Ed25519", "BP-256" };

    (void)state;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        assert_refused(ec_key(curves[i], X256, Y256), "curve");
    assert_refused("{\"kty\":\"EC\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}", "curve");
}

static const char *okp_key(const char *curve, const char *hex)
{
    return arena_printf(&arena, "{\"kty\":\"OKP\",\"crv\":\"%s\",\"x\":\"%s\"}", curve,
                        base64url_encode(&arena, from_hex(hex)).at)
        .at;
}

static void test_ed25519_keys_have_32_canonical_bytes(void **state)
{
    (void)state;
    /* p, p + 1 and 2^255 - 1 are 0, 1 and 18 to sloppy arithmetic; with either sign. */
    assert_refused(
        okp_key("Ed25519", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        "canonical");
    assert_refused(
        okp_key("Ed25519", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
        "canonical");
    assert_refused(
        okp_key("Ed25519", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        "canonical");
    assert_refused(okp_key("Ed25519", "d75a980182b10ab7d54bfed3c964073a"), "length");
    assert_refused(
        okp_key("X25519", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        "curve");
    assert_refused(okp_key("Ed448", "d75a980182b10ab7d54bfed3c964073a"), "curve");
    json_t *json = from_json(
        okp_key("Ed25519", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));

    assert_null(refusal(json, false)); /* p - 1: canonical */
    json_decref(json);
    json = from_json(
        okp_key("Ed25519", "ffffffffffffffffffffffffffff00ffffffffffffffffffffffffffffffff7f"));
    assert_null(refusal(json, false)); /* below p in a byte further down */
    json_decref(json);
}

static void test_keys_for_other_purposes_are_refused(void **state)
{
    static const char form[] =
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\",%s}";
    static const struct {
        const char *member;
        const char *reason;
    } wrong[] = {
        { "\"use\":\"enc\"", "not for signatures" },
        { "\"use\":\"SIG\"", "not for signatures" },
        { "\"use\":[\"sig\"]", "not for signatures" },
        { "\"key_ops\":[\"deriveBits\"]", "not for signing" },
        { "\"key_ops\":\"verify\"", "not for signing" },
        { "\"alg\":\"ECDH-ES\"", "algorithm" },
        { "\"alg\":\"ES384\"", "algorithm" },
        { "\"alg\":\"RS256\"", "algorithm" },
        { "\"alg\":\"HS256\"", "algorithm" },
        { "\"alg\":\"none\"", "algorithm" },
        { "\"alg\":7", "algorithm" },
        { "\"kid\":7", "kid" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(arena_printf(&arena, form, wrong[i].member).at, wrong[i].reason);
    char kid[JWK_KID_MAX + 2];

    memset(kid, 'k', sizeof(kid) - 1);
    kid[sizeof(kid) - 1] = '\0';
    assert_refused(arena_printf(&arena, form, arena_printf(&arena, "\"kid\":\"%s\"", kid).at).at,
                   "kid");
    json_t *json = from_json(
        arena_printf(&arena, form, arena_printf(&arena, "\"kid\":\"%s\"", kid + 1).at).at);

    assert_null(refusal(json, false));
    json_decref(json);
}

static void test_a_kid_may_be_any_text(void **state)
{
    json_t *json = from_json(ec_key("P-256", X256, Y256));

    (void)state;
    json_object_set_new(json, "kid", json_string("../../etc/passwd\"'"));
    struct jwk key = read_good(json, false);

    json_decref(json); /* the key has its own copy */
    assert_slice(key.kid, "../../etc/passwd\"'");
    jwk_release(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rsa_moduli_outside_2048_to_8192_bits_are_refused),
        TEST(test_an_even_rsa_modulus_is_refused),
        TEST(test_rsa_exponents_out_of_range_are_refused),
        TEST(test_a_modulus_that_is_not_strict_base64url_is_refused),
        TEST(test_bad_keys_are_refused_in_less_than_20_ms),
        TEST(test_a_point_on_its_curve_is_accepted),
        TEST(test_points_off_the_curve_are_refused),
        TEST(test_coordinates_not_below_p_are_refused),
        TEST(test_coordinates_of_another_length_are_refused),
        TEST(test_other_curves_are_refused),
        TEST(test_ed25519_keys_have_32_canonical_bytes),
        TEST(test_keys_for_other_purposes_are_refused),
        TEST(test_a_kid_may_be_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
