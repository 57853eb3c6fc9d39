#include "base/codec.h"

#include "base/memory.h"

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Writes the digits without padding; returns how many. */
static size_t encode64(const char *alphabet, struct slice bytes, char *text)
{
    const unsigned char *in = (const unsigned char *)bytes.at;
    char *out = text;
    size_t i = 0;

    for (; i + 3 <= bytes.len; i += 3) {
        unsigned word = (unsigned)in[i] << 16 | (unsigned)in[i + 1] << 8 | in[i + 2];

        *out++ = alphabet[word >> 18];
        *out++ = alphabet[word >> 12 & 63];
        *out++ = alphabet[word >> 6 & 63];
        *out++ = alphabet[word & 63];
    }
    if (i < bytes.len) {
        unsigned word = (unsigned)in[i] << 16 | (i + 1 < bytes.len ? (unsigned)in[i + 1] << 8 : 0);

        *out++ = alphabet[word >> 18];
        *out++ = alphabet[word >> 12 & 63];
        if (i + 1 < bytes.len)
            *out++ = alphabet[word >> 6 & 63];
    }
    return (size_t)(out - text);
}

/* The value of each byte plus one, so that 0 is "no digit". */
struct digits {
    const char *alphabet;
    unsigned char plus_one[256];
};

static struct digits url_digits = { .alphabet = url_alphabet };
static struct digits standard_digits = { .alphabet = standard_alphabet };

static const unsigned char *digit_table(struct digits *digits)
{
    if (digits->plus_one['A'] == 0) {
        for (unsigned char i = 0; i < 64; i++)
            digits->plus_one[(unsigned char)digits->alphabet[i]] = i + 1;
    }
    return digits->plus_one;
}

static bool decode64(struct digits *digits, struct arena *arena, struct slice text,
                     struct slice *bytes_r)
{
    if (text.len % 4 == 1)
        return false;
    const unsigned char *plus_one = digit_table(digits);
    char *bytes = arena_alloc(arena, text.len / 4 * 3 + 3);
    size_t len = 0;
    unsigned word = 0;
    int bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = plus_one[(unsigned char)text.at[i]];

        if (digit == 0)
            return false;
        word = word << 6 | (digit - 1);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[len++] = (char)(word >> bits & 0xff);
        }
    }
    if ((word & ((1U << bits) - 1)) != 0)
        return false; /* a second spelling of the same bytes */
    bytes[len] = '\0';
    *bytes_r = slice_make(bytes, len);
    return true;
}

struct slice base64url_encode(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
    size_t len = encode64(url_alphabet, bytes, text);

    text[len] = '\0';
    return slice_make(text, len);
}

void buf_add_base64url(struct buf *buf, struct slice bytes)
{
    char *room = buf_reserve(buf, (bytes.len + 2) / 3 * 4);

    if (room != NULL)
        buf_grew(buf, encode64(url_alphabet, bytes, room));
}

bool base64url_decode(struct arena *arena, struct slice text, struct slice *bytes_r)
{
    return decode64(&url_digits, arena, text, bytes_r);
}

struct slice base64_encode(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
    size_t len = encode64(standard_alphabet, bytes, text);

    while (len % 4 != 0)
        text[len++] = '=';
    text[len] = '\0';
    return slice_make(text, len);
}

bool base64_decode(struct arena *arena, struct slice text, struct slice *bytes_r)
{
    if (text.len % 4 == 0 && text.len > 0) {
        size_t padding = text.at[text.len - 1] != '=' ? 0 : text.at[text.len - 2] != '=' ? 1 : 2;

        text.len -= padding;
    }
    return decode64(&standard_digits, arena, text, bytes_r);
}

static const char hex_digits[] = "0123456789abcdef";

void buf_add_hex(struct buf *buf, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];

        buf_add_byte(buf, hex_digits[byte >> 4]);
        buf_add_byte(buf, hex_digits[byte & 15]);
    }
}

struct slice hex_encode(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, bytes.len * 2 + 1);

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];

        text[2 * i] = hex_digits[byte >> 4];
        text[2 * i + 1] = hex_digits[byte & 15];
    }
    text[bytes.len * 2] = '\0';
    return slice_make(text, bytes.len * 2);
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void buf_add_percent(struct buf *buf, struct slice bytes)
{
    static const char upper[] = "0123456789ABCDEF";
    size_t plain = 0;

    /* Runs of plain characters go in one piece: most values are nothing else. */
    for (size_t i = 0; i <= bytes.len; i++) {
        unsigned char c = i < bytes.len ? (unsigned char)bytes.at[i] : 0;

        if (i < bytes.len && is_unreserved(c))
            continue;
        buf_add(buf, slice_sub(bytes, plain, i - plain));
        plain = i + 1;
        if (i < bytes.len) {
            char escaped[3] = { '%', upper[c >> 4], upper[c & 15] };

            buf_add(buf, slice_make(escaped, sizeof(escaped)));
        }
    }
}

