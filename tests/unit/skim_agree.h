/* skim_agree.h - the skimmer held against projection_read: every kernel that this machine has, strict
 * and lax. */
#pragma once

#include "match/project.h"
#include "match/skim_private.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

enum { KERNELS_MAX = 8, PATHS_MAX = 64 };

/* Readers of the same paths. */
struct agreement {
    struct arena arena;
    const struct projection *projection;
    struct skimmer *skimmers[KERNELS_MAX];
    const char *names[KERNELS_MAX];
    unsigned count;
    unsigned done, unsure; /* of STRICT, by the first kernel */
};

static inline void agreement_release(struct agreement *agreement)
{
    for (unsigned i = 0; i < agreement->count; i++)
        skimmer_free(agreement->skimmers[i]);
    arena_release(&agreement->arena);
}

static inline struct agreement agreement_on(const char *const *paths, uint32_t count)
{
    struct agreement agreement = { .arena = ARENA_INIT(0) };
    str *wanted = ARENA_ARRAY(&agreement.arena, str, count);
    const struct skim_plan *plan;
    assert_non_null(wanted);
    for (uint32_t i = 0; i < count; i++)
        wanted[i] = str_from(paths[i]);
    assert_int_equal(
        projection_new(&agreement.arena, wanted, count, &agreement.projection), ERR_OK);
    assert_int_equal(skim_plan_new(&agreement.arena, wanted, count, &plan), ERR_OK);
    for (const struct skim_kernel *kernel = skim_kernels(); kernel->name != NULL; kernel++) {
        if (!kernel->is_supported())
            continue;
        unsigned at = agreement.count++;
        agreement.names[at] = kernel->name;
        assert_int_equal(skimmer_new_with(plan, kernel, &agreement.skimmers[at]), ERR_OK);
    }
    return agreement;
}

static inline bool same_value(value a, value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_OBJECT)
        return a.text == b.text && a.count == b.count;
    if (a.kind != VALUE_LIST)
        return value_same(a, b);
    if (a.count != b.count)
        return false;
    for (uint32_t i = 0; i < a.count; i++)
        if (!same_value(a.items[i], b.items[i]))
            return false;
    return true;
}

/* One kernel against what projection_read said. */
static inline enum skim_end agree_one(struct agreement *agreement, unsigned which, str json,
    enum skim_care care, enum err slow, const struct slots *expected)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    enum skim_end end;
    struct skim_hits hits;
    struct slots slots;
    assert_int_equal(skim_read(agreement->skimmers[which], json, care, &end, &hits), ERR_OK);
    if (end == SKIM_UNSURE)
        return end;
    const char *name = agreement->names[which];
    if (care == SKIM_STRICT && slow != ERR_OK)
        fail_msg("%s reads what is refused: %.*s", name, STR_ARG(json));
    if (care == SKIM_STRICT && expected->repairs != 0)
        fail_msg("%s reads what is mended: %.*s", name, STR_ARG(json));
    if (slow != ERR_OK)
        return end;
    assert_int_equal(skim_slots(agreement->skimmers[which], &arena, &slots), ERR_OK);
    assert_int_equal(slots.count, expected->count);
    for (uint32_t i = 0; i < slots.count; i++)
        if (!same_value(slots.values[i], expected->values[i]))
            fail_msg("%s, %s: path %u differs ('%.*s', wanted '%.*s'): %.*s", name,
                care == SKIM_STRICT ? "strict" : "lax", i,
                STR_ARG(value_print(&arena, slots.values[i])),
                STR_ARG(value_print(&arena, expected->values[i])), STR_ARG(json));
    return end;
}

/* Fails where a kernel is sure of something else than projection_read says, or less sure than another
 * kernel. `json` is copied, so that a sanitizer sees a byte read behind it. */
static inline enum skim_end agree(struct agreement *agreement, str json, enum skim_care asked)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct slots expected = { NULL, 0, 0 };
    struct json_fault fault;
    char *copy = malloc(json.len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, json.ptr, json.len); /* at an odd address */
    str text = { copy + 1, json.len };
    enum err slow = projection_read(agreement->projection, text, &arena, &expected, &fault);
    enum skim_end ends[2] = { SKIM_UNSURE, SKIM_UNSURE };
    for (unsigned i = 0; i < agreement->count; i++) {
        for (int care = SKIM_STRICT; care <= SKIM_LAX; care++) {
            enum skim_end end =
                agree_one(agreement, i, text, (enum skim_care)care, slow, &expected);
            if (i > 0 && end != ends[care])
                fail_msg("%s and %s differ: %.*s", agreement->names[i], agreement->names[0],
                    STR_ARG(json));
            ends[care] = end;
        }
    }
    agreement->done += ends[SKIM_STRICT] == SKIM_DONE;
    agreement->unsure += ends[SKIM_STRICT] == SKIM_UNSURE;
    free(copy);
    return ends[asked];
}
