/* case_story.c - see case_story.h. */
#include "driver/case_story.h"

#include "driver/hold_words.h"
#include "driver/json_out.h"
#include "driver/paragraph.h"

#include <inttypes.h>

/* A case of a storm: so many alerts are told by name, the others by their number. */
enum { ALERTS_SHOWN = 50 };

static enum err read_runs(struct store *store, struct arena *arena, struct case_story *story)
{
    struct run *runs = NULL;
    struct run_filter filter = { .case_id = story->record.id };
    TRY(store_runs(store, &filter, arena, &runs, &story->run_count));
    story->runs = ARENA_ARRAY(arena, struct story, story->run_count + 1);
    if (story->runs == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < story->run_count; i++)
        TRY(story_read(store, &runs[i], arena, &story->runs[i]));
    return ERR_OK;
}

enum err case_story_read(struct store *store, const struct case_record *record, struct arena *arena,
    struct case_story *ret_story)
{
    struct case_story story = { .record = *record };
    TRY(cases_alerts(store, record->id, arena, &story.alerts, &story.alert_count));
    TRY(cases_entities(store, record->id, arena, &story.entities, &story.entity_count));
    TRY(cases_related(
        store, record->id, CASE_WINDOW_MS, arena, &story.related, &story.related_count));
    TRY(dedup_alerts(store, 0, record->id, arena, &story.joined, &story.joined_count));
    TRY(read_runs(store, arena, &story));
    *ret_story = story;
    return ERR_OK;
}

/* ---- text ---- */

static void show_head(struct output *out, const struct case_record *record)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    output_style(out, STYLE_BOLD);
    output_addf(out, "case %" PRId64, record->id);
    output_style(out, STYLE_PLAIN);
    output_add(out, STR(" \""));
    output_text(out, record->title);
    output_addf(out, "\": %" PRIu64 " alert%s, %" PRIu64 " run%s\n  began ", record->alerts,
        record->alerts == 1 ? "" : "s", record->runs, record->runs == 1 ? "" : "s");
    output_text(out, moment_words(record->opened_ms, &arena));
    output_add(out, STR(", newest alert "));
    output_text(out, moment_words(record->last_ms, &arena));
    output_add(out, STR("\n"));
}

static void show_entity(struct output *out, const struct case_entity *entity)
{
    output_add(out, STR("  about "));
    output_text(out, entity->field);
    output_add(out, STR(" "));
    output_text(out, entity->value);
    if (entity->scope.len > 0) {
        output_add(out, STR(" of "));
        output_text(out, entity->scope);
    }
    output_add(out, STR("\n"));
}

static void show_alert(struct output *out, const struct case_alert *alert)
{
    output_add(out, STR("  alert "));
    output_text(out, alert->alert);
    output_add(out, STR(" from "));
    output_text(out, alert->source);
    if (alert->title.len > 0) {
        output_add(out, STR(" \""));
        output_text(out, alert->title);
        output_add(out, STR("\""));
    }
    output_add(out, STR("\n"));
}

static void show_joined(struct output *out, const struct joined_alert *joined)
{
    output_add(out, STR("  alert "));
    output_text(out, joined->alert);
    output_addf(out, " joined run %" PRId64 " by dedup: rule ", joined->run);
    output_text(out, joined->rule);
    output_add(out, STR("\n"));
}

static void show_rest(struct output *out, size_t count, const char *what)
{
    if (count > ALERTS_SHOWN)
        output_addf(out, "  and %zu more %s\n", count - ALERTS_SHOWN, what);
}

void case_story_text(struct output *out, const struct case_story *story, const char *data)
{
    show_head(out, &story->record);
    for (size_t i = 0; i < story->entity_count; i++)
        show_entity(out, &story->entities[i]);
    for (size_t i = 0; i < story->alert_count && i < ALERTS_SHOWN; i++)
        show_alert(out, &story->alerts[i]);
    show_rest(out, story->alert_count, "alerts");
    for (size_t i = 0; i < story->joined_count && i < ALERTS_SHOWN; i++)
        show_joined(out, &story->joined[i]);
    show_rest(out, story->joined_count, "joined by dedup");
    for (size_t i = 0; i < story->related_count; i++)
        output_addf(out, "  related: case %" PRId64 "\n", story->related[i].id);
    for (size_t i = 0; i < story->run_count; i++) {
        story_text(out, &story->runs[i], data);
        output_relax(out);
    }
}

/* ---- JSON ---- */

static json_t *json_from_entities(const struct case_story *story)
{
    json_t *entities = json_array();
    for (size_t i = 0; i < story->entity_count; i++) {
        json_t *entity = json_object();
        json_put(&entity, "field", json_from_str(story->entities[i].field));
        json_put(&entity, "value", json_from_str(story->entities[i].value));
        json_put(&entity, "source", json_or_null(story->entities[i].scope));
        json_append(&entities, entity);
    }
    return entities;
}

static json_t *json_from_alerts(const struct case_story *story)
{
    json_t *alerts = json_array();
    for (size_t i = 0; i < story->alert_count; i++) {
        json_t *alert = json_object();
        json_put(&alert, "alert", json_from_str(story->alerts[i].alert));
        json_put(&alert, "source", json_from_str(story->alerts[i].source));
        json_put(&alert, "title", json_or_null(story->alerts[i].title));
        json_put(&alert, "at", json_from_moment(story->alerts[i].at_ms));
        json_append(&alerts, alert);
    }
    return alerts;
}

static json_t *json_from_joined(const struct case_story *story)
{
    json_t *alerts = json_array();
    for (size_t i = 0; i < story->joined_count; i++) {
        json_t *alert = json_object();
        json_put(&alert, "alert", json_from_str(story->joined[i].alert));
        json_put(&alert, "rule", json_from_str(story->joined[i].rule));
        json_put(&alert, "run", json_integer(story->joined[i].run));
        json_append(&alerts, alert);
    }
    return alerts;
}

json_t *case_story_json(const struct case_story *story)
{
    json_t *related = json_array();
    for (size_t i = 0; i < story->related_count; i++)
        json_append(&related, json_integer(story->related[i].id));
    json_t *runs = json_array();
    for (size_t i = 0; i < story->run_count; i++)
        json_append(&runs, story_json(&story->runs[i]));
    json_t *json = json_object();
    json_put(&json, "case", json_integer(story->record.id));
    json_put(&json, "title", json_from_str(story->record.title));
    json_put(&json, "opened", json_from_moment(story->record.opened_ms));
    json_put(&json, "last", json_from_moment(story->record.last_ms));
    json_put(&json, "entities", json_from_entities(story));
    json_put(&json, "alerts", json_from_alerts(story));
    json_put(&json, "joined_alerts", json_from_joined(story));
    json_put(&json, "related", related);
    json_put(&json, "runs", runs);
    return json;
}
