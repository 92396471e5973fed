/* dead_letter.h - alerts that could not be read, kept for a person. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct dead_letter {
    const char *file;
    uint32_t line;
    const char *reason;
    int64_t received_ms;
    str text;
};

/* Append one line to DIRECTORY/dead-letter.ndjson, which is made when missing, on disk
 * when it returns. ERR_IO (errno says why), ERR_MEMORY. */
MUST_CHECK enum err dead_letter_add(const char *directory, const struct dead_letter *letter);
