#include "match/skim.h"

#include "match/skim_private.h"

#include <stdlib.h>

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
           && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")
           && __builtin_cpu_supports("pclmul");
}
#endif

static bool has_all(void)
{
    return true;
}

static const struct skim_kernel kernels[] = {
#if defined(__x86_64__)
    { "avx512", has_avx512, skim_read_avx512 },
    { "avx2", has_avx2, skim_read_avx2 },
    { "sse2", has_all, skim_read_sse2 },
#endif
    { "portable", has_all, skim_read_portable },
    { NULL, NULL, NULL },
};

const struct skim_kernel *skim_kernels(void)
{
    return kernels;
}

static const struct skim_kernel *best_kernel(void)
{
    const struct skim_kernel *kernel = kernels;
    while (!kernel->is_supported())
        kernel++;
    return kernel;
}

const char *skim_instructions(void)
{
    return best_kernel()->name;
}

/* Rows for a text of `length`: at most twice as much is asked for, so that alerts that grow slowly do
 * not ask each time. What the rows held is not needed. */
static enum err make_room(struct skimmer *skimmer, size_t length)
{
    enum { ROOM_LEAST = 16 * 1024, ROWS = 10 };
    if (length <= skimmer->room)
        return ERR_OK;
    size_t room = ROOM_LEAST;
    while (room < length)
        room *= 2;
    size_t words = room / SKIM_BLOCK + SKIM_SPARE + 1;
    free(skimmer->rows);
    free(skimmer->unescaped);
    skimmer->rows = malloc(words * ROWS * sizeof *skimmer->rows);
    skimmer->unescaped = malloc(room);
    skimmer->room = skimmer->rows == NULL || skimmer->unescaped == NULL ? 0 : room;
    if (skimmer->room == 0)
        return ERR_MEMORY;
    skimmer->bits = (struct skim_bits){
        .quotes = skimmer->rows,
        .opens = skimmer->rows + words,
        .closes = skimmer->rows + 2 * words,
        .odd = skimmer->rows + 3 * words,
        .inside = skimmer->rows + 4 * words,
        .in_object = skimmer->rows + 5 * words,
        .commas = skimmer->rows + 6 * words,
        .colons = skimmer->rows + 7 * words,
        .digits = skimmer->rows + 8 * words,
        .zeros = skimmer->rows + 9 * words,
    };
    return ERR_OK;
}

enum err skimmer_new_with(
    const struct skim_plan *plan, const struct skim_kernel *kernel, struct skimmer **ret_skimmer)
{
    struct skimmer *skimmer = calloc(1, sizeof *skimmer);
    if (skimmer == NULL)
        return ERR_MEMORY;
    skimmer->plan = plan;
    skimmer->kernel = kernel;
    skimmer->seen = calloc(plan->node_count, sizeof *skimmer->seen);
    skimmer->first = calloc(plan->node_count, sizeof(struct skim_key *));
    skimmer->whole = calloc((size_t)plan->path_count + 1, sizeof *skimmer->whole);
    skimmer->keys = calloc(SKIM_KEYS, sizeof *skimmer->keys);
    if (skimmer->seen == NULL || skimmer->first == NULL || skimmer->whole == NULL
        || skimmer->keys == NULL) {
        skimmer_free(skimmer);
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < SKIM_KEYS; i++)
        skimmer->keys[i] = (struct skim_key){ .next = skimmer->keys, .node = SKIM_UNWANTED };
    for (uint32_t i = 0; i < plan->node_count; i++)
        skimmer->first[i] = skimmer->keys;
    *ret_skimmer = skimmer;
    return ERR_OK;
}

enum err skimmer_new(const struct skim_plan *plan, struct skimmer **ret_skimmer)
{
    return skimmer_new_with(plan, best_kernel(), ret_skimmer);
}

void skimmer_free(struct skimmer *skimmer)
{
    if (skimmer == NULL)
        return;
    free(skimmer->rows);
    free(skimmer->unescaped);
    free(skimmer->hits);
    free(skimmer->seen);
    free(skimmer->first);
    free(skimmer->whole);
    free(skimmer->keys);
    free(skimmer);
}

/* Drop what keys between dots led to where the whole path was there as one key. */
static void prefer_whole(struct skimmer *skimmer)
{
    uint64_t stamp = ++skimmer->serial;
    for (uint32_t i = 0; i < skimmer->hit_count; i++)
        if ((skimmer->hits[i].path & SKIM_WHOLE) != 0)
            skimmer->whole[skimmer->hits[i].path & ~SKIM_WHOLE] = stamp;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < skimmer->hit_count; i++) {
        struct skim_hit hit = skimmer->hits[i];
        bool is_whole = (hit.path & SKIM_WHOLE) != 0;
        hit.path &= ~SKIM_WHOLE;
        if (is_whole || skimmer->whole[hit.path] != stamp)
            skimmer->hits[kept++] = hit;
    }
    skimmer->hit_count = kept;
}

enum err skim_read(struct skimmer *skimmer, str json, enum skim_care care, enum skim_end *ret_end,
    struct skim_hits *ret_hits)
{
    skimmer->hit_count = 0;
    skimmer->unescaped_bytes = 0;
    skimmer->is_full = false;
    skimmer->has_whole = false;
    *ret_end = SKIM_UNSURE;
    *ret_hits = (struct skim_hits){ NULL, 0 };
    if (json.len > ALERT_BYTES_MAX)
        return ERR_OK;
    TRY(make_room(skimmer, json.len));
    *ret_end = skimmer->kernel->read(skimmer, json, care);
    if (skimmer->is_full)
        return ERR_MEMORY;
    if (*ret_end == SKIM_UNSURE)
        skimmer->hit_count = 0;
    if (skimmer->has_whole)
        prefer_whole(skimmer);
    *ret_hits = (struct skim_hits){ skimmer->hits, skimmer->hit_count };
    return ERR_OK;
}
