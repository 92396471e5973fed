/* emit_bounds.c - what a rule is held to, whatever it wants: limits, its ceiling, shadow,
 * dedup. Its own clauses, else those of its file's `defaults`, else what is built in; limits that
 * count over several rules come on top of these. */
#include "emit_pass.h"

#include "arguments.h"
#include "base/fold.h"
#include "constant.h"
#include "value_set.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* How many distinct targets steps may act on where nobody says: low enough that a first start
 * which goes wrong is a nuisance and no outage. docs/language.md has this table. */
static const struct {
    uint64_t targets;
    int64_t window_ms;
    const char *text; /* as it would be written */
} built_in_limits[LIMIT_SCOPES] = {
    [LIMIT_RULE] = { 10, HOUR_MS, "limit 10 targets per 1h" },
    [LIMIT_ACTION] = { 20, HOUR_MS, "limit 20 targets by action per 1h" },
    [LIMIT_ACCOUNT] = { 50, HOUR_MS, "limit 50 targets by account per 1h" },
    [LIMIT_PROVIDER] = { 100, HOUR_MS, "limit 100 targets by provider per 1h" },
};

static struct limit_code built_in_limit(enum limit_scope scope)
{
    return (struct limit_code){ .scope = scope,
        .targets = built_in_limits[scope].targets,
        .window_ms = built_in_limits[scope].window_ms,
        .place = { .text = str_from(built_in_limits[scope].text), .file = STR("") } };
}

struct clause_place emit_place_of(struct emit *emit, span at)
{
    const struct source *source = &emit->compilation->sources.items[at.file];
    return (struct clause_place){ .text = emit_line_of(emit, at),
        .file = source->file,
        .line = source_place(source, at.start).line };
}

/* The clause that holds for the rule: its own, or the default one; or NULL. */
static const struct clause *clause_in_force(const struct item *rule, enum clause_kind kind)
{
    const struct item *defaults = rule->rule.defaults;
    const struct clause *own = clause_find(rule->rule.clauses, kind);
    return own != NULL || defaults == NULL ? own : clause_find(defaults->defaults.clauses, kind);
}

/* ---- limits ---- */

/* Different texts, and what else there is. */
static uint64_t count_different(const struct value_set *set)
{
    uint64_t count = set->texts_count == 0 ? 0 : 1;
    for (uint32_t at = 1; at < set->texts_count; at++)
        count += !fold_equal(value_str(set->texts[at - 1]), value_str(set->texts[at]));
    return count + (set->count - set->texts_count);
}

/* A share of a longer list is greater, so what it has twice counts once. */
static uint64_t count_estate(struct emit *emit, struct list_walk walk)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    value *items = ARENA_ARRAY(&scratch, value, (size_t)list_count(walk) + 1);
    struct list_element element;
    uint32_t count = 0;
    value set;
    if (!emit_ok(emit, items == NULL ? ERR_MEMORY : ERR_OK))
        return 0;
    while (list_next(&walk, &element))
        if (element.v.kind != VALUE_ABSENT)
            items[count++] = element.v;
    if (count == 0 || !emit_ok(emit, value_set_new(&scratch, items, count, &set)))
        return 0;
    return count_different(set.set);
}

/* The list may be long, and the default limit of many rules. */
static uint64_t estate_of(struct emit *emit, const struct expr *list)
{
    struct list_walk walk = list_walk(list);
    for (uint32_t at = 0; at < emit->estates.count; at++)
        if (emit->estates.items[at].list == walk.list)
            return emit->estates.items[at].count;
    struct estate estate = { walk.list, count_estate(emit, walk) };
    TABLE_ADD(emit, emit->estates, estate);
    return estate.count;
}

/* What a limit comes to: of a share 1 at least. */
static uint64_t targets_of(struct emit *emit, const struct clause *limit)
{
    if (limit->condition == NULL)
        return (uint64_t)limit->number;
    uint64_t share = estate_of(emit, limit->condition) * (uint64_t)limit->number / 100;
    return share == 0 ? 1 : share;
}

static uint32_t count_limits(const struct clause *clause, enum limit_scope scope)
{
    uint32_t count = 0;
    for (; clause != NULL; clause = clause->next)
        count += clause->kind == CLAUSE_LIMIT && clause->scope == scope;
    return count;
}

static void add_limits(struct emit *emit, const struct clause *clause, enum limit_scope scope,
    struct limit_code *limits, uint32_t *count)
{
    for (; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_LIMIT && clause->scope == scope)
            limits[(*count)++] = (struct limit_code){ .scope = scope,
                .targets = targets_of(emit, clause),
                .window_ms = clause->duration_ms,
                .place = emit_place_of(emit, clause->at) };
}

static uint32_t count_all_limits(const struct clause *clause)
{
    uint32_t count = 0;
    for (int scope = 0; scope < LIMIT_SCOPES; scope++)
        count += count_limits(clause, (enum limit_scope)scope);
    return count;
}

