/* buf.h - text that grows, with a ceiling from birth.
 *
 * A failed append (memory, or past `limit`) frees what was held and sticks: later
 * appends do nothing, so a writer checks buf_err once, at the end.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

struct buf {
    char *ptr;    /* owned; NUL after the last byte once something was added */
    size_t len;   /* bytes without the NUL */
    size_t size;  /* bytes allocated */
    size_t limit; /* most bytes `len` may reach */
    enum err err; /* ERR_OK, or why an append failed */
};

#define BUF_INIT(limit_bytes)                                                                      \
    {                                                                                              \
        .limit = (limit_bytes)                                                                     \
    }

/* Append; see the head of this file for failures. */
void buf_add(struct buf *buf, str text);
void buf_add_byte(struct buf *buf, char byte);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* What was written, borrowed until the next append or release. */
static inline str buf_str(const struct buf *buf)
{
    return (str){ buf->ptr == NULL ? "" : buf->ptr, buf->len };
}

/* Forget the text, keep the memory; a failure is forgotten too. */
void buf_clear(struct buf *buf);

/* Free the text. Safe on a zeroed buf. */
void buf_release(struct buf *buf);
