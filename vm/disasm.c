#include "bytecode.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "base/time.h"
#include "function.h"
#include "match/regex.h"

#include <stdlib.h>

enum { LISTED_VALUES_MAX = 8, VALUE_BYTES_MAX = 1024 * 1024 };

struct listing {
    const struct program *program;
    struct buf *out;
    bool *begins; /* by instruction: a fragment begins here */
};

static void listing_release(struct listing *listing)
{
    free(listing->begins);
}

/* ---- operands ---- */

static void add_scalar(struct listing *listing, value v)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(VALUE_BYTES_MAX);
    if (v.kind == VALUE_TEXT) {
        json_text_add(listing->out, value_str(v));
    } else if (v.kind == VALUE_REGEX && v.integer >= 0
               && v.integer < listing->program->regex_count) {
        buf_add(listing->out, regex_text(listing->program->regexes[v.integer]));
    } else {
        str text = value_print(&arena, v);
        buf_add(listing->out, text.ptr == NULL ? STR("?") : text);
    }
}

static void add_constant(struct listing *listing, value v)
{
    const value *items = value_items(v);
    if (items == NULL && v.kind != VALUE_LIST) {
        add_scalar(listing, v);
        return;
    }
    buf_add(listing->out, v.kind == VALUE_SET ? STR("set [") : STR("["));
    for (uint32_t i = 0; i < v.count && i < LISTED_VALUES_MAX; i++) {
        if (i > 0)
            buf_add(listing->out, STR(", "));
        add_scalar(listing, items[i]);
    }
    if (v.count > LISTED_VALUES_MAX)
        buf_addf(listing->out, ", .. %u in all", v.count);
    buf_add_byte(listing->out, ']');
}

static void add_member(struct listing *listing, uint32_t a)
{
    const struct step_code *step = &listing->program->steps[a / RESULT_MEMBERS];
    if (step->name.len > 0)
        buf_add(listing->out, step->name);
    else
        buf_addf(listing->out, "step %u", a / RESULT_MEMBERS);
    buf_addf(listing->out, ".%s", result_member_name((enum result_member)(a % RESULT_MEMBERS)));
}

static void add_operand(struct listing *listing, enum operand operand, uint32_t a)
{
    const struct program *program = listing->program;
    switch (operand) {
    case OPERAND_NONE:
        break;
    case OPERAND_CONSTANT:
        add_constant(listing, program->constants[a]);
        break;
    case OPERAND_PATH:
        json_text_add(listing->out, program->paths[a]);
        break;
    case OPERAND_FIELD:
        buf_add(listing->out, str_from(field_info((enum field)a)->name));
        break;
    case OPERAND_MEMBER:
        add_member(listing, a);
        break;
    case OPERAND_TYPE:
        buf_add(listing->out, str_from(type_name((enum type)a)));
        break;
    case OPERAND_FUNCTION:
        buf_add(listing->out, str_from(program->functions[a]->name));
        break;
    case OPERAND_COUNT:
        buf_addf(listing->out, "%u", a);
        break;
    case OPERAND_TEST:
        buf_add(listing->out, str_from(opcode_info((uint8_t)a)->name));
        break;
    case OPERAND_TARGET:
        buf_addf(listing->out, "-> %u", a);
        break;
    case OPERAND_STEP:
        buf_addf(listing->out, "%u: ", a);
        buf_add(listing->out, program->steps[a].text);
        break;
    }
}

