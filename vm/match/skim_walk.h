/* skim_walk.h - the index of an alert's quotes and brackets, and the walk along it to what is wanted.
 *
 * Included by one .c file for each instruction set, which is compiled for it and defines, before:
 *
 *   struct skim_block block_read(const char *text);    64 bytes of text
 *   uint64_t block_inside(uint64_t quotes);            each bit: the quotes up to it are odd in number
 */
#pragma once

#include "match/skim_private.h"

/* How far ahead of the text memory is asked for. An alert of a stream comes from main memory, and the
 * processor's own prefetch ends at each page of 4 KB. Measured: 2 KB, about one alert, is best. */
enum { SKIM_AHEAD = 2048 };

#define ALTERNATE_BITS 0xAAAAAAAAAAAAAAAA

/* The bytes that a backslash escapes. A row of backslashes escapes every second byte from its
 * second on: a subtraction carries through each row, and tells rows that begin at odd places
 * from those at even ones (simdjson's way, after Langdale and Lemire). *carry: the byte in
 * front of the block escapes the first one; then, the same for the next block. */
static inline uint64_t escaped_bytes(uint64_t backslashes, uint64_t *carry)
{
    if (__builtin_expect(backslashes == 0, true)) {
        uint64_t first = *carry;
        *carry = 0;
        return first;
    }
    uint64_t begins = backslashes & ~*carry;
    uint64_t parity = ((begins << 1 | ALTERNATE_BITS) - begins) ^ ALTERNATE_BITS;
    uint64_t escaped = parity ^ (backslashes | *carry);
    *carry = (parity & backslashes) >> (SKIM_BLOCK - 1);
    return escaped;
}

/* What leads from one block to the next. */
struct index_carry {
    uint64_t is_escaped; /* of the first byte: 0 or 1 */
    uint64_t in_string;  /* all ones or none */
};

static inline void index_block(
    const struct skim_bits *bits, size_t word, struct skim_block block, struct index_carry *carry)
{
    uint64_t quotes = block.quotes & ~escaped_bytes(block.backslashes, &carry->is_escaped);
    uint64_t inside = block_inside(quotes) ^ carry->in_string;
    carry->in_string = (uint64_t)((int64_t)inside >> (SKIM_BLOCK - 1));
    bits->quotes[word] = quotes;
    bits->opens[word] = block.opens & ~inside;
    bits->closes[word] = block.closes & ~inside;
    bits->odd[word] = block.odd;
}

/* The last bytes, fewer than a block. Read as the end of a block that begins earlier, where there is
 * one: nothing is copied, and nothing behind the text is read. */
static inline struct skim_block block_last(const char *text, size_t length, size_t rest)
{
    if (length < SKIM_BLOCK) {
        char copy[SKIM_BLOCK];
        memset(copy, ' ', sizeof copy);
        memcpy(copy, text, length);
        return block_read(copy);
    }
    struct skim_block block = block_read(text + length - SKIM_BLOCK);
    size_t shift = SKIM_BLOCK - rest;
    block.quotes >>= shift;
    block.backslashes >>= shift;
    block.opens >>= shift;
    block.closes >>= shift;
    block.odd >>= shift;
    return block;
}

/* False: a string does not end. */
static inline bool index_text(const struct skim_bits *bits, const char *text, size_t length)
{
    struct index_carry carry = { 0, 0 };
    size_t word = 0;
    for (; (word + 1) * SKIM_BLOCK <= length; word++) {
        const char *block = text + word * SKIM_BLOCK;
        __builtin_prefetch((const void *)((uintptr_t)block + SKIM_AHEAD));
        index_block(bits, word, block_read(block), &carry);
    }
    size_t rest = length % SKIM_BLOCK;
    if (rest > 0)
        index_block(bits, word++, block_last(text, length, rest), &carry);
    for (size_t end = 0; end < SKIM_ENDS; end++, word++) {
        bits->quotes[word] = UINT64_MAX;
        bits->opens[word] = UINT64_MAX;
        bits->closes[word] = UINT64_MAX;
        bits->odd[word] = UINT64_MAX;
    }
    return carry.in_string == 0;
}

static inline bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Go on behind white space. A brace that is no space ends the text, so that this ends. */
static inline size_t after_space(const char *text, size_t at)
{
    while (__builtin_expect(is_space(text[at]), false))
        at++;
    return at;
}

/* In the word: the closing bracket that ends what is `depth` deep before it. The word has at least
 * `depth` of them. SKIM_BLOCK when none does. */
static inline size_t closing_bit(uint64_t opens, uint64_t closes, uint32_t depth)
{
    for (uint32_t closed = 1; closes != 0; closed++) {
        uint64_t below = (closes & -closes) - 1;
        if (depth + bits_count(opens & below) == closed)
            return (size_t)__builtin_ctzll(closes);
        closes &= closes - 1;
    }
    return SKIM_BLOCK;
}

/* The bracket that closes what is open at `at`; `end` or more when there is none. Brackets are counted
 * a word at a time: only where as many close as are open it may be over. */
