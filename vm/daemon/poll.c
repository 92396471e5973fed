/* poll.c - see poll.h. */
#include "daemon/poll.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
    FRACTION_DIGITS = 9,
    FIRST_PAUSE_MS = 1000,
    AFTER_MS_MAX = 60 * 60 * 1000,
    SEEN_SIZE_FIRST = 256,
    KEY_BYTES = 16,
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
};

/* ---- moments ---- */

bool poll_moment_parse(str text, struct poll_moment *ret_moment)
{
    int64_t ms = 0;
    if (!time_parse(text, &ms))
        return false;
    *ret_moment = poll_moment_of_ms(ms);
    str fraction = str_skip(text, str_find(text, '.') + 1);
    int32_t ns = 0;
    size_t digits = 0;
    for (; digits < FRACTION_DIGITS; digits++) {
        bool is_digit =
            digits < fraction.len && fraction.ptr[digits] >= '0' && fraction.ptr[digits] <= '9';
        if (!is_digit)
            break;
        ns = ns * 10 + (fraction.ptr[digits] - '0');
    }
    if (digits > 0)
        for (ret_moment->ns = ns; digits < FRACTION_DIGITS; digits++)
            ret_moment->ns *= 10;
    return true;
}

struct poll_moment poll_moment_of_ms(int64_t ms)
{
    int64_t s = ms / MS_PER_S - (ms % MS_PER_S < 0);
    return (struct poll_moment){ s, (int32_t)(ms - s * MS_PER_S) * NS_PER_MS };
}

int64_t poll_moment_ms(struct poll_moment moment)
{
    return moment.s * MS_PER_S + moment.ns / NS_PER_MS;
}

int poll_moment_compare(struct poll_moment a, struct poll_moment b)
{
    if (a.s != b.s)
        return a.s < b.s ? -1 : 1;
    return (a.ns > b.ns) - (a.ns < b.ns);
}

static bool is_before(struct poll_moment a, struct poll_moment b)
{
    return poll_moment_compare(a, b) < 0;
}

static struct poll_moment earlier(struct poll_moment moment, int64_t ms)
{
    struct poll_moment at = poll_moment_of_ms(poll_moment_ms(moment) - ms);
    at.ns += moment.ns % NS_PER_MS;
    return at;
}

/* ---- the cursor's text ---- */

static void cursor_print(struct poll_moment cursor, char out[static POLL_CURSOR_TEXT_MAX])
{
    snprintf(out, POLL_CURSOR_TEXT_MAX, "{\"version\":1,\"s\":%" PRId64 ",\"ns\":%" PRId32 "}",
        cursor.s, cursor.ns);
}

static bool cursor_parse(str text, struct poll_moment *ret_cursor)
{
    json_int_t version = 0, s = 0, ns = -1;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    bool is_one = json_unpack(json, "{s:I,s:I,s:I}", "version", &version, "s", &s, "ns", &ns) == 0
                  && version == 1 && s > INT64_MIN / MS_PER_S + 1 && s < INT64_MAX / MS_PER_S - 1
                  && ns >= 0 && ns < (json_int_t)NS_PER_MS * MS_PER_S;
    json_decref(json);
    *ret_cursor = (struct poll_moment){ s, is_one ? (int32_t)ns : 0 };
    return is_one;
}

/* ---- what was handed on ---- */

struct poll_seen {
    uint8_t key[KEY_BYTES];
    struct poll_moment updated;
    bool is_used;
};

static enum err key_of(const struct poll_record *record, uint8_t key[static KEY_BYTES])
{
    struct sha256 sha256 = { 0 };
    uint8_t digest[SHA256_BYTES];
    TRY(sha256_begin(&sha256));
    sha256_add_framed(&sha256, record->id);
    sha256_add_framed(&sha256, record->revision);
    sha256_add(&sha256, (str){ (const char *)&record->updated.s, sizeof(record->updated.s) });
    sha256_add(&sha256, (str){ (const char *)&record->updated.ns, sizeof(record->updated.ns) });
    TRY(sha256_end(&sha256, digest));
    memcpy(key, digest, KEY_BYTES);
    return ERR_OK;
}

/* Its place in a table that has a free one: where it is, or would be. */
static struct poll_seen *seen_place(
    struct poll_seen *table, size_t size, const uint8_t key[static KEY_BYTES])
{
    size_t at = 0;
    memcpy(&at, key, sizeof(at));
    for (at &= size - 1; table[at].is_used; at = (at + 1) & (size - 1))
        if (memcmp(table[at].key, key, KEY_BYTES) == 0)
            break;
    return &table[at];
}

