/* both_ways.c - see both_ways.h. */
#include "both_ways.h"

#include "interp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOLD = 10, ALERT_BYTES_TOLD = 6000 };

enum scanned { SILENT, HOLDS, UNDECIDED };

void both_ways_begin(
    struct both_ways *both, const struct program *program, struct both_counts *counts)
{
    *both = (struct both_ways){ .program = program, .counts = counts, .forced_source = STR("") };
    both->scanned = calloc(program->rule_count + 1, sizeof *both->scanned);
    both->holding = calloc(program->rule_count + 1, sizeof *both->holding);
    if (both->scanned == NULL || both->holding == NULL
        || projection_new(&both->arena, program->paths, program->path_count, &both->projection)
               != ERR_OK
        || match_image_new(&both->arena, program, &both->image) != ERR_OK
        || matcher_new(both->image, &both->matcher) != ERR_OK)
        abort();
}

void both_ways_end(struct both_ways *both)
{
    matcher_free(both->matcher);
    arena_release(&both->arena);
    free(both->scanned);
    free(both->holding);
}

/* ---- telling ---- */

static str line_of(str text, uint32_t line)
{
    for (; line > 1 && text.len > 0; line--) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t taken = end == NULL ? text.len : (size_t)(end - text.ptr) + 1;
        text = (str){ text.ptr + taken, text.len - taken };
    }
    const char *end = memchr(text.ptr, '\n', text.len);
    return end == NULL ? text : (str){ text.ptr, (size_t)(end - text.ptr) };
}

static void tell(const struct both_ways *both, uint32_t rule, str json, const char *what)
{
    static const char *const words[] = { "silent", "holding", "undecided" };
    if (++both->counts->different > TOLD)
        return;
    printf("# %s\n", what);
    if (rule < both->program->rule_count) {
        const struct rule_code *code = &both->program->rules[rule];
        printf("#   the full scan finds it %s\n", words[both->scanned[rule]]);
        str text = both->program->texts[code->text_index].text;
        printf("#   %.*s\n", STR_ARG(line_of(text, code->line)));
    }
    printf(
        "#   %.*s\n", (int)(json.len < ALERT_BYTES_TOLD ? json.len : ALERT_BYTES_TOLD), json.ptr);
}

/* ---- the full scan ---- */

/* At a limit what the matcher knows counts. */
static enum scanned limited(struct both_ways *both, uint32_t rule, const struct event *event)
{
    static const enum scanned scanned[] = {
        [MATCHER_SILENT] = SILENT, [MATCHER_MAY] = UNDECIDED, [MATCHER_CERTAIN] = HOLDS
    };
    enum matcher_answer answer;
    if (matcher_rule(both->matcher, event, rule, &answer) != ERR_OK)
        abort();
    both->counts->limited++;
    both->counts->undecided += answer == MATCHER_MAY;
    return scanned[answer];
}

static enum scanned scanned_of(struct both_ways *both, uint32_t rule, const struct event *event)
{
    CLEANUP(arena_release) struct arena scratch = { .limit = EVENT_BYTES_MAX };
    bool passes = false;
    enum err err =
        rule_passes(both->program, &both->program->rules[rule], event, &scratch, &passes);
    if (err == ERR_UNDECIDED || err == ERR_BUDGET)
        return limited(both, rule, event);
    if (err != ERR_OK)
        abort();
    return passes ? HOLDS : SILENT;
}

static void scan_all(struct both_ways *both, const struct event *event)
{
    for (uint32_t i = 0; i < both->program->rule_count; i++) {
        both->scanned[i] = (unsigned char)scanned_of(both, i, event);
        both->holding[i] += both->scanned[i] == HOLDS;
        both->counts->holding += both->scanned[i] == HOLDS;
    }
    both->counts->pairs += both->program->rule_count;
}

/* ---- the matcher ---- */

