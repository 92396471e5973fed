/* explain_text.c - an explanation for a terminal. What the alert holds was perhaps written by
 * an attacker: it is cut, quoted and made safe. */
#include "driver/explain.h"

#include "base/utf8.h"

#include "shell.h"

#include <inttypes.h>

enum { STATE_COLUMNS = 11, TEXT_COLUMNS = 46, LEAVES_SHOWN = 4 };

static enum style style_of(enum probe_state state)
{
    switch (state) {
    case PROBE_TRUE:
        return STYLE_GREEN;
    case PROBE_FALSE:
        return STYLE_RED;
    case PROBE_ABSENT:
    case PROBE_UNDECIDED:
        break;
    }
    return STYLE_YELLOW;
}

static void pad(struct output *out, size_t from, size_t to)
{
    for (; from < to; from++)
        output_add(out, STR(" "));
}

/* ---- values ---- */

enum err explain_show_value(struct arena *arena, struct output *out, value v)
{
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_NULL) {
        output_add(out, v.kind == VALUE_NULL ? STR("null") : STR("absent"));
        return ERR_OK;
    }
    if (v.kind == VALUE_OBJECT) {
        output_add(out, STR("an object"));
        return ERR_OK;
    }
    str text = value_print(arena, v);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    if (value_items(v) != NULL && v.count == 0)
        text = STR("an empty list");
    str shown = explain_cut(text, EXPLAIN_TEXT_BYTES);
    output_add(out, v.kind == VALUE_TEXT ? STR("\"") : STR(""));
    output_text(out, shown);
    if (shown.len < text.len)
        output_addf(out, ".. (%zu bytes)", text.len);
    output_add(out, v.kind == VALUE_TEXT ? STR("\"") : STR(""));
    return ERR_OK;
}

/* "severity is medium, user.id is absent" */
static enum err show_reads(const struct explanation *explanation, struct output *out,
    const struct probe_leaf *leaf, enum probe_state state)
{
    for (uint32_t at = 0; at < leaf->read_count; at++) {
        value v;
        str name = explain_written(explanation, leaf->reads[at].expr->at);
        if (leaf->reads[at].expr->kind == EXPR_FIELD)
            name = explain_target(explanation, leaf->reads[at].expr);
        TRY(explain_read(explanation, &leaf->reads[at], &v));
        output_add(out, at > 0 ? STR(", ") : STR(""));
        output_text(out, explain_cut(name, EXPLAIN_TEXT_BYTES));
        output_add(out, STR(" is "));
        TRY(explain_show_value(explanation->arena, out, v));
        bool is_there = v.kind != VALUE_ABSENT && v.kind != VALUE_NULL;
        if (state == PROBE_ABSENT && is_there && leaf->reads[at].expr->means == MEANING_RAW
            && leaf->read_count == 1 && !(value_items(v) != NULL && v.count == 0))
            output_add(out, STR(", which does not fit"));
    }
    return ERR_OK;
}

/* ---- the tree ---- */

static const char *node_word(const struct probe_node *node)
{
    switch (node->kind) {
    case PROBE_AND:
        return "all of";
    case PROBE_OR:
        return "any of";
    case PROBE_NOT:
        return "not";
    case PROBE_LEAF:
    case PROBE_USE:
        break;
    }
    return "";
}

static void show_state(struct output *out, enum probe_state state, uint32_t depth)
{
    const char *name = probe_state_name(state);
    output_add(out, STR("  "));
    output_styled(out, style_of(state), str_from(name));
    pad(out, strlen(name), STATE_COLUMNS + (size_t)depth * 2);
}

/* The text as written, padded; the columns that it took. */
static void show_written(
    const struct explanation *explanation, struct output *out, span at, uint32_t depth)
{
    str text = explain_written(explanation, at);
    str shown = explain_cut(text, EXPLAIN_TEXT_BYTES);
    size_t columns = shown.len + (size_t)depth * 2;
    output_text(out, shown);
    if (shown.len < text.len) {
        output_add(out, STR(".."));
        columns += 2;
    }
    pad(out, columns, TEXT_COLUMNS);
    output_add(out, STR("  "));
}

