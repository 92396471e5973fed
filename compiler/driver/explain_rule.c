/* explain_rule.c - cdr explain RULE --alert FILE: find the rule, read the alerts, ask. */
#include "decide.h"
#include "driver/alerts.h"
#include "driver/evaluate.h"
#include "driver/explain.h"
#include "driver/rules.h"
#include "suggest.h"

#include <inttypes.h>
#include <string.h>

struct asking {
    struct driver *driver;
    const struct compilation *compilation;
    const struct rule_code *rule;
    const struct probe_rule *probes;
    const struct projection *projection;
    str forced_source;
    bool is_json;
    uint32_t alerts;
    uint32_t unreadable;
};

const char *explain_outcome_name(enum explain_outcome outcome)
{
    static const char *const names[] = {
        [EXPLAIN_FIRED] = "fired",
        [EXPLAIN_NOT_FIRED] = "not_fired",
        [EXPLAIN_EXCUSED] = "excused",
        [EXPLAIN_UNDECIDED] = "undecided",
        [EXPLAIN_WAITING] = "waiting",
        [EXPLAIN_NO_SOURCE] = "no_source",
    };
    return names[outcome];
}

str explain_cut(str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return str_first(text, max);
}

str explain_written(const struct explanation *explanation, span at)
{
    str text = sources_text(&explanation->compilation->sources, at);
    char *line = arena_alloc(explanation->arena, text.len + 1, 1);
    size_t len = 0;
    bool is_space = false;
    for (size_t i = 0; line != NULL && i < text.len; i++) {
        bool is_break = text.ptr[i] == '\n' || text.ptr[i] == '\r' || text.ptr[i] == '\t';
        if (is_break || text.ptr[i] == ' ') {
            is_space = true;
            continue;
        }
        if (is_space && len > 0)
            line[len++] = ' ';
        is_space = false;
        line[len++] = text.ptr[i];
    }
    return (str){ line == NULL ? "" : line, len };
}

enum err explain_read(
    const struct explanation *explanation, const struct probe_read *read, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (read->value == NO_INDEX)
        return ERR_OK;
    enum err err = interp_probe(explanation->compilation->program, read->value, explanation->event,
        NULL, explanation->arena, ret_value);
    return err == ERR_BUDGET || err == ERR_UNDECIDED ? ERR_OK : err;
}

str explain_target(const struct explanation *explanation, const struct expr *target)
{
    if (target->means == MEANING_FIELD)
        return str_from(field_info(target->is.field)->name);
    return explain_written(explanation, target->at);
}

/* ---- one alert ---- */

/* "exception pentest (r.cdr:9): CHG-8812" */
static const char *excuse_words(const struct excuse_code *excuse, struct arena *arena)
{
    const char *name = excuse_name(excuse, arena);
    if (name == NULL)
        return NULL;
    return arena_format(arena, "%s (%.*s:%" PRIu32 ")%s%.*s", name, STR_ARG(excuse->file),
        excuse->line, excuse->reason.len > 0 ? ": " : "", STR_ARG(excuse->reason));
}

static enum err take_decision(const struct asking *asking, const struct rule_decision *decision,
    struct explanation *explanation)
{
    const struct program *program = asking->compilation->program;
    bool is_waiting = asking->rule->needs_state.len > 0;
    switch (decision->outcome) {
    case RULE_SILENT:
        explanation->outcome =
            explanation->event->source.len == 0 ? EXPLAIN_NO_SOURCE : EXPLAIN_NOT_FIRED;
        return ERR_OK;
    case RULE_EXCUSED:
        explanation->outcome = EXPLAIN_EXCUSED;
        explanation->why = excuse_words(decision->excuse, explanation->arena);
        return explanation->why == NULL ? ERR_MEMORY : ERR_OK;
    case RULE_FIRES:
        explanation->outcome = is_waiting ? EXPLAIN_WAITING : EXPLAIN_FIRED;
        return ERR_OK;
    case RULE_FIRES_IN_DOUBT:
        explanation->outcome = is_waiting ? EXPLAIN_WAITING : EXPLAIN_FIRED;
        return excuse_doubt(
            program, decision->excuse, explanation->event, explanation->arena, &explanation->why);
    }
    return ERR_OK;
}

/* What the rule makes of the event, and why where that needs words. */
static enum err decide(const struct asking *asking, struct explanation *explanation)
{
    struct rule_decision decision;
    enum err err = rule_decide(asking->compilation->program, asking->rule, explanation->event,
        explanation->arena, &decision);
    if (err == ERR_OK)
        err = take_decision(asking, &decision, explanation);
    if (err != ERR_UNDECIDED && err != ERR_BUDGET && err != ERR_MEMORY)
        return err;
    explanation->outcome = EXPLAIN_UNDECIDED;
    explanation->why = err_text(err);
    return ERR_OK;
}

static enum err find_answer(const struct asking *asking, struct explanation *explanation)
{
    struct whatif whatif = { .program = asking->compilation->program,
        .rule = asking->rule,
        .probes = asking->probes,
        .event = explanation->event,
        .forced_source = asking->forced_source,
        .states = explanation->states,
        .arena = explanation->arena };
    if (explanation->outcome == EXPLAIN_UNDECIDED || explanation->outcome == EXPLAIN_NO_SOURCE)
        return ERR_OK;
    bool fires = explanation->outcome == EXPLAIN_FIRED || explanation->outcome == EXPLAIN_WAITING;
    return whatif_find(&whatif, !fires, &explanation->answer);
}

