/* cmd_deadletter.c - cdr deadletter: alerts that could not be evaluated, and what becomes of them.
 *
 * Those of a daemon are in its journal, which is read, and told what to do, while the daemon is at
 * work. Those of `cdr run` are lines of DIR/dead-letter.ndjson, called FILE:LINE: whoever wrote the
 * file that they stood in has them still, so they are only told.
 */
#include "base/time.h"
#include "driver/dead_letters_read.h"
#include "driver/session.h"
#include "host/person.h"
#include "store/alerts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the data directory" },
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL, "retry: all of the journal's" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "drop: why; for the audit log" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "for a person, or one JSON object a line" },
    { 0 },
};

enum { PERSON_BYTES_MAX = 64 * 1024, PAGE_ALERTS = 500 };

/* "7"; 0 when it is no number from 1. */
static int64_t number_of(const char *word)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(word, &end, 10);
    return errno != 0 || *word < '0' || *word > '9' || *end != '\0' ? 0 : (int64_t)number;
}

/* ---- telling ---- */

static enum exit_code tell_json(struct session *session, json_t *json)
{
    enum err err = json_add_line(&session->driver->out.buf, json);
    json_decref(json);
    output_relax(&session->driver->out);
    return err == ERR_OK ? EXIT_CLEAN
                         : driver_failure(session->driver, "writing a dead letter", err);
}

static json_t *alert_json(const struct alert_record *alert, bool is_whole)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, alert->id);
    json_t *json = json_object();
    json_put(&json, "id", json_from_text(id));
    json_put(&json, "way", json_from_str(alert->way));
    json_put(&json, "source", json_or_null(alert->forced_source));
    json_put(&json, "received", json_from_moment(alert->received_ms));
    json_put(&json, "attempts", json_integer(alert->attempts));
    json_put(&json, "copies", json_integer((json_int_t)alert->copies));
    json_put(&json, "sha256", json_from_str(alert->digest));
    json_put(&json, "reason", json_from_str(alert->reason));
    if (is_whole)
        json_put(&json, "text", json_from_str(alert->text));
    return json;
}

static json_t *letter_json(const struct kept_letter *letter, bool is_whole)
{
    json_t *json = json_object();
    json_put(&json, "id", json_from_str(letter->place));
    json_put(&json, "way", json_from_text("cdr run"));
    json_put(&json, "received", json_from_moment(letter->received_ms));
    json_put(&json, "reason", json_from_str(letter->reason));
    if (is_whole)
        json_put(&json, letter->is_cut ? "beginning" : "text", json_from_str(letter->text));
    return json;
}

/* "17  2026-01-02T03:04:05Z  webhook hook  the reason", and under it the text. */
static void tell_text(
    struct output *out, str id, int64_t received_ms, str way, str reason, const str *text)
{
    char when[TIME_TEXT_MAX];
    output_styled(out, STYLE_BOLD, id);
    output_addf(out, "  %s  ", time_format(received_ms, when).ptr);
    output_text(out, way);
    output_add(out, STR("\n    "));
    output_text(out, reason);
    output_add(out, STR("\n"));
    if (text != NULL) {
        output_add(out, STR("    "));
        output_text(out, *text);
        output_add(out, STR("\n"));
    }
    output_relax(out);
}

static enum exit_code tell_alert(
    struct session *session, const struct alert_record *alert, bool is_whole)
{
    char id[24];
    if (session->reporter.format == REPORT_JSON)
        return tell_json(session, alert_json(alert, is_whole));
    snprintf(id, sizeof id, "%" PRId64, alert->id);
    tell_text(&session->driver->out, str_from(id), alert->received_ms, alert->way, alert->reason,
        is_whole ? &alert->text : NULL);
    return EXIT_CLEAN;
}

static enum exit_code tell_letter(
    struct session *session, const struct kept_letter *letter, bool is_whole)
{
    if (session->reporter.format == REPORT_JSON)
        return tell_json(session, letter_json(letter, is_whole));
    tell_text(&session->driver->out, letter->place, letter->received_ms, STR("cdr run"),
        letter->reason, is_whole ? &letter->text : NULL);
    return EXIT_CLEAN;
}

/* ---- list and show ---- */

/* Tell the letters of `cdr run`: all of them briefly, or (`place` not NULL) those that stood there
 * with their text. */
static enum exit_code tell_letters(struct session *session, const char *place, uint64_t *count)
{
    struct letters *letters = NULL;
    struct kept_letter letter;
    enum exit_code code = EXIT_CLEAN;
    enum err err = letters_open_reader(session->data, &letters);
    if (err == ERR_IO) {
        driver_message(session->driver, "%s/dead-letter.ndjson cannot be read: %s", session->data,
            strerror(errno));
        return EXIT_USAGE;
    }
    if (err != ERR_OK)
        return driver_failure(session->driver, "reading dead letters", err);
    while (letters != NULL && code == EXIT_CLEAN && letters_next(letters, &letter)) {
        if (place != NULL && !str_is(letter.place, place))
            continue;
        code = tell_letter(session, &letter, place != NULL);
        ++*count;
    }
    if (letters != NULL && letters_unreadable(letters) > 0)
        driver_message(session->driver,
            "%" PRIu64 " lines of %s/dead-letter.ndjson are no dead letters and are left out",
            letters_unreadable(letters), session->data);
    letters_close(letters);
    return code;
}

