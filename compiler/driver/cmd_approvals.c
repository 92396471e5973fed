/* cmd_approvals.c - cdr approvals: what waits for a person.
 *
 * The journal is only read, so that one can look while another cdr is at work.
 */
#include "act/timers.h"
#include "driver/hold_view.h"
#include "driver/json_out.h"
#include "driver/session.h"

#include <inttypes.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL, "those that were answered or ended, too" },
    { OPTION_RULE, OPTION_TEXT, "RULE", NULL, NULL, "only steps of this rule" },
    { OPTION_LAST, OPTION_NUMBER, "N", NULL, NULL, "only the newest N" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "for a person, or one JSON object a line" },
    { 0 },
};

/* What is told, and what there was. */
struct telling {
    struct session *session;
    struct hold_reader reader;
    bool is_whole; /* with the plan in full */
    uint64_t waiting;
    uint64_t unplanned;
    uint64_t settled; /* answered or ended, and the step not gone on with */
};

static void count(struct telling *telling, const struct hold *hold)
{
    if (hold->state == HOLD_OPEN && hold->plan_hash.len > 0)
        telling->waiting++;
    else if (hold->state == HOLD_OPEN)
        telling->unplanned++;
    else if (!hold->is_step_over
             && (hold->state == HOLD_APPROVED || hold->state == HOLD_REJECTED
                 || hold->state == HOLD_EXPIRED))
        telling->settled++;
}

static enum exit_code show(struct telling *telling, const struct hold_view *view)
{
    struct session *session = telling->session;
    struct output *out = &session->driver->out;
    count(telling, &view->hold);
    if (session->reporter.format == REPORT_TEXT) {
        hold_view_text(
            out, view, telling->reader.now_ms, telling->is_whole, session_data_word(session));
        output_add(out, STR("\n"));
        return EXIT_CLEAN;
    }
    json_t *json = hold_view_json(view);
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(session->driver, "writing a hold", err);
}

static enum exit_code tell(struct telling *telling, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    CLEANUP(hold_view_release) struct hold_view view = { .plan = NULL };
    struct session *session = telling->session;
    enum err err = hold_view_read(&telling->reader, id, &arena, &view);
    if (err == ERR_NOT_FOUND) {
        driver_message(session->driver, "there is no hold %" PRId64 " in %s", id, session->data);
        return EXIT_FINDINGS;
    }
    if (err != ERR_OK)
        return session_store_failure(session, "reading a hold", err);
    enum exit_code code = show(telling, &view);
    output_relax(&session->driver->out);
    return code;
}

