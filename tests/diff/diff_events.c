/* diff_events.c - the matcher against a full scan, over the events of a file. Speaks TAP.
 *
 *   diff_events FILE GENERATED RULES..
 *
 * FILE has an event a line: the rules of the files RULES look at them, then so many GENERATED
 * rules, whose constants are drawn from the events.
 */
#include "both_ways.h"
#include "compile.h"
#include "drawn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RULES_OF_ONE_SET = 1000, TRIES = 20 };

/* ---- events ---- */

static str map_file(const char *name)
{
    struct stat info;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        printf("Bail out! %s cannot be read\n", name);
        exit(EXIT_FAILURE);
    }
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        abort();
    close(fd);
    return (str){ bytes, (size_t)info.st_size };
}

static void cut_events(str text, struct events *events)
{
    uint32_t room = 0;
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        if (len > 0) {
            if (events->count == room) {
                room = room == 0 ? 1024 : 2 * room;
                events->items = realloc(events->items, room * sizeof *events->items);
                if (events->items == NULL)
                    abort();
            }
            events->items[events->count++] = (str){ text.ptr, len };
        }
        text = str_skip(text, len + 1);
    }
}

static void judge_events(
    const struct program *program, const struct events *events, const char *what, bool *ret_is_good)
{
    struct both_counts counts = { 0 };
    struct both_ways both;
    uint32_t met = 0;
    both_ways_begin(&both, program, &counts);
    for (uint32_t i = 0; i < events->count && counts.different < 10; i++)
        both_ways_judge(&both, events->items[i]);
    for (uint32_t i = 0; i < program->rule_count; i++)
        met += both.holding[i] > 0;
    struct match_figures figures = match_image_figures(both.image);
    printf("# %s: %" PRIu32 " rules (%u always looked at, %u exact), %" PRIu64 " events, %" PRIu64
           " refused, %" PRIu64 " pairs, %" PRIu64 " hold (of %" PRIu32 " rules), %" PRIu64
           " undecided, %" PRIu64 " candidates, %" PRIu64 " certain, %" PRIu64 " of %" PRIu64
           " texts unsure, %" PRIu64 " different\n",
        what, program->rule_count, figures.always_rules, figures.exact_rules, counts.alerts,
        counts.refused, counts.pairs, counts.holding, met, counts.undecided, counts.listed,
        counts.certain, counts.unsure, counts.asked, counts.different);
    *ret_is_good = *ret_is_good && counts.different == 0 && counts.alerts > 0;
    both_ways_end(&both);
}

/* ---- rules ---- */

static void compile(struct compilation *compilation, str text)
{
    if (compile_begin(compilation) != ERR_OK
        || compile_text(compilation, STR("drawn.cdr"), text) != ERR_OK
        || compile_program(compilation) != ERR_OK)
        abort();
}

static bool judge_files(const struct events *events, char **files, int count)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    bool is_good = true;
    if (compile_begin(&compilation) != ERR_OK)
        abort();
    for (int i = 0; i < count; i++)
        if (compile_file(&compilation, str_from(files[i])) != ERR_OK)
            abort();
    if (compile_program(&compilation) != ERR_OK || compilation.program == NULL) {
        puts("# the rules are refused");
        return false;
    }
    judge_events(compilation.program, events, "rules of files", &is_good);
    return is_good;
}

/* Rules that the checker refuses (what is never true, say) are blanked; false when there is none. */
static bool blank_refused(const struct compilation *compilation, char *text)
{
    bool is_any = false;
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next) {
        size_t from = diag->at.start;
        if (diag_severity(diag->id) != DIAG_ERROR || text[from] == '\n')
            continue;
        is_any = true;
        while (from > 0 && text[from - 1] != '\n')
            from--;
        for (; text[from] != '\n' && text[from] != '\0'; from++)
            text[from] = ' ';
    }
    return is_any;
}

static char *draw_rules(const struct events *events, uint32_t set, uint32_t count, size_t *ret_len)
{
    CLEANUP(compile_release) struct compilation bare = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    const struct projection *projection;
    struct random random = { 77 + set };
    char *text = NULL;
    compile(&bare, STR("rule none { when alert.title = \"\" then open case }\n"));
    if (projection_new(&arena, bare.program->paths, bare.program->path_count, &projection)
        != ERR_OK)
        abort();
    FILE *out = open_memstream(&text, ret_len);
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "drawn_%" PRIu32 "_%" PRIu32, set, i);
        drawn_rule(&random, events, bare.program, projection, name, out);
    }
    fclose(out);
    return text;
}

static bool judge_drawn(const struct events *events, uint32_t set, uint32_t count)
{
    size_t len;
    char *text = draw_rules(events, set, count, &len);
    bool is_good = false;
    for (int i = 0; i < TRIES; i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        compile(&compilation, (str){ text, len });
        if (compilation.program != NULL) {
            is_good = compilation.program->rule_count > count / 2;
            judge_events(compilation.program, events, "rules drawn from them", &is_good);
            break;
        }
        if (!blank_refused(&compilation, text))
            break;
    }
    free(text);
    return is_good;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        puts("Bail out! FILE GENERATED RULES..");
        return EXIT_FAILURE;
    }
    uint32_t generated = (uint32_t)strtoul(argv[2], NULL, 10);
    struct events events = { 0 };
    cut_events(map_file(argv[1]), &events);
    bool is_good = events.count > 0 && judge_files(&events, argv + 3, argc - 3);
    printf("%sok 1 - shipped rules: the matcher agrees with a full scan\n", is_good ? "" : "not ");
    bool is_drawn_good = events.count > 0;
    for (uint32_t set = 0; set * RULES_OF_ONE_SET < generated && is_drawn_good; set++) {
        uint32_t left = generated - set * RULES_OF_ONE_SET;
        is_drawn_good =
            judge_drawn(&events, set, left < RULES_OF_ONE_SET ? left : RULES_OF_ONE_SET);
    }
    printf("%sok 2 - rules drawn from the events: the matcher agrees with a full scan\n1..2\n",
        is_drawn_good ? "" : "not ");
    free(events.items);
    return !(is_good && is_drawn_good);
}
