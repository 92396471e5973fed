/* bench_literals.c - many literals in command lines, beside Vectorscan where it is installed.
 *
 *     bench_literals STREAM.ndjson
 *
 * The texts are event.CommandLine, ParentCommandLine and GrandparentCommandLine of the stream
 * (gen_alerts.py), 60,000 at most; the literals are words of them and others that look like them,
 * folded. Rounds of the two are interleaved, each over all texts; numbers are medians. Both must find
 * the same: the number of pairs of a text and a literal that it has. A line for each number of literals:
 *
 *     row TAB literals TAB ns per text, ours TAB Vectorscan TAB median of the ratios
 *         TAB build ms, ours TAB Vectorscan TAB ratio TAB pairs found TAB instructions
 *
 * with "not measured" for what is not there. Vectorscan runs in block mode, in the faster of two ways
 * for each set: reporting each match, or each literal once.
 */
#include "match/literals.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if __has_include(<hs/hs.h>)
#include <hs/hs.h>
#define HAS_VECTORSCAN 1
#else
#define HAS_VECTORSCAN 0
#endif

enum { TEXTS_MAX = 60000, LITERALS_MAX = 10000, ROUNDS = 9 };

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_literals: %s failed\n", what);
    exit(2);
}

/* Of the processor: other work on the machine is not counted, of either. */
static double ns_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- texts and literals ---- */

struct texts {
    str items[TEXTS_MAX];
    uint32_t count;
    size_t bytes;
};

static void texts_add(struct texts *texts, struct arena *arena, const json_t *text)
{
    size_t length = json_string_length(text);
    if (length == 0 || texts->count == TEXTS_MAX)
        return;
    texts->items[texts->count] = arena_copy(arena, (str){ json_string_value(text), length });
    must(texts->items[texts->count].ptr != NULL, "memory");
    texts->count++;
    texts->bytes += length;
}

static void texts_read(struct texts *texts, struct arena *arena, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "rb");
    must(in != NULL, path);
    while (texts->count < TEXTS_MAX && getline(&line, &size, in) > 0) {
        json_t *alert = json_loads(line, 0, NULL);
        const json_t *event = json_object_get(alert, "event");
        texts_add(texts, arena, json_object_get(event, "CommandLine"));
        texts_add(texts, arena, json_object_get(event, "ParentCommandLine"));
        texts_add(texts, arena, json_object_get(event, "GrandparentCommandLine"));
        json_decref(alert);
    }
    free(line);
    fclose(in);
    must(texts->count > 0, "reading command lines");
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(*state >> 33);
}

/* A word of a text, of 5 to 20 bytes. */
static str word_of(const struct texts *texts, uint64_t *state)
{
    for (;;) {
        str text = texts->items[next_random(state) % texts->count];
        size_t from = next_random(state) % text.len;
        size_t to = from;
        while (to < text.len && to - from < 20 && strchr(" \"\\=,", text.ptr[to]) == NULL)
            to++;
        if (to - from >= 5)
            return (str){ text.ptr + from, to - from };
    }
}

static str made_up(struct arena *arena, uint64_t *state)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const shapes[][2] = { { "\\", ".exe" }, { " -", " " }, { "", "" },
        { "", ".ps1" }, { "\\Temp\\", "" }, { "/", ":" } };
    char word[16] = { 0 };
    uint32_t length = 5 + next_random(state) % 7;
    for (uint32_t i = 0; i < length; i++)
        word[i] = letters[next_random(state) % (sizeof letters - 1)];
    const char *const *shape = shapes[next_random(state) % COUNT_OF(shapes)];
    char room[64];
    int bytes = snprintf(room, sizeof room, "%s%s%s", shape[0], word, shape[1]);
    return arena_copy(arena, (str){ room, (size_t)bytes });
}

/* Five of the first 200 is a word of the texts. */
static void literals_make(struct literal *literals, const struct texts *texts, struct arena *arena)
{
    uint64_t state = 20240607;
    for (uint32_t i = 0; i < LITERALS_MAX; i++) {
        str text = i < 200 && i % 40 == 9 ? word_of(texts, &state) : made_up(arena, &state);
        must(text.ptr != NULL, "memory");
        literals[i] = (struct literal){ .text = text, .place = LITERAL_ANYWHERE, .predicate = i };
    }
}

/* ---- the contestants ---- */

struct round {
    double ns; /* of all texts */
    uint64_t found;
};

static struct round run_ours(
    const struct literals *literals, const struct texts *texts, struct truths *truths)
{
    struct arena scratch = ARENA_INIT(0);
    struct round round = { .ns = ns_now() };
    for (uint32_t i = 0; i < texts->count; i++) {
        truths->alert++;
        truths->held_count = 0;
        must(literals_find(literals, texts->items[i], &scratch, truths) == ERR_OK, "literals_find");
        round.found += truths->held_count;
    }
    round.ns = ns_now() - round.ns;
    arena_release(&scratch);
    return round;
}

#if HAS_VECTORSCAN
struct vectorscan {
    hs_database_t *database;
    hs_scratch_t *scratch;
    double build_ns;
};

static struct vectorscan vectorscan_new(
    const struct literal *literals, uint32_t count, bool is_once)
{
    static const char *texts[LITERALS_MAX];
    static unsigned flags[LITERALS_MAX], ids[LITERALS_MAX];
    static size_t lengths[LITERALS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = literals[i].text.ptr;
        lengths[i] = literals[i].text.len;
        flags[i] = HS_FLAG_CASELESS | (is_once ? HS_FLAG_SINGLEMATCH : 0);
        ids[i] = i;
    }
    struct vectorscan made = { .build_ns = ns_now() };
    hs_compile_error_t *error = NULL;
    must(hs_compile_lit_multi(
             texts, flags, ids, lengths, count, HS_MODE_BLOCK, NULL, &made.database, &error)
             == HS_SUCCESS,
        "hs_compile_lit_multi");
    made.build_ns = ns_now() - made.build_ns;
    must(hs_alloc_scratch(made.database, &made.scratch) == HS_SUCCESS, "hs_alloc_scratch");
    return made;
}

