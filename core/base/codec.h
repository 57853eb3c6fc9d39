/*
 * The encodings of the web, strictly: what is not exactly the encoding is refused, because two
 * readings of one text are how signatures and redirects are forged.
 *
 * Results lie in the arena and have a NUL behind them. A decoder that fails returns false and
 * leaves the result untouched.
 */
#ifndef CARDEA_BASE_CODEC_H
#define CARDEA_BASE_CODEC_H

#include "base/arena.h"
#include "base/buf.h"

/* base64url without padding (RFC 7515, 2). Decoding refuses padding and non-zero trailing bits. */
struct slice base64url_encode(struct arena *arena, struct slice bytes);
void buf_add_base64url(struct buf *buf, struct slice bytes);
bool base64url_decode(struct arena *arena, struct slice text, struct slice *bytes_r);

/* base64 with padding (RFC 4648, 4), as HTTP Basic has it; missing padding is accepted there. */
struct slice base64_encode(struct arena *arena, struct slice bytes);
bool base64_decode(struct arena *arena, struct slice text, struct slice *bytes_r);

struct slice hex_encode(struct arena *arena, struct slice bytes);
void buf_add_hex(struct buf *buf, struct slice bytes);

/* RFC 3986 percent-encoding: all but unreserved characters. */
struct slice percent_encode(struct arena *arena, struct slice bytes);
void buf_add_percent(struct buf *buf, struct slice bytes);

/*
 * Undoes percent-encoding. `plus_is_space` is the rule of application/x-www-form-urlencoded. False
 * on a '%' without two hexadecimal digits. The result may hold any byte, NUL too: ask
 * utf8_is_text().
 */
bool percent_decode(struct arena *arena, struct slice text, bool plus_is_space,
                    struct slice *bytes_r);

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
bool utf8_is_valid(struct slice s);
/* The same, and no control characters (C0, DEL): what may be a value in a protocol. */
bool utf8_is_text(struct slice s);

/* Escapes for text and quoted attributes: & < > " '. */
void buf_add_html(struct buf *buf, struct slice text);

/* A JSON string with its quotes, and no control character in it (C0, DEL, C1). Invalid UTF-8
 * becomes U+FFFD, so that the document stays valid. */
void buf_add_json(struct buf *buf, struct slice text);
/* The name of an object's next member, `"name":`, with a comma in front unless the object has just
 * begun. Only for names that need no escape. */
void buf_add_json_name(struct buf *buf, const char *name);

/*
 * One parameter of a form or query: `name=value`, both encoded, with "&" in front unless the buffer
 * is empty or ends in "?", "#" or "&".
 */
void buf_add_param(struct buf *buf, struct slice name, struct slice value);

#endif
