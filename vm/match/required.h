/* required.h - what a text must hold for an expression to be found in it.
 *
 * Read off the pattern: `(?i)\\(cmd|powershell)\.exe` needs `\cmd.exe` or `\powershell.exe`.
 * Looking for those costs a pass for all expressions together (literals.h); the expression is
 * asked only where one is. After R. Cox, Regular Expression Matching with a Trigram Index (2012):
 * each part has the texts it begins with, those it ends with, and the best that it holds.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum {
    REQUIRED_TEXTS_MAX = 16,
    REQUIRED_BYTES_MIN = 2, /* of each text: shorter ones are everywhere */
    REQUIRED_BYTES_MAX = 30,
};

struct required_text {
    uint8_t len;
    bool is_cased; /* str_, else fold_ (base/fold.h) */
    char bytes[REQUIRED_BYTES_MAX];
};

struct required {
    struct required_text texts[REQUIRED_TEXTS_MAX];
    uint32_t count; /* 0: nothing is certain */
};

static inline str required_text(const struct required_text *text)
{
    return (str){ text->bytes, text->len };
}

/* Texts of which at least one is in every subject in which `pattern`, one that regex_new took, is
 * found. What is not surely understood requires nothing. Linear in the pattern. ERR_MEMORY. */
MUST_CHECK enum err required_read(str pattern, bool is_caseless, struct required *ret_required);
