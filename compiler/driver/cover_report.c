/* cover_report.c - see cover_report.h. */
#include "driver/cover_report.h"

#include "driver/json_out.h"

#include <inttypes.h>

enum { WRITTEN_BYTES = 100 };

struct cover_writer {
    const struct coverage *coverage;
    struct output *out;
    const char *prefix;
};

static const struct sources *sources_of(const struct coverage *coverage)
{
    return &coverage->compilation->sources;
}

static struct place place_of(const struct coverage *coverage, span at)
{
    return source_place(&sources_of(coverage)->items[at.file], at.start);
}

/* The first line of what is written there. */
static str written(const struct coverage *coverage, span at)
{
    str text = sources_text(sources_of(coverage), at);
    return str_first(text, str_find(text, '\n'));
}

struct coverage_count cover_total(const struct coverage *coverage)
{
    struct coverage_count total = { 0, 0 };
    for (uint32_t at = 0; at < coverage->compilation->probes->rule_count; at++) {
        struct coverage_count one = coverage_leaves(&coverage->rules[at]);
        total.covered += one.covered;
        total.total += one.total;
    }
    return total;
}

/* ---- text ---- */

static void begin_line(const struct cover_writer *writer, span at)
{
    output_add(writer->out, str_from(writer->prefix));
    output_add(writer->out, STR("  "));
    output_text(writer->out, sources_of(writer->coverage)->items[at.file].file);
    output_addf(writer->out, ":%" PRIu32 ": ", place_of(writer->coverage, at).line);
}

static void show_written(const struct cover_writer *writer, span at)
{
    str text = sources_text(sources_of(writer->coverage), at);
    str shown = str_first(written(writer->coverage, at), WRITTEN_BYTES);
    output_text(writer->out, shown);
    output_add(writer->out, shown.len < text.len ? STR("..") : STR(""));
}

/* What the leaf lacks; NULL when it lacks nothing. */
static const char *lack_of(const struct leaf_coverage *leaf)
{
    bool was_true = leaf->seen[PROBE_TRUE] > 0;
    bool was_false = leaf->seen[PROBE_FALSE] > 0;
    bool was_absent = leaf->seen[PROBE_ABSENT] > 0;
    if (!was_true && !was_false && !was_absent)
        return "never reached";
    if (!was_true)
        return was_false ? "never true" : "never true, always absent";
    if (!was_false && !was_absent)
        return "never false";
    return was_false ? NULL : "false only because it was absent";
}

static void show_leaf(const struct cover_writer *writer, const struct rule_coverage *rule,
    const struct probe_leaf *leaf, const char *lack)
{
    begin_line(writer, leaf->at);
    output_addf(writer->out, "%s: ", lack);
    show_written(writer, leaf->at);
    output_add(writer->out, STR("  ("));
    output_text(writer->out, writer->coverage->compilation->program->rules[rule->rule].name);
    if (leaf->use != NULL) {
        output_add(writer->out, STR(", "));
        show_written(writer, leaf->use->at);
        output_addf(
            writer->out, " in line %" PRIu32, place_of(writer->coverage, leaf->use->at).line);
    }
    output_add(writer->out, STR(")\n"));
}

static void show_leaves(const struct cover_writer *writer, const struct rule_coverage *rule)
{
    for (uint32_t at = 0; at < rule->probes->leaf_count; at++) {
        const struct probe_leaf *leaf = &rule->probes->leaves[at];
        const char *lack = lack_of(&rule->leaves[at]);
        if (coverage_counts(leaf) && lack != NULL)
            show_leaf(writer, rule, leaf, lack);
        output_relax(writer->out);
    }
}

/* Depth: of blocks within each other. */
static void show_steps(const struct cover_writer *writer, const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            show_steps(writer, step->branch.then_steps);
            show_steps(writer, step->branch.else_steps);
        } else if (writer->coverage->steps[step->action.index] == 0) {
            begin_line(writer, step->at);
            output_add(writer->out, STR("never run: "));
            show_written(writer, step->at);
            output_add(writer->out, STR("\n"));
        }
    }
}

static void show_rule(const struct cover_writer *writer, const struct rule_coverage *rule)
{
    const struct item *item = rule->probes->item;
    const struct rule_code *code = &writer->coverage->compilation->program->rules[rule->rule];
    bool is_asked = rule->fired + rule->quiet > 0;
    bool is_run = code->needs_state.len == 0; /* else it never fires, whatever tests try */
    if (!is_asked || (is_run && (rule->fired == 0 || rule->quiet == 0))) {
        begin_line(writer, item->at);
        output_addf(writer->out, "%s: rule ",
            !is_asked          ? "no test has an alert for it"
            : rule->fired == 0 ? "never fired"
                               : "never quiet");
        output_text(writer->out, code->name);
        output_add(writer->out, STR("\n"));
    }
    if (is_asked)
        show_leaves(writer, rule);
    if (rule->fired > 0 && is_run)
        show_steps(writer, item->rule.steps);
}

static void show_count(const struct cover_writer *writer, str what, struct coverage_count count)
{
    output_add(writer->out, str_from(writer->prefix));
    output_text(writer->out, what);
    if (count.total == 0)
        output_add(writer->out, STR(": no leaves\n"));
    else
        output_addf(writer->out, ": %" PRIu32 "/%" PRIu32 " leaves, %" PRIu32 " %%\n",
            count.covered, count.total, coverage_percent(count));
}

