/* emit_identity.c - who a rule is, and a program: hashes of what they mean.
 *
 * A rule is its instructions with what their operands stand for written out, so that
 * moving it, renaming it, adding another rule or asking another person before a step does not
 * change who it is. */
#include "emit_pass.h"

#include "arguments.h"
#include "base/sha256.h"
#include "match/regex.h"
#include "zone.h"

static str hex(struct emit *emit, struct sha256 *sha256)
{
    char text[SHA256_HEX_SIZE];
    if (!emit_ok(emit, sha256_end_hex(sha256, text)))
        return STR("");
    str copy = arena_copy(emit->arena, str_from(text));
    if (!emit_ok(emit, copy.ptr == NULL ? ERR_MEMORY : ERR_OK))
        return STR("");
    return copy;
}

static void add_number(struct sha256 *sha256, uint64_t number)
{
    char bytes[8];
    for (size_t at = 0; at < sizeof bytes; at++)
        bytes[at] = (char)(number >> (8 * at) & 0xff);
    sha256_add(sha256, (str){ bytes, sizeof bytes });
}

static void add_scalar(struct emit *emit, struct sha256 *sha256, value v)
{
    add_number(sha256, (uint64_t)v.kind);
    if (v.kind == VALUE_TEXT) {
        sha256_add_framed(sha256, value_str(v));
    } else if (v.kind == VALUE_ZONE) {
        sha256_add_framed(sha256, v.zone->name);
    } else if (v.kind == VALUE_REGEX) {
        sha256_add_framed(sha256, regex_text(emit->regexes.items[v.integer]));
    } else if (v.kind == VALUE_IP || v.kind == VALUE_CIDR) {
        sha256_add(sha256, (str){ (const char *)v.ip->bytes, sizeof v.ip->bytes });
        add_number(sha256, v.ip->bits);
    } else if (v.kind == VALUE_BOOL) {
        add_number(sha256, v.boolean);
    } else if (v.kind == VALUE_DECIMAL) {
        uint64_t bits;
        memcpy(&bits, &v.decimal, sizeof bits);
        add_number(sha256, bits);
    } else if (v.kind != VALUE_ABSENT && v.kind != VALUE_NULL) {
        add_number(sha256, (uint64_t)v.integer);
    }
}

/* A list may be long and used by many rules: it is hashed once. */
static str constant_digest(struct emit *emit, uint32_t index)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    while (emit->err == ERR_OK && emit->digests.count <= index)
        TABLE_ADD(emit, emit->digests, STR(""));
    if (emit->err != ERR_OK || emit->digests.items[index].len > 0)
        return emit->err == ERR_OK ? emit->digests.items[index] : STR("");
    value v = emit->constants.items[index];
    const value *items = value_items(v);
    if (!emit_ok(emit, sha256_begin(&sha256)))
        return STR("");
    add_number(&sha256, items == NULL ? 0 : v.count + 1u);
    for (uint32_t at = 0; items != NULL && at < v.count; at++)
        add_scalar(emit, &sha256, items[at]);
    if (items == NULL)
        add_scalar(emit, &sha256, v);
    emit->digests.items[index] = hex(emit, &sha256);
    return emit->digests.items[index];
}

static void add_operand(struct emit *emit, struct sha256 *sha256, uint32_t at, uint32_t start)
{
    struct instruction in = emit->code.items[at];
    switch (opcode_info(in.opcode)->operand) {
    case OPERAND_CONSTANT:
        sha256_add(sha256, constant_digest(emit, in.a));
        return;
    case OPERAND_PATH:
        sha256_add_framed(sha256, emit->paths.items[in.a]);
        return;
    case OPERAND_FIELD:
        sha256_add_framed(sha256, str_from(field_info((enum field)in.a)->name));
        return;
    case OPERAND_FUNCTION:
        sha256_add_framed(sha256, str_from(emit->functions.items[in.a]->name));
        return;
    case OPERAND_TYPE:
        sha256_add_framed(sha256, str_from(type_name((enum type)in.a)));
        return;
    case OPERAND_TEST:
        sha256_add_framed(sha256, str_from(opcode_info((uint8_t)in.a)->name));
        return;
    case OPERAND_TARGET:
        add_number(sha256, in.a - start);
        return;
    case OPERAND_STEP: {
        const struct step_code *step = &emit->steps.items[in.a];
        add_number(sha256, (uint64_t)step->builtin->verb);
        sha256_add_framed(sha256, str_from(step->builtin->name));
        add_number(sha256, step->stops_on_failure);
        return;
    }
    case OPERAND_MEMBER: /* by the order of the rule's own steps */
        add_number(sha256, in.a % RESULT_MEMBERS);
        return;
    case OPERAND_COUNT:
    case OPERAND_NONE:
        add_number(sha256, in.a);
        return;
    }
}