typedef enum exit_code each_alert(struct session *session, const struct alert_record *alert);

/* Every dead alert of the journal, if there is one, a page at a time. */
static enum exit_code each_dead(struct session *session, each_alert *each, uint64_t *count)
{
    struct alert_filter filter = { .most = PAGE_ALERTS, .is_of_state = true, .state = ALERT_DEAD };
    for (bool is_more = session->store != NULL; is_more;) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
        struct alert_record *alerts = NULL;
        size_t found = 0;
        enum err err = alerts_list(session->store, &filter, &arena, &alerts, &found);
        if (err != ERR_OK)
            return session_store_failure(session, "reading dead letters", err);
        for (size_t i = 0; i < found; i++) {
            enum exit_code code = each(session, &alerts[i]);
            if (code != EXIT_CLEAN)
                return code;
            filter.after = alerts[i].id;
        }
        *count += found;
        is_more = found == PAGE_ALERTS;
    }
    return EXIT_CLEAN;
}

static enum exit_code tell_briefly(struct session *session, const struct alert_record *alert)
{
    return tell_alert(session, alert, false);
}

static enum exit_code list(struct session *session)
{
    uint64_t count = 0;
    enum exit_code code = each_dead(session, tell_briefly, &count);
    if (code == EXIT_CLEAN)
        code = tell_letters(session, NULL, &count);
    if (code == EXIT_CLEAN && count == 0 && session->reporter.format == REPORT_TEXT)
        output_addf(&session->driver->out, "There are no dead letters in %s.\n", session->data);
    return code;
}

static enum exit_code missing(struct session *session, const char *word)
{
    driver_message(session->driver, "there is no dead letter %s in %s", word, session->data);
    return EXIT_FINDINGS;
}

static enum exit_code show(struct session *session, const char *word, str reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct alert_record alert;
    uint64_t count = 0;
    int64_t id = number_of(word);
    (void)reason;
    if (id == 0) {
        enum exit_code code = tell_letters(session, word, &count);
        return code == EXIT_CLEAN && count == 0 ? missing(session, word) : code;
    }
    enum err err =
        session->store == NULL ? ERR_NOT_FOUND : alerts_get(session->store, id, &arena, &alert);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && alert.state != ALERT_DEAD))
        return missing(session, word);
    return err == ERR_OK ? tell_alert(session, &alert, true)
                         : session_store_failure(session, "reading a dead letter", err);
}

/* ---- retry and drop ---- */

/* What was decided of one, told. */
static enum exit_code told(
    struct session *session, int64_t id, const char *word, const char *what, enum err err)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, id);
    if (err == ERR_NOT_FOUND || err == ERR_INVALID)
        return missing(session, word == NULL ? number : word);
    if (err != ERR_OK)
        return session_store_failure(session, "deciding about a dead letter", err);
    if (session->reporter.format != REPORT_JSON) {
        output_addf(&session->driver->out, "alert %s %s\n", number, what);
        return EXIT_CLEAN;
    }
    json_t *json = json_object();
    json_put(&json, "id", json_from_text(number));
    json_put(&json, "state", json_from_text(what));
    return tell_json(session, json);
}

static enum err revive(struct session *session, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(PERSON_BYTES_MAX);
    struct clock *clock = session->driver->clock;
    const char *who = person_name(&arena);
    return who == NULL ? ERR_MEMORY
                       : alerts_revive(session->store, id, clock->now_ms(clock), str_from(who));
}

static enum exit_code retry(struct session *session, const char *word, str reason)
{
    int64_t id = number_of(word);
    (void)reason;
    return told(session, id, word, "waits", id == 0 ? ERR_NOT_FOUND : revive(session, id));
}

static enum exit_code retry_one(struct session *session, const struct alert_record *alert)
{
    return told(session, alert->id, NULL, "waits", revive(session, alert->id));
}

static enum exit_code drop(struct session *session, const char *word, str reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(PERSON_BYTES_MAX);
    struct clock *clock = session->driver->clock;
    int64_t id = number_of(word);
    const char *who = person_name(&arena);
    enum err err = who == NULL ? ERR_MEMORY : ERR_NOT_FOUND;
    if (id != 0 && who != NULL)
        err = alerts_drop(session->store, id, clock->now_ms(clock), str_from(who), reason);
    return told(session, id, word, "dropped", err);
}