static void add_flags(struct buf *out, uint8_t flags)
{
    static const struct {
        enum instruction_flag flag;
        const char *name;
    } names[] = {
        { FLAG_CASED, "cased" },
        { FLAG_ALL, "all" },
        { FLAG_LOOSE, "loose" },
        { FLAG_ALL_RIGHT, "all-right" },
        { FLAG_ANY, "any" },
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if ((flags & names[i].flag) != 0)
            buf_addf(out, " %s", names[i].name);
}

/* ---- fragments ---- */

static void add_instruction(struct listing *listing, uint32_t at)
{
    const struct instruction *in = &listing->program->code[at];
    const struct opcode_info *info = opcode_info(in->opcode);
    struct buf *out = listing->out;
    buf_addf(out, "%6u  %s", at, info->name);
    if (info->operand != OPERAND_NONE) {
        buf_addf(out, "%*s", (int)(14 - strlen(info->name)), "");
        add_operand(listing, info->operand, in->a);
    }
    add_flags(out, in->flags);
    buf_add_byte(out, '\n');
}

static void add_fragment(struct listing *listing, uint32_t at)
{
    do
        add_instruction(listing, at++);
    while (at < listing->program->code_count && !listing->begins[at]);
}

static void add_source(struct listing *listing, const struct source_program *source, str name)
{
    struct buf *out = listing->out;
    buf_addf(out, "source %.*s\n", STR_ARG(name));
    if (source->accept != NO_INDEX) {
        buf_add(out, STR("  accept\n"));
        add_fragment(listing, source->accept);
    }
    for (uint32_t i = 0; i < source->mapping_count; i++) {
        const struct mapping *mapping = &source->mappings[i];
        buf_addf(out, "  %s%s\n", field_info(mapping->field)->name,
            mapping->is_untrusted ? " untrusted" : "");
        add_fragment(listing, mapping->start);
    }
    buf_add_byte(out, '\n');
}

/* A condition that may be in doubt, and what it reads. */
static void add_doubt(struct listing *listing, uint32_t certain, uint32_t possible,
    const struct excuse_read *reads, uint32_t read_count)
{
    struct buf *out = listing->out;
    buf_add(out, STR("  certain\n"));
    add_fragment(listing, certain);
    if (possible != NO_INDEX) {
        buf_add(out, STR("  possible\n"));
        add_fragment(listing, possible);
    }
    for (uint32_t i = 0; i < read_count; i++) {
        buf_addf(out, "  reads %.*s\n", STR_ARG(reads[i].name));
        add_fragment(listing, reads[i].start);
        add_fragment(listing, reads[i].unknown);
    }
}

/* Which excuse it is, with the last moment that it counts for. */
static void add_excuse(struct listing *listing, const struct excuse_code *excuse)
{
    struct buf *out = listing->out;
    char until[TIME_TEXT_MAX];
    buf_addf(out, "  %s%.*s  # %.*s:%u", excuse->name.len > 0 ? "exception " : "unless",
        STR_ARG(excuse->name), STR_ARG(excuse->file), excuse->line);
    if (excuse->until_ms != INT64_MAX)
        buf_addf(out, ", for alerts received before %.*s",
            STR_ARG(time_format(excuse->until_ms, until)));
    buf_add_byte(out, '\n');
    add_doubt(listing, excuse->certain, excuse->possible, excuse->reads, excuse->read_count);
}

/* A clause as written, and where. */
static void add_place(struct listing *listing, const struct clause_place *place)
{
    buf_addf(listing->out, "  %.*s", STR_ARG(place->text));
    if (place->file.len > 0)
        buf_addf(listing->out, "  # %.*s:%u\n", STR_ARG(place->file), place->line);
    else
        buf_add(listing->out, STR("  # built in\n"));
}

/* What the rule is held to. */
static void add_bounds(struct listing *listing, const struct rule_code *rule)
{
    for (uint32_t i = 0; i < rule->limit_count; i++)
        add_place(listing, &rule->limits[i].place);
    add_place(listing, &rule->ceiling_place);
    if (rule->is_shadow)
        add_place(listing, &rule->shadow_place);
    if (rule->dedup_key_count > 0)
        add_place(listing, &rule->dedup);
    for (uint32_t i = 0; i < rule->dedup_key_count; i++)
        add_fragment(listing, rule->dedup_keys[i]);
}

static void add_guard(struct listing *listing, const struct guard_code *guard)
{
    buf_add(listing->out, STR("guard\n"));
    add_place(listing, &guard->place);
    if (guard->certain != NO_INDEX)
        add_doubt(listing, guard->certain, guard->possible, guard->reads, guard->read_count);
    buf_add_byte(listing->out, '\n');
}

static void add_connection(struct listing *listing, const struct connection_code *connection)
{
    static const char *const ways[WAY_COUNT] = { "", "env", "file", "credential" };
    buf_add(listing->out, STR("connection\n"));
    add_place(listing, &connection->place);
    for (uint32_t i = 0; i < connection->setting_count; i++) {
        const struct connection_setting *setting = &connection->settings[i];
        const char *way = ways[setting->way];
        buf_addf(
            listing->out, "  %.*s = %s%s", STR_ARG(setting->key), way, way[0] == '\0' ? "" : "(");
        if (setting->duration_ms != 0)
            buf_addf(listing->out, "%lldms", (long long)setting->duration_ms);
        else
            json_text_add(listing->out, setting->text);
        buf_add(listing->out, way[0] == '\0' ? STR("\n") : STR(")\n"));
    }
    buf_add_byte(listing->out, '\n');
}

static void add_rule(struct listing *listing, const struct rule_code *rule)
{
    struct buf *out = listing->out;
    buf_addf(out, "rule %.*s  # %.*s:%u\n  when\n", STR_ARG(rule->name), STR_ARG(rule->file),
        rule->line);
    add_fragment(listing, rule->condition);
    for (uint32_t i = 0; i < rule->excuse_count; i++)
        add_excuse(listing, &rule->excuses[i]);
    add_bounds(listing, rule);
    buf_add(out, STR("  then\n"));
    add_fragment(listing, rule->steps);
    buf_add_byte(out, '\n');
}

static void mark_source(struct listing *listing, const struct source_program *source)
{
    if (source->accept != NO_INDEX)
        listing->begins[source->accept] = true;
    for (uint32_t i = 0; i < source->mapping_count; i++)
        listing->begins[source->mappings[i].start] = true;
}

static void mark_doubt(struct listing *listing, uint32_t certain, uint32_t possible,
    const struct excuse_read *reads, uint32_t read_count)
{
    listing->begins[certain] = true;
    if (possible != NO_INDEX)
        listing->begins[possible] = true;
    for (uint32_t i = 0; i < read_count; i++) {
        listing->begins[reads[i].start] = true;
        listing->begins[reads[i].unknown] = true;
    }
}

static void mark_rule(struct listing *listing, const struct rule_code *rule)
{
    listing->begins[rule->condition] = true;
    listing->begins[rule->steps] = true;
    for (uint32_t i = 0; i < rule->dedup_key_count; i++)
        listing->begins[rule->dedup_keys[i]] = true;
    for (uint32_t i = 0; i < rule->excuse_count; i++) {
        const struct excuse_code *excuse = &rule->excuses[i];
        mark_doubt(listing, excuse->certain, excuse->possible, excuse->reads, excuse->read_count);
    }
}

static void mark_fragments(struct listing *listing)
{
    const struct program *program = listing->program;
    for (uint32_t i = 0; i < program->source_count; i++)
        mark_source(listing, &program->sources[i]);
    mark_source(listing, &program->canonical);
    for (uint32_t i = 0; i < program->rule_count; i++)
        mark_rule(listing, &program->rules[i]);
    for (uint32_t i = 0; i < program->guard_count; i++) {
        const struct guard_code *guard = &program->guards[i];
        if (guard->certain != NO_INDEX)
            mark_doubt(listing, guard->certain, guard->possible, guard->reads, guard->read_count);
    }
}

void program_disassemble(const struct program *program, bool with_shipped, struct buf *out)
{
    CLEANUP(listing_release) struct listing listing = { .program = program, .out = out };
    listing.begins = calloc((size_t)program->code_count + 1, sizeof *listing.begins);
    if (listing.begins == NULL) {
        buf_release(out);
        out->err = ERR_MEMORY;
        return;
    }
    mark_fragments(&listing);
    for (uint32_t i = 0; i < program->rule_count; i++)
        add_rule(&listing, &program->rules[i]);
    for (uint32_t i = 0; i < program->guard_count; i++)
        add_guard(&listing, &program->guards[i]);
    for (uint32_t i = 0; i < program->connection_count; i++)
        add_connection(&listing, &program->connections[i]);
    for (uint32_t i = 0; i < program->source_count; i++)
        if (with_shipped || !program->sources[i].is_shipped)
            add_source(&listing, &program->sources[i], program->sources[i].name);
    if (with_shipped)
        add_source(&listing, &program->canonical, STR("(canonical names)"));
}
