/* bench_skim.c - how long the skimmer takes for an alert, by instructions and care.
 *
 *     bench_skim FILE.ndjson [REPEATS [INSTRUCTIONS]]
 *
 * Reads the values under 10 and under 25 paths of each line. The kernels take turns; the least time of
 * a kernel counts, as the machine's other work only adds to it.
 */
#include "match/skim_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KERNELS_MAX = 8, REPEATS = 7, PATHS_MAX = 25 };

static const str paths[PATHS_MAX] = {
    { "type", 4 },
    { "accountId", 9 },
    { "region", 6 },
    { "resource.resourceType", 21 },
    { "resource.instanceDetails.instanceId", 35 },
    { "eventName", 9 },
    { "userIdentity.userName", 21 },
    { "userIdentity.type", 17 },
    { "event.FileName", 14 },
    { "event.CommandLine", 17 },
    { "severity", 8 },
    { "service.action.actionType", 25 },
    { "service.count", 13 },
    { "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4", 65 },
    { "resource.accessKeyDetails.userName", 34 },
    { "eventSource", 11 },
    { "sourceIPAddress", 15 },
    { "errorCode", 9 },
    { "awsRegion", 9 },
    { "event.Severity", 14 },
    { "event.UserName", 14 },
    { "event.ComputerName", 18 },
    { "event.SHA256String", 18 },
    { "event.ParentImageFileName", 25 },
    { "event.NetworkAccesses.RemoteAddress", 35 },
};

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_skim: %s failed\n", what);
    exit(2);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static str file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    long length = ftell(file);
    must(length > 0 && fseek(file, 0, SEEK_SET) == 0, path);
    char *text = malloc((size_t)length);
    must(text != NULL && fread(text, 1, (size_t)length, file) == (size_t)length, path);
    fclose(file);
    return (str){ text, (size_t)length };
}

/* What came of one pass over the file. */
struct pass {
    double seconds;
    size_t alerts;
    size_t done;
    uint64_t hits;
};

static struct pass pass_run(struct skimmer *skimmer, str text, enum skim_care care)
{
    struct pass pass = { 0, 0, 0, 0 };
    double began = seconds_now();
    while (text.len > 0) {
        str line = str_first(text, str_find(text, '\n'));
        struct skim_hits hits;
        enum skim_end end;
        must(skim_read(skimmer, line, care, &end, &hits) == ERR_OK, "skim_read");
        pass.alerts++;
        pass.done += end == SKIM_DONE;
        pass.hits += hits.count;
        text = str_skip(text, line.len + 1);
    }
    pass.seconds = seconds_now() - began;
    return pass;
}

static void bench_paths(
    str text, uint32_t count, enum skim_care care, unsigned repeats, const char *wanted)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct skim_plan *plan;
    must(skim_plan_new(&arena, paths, count, &plan) == ERR_OK, "skim_plan_new");
    struct skimmer *skimmers[KERNELS_MAX] = { NULL };
    struct pass best[KERNELS_MAX] = { { 0, 0, 0, 0 } };
    const struct skim_kernel *kernels = skim_kernels();
    for (unsigned i = 0; kernels[i].name != NULL; i++)
        if (kernels[i].is_supported() && (wanted == NULL || strcmp(wanted, kernels[i].name) == 0))
            must(skimmer_new_with(plan, &kernels[i], &skimmers[i]) == ERR_OK, "skimmer_new");
    for (unsigned turn = 0; turn < repeats; turn++) {
        for (unsigned i = 0; kernels[i].name != NULL; i++) {
            if (skimmers[i] == NULL)
                continue;
            struct pass pass = pass_run(skimmers[i], text, care);
            if (turn == 0 || pass.seconds < best[i].seconds)
                best[i] = pass;
        }
    }
    for (unsigned i = 0; kernels[i].name != NULL; i++) {
        if (skimmers[i] != NULL)
            printf("%2u paths  %-6s  %-8s  %7.1f ns/alert  %6.0f MB/s  %.2f hits/alert  %.2f %% "
                   "sure\n",
                count, care == SKIM_STRICT ? "strict" : "lax", kernels[i].name,
                best[i].seconds * 1e9 / (double)best[i].alerts,
                (double)text.len / 1e6 / best[i].seconds,
                (double)best[i].hits / (double)best[i].alerts,
                100.0 * (double)best[i].done / (double)best[i].alerts);
        skimmer_free(skimmers[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "use: bench_skim FILE.ndjson [REPEATS [INSTRUCTIONS]]\n");
        return 2;
    }
    str text = file_read(argv[1]);
    unsigned repeats = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : REPEATS;
    const char *wanted = argc > 3 ? argv[3] : NULL;
    static const uint32_t counts[] = { 10, PATHS_MAX };
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        bench_paths(text, counts[i], SKIM_LAX, repeats, wanted);
        bench_paths(text, counts[i], SKIM_STRICT, repeats, wanted);
    }
    return 0;
}