static enum err explain_event(const struct asking *asking, const char *file, uint32_t line,
    const struct event *event, struct arena *arena)
{
    struct explanation explanation = { .compilation = asking->compilation,
        .rule = asking->rule,
        .probes = asking->probes,
        .event = event,
        .alert = event_name(event, arena),
        .file = file,
        .line = line,
        .arena = arena };
    enum probe_state *states = ARENA_ARRAY(arena, enum probe_state, asking->probes->leaf_count + 1);
    if (states == NULL || explanation.alert.ptr == NULL)
        return ERR_MEMORY;
    explanation.states = states;
    TRY(probe_leaves(asking->compilation->program, asking->probes, event, NULL, states));
    TRY(decide(asking, &explanation));
    TRY(find_answer(asking, &explanation));
    struct output *out = &asking->driver->out;
    if (asking->is_json)
        return explain_json(&explanation, out);
    if (asking->alerts > 1)
        output_add(out, STR("\n"));
    return explain_text(&explanation, out);
}

/* Memory of one answer: the alert, and what is said of each leaf. */
#define EXPLAIN_BYTES_MAX ((size_t)4 * EVENT_BYTES_MAX)

static enum exit_code explain_alert(
    struct asking *asking, const char *file, const struct alert_text *alert)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EXPLAIN_BYTES_MAX);
    struct driver *driver = asking->driver;
    struct event event;
    struct json_fault fault = { .reason = "not JSON" };
    const char *reason = alert->reason;
    asking->alerts++;
    enum err err = ERR_OK;
    if (reason == NULL) {
        err = event_read(asking->compilation->program, asking->projection, alert->json,
            asking->forced_source, driver->clock->now_ms(driver->clock), &arena, &event, &fault);
        reason = alert_fault(err, &fault);
    }
    if (reason != NULL) {
        asking->unreadable++;
        driver_message(
            driver, "%s:%" PRIu32 ": the alert cannot be read: %s", file, alert->line, reason);
        return EXIT_CLEAN;
    }
    if (err == ERR_OK)
        err = explain_event(asking, file, alert->line, &event, &arena);
    output_relax(&driver->out);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "explaining a rule", err);
}

static enum exit_code explain_alerts(struct asking *asking, const char *file)
{
    struct driver *driver = asking->driver;
    CLEANUP(alerts_close) struct alert_reader reader = { 0 };
    enum err err = alerts_open(&reader, file, asking->forced_source);
    if (err != ERR_OK) {
        driver_message(driver, "%s cannot be read: %s", file, alerts_failure(&reader, err));
        return EXIT_USAGE;
    }
    struct alert_text alert;
    while (alerts_next(&reader, &alert)) {
        enum exit_code code = explain_alert(asking, file, &alert);
        if (code != EXIT_CLEAN)
            return code;
    }
    if (asking->alerts == 0) {
        driver_message(driver, "there is no alert in %s", file);
        return EXIT_NOTHING;
    }
    return asking->unreadable > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* ---- the rule ---- */

/* A rule of that name that is switched off, or NULL. */
static const struct item *find_disabled(const struct compilation *compilation, const char *name)
{
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_RULE && item->rule.disabled_by != NULL
                && str_is(item->name, name))
                return item->rule.disabled_by;
    return NULL;
}

enum exit_code explain_no_such_rule(
    struct driver *driver, const struct compilation *compilation, const char *name)
{
    const struct program *program = compilation->program;
    const struct item *disabled_by = find_disabled(compilation, name);
    if (disabled_by != NULL) {
        const struct source *source = &compilation->sources.items[disabled_by->at.file];
        driver_message(driver,
            "rule %s is switched off (%.*s:%" PRIu32 "), so it fires for nothing", name,
            STR_ARG(source->file), source_place(source, disabled_by->at.start).line);
        return EXIT_NOTHING;
    }
    struct suggestion suggestion = { .word = str_from(name) };
    for (uint32_t at = 0; at < program->rule_count; at++)
        suggest(&suggestion, program->rules[at].name);
    if (suggestion.best.len > 0)
        driver_message(
            driver, "there is no rule %s; did you mean %.*s?", name, STR_ARG(suggestion.best));
    else
        driver_message(driver, "there is no rule %s in these files", name);
    return EXIT_NOTHING;
}

static enum exit_code find_rule(struct asking *asking, const char *name)
{
    const struct program *program = asking->compilation->program;
    for (uint32_t at = 0; at < program->rule_count; at++)
        if (str_is(program->rules[at].name, name)) {
            asking->rule = &program->rules[at];
            asking->probes = &asking->compilation->probes->rules[at];
            return EXIT_CLEAN;
        }
    return explain_no_such_rule(asking->driver, asking->compilation, name);
}

static const char *const here[] = { ".", NULL };

enum exit_code explain_rule(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    const struct arguments only_rules = { .command = arguments->command,
        .given = arguments->given,
        .given_count = arguments->given_count };
    const char *source = option_text(arguments, OPTION_SOURCE);
    enum err err = rules_paths(driver, &only_rules, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    CLEANUP(compile_release) struct compilation compilation = { .wants_probes = true };
    enum exit_code code = rules_load(driver, paths[0] == NULL ? here : paths, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    struct asking asking = { .driver = driver,
        .compilation = &compilation,
        .forced_source = str_from(source),
        .is_json = option_choice(arguments, OPTION_FORMAT) == 1 };
    code = rules_source(driver, arguments->command, compilation.program, source);
    if (code == EXIT_CLEAN)
        code = find_rule(&asking, arguments->operands[0]);
    if (code != EXIT_CLEAN)
        return code;
    err = projection_new(&driver->arena, compilation.program->paths,
        compilation.program->path_count, &asking.projection);
    if (err != ERR_OK)
        return driver_failure(driver, "preparing to read alerts", err);
    return explain_alerts(&asking, option_text(arguments, OPTION_ALERT));
}
