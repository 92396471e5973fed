/* emit.c - checked trees to a program: sources, rules, then everything in its place. */
#include "emit.h"

#include "emit_pass.h"

static const struct expr *find_several(const struct expr *expr)
{
    const struct expr *found = NULL;
    for (; expr->kind == EXPR_AND && found == NULL; expr = expr->binary.left)
        found = find_several(expr->binary.right);
    return found == NULL && expr->kind == EXPR_SEVERAL ? expr : found;
}

/* The detection over several alerts that the rule waits for, as written; or nothing. */
static str state_needed(struct emit *emit, const struct item *item)
{
    const struct expr *several = find_several(item->rule.when);
    if (several != NULL)
        return emit_line_of(emit, several->at);
    span at = { 0 };
    for (const struct clause *clause = item->rule.clauses; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_FOLLOWED)
            at = at.end == 0 ? clause->at : span_join(at, clause->at);
    return at.end == 0 ? STR("") : emit_line_of(emit, at);
}

static void emit_rule(struct emit *emit, struct item *item)
{
    const struct source *source = &emit->compilation->sources.items[item->at.file];
    struct rule_code rule = { .name = item->name,
        .title = item->rule.title,
        .file = source->file,
        .line = source_place(source, item->at.start).line,
        .condition = emit->code.count };
    emit->rule = item;
    emit_condition(emit, emit_expanded(emit, item->rule.when));
    emit_op(emit, OP_RETURN, 0, 0);
    rule.steps = emit->code.count;
    rule.needs_state = state_needed(emit, item);
    if (rule.needs_state.len == 0)
        emit_rule_steps(emit, item);
    else
        emit_op(emit, OP_HALT, 0, 0); /* this build takes none of its steps */
    uint32_t end = emit->code.count;
    emit_excuses(emit, item, &rule);
    emit_bounds(emit, item, &rule);
    rule.id = emit_rule_identity(emit, item, &rule, end);
    TABLE_ADD(emit, emit->rules, rule);
    if (emit->compilation->wants_probes)
        emit_probe_rule(emit, item, rule.needs_state.len == 0);
    emit->rule = NULL;
}

static bool is_in_force(const struct item *item)
{
    return item->kind == ITEM_RULE && item->rule.disabled_by == NULL;
}

static uint32_t count_rules(const struct compilation *compilation)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            count += is_in_force(item);
    return count;
}

/* Of the largest rule sets: room that stays empty is not touched. */
static uint32_t guess_code(const struct sources *sources)
{
    enum { BYTES_PER_INSTRUCTION = 12 };
    size_t bytes = 0;
    for (uint32_t at = 0; at < sources->count; at++)
        bytes += sources->items[at].is_list ? 0 : sources->items[at].text.len;
    return (uint32_t)(bytes / BYTES_PER_INSTRUCTION);
}

static void emit_rules(struct emit *emit)
{
    uint32_t count = count_rules(emit->compilation);
    TABLE_RESERVE(emit, emit->rules, count);
    TABLE_RESERVE(emit, emit->steps, count); /* most have one */
    for (uint32_t at = 0; at < emit->compilation->tree_count; at++)
        for (struct item *item = emit->compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (is_in_force(item) && emit->err == ERR_OK)
                emit_rule(emit, item);
}

/* What a file names, by the names of the files. */
static const struct program_link *links_of(
    struct emit *emit, const struct source *source, uint32_t *ret_count)
{
    const struct sources *sources = &emit->compilation->sources;
    uint32_t count = 0;
    for (const struct source_link *link = source->links; link != NULL; link = link->next)
        count++;
    struct program_link *links = ARENA_ARRAY(emit->arena, struct program_link, count + 1);
    if (!emit_ok(emit, links == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    count = 0;
    for (const struct source_link *link = source->links; link != NULL; link = link->next)
        links[count++] = (struct program_link){ link->path, sources->items[link->file].file,
            sources->items[link->file].is_list };
    *ret_count = count;
    return links;
}

static void set_texts(struct emit *emit, struct program *program)
{
    const struct sources *sources = &emit->compilation->sources;
    struct program_text *texts = ARENA_ARRAY(emit->arena, struct program_text, sources->count + 1);
    if (!emit_ok(emit, texts == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t at = 0; at < sources->count && emit->err == ERR_OK; at++) {
        const struct source *source = &sources->items[at];
        texts[at] = (struct program_text){ .file = source->file,
            .text = source->text,
            .is_shipped = source->is_shipped,
            .is_list = source->is_list };
        texts[at].links = links_of(emit, source, &texts[at].link_count);
    }
    program->texts = texts;
    program->text_count = sources->count;
}

static void set_tables(const struct emit *emit, struct program *program)
{
    program->code = emit->code.items;
    program->code_count = emit->code.count;
    program->constants = emit->constants.items;
    program->constant_count = emit->constants.count;
    program->paths = emit->paths.items;
    program->path_count = emit->paths.count;
    program->regexes = emit->regexes.items;
    program->regex_count = emit->regexes.count;
    program->functions = emit->functions.items;
    program->function_count = emit->functions.count;
    program->sources = emit->sources.items;
    program->source_count = emit->sources.count;
    program->rules = emit->rules.items;
    program->rule_count = emit->rules.count;
    program->steps = emit->steps.items;
    program->step_count = emit->steps.count;
    program->unenforced = emit->unenforced.items;
    program->unenforced_count = emit->unenforced.count;
    program->guards = emit->guards.items;
    program->guard_count = emit->guards.count;
    program->connections = emit->connections.items;
    program->connection_count = emit->connections.count;
    program->daemon_blocks = emit->daemon_blocks.items;
    program->daemon_block_count = emit->daemon_blocks.count;
    program->accounts = emit->accounts.items;
    program->account_count = emit->accounts.count;
    program->regions = emit->regions.items;
    program->region_count = emit->regions.count;
    program->has_organization = emit->has_organization;
    program->roles = emit->roles.items;
    program->role_count = emit->roles.count;
    program->probes = emit->probes.items;
    program->probe_count = emit->probes.count;
}

enum err emit_program(struct compilation *compilation, const struct program **ret_program)
{
    struct emit emit = {
        .arena = &compilation->arena, .compilation = compilation, .diags = &compilation->diags
    };
    struct program *program = ARENA_NEW(&compilation->arena, struct program);
    if (program == NULL)
        return ERR_MEMORY;
    TABLE_RESERVE(&emit, emit.code, guess_code(&compilation->sources));
    program->canonical = emit_canonical(&emit);
    emit_sources(&emit);
    emit_roles(&emit);
    emit_rules(&emit);
    emit_invariants(&emit);
    emit_connections(&emit);
    emit_daemon(&emit);
    emit_accounts(&emit);
    set_texts(&emit, program);
    program->hash = emit_program_hash(&emit);
    const struct probes *probes = compilation->wants_probes ? emit_probes(&emit) : NULL;
    if (emit.err != ERR_OK)
        return emit.err;
    compilation->probes = probes;
    set_tables(&emit, program);
    *ret_program = program;
    return ERR_OK;
}
