/* requests_alerts.c - see requests_alerts.h. */
#include "aws/requests_alerts.h"

#include "aws/draft.h"
#include "base/percent.h"

#define JSON_TEXT(text) (text).ptr, (text).len

enum { ANSWER_MS = 10 * 1000 /* of a queue, beyond what it was told to wait */ };

struct request guardduty_list_detectors(struct step *step, str region, str page)
{
    CLEANUP(buf_release) struct buf query = BUF_INIT(REQUEST_BYTES_MAX);
    buf_addf(&query, "maxResults=%d", GUARDDUTY_PAGE_MAX);
    if (page.len > 0) {
        buf_add(&query, STR("&nextToken="));
        percent_encode(&query, page, "");
    }
    str text = query.err == ERR_OK ? arena_copy(step->arena, buf_str(&query)) : (str){ NULL, 0 };
    return draft_rest(step, "guardduty", "ListDetectors", region, STR(""), text);
}

/* {"updatedAt":{"greaterThanOrEqual":..},"service.archived":{"equals":["false"]}} */
static json_t *criterion(int64_t from_ms, int64_t until_ms)
{
    json_t *updated = json_pack("{s:I}", "greaterThanOrEqual", (json_int_t)from_ms);
    if (until_ms != 0
        && json_object_set_new(updated, "lessThan", json_integer((json_int_t)until_ms)) != 0) {
        json_decref(updated);
        return NULL;
    }
    return json_pack(
        "{s:o,s:{s:[s]}}", "updatedAt", updated, "service.archived", "equals", "false");
}

struct request guardduty_list_findings(
    struct step *step, str region, str detector, int64_t from_ms, int64_t until_ms, str page)
{
    json_t *body = json_pack("{s:{s:o},s:{s:s,s:s},s:i}", "findingCriteria", "criterion",
        criterion(from_ms, until_ms), "sortCriteria", "attributeName", "updatedAt", "orderBy",
        "ASC", "maxResults", GUARDDUTY_PAGE_MAX);
    if (page.len > 0
        && json_object_set_new(body, "nextToken", json_stringn(JSON_TEXT(page))) != 0) {
        json_decref(body);
        body = NULL;
    }
    return draft_json(step, "guardduty", "ListFindings", region, detector, body);
}

struct request guardduty_get_findings(
    struct step *step, str region, str detector, const str *ids, size_t count)
{
    json_t *list = json_array();
    bool is_whole = list != NULL;
    for (size_t at = 0; at < count; at++)
        is_whole = json_array_append_new(list, json_stringn(JSON_TEXT(ids[at]))) == 0 && is_whole;
    json_t *body = is_whole ? json_pack("{s:O}", "findingIds", list) : NULL;
    json_decref(list);
    return draft_json(step, "guardduty", "GetFindings", region, detector, body);
}

struct request sqs_receive(struct step *step, str region, str url, uint32_t most, uint32_t wait_s)
{
    struct request request = draft_json(step, "sqs", "ReceiveMessage", region, url,
        json_pack("{s:s%,s:i,s:i}", "QueueUrl", JSON_TEXT(url), "MaxNumberOfMessages", (int)most,
            "WaitTimeSeconds", (int)wait_s));
    request.answer_ms = wait_s * 1000 + ANSWER_MS;
    return request;
}

struct request sqs_delete(struct step *step, str region, str url, const str *receipts, size_t count)
{
    json_t *entries = json_array();
    bool is_whole = entries != NULL;
    for (size_t at = 0; at < count; at++) {
        const char *id = arena_format(step->arena, "%zu", at);
        json_t *entry = id == NULL ? NULL
                                   : json_pack("{s:s,s:s%}", "Id", id, "ReceiptHandle",
                                       JSON_TEXT(receipts[at]));
        is_whole = json_array_append_new(entries, entry) == 0 && is_whole;
    }
    json_t *body =
        is_whole ? json_pack("{s:s%,s:O}", "QueueUrl", JSON_TEXT(url), "Entries", entries) : NULL;
    json_decref(entries);
    return draft_json(step, "sqs", "DeleteMessageBatch", region, url, body);
}
