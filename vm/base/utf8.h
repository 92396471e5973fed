/* utf8.h - code points in text that may be anything.
 *
 * Every function reads any bytes: what is not UTF-8 counts as U+FFFD, one for each
 * maximal part that could have begun a sequence (the practice of Unicode 15, 3.9).
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xFFFD, UTF8_BYTES_MAX = 4 };

/* Bytes of the code point at the front, 1 to 4, and the point; 0 for the empty str.
 * *ret_valid, when not NULL, is false where the bytes had to be replaced. */
size_t utf8_decode(str text, uint32_t *ret_point, bool *ret_valid);

/* The same for the code point that ends the text. */
size_t utf8_decode_last(str text, uint32_t *ret_point);

/* Bytes written to `bytes`, 1 to 4; a surrogate or a number past U+10FFFF becomes U+FFFD. */
size_t utf8_encode(uint32_t point, char bytes[static UTF8_BYTES_MAX]);

/* Bytes at the front that are valid UTF-8: text.len when all are. */
size_t utf8_valid_bytes(str text);

/* Code points in the text. */
size_t utf8_length(str text);

/* Bytes that utf8_mend may write for a text of `bytes`. */
static inline size_t utf8_mended_max(size_t bytes)
{
    return bytes * 3;
}

/* Copy `text` to `out` (room for utf8_mended_max) with U+FFFD for what is not UTF-8.
 * Returns the bytes written and adds the replacements to *repairs. */
size_t utf8_mend(str text, char *out, uint32_t *repairs);

/* `text` itself when it is valid, else a mended copy in the arena. Adds to *repairs.
 * ERR_MEMORY. */
MUST_CHECK enum err utf8_repair(struct arena *arena, str text, str *ret_text, uint32_t *repairs);
