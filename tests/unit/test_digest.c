#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "vectors.h"

#include <sys/wait.h>

static void assert_digest(enum digest which, const char *text, const char *expected)
{
    unsigned char out[DIGEST_MAX];
    size_t len = digest(which, slice_of(text), out);

    assert_slice(hex_encode(&arena, slice_make((const char *)out, len)), expected);
}

/* FIPS 180-4 (its example messages), RFC 1321, A.5. */
static void test_the_published_digests_of_abc_and_of_nothing(void **state)
{
    (void)state;
    assert_digest(DIGEST_SHA256, "abc",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(DIGEST_SHA256, "",
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(DIGEST_SHA384, "abc",
                  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc23"
                  "58baeca134c825a7");
    assert_digest(DIGEST_SHA512, "abc",
                  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
                  "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_digest(DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_digest(DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
    assert_digest(DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_an_absent_slice_hashes_as_nothing(void **state)
{
    unsigned char out[DIGEST_MAX];
    unsigned char empty[DIGEST_MAX];

    (void)state;
    assert_int_equal(digest(DIGEST_SHA256, slice_none(), out), SHA256_SIZE);
    digest(DIGEST_SHA256, SL(""), empty);
    assert_memory_equal(out, empty, SHA256_SIZE);
}

static void assert_hmac(enum digest which, struct slice key, struct slice text,
                        const char *expected)
{
    unsigned char out[DIGEST_MAX];
    size_t len = digest_hmac(which, key, text, out);

    assert_slice(hex_encode(&arena, slice_make((const char *)out, len)), expected);
}

/* RFC 4231, 4.2, 4.3 and 4.7; RFC 2202, 2 and 3. */
static void test_the_published_macs(void **state)
{
    struct slice twenty = from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    struct slice jefe = SL("Jefe");
    struct slice question = SL("what do ya want for nothing?");
    char block[131];

    (void)state;
    memset(block, 0xaa, sizeof(block));
    assert_hmac(DIGEST_SHA256, twenty, SL("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac(DIGEST_SHA384, jefe, question,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b"
                "3239ecfab21649");
    assert_hmac(DIGEST_SHA512, jefe, question,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d"
                "034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    assert_hmac(DIGEST_SHA256, slice_make(block, sizeof(block)),
                SL("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac(DIGEST_SHA1, jefe, question, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_hmac(DIGEST_MD5, jefe, question, "750c783e6ab0b503eaa86e310a5db738");
}

static void test_a_mac_depends_on_its_own_key_only(void **state)
{
    unsigned char first[DIGEST_MAX];
    unsigned char again[DIGEST_MAX];
    unsigned char other[DIGEST_MAX];

    (void)state;
    digest_hmac(DIGEST_SHA256, SL("one key"), SL("text"), first);
    digest_hmac(DIGEST_SHA256, SL("a much longer key than the one before"), SL("text"), other);
    digest_hmac(DIGEST_SHA256, SL("one key"), SL("text"), again);
    assert_memory_equal(first, again, SHA256_SIZE);
    assert_memory_not_equal(first, other, SHA256_SIZE);
}

/* As computed by python's hmac; OAuth 1.0a has keys that are nearly empty. */
static void test_an_empty_mac_key_is_a_key(void **state)
{
    (void)state;
    assert_hmac(DIGEST_SHA256, slice_none(), SL(""),
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    assert_hmac(DIGEST_SHA1, SL(""), SL("x"), "6244e66451a1c8695db9731ce2c4fd5de25ccf87");
}

static void test_pieces_hash_as_their_whole(void **state)
{
    const struct slice pieces[] = { SLICE("a"), { NULL, 0 }, SLICE(""), SLICE("bc") };
    unsigned char out[SHA256_SIZE];

    (void)state;
    sha256(out, pieces, 4);
    assert_slice(hex_encode(&arena, slice_make((const char *)out, sizeof(out))),
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(out, NULL, 0);
    assert_slice(hex_encode(&arena, slice_make((const char *)out, sizeof(out))),
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 7636, appendix B. */
static void test_a_code_challenge_is_the_text_form(void **state)
{
    (void)state;
    assert_slice(sha256_text(&arena, SL("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
                 "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void test_the_kept_contexts_work_in_a_child(void **state)
{
    unsigned char here[2][DIGEST_MAX];
    unsigned char there[2][DIGEST_MAX];
    int pipes[2];
    int status = -1;

    (void)state;
    digest(DIGEST_SHA256, SL("text"), here[0]);
    digest_hmac(DIGEST_SHA256, SL("key"), SL("text"), here[1]);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();

    if (child == 0) {
        digest(DIGEST_SHA256, SL("text"), there[0]);
        digest_hmac(DIGEST_SHA256, SL("key"), SL("text"), there[1]);
        _exit(write(pipes[1], there, sizeof(there)) == sizeof(there) ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], there, sizeof(there)), sizeof(there));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_equal(here[0], there[0], SHA256_SIZE);
    assert_memory_equal(here[1], there[1], SHA256_SIZE);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_published_digests_of_abc_and_of_nothing),
        TEST(test_an_absent_slice_hashes_as_nothing),
        TEST(test_the_published_macs),
        TEST(test_a_mac_depends_on_its_own_key_only),
        TEST(test_an_empty_mac_key_is_a_key),
        TEST(test_pieces_hash_as_their_whole),
        TEST(test_a_code_challenge_is_the_text_form),
        TEST(test_the_kept_contexts_work_in_a_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
