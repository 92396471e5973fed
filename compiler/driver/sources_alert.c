/* sources_alert.c - cdr sources --alert: what cdr makes of an alert, field by field. */
#include "base/limits.h"
#include "driver/alerts.h"
#include "driver/evaluate.h"
#include "driver/explain.h"
#include "driver/sources.h"
#include "event.h"

#include <inttypes.h>

enum { FIELD_COLUMNS = 18, KEYS_MAX = 20 };

/* What is told of: the alerts of one file. */
struct telling {
    struct driver *driver;
    const struct compilation *compilation;
    const struct projection *projection;
    const char *file;
    str forced_source;
    bool is_json;
    uint32_t alerts;
    uint32_t lost; /* those that cannot be read, or that no source takes */
};

/* ---- what a field is made of ---- */

/* The declaration that took the event: one of a rule file before a shipped one. */
static const struct item *find_source(const struct compilation *compilation, str name)
{
    const struct item *found = NULL;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next)
            if (item->kind == ITEM_SOURCE && str_equal(item->name, name)
                && (found == NULL || !compilation->sources.items[item->at.file].is_shipped))
                found = item;
    return found;
}

static bool is_there(value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL;
}

static bool has_path(const struct program *program, const struct event *event, const char *path)
{
    for (uint32_t at = 0; at < program->path_count && at < event->raw.count; at++)
        if (str_is(program->paths[at], path))
            return is_there(event->raw.values[at]);
    return false;
}

/* The raw paths that the field is mapped from and the alert has; none for what cdr itself
 * fills and for an alert in canonical form. */
static json_t *paths_of(const struct telling *telling, const struct event *event, enum field field)
{
    const struct item *source = find_source(telling->compilation, event->source);
    json_t *mapped = json_array();
    json_t *present = json_array();
    json_t *path;
    size_t at;
    for (const struct ast_mapping *mapping = source == NULL ? NULL : source->source.mappings;
         mapping != NULL; mapping = mapping->next)
        if (mapping->field->means == MEANING_FIELD && mapping->field->is.field == field)
            source_add_paths(mapping->value, &mapped);
    json_array_foreach(mapped, at,
        path) if (has_path(telling->compilation->program, event, json_string_value(path)))
        json_append(&present, json_incref(path));
    json_decref(mapped);
    return present;
}

static bool is_untrusted(const struct event *event, enum field field)
{
    return event->untrusted[field] || field_info(field)->is_untrusted;
}

/* The names of the members of an alert, as they come; NULL when jansson cannot read it. */
static json_t *top_level_keys(str text)
{
    json_t *object = json_loadb(text.ptr, text.len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    json_t *keys = json_is_object(object) ? json_array() : NULL;
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) json_append(&keys, json_from_text(key));
    json_decref(object);
    return keys;
}

/* ---- text ---- */

static enum err show_field(
    const struct telling *telling, const struct event *event, enum field field, struct arena *arena)
{
    struct output *out = &telling->driver->out;
    const char *name = field_info(field)->name;
    json_t *paths = paths_of(telling, event, field);
    json_t *path;
    size_t at;
    output_add(out, STR("  "));
    output_styled(out, STYLE_BOLD, str_from(name));
    output_addf(out, "%*s", (int)(FIELD_COLUMNS - strlen(name)), "");
    enum err err = explain_show_value(arena, out, event->fields[field]);
    output_add(
        out, is_untrusted(event, field) ? STR("  (an attacker may have written it)\n") : STR("\n"));
    json_array_foreach(paths, at, path)
    {
        output_addf(out, "%*s", FIELD_COLUMNS + 2, "");
        output_add(out, STR("from "));
        output_text(out, str_from(json_string_value(path)));
        output_add(out, STR("\n"));
    }
    json_decref(paths);
    return err;
}

static void show_keys(struct output *out, const struct event *event)
{
    json_t *keys = top_level_keys(event->text);
    json_t *key;
    size_t at;
    output_add(out, STR("no source takes it\n"));
    if (json_array_size(keys) > 0)
        output_add(out, STR("  its keys: "));
    json_array_foreach(keys, at, key)
    {
        if (at >= KEYS_MAX)
            break;
        output_add(out, at > 0 ? STR(", ") : STR(""));
        output_text(out, explain_cut(str_from(json_string_value(key)), EXPLAIN_TEXT_BYTES));
    }
    if (json_array_size(keys) > KEYS_MAX)
        output_addf(out, ", and %zu more", json_array_size(keys) - KEYS_MAX);
    output_add(out, json_array_size(keys) > 0 ? STR("\n") : STR(""));
    output_add(
        out, STR("  `cdr sources NAME` says what one takes; --source NAME reads it as that\n"));
    json_decref(keys);
}

