/* bench_match.c - the matcher as a contestant: what its peers do, it does with the same protocol.
 *
 *     bench_match DATA RULES.cdr ..
 *
 * DATA is NDJSON, kept in memory. First it says
 *
 *     ready COMPILE_NS HELD_KB ALERTS IMAGE_NS IMAGE_KB INSTRUCTIONS
 *
 * (from text to a verified program, what that and the image hold, from it to the image, and what
 * the image holds), then it answers one line
 * for each of standard input. FIRST and COUNT choose alerts, past the end from the start again:
 *
 *     pass WAY FIRST COUNT            pass NS MATCHES UNSURE
 *     fields PATHS WAY FIRST COUNT    fields NS BYTES VALUES UNSURE   reading alone, what PATHS has
 *     counts FILE WAY FIRST COUNT     counts MATCHES                  and a count per rule, into FILE
 *     latency WAY FIRST COUNT         latency P50 P99 P999 MAX        ns of one alert
 *     threads N WAY FIRST COUNT       threads NS MATCHES              N threads share the image
 *     reload MS WAY FIRST COUNT       reload P50 P99 P999 MAX TIMES   a thread compiles anew all the time
 *
 * WAY is strict or lax (skim.h). A rule counts where its condition is true: what the matcher is not
 * certain of is asked of the machine, an alert that it is unsure of is read as all others once were.
 */
#include "compile.h"
#include "event.h"
#include "interp.h"
#include "match/matcher.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RECEIVED_MS INT64_C(1767225600000)

enum { THREADS_MAX = 8, WORD_MAX = 512 };

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_match: %s failed\n", what);
    exit(2);
}

static uint64_t ns_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- alerts and rules ---- */

static str file_read(const char *path)
{
    FILE *in = fopen(path, "rb");
    must(in != NULL && fseek(in, 0, SEEK_END) == 0, path);
    long size = ftell(in);
    rewind(in);
    char *bytes = malloc((size_t)size + 64); /* simdjson's has as much behind its text */
    must(size >= 0 && bytes != NULL && fread(bytes, 1, (size_t)size, in) == (size_t)size, path);
    memset(bytes + size, 0, 64);
    fclose(in);
    return (str){ bytes, (size_t)size };
}

struct alerts {
    str *items;
    size_t count;
};

static struct alerts alerts_cut(str text)
{
    struct alerts alerts = { 0 };
    size_t room = 0;
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        if (alerts.count == room) {
            room = room * 2 + 1024;
            alerts.items = realloc(alerts.items, room * sizeof *alerts.items);
            must(alerts.items != NULL, "memory");
        }
        alerts.items[alerts.count++] = (str){ text.ptr, len };
        text = str_skip(text, len + 1);
    }
    return alerts;
}

/* Rules in force: what a reload makes anew. */
struct ruleset {
    struct compilation compilation;
    struct arena arena;
    const struct match_image *image;
    const struct projection *projection;
    uint64_t compile_ns, image_ns;
};

static void tell_mistakes(const struct compilation *compilation)
{
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next)
        if (diag_severity(diag->id) == DIAG_ERROR)
            fprintf(stderr, "%s: %.*s\n", diag_code(diag->id), STR_ARG(diag->message));
}

static struct ruleset *ruleset_new(const str *texts, char **names, int count)
{
    struct ruleset *set = calloc(1, sizeof *set);
    must(set != NULL, "memory");
    uint64_t began = ns_now();
    must(compile_begin(&set->compilation) == ERR_OK, "compiling");
    for (int i = 0; i < count; i++)
        must(compile_text(&set->compilation, str_from(names[i]), texts[i]) == ERR_OK, names[i]);
    must(compile_program(&set->compilation) == ERR_OK, "compiling");
    set->compile_ns = ns_now() - began;
    const struct program *program = set->compilation.program;
    if (program == NULL)
        tell_mistakes(&set->compilation);
    must(program != NULL, "checking the rules");
    began = ns_now();
    must(match_image_new(&set->arena, program, &set->image) == ERR_OK, "making the image");
    set->image_ns = ns_now() - began;
    must(projection_new(&set->arena, program->paths, program->path_count, &set->projection)
             == ERR_OK,
        "making the projection");
    return set;
}

static void ruleset_free(struct ruleset *set)
{
    compile_release(&set->compilation);
    arena_release(&set->arena);
    free(set);
}

/* ---- one thread's asking ---- */

struct tally {
    uint64_t matches, unsure, undecided;
    uint64_t *per_rule; /* NULL: not wanted */
};