static inline size_t closing_bracket(const struct skim_bits *bits, size_t at, size_t end)
{
    uint32_t depth = 1;
    size_t word = at / SKIM_BLOCK;
    uint64_t opens = bits->opens[word] & UINT64_MAX << at % SKIM_BLOCK;
    uint64_t closes = bits->closes[word] & UINT64_MAX << at % SKIM_BLOCK;
    while (true) {
        uint32_t closed = bits_count(closes);
        if (closed >= depth) {
            size_t bit = closing_bit(opens, closes, depth);
            if (bit < SKIM_BLOCK)
                return word * SKIM_BLOCK + bit;
        }
        depth += bits_count(opens) - closed;
        if (++word * SKIM_BLOCK >= end)
            return end;
        opens = bits->opens[word];
        closes = bits->closes[word];
    }
}

/* What the walk has at hand all the time. */
struct walk {
    struct skimmer *skimmer;
    struct skim_bits bits;
    str json;
    size_t end; /* behind the last brace: a brace ends every search in front of it */
    bool is_strict;
};

/* Whether the key is the foretold one. Reads SKIM_KEY_BYTES. */
static inline bool key_is(const struct skim_key *key, uint32_t node, const char *text)
{
    return key->node == node && (bytes_equal(key->bytes, text) & key->mask) == key->mask;
}

/* The key at `at` and what it leads to. Where its value begins; 0: unsure. */
static inline size_t walk_key(
    const struct walk *walk, struct skim_frame *frame, size_t at, uint32_t *ret_target)
{
    const char *text = walk->json.ptr;
    *ret_target = SKIM_UNWANTED;
    if (frame->node == SKIM_UNWANTED) {
        if (text[at] != '"')
            return 0;
        size_t end = bits_next(walk->bits.quotes, at + 1);
        if (bits_any(walk->bits.odd, at + 1, end)
            && !skim_escapes_are_valid((str){ text + at + 1, end - at - 1 }))
            return 0;
        at = after_space(text, end + 1);
        return text[at] == ':' ? after_space(text, at + 1) : 0;
    }
    struct skim_key *key = *frame->foretold;
    if (__builtin_expect(
            at + SKIM_KEY_BYTES <= walk->json.len && key_is(key, frame->node, text + at), true)) {
        frame->foretold = &key->next;
        *ret_target = key->target;
        at += key->length;
    } else {
        at = skim_key_read(walk->skimmer, frame, walk->json, at, ret_target);
        if (at == 0)
            return 0;
    }
    if (*ret_target != SKIM_UNWANTED) {
        uint64_t *seen = &walk->skimmer->seen[*ret_target];
        if (*seen == frame->serial)
            return 0;
        *seen = frame->serial;
        frame->left--;
    }
    return after_space(text, at);
}

/* The string whose opening quote is at `at`. */
static inline size_t walk_text(const struct walk *walk, size_t at, uint32_t target, bool in_list)
{
    struct skimmer *skimmer = walk->skimmer;
    size_t close = bits_next(walk->bits.quotes, at + 1);
    str text = { walk->json.ptr + at + 1, close - at - 1 };
    bool is_wanted = target != SKIM_UNWANTED && skimmer->plan->nodes[target].end_count > 0;
    if (!is_wanted && !walk->is_strict)
        return close + 1;
    bool is_odd = bits_any(walk->bits.odd, at + 1, close);
    if (is_odd && !is_wanted && !skim_escapes_are_valid(text))
        return 0;
    if (is_odd && is_wanted && !skim_unescape(skimmer, walk->json, at + 1, close, &text))
        return 0;
    if (is_wanted && !skim_deliver(skimmer, target, value_text(text), in_list))
        return 0;
    return close + 1;
}

/* A number or a word. One of an object that no rule reads is passed over in LAX: the next quote after a
 * comma is the next key. */
static inline size_t walk_scalar(
    const struct walk *walk, const struct skim_frame *frame, size_t at, uint32_t target)
{
    struct skimmer *skimmer = walk->skimmer;
    const char *text = walk->json.ptr;
    if (target == SKIM_UNWANTED && !walk->is_strict && !frame->is_array) {
        size_t next = bits_next_any(&walk->bits, at);
        size_t last = next - 1;
        while (is_space(text[last]))
            last--;
        return text[last] == ',' ? last : next;
    }
    value v;
    size_t end = skim_scalar(walk->json, at, &v);
    if (end == 0 || target == SKIM_UNWANTED || skimmer->plan->nodes[target].end_count == 0)
        return end;
    return skim_deliver(skimmer, target, v, frame->in_list) ? end : 0;
}

/* Open what has its bracket at `at`, as the frame after `frame`. */
static inline void frame_open(
    const struct walk *walk, struct skim_frame *frame, uint32_t node, bool is_array, bool in_list)
{
    struct skimmer *skimmer = walk->skimmer;
    *frame = (struct skim_frame){
        .serial = ++skimmer->serial,
        .node = node,
        .is_array = is_array,
        .in_list = in_list || is_array,
    };
    if (node == SKIM_UNWANTED)
        return;
    frame->foretold = &skimmer->first[node];
    frame->left = skimmer->plan->nodes[node].children;
}

