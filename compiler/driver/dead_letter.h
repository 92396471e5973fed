/* dead_letter.h - alerts that could not be read, kept for a person. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a text past DEAD_LETTER_TEXT_MAX its beginning is kept, with how long it was and the SHA-256
 * of all of it: nobody fills the disk, or stops the others, with one long line. */
enum { DEAD_LETTER_TEXT_MAX = ALERT_BYTES_MAX, DEAD_LETTER_BEGINNING = 64 * 1024 };

struct dead_letter {
    const char *file;
    uint32_t line;
    const char *reason;
    int64_t received_ms;
    str text;
};

/* Whether only the beginning of its text is kept. */
bool dead_letter_is_cut(const struct dead_letter *letter);
/* Whether letters can be kept in the directory, as far as can be seen: ERR_IO (errno says why)
 * where dead-letter.ndjson is no file that may be written to. One that is missing is well. */
MUST_CHECK enum err dead_letter_check(const char *directory);
/* Why one of these two failed, right after it did. */
const char *dead_letter_failure(enum err err);
/* Append one line to DIRECTORY/dead-letter.ndjson, which is made when missing, on disk
 * when it returns. ERR_IO (errno says why), ERR_MEMORY. */
MUST_CHECK enum err dead_letter_add(const char *directory, const struct dead_letter *letter);
