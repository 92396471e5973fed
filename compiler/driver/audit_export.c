/* audit_export.c - see audit_export.h.
 *
 * OCSF: https://schema.ocsf.io/1.7.0/classes/remediation_activity, and the Base Event, which is
 * there for what no class is about. The entry itself is `raw_data`, so nothing is lost and the
 * chain can be computed again from the export.
 */
#include "driver/audit_export.h"

#include "driver/command.h"
#include "driver/json_out.h"

#include <inttypes.h>

static void hash_hex(const struct audit_row *row, char out[static SHA256_HEX_SIZE])
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", row->hash[i]);
}

enum err audit_export_ndjson(const struct audit_row *row, struct buf *out)
{
    char hash[SHA256_HEX_SIZE];
    if (!str_endswith(row->text, STR("}")))
        return ERR_JSON;
    hash_hex(row, hash);
    buf_add(out, str_first(row->text, row->text.len - 1));
    buf_addf(out, ",\"hash\":\"%s\"}\n", hash);
    return out->err;
}

enum { BASE_EVENT = 0, REMEDIATION = 7, REMEDIATION_ACTIVITY = 7001, OTHER = 99 };

enum activity { ACTIVITY_ISOLATE = 1, ACTIVITY_RESTORE = 3, ACTIVITY_OTHER = OTHER };

static enum activity activity_of(const struct audit_entry *entry)
{
    if (str_startswith(entry->builtin, STR("isolate_")))
        return ACTIVITY_ISOLATE;
    return str_startswith(entry->builtin, STR("restore_")) ? ACTIVITY_RESTORE : ACTIVITY_OTHER;
}

static json_t *activity_name(enum activity activity, const struct audit_entry *entry)
{
    switch (activity) {
    case ACTIVITY_ISOLATE:
        return json_from_text("Isolate");
    case ACTIVITY_RESTORE:
        return json_from_text("Restore");
    case ACTIVITY_OTHER:
        break;
    }
    return entry->builtin.len > 0 ? json_from_str(entry->builtin) : json_from_text(entry->event);
}

static void put_class(json_t **event, const struct audit_entry *entry)
{
    bool is_step = entry->step >= 0;
    enum activity activity = is_step ? activity_of(entry) : ACTIVITY_OTHER;
    int class = is_step ? REMEDIATION_ACTIVITY : BASE_EVENT;
    json_put(event, "category_uid", json_integer(is_step ? REMEDIATION : BASE_EVENT));
    json_put(event, "category_name", json_from_text(is_step ? "Remediation" : "Uncategorized"));
    json_put(event, "class_uid", json_integer(class));
    json_put(event, "class_name", json_from_text(is_step ? "Remediation Activity" : "Base Event"));
    json_put(event, "activity_id", json_integer(activity));
    json_put(event, "activity_name", activity_name(activity, entry));
    json_put(event, "type_uid", json_integer((json_int_t) class * 100 + activity));
}

/* The state in `after` of "ended", or NULL. Borrowed from *ret_owner, which the caller frees. */
static const char *state_of(const struct audit_entry *entry, json_t **ret_owner)
{
    *ret_owner = json_loadb(entry->after.ptr, entry->after.len, JSON_ALLOW_NUL, NULL);
    return strcmp(entry->event, "ended") == 0
               ? json_string_value(json_object_get(*ret_owner, "state"))
               : NULL;
}

static void put_status(json_t **event, const struct audit_entry *entry)
{
    static const struct {
        const char *state;
        int id;
        const char *caption;
    } rows[] = { { "done", 1, "Success" }, { "failed", 2, "Failure" },
        { "partial", 4, "Partial" } };
    json_t *owner = NULL;
    const char *state = state_of(entry, &owner);
    int id = OTHER;
    const char *caption = state == NULL ? entry->event : state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (state != NULL && strcmp(state, rows[i].state) == 0) {
            id = rows[i].id;
            caption = rows[i].caption;
        }
    json_put(event, "status_id", json_integer(id));
    json_put(event, "status", json_from_text(caption));
    json_decref(owner);
    if (entry->reason.len > 0)
        json_put(event, "status_detail", json_from_str(entry->reason));
}

