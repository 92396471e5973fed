/* skim_compact.h - whether an alert without white space between its tokens is sound: hundreds of
 * bytes at a time.
 *
 * skim_check.h tells the grammar in sets of places too, but word after word: what a word leaves to the
 * next one, and the way through spaces, cost it more than the sets. Alerts that machines send have no
 * spaces between tokens. Then "behind it" is the next byte, and a vector of words is checked at
 * once: a bit that leaves a word goes to the next lane. What comes one by one is left to plain loops
 * before and behind: which bracket closes which, and numbers and words that are more than digits.
 *
 * This may say yes only where skim_check.h does. No says nothing: skim_check.h is asked.
 *
 * Included by skim_walk.h: SKIM_LANES is how many words the instructions hold in one register.
 */
#pragma once

#include "match/skim_bits.h"
#include "match/skim_check.h"

typedef uint64_t words __attribute__((vector_size(SKIM_LANES * sizeof(uint64_t))));

static ALWAYS_INLINE words words_at(const uint64_t *row, size_t word)
{
    words at;
    memcpy(&at, row + word, sizeof at);
    return at;
}

static ALWAYS_INLINE void words_put(uint64_t *row, size_t word, words set)
{
    memcpy(row + word, &set, sizeof set);
}

/* In each lane the word before it; in the first one the last of `last`. */
static ALWAYS_INLINE words words_before(words set, words *last)
{
#if SKIM_LANES == 8
    words before = __builtin_shufflevector(*last, set, 7, 8, 9, 10, 11, 12, 13, 14);
#elif SKIM_LANES == 4
    words before = __builtin_shufflevector(*last, set, 3, 4, 5, 6);
#else
    words before = __builtin_shufflevector(*last, set, 1, 2);
#endif
    *last = set;
    return before;
}

/* The places behind those of the set. */
static ALWAYS_INLINE words words_behind(words set, words *last)
{
    return set << 1 | words_before(set, last) >> 63;
}

/* What leads from some words to the next ones: the sets of the words before. */
struct compact {
    words openers; /* { [ , : */
    words opens;
    words in_object; /* { and the commas of objects */
    words key_runs;  /* 1: a key goes on in the next word */
    words key_ends;
    words scalars;
    words digits;
    words first_zeros;
    words bad;    /* of all words */
    words points; /* of all words: numbers go on behind digits */
};

/* Where the innermost that is open is an object, as a row; and whether brackets match, and the last one
 * alone ends the object. What is open are bits, the innermost in bit 0: 1 is an object. Below them are
 * two bits that nothing else makes: it is over where those alone are left, which must come once. No
 * bracket is guessed: what it leaves is chosen, not branched to. */
static __attribute__((noinline)) bool compact_brackets(
    const struct skim_bits *bits, str text, size_t count)
{
    enum { NOTHING_OPEN = 2 };
    uint64_t kinds = NOTHING_OPEN;
    uint64_t mismatch = 0;
    uint64_t deepest = 0;
    uint64_t ends = 0;
    for (size_t word = 0; word < count; word++) {
        uint64_t in_object = 0 - (kinds & 1);
        const char *bytes = text.ptr + word * SKIM_BLOCK;
        for (uint64_t left = bits->opens[word] | bits->closes[word]; left != 0; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            /* { is 0x7B and [ is 0x5B, } is 0x7D and ] is 0x5D. */
            uint64_t bracket = (unsigned char)bytes[bit];
            uint64_t is_brace = bracket >> 5 & 1;
            uint64_t opened = kinds << 1 | is_brace;
            uint64_t closed = kinds >> 1;
            uint64_t after = (bracket & 2) != 0 ? opened : closed;
            mismatch |= (kinds ^ is_brace) & ~(bracket >> 1);
            in_object ^= (0 - ((kinds ^ after) & 1)) << bit;
            kinds = after;
            deepest |= kinds;
            ends += kinds == NOTHING_OPEN;
        }
        bits->in_object[word] = in_object;
    }
    return (mismatch & 1) == 0 && deepest >> 63 == 0 && ends == 1 && kinds == NOTHING_OPEN;
}

/* Whether what begins at `at` is a scalar up to the next token. A space ends one too, but is taken for a
 * part of it here. All four kinds of space are the least of bytes that may end one. */
static ALWAYS_INLINE bool compact_scalar(str text, size_t at)
{
    size_t end = check_scalar_end(text, at);
    return end != 0 && text.ptr[end] > ' ';
}