struct asker {
    const struct ruleset *set;
    struct matcher *matcher;
    enum skim_care care;
};

static struct asker asker_new(const struct ruleset *set, const char *way)
{
    struct asker asker = { .set = set, .care = str_is(STR("lax"), way) ? SKIM_LAX : SKIM_STRICT };
    must(matcher_new(set->image, &asker.matcher) == ERR_OK, "making a matcher");
    return asker;
}

static void count(struct tally *tally, uint32_t rule)
{
    tally->matches++;
    if (tally->per_rule != NULL)
        tally->per_rule[rule]++;
}

/* What the matcher leaves open, the machine decides. */
static void ask_slowly(struct asker *asker, str json, struct tally *tally)
{
    const struct program *program = asker->set->compilation.program;
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault;
    struct matches matches;
    tally->unsure++;
    if (event_read(
            program, asker->set->projection, json, STR(""), RECEIVED_MS, &arena, &event, &fault)
        != ERR_OK)
        return;
    must(matcher_event(asker->matcher, &event, &matches) == ERR_OK, "matching an event");
    for (uint32_t i = 0; i < matches.count; i++) {
        uint32_t rule = matches.items[i].rule;
        bool is_true = matches.items[i].is_certain;
        if (!is_true
            && rule_matches(program, &program->rules[rule], &event, &arena, &is_true) != ERR_OK) {
            tally->undecided++; /* at a limit */
            continue;
        }
        if (is_true)
            count(tally, rule);
    }
}

static void ask(struct asker *asker, str json, struct tally *tally)
{
    enum matcher_end end;
    const struct source_program *source;
    struct matches matches;
    must(matcher_text(
             asker->matcher, json, STR(""), RECEIVED_MS, asker->care, &end, &source, &matches)
             == ERR_OK,
        "matching");
    bool is_certain = end == MATCHER_DONE;
    for (uint32_t i = 0; is_certain && i < matches.count; i++)
        is_certain = matches.items[i].is_certain;
    if (!is_certain) {
        ask_slowly(asker, json, tally);
        return;
    }
    for (uint32_t i = 0; i < matches.count; i++)
        count(tally, matches.items[i].rule);
}

struct order {
    const char *way;
    size_t first, count;
};

static inline str alert_at(const struct alerts *alerts, size_t at)
{
    return alerts->items[at % alerts->count];
}

/* The reader asks for the memory ahead of it by itself (skim_walk.h). Never inlined:
 * tests/bench/instructions.py counts what is done in it. */
__attribute__((noinline)) static struct tally run_pass(
    struct asker *asker, const struct alerts *alerts, const struct order *order, uint64_t *per_rule)
{
    struct tally tally = { .per_rule = per_rule };
    for (size_t i = 0; i < order->count; i++) {
        ask(asker, alert_at(alerts, order->first + i), &tally);
    }
    return tally;
}

/* ---- the answers ---- */

static void answer_pass(
    const struct ruleset *set, const struct alerts *alerts, const struct order *order)
{
    struct asker asker = asker_new(set, order->way);
    uint64_t began = ns_now();
    struct tally tally = run_pass(&asker, alerts, order, NULL);
    printf("pass %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", ns_now() - began, tally.matches,
        tally.unsure);
    matcher_free(asker.matcher);
}

/* The rule's number, which its name has: the program's order is its own. */
static void answer_counts(const struct ruleset *set, const struct alerts *alerts,
    const struct order *order, const char *path)
{
    const struct program *program = set->compilation.program;
    uint64_t *per_rule = calloc(program->rule_count, sizeof *per_rule);
    uint64_t *by_number = calloc(program->rule_count, sizeof *by_number);
    must(per_rule != NULL && by_number != NULL, "memory");
    struct asker asker = asker_new(set, order->way);
    struct tally tally = run_pass(&asker, alerts, order, per_rule);
    matcher_free(asker.matcher);
    for (uint32_t i = 0; i < program->rule_count; i++) {
        unsigned long number = strtoul(program->rules[i].name.ptr + 1, NULL, 10);
        must(number < program->rule_count, "a rule's name with its number");
        by_number[number] = per_rule[i];
    }
    FILE *out = fopen(path, "w");
    must(out != NULL, path);
    for (uint32_t i = 0; i < program->rule_count; i++)
        fprintf(out, "%" PRIu64 "\n", by_number[i]);
    must(fclose(out) == 0, path);
    printf("counts %" PRIu64 "\n", tally.matches);
    free(per_rule);
    free(by_number);
}

static uint64_t text_sum(str text)
{
    if (text.len == 0)
        return 0;
    return text.len + (unsigned char)text.ptr[0] + (unsigned char)text.ptr[text.len - 1];
}