static enum exit_code tell_given(struct telling *telling, const struct arguments *arguments)
{
    enum exit_code worst = EXIT_CLEAN;
    telling->is_whole = true;
    for (size_t i = 0; i < arguments->operand_count; i++) {
        enum exit_code code = tell(telling, hold_number(arguments->operands[i]));
        if (code > EXIT_FINDINGS)
            return code;
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* The ids of the holds that pass, in *arena. */
static enum err list(struct telling *telling, struct hold_filter filter, struct arena *arena,
    struct hold **ret_holds, size_t *ret_count)
{
    return holds_list(telling->session->store, &filter, arena, ret_holds, ret_count);
}

static int compare_holds(const void *a, const void *b)
{
    const struct hold *left = a;
    const struct hold *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* What waits for somebody, and what was answered and waits for cdr resume; each once, by number. */
static enum err list_waiting(struct telling *telling, str rule, struct arena *arena,
    struct hold **ret_holds, size_t *ret_count)
{
    struct hold *open = NULL;
    struct hold *settled = NULL;
    size_t open_count = 0;
    size_t settled_count = 0;
    TRY(list(
        telling, (struct hold_filter){ .is_open = true, .rule = rule }, arena, &open, &open_count));
    TRY(list(telling, (struct hold_filter){ .is_actionable = true, .rule = rule }, arena, &settled,
        &settled_count));
    struct hold *holds = ARENA_ARRAY(arena, struct hold, open_count + settled_count);
    if (holds == NULL)
        return ERR_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < open_count; i++)
        holds[count++] = open[i];
    for (size_t i = 0; i < settled_count; i++)
        if (settled[i].state != HOLD_OPEN) /* without a plan: open as well */
            holds[count++] = settled[i];
    qsort(holds, count, sizeof *holds, compare_holds);
    *ret_holds = holds;
    *ret_count = count;
    return ERR_OK;
}

static void tell_end(struct telling *telling)
{
    struct session *session = telling->session;
    struct output *out = &session->driver->out;
    const char *data = session_data_word(session);
    if (session->reporter.format != REPORT_TEXT)
        return;
    output_addf(
        out, "%" PRIu64 " wait%s for a person", telling->waiting, telling->waiting == 1 ? "s" : "");
    if (telling->unplanned > 0)
        output_addf(out, ", %" PRIu64 " not planned yet", telling->unplanned);
    if (telling->settled > 0)
        output_addf(out, ", %" PRIu64 " answered or ended", telling->settled);
    output_add(out, STR(".\n"));
    if (telling->unplanned + telling->settled > 0)
        output_addf(out, "The others go on by: cdr resume --data %s\n", data);
}

static enum exit_code tell_all(struct telling *telling, const struct arguments *arguments)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct session *session = telling->session;
    str rule = str_from(option_text(arguments, OPTION_RULE));
    size_t last = option_number(arguments, OPTION_LAST);
    struct hold *holds = NULL;
    size_t total = 0;
    enum err err = option_is_given(arguments, OPTION_ALL)
                       ? list(telling, (struct hold_filter){ .rule = rule }, &arena, &holds, &total)
                       : list_waiting(telling, rule, &arena, &holds, &total);
    if (err != ERR_OK)
        return session_store_failure(session, "reading what waits", err);
    if (total == 0 && session->reporter.format == REPORT_TEXT) {
        output_addf(&session->driver->out, "Nothing in %s waits for a person.\n", session->data);
        return EXIT_CLEAN;
    }
    size_t first = last > 0 && last < total ? total - last : 0;
    for (size_t i = 0; i < first; i++)
        count(telling, &holds[i]);
    for (size_t i = first; i < total; i++) {
        enum exit_code code = tell(telling, holds[i].id);
        if (code != EXIT_CLEAN || session->driver->out.failure != 0)
            return code;
    }
    tell_end(telling);
    return EXIT_CLEAN;
}

static enum exit_code tell_what_is_asked(struct session *session, const struct arguments *arguments)
{
    struct telling telling = { .session = session, .reader = { .store = session->store } };
    enum err err = timers_now(session->store, session->driver->clock, &telling.reader.now_ms);
    enum exit_code code = err != ERR_OK ? session_store_failure(session, "reading the time", err)
                          : arguments->operand_count > 0 ? tell_given(&telling, arguments)
                                                         : tell_all(&telling, arguments);
    hold_reader_release(&telling.reader);
    return code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->operand_count; i++)
        if (hold_number(arguments->operands[i]) == 0)
            return driver_usage(driver, &approvals_command, "%s is not the number of a hold",
                arguments->operands[i]);
    struct session session = { 0 };
    enum exit_code code = session_begin(&session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    if (code == EXIT_CLEAN)
        code = tell_what_is_asked(&session, arguments);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr approvals --data /var/lib/cdr", "what waits for a person" },
    { "cdr approvals 12 --data /var/lib/cdr", "one of them, with the whole plan" },
    { 0 },
};

const struct command approvals_command = {
    .name = "approvals",
    .operands = "[HOLD..]",
    .summary = "steps that wait for a person: what they would do, who may answer, until when",
    .help =
        "A hold is about one plan of one step. When its target is found in another state before\n"
        "the step acts, the hold is void and another one, with the new plan, takes its place.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