/* Move to a table of `size` whatever is at or after `from`. No memory for it: all is forgotten. */
static void seen_move(struct poller *poller, size_t size, struct poll_moment from)
{
    struct poll_seen *table = calloc(size, sizeof(*table));
    size_t count = 0;
    for (size_t at = 0; table != NULL && at < poller->seen_size; at++) {
        const struct poll_seen *one = &poller->seen[at];
        if (!one->is_used || is_before(one->updated, from))
            continue;
        *seen_place(table, size, one->key) = *one;
        count++;
    }
    free(poller->seen);
    poller->seen = table;
    poller->seen_count = count;
    poller->seen_size = table == NULL ? 0 : size;
}

static void seen_forget(struct poller *poller, struct poll_moment from)
{
    if (poller->seen_count > 0)
        seen_move(poller, poller->seen_size, from);
}

static bool seen_has(const struct poller *poller, const uint8_t key[static KEY_BYTES])
{
    return poller->seen_size > 0 && seen_place(poller->seen, poller->seen_size, key)->is_used;
}

static void seen_add(
    struct poller *poller, const uint8_t key[static KEY_BYTES], struct poll_moment updated)
{
    if (poller->seen_count >= POLL_SEEN_MAX)
        return;
    if (poller->seen_count * 2 >= poller->seen_size)
        seen_move(poller, poller->seen_size == 0 ? SEEN_SIZE_FIRST : poller->seen_size * 2,
            (struct poll_moment){ INT64_MIN, 0 });
    if (poller->seen_size == 0)
        return;
    struct poll_seen *place = seen_place(poller->seen, poller->seen_size, key);
    poller->seen_count += !place->is_used;
    memcpy(place->key, key, KEY_BYTES);
    place->updated = updated;
    place->is_used = true;
}

/* ---- a chain ---- */

struct chain {
    struct poller *poller;
    struct poll_provider *provider;
    struct poll_sink *sink;
    struct arena *arena; /* reasons */
    struct poll_moment from;
    struct poll_moment edge;     /* where the overlap begins: before it is the past */
    struct poll_moment most;     /* the cursor goes no further */
    struct poll_moment greatest; /* what it would be */
    size_t parts;
    size_t pages;
    size_t found_new;
    bool is_doubtful; /* tokens were followed in the past */
};

/* Where the cursor would be, as text; empty: it stays. `unseen` more records go with it. */
static str chain_cursor(
    const struct chain *chain, size_t unseen, char out[static POLL_CURSOR_TEXT_MAX])
{
    const struct poller *poller = chain->poller;
    bool is_there = poller->has_cursor && poll_moment_compare(chain->greatest, poller->cursor) == 0;
    if (is_there || (chain->is_doubtful && chain->found_new + unseen > 0))
        return STR("");
    cursor_print(chain->greatest, out);
    return str_from(out);
}

/* Hand on what was not handed on before; with the last page of the chain the cursor moves. */
static enum err page_keep(
    struct chain *chain, const struct poll_page *page, bool is_last, struct arena *arena)
{
    struct poller *poller = chain->poller;
    struct poll_record *unseen = ARENA_ARRAY(arena, struct poll_record, page->count + 1);
    uint8_t(*keys)[KEY_BYTES] = arena_array(arena, page->count + 1, KEY_BYTES, 1);
    char text[POLL_CURSOR_TEXT_MAX];
    size_t count = 0, found_new = 0;
    if (unseen == NULL || keys == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < page->count; at++) {
        const struct poll_record *record = &page->records[at];
        TRY(key_of(record, keys[count]));
        if (is_before(chain->greatest, record->updated) && !is_before(chain->most, record->updated))
            chain->greatest = record->updated;
        if (!seen_has(poller, keys[count]))
            unseen[count++] = *record;
    }
    str cursor = is_last ? chain_cursor(chain, count, text) : STR("");
    if (count == 0 && cursor.len == 0)
        return ERR_OK;
    TRY(chain->sink->keep(chain->sink, unseen, count, cursor, &found_new));
    chain->found_new += found_new;
    for (size_t at = 0; at < count; at++)
        seen_add(poller, keys[at], unseen[at].updated);
    if (cursor.len > 0) {
        poller->has_cursor = true;
        poller->cursor = chain->greatest;
    }
    return ERR_OK;
}

/* Where the next page of the past may begin: the last moment of this one. What was updated between
 * being listed and being read is known by being no past any more. False: no further than this one
 * did, or it is not sorted. */
static bool next_from(const struct poll_ask *ask, const struct poll_page *page,
    struct poll_moment edge, struct poll_moment *ret_from)
{
    struct poll_moment last = ask->from;
    if (page->is_unsorted)
        return false;
    for (size_t at = 0; at < page->count; at++) {
        struct poll_moment updated = page->records[at].updated;
        if (!is_before(updated, edge))
            continue;
        if (is_before(updated, last))
            return false;
        last = updated;
    }
    if (!is_before(ask->from, last))
        return false;
    *ret_from = last;
    return true;
}

