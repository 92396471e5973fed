/* emit_role.c - people: roles with their members and rights, and who is asked before a step. */
#include "emit_pass.h"

#include "arguments.h"

/* ---- who is asked ---- */

static void set_stage(struct emit *emit, const struct clause *clause, struct approval_stage *stage)
{
    uint32_t count = 0;
    for (const struct ast_name *who = clause->who; who != NULL; who = who->next)
        count++;
    str *roles = ARENA_ARRAY(emit->arena, str, count + 1);
    if (!emit_ok(emit, roles == NULL ? ERR_MEMORY : ERR_OK))
        return;
    *stage = (struct approval_stage){ .roles = roles,
        .needed = clause->number == 0 ? 1 : (uint32_t)clause->number,
        .within_ms = clause->duration_ms };
    for (const struct ast_name *who = clause->who; who != NULL; who = who->next)
        roles[stage->role_count++] = who->text;
}

/* `approve` with each `escalate` after it, as one clause. */
static struct clause_place place_of_stages(struct emit *emit, const struct clause *approve)
{
    struct clause_place place = emit_place_of(emit, approve->at);
    for (const struct clause *clause = approve->next; clause != NULL; clause = clause->next) {
        if (clause->kind != CLAUSE_ESCALATE)
            continue;
        str more = emit_line_of(emit, clause->at);
        const char *text =
            arena_format(emit->arena, "%.*s %.*s", STR_ARG(place.text), STR_ARG(more));
        if (!emit_ok(emit, text == NULL ? ERR_MEMORY : ERR_OK))
            return place;
        place.text = str_from(text);
    }
    return place;
}

static void emit_stages(struct emit *emit, const struct clause *approve, struct step_code *code)
{
    uint32_t count = 1;
    for (const struct clause *clause = approve->next; clause != NULL; clause = clause->next)
        count += clause->kind == CLAUSE_ESCALATE;
    struct approval_stage *stages = ARENA_ARRAY(emit->arena, struct approval_stage, count);
    if (!emit_ok(emit, stages == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (const struct clause *clause = approve; clause != NULL; clause = clause->next)
        if (clause == approve || clause->kind == CLAUSE_ESCALATE)
            set_stage(emit, clause, &stages[code->stage_count++]);
    code->stages = stages;
    code->approve = place_of_stages(emit, approve);
}

void emit_held(struct emit *emit, const struct ast_step *step, struct step_code *code)
{
    const struct clause *undone = clause_find(step->action.clauses, CLAUSE_FOR);
    const struct clause *timeout = clause_find(step->action.clauses, CLAUSE_TIMEOUT);
    const struct clause *approve = clause_find(step->action.clauses, CLAUSE_APPROVE);
    code->for_ms = undone == NULL ? 0 : undone->duration_ms;
    code->timeout_ms = timeout == NULL ? 0 : timeout->duration_ms;
    if (approve != NULL)
        emit_stages(emit, approve, code);
}

/* ---- roles ---- */

static const struct {
    const char *word; /* as in settings.def */
    enum role_right right;
} rights[] = { { "read", RIGHT_READ }, { "approve", RIGHT_APPROVE }, { "reject", RIGHT_REJECT },
    { "undo", RIGHT_UNDO }, { "pause", RIGHT_PAUSE }, { "resume", RIGHT_RESUME },
    { "retry", RIGHT_RETRY }, { "rules", RIGHT_RULES } };

/* The values of a key, of a list or the one that stands alone; NULL when it is not there. */
static const struct expr *values_of(const struct item *role, const char *key, uint32_t *ret_count)
{
    const struct ast_line *line = role->block.lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    if (line == NULL || line->value == NULL)
        return NULL;
    const struct expr *first = line->value->kind == EXPR_LIST ? line->value->elements : line->value;
    uint32_t count = 0;
    for (const struct expr *one = first; one != NULL;
         one = line->value->kind == EXPR_LIST ? one->next : NULL)
        count++;
    *ret_count = count;
    return first;
}

/* A word as written, in quotes or not. */
static str word_of(const struct expr *expr)
{
    return expr->kind == EXPR_FIELD ? expr->path->text : value_str(expr->literal.value);
}

static unsigned rights_of(const struct item *item)
{
    uint32_t count = 0;
    unsigned may = 0;
    for (const struct expr *one = values_of(item, "may", &count); count > 0;
         count--, one = one->next)
        for (size_t at = 0; at < COUNT_OF(rights); at++)
            if (str_is(word_of(one), rights[at].word))
                may |= rights[at].right;
    return may;
}

static bool has_key(const struct item *role, const char *key)
{
    uint32_t count = 0;
    return values_of(role, key, &count) != NULL;
}

static void emit_role(struct emit *emit, const struct item *item)
{
    struct role_code role = { .name = item->name, .may = rights_of(item) };
    const struct expr *member = values_of(item, "members", &role.member_count);
    str *members = ARENA_ARRAY(emit->arena, str, role.member_count + 1);
    if (!emit_ok(emit, members == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t at = 0; at < role.member_count; at++, member = member->next)
        members[at] = word_of(member);
    role.members = members;
    if (has_key(item, "environments"))
        emit_unenforced(emit, "environments", item->at);
    TABLE_ADD(emit, emit->roles, role);
}

void emit_roles(struct emit *emit)
{
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (const struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_BLOCK && str_is(item->block.keyword, "role"))
                emit_role(emit, item);
}