/* What the contestant that only reads does (peers/parse_fields.cpp), by the skimmer. */
static void answer_fields(const struct alerts *alerts, const struct order *order, str paths_text)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    str paths[64];
    uint32_t path_count = 0;
    struct alerts lines = alerts_cut(paths_text);
    for (size_t i = 0; i < lines.count && i < COUNT_OF(paths); i++)
        paths[path_count++] = lines.items[i];
    const struct skim_plan *plan;
    struct skimmer *skimmer;
    must(skim_plan_new(&arena, paths, path_count, &plan) == ERR_OK
             && skimmer_new(plan, &skimmer) == ERR_OK,
        "making a skimmer");
    enum skim_care care = str_is(STR("lax"), order->way) ? SKIM_LAX : SKIM_STRICT;
    uint64_t bytes = 0, values = 0, unsure = 0, began = ns_now();
    for (size_t i = 0; i < order->count; i++) {
        enum skim_end end;
        struct skim_hits hits;
        must(skim_read(skimmer, alert_at(alerts, order->first + i), care, &end, &hits) == ERR_OK,
            "reading");
        unsure += end == SKIM_UNSURE;
        for (uint32_t k = 0; end == SKIM_DONE && k < hits.count; k++) {
            if (hits.items[k].v.kind != VALUE_TEXT)
                continue;
            values++;
            bytes += text_sum(value_str(hits.items[k].v));
        }
    }
    printf("fields %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", ns_now() - began, bytes,
        values, unsure);
    skimmer_free(skimmer);
    free(lines.items);
}

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* P50 P99 P99.9 and the worst. */
static void print_spread(uint64_t *ns, size_t count)
{
    must(count > 0, "a count above 0");
    qsort(ns, count, sizeof *ns, by_size);
    printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, ns[count / 2], ns[count * 99 / 100],
        ns[count * 999 / 1000], ns[count - 1]);
}

static void answer_latency(
    const struct ruleset *set, const struct alerts *alerts, const struct order *order)
{
    uint64_t *ns = calloc(order->count, sizeof *ns);
    must(ns != NULL, "memory");
    struct tally tally = { 0 };
    struct asker asker = asker_new(set, order->way);
    for (size_t i = 0; i < order->count; i++) {
        uint64_t began = ns_now();
        ask(&asker, alert_at(alerts, order->first + i), &tally);
        ns[i] = ns_now() - began;
    }
    printf("latency");
    print_spread(ns, order->count);
    printf(" %" PRIu64 " %" PRIu64 "\n", tally.matches, tally.unsure);
    matcher_free(asker.matcher);
    free(ns);
}

/* ---- threads that share an image ---- */

struct worker {
    const struct ruleset *set;
    const struct alerts *alerts;
    struct order order;
    struct tally tally;
    pthread_t thread;
    int core; /* the core it is bound to */
};

static void *work(void *self)
{
    struct worker *worker = self;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET((size_t)worker->core, &core);
    sched_setaffinity(0, sizeof core, &core);
    struct asker asker = asker_new(worker->set, worker->order.way);
    worker->tally = run_pass(&asker, worker->alerts, &worker->order, NULL);
    matcher_free(asker.matcher);
    return NULL;
}

/* Each takes its share of the alerts, one after the other. */
static void answer_threads(const struct ruleset *set, const struct alerts *alerts,
    const struct order *order, size_t threads)
{
    struct worker workers[THREADS_MAX];
    must(threads >= 1 && threads <= THREADS_MAX, "a number of threads");
    uint64_t matches = 0, began = ns_now();
    for (size_t i = 0; i < threads; i++) {
        size_t from = order->count * i / threads;
        size_t to = order->count * (i + 1) / threads;
        workers[i] = (struct worker){ .set = set, .alerts = alerts, .core = (int)i };
        workers[i].order = (struct order){ order->way, order->first + from, to - from };
        must(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "a thread");
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        matches += workers[i].tally.matches;
    }
    printf("threads %" PRIu64 " %" PRIu64 "\n", ns_now() - began, matches);
}

/* ---- rules that change while alerts come ---- */

struct reloader {
    const str *texts;
    char **names;
    int count;
    unsigned every_ms;
    _Atomic(struct ruleset *) newest; /* NULL: none newer than what was taken */
    atomic_bool is_over;
    atomic_uint times;
};

