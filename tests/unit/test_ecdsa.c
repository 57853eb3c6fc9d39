#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "crypto/ecdsa.h"
#include "vectors.h"

static void test_the_two_spellings_of_ecdsa_are_one_to_one(void **state)
{
    static const size_t sizes[] = { 32, 48, 66 };
    unsigned char raw[2 * ECDSA_SIZE_MAX];
    unsigned char back[2 * ECDSA_SIZE_MAX];
    unsigned char der[ECDSA_DER_MAX];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t size = sizes[round % 3];

        random_bytes(raw, sizeof(raw));
        for (int zeros = round / 3 % 40; zeros > 0 && (size_t)zeros < size; zeros--)
            raw[zeros - 1] = raw[size + (size_t)zeros - 1] = 0;
        raw[size - 1] |= 1;
        raw[2 * size - 1] |= 1;
        size_t len = ecdsa_to_der(slice_make((char *)raw, 2 * size), size, der);

        assert_in_range(len, 8, ECDSA_DER_MAX);
        assert_true(ecdsa_from_der(slice_make((char *)der, len), size, back));
        assert_memory_equal(raw, back, 2 * size);
        assert_false(ecdsa_from_der(slice_make((char *)der, len - 1), size, back));
        assert_false(ecdsa_from_der(slice_make((char *)der, len), size == 32 ? 20 : 32, back) &&
                     round / 3 % 40 == 0);
    }
}

static void test_asn1_that_is_not_minimal_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "30",
        "3000",
        "3003020101",
        "300602010102010100", /* something behind */
        "30060201010301ff",   /* another tag */
        "3106020101020101",
        "300702020001020101", /* a zero in front */
        "3006020181020101",   /* negative */
        "30050201010200",     /* empty */
        "308106020101020101", /* a long length for a short one */
        "30820006020101020101",
        "30800201010201010000",
        "3006020501020101", /* longer than what is there */
    };
    unsigned char raw[2 * ECDSA_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(ecdsa_from_der(from_hex(wrong[i]), 32, raw));
    assert_true(ecdsa_from_der(from_hex("3006020101020102"), 32, raw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_two_spellings_of_ecdsa_are_one_to_one),
        TEST(test_asn1_that_is_not_minimal_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
