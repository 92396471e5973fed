/* skim_check.h - whether JSON that is passed over is sound, 64 bytes at a time.
 *
 * The grammar is scan.c's (RFC 8259; strings hold any bytes but a wrong escape). It is told in sets
 * of places: bit i is byte i of 64. What may stand at a place depends on the token before it, and
 * "behind it" is a shift, and an addition whose carry runs through white space; so nothing is walked
 * token by token. Two things need more: whether a comma stands in an object, and which bracket closes.
 * They take a walk over the brackets, of which there are one or two in 64 bytes. Numbers of more
 * than digits, words (true, false, null), and escapes other than \\ and \" are looked at one by one.
 *
 * Carries as ways through runs of bits: Cameron, Herdy and Lin, "High Performance XML Parsing Using
 * Parallel Bit Stream Technology" (2008).
 *
 * Sound means: scan.c accepts it, as one object with nothing but white space around it, no deeper
 * than ALERT_DEPTH_MAX. What is not sound may be accepted all the same (too deep): the ordinary
 * reader says.
 */
#pragma once

#include "base/limits.h"
#include "base/str.h"

#include <stdint.h>

enum { SKIM_WORD_BYTES = 64 };

/* What 64 bytes of an alert are. Behind the end of the text all are spaces. */
struct skim_word {
    uint64_t quotes;         /* that no backslash escapes */
    uint64_t in_string;      /* from an opening quote to the byte before the closing one */
    uint64_t escaped_others; /* bytes that a backslash escapes and that are no quote or backslash */
    uint64_t opens;          /* { and [ outside of strings; so with the next ones */
    uint64_t closes;         /* } and ] */
    uint64_t commas;
    uint64_t colons;
    uint64_t
        spaces; /* space, tab, \n, \r; of these and the next two those in strings do not matter */
    uint64_t digits; /* 0 to 9 */
    uint64_t zeros;  /* 0 */
};

/* What leads from one word to the next. The sets are of one place, its first byte. */
struct skim_check {
    str json;               /* borrowed */
    size_t at;              /* offset of the next word */
    size_t scalar_at;       /* where the last number or word began */
    uint64_t kinds;         /* what is open, the innermost in bit 0: 1 is an object */
    uint32_t depth;         /* how many are open */
    uint64_t bad;           /* places that are not sound; of all words */
    uint64_t over;          /* all ones when the object is closed: white space only may come */
    uint64_t after_value;   /* a comma or an end may come */
    uint64_t after_opening; /* an end may come */
    uint64_t before_value;  /* a value may come */
    uint64_t before_key;    /* a key may come */
    uint64_t after_key;     /* a colon may come */
    uint64_t key_runs;      /* a key goes on */
    uint64_t scalar_runs;   /* a number or a word goes on */
    uint64_t digit_runs;    /* the digits at its front go on */
    uint64_t after_zero;    /* no digit may come */
};

/* The same as scan.c for a whole text, by instructions that every machine has: for tests, and where
 * one alert is all there is. The kernels of skim.h check as they read. */
bool skim_check(str json);

/* --- What is looked at one by one --- */

/* Whether the number or the word that begins at `at` is one of JSON, and over where it should be. */
bool skim_check_scalar(str json, size_t at);
/* Whether the byte at `at`, behind a backslash, makes an escape of JSON. */
bool skim_check_escape(str json, size_t at);

/* --- Sets --- */

/* Sum of a and b and the carry, which is 0 or 1 and becomes that of the sum. */
static inline uint64_t check_add(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t sum;
    bool first = __builtin_add_overflow(a, b, &sum);
    bool second = __builtin_add_overflow(sum, *carry, &sum);
    *carry = (uint64_t)(first | second);
    return sum;
}

/* The places behind those of the set. */
static inline uint64_t check_behind(uint64_t set, uint64_t *carry)
{
    uint64_t moved = set << 1 | *carry;
    *carry = set >> 63;
    return moved;
}

/* The first place at each of the set or behind it that is no space. Places of the set are behind
 * tokens, so no two of them meet at the end of one run of spaces. */
static inline uint64_t check_past_spaces(uint64_t set, uint64_t spaces, uint64_t *carry)
{
    uint64_t sum;
    *carry |= (uint64_t)__builtin_add_overflow(set, spaces, &sum);
    return sum & ~spaces;
}

static inline uint64_t check_follow(uint64_t set, uint64_t spaces, uint64_t *carry)
{
    uint64_t next = check_behind(set, carry);
    return check_past_spaces(next, spaces, carry);
}

/* --- The parts of a word --- */

/* Match the brackets. The places where the innermost that is open is an object: an opening brace
 * is one itself. */