static void compare_rule(
    struct both_ways *both, uint32_t rule, const struct match *match, str json, const char *way)
{
    enum scanned scanned = both->scanned[rule];
    bool is_certain = match != NULL && match->is_certain;
    char what[120];
    if (scanned != SILENT && match == NULL)
        snprintf(what, sizeof what, "%s leaves the rule out", way);
    else if (scanned != HOLDS && is_certain)
        snprintf(what, sizeof what, "%s is certain of the rule", way);
    else
        return;
    tell(both, rule, json, what);
}

static void compare(
    struct both_ways *both, const struct matches *matches, str json, const char *way)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < both->program->rule_count; i++) {
        bool is_listed = at < matches->count && matches->items[at].rule == i;
        compare_rule(both, i, is_listed ? &matches->items[at] : NULL, json, way);
        at += is_listed;
    }
    if (at != matches->count)
        tell(both, UINT32_MAX, json, "the matcher's answers are not in the order of the rules");
}

static void ask_event(struct both_ways *both, const struct event *event, str json)
{
    struct matches matches = { 0 };
    if (matcher_event(both->matcher, event, &matches) != ERR_OK) {
        tell(both, UINT32_MAX, json, "matcher_event fails");
        return;
    }
    both->counts->listed += matches.count;
    for (uint32_t i = 0; i < matches.count; i++)
        both->counts->certain += matches.items[i].is_certain;
    compare(both, &matches, json, "matcher_event");
}

/* Of one rule, matcher_rule says what matcher_event said. */
static void ask_rule(struct both_ways *both, const struct event *event, str json)
{
    uint32_t rule = (uint32_t)(both->counts->alerts % both->program->rule_count);
    enum matcher_answer answer = MATCHER_SILENT;
    if (matcher_rule(both->matcher, event, rule, &answer) != ERR_OK
        || (both->scanned[rule] != SILENT && answer == MATCHER_SILENT)
        || (both->scanned[rule] != HOLDS && answer == MATCHER_CERTAIN))
        tell(both, rule, json, "matcher_rule says otherwise");
}

/* `event` is NULL where event_read refuses the text: then nothing but LAX may be sure. */
static void ask_text(
    struct both_ways *both, const struct event *event, str json, enum skim_care care)
{
    const char *way = care == SKIM_STRICT ? "matcher_text, strict," : "matcher_text, lax,";
    enum matcher_end end = MATCHER_UNSURE;
    const struct source_program *source = NULL;
    struct matches matches = { 0 };
    if (matcher_text(
            both->matcher, json, both->forced_source, RECEIVED_MS, care, &end, &source, &matches)
        != ERR_OK) {
        tell(both, UINT32_MAX, json,
            care == SKIM_STRICT ? "matcher_text, strict, fails" : "matcher_text, lax, fails");
        return;
    }
    both->counts->asked += event != NULL;
    both->counts->unsure += event != NULL && end == MATCHER_UNSURE;
    if (end == MATCHER_UNSURE)
        return;
    if (event == NULL) {
        if (care == SKIM_STRICT)
            tell(both, UINT32_MAX, json, "matcher_text, strict, takes what event_read refuses");
        return;
    }
    if (match_image_asks_source(both->image)
        && !str_equal(source == NULL ? STR("") : source->name, event->source))
        tell(both, UINT32_MAX, json, "matcher_text names another source");
    compare(both, &matches, json, way);
}

void both_ways_judge(struct both_ways *both, str json)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault = { 0 };
    enum err err = event_read(both->program, both->projection, json, both->forced_source,
        RECEIVED_MS, &arena, &event, &fault);
    if (err == ERR_OK) {
        both->counts->alerts++;
        scan_all(both, &event);
        ask_event(both, &event, json);
        ask_rule(both, &event, json);
    } else {
        both->counts->refused++;
    }
    ask_text(both, err == ERR_OK ? &event : NULL, json, SKIM_STRICT);
    ask_text(both, err == ERR_OK ? &event : NULL, json, SKIM_LAX);
}