static enum err show_event(
    const struct telling *telling, uint32_t line, const struct event *event, struct arena *arena)
{
    struct output *out = &telling->driver->out;
    const char *between = "\n  lacks: ";
    output_add(out, telling->alerts > 1 ? STR("\n") : STR(""));
    output_text(out, str_from(telling->file));
    output_addf(out, ":%" PRIu32 ": ", line);
    if (event->source.len == 0) {
        show_keys(out, event);
        return ERR_OK;
    }
    output_styled(out, STYLE_BOLD, event->source);
    output_add(out, STR("\n"));
    for (int field = 0; field < FIELD_COUNT; field++)
        if (is_there(event->fields[field]))
            TRY(show_field(telling, event, (enum field)field, arena));
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (is_there(event->fields[field]))
            continue;
        output_add(out, str_from(between));
        output_add(out, str_from(field_info((enum field)field)->name));
        between = ", ";
    }
    output_add(out, STR("\n"));
    return ERR_OK;
}

/* ---- json ---- */

static json_t *field_json(
    const struct telling *telling, const struct event *event, enum field field)
{
    json_t *object = json_object();
    json_put(&object, "field", json_from_text(field_info(field)->name));
    json_put(&object, "type", json_from_text(type_name(field_info(field)->type)));
    json_put(&object, "value", explain_value_json(event->fields[field]));
    json_put(&object, "untrusted", json_boolean(is_untrusted(event, field)));
    json_put(&object, "paths", paths_of(telling, event, field));
    return object;
}

static enum err event_json(const struct telling *telling, uint32_t line, const struct event *event)
{
    bool is_taken = event->source.len > 0;
    json_t *object = json_object();
    json_t *fields = json_array();
    json_t *lacks = json_array();
    json_t *keys = is_taken ? NULL : top_level_keys(event->text);
    for (int field = 0; is_taken && field < FIELD_COUNT; field++)
        if (is_there(event->fields[field]))
            json_append(&fields, field_json(telling, event, (enum field)field));
        else
            json_append(&lacks, json_from_text(field_info((enum field)field)->name));
    json_put(&object, "file", json_from_str(str_from(telling->file)));
    json_put(&object, "line", json_integer(line));
    json_put(&object, "source", is_taken ? json_from_str(event->source) : json_null());
    json_put(&object, "fields", fields);
    json_put(&object, "lacks", lacks);
    if (!is_taken)
        json_put(&object, "keys", keys == NULL ? json_null() : keys);
    enum err err = json_add_line(&telling->driver->out.buf, object);
    json_decref(object);
    return err;
}

/* ---- the alerts ---- */

static enum err tell(
    struct telling *telling, const struct alert_text *alert, const char **ret_reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(2 * EVENT_BYTES_MAX);
    struct driver *driver = telling->driver;
    struct json_fault fault = { .reason = "not JSON" };
    struct event event;
    *ret_reason = alert->reason;
    if (alert->reason != NULL)
        return ERR_OK;
    enum err err = event_read(telling->compilation->program, telling->projection, alert->json,
        telling->forced_source, driver->clock->now_ms(driver->clock), &arena, &event, &fault);
    *ret_reason = alert_fault(err, &fault);
    if (err != ERR_OK)
        return *ret_reason == NULL ? err : ERR_OK;
    telling->lost += event.source.len == 0;
    err = telling->is_json ? event_json(telling, alert->line, &event)
                           : show_event(telling, alert->line, &event, &arena);
    output_relax(&driver->out);
    return err;
}

static enum exit_code tell_all(struct telling *telling, struct alert_reader *reader)
{
    struct driver *driver = telling->driver;
    struct alert_text alert;
    const char *reason;
    while (alerts_next(reader, &alert)) {
        telling->alerts++;
        enum err err = tell(telling, &alert, &reason);
        if (err == ERR_NOT_FOUND) {
            driver_message(driver, "there is no source %.*s; `cdr sources` lists all",
                STR_ARG(telling->forced_source));
            return EXIT_USAGE;
        }
        if (err != ERR_OK)
            return driver_failure(driver, "reading the alerts", err);
        if (reason == NULL)
            continue;
        telling->lost++;
        driver_message(driver, "%s:%" PRIu32 ": the alert cannot be read: %s", telling->file,
            alert.line, reason);
    }
    if (telling->alerts > 0)
        return telling->lost > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
    driver_message(driver, "there is no alert in %s", telling->file);
    return EXIT_NOTHING;
}

enum exit_code sources_tell_alerts(
    struct driver *driver, const struct arguments *arguments, const struct compilation *compilation)
{
    const struct program *program = compilation->program;
    const char *source = option_text(arguments, OPTION_SOURCE);
    struct telling telling = { .driver = driver,
        .compilation = compilation,
        .file = option_text(arguments, OPTION_ALERT),
        .forced_source = source == NULL ? STR("") : str_from(source),
        .is_json = option_choice(arguments, OPTION_FORMAT) == 1 };
    CLEANUP(alerts_close) struct alert_reader reader = { 0 };
    enum err err = alerts_open(&reader, telling.file, telling.forced_source);
    if (err != ERR_OK) {
        driver_message(driver, "%s cannot be read: %s", telling.file, alerts_failure(&reader, err));
        return EXIT_USAGE;
    }
    err = projection_new(&driver->arena, program->paths, program->path_count, &telling.projection);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the alerts", err);
    return tell_all(&telling, &reader);
}