enum walk_turn { WALK_INTO, WALK_PAST, WALK_UNSURE };

/* The object or array at *at: pass it, or open a frame for it. */
static inline enum walk_turn walk_bracket(
    const struct walk *walk, struct skim_frame *frame, size_t *at, uint32_t target)
{
    struct skimmer *skimmer = walk->skimmer;
    const char *text = walk->json.ptr;
    bool is_array = text[*at] == '[';
    const struct skim_node *node = target == SKIM_UNWANTED ? NULL : &skimmer->plan->nodes[target];
    if (frame == &skimmer->frames[ALERT_DEPTH_MAX - 1])
        return WALK_UNSURE;
    size_t inside = after_space(text, *at + 1);
    bool is_empty = text[inside] == (is_array ? ']' : '}');
    if (node != NULL && node->end_count > 0 && (is_empty || !is_array)) {
        str object = str_skip(walk->json, *at);
        value v = { .kind = VALUE_OBJECT, .count = (uint32_t)object.len, .text = object.ptr };
        if (is_array)
            v = value_list(NULL, 0);
        if (!skim_deliver(skimmer, target, v, frame->in_list || is_array))
            return WALK_UNSURE;
    }
    bool is_looked_into = node != NULL && (node->children > 0 || (is_array && node->end_count > 0));
    if (is_empty) {
        *at = inside + 1;
        return WALK_PAST;
    }
    if (!is_looked_into && !walk->is_strict) {
        *at = closing_bracket(&walk->bits, *at + 1, walk->end) + 1;
        return *at < walk->end ? WALK_PAST : WALK_UNSURE;
    }
    *at = inside;
    frame_open(walk, frame + 1, is_looked_into ? target : SKIM_UNWANTED, is_array, frame->in_list);
    return WALK_INTO;
}

/* Behind a value: go on to the next one, out of all that ends here. Where it begins; 0: the alert is
 * over, or broken, which *ret_end tells. */
static inline size_t walk_on(
    const struct walk *walk, struct skim_frame **frame, size_t at, enum skim_end *ret_end)
{
    const char *text = walk->json.ptr;
    *ret_end = SKIM_UNSURE;
    while (true) {
        at = after_space(text, at);
        bool is_done = !walk->is_strict && !(*frame)->is_array && (*frame)->left == 0;
        if (text[at] == ',' && is_done)
            at = closing_bracket(&walk->bits, at, walk->end);
        else if (text[at] == ',')
            return after_space(text, at + 1);
        if (at >= walk->end || text[at] != ((*frame)->is_array ? ']' : '}'))
            return 0;
        at++;
        if (*frame == walk->skimmer->frames) {
            *ret_end = at == walk->end ? SKIM_DONE : SKIM_UNSURE;
            return 0;
        }
        if (at == walk->end)
            return 0;
        --*frame;
    }
}

static inline enum skim_end walk_alert(const struct walk *walk, size_t at)
{
    struct skim_frame *frame = walk->skimmer->frames;
    const char *text = walk->json.ptr;
    frame_open(walk, frame, SKIM_ROOT, false, false);
    at = after_space(text, at + 1);
    if (text[at] == '}')
        return at + 1 == walk->end ? SKIM_DONE : SKIM_UNSURE;
    while (true) {
        uint32_t target = frame->node;
        if (!frame->is_array)
            at = walk_key(walk, frame, at, &target);
        if (at == 0)
            return SKIM_UNSURE;
        char c = text[at];
        enum walk_turn turn = WALK_PAST;
        if (c == '"')
            at = walk_text(walk, at, target, frame->in_list);
        else if (c == '{' || c == '[')
            turn = walk_bracket(walk, frame, &at, target);
        else
            at = walk_scalar(walk, frame, at, target);
        if (at == 0 || turn == WALK_UNSURE)
            return SKIM_UNSURE;
        if (turn == WALK_INTO) {
            frame++;
            continue;
        }
        enum skim_end end;
        at = walk_on(walk, &frame, at, &end);
        if (at == 0)
            return end;
    }
}

/* The text without white space around it is an object, by its braces. */
static inline enum skim_end read_alert(struct skimmer *skimmer, str json, enum skim_care care)
{
    struct walk walk = { skimmer, skimmer->bits, json, json.len, care == SKIM_STRICT };
    size_t at = 0;
    while (at < json.len && is_space(json.ptr[at]))
        at++;
    while (walk.end > at && is_space(json.ptr[walk.end - 1]))
        walk.end--;
    if (walk.end < at + 2 || json.ptr[at] != '{' || json.ptr[walk.end - 1] != '}'
        || !index_text(&skimmer->bits, json.ptr, walk.end))
        return SKIM_UNSURE;
    return walk_alert(&walk, at);
}