/* Those of a file, else, of each scope, the built-in one: by scope. Made once for all rules of the
 * file, which come one after the other. */
static const struct shared_limits *shared_limits_of(struct emit *emit, const struct item *defaults)
{
    struct shared_limits *shared = &emit->shared_limits;
    if (shared->items != NULL && shared->defaults == defaults)
        return shared;
    const struct clause *clauses = defaults == NULL ? NULL : defaults->defaults.clauses;
    uint32_t room = LIMIT_SCOPES + count_all_limits(clauses);
    struct limit_code *limits = ARENA_ARRAY(emit->arena, struct limit_code, room);
    *shared = (struct shared_limits){ .defaults = defaults, .items = limits };
    if (!emit_ok(emit, limits == NULL ? ERR_MEMORY : ERR_OK))
        return shared;
    for (int at = 0; at < LIMIT_SCOPES; at++) {
        enum limit_scope scope = (enum limit_scope)at;
        uint32_t before = shared->count;
        add_limits(emit, clauses, scope, limits, &shared->count);
        if (shared->count == before)
            limits[shared->count++] = built_in_limit(scope);
    }
    return shared;
}

/* Of the targets of the rule its own limits, else those of its file, else the built-in one. What
 * counts over several rules is for all of them: there a rule adds its own limits and lifts none. */
static void emit_limits(struct emit *emit, const struct item *item, struct rule_code *rule)
{
    const struct clause *own = item->rule.clauses;
    const struct shared_limits *shared = shared_limits_of(emit, item->rule.defaults);
    uint32_t own_count = count_all_limits(own);
    rule->limits = shared->items;
    rule->limit_count = shared->count;
    if (own_count == 0 || emit->err != ERR_OK)
        return;
    struct limit_code *limits =
        ARENA_ARRAY(emit->arena, struct limit_code, own_count + shared->count);
    if (!emit_ok(emit, limits == NULL ? ERR_MEMORY : ERR_OK))
        return;
    uint32_t count = 0;
    for (int at = 0; at < LIMIT_SCOPES; at++) {
        enum limit_scope scope = (enum limit_scope)at;
        add_limits(emit, own, scope, limits, &count);
        if (scope == LIMIT_RULE && count > 0)
            continue;
        for (uint32_t i = 0; i < shared->count; i++)
            if (shared->items[i].scope == scope)
                limits[count++] = shared->items[i];
    }
    rule->limits = limits;
    rule->limit_count = count;
}

/* ---- dedup ---- */

static void emit_dedup(struct emit *emit, const struct item *item, struct rule_code *rule)
{
    const struct clause *dedup = clause_in_force(item, CLAUSE_DEDUP);
    uint32_t count = 0;
    if (dedup == NULL)
        return;
    for (const struct expr *field = dedup->fields; field != NULL; field = field->next)
        count++;
    uint32_t *keys = ARENA_ARRAY(emit->arena, uint32_t, count + 1);
    if (!emit_ok(emit, keys == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (struct expr *field = dedup->fields; field != NULL; field = field->next) {
        keys[rule->dedup_key_count++] = emit->code.count;
        emit_operand(emit, emit_expanded(emit, field));
        emit_op(emit, OP_RETURN, 0, 0);
    }
    rule->dedup_keys = keys;
    rule->dedup_ms = dedup->duration_ms;
    rule->dedup = emit_place_of(emit, dedup->at);
}

/* ---- the rule ---- */

static void emit_ceiling(struct emit *emit, const struct item *item, struct rule_code *rule)
{
    const struct clause *mode = clause_in_force(item, CLAUSE_MODE);
    const struct clause *shadow = clause_in_force(item, CLAUSE_SHADOW);
    rule->ceiling = mode == NULL ? CEILING_CONTAIN : mode->ceiling;
    rule->ceiling_place =
        mode != NULL ? emit_place_of(emit, mode->at)
                     : (struct clause_place){ .text = STR("mode contain"), .file = STR("") };
    rule->is_shadow = shadow != NULL;
    if (shadow != NULL)
        rule->shadow_place = emit_place_of(emit, shadow->at);
}

static str author_of(const struct item *item)
{
    for (const struct pair *pair = item->rule.pairs; pair != NULL; pair = pair->next)
        if (str_is(pair->key, "author") && pair->value->kind == EXPR_LITERAL
            && pair->value->literal.type == TYPE_TEXT)
            return value_str(pair->value->literal.value);
    return STR("");
}

void emit_bounds(struct emit *emit, const struct item *item, struct rule_code *rule)
{
    rule->author = author_of(item);
    rule->text_index = item->at.file;
    emit_ceiling(emit, item, rule);
    emit_limits(emit, item, rule);
    emit_dedup(emit, item, rule);
}
