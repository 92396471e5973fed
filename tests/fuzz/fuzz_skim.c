/* fuzz_skim.c - alerts of any bytes, read fast by each set of instructions, strictly and not, and held
 * against the readers that are the definition. What STRICT is sure of is accepted by scan.c and
 * by jansson; what the fast way is sure of is what projection_read says; all instructions agree. */
#include "match/skim_check.h"
#include "match/skim_private.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

enum { KERNELS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- the grammar ---- */

/* Whether scan.c accepts it as an object no deeper than it tells apart: nothing else is mended where
 * nothing is asked for. */
static bool is_accepted(str json)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct projection *nothing;
    struct slots slots;
    struct json_fault fault;
    require(projection_new(&arena, NULL, 0, &nothing) == ERR_OK);
    return projection_read(nothing, json, &arena, &slots, &fault) == ERR_OK && slots.repairs == 0;
}

/* What jansson refuses in strings and scan.c does not: raw control characters, what is not UTF-8, lone
 * surrogates, NUL. Ours to change: the copy has letters there. Sound JSON only. */
static char *with_plain_strings(str json)
{
    char *copy = malloc(json.len + 1);
    require(copy != NULL);
    memcpy(copy, json.ptr, json.len);
    bool in_string = false;
    for (size_t at = 0; at < json.len; at++) {
        unsigned char c = (unsigned char)copy[at];
        if (c == '"')
            in_string = !in_string;
        else if (in_string && (c < 0x20 || c >= 0x80))
            copy[at] = 'x';
        else if (in_string && c == '\\' && copy[++at] == 'u')
            memcpy(copy + at + 1, "0041", 4);
    }
    return copy;
}

static void check_jansson(str json)
{
    json_error_t error;
    char *copy = with_plain_strings(json);
    json_t *tree = json_loadb(copy, json.len, JSON_DECODE_INT_AS_REAL, &error);
    require(tree != NULL || json_error_code(&error) == json_error_numeric_overflow);
    json_decref(tree);
    free(copy);
}

/* Levels of objects and arrays; jansson reads none deeper than its own ceiling, so that this
 * recursion ends. */
static unsigned json_depth(const json_t *tree)
{
    unsigned deepest = 0;
    for (size_t i = 0; json_is_array(tree) && i < json_array_size(tree); i++) {
        unsigned depth = json_depth(json_array_get(tree, i));
        deepest = depth > deepest ? depth : deepest;
    }
    for (void *at = json_object_iter((json_t *)(uintptr_t)tree); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)tree, at)) {
        unsigned depth = json_depth(json_object_iter_value(at));
        deepest = depth > deepest ? depth : deepest;
    }
    return json_is_object(tree) || json_is_array(tree) ? deepest + 1 : 0;
}

static void check_grammar(str json)
{
    bool is_sound = skim_check(json);
    json_error_t error;
    require(is_sound == is_accepted(json));
    if (is_sound)
        check_jansson(json);
    json_t *tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    /* jansson passes over a NUL behind a number. */
    require(!json_is_object(tree) || is_sound || json_depth(tree) > ALERT_DEPTH_MAX
            || memchr(json.ptr, '\0', json.len) != NULL);
    json_decref(tree);
}

/* ---- the values ---- */

static bool is_same(value a, value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_OBJECT)
        return a.text == b.text && a.count == b.count;
    if (a.kind != VALUE_LIST)
        return value_same(a, b);
    bool same = a.count == b.count;
    for (uint32_t i = 0; same && i < a.count; i++)
        same = is_same(a.items[i], b.items[i]);
    return same;
}

/* What projection_read says of an alert. */
struct said {
    enum err err;
    struct slots slots;
};

static enum skim_end check_read(
    struct skimmer *skimmer, str json, enum skim_care care, const struct said *said)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    enum skim_end end;
    struct skim_hits hits;
    struct slots slots;
    require(skim_read(skimmer, json, care, &end, &hits) == ERR_OK);
    if (end == SKIM_UNSURE)
        return end;
    if (care == SKIM_STRICT)
        require(said->err == ERR_OK && said->slots.repairs == 0 && is_accepted(json));
    if (said->err != ERR_OK)
        return end;
    require(skim_slots(skimmer, &arena, &slots) == ERR_OK && slots.count == said->slots.count);
    for (uint32_t i = 0; i < slots.count; i++)
        require(is_same(slots.values[i], said->slots.values[i]));
    return end;
}

/* One set of instructions: with nothing learned, and with what the alert itself and another taught. */
static void check_kernel(const struct skim_plan *plan, const struct skim_kernel *kernel, str json,
    const struct said *said, enum skim_end ends[2])
{
    const str other =
        STR("{\"a\":{\"b\":{\"c\":1}},\"id\":2,\"detail\":{\"type\":\"x\",\"list\":[{\"n\":1}]}}");
    struct skimmer *skimmer;
    struct skim_hits hits;
    enum skim_end end;
    require(skimmer_new_with(plan, kernel, &skimmer) == ERR_OK);
    for (int turn = 0; turn < 3; turn++) {
        for (int care = SKIM_STRICT; care <= SKIM_LAX; care++) {
            enum skim_end found = check_read(skimmer, json, (enum skim_care)care, said);
            require(turn == 0 || found == ends[care]);
            ends[care] = found;
        }
        require(skim_read(skimmer, other, SKIM_STRICT, &end, &hits) == ERR_OK);
        require(end == SKIM_DONE && hits.count > 0);
    }
    skimmer_free(skimmer);
}

static void check_kernels(struct arena *arena, const str *paths, uint32_t count, str json)
{
    const struct projection *projection;
    const struct skim_plan *plan;
    struct said said;
    struct json_fault fault;
    enum skim_end first[2];
    bool is_first = true;
    require(projection_new(arena, paths, count, &projection) == ERR_OK);
    require(skim_plan_new(arena, paths, count, &plan) == ERR_OK);
    said.err = projection_read(projection, json, arena, &said.slots, &fault);
    for (const struct skim_kernel *kernel = skim_kernels(); kernel->name != NULL; kernel++) {
        enum skim_end ends[2];
        if (!kernel->is_supported())
            continue;
        check_kernel(plan, kernel, json, &said, ends);
        require(is_first || memcmp(first, ends, sizeof first) == 0);
        memcpy(first, ends, sizeof first);
        is_first = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str paths[] = { { "a", 1 }, { "a.b", 3 }, { "a.b.c", 5 }, { "id", 2 }, { "x", 1 },
        { "severity", 8 }, { "detail.type", 11 }, { "detail.list.n", 13 }, { "source", 6 },
        { "detail.resource.instanceDetails.instanceId", 42 }, { "", 0 },
        { "evidence.mdeDeviceId", 20 } };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    char *copy = malloc(size + 1); /* a read behind the last byte or before the first is seen */
    require(copy != NULL);
    memcpy(copy, data, size);
    str json = { copy, size };
    check_grammar(json);
    check_kernels(&arena, paths, COUNT_OF(paths), json);
    free(copy);
    return 0;
}
