#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/oauth1.h"

/* "a=1&b=2", decoded as a form. */
static const struct params *params_of(const char *text)
{
    struct params *params = arena_new(&arena, struct params);

    assert_null(params_read(&arena, slice_of(text), params));
    return params;
}

static struct slice base_of(const char *method, const char *url, const char *form,
                            const char *protocol)
{
    struct oauth1_request request = { slice_of(method), slice_of(url),
                                      form != NULL ? params_of(form) : NULL };

    return oauth1_base_string(&arena, &request, params_of(protocol));
}

/* RFC 5849, 3.4.1.1 */
static void test_the_base_string_is_that_of_the_rfc(void **state)
{
    (void)state;
    assert_slice(base_of("POST", "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
                         "c2&a3=2+q",
                         "realm-of-nobody=&oauth_consumer_key=9djdj82h48djs9d2&"
                         "oauth_token=kkk9d7dh3k39sjv7&oauth_signature_method=HMAC-SHA1&"
                         "oauth_timestamp=137131201&oauth_nonce=7d8f3e4a&oauth_signature=x"),
                 "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26"
                 "b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26"
                 "oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
                 "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7%26"
                 "realm-of-nobody%3D");
}

/* RFC 5849, 3.4.1.2 */
static void test_the_base_uri_has_lower_case_and_no_default_port(void **state)
{
    static const char *const pairs[][2] = {
        { "http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X" },
        { "https://www.example.net:8080/?q=1", "https://www.example.net:8080/" },
        { "HTTPS://Example.com:443", "https://example.com/" },
        { "https://example.com:80/", "https://example.com:80/" },
        { "https://example.com/a?b#c", "https://example.com/a" },
        { "https://example.com/a#c?d", "https://example.com/a" },
        { "https://example.com?x=1", "https://example.com/" },
        { "https://[::1]:443/a", "https://[::1]/a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_slice(oauth1_base_uri(&arena, slice_of(pairs[i][0])), pairs[i][1]);
    assert_false(slice_is_set(oauth1_base_uri(&arena, SL("ftp://example.com/"))));
    assert_false(slice_is_set(oauth1_base_uri(&arena, SL("/path"))));
    assert_false(slice_is_set(oauth1_base_uri(&arena, slice_none())));
}

static void test_parameters_are_sorted_by_their_encoded_bytes(void **state)
{
    (void)state;
    assert_slice(
        base_of("get", "https://h.example/?b=2&a=%C3%A4&a=~&A=1&a=%20&a-=0&b=10", NULL, "a=%2B"),
        "GET&https%3A%2F%2Fh.example%2F&A%3D1%26a%3D%2520%26a%3D%252B%26a%3D%25C3%25A4%26"
        "a%3D~%26a-%3D0%26b%3D10%26b%3D2");
}

static void test_a_request_without_parameters_has_an_empty_third_part(void **state)
{
    (void)state;
    assert_slice(base_of("GET", "https://h.example/?", NULL, ""),
                 "GET&https%3A%2F%2Fh.example%2F&");
}

static void test_a_request_that_cannot_be_read_has_no_base_string(void **state)
{
    struct buf many = BUF_INIT(1 << 20);

    (void)state;
    assert_false(slice_is_set(base_of("GET", "https://h.example/?a=%", NULL, "")));
    assert_false(slice_is_set(base_of("GET", "mailto:x", NULL, "")));
    buf_add_text(&many, "https://h.example/?");
    for (int i = 0; i <= PARAMS_MAX; i++)
        buf_add_text(&many, "a&");
    assert_false(slice_is_set(base_of("GET", arena_string(&arena, buf_slice(&many)), NULL, "")));
    buf_release(&many);
}

struct example {
    const char *method, *url, *protocol, *token_secret, *signature;
};

/* RFC 5849, 1.2 */
static const struct example examples[] = {
    { "POST", "https://photos.example.net/token",
      "oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=hh5s93j4hdidpola&"
      "oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&oauth_nonce=walatlh&"
      "oauth_verifier=hfdp7dh39dks9884",
      "hdhd0244k9j7ao03", "gKgrFCywp7rO0OXSjdot/IHF7IU=" },
    { "GET", "http://photos.example.net/photos?file=vacation.jpg&size=original",
      "oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=nnch734d00sl2jdk&"
      "oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131202&oauth_nonce=chapoH",
      "pfkkdhi9sl3r4s00", "MdpQcU8iPSUjWoN/UDMsK2sui9I=" },
};

static void test_the_signatures_are_those_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *each = &examples[i];
        struct oauth1_secrets secrets = { .client = SL("kd94hf93k423kf44"),
                                          .token = slice_of(each->token_secret) };
        struct slice base = base_of(each->method, each->url, NULL, each->protocol);

        assert_slice(oauth1_sign(&arena, OAUTH1_HMAC_SHA1, base, &secrets), each->signature);
        assert_true(
            oauth1_verify(&arena, OAUTH1_HMAC_SHA1, base, &secrets, slice_of(each->signature)));
        secrets.token = SL("another");
        assert_false(
            oauth1_verify(&arena, OAUTH1_HMAC_SHA1, base, &secrets, slice_of(each->signature)));
    }
}

