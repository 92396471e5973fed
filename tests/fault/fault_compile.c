/* Compile rules and run an alert through them again and again, letting one allocation more
 * succeed each time. Arenas ask for memory in blocks, so the arena is filled a little
 * further each round: then another step of the way meets the end of a block. */
#include "allocation.h"
#include "compile.h"
#include "event.h"
#include "interp.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILL_STEP = 1531, FILL_MAX = 65536 };

static const char rules[] =
    "list jewels : text = [\"a\", \"b\"]\n"
    "list nets : ip = [\"10.0.0.0/8\", \"198.51.100.7\"]\n"
    "let night = hour(time) not in 7..20\n"
    "macro inside(addr : ip, name : text) = addr in nets and not (name in jewels)\n"
    "source mine { accept exists raw[\"mine.id\"] alert.id = first(raw[\"mine.id\"], raw[\"id\"])\n"
    "  severity = scale(raw[\"mine.score\"], 0 low, 7 high) src.ip = raw[\"mine.ip\"]\n"
    "  host.name = raw[\"mine.host\"] }\n"
    "rule r { when source = mine and severity >= high and exists host.name\n"
    "    and inside(src.ip, host.name) and (night or host.name matches /web-[0-9]+/i)\n"
    "    and lower(host.name) contains any [\"web\", \"db\"]\n"
    "  then collect triage profile=full as t; notify slack text=\"{host.name}: {severity}\";\n"
    "    if t.complete then { respond isolate_host } else { open case } }\n"
    "rule mistakes_none { when anywhere contains \"x\" then collect logs }\n";
static const char mistakes[] =
    "rule r { when hots.name = \"a\" and severity >= hgih and src.ip = \"x\"\n"
    "  and not (host.name = \"b\") then respond isolat_host; open case }\n"
    "when alert.title matches /(/ then collect triage";
static const char alert[] =
    "{\"mine\":{\"id\":\"1\",\"score\":8,\"ip\":\"10.1.2.3\",\"host\":\"WEB-1\"},"
    "\"time\":\"x\"}";

static void check(bool holds, const char *what, long number, size_t fill)
{
    if (holds)
        return;
    fprintf(stderr, "allocation %ld after %zu bytes: %s\n", number, fill, what);
    exit(1);
}

static enum err step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    (void)stepper;
    (void)index;
    (void)args;
    memset(ret_result, 0, sizeof *ret_result);
    return ERR_OK;
}

static enum err evaluate(const struct program *program, struct arena *arena, bool *ret_matches)
{
    const struct projection *projection;
    struct json_fault fault;
    struct event event;
    struct stepper stepper = { .run = step, .takes_every_branch = true };
    TRY(projection_new(arena, program->paths, program->path_count, &projection));
    /* 2026-01-01T03:00:00Z: night */
    TRY(event_read(program, projection, str_from(alert), STR(""), INT64_C(1767236400000), arena,
        &event, &fault));
    TRY(rule_matches(program, &program->rules[0], &event, arena, ret_matches));
    return interp_steps(program, program->rules[0].steps, &event, arena, &stepper);
}

static enum err work(
    const char *text, size_t fill, struct compilation *compilation, bool *ret_matches)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    TRY(compile_begin(compilation));
    if (fill > 0 && arena_alloc(&compilation->arena, fill, 1) == NULL)
        return ERR_MEMORY;
    TRY(compile_text(compilation, STR("test.cdr"), str_from(text)));
    TRY(compile_program(compilation));
    if (fill > 0 && arena_alloc(&arena, fill, 1) == NULL)
        return ERR_MEMORY;
    return compilation->program == NULL ? ERR_OK
                                        : evaluate(compilation->program, &arena, ret_matches);
}

/* ALLOCATION_STRIDE: of so many allocations one, for builds that are slow. */
static long stride(void)
{
    const char *text = getenv("ALLOCATION_STRIDE");
    long number = text == NULL ? 1 : strtol(text, NULL, 10);
    return number < 1 ? 1 : number;
}

/* Every allocation of one round, until none is made to fail, beginning with `first`. How many there
 * were. */
static long sweep(const char *text, bool is_good, size_t fill, bool is_lasting, long first)
{
    for (long number = first;; number += stride()) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        bool matches = false;
        allocation_fail(number, is_lasting);
        enum err err = work(text, fill, &compilation, &matches);
        bool has_failed = allocation_heal();
        check(err == ERR_OK || (has_failed && err == ERR_MEMORY), err_text(err), number, fill);
        check(has_failed || compilation.diags.error_count == (is_good ? 0 : 5),
            "the diagnostics are others", number, fill);
        check(err != ERR_OK || matches == is_good, "the rule decides otherwise", number, fill);
        if (!has_failed)
            return number;
    }
}

int main(void)
{
    long count = 0;
    allocation_libraries();
    for (size_t fill = 0; fill < FILL_MAX; fill += FILL_STEP)
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            long first = (long)(fill / FILL_STEP) % stride(); /* each round has others */
            count += sweep(rules, true, fill, is_lasting != 0, first);
            count += sweep(mistakes, false, fill, is_lasting != 0, first);
        }
    printf("ok 1 - %ld allocations failed, and each was told\n1..1\n", count);
    return 0;
}