static void *reload(void *self)
{
    struct reloader *reloader = self;
    while (!atomic_load(&reloader->is_over)) {
        struct ruleset *set = ruleset_new(reloader->texts, reloader->names, reloader->count);
        struct ruleset *untaken = atomic_exchange(&reloader->newest, set);
        if (untaken != NULL)
            ruleset_free(untaken);
        atomic_fetch_add(&reloader->times, 1);
        struct timespec wait = { .tv_sec = reloader->every_ms / 1000,
            .tv_nsec = (long)(reloader->every_ms % 1000) * 1000000L };
        nanosleep(&wait, NULL);
    }
    return NULL;
}

/* An alert's time with the change of rules before it, if there is one. */
static void answer_reload(
    struct reloader *reloader, const struct alerts *alerts, const struct order *order)
{
    pthread_t thread;
    uint64_t *ns = calloc(order->count, sizeof *ns);
    struct ruleset *set = ruleset_new(reloader->texts, reloader->names, reloader->count);
    struct asker asker = asker_new(set, order->way);
    struct tally tally = { 0 };
    atomic_store(&reloader->times, 0);
    atomic_store(&reloader->is_over, false);
    must(ns != NULL && pthread_create(&thread, NULL, reload, reloader) == 0, "a thread");
    for (size_t i = 0; i < order->count; i++) {
        uint64_t began = ns_now();
        struct ruleset *next = atomic_exchange(&reloader->newest, NULL);
        if (next != NULL) {
            matcher_free(asker.matcher);
            ruleset_free(set);
            set = next;
            asker = asker_new(set, order->way);
        }
        ask(&asker, alert_at(alerts, order->first + i), &tally);
        ns[i] = ns_now() - began;
    }
    atomic_store(&reloader->is_over, true);
    pthread_join(thread, NULL);
    printf("reload");
    print_spread(ns, order->count);
    printf(" %u\n", atomic_load(&reloader->times));
    struct ruleset *untaken = atomic_exchange(&reloader->newest, NULL);
    if (untaken != NULL)
        ruleset_free(untaken);
    matcher_free(asker.matcher);
    ruleset_free(set);
    free(ns);
}

/* ---- */

static void answer(
    const char *line, struct ruleset *set, const struct alerts *alerts, struct reloader *reloader)
{
    char verb[WORD_MAX], word[WORD_MAX], way[WORD_MAX];
    struct order order = { .way = way };
    if (sscanf(line, "%511s %511s %zu %zu", verb, way, &order.first, &order.count) == 4) {
        if (str_is(STR("pass"), verb))
            answer_pass(set, alerts, &order);
        else if (str_is(STR("latency"), verb))
            answer_latency(set, alerts, &order);
        else
            must(false, line);
        return;
    }
    must(
        sscanf(line, "%511s %511s %511s %zu %zu", verb, word, way, &order.first, &order.count) == 5,
        line);
    if (str_is(STR("counts"), verb)) {
        answer_counts(set, alerts, &order, word);
    } else if (str_is(STR("fields"), verb)) {
        str paths = file_read(word);
        answer_fields(alerts, &order, paths);
        free((void *)(uintptr_t)paths.ptr);
    } else if (str_is(STR("threads"), verb)) {
        answer_threads(set, alerts, &order, strtoul(word, NULL, 10));
    } else if (str_is(STR("reload"), verb)) {
        reloader->every_ms = (unsigned)strtoul(word, NULL, 10);
        answer_reload(reloader, alerts, &order);
    } else {
        must(false, line);
    }
}

int main(int argc, char **argv)
{
    must(argc > 2, "usage: bench_match DATA RULES.cdr ..");
    struct alerts alerts = alerts_cut(file_read(argv[1]));
    must(alerts.count > 0, "alerts");
    struct reloader reloader = { .names = argv + 2, .count = argc - 2 };
    str *texts = calloc((size_t)reloader.count, sizeof *texts);
    must(texts != NULL, "memory");
    for (int i = 0; i < reloader.count; i++)
        texts[i] = file_read(reloader.names[i]);
    reloader.texts = texts;
    struct ruleset *set = ruleset_new(texts, reloader.names, reloader.count);
    printf("ready %" PRIu64 " %zu %zu %" PRIu64 " %zu %s\n", set->compile_ns,
        (set->compilation.arena.held + set->arena.held) / 1024, alerts.count, set->image_ns,
        match_image_figures(set->image).bytes / 1024, skim_instructions());
    fflush(stdout);
    char line[4 * WORD_MAX];
    while (fgets(line, sizeof line, stdin) != NULL) {
        answer(line, set, &alerts, &reloader);
        fflush(stdout);
    }
    ruleset_free(set);
    free(texts);
    return 0;
}
