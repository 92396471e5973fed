/* skim_walk.h - the index of an alert's quotes and brackets, and the walk along it to what is wanted.
 *
 * Included by one .c file for each instruction set, which is compiled for it and defines, before:
 *
 *   struct skim_block block_read(const char *text);    64 bytes of text
 *   struct skim_marks block_marks(const char *text);
 *   uint64_t block_inside(uint64_t quotes);            each bit: the quotes up to it are odd in number
 *   SKIM_LANES                                         64-bit words in a register: 2, 4 or 8
 */
#pragma once

#include "match/skim_check.h"
#include "match/skim_compact.h"
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

/* How the blocks of a text are read. */
enum index_way {
    INDEX_LAX,
    INDEX_COMPACT, /* with the rows that skim_compact.h asks for */
    INDEX_CHECKED, /* word by word */
};

/* What leads from one block to the next. */
struct index_carry {
    uint64_t is_escaped; /* the first byte: 0 or 1 */
    uint64_t in_string;  /* all ones or none */
    bool has_others;     /* escapes other than \\ and \" */
    struct skim_check check;
};

/* What a strict reading asks of a block, too. `others`: what backslashes escape, but quotes and
 * backslashes. */
static ALWAYS_INLINE void index_marks(const struct skim_bits *bits, size_t word, const char *text,
    unsigned shift, uint64_t inside, uint64_t others, struct index_carry *carry, enum index_way way)
{
    struct skim_marks marks = block_marks(text);
    if (way == INDEX_COMPACT) {
        bits->inside[word] = inside;
        bits->commas[word] = marks.commas >> shift;
        bits->colons[word] = marks.colons >> shift;
        bits->digits[word] = marks.digits >> shift;
        bits->zeros[word] = marks.zeros >> shift;
        carry->has_others |= others != 0;
        return;
    }
    struct skim_word checked = {
        .quotes = bits->quotes[word],
        .in_string = inside,
        .escaped_others = others,
        .opens = bits->opens[word],
        .closes = bits->closes[word],
        .commas = marks.commas >> shift & ~inside,
        .colons = marks.colons >> shift & ~inside,
        .spaces = marks.spaces >> shift | ~(UINT64_MAX >> shift),
        .digits = marks.digits >> shift,
        .zeros = marks.zeros >> shift,
    };
    check_word(&carry->check, &checked);
}

/* The block at `text`, moved to the front by `shift`. */
static ALWAYS_INLINE void index_block(const struct skim_bits *bits, size_t word, const char *text,
    unsigned shift, struct index_carry *carry, enum index_way way)
{
    struct skim_block block = block_read(text);
    uint64_t backslashes = block.backslashes >> shift;
    uint64_t escaped = escaped_bytes(backslashes, &carry->is_escaped);
    uint64_t quotes = block.quotes >> shift & ~escaped;
    uint64_t inside = block_inside(quotes) ^ carry->in_string;
    bits->quotes[word] = quotes;
    bits->opens[word] = block.opens >> shift & ~inside;
    bits->closes[word] = block.closes >> shift & ~inside;
    bits->odd[word] = block.odd >> shift;
    carry->in_string = (uint64_t)((int64_t)inside >> (SKIM_BLOCK - 1));
    if (way == INDEX_LAX)
        return;
    uint64_t others = escaped & ~(block.quotes >> shift | backslashes);
    index_marks(bits, word, text, shift, inside, others, carry, way);
}

/* Find quotes and brackets, and what more the way asks for. How many words. The last block, where it
 * is not full, is read as the end of one that begins earlier: nothing behind the text is read, and
 * nothing copied unless all of it is shorter than a block. */
static ALWAYS_INLINE size_t index_blocks(
    const struct skim_bits *bits, str text, struct index_carry *carry, enum index_way way)
{
    char copy[SKIM_BLOCK];
    size_t word = 0;
    size_t at = 0;
    for (; at + SKIM_BLOCK <= text.len; at += SKIM_BLOCK, word++) {
        __builtin_prefetch((const void *)((uintptr_t)text.ptr + at + SKIM_AHEAD));
        index_block(bits, word, text.ptr + at, 0, carry, way);
    }
    if (at == text.len)
        return word;
    unsigned shift = 0;
    const char *block = copy;
    if (text.len < SKIM_BLOCK) {
        memset(copy, ' ', sizeof copy);
        memcpy(copy, text.ptr, text.len);
    } else {
        shift = (unsigned)(at + SKIM_BLOCK - text.len);
        block = text.ptr + at - shift;
    }
    index_block(bits, word, block, shift, carry, way);
    return word + 1;
}

/* Ones behind the rows of `count` words: a search ends there. */
static inline void index_end(const struct skim_bits *bits, size_t count)
{
    for (size_t end = count; end < count + SKIM_ENDS; end++) {
        bits->quotes[end] = UINT64_MAX;
        bits->opens[end] = UINT64_MAX;
        bits->closes[end] = UINT64_MAX;
        bits->odd[end] = UINT64_MAX;
    }
}

/* Compiled apart from each other and from the walk: each has the registers for itself. False: a string
 * does not end, or the text is not sound. */
static __attribute__((noinline)) bool index_lax(const struct skim_bits *bits, str text)
{
    struct index_carry carry = { .in_string = 0 };
    index_end(bits, index_blocks(bits, text, &carry, INDEX_LAX));
    return carry.in_string == 0;
}

static __attribute__((noinline)) bool index_checked(const struct skim_bits *bits, str text)
{
    struct index_carry carry = { .check = check_start(text) };
    index_end(bits, index_blocks(bits, text, &carry, INDEX_CHECKED));
    return carry.in_string == 0 && check_end(&carry.check);
}

