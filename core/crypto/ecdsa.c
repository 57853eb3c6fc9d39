#include "crypto/ecdsa.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_SEQUENCE = 0x30,
    LONG_LENGTH = 0x81 /* one byte of length follows */
};

/* Positive and minimal: no zero byte in front unless the sign bit asks for one. */
static size_t write_integer(const unsigned char *number, size_t size, unsigned char *out)
{
    while (size > 0 && number[0] == 0) {
        number++;
        size--;
    }
    if (size == 0)
        return 0;
    size_t sign = number[0] >> 7;

    out[0] = TAG_INTEGER;
    out[1] = (unsigned char)(size + sign);
    out[2] = 0;
    memcpy(out + 2 + sign, number, size);
    return 2 + sign + size;
}

size_t ecdsa_to_der(struct slice raw, size_t size, unsigned char der[ECDSA_DER_MAX])
{
    const unsigned char *numbers = (const unsigned char *)raw.at;
    unsigned char r[ECDSA_SIZE_MAX + 3];
    unsigned char s[ECDSA_SIZE_MAX + 3];

    if (size == 0 || size > ECDSA_SIZE_MAX || raw.len != 2 * size)
        return 0;
    size_t r_len = write_integer(numbers, size, r);
    size_t s_len = write_integer(numbers + size, size, s);
    size_t at = 0;

    if (r_len == 0 || s_len == 0)
        return 0;
    der[at++] = TAG_SEQUENCE;
    if (r_len + s_len > 127)
        der[at++] = LONG_LENGTH;
    der[at++] = (unsigned char)(r_len + s_len);
    memcpy(der + at, r, r_len);
    memcpy(der + at + r_len, s, s_len);
    return at + r_len + s_len;
}

/* Cuts a tag, its length and nothing else off `*rest`. */
static bool read_head(struct slice *rest, unsigned char tag, size_t *len_r)
{
    const unsigned char *at = (const unsigned char *)rest->at;
    size_t head = rest->len > 1 && at[1] == LONG_LENGTH ? 3 : 2;

    if (rest->len < head || at[0] != tag || at[head - 1] > (head == 2 ? 127 : 255) ||
        (head == 3 && at[2] < 128))
        return false;
    *len_r = at[head - 1];
    *rest = slice_from(*rest, head);
    return *len_r <= rest->len;
}

static bool read_integer(struct slice *rest, size_t size, unsigned char *number)
{
    size_t len;

    if (!read_head(rest, TAG_INTEGER, &len) || len == 0)
        return false;
    struct slice digits = slice_sub(*rest, 0, len);

    *rest = slice_from(*rest, len);
    if ((digits.at[0] & 0x80) != 0)
        return false; /* negative */
    if (digits.at[0] == 0 && len > 1) {
        if ((digits.at[1] & 0x80) == 0)
            return false; /* not minimal */
        digits = slice_from(digits, 1);
    }
    if (digits.len > size)
        return false;
    memset(number, 0, size - digits.len);
    memcpy(number + size - digits.len, digits.at, digits.len);
    return true;
}

bool ecdsa_from_der(struct slice der, size_t size, unsigned char *raw)
{
    size_t len;

    return read_head(&der, TAG_SEQUENCE, &len) && len == der.len && read_integer(&der, size, raw) &&
           read_integer(&der, size, raw + size) && der.len == 0;
}
