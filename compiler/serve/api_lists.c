/* api_lists.c - GET /v1/alerts, runs, steps, approvals, audit: a page of each.
 *
 * A page goes on after a key that rows get in the order they are written, so it stays where it is
 * while the journal grows. Rows that a filter leaves out cost a look each: after SCANNED_MAX of
 * them a page ends, short or empty, and `next` goes on.
 */
#include "serve/api_private.h"

#include "act/timers.h"
#include "base/limits.h"
#include "driver/audit_export.h"
#include "driver/hold_view.h"
#include "driver/json_out.h"
#include "driver/session.h"
#include "driver/story.h"
#include "serve/api_items.h"
#include "serve/canary.h"
#include "store/alerts.h"
#include "store/listing.h"

#include <inttypes.h>

enum {
    BATCH = 100,
    SCANNED_MAX = 10 * 1000,
    PAGE_BYTES = 4 * 1024 * 1024, /* then it ends, whatever the limit says */
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
};

/* What is asked for, and what there is so far. */
struct page {
    struct api *api;
    struct exchange *exchange;
    struct store *store;
    int64_t after; /* the last row that was looked at */
    uint32_t limit;
    str alert; /* filters; empty or 0: any */
    str rule;
    str state;
    int64_t run;
    bool is_open;
    struct hold_reader reader; /* of approvals */
    struct buf items;
    uint32_t count;
    size_t scanned;
    bool has_more;
};

/* Some rows as they are read. */
struct batch {
    struct arena arena;
    void *rows;
    size_t count;
};

/* A list: how its rows are read, and what is said of one. */
struct list {
    enum err (*read)(struct page *page, uint32_t count, struct batch *batch);
    /* The key of row `at`; its JSON is appended to `out`, or nothing where it does not pass. */
    enum err (*tell)(
        struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out);
};

/* ---- parameters ---- */

static bool refuse_parameter(struct page *page, const char *name, const char *takes)
{
    const char *title = arena_format(page->exchange->arena, "The parameter %s is wrong.", name);
    const char *detail = arena_format(page->exchange->arena, "%s takes %s", name, takes);
    api_refuse(page->exchange, NULL, 400, title == NULL ? "A parameter is wrong." : title, detail);
    return false;
}

/* A number, 0 where it is not given. */
static bool number_take(
    struct page *page, const char *name, int64_t most, const char *takes, int64_t *ret_number)
{
    str text = exchange_query(page->exchange, name);
    *ret_number = 0;
    return text.len == 0 || api_number(text, most, ret_number)
           || refuse_parameter(page, name, takes);
}

/* One of `choices`, which ends in NULL; empty where it is not given. */
static bool word_take(struct page *page, const char *name, const char *const *choices,
    const char *takes, str *ret_word)
{
    *ret_word = exchange_query(page->exchange, name);
    for (size_t at = 0; choices[at] != NULL; at++)
        if (str_is(*ret_word, choices[at]))
            return true;
    return ret_word->len == 0 || refuse_parameter(page, name, takes);
}

static bool page_take(struct page *page)
{
    int64_t limit;
    if (!number_take(page, "after", INT64_MAX, "the `next` of the page before", &page->after)
        || !number_take(page, "limit", API_LIMIT_MAX, "a number from 1 to 1000", &limit))
        return false;
    page->limit = limit == 0 ? API_LIMIT : (uint32_t)limit;
    return true;
}

/* ---- a page ---- */

static enum err batch_tell(struct page *page, const struct list *list, struct batch *batch)
{
    for (size_t at = 0; at < batch->count; at++) {
        int64_t key = 0;
        size_t before = page->items.len;
        page->has_more =
            page->count == page->limit || before >= PAGE_BYTES || page->scanned == SCANNED_MAX;
        if (page->has_more)
            return ERR_OK;
        if (page->count > 0)
            buf_add_byte(&page->items, ',');
        size_t begun = page->items.len;
        TRY(list->tell(page, batch, at, &key, &page->items));
        TRY(page->items.err);
        page->after = key;
        page->scanned++;
        if (page->items.len > begun)
            page->count++;
        else
            page->items.len = before;
    }
    return ERR_OK;
}