/* What numbers are made of. */
static inline bool compact_is_numeric(char c)
{
    static const bool numeric[256] = { ['0'] = true,
        ['1'] = true,
        ['2'] = true,
        ['3'] = true,
        ['4'] = true,
        ['5'] = true,
        ['6'] = true,
        ['7'] = true,
        ['8'] = true,
        ['9'] = true,
        ['+'] = true,
        ['-'] = true,
        ['.'] = true,
        ['e'] = true,
        ['E'] = true };
    return numeric[(unsigned char)c];
}

/* Where the number begins that has something else behind a digit at `at`. A sound one has two such places
 * at most, so that its digits are not passed often; what is not sound ends it all. */
static inline size_t compact_number_start(str text, size_t at)
{
    while (at > 0 && compact_is_numeric(text.ptr[at - 1]))
        at--;
    return at;
}

/* Whether scalars that are more than digits are sound: each is looked at where it begins with something
 * else (`letters`), or behind a digit (`points`). */
static __attribute__((noinline)) bool compact_scalars(
    str text, const uint64_t *letters, const uint64_t *points, size_t count)
{
    for (size_t word = 0; word < count; word++)
        for (uint64_t left = letters[word]; left != 0; left &= left - 1)
            if (!compact_scalar(text, word * SKIM_BLOCK + (size_t)__builtin_ctzll(left)))
                return false;
    if (points == NULL)
        return true;
    for (size_t word = 0; word < count; word++) {
        for (uint64_t left = points[word]; left != 0; left &= left - 1) {
            size_t at = word * SKIM_BLOCK + (size_t)__builtin_ctzll(left);
            if (!compact_scalar(text, compact_number_start(text, at)))
                return false;
        }
    }
    return true;
}

/* The strings at `keys` are those with a colon behind, and no others are. A key's run of bits ends where
 * an addition carries to. What it carries out of a word is added to the next one; a key that fills
 * a word is left to skim_check.h. */
static ALWAYS_INLINE words compact_keys(
    struct compact *compact, words keys, words inside, words colons)
{
    words sum = inside + keys;
    words runs = words_before((inside & ~sum) >> 63, &compact->key_runs);
    words is_full = (words)(inside == ~(words){ 0 });
    sum += runs;
    return (runs & is_full) | (colons ^ words_behind(sum & ~inside, &compact->key_ends));
}

/* What stands behind what, as in check_tokens. Behind an opener comes what begins a value, or what
 * closes an opening bracket; and nowhere else does a value begin. Only a string is the first thing of
 * an object's member. In the rows of
 * zeros and digits it leaves what compact_scalars asks for. */
static ALWAYS_INLINE void compact_words(
    struct compact *compact, const struct skim_bits *bits, size_t at)
{
    words inside = words_at(bits->inside, at);
    words quotes = words_at(bits->quotes, at);
    words opens = words_at(bits->opens, at);
    words closes = words_at(bits->closes, at);
    words digits = words_at(bits->digits, at);
    words commas = words_at(bits->commas, at) & ~inside;
    words colons = words_at(bits->colons, at) & ~inside;
    words scalars = ~(inside | quotes | opens | closes | commas | colons);
    words starts = scalars & ~words_behind(scalars, &compact->scalars);
    words strings = quotes & inside;
    words first = words_behind(opens | commas | colons, &compact->openers);
    words empty = closes & words_behind(opens, &compact->opens);
    words members = (opens | commas) & words_at(bits->in_object, at);
    words keys = words_behind(members, &compact->in_object);
    words zeros = starts & words_at(bits->zeros, at);
    words bad = ((first ^ (strings | opens | starts)) & ~empty) | ((opens | starts) & keys);
    bad |= words_behind(zeros, &compact->first_zeros) & digits;
    bad |= compact_keys(compact, strings & keys, inside, colons);
    compact->bad |= bad;
    words points = scalars & ~digits & words_behind(digits, &compact->digits);
    compact->points |= points;
    words_put(bits->zeros, at, starts & ~digits);
    words_put(bits->digits, at, points);
}

static ALWAYS_INLINE bool words_any(words set)
{
    uint64_t any = 0;
    for (size_t lane = 0; lane < SKIM_LANES; lane++)
        any |= set[lane];
    return any != 0;
}

/* Whether the text, which ends with a brace and whose brackets match, is sound and compact. Its rows are
 * filled, and `inside` is all ones behind its end, up to `count` words and SKIM_LANES more. */
static __attribute__((noinline)) bool compact_check(
    const struct skim_bits *bits, str text, size_t count)
{
    struct compact compact = { .bad = { 0 } };
    compact.openers[SKIM_LANES - 1] = UINT64_MAX; /* the first byte may open */
    for (size_t at = 0; at < count; at += SKIM_LANES)
        compact_words(&compact, bits, at);
    return !words_any(compact.bad)
           && compact_scalars(
               text, bits->zeros, words_any(compact.points) ? bits->digits : NULL, count);
}
