/* alerts.c - see alerts.h. */
#include "defender/alerts.h"

#include "base/sha256.h"
#include "base/time.h"
#include "rest/ask.h"
#include "rest/rest.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    /* Of one page: an alert of many devices has hundreds of kilobytes of evidence, and all must fit
     * a reply. */
    PAGE_ALERTS = 10,
    MOMENT_TEXT_MAX = 48,
    LINK_BYTES_MAX = 8 * 1024,
    SKIP_DIGITS_MAX = 8,
};

/* How each of the two says it. */
struct api_words {
    const char *service;
    const char *operation;
    const char *path;
    const char *updated;
};

static const struct api_words words[] = {
    [DEFENDER_API_GRAPH] = { "graph", "ListAlerts", "/v1.0/security/alerts_v2",
        "lastUpdateDateTime" },
    [DEFENDER_API_ENDPOINT] = { "defender", "ListAlerts", "/api/alerts", "lastUpdateTime" },
};

static str member(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return (str){ json_is_string(text) ? json_string_value(text) : "", json_string_length(text) };
}

/* ---- what is asked ---- */

/* To 100 ns, which is what Microsoft keeps; cut downwards. */
static void moment_print(struct poll_moment moment, char out[static MOMENT_TEXT_MAX])
{
    char text[TIME_TEXT_MAX];
    str second = time_format(moment.s * 1000, text);
    snprintf(out, MOMENT_TEXT_MAX, "%.19s.%07dZ", second.ptr, moment.ns / 100);
}

/* What was updated after the look began is for the next one. */
static const char *window_of(
    const struct defender_alerts *alerts, const struct poll_ask *ask, struct arena *arena)
{
    const char *updated = words[alerts->api].updated;
    char from[MOMENT_TEXT_MAX], until[MOMENT_TEXT_MAX];
    moment_print(ask->from, from);
    moment_print(ask->has_until ? ask->until : poll_moment_of_ms(alerts->now_ms), until);
    return arena_format(arena, "%s ge %s and %s lt %s", updated, from, updated, until);
}

static struct request request_of(
    const struct defender_alerts *alerts, const struct poll_ask *ask, struct step *asking)
{
    const struct api_words *api = &words[alerts->api];
    bool is_graph = alerts->api == DEFENDER_API_GRAPH;
    bool is_linked = is_graph && ask->token.len > 0;
    const char *path = is_linked
                           ? arena_format(asking->arena, "%s?%.*s", api->path, STR_ARG(ask->token))
                           : api->path;
    const char *window = window_of(alerts, ask, asking->arena);
    const char *most = arena_format(asking->arena, "%d", PAGE_ALERTS);
    if (path == NULL || window == NULL || most == NULL)
        return (struct request){ .body = { NULL, 0 } };
    struct rest_draft draft =
        rest_begin(asking, api->service, api->operation, STR("alerts"), "GET", path);
    if (!is_linked) {
        rest_query(&draft, "$filter", str_from(window));
        if (!is_graph)
            rest_query(&draft, "$expand", STR("evidence"));
        rest_query(&draft, "$top", str_from(most));
        if (ask->token.len > 0)
            rest_query(&draft, "$skip", ask->token);
    }
    if (is_graph)
        rest_header(&draft, "Prefer", "include-unknown-enum-members");
    return rest_end(&draft);
}

/* ---- the page after it ---- */

/* The query of `link`, borrowed; empty: it is no page of what was asked. */
static str link_query(str link, const char *path)
{
    size_t mark = str_find(link, '?');
    str query = str_skip(link, mark + 1);
    bool is_address = str_startswith(link, STR("https://")) || str_startswith(link, STR("http://"));
    bool is_ours = link.len <= LINK_BYTES_MAX && is_address
                   && str_endswith(str_first(link, mark), str_from(path));
    for (size_t at = 0; at < query.len; at++)
        is_ours &= query.ptr[at] > ' ' && query.ptr[at] < 0x7f && query.ptr[at] != '#';
    return is_ours ? query : STR("");
}