static json_t *product(void)
{
    json_t *object = json_object();
    json_put(&object, "name", json_from_text("cdr"));
    json_put(&object, "vendor_name", json_from_text("cdr"));
    json_put(&object, "version", json_from_text(driver_version()));
    return object;
}

static json_t *metadata(const struct audit_said *said, str store_id)
{
    json_t *object = json_object();
    json_t *profiles = json_array();
    char uid[64];
    snprintf(uid, sizeof uid, "%.*s-%" PRId64, STR_ARG(store_id), said->seq);
    json_append(&profiles, json_from_text("host"));
    json_put(&object, "version", json_from_text("1.7.0"));
    json_put(&object, "product", product());
    json_put(&object, "profiles", profiles);
    json_put(&object, "log_name", json_from_text("audit"));
    json_put(&object, "event_code", json_from_text(said->entry.event));
    json_put(&object, "uid", json_from_text(uid));
    if (said->entry.alert.len > 0)
        json_put(&object, "correlation_uid", json_from_str(said->entry.alert));
    return object;
}

static json_t *actor(const struct audit_entry *entry)
{
    json_t *object = json_object();
    json_t *user = json_object();
    if (str_is(entry->who, "cdr")) {
        json_decref(user);
        json_put(&object, "app_name", json_from_text("cdr"));
        return object;
    }
    json_put(&user, "name", json_from_str(entry->who));
    json_put(&object, "user", user);
    return object;
}

/* What OCSF has no attribute for. */
static json_t *unmapped(const struct audit_said *said, const struct audit_row *row)
{
    const struct audit_entry *entry = &said->entry;
    const struct {
        const char *name;
        str text;
    } texts[] = {
        { "rule", entry->rule },
        { "builtin", entry->builtin },
        { "target", entry->target },
        { "program_hash", entry->program_hash },
        { "plan_hash", entry->plan_hash },
        { "clause", entry->clause },
        { "before", entry->before },
        { "after", entry->after },
    };
    char hash[SHA256_HEX_SIZE];
    json_t *object = json_object();
    hash_hex(row, hash);
    json_put(&object, "seq", json_integer(said->seq));
    json_put(&object, "hash", json_from_text(hash));
    if (entry->run > 0)
        json_put(&object, "run", json_integer(entry->run));
    if (entry->step >= 0)
        json_put(&object, "step", json_integer(entry->step));
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].text.len > 0)
            json_put(&object, texts[i].name, json_from_str(texts[i].text));
    return object;
}

/* "held: isolate_role role/web", on one line. */
static json_t *message(const struct audit_entry *entry, struct arena *arena)
{
    const char *text =
        arena_format(arena, "%s%s%.*s%s%.*s", entry->event, entry->builtin.len > 0 ? ": " : "",
            STR_ARG(entry->builtin), entry->target.len > 0 ? " " : "", STR_ARG(entry->target));
    return text == NULL ? NULL : json_from_text(text);
}

enum err audit_export_ocsf(const struct audit_row *row, str store_id, struct buf *out)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct audit_said said;
    char command[80];
    TRY(audit_text_read(row->text, &arena, &said));
    json_t *event = json_object();
    put_class(&event, &said.entry);
    json_put(&event, "time", json_integer(said.entry.at_ms));
    json_put(&event, "severity_id", json_integer(1));
    json_put(&event, "severity", json_from_text("Informational"));
    json_put(&event, "message", message(&said.entry, &arena));
    put_status(&event, &said.entry);
    json_put(&event, "metadata", metadata(&said, store_id));
    json_put(&event, "actor", actor(&said.entry));
    snprintf(command, sizeof command, "%.*s-%" PRId64 "-%" PRId64, STR_ARG(store_id),
        said.entry.run, said.entry.step);
    if (said.entry.step >= 0)
        json_put(&event, "command_uid", json_from_text(command));
    json_put(&event, "raw_data", json_from_str(row->text));
    json_put(&event, "unmapped", unmapped(&said, row));
    enum err err = json_add_line(out, event);
    json_decref(event);
    return err;
}
