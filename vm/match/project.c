#include "match/project.h"

#include "base/fold.h"
#include "base/utf8.h"
#include "match/scan.h"
#include "number.h"

#define ROOT 0
#define UNWANTED UINT32_MAX
#define NO_SLOT UINT32_MAX

/* A key on the way to a path. Each path has two slots: 2i for the keys between its dots,
 * 2i + 1 for the whole path as one key of the alert; the second wins. */
struct trie_node {
    uint32_t parent;
    uint32_t slot; /* first of the slots that end here, or NO_SLOT */
    str key;
};

struct projection {
    uint32_t path_count;
    struct trie_node *nodes; /* nodes[ROOT] is the alert itself */
    uint32_t node_count;
    uint32_t *next_slot; /* by slot: another one that ends at the same node */
    uint32_t *buckets;   /* node indices by hash of parent and folded key; 0 is empty */
    uint32_t bucket_mask;
};

static uint64_t node_hash(uint32_t parent, str key)
{
    uint64_t hash = fold_hash(key) ^ (uint64_t)parent * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 29;
}

/* The bucket that holds the node or would. */
static uint32_t *bucket_find(const struct projection *projection, uint32_t parent, str key)
{
    uint32_t at = (uint32_t)node_hash(parent, key) & projection->bucket_mask;
    for (;; at = (at + 1) & projection->bucket_mask) {
        uint32_t *bucket = &projection->buckets[at];
        const struct trie_node *node = &projection->nodes[*bucket];
        if (*bucket == 0 || (node->parent == parent && fold_equal(node->key, key)))
            return bucket;
    }
}

static uint32_t node_add(struct projection *projection, uint32_t parent, str key)
{
    uint32_t *bucket = bucket_find(projection, parent, key);
    if (*bucket == 0) {
        *bucket = projection->node_count++;
        projection->nodes[*bucket] =
            (struct trie_node){ .parent = parent, .slot = NO_SLOT, .key = key };
    }
    return *bucket;
}

static void slot_add(struct projection *projection, uint32_t node, uint32_t slot)
{
    projection->next_slot[slot] = projection->nodes[node].slot;
    projection->nodes[node].slot = slot;
}

static size_t dots(str path)
{
    size_t count = 0;
    for (size_t i = 0; i < path.len; i++)
        count += path.ptr[i] == '.';
    return count;
}

static void path_add(struct projection *projection, uint32_t index, str path)
{
    slot_add(projection, node_add(projection, ROOT, path), 2 * index + 1);
    if (dots(path) == 0)
        return;
    uint32_t node = ROOT;
    for (str rest = path;;) {
        size_t dot = str_find(rest, '.');
        node = node_add(projection, node, str_first(rest, dot));
        if (dot == rest.len)
            break;
        rest = str_skip(rest, dot + 1);
    }
    slot_add(projection, node, 2 * index);
}

enum err projection_new(
    struct arena *arena, const str *paths, uint32_t count, const struct projection **ret_projection)
{
    size_t nodes = 1;
    for (uint32_t i = 0; i < count; i++)
        nodes += dots(paths[i]) + 2;
    size_t buckets = 16;
    while (buckets < nodes * 2)
        buckets *= 2;
    if (buckets > UINT32_MAX / 2)
        return ERR_MEMORY;
    struct projection *projection = ARENA_NEW(arena, struct projection);
    if (projection == NULL)
        return ERR_MEMORY;
    projection->path_count = count;
    projection->nodes = ARENA_ARRAY(arena, struct trie_node, nodes);
    projection->next_slot = ARENA_ARRAY(arena, uint32_t, (size_t)count * 2);
    projection->buckets = ARENA_ARRAY(arena, uint32_t, buckets);
    projection->bucket_mask = (uint32_t)buckets - 1;
    if (projection->nodes == NULL || projection->next_slot == NULL || projection->buckets == NULL)
        return ERR_MEMORY;
    projection->nodes[ROOT] = (struct trie_node){ .parent = UNWANTED, .slot = NO_SLOT };
    projection->node_count = 1;
    for (uint32_t i = 0; i < count; i++)
        path_add(projection, i, paths[i]);
    *ret_projection = projection;
    return ERR_OK;
}