static enum err page_fill(struct page *page, const struct list *list)
{
    bool is_end = false;
    while (!is_end && !page->has_more) {
        struct batch batch = { .arena = ARENA_INIT(COMPILE_BYTES_MAX) };
        uint32_t left = page->limit - page->count + 1; /* one more tells that there is more */
        uint32_t wanted = left < BATCH ? left : BATCH;
        enum err err = list->read(page, wanted, &batch);
        if (err == ERR_OK)
            err = batch_tell(page, list, &batch);
        is_end = batch.count < wanted;
        arena_release(&batch.arena);
        TRY(err);
    }
    return ERR_OK;
}

static void page_answer(struct page *page)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(PAGE_BYTES_MAX + BATCH);
    buf_add(&body, STR("{\"items\":["));
    buf_add(&body, buf_str(&page->items));
    if (page->has_more)
        buf_addf(&body, "],\"next\":\"%" PRId64 "\"}", page->after);
    else
        buf_add(&body, STR("],\"next\":null}"));
    if (body.err != ERR_OK) {
        api_fail(page->api, page->exchange, body.err, "writing a page");
        return;
    }
    exchange_answer(page->exchange,
        &(struct answer){
            .status = 200, .content_type = "application/json", .body = buf_str(&body) });
}

/* `page` has its parameters. */
static void page_serve(struct page *page, const struct list *list)
{
    if (!api_reader_open(page->api, page->exchange, &page->store))
        return;
    page->items = (struct buf)BUF_INIT(PAGE_BYTES_MAX);
    enum err err = page_fill(page, list);
    hold_reader_release(&page->reader);
    api_reader_close(page->api, page->store);
    if (err == ERR_OK)
        page_answer(page);
    else
        api_fail(page->api, page->exchange, err, "reading a page");
    buf_release(&page->items);
}

/* `json` is taken. */
static enum err item_add(struct buf *out, json_t *json)
{
    enum err err = json_add_line(out, json);
    json_decref(json);
    if (err == ERR_OK)
        out->len--; /* the newline */
    return err;
}

/* ---- alerts ---- */

static const char *const alert_states[] = { "waiting", "evaluated", "dead", NULL };

static enum err alerts_read(struct page *page, uint32_t count, struct batch *batch)
{
    struct alert_filter filter = { .after = page->after, .most = count, .name = page->alert };
    struct alert_record *alerts = NULL;
    for (filter.state = 0; filter.state < ALERT_STATE_COUNT; filter.state++)
        if (str_is(page->state, alert_state_name(filter.state)))
            break;
    filter.is_of_state = filter.state < ALERT_STATE_COUNT;
    TRY(alerts_list(page->store, &filter, &batch->arena, &alerts, &batch->count));
    batch->rows = alerts;
    return ERR_OK;
}

static enum err alert_tell(
    struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out)
{
    const struct alert_record *alert = (const struct alert_record *)batch->rows + at;
    (void)page;
    *ret_key = alert->id;
    return str_is(alert->way, CANARY_WAY) ? ERR_OK : item_add(out, api_alert_json(alert));
}

void api_alerts(struct api *api, struct exchange *exchange, str id)
{
    static const struct list list = { alerts_read, alert_tell };
    struct page page = { .api = api, .exchange = exchange };
    (void)id;
    page.alert = exchange_query(exchange, "alert");
    if (page_take(&page)
        && word_take(&page, "state", alert_states, "waiting, evaluated or dead", &page.state))
        page_serve(&page, &list);
}

/* ---- runs ---- */

static enum err runs_read(struct page *page, uint32_t count, struct batch *batch)
{
    struct run_page wanted = { page->after, count, page->is_open, page->alert };
    struct run *runs = NULL;
    TRY(listing_runs(page->store, &wanted, &batch->arena, &runs, &batch->count));
    batch->rows = runs;
    return ERR_OK;
}

static enum err run_tell(
    struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out)
{
    const struct run *run = (const struct run *)batch->rows + at;
    const char *state = NULL;
    *ret_key = run->id;
    if ((page->is_open && run->ended_ms != 0)
        || (page->rule.len > 0 && !str_equal(page->rule, run->rule)))
        return ERR_OK;
    TRY(run_state(page->store, run, &batch->arena, &state));
    if (page->state.len > 0 && !str_is(page->state, state))
        return ERR_OK;
    return item_add(out, api_run_json(run_json(run, state), run));
}

/* How the steps of a run ended: act/step.h, and what session.h says of one that has not ended. */
static const char *const run_states[] = { "done", "open", "held", "partial", "failed", "unresolved",
    "unknown", "refused", "rejected", "shadowed", "abandoned", NULL };