struct slice percent_encode(struct arena *arena, struct slice bytes)
{
    struct buf buf = BUF_INIT(bytes.len * 3);

    buf_add_percent(&buf, bytes);
    struct slice text = arena_copy(arena, buf_slice(&buf));

    buf_release_secret(&buf);
    return text;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_decode(struct arena *arena, struct slice text, bool plus_is_space,
                    struct slice *bytes_r)
{
    if (!slice_has(text, '%') && !(plus_is_space && slice_has(text, '+'))) {
        *bytes_r = slice_is_set(text) ? arena_copy(arena, text) : text;
        return true;
    }
    char *bytes = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        bytes[len++] = c;
    }
    bytes[len] = '\0';
    *bytes_r = slice_make(bytes, len);
    return true;
}

/* The length of the well-formed sequence at `s`, or 0. */
static size_t utf8_sequence(struct slice s)
{
    const unsigned char *c = (const unsigned char *)s.at;
    size_t len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

    if (c[0] > 0xf4 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0; /* overlong, surrogate, beyond Unicode */
    return len;
}

bool utf8_is_valid(struct slice s)
{
    while (s.len > 0) {
        size_t len = utf8_sequence(s);

        if (len == 0)
            return false;
        s = slice_from(s, len);
    }
    return true;
}

bool utf8_is_text(struct slice s)
{
    unsigned char all = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c < 0x20 || c == 0x7f)
            return false;
        all |= c;
    }
    return all < 0x80 || utf8_is_valid(s);
}

void buf_add_html(struct buf *buf, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '&':
            buf_add_text(buf, "&amp;");
            break;
        case '<':
            buf_add_text(buf, "&lt;");
            break;
        case '>':
            buf_add_text(buf, "&gt;");
            break;
        case '"':
            buf_add_text(buf, "&quot;");
            break;
        case '\'':
            buf_add_text(buf, "&#39;");
            break;
        default:
            buf_add_byte(buf, text.at[i]);
        }
    }
}

static void add_json_escape(struct buf *buf, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        buf_add_byte(buf, '\\');
        buf_add_byte(buf, (char)c);
        break;
    case '\n':
        buf_add_text(buf, "\\n");
        break;
    case '\r':
        buf_add_text(buf, "\\r");
        break;
    case '\t':
        buf_add_text(buf, "\\t");
        break;
    default:
        buf_printf(buf, "\\u%04x", c);
    }
}

void buf_add_json(struct buf *buf, struct slice text)
{
    size_t plain = 0;
    size_t i = 0;

    buf_add_byte(buf, '"');
    while (i < text.len) {
        unsigned char c = (unsigned char)text.at[i];

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t len = c < 0x80 ? 1 : utf8_sequence(slice_from(text, i));
        /* U+0080 to U+009F, which steer terminals as C0 does */
        bool is_c1 = len == 2 && c == 0xc2 && (unsigned char)text.at[i + 1] < 0xa0;

        if (c >= 0x80 && len > 0 && !is_c1) {
            i += len;
            continue;
        }
        buf_add(buf, slice_sub(text, plain, i - plain));
        if (len == 0)
            buf_add_text(buf, "\xef\xbf\xbd");
        else
            add_json_escape(buf, is_c1 ? (unsigned char)text.at[i + 1] : c);
        i += len > 0 ? len : 1;
        plain = i;
    }
    buf_add(buf, slice_from(text, plain));
    buf_add_byte(buf, '"');
}

void buf_add_json_name(struct buf *buf, const char *name)
{
    if (buf->len > 0 && buf->at[buf->len - 1] != '{')
        buf_add_byte(buf, ',');
    buf_add_byte(buf, '"');
    buf_add_text(buf, name);
    buf_add(buf, SL("\":"));
}

void buf_add_param(struct buf *buf, struct slice name, struct slice value)
{
    char last = buf->len > 0 ? buf->at[buf->len - 1] : '?';

    if (last != '?' && last != '#' && last != '&')
        buf_add_byte(buf, '&');
    buf_add_percent(buf, name);
    buf_add_byte(buf, '=');
    buf_add_percent(buf, value);
}
