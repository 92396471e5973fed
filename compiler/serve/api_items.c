/* api_items.c - see api_items.h. */
#include "serve/api_items.h"

#include "driver/audit_export.h"
#include "driver/json_out.h"
#include "driver/story.h"

#include <inttypes.h>
#include <stdio.h>

enum { ID_BYTES_MAX = 48 };

static json_t *json_from_id(int64_t id)
{
    char text[ID_BYTES_MAX];
    snprintf(text, sizeof text, "%" PRId64, id);
    return json_from_text(text);
}

/* `id` in front of the members of `json`, which is taken. */
static json_t *with_id(json_t *json, json_t *id)
{
    json_t *object = json_object();
    json_put(&object, "id", id);
    if (json == NULL || json_object_update_missing(object, json) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(json);
    return object;
}

json_t *api_alert_json(const struct alert_record *alert)
{
    json_t *json = json_object();
    json_put(&json, "id", json_from_id(alert->id));
    json_put(&json, "alert", json_or_null(alert->name));
    json_put(&json, "source",
        json_or_null(alert->source.len > 0 ? alert->source : alert->forced_source));
    json_put(&json, "way", json_from_str(alert->way));
    json_put(&json, "received", json_from_moment(alert->received_ms));
    json_put(&json, "state", json_from_text(alert_state_name(alert->state)));
    json_put(&json, "attempts", json_integer(alert->attempts));
    json_put(&json, "copies", json_integer((json_int_t)alert->copies));
    json_put(&json, "update_of", alert->first == 0 ? json_null() : json_from_id(alert->first));
    json_put(&json, "rule_set", json_or_null(alert->program_hash));
    json_put(&json, "evaluated", json_from_moment(alert->evaluated_ms));
    json_put(&json, "matched", json_integer(alert->matched));
    json_put(&json, "reason", json_or_null(alert->reason));
    return json;
}

json_t *api_run_json(json_t *json, const struct run *run)
{
    json = with_id(json, json_from_id(run->id));
    json_put(&json, "rule_set", json_or_null(run->program_hash));
    if (json != NULL) {
        (void)json_object_del(json, "run"); /* -1 is: not there */
        (void)json_object_del(json, "program");
    }
    return json;
}

json_t *api_step_json(const struct listed_step *step)
{
    const struct step_record *record = &step->record;
    const struct builtin *row = builtin_by_name(record->builtin);
    char id[ID_BYTES_MAX];
    snprintf(id, sizeof id, "%" PRId64 ".%" PRIu32, record->run, record->index);
    json_t *json = json_object();
    json_put(&json, "id", json_from_text(id));
    json_put(&json, "run", json_from_id(record->run));
    json_put(&json, "index", json_integer(record->index));
    json_put(&json, "step", row == NULL ? json_null() : json_from_text(verb_name(row->verb)));
    json_put(&json, "name", json_from_str(record->builtin));
    json_put(&json, "target", json_or_null(record->target));
    json_put(&json, "found", json_or_null(record->found));
    json_put(&json, "state", json_from_str(record->state));
    json_put(&json, "reason", json_or_null(record->reason));
    json_put(&json, "started", json_from_moment(record->started_ms));
    json_put(&json, "ended", json_from_moment(record->ended_ms));
    json_put(&json, "provider", json_or_null(record->provider));
    json_put(&json, "account", json_or_null(record->account));
    json_put(&json, "region", json_or_null(record->region));
    json_put(&json, "calls", json_integer(step->calls));
    json_put(&json, "changes", json_integer(step->changes));
    return json;
}

json_t *api_approval_json(json_t *json)
{
    return with_id(json, json_from_id(json_integer_value(json_object_get(json, "id"))));
}

enum err api_audit_add(const struct audit_row *row, struct buf *out)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(2 * AUDIT_ENTRY_BYTES_MAX);
    TRY(audit_export_ndjson(row, &line));
    buf_addf(out, "{\"id\":\"%" PRId64 "\",", row->seq);
    buf_add(out, str_skip(str_first(buf_str(&line), line.len - 1), 1));
    return out->err;
}