void api_runs(struct api *api, struct exchange *exchange, str id)
{
    static const struct list list = { runs_read, run_tell };
    static const char *const flags[] = { "true", "false", NULL };
    struct page page = { .api = api, .exchange = exchange };
    str open = STR("");
    (void)id;
    page.alert = exchange_query(exchange, "alert");
    page.rule = exchange_query(exchange, "rule");
    if (!page_take(&page) || !word_take(&page, "open", flags, "true or false", &open)
        || !word_take(&page, "state", run_states,
            "done, open, held, partial, failed, unresolved, unknown, refused, rejected, shadowed "
            "or abandoned",
            &page.state))
        return;
    page.is_open = str_is(open, "true");
    page_serve(&page, &list);
}

/* ---- steps ---- */

static enum err steps_read(struct page *page, uint32_t count, struct batch *batch)
{
    struct step_page wanted = { page->after, count, page->run };
    struct listed_step *steps = NULL;
    TRY(listing_steps(page->store, &wanted, &batch->arena, &steps, &batch->count));
    batch->rows = steps;
    return ERR_OK;
}

static enum err step_tell(
    struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out)
{
    const struct listed_step *step = (const struct listed_step *)batch->rows + at;
    *ret_key = step->key;
    if (page->state.len > 0 && !str_equal(page->state, step->record.state))
        return ERR_OK;
    return item_add(out, api_step_json(step));
}

static const char *const step_states[] = { "running", "held", "done", "partial", "failed",
    "unresolved", "unknown", "refused", "rejected", "shadowed", NULL };

void api_steps(struct api *api, struct exchange *exchange, str id)
{
    static const struct list list = { steps_read, step_tell };
    struct page page = { .api = api, .exchange = exchange };
    (void)id;
    if (page_take(&page) && number_take(&page, "run", INT64_MAX, "the id of a run", &page.run)
        && word_take(&page, "state", step_states,
            "running, held, done, partial, failed, unresolved, unknown, refused, rejected or "
            "shadowed",
            &page.state))
        page_serve(&page, &list);
}

/* ---- approvals ---- */

static enum err approvals_read(struct page *page, uint32_t count, struct batch *batch)
{
    struct hold_filter filter = { .is_open = page->is_open, .after = page->after, .limit = count };
    struct hold *holds = NULL;
    if (page->reader.store == NULL)
        TRY(timers_now(page->store, page->api->daemon->driver->clock, &page->reader.now_ms));
    page->reader.store = page->store;
    TRY(holds_list(page->store, &filter, &batch->arena, &holds, &batch->count));
    batch->rows = holds;
    return ERR_OK;
}

static enum err approval_tell(
    struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    CLEANUP(hold_view_release) struct hold_view view = { .plan = NULL };
    *ret_key = ((const struct hold *)batch->rows)[at].id;
    TRY(hold_view_read(&page->reader, *ret_key, &arena, &view));
    return item_add(out, api_approval_json(hold_view_json(&view)));
}

void api_approvals(struct api *api, struct exchange *exchange, str id)
{
    static const struct list list = { approvals_read, approval_tell };
    static const char *const states[] = { "open", "all", NULL };
    struct page page = { .api = api, .exchange = exchange };
    (void)id;
    if (!page_take(&page) || !word_take(&page, "state", states, "open or all", &page.state))
        return;
    page.is_open = !str_is(page.state, "all");
    page_serve(&page, &list);
}

/* ---- the audit log ---- */

static enum err audit_read(struct page *page, uint32_t count, struct batch *batch)
{
    struct audit_row *rows = NULL;
    TRY(audit_page(page->store, page->after, count, &batch->arena, &rows, &batch->count));
    batch->rows = rows;
    return ERR_OK;
}

static enum err audit_tell(
    struct page *page, struct batch *batch, size_t at, int64_t *ret_key, struct buf *out)
{
    const struct audit_row *row = (const struct audit_row *)batch->rows + at;
    (void)page;
    *ret_key = row->seq;
    return api_audit_add(row, out);
}

void api_audit(struct api *api, struct exchange *exchange, str id)
{
    static const struct list list = { audit_read, audit_tell };
    struct page page = { .api = api, .exchange = exchange };
    (void)id;
    if (page_take(&page))
        page_serve(&page, &list);
}
