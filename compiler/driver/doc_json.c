/* doc_json.c - see doc.h: a rule set as data, from its trees. */
#include "driver/doc.h"

#include "driver/json_out.h"
#include "fmt.h"
#include "registry.h"

#include <stdlib.h>

enum { QUOTE_BYTES_MAX = 4 * SOURCE_BYTES_MAX, SOURCES_DEPTH_MAX = 4 * NESTING_MAX };

struct doc {
    const struct sources *sources;
};

/* ---- quoting ---- */

static json_t *json_from_buf(struct buf *text)
{
    json_t *json = text->err == ERR_OK ? json_from_str(buf_str(text)) : NULL;
    buf_release(text);
    return json;
}

static json_t *quote_expr(const struct doc *doc, const struct expr *expr)
{
    struct buf text = BUF_INIT(QUOTE_BYTES_MAX);
    if (expr == NULL)
        return json_null();
    expr_format(doc->sources, expr, &text);
    return json_from_buf(&text);
}

static json_t *quote_clause(const struct doc *doc, const struct clause *clause)
{
    struct buf text = BUF_INIT(QUOTE_BYTES_MAX);
    clause_format(doc->sources, clause, &text);
    return json_from_buf(&text);
}

static json_t *quote_item(const struct doc *doc, const struct item *item)
{
    struct buf text = BUF_INIT(QUOTE_BYTES_MAX);
    item_format(doc->sources, item, &text);
    return json_from_buf(&text);
}

/* The value of `key = value`: a text without its quotes, anything else as written. */
static json_t *quote_value(const struct doc *doc, const struct expr *expr)
{
    if (expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_TEXT)
        return json_from_str(value_str(expr->literal.value));
    return quote_expr(doc, expr);
}

static void put_place(const struct doc *doc, json_t **object, span at)
{
    const struct source *source = &doc->sources->items[at.file];
    json_put(object, "file", json_from_str(source->file));
    json_put(object, "line", json_integer(source_place(source, at.start).line));
}

/* ---- sources ---- */

static void add_source(json_t **names, const struct expr *expr)
{
    if (expr->means != MEANING_SOURCE)
        return;
    str name = value_str(expr->is.constant);
    size_t index;
    json_t *known;
    json_array_foreach(*names, index,
        known) if (str_equal((str){ json_string_value(known), json_string_length(known) },
                       name)) return;
    json_append(names, json_from_str(name));
}

/* The sources that the condition names with `source = x`, wherever no `not` is around. The
 * depth of what is written is bounded; that of lets within lets is bounded here. */
static void add_sources(json_t **names, const struct expr *expr, int depth)
{
    if (depth > SOURCES_DEPTH_MAX || *names == NULL)
        return;
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_LET) {
        add_sources(names, expr->is.declaration->let.body, depth + 1);
    } else if (expr->kind == EXPR_CALL && expr->means == MEANING_MACRO) {
        add_sources(names, expr->is.declaration->macro.body, depth + 1);
    } else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        CLEANUP(buf_release) struct buf operands = { 0 };
        if (expr_chain(expr, &operands) != ERR_OK)
            return;
        for (size_t i = 0; i < expr_chain_count(&operands); i++)
            add_sources(names, expr_chain_at(&operands, i), depth + 1);
    } else if (expr->kind == EXPR_TEST
               && (expr->test.test == TEST_EQUAL || expr->test.test == TEST_IN)) {
        const struct expr *right = expr->test.right;
        if (right->kind != EXPR_LIST)
            add_source(names, right);
        for (const struct expr *at = right->kind == EXPR_LIST ? right->elements : NULL; at != NULL;
             at = at->next)
            add_source(names, at);
    }
}

/* ---- steps ---- */

static void words_add(json_t *array, const char *const *texts)
{
    for (size_t i = 0; i < BUILTIN_PERMISSIONS_MAX && texts[i] != NULL; i++)
        json_array_append_new(array, json_from_text(texts[i]));
}

