/* check_role.c - who is asked before a step, and whether they can answer. */
#include "check_pass.h"

#include "arguments.h"
#include "base/fold.h"
#include "base/limits.h"

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

void check_role(struct check *check, const struct item *role)
{
    const struct expr *members = value_of(role, "members");
    uint32_t count = 0;
    bool is_list = members != NULL && members->kind == EXPR_LIST;
    for (const struct expr *one = is_list ? members->elements : NULL;
         one != NULL && count <= ROLE_MEMBERS_MAX; one = one->next)
        count++;
    if (count <= ROLE_MEMBERS_MAX)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_TOO_MANY_MEMBERS, role->name_at,
        "the role has more than %d members", ROLE_MEMBERS_MAX);
    diag_help(check->diags, diag, "name those who are asked; everybody is nobody");
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
            "write `role \"%.*s\" { members = [\"..\"] may = [approve, reject] }`, or name "
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

/* Names as they fold: open addressing, always half empty. */
struct people {
    str *slots;
    uint32_t room; /* a power of two */
    uint32_t count;
};

static void add_person(struct people *people, str name)
{
    uint32_t at = (uint32_t)fold_hash(name) & (people->room - 1);
    while (people->slots[at].ptr != NULL) {
        if (fold_equal(people->slots[at], name))
            return;
        at = (at + 1) & (people->room - 1);
    }
    people->slots[at] = name;
    people->count++;
}

/* The names in a role's list, or the one that stands alone. */
static const struct expr *members_of(struct check *check, const struct ast_name *who)
{
    const struct name *role = scope_find(check->scope, SCOPE_ROLES, who->text);
    const struct expr *members = role == NULL ? NULL : value_of(role->item, "members");
    return members != NULL && members->kind == EXPR_LIST ? members->elements : members;
}

/* Different people in the roles of a stage; no more are counted than it asks for. */
static uint32_t count_people(struct check *check, const struct clause *stage)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    struct people people = { .room = 2 };
    int64_t names = 0;
    for (const struct ast_name *who = stage->who; who != NULL; who = who->next)
        for (const struct expr *one = members_of(check, who); one != NULL; one = one->next)
            names++;
    int64_t most = names < stage->number ? names : stage->number;
    while (people.room < 2 * most)
        people.room *= 2;
    people.slots = ARENA_ARRAY(&scratch, str, people.room);
    if (!check_ok(check, people.slots == NULL ? ERR_MEMORY : ERR_OK))
        return 0;
    for (const struct ast_name *who = stage->who; who != NULL; who = who->next)
        for (const struct expr *one = members_of(check, who); one != NULL && people.count < most;
             one = one->next)
            if (word_of(one).len > 0)
                add_person(&people, word_of(one));
    return people.count;
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
    uint32_t people = are_roles && check->err == ERR_OK ? count_people(check, stage) : 0;
    if (!are_roles || people >= stage->number)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_TOO_FEW_PEOPLE, stage->at,
        "%lld must approve, and %s %u", (long long)stage->number,
        stage->who->next == NULL ? "the role has" : "the roles together have", people);
    diag_help(check->diags, diag,
        "ask fewer, or more roles; whoever wrote the rule (`author`) does not count");
}

/* Each is asked, and looked at, one after the other: more are a slip, or a program's work. */
static bool refuse_many_stages(struct check *check, const struct ast_step *step)
{
    uint32_t stages = 0;
    for (const struct clause *clause = step->action.clauses; clause != NULL;
         clause = clause->next) {
        uint32_t roles = 0;
        if (clause->kind != CLAUSE_APPROVE && clause->kind != CLAUSE_ESCALATE)
            continue;
        for (const struct ast_name *who = clause->who; who != NULL; who = who->next)
            roles++;
        bool is_long = ++stages > APPROVAL_STAGES_MAX;
        if (!is_long && roles <= APPROVAL_ROLES_MAX)
            continue;
        struct diag *diag = diag_add(check->diags, DIAG_TOO_MANY_STAGES, clause->at,
            is_long ? "more than %d are asked one after the other"
                    : "more than %d roles are asked at once",
            is_long ? APPROVAL_STAGES_MAX : APPROVAL_ROLES_MAX);
        diag_help(check->diags, diag, "make one role of those who answer alike");
        return true;
    }
    return false;
}

void check_approval(struct check *check, const struct ast_step *step)
{
    bool has_approve = false;
    if (refuse_many_stages(check, step))
        return;
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
                "write `role \"%.*s\" { members = [\"..\"] may = [approve, reject] }` in a "
                "file that is checked with them",
                STR_ARG(clause->who->text));
        }
    }
}

/* ---- who wrote it ---- */

static bool has_approval(const struct ast_step *step)
{
    for (; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? clause_find(step->action.clauses, CLAUSE_APPROVE) != NULL
                : has_approval(step->branch.then_steps) || has_approval(step->branch.else_steps))
            return true;
    return false;
}

static bool is_login_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
}

/* `bob` or `bob@corp.example`, as the system tells who approves. */
static bool is_login(str name)
{
    size_t at = str_find(name, '@');
    if (at == 0 || name.len == 0 || at + 1 == name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (i != at && !is_login_letter(name.ptr[i]))
            return false;
    return true;
}

static str trimmed(str text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = str_skip(text, 1);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text = str_first(text, text.len - 1);
    return text;
}

/* Else whoever it is about is compared with something that is nobody's name, and may approve. */
static void check_author(struct check *check, const struct pair *pair)
{
    if (pair->value->kind != EXPR_LITERAL || !type_is_text(pair->value->literal.type))
        return;
    str text = value_str(pair->value->literal.value);
    bool is_right = text.len > 0;
    for (size_t at = 0; at <= text.len && is_right; at++) {
        str rest = str_skip(text, at);
        str name = str_first(rest, str_find(rest, ','));
        is_right = is_login(trimmed(name));
        at += name.len;
    }
    if (is_right)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_AUTHOR_NAME, pair->value->at,
        "this is no login name, so whoever is meant could approve what their own rule does");
    diag_help(check->diags, diag,
        "write the name by which the system knows them, `author = \"bo\"`, or several with commas "
        "between, `author = \"bo, cy@corp.example\"`");
}

void check_authors(struct check *check, const struct item *rule)
{
    if (!has_approval(rule->rule.steps))
        return;
    for (const struct pair *pair = rule->rule.pairs; pair != NULL; pair = pair->next)
        if (str_is(pair->key, "author"))
            check_author(check, pair);
}