/* What to ask after `page`; false: it was the last. `token` is where the token lives. */
static enum err ask_next(struct chain *chain, struct poll_ask *ask, const struct poll_page *page,
    struct buf *token, bool *ret_more, const char **reterr_reason)
{
    *ret_more = page->next.len > 0;
    if (!*ret_more)
        return ERR_OK;
    if (ask->has_until && next_from(ask, page, chain->edge, &ask->from)) {
        ask->token = STR("");
        return ERR_OK;
    }
    if (str_equal(page->next, ask->token)) {
        *reterr_reason = "a page names itself as the next one";
        return ERR_LIMIT;
    }
    chain->is_doubtful |= ask->has_until;
    buf_clear(token);
    buf_add(token, page->next);
    ask->token = buf_str(token);
    return token->err;
}

static enum err page_read(struct chain *chain, struct poll_ask *ask, bool is_end, struct buf *token,
    bool *ret_more, const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(PAGE_BYTES_MAX);
    struct poll_page page = { .next = STR("") };
    const char *reason = NULL;
    if (chain->pages++ >= POLL_PAGES_MAX) {
        *reterr_reason = "there are more pages than anybody could have: they do not end";
        return ERR_LIMIT;
    }
    enum err err = chain->provider->page(chain->provider, ask, &arena, &page, &reason);
    if (err != ERR_OK) {
        if (reason != NULL)
            *reterr_reason = arena_format(chain->arena, "%s", reason);
        return err;
    }
    TRY(page_keep(chain, &page, is_end && page.next.len == 0, &arena));
    return ask_next(chain, ask, &page, token, ret_more, reterr_reason);
}

/* All pages of one part: the past, or the overlap. `is_end`: nothing comes after it. */
static enum err part_read(
    struct chain *chain, size_t part, bool is_past, bool is_end, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf token = BUF_INIT(REQUEST_BYTES_MAX);
    bool is_new = is_before(chain->from, chain->edge);
    struct poll_ask ask = { .part = part,
        .from = is_past || !is_new ? chain->from : chain->edge,
        .has_until = is_past,
        .until = chain->edge,
        .token = STR("") };
    bool has_more = !is_past || is_new;
    while (has_more)
        TRY(page_read(chain, &ask, is_end, &token, &has_more, reterr_reason));
    return ERR_OK;
}

static enum err chain_begin(struct chain *chain, const char **reterr_reason)
{
    const struct poller *poller = chain->poller;
    int64_t now_ms = 0;
    TRY(chain->provider->begin(
        chain->provider, chain->arena, &chain->parts, &now_ms, reterr_reason));
    chain->most = poll_moment_of_ms(now_ms - POLL_SKEW_MS);
    chain->edge = earlier(chain->most, poller->overlap_ms);
    chain->from = poller->has_cursor ? earlier(poller->cursor, poller->overlap_ms)
                                     : poll_moment_of_ms(now_ms - poller->first_ms);
    chain->greatest = poller->has_cursor ? poller->cursor : chain->from;
    return ERR_OK;
}

enum err poll_look(struct poller *poller, struct poll_provider *provider, struct poll_sink *sink,
    struct arena *arena, size_t *ret_new, const char **reterr_reason)
{
    struct chain chain = { .poller = poller, .provider = provider, .sink = sink, .arena = arena };
    *ret_new = 0;
    TRY(chain_begin(&chain, reterr_reason));
    seen_forget(poller, chain.from);
    enum err err = ERR_OK;
    for (size_t part = 0; part < chain.parts && err == ERR_OK; part++) {
        err = part_read(&chain, part, true, false, reterr_reason);
        if (err == ERR_OK)
            err = part_read(&chain, part, false, part + 1 == chain.parts, reterr_reason);
    }
    *ret_new = chain.found_new;
    return err;
}

/* ---- begin, end, wait ---- */

enum err poll_begin(struct poller *poller, str cursor, int64_t overlap_ms, int64_t first_ms)
{
    *poller = (struct poller){ .overlap_ms = overlap_ms == 0 ? POLL_OVERLAP_MS : overlap_ms,
        .first_ms = first_ms,
        .has_cursor = cursor.len > 0 };
    return cursor.len == 0 || cursor_parse(cursor, &poller->cursor) ? ERR_OK : ERR_INVALID;
}

void poll_release(struct poller *poller)
{
    free(poller->seen);
    *poller = (struct poller){ 0 };
}

uint32_t poll_pause_ms(unsigned failures, uint32_t random, uint32_t after_ms)
{
    uint64_t most = FIRST_PAUSE_MS;
    while (failures-- > 1 && most < POLL_PAUSE_MS_MAX)
        most *= 2;
    if (most > POLL_PAUSE_MS_MAX)
        most = POLL_PAUSE_MS_MAX;
    uint32_t pause_ms = (uint32_t)(most / 2 + (most / 2 * random >> 32));
    if (after_ms > AFTER_MS_MAX)
        after_ms = AFTER_MS_MAX;
    return pause_ms > after_ms ? pause_ms : after_ms;
}