static const char *provider_of(const struct builtin *row)
{
    return row->provider;
}

static const char *inverse_of(const struct builtin *row)
{
    return row->inverse;
}

/* What a row says of itself, a front what each of its ways does: "crowdstrike, defender"; else null. */
static json_t *words_of(
    const struct builtin *row, const char *(*word_of)(const struct builtin *row))
{
    char words[128] = "";
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(row, at)) != NULL; at++) {
        const char *word = word_of(part);
        size_t used = strlen(words);
        if (word != NULL)
            snprintf(words + used, sizeof words - used, "%s%s", used > 0 ? ", " : "", word);
    }
    return json_from_text(words[0] == '\0' ? NULL : words);
}

static const struct clause *find_clause(const struct clause *clause, enum clause_kind kind)
{
    while (clause != NULL && clause->kind != kind)
        clause = clause->next;
    return clause;
}

static json_t *json_from_action(const struct doc *doc, const struct ast_step *step)
{
    const struct builtin *row = step->action.builtin;
    struct buf text = BUF_INIT(QUOTE_BYTES_MAX);
    json_t *json = json_object();
    if (row == NULL)
        row = builtin_find(step->action.verb, step->action.name);
    action_format(doc->sources, step, &text);
    json_put(&json, "step", json_from_text(verb_name(step->action.verb)));
    json_put(&json, "name", json_from_str(step->action.name));
    json_put(&json, "text", json_from_buf(&text));
    if (find_clause(step->action.clauses, CLAUSE_IRREVERSIBLE) != NULL)
        json_put(&json, "irreversible", json_true());
    if (row == NULL)
        return json;
    json_put(&json, "does", json_from_text(row->doc));
    json_put(&json, "effect", json_from_text(effect_name(row->effect)));
    json_put(&json, "provider", words_of(row, provider_of));
    json_put(&json, "inverse", words_of(row, inverse_of));
    json_put(&json, "missing", json_from_text(row->missing));
    json_t *apply = json_array(), *undo = json_array();
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(row, at)) != NULL; at++) {
        words_add(apply, part->permissions.apply);
        words_add(undo, part->permissions.undo);
    }
    json_t *permissions = json_object();
    json_put(&permissions, "apply", apply);
    json_put(&permissions, "undo", undo);
    json_put(&json, "permissions", permissions);
    return json;
}

/* The parser bounds how deep an `if` stands in others. */
static json_t *json_from_steps(const struct doc *doc, const struct ast_step *step)
{
    json_t *array = json_array();
    for (; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            json_append(&array, json_from_action(doc, step));
            continue;
        }
        json_t *branch = json_object();
        json_put(&branch, "if", quote_expr(doc, step->branch.condition));
        json_put(&branch, "then", json_from_steps(doc, step->branch.then_steps));
        if (step->branch.else_steps != NULL)
            json_put(&branch, "else", json_from_steps(doc, step->branch.else_steps));
        json_append(&array, branch);
    }
    return array;
}

/* Add to `array` what of `more` is not in it. */
static void unite(json_t *array, const json_t *more)
{
    size_t index;
    json_t *text;
    json_array_foreach(more, index, text)
    {
        size_t at = 0;
        while (at < json_array_size(array) && !json_equal(json_array_get(array, at), text))
            at++;
        if (at == json_array_size(array))
            json_array_append(array, text);
    }
}

/* What all steps together need, by provider: {"aws": {"apply": [..], "undo": [..]}}. */
static void add_permissions(json_t *all, const json_t *steps)
{
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        add_permissions(all, json_object_get(step, "then"));
        add_permissions(all, json_object_get(step, "else"));
        const char *provider = json_string_value(json_object_get(step, "provider"));
        const json_t *needs = json_object_get(step, "permissions");
        if (provider == NULL || json_array_size(json_object_get(needs, "apply")) == 0)
            continue;
        if (json_object_get(all, provider) == NULL)
            json_object_set_new(all, provider, json_pack("{s:[],s:[]}", "apply", "undo"));
        json_t *known = json_object_get(all, provider);
        unite(json_object_get(known, "apply"), json_object_get(needs, "apply"));
        unite(json_object_get(known, "undo"), json_object_get(needs, "undo"));
    }
}

