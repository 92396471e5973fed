/* skim_check.h - whether JSON that is passed over is sound, 64 bytes at a time.
 *
 * The grammar is scan.c's (RFC 8259; strings hold any bytes but a wrong escape). It is told in
 * bits: each byte outside of strings must follow one that allows it, and "follows" is a shift, and
 * an addition whose carry runs through white space. One bit of carry a rule leads to the next 64
 * bytes, so nothing is walked token by token. Only brackets, words (true, false, null), numbers
 * that are more than digits, and \u are looked at one by one.
 *
 * Sound means: scan.c accepts it, as one object with nothing but white space around it, no deeper
 * than ALERT_DEPTH_MAX. What is not sound may be (too deep): the ordinary reader says.
 */
#pragma once

#include "base/limits.h"
#include "base/str.h"

#include <stdint.h>

enum { SKIM_WORD_BYTES = 64 };

/* What 64 bytes of an alert are: bit i is byte i. Behind the end of the text all are spaces. */
struct skim_word {
    uint64_t quotes;         /* that no backslash escapes */
    uint64_t in_string;      /* from an opening quote to the byte before the closing one */
    uint64_t escaped_others; /* bytes that a backslash escapes and that are no quote or backslash */
    uint64_t opens;          /* { and [ outside of strings; so with the next ones */
    uint64_t closes;         /* } and ] */
    uint64_t commas;
    uint64_t colons;
    uint64_t spaces; /* space, tab, \n, \r; those in strings do not matter */
    uint64_t digits; /* 0 to 9; those in strings do not matter */
};

/* Private. Bits that lead from one word to the next: bit 0 of the next one is meant. */
struct skim_check {
    str json;
    uint64_t kinds;         /* what is open, the innermost in bit 0: 1 is an object */
    uint32_t depth;         /* how many are open */
    bool is_over;           /* the object is closed: white space only */
    bool is_bad;            /* not sound */
    uint64_t in_object;     /* all ones while the innermost is an object */
    uint64_t after_value;   /* a comma or an end may come */
    uint64_t after_opening; /* an end may come */
    uint64_t before_value;  /* a value may come */
    uint64_t before_key;    /* a key may come */
    uint64_t after_key;     /* a colon must come */
    uint64_t key_runs;      /* a key goes on */
    uint64_t string_runs;   /* a string goes on */
    uint64_t scalar_runs;   /* a number or a word goes on */
    uint64_t long_runs;     /* one that is more than digits does */
};

/* Begin with the first byte of `json`, which is borrowed. */
void skim_check_start(struct skim_check *check, str json);

/* The next word; `at` is the offset of its first byte. */
void skim_check_word(struct skim_check *check, const struct skim_word *word, size_t at);

/* All words were given: whether the JSON is sound. */
bool skim_check_end(const struct skim_check *check);

/* The same for a whole text, by instructions that every machine has. */
bool skim_check(str json);
