/* fmt_test.c - tests, and the JSON in them, in their canonical form. */
#include "fmt_pass.h"

#include <inttypes.h>

static void add_written(struct fmt *fmt, span at)
{
    fmt_add_str(fmt, sources_text(fmt->sources, at));
}

/* ---- JSON ---- */

static bool is_container(const struct ast_json *json)
{
    return json->kind == AST_JSON_ARRAY || json->kind == AST_JSON_OBJECT;
}

static void add_key(struct fmt *fmt, const struct ast_json *json, bool is_member)
{
    if (!is_member)
        return;
    add_written(fmt, json->key_at);
    fmt_add(fmt, ": ");
}

/* The depth of JSON is bounded by NESTING_MAX in the feed. */
static void add_flat_json(struct fmt *fmt, const struct ast_json *json)
{
    bool is_object = json->kind == AST_JSON_OBJECT;
    if (!is_container(json)) {
        add_written(fmt, json->at);
        return;
    }
    if (json->children == NULL) {
        fmt_add(fmt, is_object ? "{}" : "[]");
        return;
    }
    fmt_add(fmt, is_object ? "{ " : "[");
    for (const struct ast_json *child = json->children; child != NULL; child = child->next) {
        if (fmt_column(fmt) > FMT_COLUMNS)
            return; /* it is written anew, broken */
        add_key(fmt, child, is_object);
        add_flat_json(fmt, child);
        fmt_add(fmt, child->next == NULL ? "" : ", ");
    }
    fmt_add(fmt, is_object ? " }" : "]");
}

static void add_json(struct fmt *fmt, const struct ast_json *json, int indent)
{
    bool is_object = json->kind == AST_JSON_OBJECT;
    if (!fmt_has_comment(fmt, json->at.start, json->at.end)) {
        size_t mark = fmt->out->len;
        add_flat_json(fmt, json);
        if (!is_container(json) || json->children == NULL || fmt_column(fmt) <= FMT_COLUMNS)
            return;
        fmt_rewind(fmt, mark);
    } else if (!is_container(json)) {
        add_written(fmt, json->at);
        return;
    }
    fmt_add(fmt, is_object ? "{" : "[");
    for (const struct ast_json *child = json->children; child != NULL; child = child->next) {
        fmt_newline(fmt, indent + FMT_INDENT);
        uint32_t start = is_object ? child->key_at.start : child->at.start;
        fmt_lead(fmt, start, indent + FMT_INDENT, false);
        add_key(fmt, child, is_object);
        add_json(fmt, child, indent + FMT_INDENT);
        fmt_add(fmt, child->next == NULL ? "" : ",");
        fmt_trail(fmt, child->at.end, child->next != NULL ? child->next->at.start : json->at.end);
    }
    fmt_own_lines(fmt, json->at.end, indent + FMT_INDENT);
    fmt_newline(fmt, indent);
    fmt_add(fmt, is_object ? "}" : "]");
}

/* ---- checks ---- */

static void add_duration(struct fmt *fmt, const char *word, const struct ast_duration *duration)
{
    fmt_add(fmt, word);
    fmt_add_str(fmt, duration->written);
}

static void add_alert(struct fmt *fmt, const struct ast_check *check, int indent)
{
    fmt_add(fmt, "alert ");
    if (check->alert.source.len > 0) {
        fmt_add_str(fmt, check->alert.source);
        fmt_add(fmt, " ");
    }
    if (check->alert.object == NULL)
        add_written(fmt, check->alert.file_at);
    else
        add_json(fmt, check->alert.object, indent);
    if (check->alert.times > 0) {
        buf_addf(fmt->out, " times %" PRId64, check->alert.times);
        add_duration(fmt, " every ", &check->alert.every);
    }
    if (check->alert.after.written.len > 0)
        add_duration(fmt, " after ", &check->alert.after);
}

static void add_expected_step(struct fmt *fmt, const struct ast_check *check, int indent)
{
    fmt_add(fmt, check->is_negated ? "expect no " : "expect ");
    fmt_add(fmt, verb_name(check->step.step.verb));
    if (check->step.step.name.len > 0)
        fmt_add(fmt, " ");
    fmt_add_str(fmt, check->step.step.name);
    for (const struct pair *pair = check->step.pairs; pair != NULL; pair = pair->next) {
        fmt_add(fmt, " ");
        fmt_pair(fmt, pair, "=", indent + FMT_INDENT);
    }
}

static void add_check(struct fmt *fmt, const struct ast_check *check, int indent)
{
    switch (check->kind) {
    case CHECK_ALERT:
        add_alert(fmt, check, indent);
        break;
    case CHECK_RESULT:
        buf_addf(fmt->out, "result %.*s ", STR_ARG(check->result.step));
        add_json(fmt, check->result.object, indent);
        break;
    case CHECK_WAIT:
        add_duration(fmt, "wait ", &check->wait);
        break;
    case CHECK_QUIET:
        fmt_add(fmt, "expect quiet");
        break;
    case CHECK_RULE:
        fmt_add(fmt, check->is_negated ? "expect no rule " : "expect rule ");
        fmt_add_str(fmt, check->rule.name);
        if (check->rule.count >= 0)
            buf_addf(fmt->out, " count %" PRId64, check->rule.count);
        break;
    case CHECK_STEP:
        add_expected_step(fmt, check, indent);
        break;
    }
}

static void add_head(struct fmt *fmt, const struct item *item)
{
    fmt_add(fmt, "test ");
    add_written(fmt, item->name_at);
    fmt_add(fmt, " {");
}

static bool add_on_one_line(struct fmt *fmt, const struct item *item)
{
    if (fmt_has_comment(fmt, item->at.start, item->at.end))
        return false;
    size_t mark = fmt->out->len;
    add_head(fmt, item);
    for (const struct ast_check *check = item->test.checks; check != NULL; check = check->next) {
        fmt_add(fmt, " ");
        add_check(fmt, check, 0);
        fmt_add(fmt, check->next != NULL ? ";" : " ");
        if (!fmt_fits(fmt, mark))
            break;
    }
    fmt_add(fmt, "}");
    if (fmt_fits(fmt, mark))
        return true;
    fmt_rewind(fmt, mark);
    return false;
}

void fmt_test(struct fmt *fmt, const struct item *item)
{
    const struct ast_check *check = item->test.checks;
    uint32_t close = item->at.end - 1;
    if (add_on_one_line(fmt, item))
        return;
    add_head(fmt, item);
    fmt_trail(fmt, item->name_at.end, check != NULL ? check->at.start : close);
    for (; check != NULL; check = check->next) {
        fmt_newline(fmt, FMT_INDENT);
        fmt_lead(fmt, check->at.start, FMT_INDENT, false);
        add_check(fmt, check, FMT_INDENT);
        fmt_add(fmt, check->next != NULL ? ";" : "");
        fmt_trail(fmt, check->at.end, check->next != NULL ? check->next->at.start : close);
    }
    fmt_own_lines(fmt, close, FMT_INDENT);
    fmt_newline(fmt, 0);
    fmt_add(fmt, "}");
}