/* ---- items ---- */

static json_t *json_from_unless(const struct doc *doc, const struct clause *clause)
{
    json_t *json = json_object();
    json_put(&json, "condition", quote_expr(doc, clause->condition));
    if (clause->until.len > 0) {
        json_put(&json, "until", json_from_str(clause->until));
        json_put(&json, "reason", json_from_str(clause->reason));
    }
    return json;
}

static json_t *json_from_rule(const struct doc *doc, const struct item *item)
{
    json_t *json = json_object();
    json_t *properties = json_object();
    json_t *unless = json_array();
    json_t *clauses = json_array();
    json_t *sources = json_array();
    add_sources(&sources, item->rule.when, 0);
    for (const struct pair *pair = item->rule.pairs; pair != NULL; pair = pair->next) {
        CLEANUP(buf_release) struct buf key = BUF_INIT(SOURCE_BYTES_MAX);
        buf_add(&key, pair->key);
        json_put(&properties, key.ptr == NULL ? "" : key.ptr, quote_value(doc, pair->value));
    }
    for (const struct clause *at = item->rule.clauses; at != NULL; at = at->next) {
        if (at->kind == CLAUSE_UNLESS)
            json_append(&unless, json_from_unless(doc, at));
        else
            json_append(&clauses, quote_clause(doc, at));
    }
    json_put(&json, "name", json_from_str(item->name));
    json_put(&json, "title", json_from_str(item->rule.title));
    put_place(doc, &json, item->at);
    json_put(&json, "properties", properties);
    json_put(&json, "sources", sources);
    json_put(&json, "when", quote_expr(doc, item->rule.when));
    json_put(&json, "unless", unless);
    json_put(&json, "clauses", clauses);
    json_t *steps = json_from_steps(doc, item->rule.steps);
    json_t *permissions = json_object();
    add_permissions(permissions, steps);
    json_put(&json, "steps", steps);
    json_put(&json, "permissions", permissions);
    return json;
}

static json_t *json_from_list(const struct doc *doc, const struct item *item)
{
    json_t *json = json_object();
    json_put(&json, "name", json_from_str(item->name));
    put_place(doc, &json, item->at);
    json_put(&json, "type", json_from_str(item->list.type_name));
    if (item->list.file.len > 0)
        json_put(&json, "values", json_from_str(item->list.file));
    if (item->list.values == NULL)
        return json;
    json_int_t count = 0;
    for (const struct expr *at = item->list.values->elements; at != NULL; at = at->next)
        count++;
    json_put(&json, "count", json_integer(count));
    return json;
}

static json_t *json_from_exception(const struct doc *doc, const struct item *item)
{
    json_t *json = json_object();
    json_t *rules = json_array();
    for (const struct ast_name *rule = item->exception.rules; rule != NULL; rule = rule->next)
        json_append(&rules, json_from_str(rule->text));
    json_put(&json, "name", json_from_str(item->name));
    put_place(doc, &json, item->at);
    json_put(&json, "rules", rules);
    json_put(&json, "condition", quote_expr(doc, item->exception.unless->condition));
    json_put(&json, "until", json_from_str(item->exception.unless->until));
    json_put(&json, "reason", json_from_str(item->exception.unless->reason));
    return json;
}

/* What is quoted whole: an environment, defaults, an invariant. */
static json_t *json_from_text_item(const struct doc *doc, const struct item *item)
{
    json_t *json = json_object();
    json_put(&json, "name", json_from_str(item->name));
    put_place(doc, &json, item->at);
    json_put(&json, "text", quote_item(doc, item));
    if (item->kind == ITEM_NEVER)
        json_put(&json, "reason", json_from_str(item->never.reason));
    if (item->kind == ITEM_ALWAYS)
        json_put(&json, "reason", json_from_str(item->always.reason));
    return json;
}