static void show_place(const struct explanation *explanation, struct output *out, span at)
{
    const struct source *source = &explanation->compilation->sources.items[at.file];
    output_text(out, source->file);
    output_addf(out, ":%u", source_place(source, at.start).line);
}

static enum err show_leaf(
    const struct explanation *explanation, struct output *out, uint32_t at, uint32_t depth)
{
    const struct probe_leaf *leaf = &explanation->probes->leaves[at];
    enum probe_state state = explanation->states[at];
    show_state(out, state, depth);
    show_written(explanation, out, leaf->at, depth);
    if (leaf->is_several)
        output_add(out, STR("one alert does not say"));
    else if (leaf->reads_results)
        output_add(out, STR("known when its steps have run"));
    else if (state == PROBE_UNDECIDED)
        output_add(out, STR("it reached a limit"));
    else
        TRY(show_reads(explanation, out, leaf, state));
    output_add(out, STR("\n"));
    return ERR_OK;
}

/* Depth of the recursion: that of the tree, as in expand.c. */
static enum err show_node(const struct explanation *explanation, struct output *out,
    const struct probe_node *node, uint32_t depth)
{
    if (node->kind == PROBE_LEAF)
        return show_leaf(explanation, out, node->leaf, depth);
    show_state(out, probe_state_of(node, explanation->states), depth);
    if (node->kind == PROBE_USE) {
        show_written(explanation, out, node->at, depth);
        output_addf(out, "%s, ", item_word(node->declaration));
        show_place(explanation, out, node->declaration->at);
    } else {
        output_add(out, str_from(node_word(node)));
    }
    output_add(out, STR("\n"));
    for (const struct probe_node *part = node->first; part != NULL; part = part->next) {
        TRY(show_node(explanation, out, part, depth + 1));
        output_relax(out);
    }
    return ERR_OK;
}

static enum err show_condition(const struct explanation *explanation, struct output *out,
    const struct probe_condition *condition)
{
    output_addf(out, "\n%s", probe_place_name(condition->place));
    if (condition->exception != NULL) {
        output_add(out, STR(" "));
        output_text(out, condition->exception->name);
    }
    output_add(out, STR("  "));
    output_style(out, STYLE_FAINT);
    show_place(explanation, out, condition->at);
    output_style(out, STYLE_PLAIN);
    if (condition->clause != NULL && condition->clause->until.len > 0) {
        output_add(out, STR("  until "));
        output_text(out, condition->clause->until);
        if (!probe_is_in_force(condition, explanation->event))
            output_add(out, STR(", which has passed: it counts for nothing"));
    }
    output_add(out, STR("\n"));
    return show_node(explanation, out, condition->root, 0);
}

/* ---- the head ---- */

static void show_head(const struct explanation *explanation, struct output *out)
{
    static const char *const words[] = {
        [EXPLAIN_FIRED] = "fired",
        [EXPLAIN_NOT_FIRED] = "did not fire",
        [EXPLAIN_EXCUSED] = "is excused",
        [EXPLAIN_UNDECIDED] = "is undecided",
        [EXPLAIN_WAITING] = "waits for more alerts",
        [EXPLAIN_NO_SOURCE] = "did not fire",
    };
    const struct explanation *e = explanation;
    output_style(out, STYLE_BOLD);
    output_text(out, e->rule->name);
    output_addf(out, " %s", words[e->outcome]);
    output_style(out, STYLE_PLAIN);
    output_add(out, STR(" for alert "));
    output_text(out, explain_cut(e->alert, EXPLAIN_TEXT_BYTES));
    if (e->event->source.len > 0)
        output_add(out, STR(" of "));
    output_text(out, e->event->source);
    output_add(out, STR(" ("));
    output_text(out, str_from(e->file));
    output_addf(out, ":%" PRIu32 ")\n", e->line);
    if (e->why != NULL) {
        output_add(out,
            e->outcome == EXPLAIN_FIRED ? STR("in doubt, so its responses are held: ") : STR(""));
        output_text(out, str_from(e->why));
        output_add(out, STR("\n"));
    }
    if (e->outcome == EXPLAIN_NO_SOURCE)
        output_add(out, STR("no source accepts this alert, so its fields have no values, only raw "
                            "has; force one with --source NAME\n"));
    if (e->outcome == EXPLAIN_WAITING) {
        output_add(out, STR("it asks no more of this alert, but: "));
        output_text(out, explain_cut(e->rule->needs_state, EXPLAIN_TEXT_BYTES));
        output_add(out, STR("\n"));
    }
}

