#include "rest/limits.h"
#include "rest/link.h"

#include <stdlib.h>

enum {
    FETCH_BYTES_MAX = 1024 * 1024,
    REFUSED_MS =
        60 * 1000, /* a client that was refused is not shown again before: it may be locked */
    MOVES_MAX = 2,
    SKEW_S_MIN = 240, /* clocks that differ by less are not why an assertion was refused */
    STILL_GOOD_MS = 5000,
    MS_PER_S = 1000,
};

/* One token being asked for. */
struct asking {
    struct rest_connection *connection;
    struct rest_service *service;
    const volatile int *stop;
    unsigned moves;
    bool was_skewed;
};

/* How an attempt ended. */
enum outcome {
    OUTCOME_TOKEN,
    OUTCOME_MOVED,   /* at once to another address */
    OUTCOME_LATER,   /* not answered as it should: another attempt may help */
    OUTCOME_REFUSED, /* the client is not accepted */
    OUTCOME_NONE,    /* nor will it be */
};

static int64_t now_s(const struct rest_connection *connection)
{
    return connection->clock->now_ms(connection->clock) / MS_PER_S + connection->skew_s;
}

/* --- homes --- */

/* Go to the home for good: with the secret, so that only the plan says which there are. */
static bool move_to(struct rest_connection *connection, const struct rest_home *home)
{
    for (uint32_t at = 0; at < connection->plan.services_count; at++) {
        struct rest_service_plan *plan = &connection->services[at].plan;
        const char *token_url = arena_format(&connection->arena, "%s/oauth2/token", home->base);
        if (token_url == NULL)
            return false;
        plan->base = str_from(home->base);
        plan->token_url = str_from(token_url);
    }
    return true;
}

/* The home whose token endpoint `url` is, to the byte; NULL: none. */
static const struct rest_home *home_of_url(const struct rest_connection *connection, str url)
{
    for (uint32_t at = 0; at < connection->plan.homes_count; at++) {
        const struct rest_home *home = &connection->plan.homes[at];
        str base = str_from(home->base);
        if (str_startswith(url, base) && str_is(str_skip(url, base.len), "/oauth2/token"))
            return home;
    }
    return NULL;
}

static const struct rest_home *home_of_region(const struct rest_connection *connection, str region)
{
    for (uint32_t at = 0; at < connection->plan.homes_count; at++)
        if (str_is(region, connection->plan.homes[at].region))
            return &connection->plan.homes[at];
    return NULL;
}

static enum outcome moved(struct asking *asking, const struct http_reply *reply,
    struct arena *scratch, const char **ret_reason)
{
    const struct rest_home *home =
        home_of_url(asking->connection, http_reply_header(reply, "Location"));
    if (home != NULL && asking->moves++ < MOVES_MAX)
        return move_to(asking->connection, home) ? OUTCOME_MOVED : OUTCOME_NONE;
    *ret_reason = arena_format(scratch,
        "%s gave no token: it leads to another address (HTTP %d), and a secret is not sent there",
        asking->connection->plan.vendor, reply->status);
    return OUTCOME_NONE;
}

/* --- one answer --- */

static enum outcome token_take(struct asking *asking, const struct http_reply *reply,
    struct arena *scratch, const char **ret_reason)
{
    struct rest_connection *connection = asking->connection;
    struct rest_service *service = asking->service;
    struct oauth_token token = { .life_s = 0 };
    if (oauth_token_read(reply->body, &token) != ERR_OK) {
        *ret_reason = arena_format(scratch, "%s gave no token (HTTP %d): %s",
            connection->plan.vendor, reply->status,
            rest_is_web_page(reply->body) ? "the answer is a web page"
                                          : "the answer cannot be read");
        return OUTCOME_LATER;
    }
    secret_release(&service->bearer);
    service->bearer = token.bearer;
    service->expires_ms = clock_elapsed_ms(connection->clock) + token.life_s * MS_PER_S;
    const struct rest_home *home =
        home_of_region(connection, http_reply_header(reply, "X-Cs-Region"));
    bool is_there = home == NULL || str_is(service->plan.base, home->base);
    return is_there || move_to(connection, home) ? OUTCOME_TOKEN : OUTCOME_NONE;
}

