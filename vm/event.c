#include "event.h"

#include "base/fold.h"
#include "base/sha256.h"
#include "interp.h"
#include "match/canonical.h"
#include "match/findings.h"

enum { NAME_DIGITS = 16 };

static enum err digest_of(str json, struct arena *arena, str *ret_digest)
{
    char hex[SHA256_HEX_SIZE] = { 0 };
    TRY(sha256_hex(json, hex));
    *ret_digest = arena_copy(arena, str_from(hex));
    return ret_digest->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

const struct source_program *source_find(const struct program *program, str name)
{
    for (uint32_t i = 0; i < program->source_count; i++)
        if (fold_equal(program->sources[i].name, name))
            return &program->sources[i];
    return NULL;
}

/* The first source by name whose accept condition holds, or NULL. */
static enum err source_accepting(const struct program *program, const struct event *event,
    struct arena *arena, const struct source_program **ret_source)
{
    *ret_source = NULL;
    for (uint32_t i = 0; i < program->source_count && *ret_source == NULL; i++) {
        const struct rule_code accept = { .condition = program->sources[i].accept };
        bool holds = false;
        if (accept.condition != NO_INDEX)
            TRY(rule_matches(program, &accept, event, arena, &holds));
        if (holds)
            *ret_source = &program->sources[i];
    }
    return ERR_OK;
}

/* Who takes the alert, and which mappings read it: a source's own, or the canonical ones. */
static enum err choose_source(const struct program *program, str forced_source, struct arena *arena,
    struct event *event, const struct source_program **ret_mappings)
{
    struct canonical canonical;
    if (forced_source.len > 0) {
        *ret_mappings = source_find(program, forced_source);
        if (*ret_mappings == NULL)
            return ERR_NOT_FOUND;
        event->source = (*ret_mappings)->name;
        return ERR_OK;
    }
    TRY(canonical_read(event->text, arena, &canonical));
    const struct source_program *named =
        canonical.source.len == 0 ? NULL : source_find(program, canonical.source);
    if (named != NULL && canonical.stranger.len == 0) {
        *ret_mappings = &program->canonical;
        event->source = named->name;
        event->repairs += canonical.unfit_tags;
        return ERR_OK;
    }
    TRY(source_accepting(program, event, arena, ret_mappings));
    if (*ret_mappings != NULL) {
        event->source = (*ret_mappings)->name;
    } else if (named != NULL) {
        event->claimed = named->name;
        event->stranger = canonical.stranger;
    }
    return ERR_OK;
}

static bool says_something(value v)
{
    bool is_empty = (v.kind == VALUE_LIST || v.kind == VALUE_TEXT) && v.count == 0;
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && !is_empty;
}

/* The elements that say something; absent when there is none. */
static enum err tidy_list(struct arena *arena, value list, value *ret_value)
{
    uint32_t count = 0;
    while (count < list.count && says_something(list.items[count]))
        count++;
    if (count == list.count && count > 0) { /* mostly, and a long list costs no copy */
        *ret_value = list;
        return ERR_OK;
    }
    count = 0;
    value *kept = ARENA_ARRAY(arena, value, list.count + 1);
    if (kept == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < list.count; i++)
        if (says_something(list.items[i]))
            kept[count++] = list.items[i];
    *ret_value = count == 0 ? VALUE_NONE : value_list(kept, count);
    return ERR_OK;
}

/* Vendors write null, "" and [] for what an alert lacks; only an alert in canonical names
 * means them. What there is one of in an alert may stand in an array, of findings for
 * example. */
static enum err tidy(struct arena *arena, enum field field, value v, value *ret_value)
{
    if (v.kind == VALUE_LIST)
        TRY(tidy_list(arena, v, &v));
    if (v.kind == VALUE_LIST && v.count == 1 && field <= FIELD_ALERT_TIME)
        v = v.items[0];
    *ret_value = says_something(v) ? v : VALUE_NONE;
    return ERR_OK;
}

/* A later mapping of the same field fills it only where the earlier ones say nothing. `wanted` is by
 * field; NULL: all are. */
static enum err read_fields(const struct program *program, const struct source_program *source,
    const bool *wanted, struct arena *arena, struct event *event)
{
    bool is_canonical = source == &program->canonical;
    for (uint32_t i = 0; i < source->mapping_count; i++) {
        const struct mapping *mapping = &source->mappings[i];
        const struct field_info *info = field_info(mapping->field);
        value *field = &event->fields[mapping->field];
        value v;
        if (says_something(*field) || (wanted != NULL && !wanted[mapping->field]))
            continue;
        TRY(interp_value(program, mapping->start, event, arena, &v));
        if (!is_canonical)
            TRY(tidy(arena, mapping->field, v, &v));
        uint32_t count = v.kind == VALUE_LIST ? v.count : 0;
        bool is_said = says_something(v);
        TRY(value_convert(arena, v, info->type, &v));
        event->lost[mapping->field] = count > 0 && (v.kind != VALUE_LIST || v.count < count);
        event->unread[mapping->field] |=
            is_said && (event->lost[mapping->field] || !says_something(v));
        if (!is_canonical)
            TRY(tidy(arena, mapping->field, v, &v));
        if (field->kind == VALUE_ABSENT || says_something(v))
            *field = v;
        event->untrusted[mapping->field] = mapping->is_untrusted || info->is_untrusted;
    }
    return ERR_OK;
}

/* A mapping that reads nothing of the alert: its text, or empty. */
static str constant_of(const struct program *program, const struct mapping *mapping)
{
    const struct instruction *code = &program->code[mapping->start];
    bool is_constant = code[0].opcode == OP_CONSTANT && code[1].opcode == OP_RETURN;
    return is_constant ? value_str(program->constants[code[0].a]) : STR("");
}

/* An alert in canonical names is of the source that it names. */
str event_provider_of(const struct program *program, str name)
{
    str provider = STR("");
    for (uint32_t i = 0; i < program->source_count; i++) {
        const struct source_program *source = &program->sources[i];
        for (uint32_t at = 0; at < source->mapping_count && str_equal(source->name, name); at++)
            if (source->mappings[at].field == FIELD_CLOUD_PROVIDER && provider.len == 0)
                provider = constant_of(program, &source->mappings[at]);
    }
    return provider;
}

/* What cdr itself knows, whatever the alert says. */
static void fill_own_fields(struct event *event)
{
    const value received = { .kind = VALUE_TIME, .milliseconds = event->received_ms };
    value *time = &event->fields[FIELD_TIME];
    event->fields[FIELD_RECEIVED] = received;
    value at = event->fields[FIELD_ALERT_TIME];
    if (value_items(at) != NULL && at.count > 0) /* several findings in one alert */
        at = value_items(at)[0];
    if (at.kind == VALUE_TIME)
        *time = at;
    else if (time->kind != VALUE_TIME)
        *time = received;
    event->untrusted[FIELD_RECEIVED] = false;
    event->fields[FIELD_SOURCE] = event->source.len > 0 ? value_text(event->source) : VALUE_NONE;
    event->untrusted[FIELD_SOURCE] = false;
}

/* All that follows from the raw values. */
static enum err fill(
    const struct program *program, str forced_source, struct arena *arena, struct event *event)
{
    const struct source_program *mappings = NULL;
    TRY(choose_source(program, forced_source, arena, event, &mappings));
    if (mappings != NULL)
        TRY(read_fields(program, mappings, NULL, arena, event));
    event->provider = event_provider_of(program, event->source);
    fill_own_fields(event);
    return ERR_OK;
}

/* Whether the text holds several findings, of which a field would have the values of all. It is
 * asked only where the program reads one; the text was read before. */
static bool is_mixed(const struct program *program, const struct event *event)
{
    const str path = STR("detail.findings.");
    struct findings findings;
    for (uint32_t i = 0; i < event->raw.count; i++)
        if (event->raw.values[i].kind != VALUE_ABSENT
            && fold_equal(str_first(program->paths[i], path.len), path))
            return findings_open(event->text, &findings);
    return false;
}

enum err event_read(const struct program *program, const struct projection *projection, str json,
    str forced_source, int64_t received_ms, struct arena *arena, struct event *ret_event,
    struct json_fault *reterr_fault)
{
    struct event event = { .text = json, .source = STR(""), .received_ms = received_ms };
    TRY(projection_read(projection, json, arena, &event.raw, reterr_fault));
    if (is_mixed(program, &event)) {
        *reterr_fault = (struct json_fault){ "it holds several findings, each an alert", 0 };
        return ERR_JSON;
    }
    TRY(digest_of(json, arena, &event.digest));
    event.repairs = event.raw.repairs;
    TRY(fill(program, forced_source, arena, &event));
    *ret_event = event;
    return ERR_OK;
}

enum err event_with_raw(const struct program *program, const struct event *event,
    const value *values, str forced_source, struct arena *arena, struct event *ret_event)
{
    struct event changed = { .text = event->text,
        .digest = event->digest,
        .source = STR(""),
        .raw = { .values = values, .count = event->raw.count, .repairs = event->raw.repairs },
        .received_ms = event->received_ms };
    TRY(fill(program, forced_source, arena, &changed));
    changed.repairs = event->repairs;
    *ret_event = changed;
    return ERR_OK;
}

str event_name(const struct event *event, struct arena *arena)
{
    value id = event->fields[FIELD_ALERT_ID];
    const value *items = value_items(id);
    if (items != NULL && id.count > 0)
        id = items[0];
    if (id.kind == VALUE_TEXT && id.count > 0)
        return value_str(id);
    const char *name =
        arena_format(arena, "sha256:%.*s", STR_ARG(str_first(event->digest, NAME_DIGITS)));
    return name == NULL ? (str){ NULL, 0 } : str_from(name);
}

enum err event_of_slots(const struct program *program, str json, const struct slots *raw,
    const struct source_program *source, const bool *wanted, int64_t received_ms,
    struct arena *arena, struct event *ret_event)
{
    struct event event = { .text = json,
        .digest = STR(""),
        .source = source == NULL ? STR("") : source->name,
        .raw = *raw,
        .received_ms = received_ms };
    if (source != NULL)
        TRY(read_fields(program, source, wanted, arena, &event));
    fill_own_fields(&event);
    *ret_event = event;
    return ERR_OK;
}