/* ---- the change ---- */

static enum err show_edit(
    const struct explanation *explanation, struct output *out, const struct whatif_edit *edit)
{
    str name = explain_target(explanation, edit->target);
    if (edit->to.kind == VALUE_ABSENT) {
        output_add(out, STR("no "));
        output_text(out, name);
        return ERR_OK;
    }
    output_text(out, name);
    output_add(out, STR(" = "));
    TRY(explain_show_value(explanation->arena, out, edit->to));
    if (edit->is_example)
        output_add(out, STR(" (for example)"));
    return ERR_OK;
}

/* What the rule does not do now. */
static const char *other_outcome(const struct explanation *explanation)
{
    if (explanation->outcome == EXPLAIN_WAITING)
        return "not pass";
    return explanation->outcome == EXPLAIN_FIRED ? "not fire" : "fire";
}

static void show_unproved(const struct explanation *explanation, struct output *out)
{
    const struct flip_set *set = &explanation->answer.unproved;
    output_addf(out, "not decided: whether it would %s with ", other_outcome(explanation));
    for (uint32_t at = 0; at < set->count && at < LEAVES_SHOWN; at++) {
        const struct probe_leaf *leaf = &explanation->probes->leaves[set->leaves[at]];
        output_add(out, at > 0 ? STR(" and `") : STR("`"));
        output_text(out, explain_cut(explain_written(explanation, leaf->at), EXPLAIN_TEXT_BYTES));
        bool is_true = explanation->states[set->leaves[at]] == PROBE_TRUE;
        output_add(out, is_true ? STR("` false") : STR("` true"));
    }
    if (set->count > LEAVES_SHOWN)
        output_addf(out, " and %u more", set->count - LEAVES_SHOWN);
    output_add(out, STR("\n"));
}

static enum err show_answer(const struct explanation *explanation, struct output *out)
{
    const struct whatif_answer *answer = &explanation->answer;
    if (explanation->outcome == EXPLAIN_UNDECIDED || explanation->outcome == EXPLAIN_NO_SOURCE)
        return ERR_OK;
    output_add(out, STR("\n"));
    if (answer->unproved.count > 0)
        show_unproved(explanation, out);
    if (answer->edit_count > 0) {
        output_style(out, STYLE_BOLD);
        output_addf(out, "would %s with: ", other_outcome(explanation));
        output_style(out, STYLE_PLAIN);
    }
    for (uint32_t at = 0; at < answer->edit_count; at++) {
        output_add(out, at > 0 ? STR(" and ") : STR(""));
        TRY(show_edit(explanation, out, &answer->edits[at]));
    }
    if (answer->edit_count > 0 && answer->is_in_doubt)
        output_add(out, STR("; an excuse is in doubt then, so its `respond` steps would be held"));
    if (answer->edit_count > 0)
        output_add(out, STR("\n"));
    else if (answer->unproved.count == 0)
        output_addf(out, "not decided: no change was found after which it would %s\n",
            other_outcome(explanation));
    return ERR_OK;
}

enum err explain_text(const struct explanation *explanation, struct output *out)
{
    show_head(explanation, out);
    for (uint32_t at = 0; at < explanation->probes->condition_count; at++)
        TRY(show_condition(explanation, out, &explanation->probes->conditions[at]));
    TRY(show_answer(explanation, out));
    if (explanation->outcome == EXPLAIN_FIRED) {
        output_add(out, STR("its steps: cdr run --rules "));
        output_text(out, shell_word(explanation->arena, explanation->rule->file));
        output_add(out, STR(" --alerts "));
        output_text(out, shell_word(explanation->arena, str_from(explanation->file)));
        output_add(out, STR("\n"));
    }
    return ERR_OK;
}
