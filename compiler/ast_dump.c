/* ast_dump.c - the syntax tree as text: one node a line, children two spaces further in. */
#include "ast_dump.h"

#include <inttypes.h>

static void dump_expr(struct dump *dump, const struct expr *expr);
static void dump_steps(struct dump *dump, const struct ast_step *step);

void dump_line(struct dump *dump, const char *word, str name)
{
    buf_addf(dump->out, "%*s%s%s%.*s\n", dump->depth * 2, "", word, name.len > 0 ? " " : "",
        STR_ARG(name));
}

void dump_text(struct dump *dump, const char *word, str text)
{
    buf_addf(dump->out, "%*s%s \"", dump->depth * 2, "", word);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7F)
            buf_addf(dump->out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            buf_addf(dump->out, "\\%c", c);
        else
            buf_add_byte(dump->out, (char)c);
    }
    buf_add(dump->out, STR("\"\n"));
}

static void dump_list(struct dump *dump, const struct expr *expr)
{
    dump->depth++;
    for (; expr != NULL; expr = expr->next)
        dump_expr(dump, expr);
    dump->depth--;
}

void dump_child(struct dump *dump, const struct expr *expr)
{
    if (expr == NULL)
        return;
    dump->depth++;
    dump_expr(dump, expr);
    dump->depth--;
}

static void dump_literal(struct dump *dump, const struct expr *expr)
{
    value v = expr->literal.value;
    if (expr->literal.type == TYPE_TEXT) {
        dump_text(dump, "text", value_str(v));
        return;
    }
    buf_addf(dump->out, "%*s%s ", dump->depth * 2, "", type_name(expr->literal.type));
    if (v.kind == VALUE_BOOL)
        buf_addf(dump->out, "%s", v.boolean ? "true" : "false");
    else if (v.kind == VALUE_DECIMAL)
        buf_addf(dump->out, "%.17g", v.decimal);
    else
        buf_addf(dump->out, "%" PRId64, v.integer);
    if (literal_label(expr).len > 0)
        buf_addf(dump->out, " %.*s", STR_ARG(literal_label(expr)));
    buf_add_byte(dump->out, '\n');
}

static void dump_path(struct dump *dump, const struct path_part *part)
{
    buf_addf(dump->out, "%*sfield", dump->depth * 2, "");
    for (; part != NULL; part = part->next)
        buf_addf(dump->out, part->is_index ? " [%.*s]" : " %.*s", STR_ARG(part->text));
    buf_add_byte(dump->out, '\n');
}

static const char *quantifier_text(enum quantifier quantifier)
{
    switch (quantifier) {
    case QUANTIFIER_NONE:
        return "";
    case QUANTIFIER_ANY:
        return " any";
    case QUANTIFIER_ALL:
        return " all";
    }
    return "";
}

static void dump_test(struct dump *dump, const struct expr *expr)
{
    buf_addf(dump->out, "%*stest%s %s%s%s%s\n", dump->depth * 2, "",
        quantifier_text(expr->test.quantifier), test_name(expr->test.test),
        expr->test.high != NULL ? " range" : "", quantifier_text(expr->test.patterns),
        expr->test.cased ? " cased" : "");
    dump_child(dump, expr->test.left);
    dump_child(dump, expr->test.right);
    dump_child(dump, expr->test.high);
}

static void dump_anywhere(struct dump *dump, const struct expr *expr)
{
    buf_addf(dump->out, "%*sanywhere %s%s%s\n", dump->depth * 2, "", test_name(expr->anywhere.test),
        quantifier_text(expr->anywhere.patterns), expr->anywhere.cased ? " cased" : "");
    dump_child(dump, expr->anywhere.right);
}

static void dump_chain(struct dump *dump, const struct expr *expr)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (expr_chain(expr, &operands) != ERR_OK) {
        buf_release(dump->out);
        dump->out->err = ERR_MEMORY;
        return;
    }
    dump_line(dump, expr->kind == EXPR_AND ? "and" : "or", STR(""));
    for (size_t i = 0; i < expr_chain_count(&operands); i++)
        dump_child(dump, expr_chain_at(&operands, i));
}