static inline uint64_t check_brackets(struct skim_check *check, const struct skim_word *word)
{
    uint64_t in_object = 0 - (check->kinds & 1);
    for (uint64_t left = word->opens | word->closes; left != 0; left &= left - 1) {
        uint64_t place = left & -left;
        unsigned bit = (unsigned)__builtin_ctzll(left);
        /* { is 0x7B and [ is 0x5B, } is 0x7D and ] is 0x5D. */
        uint64_t is_brace = (unsigned char)check->json.ptr[check->at + bit] >> 5 & 1;
        uint64_t before = check->kinds & 1;
        if ((word->opens & place) != 0) {
            check->bad |= check->depth == ALERT_DEPTH_MAX ? place : 0;
            check->kinds = check->kinds << 1 | is_brace;
            check->depth++;
        } else {
            check->bad |= check->depth == 0 || before != is_brace ? place : 0;
            check->kinds >>= 1;
            check->depth--;
            if (check->depth == 0) {
                check->bad |= ~word->spaces & ~(place | (place - 1));
                check->over = UINT64_MAX;
            }
        }
        in_object ^= (0 - (before ^ (check->kinds & 1))) << bit;
    }
    return in_object;
}

/* Numbers and words: `scalars` are their bytes, `starts` the first ones. Most are digits alone and
 * done with here: no digit behind a zero at the front. */
static inline void check_scalars(
    struct skim_check *check, const struct skim_word *word, uint64_t scalars, uint64_t starts)
{
    uint64_t digits = scalars & word->digits;
    uint64_t after_zero = check_behind(starts & word->zeros, &check->after_zero);
    check->bad |= after_zero & digits;
    uint64_t after_digits = check_add(digits, starts & digits, &check->digit_runs) & ~digits;
    uint64_t words = starts & ~digits;
    uint64_t mixed = after_digits & scalars;
    for (uint64_t left = words | mixed; left != 0 && check->bad == 0; left &= left - 1) {
        uint64_t upto = left ^ (left - 1);
        size_t at = check->scalar_at;
        if ((starts & upto) != 0)
            at = check->at + 63 - (size_t)__builtin_clzll(starts & upto);
        check->bad |= skim_check_scalar(check->json, at) ? 0 : 1;
    }
    if (starts != 0)
        check->scalar_at = check->at + 63 - (size_t)__builtin_clzll(starts);
}

static inline void check_escapes(struct skim_check *check, uint64_t escaped)
{
    for (; escaped != 0 && check->bad == 0; escaped &= escaped - 1) {
        size_t at = check->at + (size_t)__builtin_ctzll(escaped);
        check->bad |= skim_check_escape(check->json, at) ? 0 : 1;
    }
}

/* --- A check: start, each word, end --- */

static inline struct skim_check check_start(str json)
{
    size_t at = 0;
    while (at < json.len && memchr(" \t\r\n", json.ptr[at], 4) != NULL)
        at++;
    bool is_object = at < json.len && json.ptr[at] == '{';
    return (struct skim_check){ .json = json, .before_value = 1, .bad = is_object ? 0 : 1 };
}

static inline void check_word(struct skim_check *check, const struct skim_word *word)
{
    uint64_t spaces = word->spaces;
    uint64_t outside = ~(word->in_string | word->quotes);
    uint64_t tokens = word->opens | word->closes | word->commas | word->colons;
    uint64_t scalars = outside & ~(tokens | spaces);
    check->bad |= check->over & ~spaces;

    uint64_t in_object = check_brackets(check, word);
    uint64_t openings = word->opens | word->commas;
    uint64_t keys = check_follow(openings & in_object, spaces, &check->before_key);
    uint64_t values =
        check_follow((openings & ~in_object) | word->colons, spaces, &check->before_value);

    uint64_t key_starts = word->quotes & word->in_string & keys;
    uint64_t key_ends = check_add(word->in_string, key_starts, &check->key_runs) & ~word->in_string;
    uint64_t colons = check_follow(key_ends, spaces, &check->after_key);

    uint64_t after_scalar = scalars << 1 | check->scalar_runs;
    uint64_t starts = scalars & ~after_scalar;
    check->scalar_runs = scalars >> 63;
    uint64_t ends = word->closes | (word->quotes & ~word->in_string & ~key_ends);
    uint64_t after_value = check_behind(ends, &check->after_value) | (after_scalar & ~scalars);
    uint64_t nexts = check_past_spaces(after_value, spaces, &check->after_value);
    uint64_t empties = check_follow(word->opens, spaces, &check->after_opening);

    check->bad |= (word->quotes & word->in_string & ~(keys | values))
                  | ((word->opens | starts) & ~values) | (word->colons & ~colons)
                  | (word->commas & ~nexts) | (word->closes & ~(nexts | empties));
    check_scalars(check, word, scalars, starts);
    if (word->escaped_others != 0)
        check_escapes(check, word->escaped_others);
    check->at += SKIM_WORD_BYTES;
}

/* All words were given: whether they are sound. */
static inline bool check_end(const struct skim_check *check)
{
    return check->bad == 0 && check->over != 0;
}