static json_t *json_from_name(const struct doc *doc, const struct item *item)
{
    json_t *json = json_object();
    json_put(&json, "name", json_from_str(item->name));
    put_place(doc, &json, item->at);
    return json;
}

/* Where an item goes in the answer; NULL: nowhere. */
static const char *part_of(enum item_kind kind)
{
    switch (kind) {
    case ITEM_RULE:
        return "rules";
    case ITEM_ENVIRONMENT:
        return "environments";
    case ITEM_LIST:
        return "lists";
    case ITEM_EXCEPTION:
        return "exceptions";
    case ITEM_NEVER:
    case ITEM_ALWAYS:
        return "invariants";
    case ITEM_DEFAULTS:
        return "defaults";
    case ITEM_DISABLE:
        return "disabled";
    case ITEM_TEST:
        return "tests";
    case ITEM_SOURCE:
        return "sources";
    case ITEM_USE:
    case ITEM_LET:
    case ITEM_MACRO:
    case ITEM_BLOCK:
        break;
    }
    return NULL;
}

static json_t *json_from_item(const struct doc *doc, const struct item *item)
{
    if (item->kind == ITEM_RULE)
        return json_from_rule(doc, item);
    if (item->kind == ITEM_LIST)
        return json_from_list(doc, item);
    if (item->kind == ITEM_EXCEPTION)
        return json_from_exception(doc, item);
    if (item->kind == ITEM_DISABLE || item->kind == ITEM_TEST || item->kind == ITEM_SOURCE)
        return json_from_name(doc, item);
    return json_from_text_item(doc, item);
}

/* By name, then by place: the order of files and of the command line does not matter. */
static int by_name(const void *a, const void *b)
{
    const json_t *left = *(const json_t *const *)a;
    const json_t *right = *(const json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(left, "name")),
        json_string_value(json_object_get(right, "name")));
    if (order == 0)
        order = strcmp(json_string_value(json_object_get(left, "file")),
            json_string_value(json_object_get(right, "file")));
    if (order != 0)
        return order;
    json_int_t first = json_integer_value(json_object_get(left, "line"));
    json_int_t second = json_integer_value(json_object_get(right, "line"));
    return (first > second) - (first < second);
}

/* A sorted copy of an array of objects with name, file and line. */
static json_t *sorted(const json_t *array)
{
    size_t count = json_array_size(array);
    json_t **rows = calloc(count + 1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(array, i);
    qsort(rows, count, sizeof *rows, by_name);
    json_t *copy = json_array();
    for (size_t i = 0; i < count; i++)
        json_append(&copy, json_incref(rows[i]));
    free(rows);
    return copy;
}

json_t *doc_json(const struct compilation *compilation)
{
    static const char *const parts[] = { "rules", "disabled", "exceptions", "invariants",
        "environments", "lists", "defaults", "sources", "tests" };
    const struct doc doc = { &compilation->sources };
    json_t *found[COUNT_OF(parts)];
    for (size_t part = 0; part < COUNT_OF(parts); part++)
        found[part] = json_array();
    for (uint32_t file = 0; file < compilation->tree_count; file++) {
        if (compilation->sources.items[file].is_shipped || compilation->trees[file] == NULL)
            continue;
        for (const struct item *at = compilation->trees[file]->items; at != NULL; at = at->next) {
            const char *name = at->is_partial ? NULL : part_of(at->kind);
            for (size_t part = 0; name != NULL && part < COUNT_OF(parts); part++)
                if (strcmp(parts[part], name) == 0)
                    json_append(&found[part], json_from_item(&doc, at));
        }
    }
    json_t *json = json_object();
    for (size_t part = 0; part < COUNT_OF(parts); part++) {
        json_put(&json, parts[part], sorted(found[part]));
        json_decref(found[part]);
    }
    return json;
}