static void vectorscan_release(struct vectorscan *vectorscan)
{
    hs_free_scratch(vectorscan->scratch);
    hs_free_database(vectorscan->database);
}

static int on_match(
    unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from;
    (void)to;
    (void)flags;
    truths_add(context, id);
    return 0;
}

static struct round run_vectorscan(
    const struct vectorscan *vectorscan, const struct texts *texts, struct truths *truths)
{
    struct round round = { .ns = ns_now() };
    for (uint32_t i = 0; i < texts->count; i++) {
        str text = texts->items[i];
        truths->alert++;
        truths->held_count = 0;
        must(hs_scan(vectorscan->database, text.ptr, (unsigned)text.len, 0, vectorscan->scratch,
                 on_match, truths)
                 == HS_SUCCESS,
            "hs_scan");
        round.found += truths->held_count;
    }
    round.ns = ns_now() - round.ns;
    return round;
}
#endif

static const char *peer_version(void)
{
#if HAS_VECTORSCAN
    return hs_version();
#else
    return "not measured";
#endif
}

/* ---- one set ---- */

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *numbers, uint32_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return numbers[count / 2];
}

struct set {
    struct literal *literals;
    uint32_t count;
    const struct texts *texts;
    struct truths truths;
    double ours[ROUNDS], peer[2][ROUNDS], ratios[2][ROUNDS];
    double build[ROUNDS], peer_build[2];
    uint64_t found;
};

static const struct literals_seed fixed_seed = { 0x2545F4914F6CDD1D, 0x9E6C63D0876A9A47 };

/* The median of several, in arenas of their own. */
static void measure_build(struct set *set)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct literals *made;
        struct arena arena = ARENA_INIT(0);
        uint32_t rows = 0;
        double began = ns_now();
        must(literals_new(&arena, fixed_seed, set->literals, set->count, &rows, &made) == ERR_OK,
            "literals_new");
        set->build[i] = ns_now() - began;
        arena_release(&arena);
    }
}

static void report(struct set *set)
{
    double texts = set->texts->count;
    double ours = median(set->ours, ROUNDS) / texts;
    double build = median(set->build, ROUNDS) / 1e6;
    printf("row\t%" PRIu32 "\t%.1f\t", set->count, ours);
    if (HAS_VECTORSCAN) {
        double peers[2] = { median(set->peer[0], ROUNDS), median(set->peer[1], ROUNDS) };
        int way = peers[1] < peers[0];
        double peer_build = set->peer_build[way] / 1e6;
        printf("%.1f\t%.2f\t%.3f\t%.1f\t%.0f", peers[way] / texts, median(set->ratios[way], ROUNDS),
            build, peer_build, peer_build / build);
    } else {
        printf("not measured\tnot measured\t%.3f\tnot measured\tnot measured", build);
    }
    printf("\t%" PRIu64 "\t%s\n", set->found, literals_instructions());
    fflush(stdout);
}

static void measure(struct set *set)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct literals *literals;
    uint32_t rows = 0;
    must(literals_new(&arena, fixed_seed, set->literals, set->count, &rows, &literals) == ERR_OK,
        "literals_new");
    set->truths.rows = ARENA_ARRAY(&arena, uint32_t, rows);
    must(set->truths.rows != NULL, "memory");
    measure_build(set);
    set->found = run_ours(literals, set->texts, &set->truths).found;
#if HAS_VECTORSCAN
    struct vectorscan peers[2];
    for (int way = 0; way < 2; way++) {
        peers[way] = vectorscan_new(set->literals, set->count, way == 1);
        set->peer_build[way] = peers[way].build_ns;
        must(run_vectorscan(&peers[way], set->texts, &set->truths).found == set->found,
            "finding the same");
    }
#endif
    for (uint32_t i = 0; i < ROUNDS; i++) {
        set->ours[i] = run_ours(literals, set->texts, &set->truths).ns;
#if HAS_VECTORSCAN
        for (int way = 0; way < 2; way++) {
            set->peer[way][i] = run_vectorscan(&peers[way], set->texts, &set->truths).ns;
            set->ratios[way][i] = set->peer[way][i] / set->ours[i];
        }
#endif
    }
#if HAS_VECTORSCAN
    for (int way = 0; way < 2; way++)
        vectorscan_release(&peers[way]);
#endif
    report(set);
}

int main(int argc, char **argv)
{
    static const uint32_t counts[] = { 1, 10, 100, 1000, 5000, 10000 };
    static struct texts texts;
    static struct literal literals[LITERALS_MAX];
    static uint32_t stamps[LITERALS_MAX], held[LITERALS_MAX];
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    must(argc == 2, "usage: bench_literals STREAM.ndjson");
    texts_read(&texts, &arena, argv[1]);
    literals_make(literals, &texts, &arena);
    printf("texts\t%" PRIu32 "\tbytes on average\t%.1f\n", texts.count,
        (double)texts.bytes / texts.count);
    printf("vectorscan\t%s\n", peer_version());
    for (uint32_t i = 0; i < COUNT_OF(counts); i++) {
        memset(stamps, 0, sizeof stamps);
        struct set set = { .literals = literals,
            .count = counts[i],
            .texts = &texts,
            .truths = { .stamps = stamps, .held = held } };
        measure(&set);
    }
    return 0;
}