static void test_plaintext_is_both_secrets_encoded(void **state)
{
    struct oauth1_secrets secrets = { .client = SL("a&b"), .token = SL("c d") };

    (void)state;
    assert_slice(oauth1_sign(&arena, OAUTH1_PLAINTEXT, SL(""), &secrets), "a%26b&c%20d");
    assert_true(oauth1_verify(&arena, OAUTH1_PLAINTEXT, SL("x"), &secrets, SL("a%26b&c%20d")));
    secrets.token = slice_none();
    assert_slice(oauth1_sign(&arena, OAUTH1_PLAINTEXT, SL(""), &secrets), "a%26b&");
    assert_false(oauth1_verify(&arena, OAUTH1_PLAINTEXT, SL("x"), &secrets, SL("a%26b")));
}

static void test_rsa_signs_and_verifies_with_its_own_digest_only(void **state)
{
    static const enum oauth1_signature methods[] = { OAUTH1_RSA_SHA1, OAUTH1_RSA_SHA256,
                                                     OAUTH1_RSA_SHA512 };
    struct jwk key;
    struct oauth1_secrets secrets = { .key = &key };

    (void)state;
    assert_true(jwk_generate(&arena, ALG_RS256, &key));
    for (size_t i = 0; i < 3; i++) {
        struct slice made = oauth1_sign(&arena, methods[i], SL("base"), &secrets);

        assert_true(slice_is_set(made));
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(oauth1_verify(&arena, methods[k], SL("base"), &secrets, made), i == k);
        assert_false(oauth1_verify(&arena, methods[i], SL("bass"), &secrets, made));
        assert_false(oauth1_verify(&arena, methods[i], SL("base"), &secrets, SL("no base64")));
        assert_false(oauth1_verify(&arena, methods[i], SL("base"), &secrets, SL("")));
    }
    jwk_release(&key);
}

static void test_nothing_is_signed_without_a_fitting_key(void **state)
{
    struct jwk key;
    struct oauth1_secrets secrets = { .client = SL("hush") };

    (void)state;
    assert_false(slice_is_set(oauth1_sign(&arena, OAUTH1_RSA_SHA1, SL("base"), &secrets)));
    assert_false(oauth1_verify(&arena, OAUTH1_RSA_SHA1, SL("base"), &secrets, SL("YQ==")));
    assert_true(jwk_generate(&arena, ALG_ES256, &key));
    secrets.key = &key;
    assert_false(slice_is_set(oauth1_sign(&arena, OAUTH1_RSA_SHA1, SL("base"), &secrets)));
    assert_false(oauth1_verify(&arena, OAUTH1_RSA_SHA1, SL("base"), &secrets, SL("YQ==")));
    jwk_release(&key);
}

static void test_methods_have_exact_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OAUTH1_SIGNATURES; i++)
        assert_int_equal(
            oauth1_signature_read(slice_of(oauth1_signature_name((enum oauth1_signature)i))), i);
    assert_int_equal(oauth1_signature_read(SL("hmac-sha1")), OAUTH1_SIGNATURES);
    assert_int_equal(oauth1_signature_read(slice_none()), OAUTH1_SIGNATURES);
    assert_true(oauth1_signs_with_key(OAUTH1_RSA_SHA1));
    assert_false(oauth1_signs_with_key(OAUTH1_PLAINTEXT));
}

