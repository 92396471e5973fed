/* check_role.c - who is asked before a step, and whether they can answer. */
#include "check_pass.h"

#include "base/fold.h"

/* ---- roles ---- */

void check_find_roles(struct check *check)
{
    uint32_t at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        check->has_roles = check->has_roles || name->scope == SCOPE_ROLES;
}

/* The value of a key of a role's block, or NULL. */
static const struct expr *value_of(const struct item *role, const char *key)
{
    const struct ast_line *line = role->block.lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    return line == NULL ? NULL : line->value;
}

/* A word as written, in quotes or not; empty for anything else. */
static str word_of(const struct expr *expr)
{
    if (expr->kind == EXPR_FIELD)
        return expr->path->text;
    bool is_text = expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_TEXT;
    return is_text ? value_str(expr->literal.value) : STR("");
}

static bool may_approve(const struct item *role)
{
    const struct expr *may = value_of(role, "may");
    bool is_list = may != NULL && may->kind == EXPR_LIST;
    for (const struct expr *one = is_list ? may->elements : may; one != NULL;
         one = is_list ? one->next : NULL)
        if (str_is(word_of(one), "approve"))
            return true;
    return false;
}

/* ---- who is asked ---- */

static void report_no_role(struct check *check, const struct ast_name *who)
{
    struct suggestion near = { .word = who->text };
    uint32_t at = 0;
    if (check_is_lost(check, UINT32_MAX, who->text))
        return;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        if (name->scope == SCOPE_ROLES)
            suggest(&near, name->text);
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_ROLE, who->at,
        "no role is called `%.*s`, so nobody could approve", STR_ARG(who->text));
    if (near.best.len > 0)
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
    else
        diag_help(check->diags, diag,
            "write `role \"%.*s\" { members = [\"..\"] may = [read, approve, reject] }`, or name "
            "a role that there is",
            STR_ARG(who->text));
}

/* The role, when it may approve; NULL, and reported, else. */
static const struct item *role_asked(struct check *check, const struct ast_name *who)
{
    const struct name *found = scope_find(check->scope, SCOPE_ROLES, who->text);
    if (found == NULL) {
        report_no_role(check, who);
        return NULL;
    }
    if (found->item->is_partial || may_approve(found->item))
        return found->item;
    struct diag *diag = diag_add(check->diags, DIAG_ROLE_RIGHT, who->at,
        "the role `%.*s` may not approve", STR_ARG(who->text));
    diag_note(check->diags, diag, found->item->name_at, "it is declared here");
    diag_help(check->diags, diag, "add `approve` to its `may`, or ask another role");
    return NULL;
}

/* Whether `member` is in one of the roles before `end`. */
static bool is_counted(struct check *check, const struct clause *stage, const struct ast_name *end,
    const struct expr *last, str member)
{
    for (const struct ast_name *who = stage->who; who != NULL; who = who->next) {
        const struct name *role = scope_find(check->scope, SCOPE_ROLES, who->text);
        const struct expr *members = role == NULL ? NULL : value_of(role->item, "members");
        bool is_list = members != NULL && members->kind == EXPR_LIST;
        for (const struct expr *one = is_list ? members->elements : members; one != NULL;
             one = is_list ? one->next : NULL) {
            if (who == end && one == last)
                return false;
            if (fold_equal(word_of(one), member))
                return true;
        }
    }
    return false;
}

/* Different people in the roles of a stage. */
static uint32_t count_people(struct check *check, const struct clause *stage)
{
    uint32_t count = 0;
    for (const struct ast_name *who = stage->who; who != NULL; who = who->next) {
        const struct name *role = scope_find(check->scope, SCOPE_ROLES, who->text);
        const struct expr *members = role == NULL ? NULL : value_of(role->item, "members");
        bool is_list = members != NULL && members->kind == EXPR_LIST;
        for (const struct expr *one = is_list ? members->elements : members; one != NULL;
             one = is_list ? one->next : NULL)
            count += !is_counted(check, stage, who, one, word_of(one));
    }
    return count;
}

static void check_whos(struct check *check, const struct clause *stage)
{
    bool are_roles = true;
    for (const struct ast_name *who = stage->who; who != NULL; who = who->next) {
        are_roles = role_asked(check, who) != NULL && are_roles;
        for (const struct ast_name *before = stage->who; before != who; before = before->next)
            if (str_equal(before->text, who->text))
                diag_add(check->diags, DIAG_GIVEN_TWICE, who->at, "`%.*s` is asked twice",
                    STR_ARG(who->text));
    }
    uint32_t people = are_roles ? count_people(check, stage) : 0;
    if (!are_roles || people >= stage->number)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_TOO_FEW_PEOPLE, stage->at,
        "%lld must approve, and %s %u", (long long)stage->number,
        stage->who->next == NULL ? "the role has" : "the roles together have", people);
    diag_help(check->diags, diag,
        "ask fewer, or more roles; whoever wrote the rule (`author`) does not count");
}

void check_approval(struct check *check, const struct ast_step *step)
{
    bool has_approve = false;
    for (const struct clause *clause = step->action.clauses; clause != NULL;
         clause = clause->next) {
        if (clause->kind == CLAUSE_ESCALATE && !has_approve) {
            struct diag *diag = diag_add(check->diags, DIAG_ESCALATE_ALONE, clause->at,
                "`escalate` says who is asked next, and nobody is asked before");
            diag_help(check->diags, diag, "write it after `approve by .. within ..`");
        }
        has_approve = has_approve || clause->kind == CLAUSE_APPROVE;
        if (clause->kind != CLAUSE_APPROVE && clause->kind != CLAUSE_ESCALATE)
            continue;
        if (check->has_roles) {
            check_whos(check, clause);
        } else if (!check->has_told_roles && !check->is_partial) {
            check->has_told_roles = true;
            struct diag *diag = diag_add(check->diags, DIAG_NO_ROLES, clause->at,
                "these rules have no `role`, so anybody could approve");
            diag_help(check->diags, diag,
                "write `role \"%.*s\" { members = [\"..\"] may = [read, approve, reject] }` in a "
                "file that is checked with them",
                STR_ARG(clause->who->text));
        }
    }
}