/* Whether the client was refused because of our clock, by which it signs. */
static bool skew_correct(struct asking *asking, const struct http_reply *reply)
{
    struct rest_connection *connection = asking->connection;
    int64_t off_s = reply->date_unix_s - now_s(connection);
    if (asking->was_skewed || connection->plan.client.certificate.len == 0
        || reply->date_unix_s == 0 || (off_s > -SKEW_S_MIN && off_s < SKEW_S_MIN))
        return false;
    asking->was_skewed = true;
    connection->skew_s += off_s;
    return true;
}

static enum outcome refused(struct asking *asking, const struct http_reply *reply,
    struct arena *scratch, const char **ret_reason)
{
    const struct rest_plan *plan = &asking->connection->plan;
    const char *words = oauth_refusal(&plan->client, reply->body, scratch);
    const char *trace = rest_trace(reply, scratch);
    if (skew_correct(asking, reply))
        return OUTCOME_MOVED;
    if (words == NULL || trace == NULL)
        return OUTCOME_NONE;
    *ret_reason = arena_format(scratch,
        "%s does not accept the connection's client_id and %s (HTTP %d%s%s%s%s)", plan->vendor,
        plan->client.certificate.len > 0 ? "certificate" : "client_secret", reply->status,
        words[0] == '\0' ? "" : " ", words, trace[0] == '\0' ? "" : ", ", trace);
    return OUTCOME_REFUSED;
}

static enum outcome answer_take(struct asking *asking, const struct http_reply *reply,
    struct arena *scratch, const char **ret_reason)
{
    int status = reply->status;
    if (status >= 200 && status < 300)
        return token_take(asking, reply, scratch, ret_reason);
    if (status >= 300 && status < 400)
        return moved(asking, reply, scratch, ret_reason);
    bool is_later = status == 408 || status == 429 || status >= 500;
    if (!is_later && !rest_is_web_page(reply->body))
        return refused(asking, reply, scratch, ret_reason);
    *ret_reason =
        arena_format(scratch, "%s gave no token (HTTP %d)%s", asking->connection->plan.vendor,
            status, rest_is_web_page(reply->body) ? ": the answer is a web page" : "");
    return is_later ? OUTCOME_LATER : OUTCOME_NONE;
}

/* ERR_OK: *ret_outcome. */
static enum err attempt(struct asking *asking, struct arena *scratch, struct http_reply *reply,
    enum outcome *ret_outcome, const char **ret_reason)
{
    static const struct http_header headers[] = {
        { { "Content-Type", 12 }, { "application/x-www-form-urlencoded", 33 } },
        { { "Accept", 6 }, { "application/json", 16 } },
    };
    const struct rest_service_plan *plan = &asking->service->plan;
    struct http *http = asking->connection->http;
    struct http_request request = { .method = "POST",
        .headers = headers,
        .headers_count = COUNT_OF(headers),
        .stop = asking->stop,
        .timeout_ms = asking->connection->plan.timeout_ms,
        .is_secret = true,
        .wanted = rest_wanted };
    str url = arena_copy(scratch, plan->token_url);
    if (url.ptr == NULL)
        return ERR_MEMORY;
    request.url = url.ptr;
    TRY(oauth_form(&asking->connection->plan.client, plan->scope, plan->token_url,
        now_s(asking->connection), scratch, &request.body, ret_reason));
    enum err err = http->send(http, &request, scratch, reply, ret_reason);
    if (err == ERR_OK && reply->date_unix_s != 0) {
        struct clock *clock = asking->connection->clock;
        asking->connection->has_clock = true;
        asking->connection->ahead_s = reply->date_unix_s - clock->now_ms(clock) / MS_PER_S;
    }
    *ret_outcome = err == ERR_OK ? answer_take(asking, reply, scratch, ret_reason) : OUTCOME_LATER;
    return err == ERR_REFUSED || err == ERR_TRANSPORT || err == ERR_TIMEOUT ? ERR_OK : err;
}

