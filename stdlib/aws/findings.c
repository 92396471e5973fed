/* findings.c - see findings.h. */
#include "aws/findings.h"

#include "aws/ask.h"
#include "aws/requests_alerts.h"

#include <stdlib.h>

enum {
    DETECTORS_MAX = 1000,
    DETECTOR_PAGES_MAX = 1000,
    /* Of one GetFindings: a finding has up to 256 KiB, and all of them must fit a reply. */
    FINDINGS_MAX = 15,
};

static str member(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return (str){ json_is_string(text) ? json_string_value(text) : "", json_string_length(text) };
}

/* ---- detectors ---- */

static enum err detectors_add(
    struct aws_findings *findings, const json_t *root, struct arena *arena)
{
    size_t index;
    json_t *id;
    json_array_foreach(json_object_get(root, "detectorIds"), index, id)
    {
        if (!json_is_string(id))
            continue;
        if (findings->detector_count == DETECTORS_MAX)
            return ERR_LIMIT;
        str *place = &findings->detectors[findings->detector_count++];
        *place = arena_copy(arena, str_from(json_string_value(id)));
        if (place->ptr == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static enum err begin(struct poll_provider *provider, struct arena *arena, size_t *ret_parts,
    int64_t *ret_now_ms, const char **reterr_reason)
{
    struct aws_findings *findings = (struct aws_findings *)provider;
    struct step asking = { .arena = arena, .region = STR("") };
    str page = STR("");
    unsigned pages = 0;
    findings->detector_count = 0;
    findings->detectors = ARENA_ARRAY(arena, str, DETECTORS_MAX);
    if (findings->detectors == NULL)
        return ERR_MEMORY;
    do {
        json_t *root = NULL;
        struct request request = guardduty_list_detectors(&asking, findings->region, page);
        TRY(aws_ask(findings->transport, &request, arena, &root, reterr_reason));
        enum err err =
            ++pages > DETECTOR_PAGES_MAX ? ERR_LIMIT : detectors_add(findings, root, arena);
        page = arena_copy(arena, member(root, "nextToken"));
        json_decref(root);
        if (err == ERR_LIMIT)
            *reterr_reason = "GuardDuty says that a region has more detectors than there can be";
        TRY(err);
        if (page.ptr == NULL)
            return ERR_MEMORY;
    } while (page.len > 0);
    *ret_parts = findings->detector_count;
    *ret_now_ms = findings->now_ms;
    if (findings->detector_count > 0)
        return ERR_OK;
    *reterr_reason = "GuardDuty is not switched on in the region: it has no detector";
    return ERR_NOT_FOUND;
}

/* ---- findings ---- */

/* What tells versions of one moment apart: how often it was seen, whether it is archived. */
static str revision_of(const json_t *finding, struct arena *arena)
{
    const json_t *service = json_object_get(finding, "service");
    return str_from(arena_format(arena, "%lld%s",
        (long long)json_integer_value(json_object_get(service, "count")),
        json_is_true(json_object_get(service, "archived")) ? " archived" : ""));
}

/* A finding whose time cannot be read is as old as it can be: it moves no cursor. */
static enum err record_of(const json_t *finding, const struct poll_ask *ask, struct arena *arena,
    struct poll_record *ret_record)
{
    char *text = json_dumps(finding, JSON_COMPACT | JSON_SORT_KEYS);
    struct poll_record record = { .text = arena_copy(arena, str_from(text)),
        .revision = revision_of(finding, arena),
        .updated = ask->from };
    bool is_whole = text != NULL && record.text.ptr != NULL && record.revision.ptr != NULL;
    free(text);
    if (!is_whole)
        return ERR_MEMORY;
    if (!poll_moment_parse(member(finding, "updatedAt"), &record.updated))
        record.updated = ask->from;
    record.id = arena_copy(arena, member(finding, "id"));
    if (record.id.len == 0)
        record.id = record.text;
    *ret_record = record;
    return record.id.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* In the order they were listed in; what is not there any more is left out. */
static enum err records_add(const json_t *root, const str *ids, size_t count,
    const struct poll_ask *ask, struct arena *arena, struct poll_record *records, size_t *used)
{
    const json_t *found = json_object_get(root, "findings");
    for (size_t at = 0; at < count; at++)
        for (size_t index = 0; index < json_array_size(found); index++) {
            const json_t *finding = json_array_get(found, index);
            if (!str_equal(member(finding, "id"), ids[at]))
                continue;
            TRY(record_of(finding, ask, arena, &records[*used]));
            ++*used;
            break;
        }
    return ERR_OK;
}

static enum err findings_get(struct aws_findings *findings, const struct poll_ask *ask,
    const str *ids, size_t count, struct arena *arena, struct poll_page *page,
    const char **reterr_reason)
{
    struct step asking = { .arena = arena, .region = STR("") };
    struct poll_record *records = ARENA_ARRAY(arena, struct poll_record, count + 1);
    if (records == NULL)
        return ERR_MEMORY;
    page->records = records;
    for (size_t at = 0; at < count; at += FINDINGS_MAX) {
        size_t some = count - at < FINDINGS_MAX ? count - at : FINDINGS_MAX;
        json_t *root = NULL;
        struct request request = guardduty_get_findings(
            &asking, findings->region, findings->detectors[ask->part], ids + at, some);
        TRY(aws_ask(findings->transport, &request, arena, &root, reterr_reason));
        enum err err = records_add(root, ids + at, some, ask, arena, records, &page->count);
        json_decref(root);
        TRY(err);
    }
    return ERR_OK;
}

static enum err page(struct poll_provider *provider, const struct poll_ask *ask,
    struct arena *arena, struct poll_page *ret_page, const char **reterr_reason)
{
    struct aws_findings *findings = (struct aws_findings *)provider;
    struct step asking = { .arena = arena, .region = STR("") };
    int64_t until_ms = ask->has_until ? poll_moment_ms(ask->until) : 0;
    struct request request = guardduty_list_findings(&asking, findings->region,
        findings->detectors[ask->part], poll_moment_ms(ask->from), until_ms, ask->token);
    json_t *root = NULL;
    TRY(aws_ask(findings->transport, &request, arena, &root, reterr_reason));
    const json_t *list = json_object_get(root, "findingIds");
    size_t count = json_array_size(list);
    str *ids = ARENA_ARRAY(arena, str, count + 1);
    for (size_t at = 0; ids != NULL && at < count; at++)
        ids[at] = arena_copy(arena, str_from(json_string_value(json_array_get(list, at))));
    ret_page->next = arena_copy(arena, member(root, "nextToken"));
    bool is_list = json_is_array(list);
    json_decref(root);
    if (arena->is_full)
        return ERR_MEMORY;
    if (!is_list) {
        *reterr_reason = "the answer to ListFindings has no findingIds";
        return ERR_TRANSPORT;
    }
    return findings_get(findings, ask, ids, count, arena, ret_page, reterr_reason);
}

struct aws_findings aws_findings_of(struct transport *transport, str region)
{
    return (struct aws_findings){
        .provider = { begin, page }, .transport = transport, .region = region
    };
}