/* ---- the command ---- */

typedef enum exit_code about_one(struct session *session, const char *word, str reason);

/* What may follow `cdr deadletter`. */
static const struct action {
    const char *name;
    about_one *one; /* NULL: it is about all */
    bool may_be_all;
    bool needs_reason;
    enum journal_need need;
} actions[] = {
    { "list", NULL, true, false, JOURNAL_READ },
    { "show", show, false, false, JOURNAL_READ },
    { "retry", retry, true, false, JOURNAL_BESIDE },
    { "drop", drop, false, true, JOURNAL_BESIDE },
};

/* Without a word it is list. */
static const struct action *action_find(const struct arguments *arguments)
{
    if (arguments->operand_count == 0)
        return &actions[0];
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (str_is(str_from(arguments->operands[0]), actions[i].name))
            return &actions[i];
    return NULL;
}

/* EXIT_CLEAN, or what is wrong, told. */
static enum exit_code check(struct driver *driver, const struct arguments *arguments,
    const struct action *action, bool is_all)
{
    size_t words = arguments->operand_count == 0 ? 0 : arguments->operand_count - 1;
    if (action == NULL)
        return driver_usage(driver, arguments->command,
            "cdr deadletter %s: there are list, show, retry and drop", arguments->operands[0]);
    if (action->one == NULL && words > 0)
        return driver_usage(driver, arguments->command,
            "list is about all of them; one is told by: cdr deadletter show %s",
            arguments->operands[1]);
    if (is_all && !action->may_be_all)
        return driver_usage(
            driver, arguments->command, "%s is about those that are named", action->name);
    if (action->one != NULL && (words == 0) != is_all)
        return driver_usage(driver, arguments->command,
            is_all ? "either --all or numbers" : "which one? cdr deadletter list has their names");
    if (action->needs_reason && option_text(arguments, OPTION_REASON) == NULL)
        return driver_usage(driver, arguments->command,
            "an alert that is dropped is gone: say why, with --reason TEXT");
    return EXIT_CLEAN;
}

/* `cdr run` keeps letters also where there is no journal. */
static enum journal_need need_of(
    struct driver *driver, const struct arguments *arguments, const struct action *action)
{
    const char *data = option_text(arguments, OPTION_DATA);
    const char *journal = arena_format(&driver->arena, "%s/journal.db", data == NULL ? "" : data);
    const char *letters =
        arena_format(&driver->arena, "%s/dead-letter.ndjson", data == NULL ? "" : data);
    return data != NULL && action->need == JOURNAL_READ && journal != NULL && letters != NULL
                   && access(journal, F_OK) != 0 && access(letters, F_OK) == 0
               ? JOURNAL_NONE
               : action->need;
}

static enum exit_code act(
    struct session *session, const struct arguments *arguments, const struct action *action)
{
    str reason = str_from(option_text(arguments, OPTION_REASON));
    uint64_t count = 0;
    enum exit_code found = EXIT_CLEAN;
    if (action->one == NULL)
        return list(session);
    if (arguments->operand_count < 2)
        return each_dead(session, retry_one, &count);
    for (size_t i = 1; i < arguments->operand_count; i++) {
        enum exit_code code = action->one(session, arguments->operands[i], reason);
        if (code > EXIT_FINDINGS)
            return code;
        found = code > found ? code : found; /* the others are dealt with all the same */
    }
    return found;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    struct session session = { 0 };
    bool is_all = option_is_given(arguments, OPTION_ALL);
    const struct action *action = action_find(arguments);
    enum exit_code code = check(driver, arguments, action, is_all);
    if (code != EXIT_CLEAN)
        return code;
    enum journal_need need = need_of(driver, arguments, action);
    code = session_begin(
        &session, driver, arguments, need == JOURNAL_NONE ? MODE_PLAN : MODE_APPLY, need);
    if (code == EXIT_CLEAN)
        code = act(&session, arguments, action);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr deadletter --data /var/lib/cdr", "what was set aside, and why" },
    { "cdr deadletter retry 17 --data /var/lib/cdr", "alert 17 is evaluated again" },
    { "cdr deadletter drop 17 18 --reason \"a fuzzer of ours\" --data /var/lib/cdr",
        "two of them will not be" },
    { 0 },
};

const struct command deadletter_command = {
    .name = "deadletter",
    .operands = "[list|show|retry|drop] [ID..]",
    .summary = "alerts that could not be evaluated: look at them, try again, or drop them",
    .help =
        "The daemon sets an alert aside that it could not evaluate in three attempts, and goes on\n"
        "with the others. `retry` has it evaluated again, with no attempts counted; `drop` "
        "deletes\n"
        "it, text and all. Both are entries of the audit log, and work beside a running daemon.\n"
        "What `cdr run` could not read is in DIR/dead-letter.ndjson; list and show tell it too, "
        "as\n"
        "FILE:LINE.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