static void test_a_header_is_written_encoded_and_read_back(void **state)
{
    struct slice header = oauth1_header(&arena, SL("a \"quoted\" \\ realm"),
                                        params_of("oauth_a=%3D+%26&b%C3%A4=%2C"));
    struct params read;
    struct slice realm;
    bool present;

    (void)state;
    assert_slice(header, "OAuth realm=\"a \\\"quoted\\\" \\\\ realm\", oauth_a=\"%3D%20%26\", "
                         "b%C3%A4=\"%2C\"");
    assert_null(oauth1_header_read(&arena, header, &present, &read, &realm));
    assert_true(present);
    assert_slice(realm, "a \"quoted\" \\ realm");
    assert_slice(params_get(&read, "oauth_a"), "= &");
    assert_slice(params_get(&read, "b\xc3\xa4"), ",");
    assert_int_equal(read.count, 2);
    assert_slice(oauth1_header(&arena, slice_none(), params_of("a=1")), "OAuth a=\"1\"");
    assert_false(slice_is_set(oauth1_header(&arena, SL("a\nb"), params_of("a=1"))));
}

static void test_a_header_is_read_as_people_write_it(void **state)
{
    struct params read;
    struct slice realm;
    bool present;

    (void)state;
    assert_null(oauth1_header_read(&arena, SL("oauth\t a = \"1\" ,b=\"2\",, c=\"\",\t"), &present,
                                   &read, &realm));
    assert_true(present);
    assert_int_equal(read.count, 3);
    assert_slice(params_get(&read, "a"), "1");
    assert_slice(params_get(&read, "b"), "2");
    assert_slice(params_get_raw(&read, "c"), "");
    assert_false(slice_is_set(realm));
}

static void test_other_schemes_are_no_oauth_header(void **state)
{
    static const char *const headers[] = { "", "OAuth", "OAuth2 a=\"1\"", "Bearer x", "OAut h" };
    struct params read;
    struct slice realm;
    bool present = true;

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_null(oauth1_header_read(&arena, slice_of(headers[i]), &present, &read, &realm));
        assert_false(present);
        assert_int_equal(read.count, 0);
    }
}

static void test_a_broken_header_is_refused(void **state)
{
    static const char *const headers[] = {
        "OAuth a",
        "OAuth a=1",
        "OAuth a=\"1",
        "OAuth a=\"1\" b=\"2\"",
        "OAuth a=\"%\"",
        "OAuth a=\"%4\"",
        "OAuth %=\"1\"",
        "OAuth =\"1\"",
        "OAuth a=\"1\\",
        "OAuth a=\"1\",b",
        "OAuth a=\"1\",a=\"2\"",
        "OAuth a=\"1\",%61=\"1\"",
        "OAuth realm=\"a\", realm=\"b\"",
    };
    struct params read;
    struct slice realm;
    bool present;

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (oauth1_header_read(&arena, slice_of(headers[i]), &present, &read, &realm) == NULL)
            fail_msg("%s is read", headers[i]);
    }
}

static void test_a_header_has_so_many_parameters_and_no_more(void **state)
{
    struct buf text = BUF_INIT(1 << 16);
    struct params read;
    struct slice realm;
    bool present;

    (void)state;
    buf_add_text(&text, "OAuth ");
    for (int i = 0; i < PARAMS_MAX; i++)
        buf_printf(&text, "a%d=\"1\",", i);
    assert_null(oauth1_header_read(&arena, buf_slice(&text), &present, &read, &realm));
    assert_int_equal(read.count, PARAMS_MAX);
    buf_add_text(&text, "b=\"1\"");
    assert_non_null(oauth1_header_read(&arena, buf_slice(&text), &present, &read, &realm));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_base_string_is_that_of_the_rfc),
        TEST(test_the_base_uri_has_lower_case_and_no_default_port),
        TEST(test_parameters_are_sorted_by_their_encoded_bytes),
        TEST(test_a_request_without_parameters_has_an_empty_third_part),
        TEST(test_a_request_that_cannot_be_read_has_no_base_string),
        TEST(test_the_signatures_are_those_of_the_rfc),
        TEST(test_plaintext_is_both_secrets_encoded),
        TEST(test_rsa_signs_and_verifies_with_its_own_digest_only),
        TEST(test_nothing_is_signed_without_a_fitting_key),
        TEST(test_methods_have_exact_names),
        TEST(test_a_header_is_written_encoded_and_read_back),
        TEST(test_a_header_is_read_as_people_write_it),
        TEST(test_other_schemes_are_no_oauth_header),
        TEST(test_a_broken_header_is_refused),
        TEST(test_a_header_has_so_many_parameters_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