static void dump_several(struct dump *dump, const struct several *several)
{
    static const char *const kinds[] = { [SEVERAL_MEASURE] = "measure",
        [SEVERAL_NEW] = "new",
        [SEVERAL_SPIKE] = "spike",
        [SEVERAL_TRAVEL] = "travel" };
    dump_line(dump, kinds[several->kind], str_from(measure_name(several->measure)));
    dump_child(dump, several->percentile);
    dump_child(dump, several->operand);
    dump->depth++;
    dump_line(dump, "compare", str_from(test_name(several->compare)));
    dump_child(dump, several->number);
    dump_line(dump, "by", STR(""));
    dump_list(dump, several->by);
    dump_duration(dump, "within", &several->within);
    dump_duration(dump, "over", &several->over);
    dump_duration(dump, "learn", &several->learn);
    dump_duration(dump, "forget", &several->forget);
    dump_line(dump, "missing", str_from(missing_key_name(several->missing)));
    dump->depth--;
}

static void dump_expr(struct dump *dump, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_LITERAL:
        dump_literal(dump, expr);
        break;
    case EXPR_REGEX:
        dump_text(dump, "regex", expr->regex.pattern);
        if (expr->regex.flags.len > 0)
            dump_line(dump, "  flags", expr->regex.flags);
        break;
    case EXPR_FIELD:
        dump_path(dump, expr->path);
        break;
    case EXPR_CALL:
        dump_line(dump, "call", expr->call.name);
        dump_list(dump, expr->call.arguments);
        break;
    case EXPR_LIST:
        dump_line(dump, "list", STR(""));
        dump_list(dump, expr->elements);
        break;
    case EXPR_TEST:
        dump_test(dump, expr);
        break;
    case EXPR_ANYWHERE:
        dump_anywhere(dump, expr);
        break;
    case EXPR_EXISTS:
        dump_line(dump, expr->exists.is_missing ? "missing" : "exists", STR(""));
        dump_child(dump, expr->exists.operand);
        break;
    case EXPR_NOT:
        dump_line(dump, "not", STR(""));
        dump_child(dump, expr->operand);
        break;
    case EXPR_AND:
    case EXPR_OR:
        dump_chain(dump, expr);
        break;
    case EXPR_SEVERAL:
        dump_several(dump, expr->several);
        break;
    }
}

void dump_pairs(struct dump *dump, const struct pair *pair)
{
    for (; pair != NULL; pair = pair->next) {
        dump_line(dump, "pair", pair->key);
        dump_child(dump, pair->value);
    }
}

static const char *clause_word(const struct clause *clause)
{
    switch (clause->kind) {
    case CLAUSE_LIMIT:
        return "limit";
    case CLAUSE_DEDUP:
        return "dedup";
    case CLAUSE_MODE:
        return "mode";
    case CLAUSE_SHADOW:
        return "shadow";
    case CLAUSE_UNLESS:
        return "unless";
    case CLAUSE_NEVER_TARGET:
        return "never target";
    case CLAUSE_FOLLOWED:
        return clause->is_negated ? "not followed" : "followed";
    case CLAUSE_FOR:
        return "for";
    case CLAUSE_TIMEOUT:
        return "timeout";
    case CLAUSE_APPROVE:
        return "approve";
    case CLAUSE_ESCALATE:
        return "escalate";
    case CLAUSE_FROM:
        return "from";
    case CLAUSE_AS:
        return "as";
    case CLAUSE_IRREVERSIBLE:
        return "irreversible";
    case CLAUSE_ON_FAILURE_STOP:
        return "on failure stop";
    }
    return "";
}

void dump_clauses(struct dump *dump, const struct clause *clause)
{
    for (; clause != NULL; clause = clause->next) {
        buf_addf(dump->out, "%*s%s", dump->depth * 2, "", clause_word(clause));
        if (clause->number != 0)
            buf_addf(dump->out, " %" PRId64, clause->number);
        if (clause->duration.len > 0)
            buf_addf(dump->out, " %" PRId64 " ms", clause->duration_ms);
        if (clause->until.len > 0)
            buf_addf(dump->out, " until %.*s", STR_ARG(clause->until));
        buf_add_byte(dump->out, '\n');
        dump->depth++;
        if (clause->kind == CLAUSE_FOLLOWED)
            dump_line(dump, "missing", str_from(missing_key_name(clause->missing)));
        if (clause->reason.len > 0)
            dump_text(dump, "word", clause->reason);
        if (clause->word.len > 0)
            dump_text(dump, "word", clause->word);
        for (const struct ast_name *who = clause->who; who != NULL; who = who->next)
            dump_text(dump, "who", who->text);
        dump->depth--;
        dump_child(dump, clause->condition);
        dump_list(dump, clause->fields);
    }
}

