/* explain_json.c - an explanation as one JSON object on a line; its form is in docs/language.md. */
#include "driver/explain.h"
#include "driver/json_out.h"

/* The value, long text cut. NULL when memory is short. */
json_t *explain_value_json(value v)
{
    if (v.kind == VALUE_OBJECT)
        return json_object();
    if (v.kind == VALUE_SET) /* a constant list; the alert has none */
        return json_null();
    if (v.kind != VALUE_LIST && v.kind != VALUE_TEXT)
        return json_from_value(v);
    if (v.kind == VALUE_TEXT)
        return json_from_str(explain_cut(value_str(v), EXPLAIN_JSON_BYTES));
    json_t *array = json_array();
    size_t bytes = 0;
    for (uint32_t at = 0; at < v.count && bytes < EXPLAIN_JSON_BYTES; at++) {
        bytes += 1 + value_str(v.items[at]).len;
        json_append(&array, explain_value_json(v.items[at]));
    }
    return array;
}

static void put_place(const struct explanation *explanation, json_t **object, span at)
{
    const struct source *source = &explanation->compilation->sources.items[at.file];
    struct place place = source_place(source, at.start);
    json_put(object, "file", json_from_str(source->file));
    json_put(object, "line", json_integer(place.line));
    json_put(object, "column", json_integer(place.column));
    json_put(object, "text",
        json_from_str(explain_cut(explain_written(explanation, at), EXPLAIN_JSON_BYTES)));
}

static json_t *json_uses(const struct explanation *explanation, const struct probe_use *use)
{
    json_t *array = json_array();
    for (; use != NULL; use = use->outer) {
        json_t *object = json_object();
        json_put(&object, "name", json_from_str(use->declaration->name));
        put_place(explanation, &object, use->at);
        json_append(&array, object);
    }
    return array;
}

static enum err put_reads(
    const struct explanation *explanation, json_t **object, const struct probe_leaf *leaf)
{
    json_t *fields = json_object();
    value actual = VALUE_NONE;
    for (uint32_t at = 0; at < leaf->read_count; at++) {
        value v;
        str name = explain_written(explanation, leaf->reads[at].expr->at);
        if (leaf->reads[at].expr->kind == EXPR_FIELD)
            name = explain_target(explanation, leaf->reads[at].expr);
        const char *key = arena_format(
            explanation->arena, "%.*s", STR_ARG(explain_cut(name, EXPLAIN_JSON_BYTES)));
        enum err err = explain_read(explanation, &leaf->reads[at], &v);
        if (err != ERR_OK || key == NULL) {
            json_decref(fields);
            return err != ERR_OK ? err : ERR_MEMORY;
        }
        if (at == 0)
            actual = v;
        if (v.kind != VALUE_ABSENT)
            json_put(&fields, key, explain_value_json(v));
    }
    json_put(object, "actual", explain_value_json(actual));
    json_put(object, "fields", fields);
    return ERR_OK;
}

static const char *why_undecided(const struct probe_leaf *leaf, enum probe_state state)
{
    if (state != PROBE_UNDECIDED)
        return NULL;
    return leaf->is_several ? "several alerts" : leaf->reads_results ? "results" : "limit";
}

static enum err json_leaf(const struct explanation *explanation,
    const struct probe_condition *condition, uint32_t at, json_t **ret_object)
{
    const struct probe_leaf *leaf = &explanation->probes->leaves[at];
    const char *why = why_undecided(leaf, explanation->states[at]);
    json_t *object = json_object();
    put_place(explanation, &object, leaf->at);
    json_put(&object, "condition", json_from_text(probe_place_name(condition->place)));
    if (condition->exception != NULL)
        json_put(&object, "exception", json_from_str(condition->exception->name));
    json_put(&object, "value", json_from_text(probe_state_name(explanation->states[at])));
    if (why != NULL)
        json_put(&object, "why", json_from_text(why));
    enum err err = put_reads(explanation, &object, leaf);
    if (leaf->use != NULL)
        json_put(&object, "in", json_uses(explanation, leaf->use));
    *ret_object = object;
    return err;
}

static enum err put_leaves(const struct explanation *explanation, json_t **answer)
{
    json_t *array = json_array();
    enum err err = ERR_OK;
    for (uint32_t at = 0; at < explanation->probes->condition_count && err == ERR_OK; at++) {
        const struct probe_condition *condition = &explanation->probes->conditions[at];
        for (uint32_t i = 0; i < condition->leaf_count && err == ERR_OK; i++) {
            json_t *leaf = NULL;
            err = json_leaf(explanation, condition, condition->first_leaf + i, &leaf);
            json_append(&array, leaf);
        }
    }
    json_put(answer, "leaves", array);
    return err;
}

static json_t *json_edit(const struct explanation *explanation, const struct whatif_edit *edit)
{
    json_t *object = json_object();
    const char *change = edit->to.kind == VALUE_ABSENT     ? "remove"
                         : edit->from.kind == VALUE_ABSENT ? "add"
                                                           : "set";
    json_put(&object, "field", json_from_str(explain_target(explanation, edit->target)));
    json_put(&object, "change", json_from_text(change));
    json_put(&object, "from", explain_value_json(edit->from));
    json_put(&object, "to", explain_value_json(edit->to));
    return object;
}

static void put_flip(const struct explanation *explanation, json_t **answer)
{
    const struct whatif_answer *found = &explanation->answer;
    json_t *flip = found->edit_count > 0 ? json_array() : json_null();
    for (uint32_t at = 0; at < found->edit_count; at++)
        json_append(&flip, json_edit(explanation, &found->edits[at]));
    json_put(answer, "flip", flip);
    if (found->unproved.count == 0)
        return;
    json_t *unproved = json_array();
    for (uint32_t at = 0; at < found->unproved.count; at++)
        json_append(&unproved, json_integer(found->unproved.leaves[at]));
    json_put(answer, "undecided_flip", unproved);
}

enum err explain_json(const struct explanation *explanation, struct output *out)
{
    json_t *answer = json_object();
    str source = explanation->event->source;
    json_put(&answer, "rule", json_from_str(explanation->rule->name));
    json_put(&answer, "alert", json_from_str(explanation->alert));
    json_put(&answer, "source", source.len == 0 ? json_null() : json_from_str(source));
    json_put(&answer, "outcome", json_from_text(explain_outcome_name(explanation->outcome)));
    if (explanation->why != NULL)
        json_put(&answer, "why", json_from_text(explanation->why));
    enum err err = put_leaves(explanation, &answer);
    put_flip(explanation, &answer);
    if (err == ERR_OK)
        err = json_add_line(&out->buf, answer);
    json_decref(answer);
    return err;
}