static void add_code(
    struct emit *emit, struct sha256 *sha256, uint32_t from, uint32_t to, uint32_t *first_step)
{
    for (uint32_t at = from; at < to && emit->err == ERR_OK; at++) {
        struct instruction in = emit->code.items[at];
        const struct opcode_info *info = opcode_info(in.opcode);
        if (in.opcode == OP_STEP && *first_step == UINT32_MAX)
            *first_step = in.a;
        sha256_add_framed(sha256, str_from(info->name));
        add_number(sha256, in.flags);
        add_operand(emit, sha256, at, from);
        if (info->operand == OPERAND_MEMBER)
            add_number(sha256, in.a / RESULT_MEMBERS - *first_step);
    }
}

/* ---- clauses ---- */

/* What the steps do, in their order. What only holds them back (limit, mode, dedup, approve,
 * timeout) is no part of who a rule is: with another approver it does not act again on the
 * alerts of yesterday. */
static void add_step_clauses(struct sha256 *sha256, const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            add_step_clauses(sha256, step->branch.then_steps);
            add_step_clauses(sha256, step->branch.else_steps);
            continue;
        }
        const struct clause *undone = clause_find(step->action.clauses, CLAUSE_FOR);
        add_number(sha256, (uint64_t)step->action.verb);
        if (undone != NULL)
            add_number(sha256, (uint64_t)undone->duration_ms);
    }
}

/* ---- excuses ---- */

static void add_fragment(struct emit *emit, struct sha256 *sha256, uint32_t start)
{
    uint32_t no_step = 0;
    uint32_t end = start;
    while (emit->code.items[end].opcode != OP_RETURN)
        end++;
    add_code(emit, sha256, start, end, &no_step);
}

static str excuse_digest(struct emit *emit, const struct excuse_code *excuse)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    if (!emit_ok(emit, sha256_begin(&sha256)))
        return STR("");
    add_number(&sha256, (uint64_t)excuse->until_ms);
    add_fragment(emit, &sha256, excuse->certain);
    add_number(&sha256, excuse->possible != NO_INDEX);
    if (excuse->possible != NO_INDEX)
        add_fragment(emit, &sha256, excuse->possible);
    return hex(emit, &sha256);
}

static str shared_digest(struct emit *emit, const struct ast_excuse *from)
{
    struct shared_excuse *shared = emit_shared_find(emit, from->unless);
    if (shared == NULL)
        return STR("");
    if (shared->digest.len == 0)
        shared->digest = excuse_digest(emit, &shared->code);
    return shared->digest;
}

/* Each excuses alone, so their order means nothing: by digest. */
static void add_excuses(
    struct emit *emit, struct sha256 *sha256, const struct item *item, const struct rule_code *rule)
{
    str *digests = ARENA_ARRAY(emit->arena, str, (size_t)rule->excuse_count + 1);
    if (!emit_ok(emit, digests == NULL ? ERR_MEMORY : ERR_OK))
        return;
    const struct ast_excuse *excuse = item->rule.excuses; /* as emit_excuses has them */
    for (uint32_t at = 0; at < rule->excuse_count && emit->err == ERR_OK;
         at++, excuse = excuse->next) {
        str digest = shared_digest(emit, excuse);
        if (emit->err != ERR_OK)
            return;
        uint32_t to = at;
        for (; to > 0 && memcmp(digest.ptr, digests[to - 1].ptr, digest.len) < 0; to--)
            digests[to] = digests[to - 1];
        digests[to] = digest;
    }
    for (uint32_t at = 0; at < rule->excuse_count && emit->err == ERR_OK; at++)
        sha256_add_framed(sha256, digests[at]);
}

str emit_rule_identity(
    struct emit *emit, const struct item *item, const struct rule_code *rule, uint32_t end)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    uint32_t first_step = UINT32_MAX;
    if (emit->err != ERR_OK || !emit_ok(emit, sha256_begin(&sha256)))
        return STR("");
    if (rule->needs_state.len > 0)
        sha256_add_framed(&sha256, rule->needs_state);
    add_code(emit, &sha256, rule->condition, rule->steps, &first_step);
    add_code(emit, &sha256, rule->steps, end, &first_step);
    add_excuses(emit, &sha256, item, rule);
    add_step_clauses(&sha256, item->rule.steps);
    if (rule->is_shadow) /* what it only looked at, the live rule beside or after it acts on */
        sha256_add_framed(&sha256, STR("shadow"));
    return hex(emit, &sha256);
}

str emit_program_hash(struct emit *emit)
{
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    if (!emit_ok(emit, sha256_begin(&sha256)))
        return STR("");
    const struct sources *sources = &emit->compilation->sources;
    for (uint32_t at = 0; at < sources->count; at++) {
        const struct source *source = &sources->items[at];
        sha256_add_framed(&sha256, source->file);
        sha256_add_framed(&sha256, source->text);
        for (const struct source_link *link = source->links; link != NULL; link = link->next) {
            sha256_add_framed(&sha256, link->path);
            add_number(&sha256, link->file);
        }
        add_number(&sha256, UINT32_MAX); /* no file: the end of what it names */
    }
    return hex(emit, &sha256);
}
