/* ast_dump_item.c - sentences, blocks and tests of the tree as text. */
#include "ast_dump.h"

#include <inttypes.h>

void dump_duration(struct dump *dump, const char *word, const struct ast_duration *duration)
{
    if (duration->written.len > 0)
        buf_addf(
            dump->out, "%*s%s %" PRId64 " ms\n", dump->depth * 2, "", word, duration->milliseconds);
}

static void dump_number(struct dump *dump, const char *word, int64_t number)
{
    buf_addf(dump->out, "%*s%s %" PRId64 "\n", dump->depth * 2, "", word, number);
}

static void dump_step_name(struct dump *dump, const struct ast_step_name *step)
{
    dump_line(dump, verb_name(step->verb), step->name);
}

/* ---- tests ---- */

/* The depth of JSON is bounded by NESTING_MAX in the feed. */
static void dump_json(struct dump *dump, const struct ast_json *json)
{
    static const char *const kinds[] = { [AST_JSON_NULL] = "null",
        [AST_JSON_BOOL] = "bool",
        [AST_JSON_NUMBER] = "number",
        [AST_JSON_TEXT] = "json",
        [AST_JSON_ARRAY] = "array",
        [AST_JSON_OBJECT] = "object" };
    dump_text(dump, "key", json->key);
    if (json->kind == AST_JSON_BOOL)
        dump_line(dump, json->boolean ? "true" : "false", STR(""));
    else
        dump_text(dump, kinds[json->kind], json->text);
    dump->depth++;
    for (const struct ast_json *child = json->children; child != NULL; child = child->next)
        dump_json(dump, child);
    dump->depth--;
}

static void dump_alert(struct dump *dump, const struct ast_check *check)
{
    dump_line(dump, "alert", check->alert.source);
    dump->depth++;
    if (check->alert.object != NULL)
        dump_json(dump, check->alert.object);
    else
        dump_text(dump, "file", check->alert.file);
    dump_number(dump, "times", check->alert.times);
    dump_duration(dump, "every", &check->alert.every);
    dump_duration(dump, "after", &check->alert.after);
    dump->depth--;
}

static void dump_check(struct dump *dump, const struct ast_check *check)
{
    if (check->is_negated)
        dump_line(dump, "no", STR(""));
    switch (check->kind) {
    case CHECK_ALERT:
        dump_alert(dump, check);
        break;
    case CHECK_RESULT:
        dump_line(dump, "result", check->result.step);
        dump_json(dump, check->result.object);
        break;
    case CHECK_WAIT:
        dump_duration(dump, "wait", &check->wait);
        break;
    case CHECK_QUIET:
        dump_line(dump, "quiet", STR(""));
        break;
    case CHECK_RULE:
        dump_line(dump, "rule", check->rule.name);
        dump_number(dump, "count", check->rule.count);
        break;
    case CHECK_STEP:
        dump_step_name(dump, &check->step.step);
        dump_pairs(dump, check->step.pairs);
        break;
    }
}

/* ---- blocks ---- */

static void dump_lines(struct dump *dump, const struct ast_line *line)
{
    dump->depth++;
    for (; line != NULL; line = line->next) {
        dump_line(dump, "line", line->key);
        dump_child(dump, line->value);
        if (line->value != NULL)
            continue;
        dump_text(dump, "label", line->label);
        dump_lines(dump, line->lines);
    }
    dump->depth--;
}

static void dump_places(struct dump *dump, const struct ast_place *place)
{
    for (; place != NULL; place = place->next) {
        dump_line(dump, "place", place->key);
        if (place->word.len > 0)
            dump_text(dump, "word", place->word);
        if (place->is_organization)
            dump_text(dump, "word", STR("organization"));
        dump_child(dump, place->values);
        dump_pairs(dump, place->pairs);
    }
}

/* ---- sentences ---- */

static void dump_exception(struct dump *dump, const struct item *item)
{
    for (const struct ast_name *rule = item->exception.rules; rule != NULL; rule = rule->next)
        dump_line(dump, "for", rule->text);
    dump_clauses(dump, item->exception.unless);
}

static void dump_never(struct dump *dump, const struct item *item)
{
    if (item->never.is_target)
        dump_line(dump, "target", STR(""));
    else
        dump_step_name(dump, &item->never.step);
    dump_child(dump, item->never.condition);
    dump_text(dump, "reason", item->never.reason);
}

static void dump_always(struct dump *dump, const struct item *item)
{
    dump_child(dump, item->always.condition);
    dump_step_name(dump, &item->always.step);
    dump_text(dump, "reason", item->always.reason);
}

void dump_other_item(struct dump *dump, const struct item *item)
{
    buf_addf(dump->out, "%s ", item_word(item));
    dump_text(dump, "named", item->name);
    dump->depth++;
    switch (item->kind) {
    case ITEM_USE:
        dump_text(dump, "file", item->use.file);
        break;
    case ITEM_ENVIRONMENT:
        dump_places(dump, item->environment.places);
        break;
    case ITEM_DEFAULTS:
        dump_clauses(dump, item->defaults.clauses);
        break;
    case ITEM_EXCEPTION:
        dump_exception(dump, item);
        break;
    case ITEM_NEVER:
        dump_never(dump, item);
        break;
    case ITEM_ALWAYS:
        dump_always(dump, item);
        break;
    case ITEM_TEST:
        for (const struct ast_check *check = item->test.checks; check != NULL; check = check->next)
            dump_check(dump, check);
        break;
    case ITEM_BLOCK:
        dump_lines(dump, item->block.lines);
        break;
    case ITEM_DISABLE:
    case ITEM_LIST:
    case ITEM_LET:
    case ITEM_MACRO:
    case ITEM_RULE:
    case ITEM_SOURCE:
        break; /* the name says it all, or they are dumped elsewhere */
    }
    dump->depth--;
}