static void dump_action(struct dump *dump, const struct ast_step *step)
{
    dump_line(dump, verb_name(step->action.verb), step->action.name);
    dump->depth++;
    dump_pairs(dump, step->action.pairs);
    dump_clauses(dump, step->action.clauses);
    dump->depth--;
}

static void dump_branch(struct dump *dump, const struct ast_step *step)
{
    dump_line(dump, "if", STR(""));
    dump_child(dump, step->branch.condition);
    dump_line(dump, "then", STR(""));
    dump_steps(dump, step->branch.then_steps);
    if (step->branch.else_steps == NULL)
        return;
    dump_line(dump, "else", STR(""));
    dump_steps(dump, step->branch.else_steps);
}

static void dump_steps(struct dump *dump, const struct ast_step *step)
{
    dump->depth++;
    for (; step != NULL; step = step->next)
        switch (step->kind) {
        case STEP_KIND_ACTION:
            dump_action(dump, step);
            break;
        case STEP_KIND_IF:
            dump_branch(dump, step);
            break;
        }
    dump->depth--;
}

static void dump_rule(struct dump *dump, const struct item *item)
{
    dump_line(dump, "rule", item->name);
    dump->depth++;
    if (item->rule.title.len > 0)
        dump_text(dump, "title", item->rule.title);
    dump_pairs(dump, item->rule.pairs);
    dump_line(dump, "when", STR(""));
    dump_child(dump, item->rule.when);
    dump_clauses(dump, item->rule.clauses);
    dump_line(dump, "then", STR(""));
    dump_steps(dump, item->rule.steps);
    dump->depth--;
}

static void dump_type(struct dump *dump, bool is_list, str name)
{
    if (name.len > 0)
        dump_line(dump, is_list ? "type list of" : "type", name);
}

static void dump_source(struct dump *dump, const struct item *item)
{
    dump_line(dump, "source", item->name);
    dump_child(dump, item->source.accept);
    const struct ast_mapping *mapping = item->source.mappings;
    for (; mapping != NULL; mapping = mapping->next) {
        dump_line(dump, mapping->is_untrusted ? "mapping untrusted" : "mapping", STR(""));
        dump_child(dump, mapping->field);
        dump_child(dump, mapping->value);
        dump_type(dump, mapping->type_is_list, mapping->type_name);
    }
}

static void dump_declaration(struct dump *dump, const struct item *item)
{
    dump->depth++;
    if (item->kind == ITEM_LIST) {
        dump_type(dump, item->list.type_is_list, item->list.type_name);
        if (item->list.values == NULL)
            dump_text(dump, "from", item->list.file);
        else
            dump_expr(dump, item->list.values);
    } else {
        const struct macro_param *param = item->macro.params;
        for (; param != NULL; param = param->next) {
            dump_line(dump, "param", param->name);
            dump_type(dump, param->type_is_list, param->type_name);
        }
        dump_expr(dump, item->macro.body);
    }
    dump->depth--;
}

static void dump_item(struct dump *dump, const struct item *item)
{
    switch (item->kind) {
    case ITEM_LIST:
        dump_line(dump, "list", item->name);
        dump_declaration(dump, item);
        break;
    case ITEM_LET:
        dump_line(dump, "let", item->name);
        dump_child(dump, item->let.body);
        break;
    case ITEM_MACRO:
        dump_line(dump, "macro", item->name);
        dump_declaration(dump, item);
        break;
    case ITEM_RULE:
        dump_rule(dump, item);
        break;
    case ITEM_SOURCE:
        dump_source(dump, item);
        break;
    case ITEM_USE:
    case ITEM_ENVIRONMENT:
    case ITEM_DEFAULTS:
    case ITEM_DISABLE:
    case ITEM_EXCEPTION:
    case ITEM_NEVER:
    case ITEM_ALWAYS:
    case ITEM_TEST:
    case ITEM_BLOCK:
        dump_other_item(dump, item);
        break;
    }
}

void tree_dump(const struct tree *tree, struct buf *out)
{
    struct dump dump = { .out = out };
    if (tree->edition != 0)
        buf_addf(out, "cdr %" PRId64 "\n", tree->edition);
    for (const struct item *item = tree->items; item != NULL; item = item->next)
        dump_item(&dump, item);
}