/* What is behind the text is in a string, and so nothing to ask about. */
static inline void compact_pad(const struct skim_bits *bits, size_t length, size_t count)
{
    if (length % SKIM_BLOCK != 0)
        bits->inside[count - 1] |= UINT64_MAX << length % SKIM_BLOCK;
    words_put(bits->inside, count, ~(words){ 0 });
    words_put(bits->quotes, count, (words){ 0 });
    words_put(bits->opens, count, (words){ 0 });
    words_put(bits->closes, count, (words){ 0 });
    words_put(bits->in_object, count, (words){ 0 });
    words_put(bits->commas, count, (words){ 0 });
    words_put(bits->colons, count, (words){ 0 });
    words_put(bits->digits, count, (words){ 0 });
    words_put(bits->zeros, count, (words){ 0 });
}

/* Fill the rows that compact_check asks for. How many words; 0: a string does not end, or an escape
 * has to be looked at. */
static __attribute__((noinline)) size_t index_compact(const struct skim_bits *bits, str text)
{
    struct index_carry carry = { .in_string = 0 };
    size_t count = index_blocks(bits, text, &carry, INDEX_COMPACT);
    if (carry.in_string != 0 || carry.has_others)
        return 0;
    compact_pad(bits, text.len, count);
    return count;
}

/* A guess, by what is behind the first brace and the first colon. The text ends with a brace. */
static inline bool seems_compact(str text)
{
    const char *colon = memchr(text.ptr, ':', text.len < SKIM_BLOCK ? text.len : SKIM_BLOCK);
    return text.ptr[1] > ' ' && (colon == NULL || colon[1] != ' ');
}

static inline bool index_strict(const struct skim_bits *bits, str text)
{
    size_t count = seems_compact(text) ? index_compact(bits, text) : 0;
    if (count == 0 || !compact_brackets(bits, text, count) || !compact_check(bits, text, count))
        return index_checked(bits, text);
    index_end(bits, count);
    return true;
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

/* Pass the members at `at` that come as foretold and that nobody wants, but for the last one of the
 * object, those with something open, and with white space between tokens. Where the next one begins.
 *
 * Half of all that the walk does is this, so that it stays in registers. */
static inline size_t pass_foretold(const struct walk *walk, struct skim_frame *frame, size_t at)
{
    const char *text = walk->json.ptr;
    struct skim_key **foretold = frame->foretold;
    while (at + SKIM_KEY_BYTES <= walk->json.len) {
        struct skim_key *key = *foretold;
        if (key->target != SKIM_UNWANTED || !key_is(key, frame->node, text + at))
            break;
        size_t start = at + key->length;
        size_t next;
        if (text[start] == '"')
            next = bits_next(walk->bits.quotes, start + 1) + 1;
        else
            next = bits_next_any(&walk->bits, start) - 1;
        if (text[next] != ',' || text[next + 1] != '"')
            break;
        foretold = &key->next;
        at = next + 1;
    }
    frame->foretold = foretold;
    return at;
}

/* The string whose opening quote is at `at`. */
static inline size_t walk_text(const struct walk *walk, size_t at, uint32_t target, bool in_list)
{
    struct skimmer *skimmer = walk->skimmer;
    size_t close = bits_next(walk->bits.quotes, at + 1);
    str text = { walk->json.ptr + at + 1, close - at - 1 };
    bool is_wanted = target != SKIM_UNWANTED && skimmer->plan->nodes[target].end_count > 0;
    if (!is_wanted)
        return close + 1;
    if (bits_any(walk->bits.odd, at + 1, close)
        && !skim_unescape(skimmer, walk->json, at + 1, close, &text))
        return 0;
    return skim_deliver(skimmer, target, value_text(text), in_list) ? close + 1 : 0;
}

/* A number or a word. One of an object that no rule reads is passed over: the next quote after a comma
 * is the next key. */
static inline size_t walk_scalar(
    const struct walk *walk, const struct skim_frame *frame, size_t at, uint32_t target)
{
    struct skimmer *skimmer = walk->skimmer;
    const char *text = walk->json.ptr;
    if (target == SKIM_UNWANTED && !frame->is_array) {
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
        .foretold = &skimmer->first[node],
        .left = skimmer->plan->nodes[node].children,
    };
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
        return *at < walk->end ? WALK_PAST : WALK_UNSURE;
    }
    if (!is_looked_into) {
        *at = closing_bracket(&walk->bits, *at + 1, walk->end) + 1;
        return *at < walk->end ? WALK_PAST : WALK_UNSURE;
    }
    *at = inside;
    frame_open(walk, frame + 1, target, is_array, frame->in_list);
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
        if (!frame->is_array) {
            at = pass_foretold(walk, frame, at);
            at = walk_key(walk, frame, at, &target);
        }
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
    bool is_strict = care == SKIM_STRICT;
    struct walk walk = { skimmer, skimmer->bits, json, json.len, is_strict };
    size_t at = 0;
    while (at < json.len && is_space(json.ptr[at]))
        at++;
    while (walk.end > at && is_space(json.ptr[walk.end - 1]))
        walk.end--;
    if (walk.end < at + 2 || json.ptr[at] != '{' || json.ptr[walk.end - 1] != '}')
        return SKIM_UNSURE;
    str text = { json.ptr, walk.end };
    if (is_strict ? !index_strict(&skimmer->bits, text) : !index_lax(&skimmer->bits, text))
        return SKIM_UNSURE;
    return walk_alert(&walk, at);
}