/* Blocks of 1, 2, 4 .. SLOT_VALUES_MAX values. */
enum { BLOCK_SIZES = 17 };
static_assert((SLOT_VALUES_MAX >> (BLOCK_SIZES - 1)) == 1, "a full slot is the largest block");

/* What was found under one slot so far. */
struct gathered {
    value *items;
    uint32_t count;
    uint32_t room; /* 1 << size, or 0 */
    unsigned size;
    bool is_there;
    bool is_list;
    bool is_long; /* of more values than a slot holds: the array is kept as text */
    str text;     /* of a long one: the array around all of its values */
};

/* Something open: its node (UNWANTED: nothing below is asked for), and for an object a
 * number that no other object of the alert has. */
struct frame {
    uint32_t node;
    uint32_t serial;
    bool is_array;
    bool in_list; /* an array is on the way here */
    size_t start; /* where it begins */
};

struct reading {
    const struct projection *projection;
    struct arena *arena;
    struct scan scan;
    struct json_fault *fault;
    struct gathered *gathered; /* by slot */
    value *spare[BLOCK_SIZES]; /* blocks by size, linked */
    uint32_t *seen;            /* by node: serial of the object in which its key came last */
    uint32_t serial;
    uint32_t repairs;
    bool has_long; /* a slot is_long */
    uint32_t depth;
    struct frame frames[ALERT_DEPTH_MAX];
    uint32_t target; /* node of the key just read */
};

/* The array around everything that is open here. */
static const struct frame *outermost_array(const struct reading *reading)
{
    const struct frame *frame = reading->frames;
    while (!frame->is_array)
        frame++;
    return frame;
}

/* The slot gives up its values: the array that holds them will be one text. */
static void gather_no_more(struct reading *reading, struct gathered *gathered)
{
    gathered->is_long = true;
    gathered->text = str_skip(reading->scan.json, outermost_array(reading)->start);
    reading->has_long = true;
    reading->repairs++;
}

enum { LINK_BYTES = sizeof(void *) };

/* A block of 1 << `size` values: one that another slot grew out of, or a new one. */
static value *take_block(struct reading *reading, unsigned size)
{
    value *block = reading->spare[size];
    if (block == NULL)
        return ARENA_ARRAY(reading->arena, value, (size_t)1 << size);
    memcpy(&reading->spare[size], block, LINK_BYTES);
    return block;
}

/* Keep the block; where the next spare one is stands in its first bytes. */
static void leave_block(struct reading *reading, value *block, unsigned size)
{
    memcpy(block, &reading->spare[size], LINK_BYTES);
    reading->spare[size] = block;
}

/* Twice the room. What slots grow out of is at most as much as what they hold. */
static enum err gather_room(struct reading *reading, struct gathered *gathered)
{
    unsigned size = gathered->room == 0 ? 0 : gathered->size + 1;
    value *grown = take_block(reading, size);
    if (grown == NULL)
        return ERR_MEMORY;
    if (gathered->room > 0) {
        memcpy(grown, gathered->items, gathered->count * sizeof *grown);
        leave_block(reading, gathered->items, gathered->size);
    }
    gathered->items = grown;
    gathered->size = size;
    gathered->room = (uint32_t)1 << size;
    return ERR_OK;
}

static enum err gather(struct reading *reading, uint32_t slot, value v, bool in_list)
{
    struct gathered *gathered = &reading->gathered[slot];
    gathered->is_there = true;
    gathered->is_list = gathered->is_list || in_list;
    if (gathered->is_long)
        return ERR_OK;
    if (gathered->count == SLOT_VALUES_MAX) {
        gather_no_more(reading, gathered);
        return ERR_OK;
    }
    if (gathered->count == gathered->room)
        TRY(gather_room(reading, gathered));
    gathered->items[gathered->count++] = v;
    return ERR_OK;
}