/* Copy a reason out of an attempt's memory. */
static enum err fail(
    enum err err, const char *reason, struct arena *arena, const char **reterr_reason)
{
    if (err == ERR_MEMORY || err == ERR_STOPPED)
        return err;
    *reterr_reason = arena_format(arena, "%s", reason == NULL ? err_text(err) : reason);
    return *reterr_reason == NULL ? ERR_MEMORY : err;
}

/* Of the request that waits for the token nothing was sent, whatever goes wrong here. */
static enum err fetch(struct asking *asking, struct arena *arena, const char **reterr_reason)
{
    for (unsigned number = 0;;) {
        CLEANUP(arena_wipe) struct arena scratch = ARENA_INIT(FETCH_BYTES_MAX);
        struct http_reply reply = { .status = 0 };
        enum outcome outcome = OUTCOME_NONE;
        const char *reason = NULL;
        bool is_stopped = false;
        enum err err = attempt(asking, &scratch, &reply, &outcome, &reason);
        if (err != ERR_OK)
            return fail(err, reason, arena, reterr_reason);
        if (outcome == OUTCOME_TOKEN)
            return ERR_OK;
        if (outcome == OUTCOME_MOVED)
            continue;
        if (outcome == OUTCOME_LATER
            && rest_again(asking->connection, number++, reply.status == 0 ? NULL : &reply,
                asking->stop, &is_stopped))
            continue;
        if (is_stopped)
            return ERR_STOPPED;
        if (scratch.is_full || asking->connection->arena.is_full)
            return ERR_MEMORY;
        return fail(outcome == OUTCOME_REFUSED ? ERR_CREDENTIALS : ERR_REFUSED, reason, arena,
            reterr_reason);
    }
}

/* Ask, unless the client was refused just now. */
static enum err renew(
    struct asking *asking, int64_t now_ms, struct arena *arena, const char **reterr_reason)
{
    struct rest_service *service = asking->service;
    if (service->refusal != NULL && now_ms - service->asked_ms < REFUSED_MS)
        return fail(ERR_CREDENTIALS, service->refusal, arena, reterr_reason);
    free(service->refusal);
    service->refusal = NULL;
    enum err err = fetch(asking, arena, reterr_reason);
    service->asked_ms = clock_elapsed_ms(asking->connection->clock);
    if (err != ERR_CREDENTIALS)
        return err;
    service->refusal = strdup(*reterr_reason);
    return service->refusal == NULL ? ERR_MEMORY : err;
}

enum err rest_token_ready(struct rest_connection *connection, struct rest_service *service,
    bool must, const volatile int *stop, struct arena *arena, const char **reterr_reason)
{
    struct asking asking = { .connection = connection, .service = service, .stop = stop };
    int64_t now_ms = clock_elapsed_ms(connection->clock);
    int64_t left_ms = service->bearer.len == 0 ? 0 : service->expires_ms - now_ms;
    const char *reason = NULL;
    if (service->plan.is_download)
        return ERR_OK;
    if (!must && left_ms >= (int64_t)connection->plan.renew_s * MS_PER_S && left_ms > 0)
        return ERR_OK;
    enum err err = renew(&asking, now_ms, arena, &reason);
    left_ms =
        service->bearer.len == 0 ? 0 : service->expires_ms - clock_elapsed_ms(connection->clock);
    bool is_silent = err == ERR_CREDENTIALS || err == ERR_REFUSED;
    if (is_silent && !must && left_ms > STILL_GOOD_MS)
        return ERR_OK;
    if (reason != NULL)
        *reterr_reason = reason;
    return err;
}
