#include "match/skim_private.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Where the key is remembered, or will be: one of a few places side by side. Of strangers the first is
 * replaced, so that no alert can make this slow, or grow. */
static struct skim_key *key_place(
    const struct skimmer *skimmer, uint32_t node, const char bytes[static SKIM_KEY_BYTES])
{
    uint64_t words[SKIM_KEY_BYTES / sizeof(uint64_t)];
    memcpy(words, bytes, sizeof words);
    uint64_t hash = node;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15;
    struct skim_key *places =
        &skimmer->keys[(hash >> 32) % (SKIM_KEYS / SKIM_KEY_WAYS) * SKIM_KEY_WAYS];
    struct skim_key *place = places;
    for (unsigned way = 0; way < SKIM_KEY_WAYS; way++) {
        struct skim_key *key = &places[way];
        if (key->node == node && memcmp(key->bytes, bytes, SKIM_KEY_BYTES) == 0)
            return key;
        if (key->node == SKIM_UNWANTED)
            place = key;
    }
    return place;
}

static void key_write(struct skim_key *key, uint32_t node, uint32_t target,
    const char bytes[static SKIM_KEY_BYTES], size_t length)
{
    *key = (struct skim_key){
        .next = key,
        .node = node,
        .target = target,
        .mask = (uint32_t)(((uint64_t)1 << length) - 1),
        .length = (uint32_t)length,
    };
    memcpy(key->bytes, bytes, SKIM_KEY_BYTES);
}

size_t skim_key_read(
    struct skimmer *skimmer, struct skim_frame *frame, str json, size_t at, uint32_t *ret_target)
{
    if (json.ptr[at] != '"')
        return 0;
    size_t end = bits_next(skimmer->bits.quotes, at + 1);
    size_t colon = end + 1;
    while (is_space(json.ptr[colon]))
        colon++;
    if (json.ptr[colon] != ':')
        return 0;
    char bytes[SKIM_KEY_BYTES] = { 0 };
    struct skim_key *key = NULL;
    size_t length = colon + 1 - at;
    if (length <= SKIM_KEY_BYTES && colon == end + 1) {
        memcpy(bytes, json.ptr + at, length);
        key = key_place(skimmer, frame->node, bytes);
    }
    bool is_known =
        key != NULL && key->node == frame->node && memcmp(key->bytes, bytes, sizeof bytes) == 0;
    if (!is_known) {
        str text = { json.ptr + at + 1, end - at - 1 };
        bool is_odd = bits_any(skimmer->bits.odd, at + 1, end);
        if (is_odd && str_find(text, '\\') < text.len)
            return 0;
        *ret_target = skim_plan_find(skimmer->plan, frame->node, text);
        if (key == NULL)
            return colon + 1;
        key_write(key, frame->node, *ret_target, bytes, length);
    }
    *frame->foretold = key;
    frame->foretold = &key->next;
    *ret_target = key->target;
    return colon + 1;
}
