/* alerts.c - see alerts.h. */
#include "crowdstrike/alerts.h"

#include "base/sha256.h"
#include "base/time.h"
#include "crowdstrike/requests.h"
#include "rest/ask.h"

#include <stdio.h>
#include <stdlib.h>

enum { PART_CREATED, PART_UPDATED, PARTS };
enum { MOMENT_TEXT_MAX = 48 };

static str member(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return (str){ json_is_string(text) ? json_string_value(text) : "", json_string_length(text) };
}

/* ---- what is asked ---- */

/* All nine digits: Falcon has them, and a bound that is cut would read another record twice or not. */
static void moment_print(struct poll_moment moment, char out[static MOMENT_TEXT_MAX])
{
    char text[TIME_TEXT_MAX];
    str second = time_format(moment.s * 1000, text);
    snprintf(out, MOMENT_TEXT_MAX, "%.19s.%09dZ", second.ptr, moment.ns);
}

/* What was created within the window is of the first part. */
static const char *filter_of(const struct poll_ask *ask, struct arena *arena)
{
    const char *by = ask->part == PART_CREATED ? "created_timestamp" : "updated_timestamp";
    char from[MOMENT_TEXT_MAX], until[MOMENT_TEXT_MAX];
    moment_print(ask->from, from);
    moment_print(ask->until, until);
    const char *end = ask->has_until ? arena_format(arena, "+%s:<'%s'", by, until) : "";
    const char *older =
        ask->part == PART_UPDATED ? arena_format(arena, "+created_timestamp:<'%s'", from) : "";
    if (end == NULL || older == NULL)
        return NULL;
    return arena_format(arena, "%s:>='%s'%s%s", by, from, end, older);
}

/* ---- records ---- */

static void members_drop(json_t *object, const char *names)
{
    char name[64];
    for (str rest = str_from(names); rest.len > 0;) {
        size_t len = str_find(rest, ' ');
        snprintf(name, sizeof(name), "%.*s", (int)len, rest.ptr);
        json_object_del(object, name);
        rest = str_skip(rest, len + 1);
    }
}

/* The alert without what moves by itself. */
static enum err text_of(const json_t *alert, struct arena *arena, str *ret_text)
{
    json_auto_t *still = json_copy((json_t *)(uintptr_t)alert);
    const json_t *device = json_object_get(alert, "device");
    members_drop(still, FALCON_MOVING);
    if (json_is_object(device)) {
        json_t *same = json_copy((json_t *)(uintptr_t)device);
        members_drop(same, FALCON_MOVING_DEVICE);
        if (json_object_set_new(still, "device", same) != 0)
            return ERR_MEMORY;
    }
    char *text = json_dumps(still, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return ERR_MEMORY;
    *ret_text = arena_copy(arena, str_from(text));
    free(text);
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* An alert whose time cannot be read is as old as it can be: it moves no cursor. */
static enum err record_of(const json_t *alert, const struct poll_ask *ask, struct arena *arena,
    struct poll_record *ret_record)
{
    const char *time = ask->part == PART_CREATED ? "created_timestamp" : "updated_timestamp";
    char hex[SHA256_HEX_SIZE];
    struct poll_record record = { .updated = ask->from };
    TRY(text_of(alert, arena, &record.text));
    TRY(sha256_hex(record.text, hex));
    if (!poll_moment_parse(member(alert, time), &record.updated))
        record.updated = ask->from;
    record.revision = arena_copy(arena, str_from(hex));
    record.id = arena_copy(arena, member(alert, "composite_id"));
    if (record.id.len == 0)
        record.id = record.text;
    *ret_record = record;
    return record.id.ptr == NULL || record.revision.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Errors beside alerts: some of those that were asked for may be missing. */
static enum err whole(
    const json_t *root, const json_t *list, struct arena *arena, const char **reterr_reason)
{
    const json_t *error = json_array_get(json_object_get(root, "errors"), 0);
    if (error == NULL && json_is_array(list))
        return ERR_OK;
    *reterr_reason = error == NULL ? "the answer to PostCombinedAlertsV1 has no list of alerts"
                                   : arena_format(arena,
                                       "CrowdStrike answered PostCombinedAlertsV1 in part: %.*s",
                                       STR_ARG(answer_clipped(member(error, "message"))));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_TRANSPORT;
}

/* A page without alerts that leads to itself is the last: Falcon says the end so, or by no token. */
static enum err next_of(const json_t *root, const struct poll_ask *ask, size_t count,
    struct arena *arena, str *ret_next)
{
    const json_t *meta = json_object_get(root, "meta");
    str next = member(json_object_get(meta, "pagination"), "after");
    if (count == 0 && str_equal(next, ask->token))
        next = STR("");
    *ret_next = arena_copy(arena, next);
    return ret_next->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err page_of(const struct poll_ask *ask, const json_t *root, struct arena *arena,
    struct poll_page *page, const char **reterr_reason)
{
    const json_t *list = json_object_get(root, "resources");
    size_t count = json_array_size(list);
    struct poll_record *records = ARENA_ARRAY(arena, struct poll_record, count + 1);
    if (records == NULL)
        return ERR_MEMORY;
    TRY(whole(root, list, arena, reterr_reason));
    *page = (struct poll_page){ .records = records, .is_unsorted = ask->part == PART_UPDATED };
    for (size_t at = 0; at < count; at++) {
        const json_t *alert = json_array_get(list, at);
        if (!json_is_object(alert))
            continue;
        TRY(record_of(alert, ask, arena, &records[page->count]));
        page->count++;
    }
    return next_of(root, ask, count, arena, &page->next);
}

static enum err page(struct poll_provider *provider, const struct poll_ask *ask,
    struct arena *arena, struct poll_page *ret_page, const char **reterr_reason)
{
    struct falcon_alerts *alerts = (struct falcon_alerts *)provider;
    struct step asking = { .arena = arena, .key = STR("alerts"), .region = STR("") };
    const char *filter = filter_of(ask, arena);
    if (filter == NULL)
        return ERR_MEMORY;
    struct request request = falcon_list_alerts(&asking, str_from(filter), ask->token);
    json_t *root = NULL;
    TRY(rest_ask(alerts->transport, &crowdstrike_speaker, &request, arena, &root, reterr_reason));
    enum err err = page_of(ask, root, arena, ret_page, reterr_reason);
    json_decref(root);
    return err;
}

static enum err begin(struct poll_provider *provider, struct arena *arena, size_t *ret_parts,
    int64_t *ret_now_ms, const char **reterr_reason)
{
    const struct falcon_alerts *alerts = (const struct falcon_alerts *)provider;
    (void)arena, (void)reterr_reason;
    *ret_parts = PARTS;
    *ret_now_ms = alerts->now_ms;
    return ERR_OK;
}

struct falcon_alerts falcon_alerts_of(struct transport *transport)
{
    return (struct falcon_alerts){ .provider = { begin, page }, .transport = transport };
}