/* Give `v` to every slot that ends at `node`. */
static enum err deliver(struct reading *reading, uint32_t node, value v, bool in_list)
{
    const struct projection *projection = reading->projection;
    if (node == UNWANTED)
        return ERR_OK;
    for (uint32_t slot = projection->nodes[node].slot; slot != NO_SLOT;
         slot = projection->next_slot[slot])
        TRY(gather(reading, slot, v, in_list));
    return ERR_OK;
}

/* An array is there even when it holds nothing. */
static void deliver_array(struct reading *reading, uint32_t node)
{
    const struct projection *projection = reading->projection;
    if (node == UNWANTED)
        return;
    for (uint32_t slot = projection->nodes[node].slot; slot != NO_SLOT;
         slot = projection->next_slot[slot]) {
        reading->gathered[slot].is_there = true;
        reading->gathered[slot].is_list = true;
    }
}

/* A whole number past 64 bits, most likely an identifier: as a decimal it would be another. */
static bool is_rounded(str text, value number)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(".eE", text.ptr[i]) != NULL)
            return false;
    return number.kind == VALUE_DECIMAL;
}

static enum err read_scalar(
    struct reading *reading, const struct json_token *token, value *ret_value)
{
    *ret_value = (value){ .kind = VALUE_NULL };
    if (token->kind == JSON_TRUE || token->kind == JSON_FALSE)
        *ret_value = value_bool(token->kind == JSON_TRUE);
    if (token->kind == JSON_NUMBER
        && (!number_parse(token->text, ret_value) || is_rounded(token->text, *ret_value))) {
        *ret_value = value_text(token->text);
        reading->repairs++;
    }
    if (token->kind == JSON_TEXT) {
        str text;
        TRY(scan_text(token, reading->arena, &text, &reading->repairs));
        *ret_value = value_text(text);
    }
    return ERR_OK;
}

/* Which node the key leads to. Of duplicate keys the first counts. */
static enum err read_key(struct reading *reading, const struct json_token *token)
{
    const struct frame *frame = &reading->frames[reading->depth - 1];
    str key = token->text;
    uint32_t mended = 0;
    reading->target = UNWANTED;
    if (frame->node == UNWANTED)
        return ERR_OK;
    if (token->is_escaped)
        TRY(scan_text(token, reading->arena, &key, &mended));
    uint32_t node = *bucket_find(reading->projection, frame->node, key);
    if (node == 0)
        return ERR_OK;
    if (reading->seen[node] == frame->serial) {
        reading->repairs++;
        return ERR_OK;
    }
    reading->seen[node] = frame->serial;
    reading->target = node;
    return ERR_OK;
}

static void open_frame(struct reading *reading, uint32_t node, bool is_array, bool in_list)
{
    reading->frames[reading->depth++] = (struct frame){
        .node = node,
        .serial = ++reading->serial,
        .is_array = is_array,
        .in_list = in_list || is_array,
        .start = reading->scan.at - 1,
    };
}

/* The outermost array is over: so are the long slots that it holds. */
static void close_frame(struct reading *reading)
{
    const struct frame *frame = &reading->frames[--reading->depth];
    const char *start = reading->scan.json.ptr + frame->start;
    size_t slots = (size_t)reading->projection->path_count * 2;
    for (size_t slot = 0; reading->has_long && frame->is_array && slot < slots; slot++)
        if (reading->gathered[slot].is_long && reading->gathered[slot].text.ptr == start)
            reading->gathered[slot].text.len = reading->scan.at - frame->start;
}

