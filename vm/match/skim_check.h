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

#include "base/attr.h"
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

/* A set as the next word meets it. */
struct check_set {
    uint64_t last;    /* in the word before */
    uint64_t through; /* 1: a run of spaces behind one of its places goes on */
};

/* What leads from one word to the next. */
struct skim_check {
    str json;                   /* borrowed */
    size_t at;                  /* offset of the next word */
    size_t scalar_at;           /* where the last number or word began */
    uint64_t kinds;             /* what is open, the innermost in bit 0: 1 is an object */
    uint32_t depth;             /* how many are open */
    uint64_t bad;               /* places that are not sound; of all words */
    uint64_t over;              /* all ones when the object is closed: white space only may come */
    struct check_set openers;   /* { [ , : */
    struct check_set in_object; /* { and the commas of objects */
    struct check_set joints;    /* , : */
    struct check_set key_ends;  /* the closing quotes of keys */
    uint64_t key_runs;          /* 1: a key goes on */
    uint64_t scalars;           /* the last word's; and so on */
    uint64_t digits;
    uint64_t first_zeros;
};

/* The same as scan.c for a whole text, by instructions that every machine has: for tests, and where
 * one alert is all there is. The kernels of skim.h check as they read. */
bool skim_check(str json);

/* --- What is looked at one by one --- */

/* Where the number or the word ends that begins at `at`; 0 when it is none of JSON's, or goes on there. */
size_t skim_check_number(str json, size_t at);
size_t skim_check_near_end(str json, size_t at);
/* Whether the byte at `at`, behind a backslash, makes an escape of JSON. */
bool skim_check_escape(str json, size_t at);

/* What may stand behind a number or a word inside of something. */
static inline bool check_delimits(char c)
{
    static const bool delimiters[256] = { [' '] = true,
        ['\t'] = true,
        ['\n'] = true,
        ['\r'] = true,
        [','] = true,
        [']'] = true,
        ['}'] = true };
    return delimiters[(unsigned char)c];
}

/* Where the number or the word ends that begins at `at`, or 0. Two bits of the first byte tell the words
 * apart, so that no branch has to be guessed. */
static ALWAYS_INLINE size_t check_scalar_end(str json, size_t at)
{
    static const struct {
        char text[8];
        char mask[8];
        size_t length;
    } words[] = {
        { "false", "\xff\xff\xff\xff\xff", 5 },
        { "null", "\xff\xff\xff\xff", 4 },
        { "true", "\xff\xff\xff\xff", 4 },
        { "true", "\xff\xff\xff\xff", 4 },
    };
    uint64_t bytes;
    uint64_t word;
    uint64_t mask;
    if (json.len - at < sizeof bytes)
        return skim_check_near_end(json, at);
    unsigned which = (unsigned char)json.ptr[at] >> 3 & 3;
    memcpy(&bytes, json.ptr + at, sizeof bytes);
    memcpy(&word, words[which].text, sizeof word);
    memcpy(&mask, words[which].mask, sizeof mask);
    size_t end = at + words[which].length;
    if (((bytes ^ word) & mask) == 0)
        return check_delimits(json.ptr[end]) ? end : 0;
    return skim_check_number(json, at);
}

/* --- Sets --- */

/* The places behind those of the set. */
static ALWAYS_INLINE uint64_t check_behind(uint64_t set, uint64_t *last)
{
    uint64_t next = set << 1 | *last >> 63;
    *last = set;
    return next;
}

/* The next token behind each of the set: an addition carries through the run of spaces. No token is a
 * space, so no two carries meet. Most text has no spaces between tokens. */
static ALWAYS_INLINE uint64_t check_next(
    struct check_set *from, uint64_t set, uint64_t spaces, bool has_spaces)
{
    uint64_t next = check_behind(set, &from->last);
    uint64_t sum;
    if (!has_spaces)
        return next;
    from->through = (uint64_t)__builtin_add_overflow(next | from->through, spaces, &sum);
    return sum & ~spaces;
}

/* The place behind each run of `runs` that begins in `starts`. *carry: 1 when one goes on. */
static ALWAYS_INLINE uint64_t check_after_runs(uint64_t runs, uint64_t starts, uint64_t *carry)
{
    uint64_t sum;
    bool first = __builtin_add_overflow(runs, starts, &sum);
    bool second = __builtin_add_overflow(sum, *carry, &sum);
    *carry = (uint64_t)(first | second);
    return sum & ~runs;
}

/* --- The parts of a word --- */

/* Match the brackets. The places where the innermost that is open is an object: an opening brace
 * is one itself. */