static bool is_of(const struct rule_coverage *rule, uint32_t file)
{
    return rule->probes->item->at.file == file;
}

void cover_report_text(const struct coverage *coverage, const char *prefix, struct output *out)
{
    struct cover_writer writer = { coverage, out, prefix };
    uint32_t rules = coverage->compilation->probes->rule_count;
    for (uint32_t file = 0; file < sources_of(coverage)->count; file++) {
        struct coverage_count count = { 0, 0 };
        uint32_t here = 0;
        for (uint32_t at = 0; at < rules; at++) {
            struct coverage_count one = coverage_leaves(&coverage->rules[at]);
            bool counts = is_of(&coverage->rules[at], file);
            here += counts;
            count.covered += counts ? one.covered : 0;
            count.total += counts ? one.total : 0;
        }
        if (here == 0)
            continue;
        show_count(&writer, sources_of(coverage)->items[file].file, count);
        for (uint32_t at = 0; at < rules; at++)
            if (is_of(&coverage->rules[at], file))
                show_rule(&writer, &coverage->rules[at]);
    }
    show_count(&writer, STR("covered"), cover_total(coverage));
}

/* ---- JSON ---- */

static void put_place(const struct coverage *coverage, json_t **object, span at)
{
    struct place place = place_of(coverage, at);
    json_put(object, "file", json_from_str(sources_of(coverage)->items[at.file].file));
    json_put(object, "line", json_integer(place.line));
    json_put(object, "column", json_integer(place.column));
    json_put(object, "text", json_from_str(sources_text(sources_of(coverage), at)));
}

static json_t *leaf_json(const struct coverage *coverage, const struct probe_condition *condition,
    const struct probe_leaf *leaf, const struct leaf_coverage *seen)
{
    json_t *object = json_object();
    put_place(coverage, &object, leaf->at);
    json_put(&object, "condition", json_from_text(probe_place_name(condition->place)));
    json_put(&object, "true", json_integer(seen->seen[PROBE_TRUE]));
    json_put(&object, "false", json_integer(seen->seen[PROBE_FALSE]));
    json_put(&object, "absent", json_integer(seen->seen[PROBE_ABSENT]));
    json_put(&object, "covered", json_boolean(coverage_is_covered(seen)));
    return object;
}

static json_t *leaves_json(const struct coverage *coverage, const struct rule_coverage *rule)
{
    json_t *array = json_array();
    for (uint32_t at = 0; at < rule->probes->condition_count; at++) {
        const struct probe_condition *condition = &rule->probes->conditions[at];
        for (uint32_t i = 0; i < condition->leaf_count; i++) {
            const struct probe_leaf *leaf = &rule->probes->leaves[condition->first_leaf + i];
            if (coverage_counts(leaf))
                json_append(&array,
                    leaf_json(coverage, condition, leaf, &rule->leaves[condition->first_leaf + i]));
        }
    }
    return array;
}

static void append_steps(
    const struct coverage *coverage, const struct ast_step *steps, json_t **array)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            append_steps(coverage, step->branch.then_steps, array);
            append_steps(coverage, step->branch.else_steps, array);
            continue;
        }
        json_t *object = json_object();
        put_place(coverage, &object, step->at);
        json_put(&object, "ran", json_integer(coverage->steps[step->action.index]));
        json_append(array, object);
    }
}

static json_t *rule_json(const struct coverage *coverage, const struct rule_coverage *rule)
{
    const struct rule_code *code = &coverage->compilation->program->rules[rule->rule];
    struct coverage_count count = coverage_leaves(rule);
    json_t *object = json_object();
    json_t *steps = json_array();
    if (code->needs_state.len == 0)
        append_steps(coverage, rule->probes->item->rule.steps, &steps);
    json_put(&object, "rule", json_from_str(code->name));
    json_put(&object, "file", json_from_str(code->file));
    json_put(&object, "line", json_integer(code->line));
    if (code->needs_state.len > 0)
        json_put(&object, "needs", json_from_str(code->needs_state));
    json_put(&object, "fired", json_integer(code->needs_state.len > 0 ? 0 : rule->fired));
    json_put(&object, "quiet", json_integer(rule->quiet));
    json_put(&object, "covered", json_integer(count.covered));
    json_put(&object, "total", json_integer(count.total));
    json_put(&object, "leaves", leaves_json(coverage, rule));
    json_put(&object, "steps", steps);
    return object;
}

enum err cover_report_json(const struct coverage *coverage, struct output *out)
{
    struct coverage_count total = cover_total(coverage);
    json_t *rules = json_array();
    for (uint32_t at = 0; at < coverage->compilation->probes->rule_count; at++)
        json_append(&rules, rule_json(coverage, &coverage->rules[at]));
    json_t *inner = json_object();
    json_put(&inner, "rules", rules);
    json_put(&inner, "covered", json_integer(total.covered));
    json_put(&inner, "total", json_integer(total.total));
    json_put(
        &inner, "percent", total.total == 0 ? json_null() : json_integer(coverage_percent(total)));
    json_t *object = json_object();
    json_put(&object, "coverage", inner);
    enum err err = json_add_line(&out->buf, object);
    json_decref(object);
    return err;
}