static enum err next_of_graph(
    const json_t *root, struct arena *arena, str *ret_next, const char **reterr_reason)
{
    str link = member(root, "@odata.nextLink");
    str query = link_query(link, words[DEFENDER_API_GRAPH].path);
    if (link.len > 0 && query.len == 0) {
        *reterr_reason =
            "Microsoft Graph says that the next page of alerts is at an address that is "
            "none of its alerts: it was not followed";
        return ERR_TRANSPORT;
    }
    *ret_next = arena_copy(arena, query);
    return ret_next->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Pages are counted there: a page that is not full is the last. */
static enum err next_of_endpoint(const struct poll_ask *ask, size_t count, struct arena *arena,
    str *ret_next, const char **reterr_reason)
{
    *ret_next = STR("");
    if (count < PAGE_ALERTS)
        return ERR_OK;
    if (ask->token.len > SKIP_DIGITS_MAX) {
        *reterr_reason = "Defender for Endpoint has more alerts than can be skipped";
        return ERR_LIMIT;
    }
    long skipped = ask->token.len == 0 ? 0 : strtol(ask->token.ptr, NULL, 10);
    const char *next = arena_format(arena, "%zu", (size_t)skipped + count);
    if (next == NULL)
        return ERR_MEMORY;
    *ret_next = str_from(next);
    return ERR_OK;
}

/* ---- records ---- */

static enum err revision_of(
    const json_t *alert, const char *updated, struct arena *arena, str *ret_revision)
{
    char hex[SHA256_HEX_SIZE];
    json_auto_t *same = json_copy((json_t *)(uintptr_t)alert);
    json_object_del(same, updated);
    char *text = json_dumps(same, JSON_COMPACT | JSON_SORT_KEYS);
    enum err err = text == NULL ? ERR_MEMORY : sha256_hex(str_from(text), hex);
    free(text);
    TRY(err);
    *ret_revision = arena_copy(arena, str_from(hex));
    return ret_revision->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* An alert whose time cannot be read is as old as it can be: it moves no cursor. */
static enum err record_of(const json_t *alert, const char *updated, const struct poll_ask *ask,
    struct arena *arena, struct poll_record *ret_record)
{
    char *text = json_dumps(alert, JSON_COMPACT | JSON_SORT_KEYS);
    struct poll_record record = { .text = arena_copy(arena, str_from(text == NULL ? "" : text)) };
    bool is_whole = text != NULL && record.text.ptr != NULL;
    free(text);
    if (!is_whole)
        return ERR_MEMORY;
    TRY(revision_of(alert, updated, arena, &record.revision));
    if (!poll_moment_parse(member(alert, updated), &record.updated))
        record.updated = ask->from;
    record.id = arena_copy(arena, member(alert, "id"));
    if (record.id.len == 0)
        record.id = record.text;
    *ret_record = record;
    return record.id.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err page_of(const struct defender_alerts *alerts, const struct poll_ask *ask,
    const json_t *root, struct arena *arena, struct poll_page *page, const char **reterr_reason)
{
    const json_t *list = json_object_get(root, "value");
    size_t count = json_array_size(list);
    struct poll_record *records = ARENA_ARRAY(arena, struct poll_record, count + 1);
    if (records == NULL)
        return ERR_MEMORY;
    if (!json_is_array(list)) {
        *reterr_reason = "the answer to ListAlerts has no list of alerts";
        return ERR_TRANSPORT;
    }
    *page = (struct poll_page){ .records = records, .is_unsorted = true };
    for (size_t at = 0; at < count; at++) {
        const json_t *alert = json_array_get(list, at);
        if (!json_is_object(alert))
            continue;
        TRY(record_of(alert, words[alerts->api].updated, ask, arena, &records[page->count]));
        page->count++;
    }
    if (alerts->api == DEFENDER_API_GRAPH)
        return next_of_graph(root, arena, &page->next, reterr_reason);
    return next_of_endpoint(ask, count, arena, &page->next, reterr_reason);
}

static enum err page(struct poll_provider *provider, const struct poll_ask *ask,
    struct arena *arena, struct poll_page *ret_page, const char **reterr_reason)
{
    struct defender_alerts *alerts = (struct defender_alerts *)provider;
    struct step asking = { .arena = arena, .key = STR("alerts"), .region = STR("") };
    struct request request = request_of(alerts, ask, &asking);
    json_t *root = NULL;
    TRY(rest_ask(alerts->transport, &microsoft_speaker, &request, arena, &root, reterr_reason));
    enum err err = page_of(alerts, ask, root, arena, ret_page, reterr_reason);
    json_decref(root);
    return err;
}

static enum err begin(struct poll_provider *provider, struct arena *arena, size_t *ret_parts,
    int64_t *ret_now_ms, const char **reterr_reason)
{
    const struct defender_alerts *alerts = (const struct defender_alerts *)provider;
    (void)arena, (void)reterr_reason;
    *ret_parts = 1;
    *ret_now_ms = alerts->now_ms;
    return ERR_OK;
}

struct defender_alerts defender_alerts_of(struct transport *transport, enum defender_api api)
{
    return (
        struct defender_alerts){ .provider = { begin, page }, .transport = transport, .api = api };
}