static ALWAYS_INLINE uint64_t check_brackets(struct skim_check *check, const struct skim_word *word)
{
    uint64_t in_object = 0 - (check->kinds & 1);
    for (uint64_t left = word->opens | word->closes; left != 0; left &= left - 1) {
        uint64_t place = left & -left;
        unsigned bit = (unsigned)__builtin_ctzll(left);
        /* { is 0x7B and [ is 0x5B, } is 0x7D and ] is 0x5D. */
        uint64_t is_brace = (unsigned char)check->json.ptr[check->at + bit] >> 5 & 1;
        uint64_t before = check->kinds & 1;
        if ((word->opens & place) != 0) {
            check->bad |= check->depth == ALERT_DEPTH_MAX;
            check->kinds = check->kinds << 1 | is_brace;
            check->depth++;
        } else {
            check->bad |= (check->depth == 0) | (before ^ is_brace);
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

/* Numbers and words: `scalars` are their bytes, `starts` the first ones. Most are digits alone, with no
 * zero at the front, and done with here. A sound one is looked at no more than three times, for its
 * first byte, its point and its exponent; what is not sound ends it all. */
static ALWAYS_INLINE void check_scalars(
    struct skim_check *check, const struct skim_word *word, uint64_t scalars, uint64_t starts)
{
    uint64_t after_zero = check_behind(starts & word->zeros, &check->first_zeros);
    uint64_t after_digit = check_behind(word->digits, &check->digits);
    uint64_t others = scalars & ~word->digits & (starts | after_digit);
    check->bad |= after_zero & word->digits;
    for (uint64_t left = others; left != 0 && check->bad == 0; left &= left - 1) {
        uint64_t upto = left ^ (left - 1);
        size_t at = check->scalar_at;
        if ((starts & upto) != 0)
            at = check->at + 63 - (size_t)__builtin_clzll(starts & upto);
        check->bad |= check_scalar_end(check->json, at) == 0;
    }
    if (starts != 0)
        check->scalar_at = check->at + 63 - (size_t)__builtin_clzll(starts);
}

static inline void check_escapes(struct skim_check *check, uint64_t escaped)
{
    for (; escaped != 0 && check->bad == 0; escaped &= escaped - 1)
        check->bad |= !skim_check_escape(check->json, check->at + (size_t)__builtin_ctzll(escaped));
}

/* What stands behind what. Each token has one token before it, so that what must not be behind
 * a set and what must be are equally good to ask. */
static ALWAYS_INLINE void check_tokens(struct skim_check *check, const struct skim_word *word,
    uint64_t in_object, uint64_t starts, bool has_spaces)
{
    uint64_t spaces = word->spaces;
    uint64_t joints = word->commas | word->colons;
    uint64_t after_openers = check_next(&check->openers, joints | word->opens, spaces, has_spaces);
    uint64_t after_joints = check_next(&check->joints, joints, spaces, has_spaces);
    uint64_t keys =
        check_next(&check->in_object, (word->opens | word->commas) & in_object, spaces, has_spaces);
    uint64_t quotes = word->quotes & word->in_string;
    uint64_t key_ends = check_after_runs(word->in_string, quotes & keys, &check->key_runs);
    uint64_t after_keys = check_next(&check->key_ends, key_ends, spaces, has_spaces);
    uint64_t values = word->opens | starts;
    check->bad |= ((quotes | values) & ~after_openers) | (values & keys)
                  | (word->commas & (after_openers | after_keys))
                  | (word->closes & (after_joints | after_keys)) | (word->colons & ~after_keys);
}

/* --- A check: start, each word, end --- */

static inline struct skim_check check_start(str json)
{
    size_t at = 0;
    while (at < json.len && memchr(" \t\r\n", json.ptr[at], 4) != NULL)
        at++;
    bool is_object = at < json.len && json.ptr[at] == '{';
    return (
        struct skim_check){ .json = json, .openers = { .through = 1 }, .bad = is_object ? 0 : 1 };
}

static ALWAYS_INLINE void check_word(struct skim_check *check, const struct skim_word *word)
{
    uint64_t tokens = word->opens | word->closes | word->commas | word->colons;
    uint64_t others = ~(word->in_string | word->quotes | tokens);
    uint64_t spaces = others & word->spaces;
    uint64_t scalars = others & ~word->spaces;
    uint64_t starts = scalars & ~check_behind(scalars, &check->scalars);
    check->bad |= check->over & ~word->spaces;
    uint64_t in_object = check_brackets(check, word);
    uint64_t through = check->openers.through | check->joints.through | check->in_object.through
                       | check->key_ends.through;
    if ((spaces | through) == 0)
        check_tokens(check, word, in_object, starts, false);
    else
        check_tokens(check, word, in_object, starts, true);
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
