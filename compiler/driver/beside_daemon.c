/* beside_daemon.c - see beside_daemon.h. */
#include "driver/beside_daemon.h"

#include "base/json_writer.h"
#include "base/limits.h"
#include "base/time.h"
#include "driver/json_out.h"
#include "host/http.h"
#include "host/person.h"
#include "serve/admin_token.h"

#include <inttypes.h>

enum {
    ORDER_BYTES_MAX = 4 * 1024,
    ANSWER_MS = 150 * 1000, /* the daemon says something within two minutes */
};

bool daemon_tell(struct driver *driver, const struct command *command, const char *directory)
{
    struct daemon_mark mark;
    char since[TIME_TEXT_MAX];
    if (daemon_mark_read(directory, &driver->arena, &mark) != ERR_OK)
        return false;
    driver_message(driver,
        "a daemon has the journal in %s: process %" PRId64 ", at %s, since %s\n%s", directory,
        mark.pid, mark.url, time_format(mark.started_ms, since).ptr,
        command->beside_daemon != NULL ? command->beside_daemon : "stop it first");
    return true;
}

/* What is sent to the daemon, and what came back. */
struct order {
    struct driver *driver;
    const struct daemon_mark *mark;
    struct arena arena; /* has the token: wiped */
    struct http_reply reply;
};

static enum err send_order(
    struct order *order, const struct http_request *request, const char **reterr_reason)
{
    struct http_curl *curl = NULL;
    struct http_curl_options options = { .total_timeout_ms = ANSWER_MS };
    TRY(http_curl_new(&options, &curl));
    struct http *http = http_curl_interface(curl);
    enum err err = http->send(http, request, &order->arena, &order->reply, reterr_reason);
    http_curl_free(curl);
    return err;
}

static enum err post(
    struct order *order, str token, const struct undo_order *undo, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(ORDER_BYTES_MAX);
    struct json_writer json = { .out = &body };
    struct arena *arena = &order->arena;
    const char *url =
        arena_format(arena, "%s/v1/runs/%" PRId64 "/undo", order->mark->url, undo->run);
    const char *bearer = arena_format(arena, "Bearer %.*s", STR_ARG(token));
    const char *person = person_name(arena);
    if (url == NULL || bearer == NULL || person == NULL)
        return ERR_MEMORY;
    json_open(&json, NULL, '{');
    json_text(&json, "reason", undo->reason);
    if (undo->is_of_one_step)
        json_number(&json, "step", undo->step);
    json_close(&json, '}');
    TRY(body.err);
    const struct http_header headers[] = {
        { STR("Authorization"), str_from(bearer) },
        { STR("Content-Type"), STR("application/json") },
        { STR("X-Cdr-Person"), str_from(person) },
    };
    struct http_request request = { .method = "POST",
        .url = url,
        .headers = headers,
        .headers_count = COUNT_OF(headers),
        .body = buf_str(&body),
        .is_change = true,
        .is_direct = true,
        .stop = order->driver->stop };
    return send_order(order, &request, reterr_reason);
}

/* What the daemon said of an undo that it carried out. */
static enum exit_code tell_story(
    struct order *order, int64_t run, const json_t *said, enum report_format format)
{
    struct driver *driver = order->driver;
    const json_t *code = json_object_get(said, "code");
    const json_t *story = json_object_get(said, "story");
    if (!json_is_integer(code) || !json_is_string(story)) {
        driver_message(driver, "what the daemon said cannot be read");
        return EXIT_INTERNAL;
    }
    enum exit_code exit_code = (enum exit_code)json_integer_value(code);
    if (format != REPORT_JSON) {
        output_add(&driver->out, (str){ json_string_value(story), json_string_length(story) });
        return exit_code;
    }
    json_t *line = json_object();
    json_put(&line, "run", json_integer(run));
    json_put(&line, "code", json_integer(exit_code));
    json_put(&line, "story", json_from_text(json_string_value(story)));
    enum err err = json_add_line(&driver->out.buf, line);
    json_decref(line);
    return err == ERR_OK ? exit_code : driver_failure(driver, "writing the story", err);
}

static enum exit_code tell_reply(struct order *order, int64_t run, enum report_format format)
{
    const struct http_reply *reply = &order->reply;
    json_t *said = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    enum exit_code code = reply->status >= 500 ? EXIT_INTERNAL : EXIT_USAGE;
    if (reply->status == 200) {
        code = tell_story(order, run, said, format);
    } else {
        const char *title = json_string_value(json_object_get(said, "title"));
        const char *detail = json_string_value(json_object_get(said, "detail"));
        driver_message(order->driver, "the daemon did not take run %" PRId64 " back: %s%s%s", run,
            title != NULL ? title : "it did not say why", detail != NULL ? " " : "",
            detail != NULL ? detail : "");
    }
    json_decref(said);
    return code;
}

static enum exit_code tell_silence(
    struct order *order, const char *directory, enum err err, const char *reason)
{
    struct driver *driver = order->driver;
    if (err == ERR_MEMORY)
        return driver_failure(driver, "asking the daemon", err);
    driver_message(driver, "the daemon at %s did not answer: %s%s", order->mark->url,
        reason != NULL ? reason : err_text(err),
        err == ERR_REFUSED ? "" : "\nit may be at work on the undo: cdr runs shows it");
    if (strncmp(order->mark->url, "https:", 6) == 0)
        driver_message(driver,
            "its certificate has to be for that address, and of an authority that this machine "
            "trusts; else send POST /v1/runs/ID/undo to it by its name");
    if (err == ERR_REFUSED)
        driver_message(driver,
            "process %" PRId64 " is there; if it is no daemon, remove %s/daemon.json",
            order->mark->pid, directory);
    return EXIT_INTERNAL;
}

enum exit_code daemon_undo(struct driver *driver, const char *directory,
    const struct daemon_mark *mark, const struct undo_order *undo, enum report_format format)
{
    CLEANUP(secret_release) struct secret token = { 0 };
    struct order order = { .driver = driver, .mark = mark, .arena = ARENA_INIT(EVENT_BYTES_MAX) };
    const char *reason = NULL;
    enum err err = admin_token_read(directory, &driver->arena, &token, &reason);
    if (err != ERR_OK) {
        driver_message(driver, "the daemon's token cannot be read: %s",
            reason != NULL ? reason : err_text(err));
        return EXIT_USAGE;
    }
    err = post(&order, secret_bytes(&token), undo, &reason);
    enum exit_code code = err == ERR_OK ? tell_reply(&order, undo->run, format)
                                        : tell_silence(&order, directory, err, reason);
    arena_wipe(&order.arena);
    return code;
}
