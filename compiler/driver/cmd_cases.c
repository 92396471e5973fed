/* cmd_cases.c - cdr cases: what belongs together, all of it.
 *
 * Like cdr runs it only reads, so that one can look while `cdr run` is at work.
 */
#include "driver/case_story.h"
#include "driver/json_out.h"
#include "driver/session.h"

#include <errno.h>
#include <stdlib.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_LAST, OPTION_NUMBER, "N", NULL, NULL, "only the newest N cases" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a story, or one JSON object a line" },
    { 0 },
};

static enum exit_code tell(struct session *session, const struct case_record *record)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct output *out = &session->driver->out;
    struct case_story story;
    enum err err = case_story_read(session->store, record, &arena, &story);
    if (err != ERR_OK)
        return session_store_failure(session, "reading a case", err);
    if (session->reporter.format == REPORT_JSON) {
        json_t *json = case_story_json(&story);
        err = json_add_line(&out->buf, json);
        json_decref(json);
        return err == ERR_OK ? EXIT_CLEAN : driver_failure(session->driver, "writing a case", err);
    }
    case_story_text(out, &story, session_data_word(session));
    output_add(out, STR("\n"));
    return EXIT_CLEAN;
}

/* "7"; 0 when it is no number from 1. */
static int64_t case_number(const char *word)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(word, &end, 10);
    return errno != 0 || *word == '\0' || *end != '\0' || number < 1 ? 0 : (int64_t)number;
}

static enum exit_code tell_one(struct session *session, const char *word)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct case_record record;
    int64_t id = case_number(word);
    enum err err = id == 0 ? ERR_NOT_FOUND : cases_get(session->store, id, &arena, &record);
    if (err == ERR_NOT_FOUND) {
        driver_message(session->driver, "there is no case %s in %s", word, session->data);
        return EXIT_FINDINGS;
    }
    return err == ERR_OK ? tell(session, &record)
                         : session_store_failure(session, "reading a case", err);
}

static enum exit_code tell_all(struct session *session, uint32_t last)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct case_record *records = NULL;
    size_t count = 0;
    enum exit_code code = EXIT_CLEAN;
    enum err err = cases_list(session->store, last, &arena, &records, &count);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the cases", err);
    if (count == 0 && session->reporter.format == REPORT_TEXT)
        output_addf(&session->driver->out, "There is no case in %s yet.\n", session->data);
    for (size_t i = 0; i < count && code == EXIT_CLEAN && session->driver->out.failure == 0; i++) {
        code = tell(session, &records[i]);
        output_relax(&session->driver->out);
    }
    return code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    struct session session = { 0 };
    enum exit_code found = EXIT_CLEAN;
    enum exit_code code = session_begin(&session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    if (code == EXIT_CLEAN && arguments->operand_count == 0)
        code = tell_all(&session, option_number(arguments, OPTION_LAST));
    for (size_t i = 0; i < arguments->operand_count && code == EXIT_CLEAN; i++) {
        enum exit_code one = tell_one(&session, arguments->operands[i]);
        if (one == EXIT_FINDINGS)
            found = one; /* the others are told all the same */
        else
            code = one;
    }
    session_release(&session);
    return code == EXIT_CLEAN ? found : code;
}

static const struct example examples[] = {
    { "cdr cases --data /var/lib/cdr --last 5", "the newest five cases" },
    { "cdr cases 7 --data /var/lib/cdr", "one case with all of its alerts, steps and evidence" },
    { 0 },
};

const struct command cases_command = {
    .name = "cases",
    .operands = "[CASE..]",
    .summary = "alerts about the same thing within a day, with their runs, steps and evidence",
    .help = "Alerts that a rule fired for and that share an instance, role, access key, security\n"
            "group, host or user id are one case, as long as each comes within a day of the one\n"
            "before. Names and addresses join nothing: whoever writes an alert chooses them.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
