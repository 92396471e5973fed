/* framing.h - a stream of bytes, as messages.
 *
 * RFC 6587 and 5425: "123 <14>1 ..." tells the bytes of each message; or each is a line, which ends
 * in LF or CR LF. How the stream begins decides, once for all of it: a line that begins with a
 * number is never taken for a count in a stream of lines. Empty lines are no messages.
 *
 * Bytes may come in any pieces. A message over the ceiling is read to its end and not kept: how it
 * begins, its size and its digest are told. Start with framing_init; release in any case.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "base/sha256.h"

#include <stdint.h>

enum {
    FRAME_HEAD_BYTES = 1024, /* kept of a message over the ceiling */
    FRAME_COUNT_DIGITS = 8,  /* of a count; more is no count */
};

enum framing_form { FRAMING_UNDECIDED, FRAMING_COUNTED, FRAMING_LINES };

struct framing {
    enum framing_form form;
    uint64_t taken; /* bytes up to the end of the last message told, with what frames it */
    /* private */
    struct buf text;      /* of the message begun */
    struct sha256 sha256; /* over it, once it is over the ceiling */
    size_t most;
    uint64_t fed;
    uint64_t size;    /* bytes of the message so far */
    uint64_t left;    /* counted: bytes of it to come */
    bool is_in_count; /* counted: its count is being read */
    bool is_over;
    bool is_told; /* it was told, and goes at the next call */
};

struct frame {
    str text;                     /* without its line end; borrowed until the next call */
    uint64_t size;                /* bytes of the whole message, also of one over the ceiling */
    bool is_over;                 /* over the ceiling: `text` is how it begins */
    char digest[SHA256_HEX_SIZE]; /* of the whole message, when it is over */
};

/* `form` is FRAMING_UNDECIDED, or FRAMING_LINES where that is known; `most` bytes of a message. */
void framing_init(struct framing *framing, enum framing_form form, size_t most);
/* Take bytes off the front of *bytes until a message is whole: *ret_has is false when they were all
 * taken before that. ERR_INVALID: no count stands where one must; nothing behind it can be read.
 * ERR_MEMORY: the same. */
MUST_CHECK enum err framing_next(
    struct framing *framing, str *bytes, struct frame *ret_frame, bool *ret_has);
/* The stream is over: what was begun and has not ended, as it is; *ret_has is false when there is
 * nothing. Then the framing is as new. ERR_MEMORY. */
MUST_CHECK enum err framing_end(struct framing *framing, struct frame *ret_frame, bool *ret_has);
/* The message that is not whole yet, as far as it is held; borrowed. Without what was begun of a
 * count. */
str framing_begun(const struct framing *framing);
void framing_release(struct framing *framing);

/* Append what is kept in place of a message over the ceiling: a sentence, which no reader of alerts
 * takes for one. A failure is in out->err. */
void frame_over_text(const struct frame *frame, struct buf *out);