/* The object whose brace was just read: the text from there on. */
static value object_value(const struct reading *reading)
{
    str text = str_skip(reading->scan.json, reading->scan.at - 1);
    return (value){ .kind = VALUE_OBJECT, .count = (uint32_t)text.len, .text = text.ptr };
}

static enum err read_token(struct reading *reading, const struct json_token *token)
{
    const struct frame *frame = reading->depth == 0 ? NULL : &reading->frames[reading->depth - 1];
    bool in_list = frame != NULL && frame->in_list;
    uint32_t node = frame != NULL && frame->is_array ? frame->node : reading->target;
    value v;
    switch (token->kind) {
    case JSON_KEY:
        return read_key(reading, token);
    case JSON_OBJECT:
        TRY(deliver(reading, node, object_value(reading), in_list));
        open_frame(reading, node, false, in_list);
        return ERR_OK;
    case JSON_ARRAY:
        deliver_array(reading, node);
        open_frame(reading, node, true, in_list);
        return ERR_OK;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        close_frame(reading);
        return ERR_OK;
    case JSON_TEXT:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        reading->repairs += token->is_deep;
        if (node == UNWANTED || reading->projection->nodes[node].slot == NO_SLOT)
            return ERR_OK;
        TRY(read_scalar(reading, token, &v));
        return deliver(reading, node, v, in_list);
    case JSON_END:
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err check_object(struct reading *reading)
{
    struct scan *scan = &reading->scan;
    const char *reason = NULL;
    if (scan->json.len > ALERT_BYTES_MAX)
        reason = "an alert is longer than 2 MiB";
    else if (scan_space(scan))
        reason = "there is no alert in the text";
    else if (scan->json.ptr[scan->at] != '{')
        reason = "an alert is a JSON object";
    if (reason != NULL)
        *reading->fault = (struct json_fault){ reason, scan->at };
    return reason == NULL ? ERR_OK : ERR_JSON;
}

static enum err gathered_value(
    struct reading *reading, const struct gathered *gathered, value *ret_value)
{
    str text;
    *ret_value = VALUE_NONE;
    if (gathered->is_long) {
        TRY(utf8_repair(reading->arena, gathered->text, &text, &reading->repairs));
        *ret_value = value_text(text);
    } else if (gathered->is_list) {
        *ret_value = value_list(gathered->items, gathered->count);
    } else if (gathered->is_there) {
        *ret_value = gathered->items[0];
    }
    return ERR_OK;
}

static enum err finish(struct reading *reading, struct slots *ret_slots)
{
    uint32_t count = reading->projection->path_count;
    value *values = ARENA_ARRAY(reading->arena, value, count);
    if (values == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const struct gathered *whole = &reading->gathered[2 * i + 1];
        TRY(gathered_value(
            reading, whole->is_there ? whole : &reading->gathered[2 * i], &values[i]));
    }
    *ret_slots = (struct slots){ .values = values, .count = count, .repairs = reading->repairs };
    return ERR_OK;
}

enum err projection_read(const struct projection *projection, str json, struct arena *arena,
    struct slots *ret_slots, struct json_fault *reterr_fault)
{
    struct reading reading = {
        .projection = projection,
        .arena = arena,
        .scan = { .json = json },
        .fault = reterr_fault,
        .target = ROOT,
    };
    reading.gathered = ARENA_ARRAY(arena, struct gathered, (size_t)projection->path_count * 2);
    reading.seen = ARENA_ARRAY(arena, uint32_t, projection->node_count);
    if (reading.gathered == NULL || reading.seen == NULL)
        return ERR_MEMORY;
    TRY(check_object(&reading));
    struct json_token token;
    do {
        TRY(scan_next(&reading.scan, &token, reterr_fault));
        TRY(read_token(&reading, &token));
    } while (token.kind != JSON_END);
    if (!scan_space(&reading.scan)) {
        *reterr_fault = (struct json_fault){ "text follows the alert", reading.scan.at };
        return ERR_JSON;
    }
    return finish(&reading, ret_slots);
}
