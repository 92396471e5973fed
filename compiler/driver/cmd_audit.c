/* cmd_audit.c - cdr audit: read the audit log, check it, hand it to other tools.
 *
 * The journal is only read, so that one can look while another cdr is at work. The anchors are
 * read, under their lock, before the journal is opened: none of them can then be of an entry that
 * is not seen yet.
 */
#include "driver/audit_evidence.h"
#include "driver/audit_export.h"
#include "driver/audit_places.h"
#include "driver/audit_report.h"
#include "driver/files.h"
#include "driver/session.h"

#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENTRIES_SHOWN = 20, PAGE_ENTRIES = 512 };

enum { FORM_TEXT, FORM_JSON, FORM_NDJSON, FORM_OCSF }; /* in the order of the option's choices */

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the journal that the log is in" },
    { OPTION_KEY, OPTION_TEXT, "FILE", NULL, NULL,
        "verify: public keys that signed the anchors, in PEM; else that of DIR/audit.key" },
    { OPTION_ANCHORS, OPTION_TEXT, "FILE", NULL, NULL,
        "verify: the second place that anchors were written to" },
    { OPTION_SINCE, OPTION_TEXT, "TIME|N", NULL, NULL,
        "export: from this time, or this entry, on" },
    { OPTION_LAST, OPTION_NUMBER, "N", NULL, NULL, "the newest N entries (20)" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json ndjson ocsf", "text",
        "text or json; export: ndjson or ocsf" },
    { 0 },
};

/* ---- entries one after the other ---- */

/* From which entries on; both count. */
struct since {
    int64_t seq;
    int64_t at_ms; /* INT64_MIN: any */
};

typedef enum err tell_entry(
    struct session *session, const struct audit_row *row, const struct audit_said *said);

static enum err tell_page(struct session *session, const struct since *since, tell_entry *tell,
    int64_t *after, bool *ret_more)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct audit_row *rows;
    size_t count;
    TRY(audit_page(session->store, *after, PAGE_ENTRIES, &arena, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct audit_said said;
        enum err err = audit_text_read(rows[i].text, &arena, &said);
        if (err == ERR_JSON)
            driver_message(session->driver,
                "entry %" PRId64 " cannot be read and is left out; look with: cdr audit verify",
                rows[i].seq);
        else if (err == ERR_OK && said.entry.at_ms >= since->at_ms)
            err = tell(session, &rows[i], &said);
        if (err == ERR_JSON)
            err = ERR_OK;
        TRY(err);
        *after = rows[i].seq;
        output_relax(&session->driver->out);
    }
    *ret_more = count == PAGE_ENTRIES && session->driver->out.failure == 0;
    return ERR_OK;
}

static enum exit_code tell_entries(
    struct session *session, const struct since *since, tell_entry *tell)
{
    int64_t after = since->seq - 1;
    for (bool is_more = true; is_more;) {
        enum err err = tell_page(session, since, tell, &after, &is_more);
        if (err != ERR_OK)
            return session_store_failure(session, "reading the audit log", err);
    }
    return EXIT_CLEAN;
}

static enum err tell_text(
    struct session *session, const struct audit_row *row, const struct audit_said *said)
{
    (void)row;
    audit_entry_text(&session->driver->out, said);
    return ERR_OK;
}

static enum err tell_ndjson(
    struct session *session, const struct audit_row *row, const struct audit_said *said)
{
    (void)said;
    return audit_export_ndjson(row, &session->driver->out.buf);
}

static enum err tell_ocsf(
    struct session *session, const struct audit_row *row, const struct audit_said *said)
{
    (void)said;
    return audit_export_ocsf(row, store_id(session->store), &session->driver->out.buf);
}

static enum exit_code list(struct session *session, const struct arguments *arguments)
{
    struct audit_row newest;
    uint32_t last = option_number(arguments, OPTION_LAST);
    int form = option_choice(arguments, OPTION_FORMAT);
    enum err err = audit_last(session->store, &newest);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the audit log", err);
    if (newest.seq == 0 && form == FORM_TEXT)
        output_addf(&session->driver->out, "Nothing was decided in %s yet.\n", session->data);
    struct since since = { newest.seq + 1 - (last > 0 ? last : ENTRIES_SHOWN), INT64_MIN };
    return tell_entries(session, &since, form == FORM_TEXT ? tell_text : tell_ndjson);
}

/* ---- export ---- */

/* A number is that of an entry, anything else a time. */
static bool since_read(const char *text, struct since *ret_since)
{
    *ret_since = (struct since){ 1, INT64_MIN };
    if (text == NULL)
        return true;
    if (*text != '\0' && strspn(text, "0123456789") == strlen(text)) {
        errno = 0;
        ret_since->seq = strtoll(text, NULL, 10);
        return errno == 0 && ret_since->seq > 0;
    }
    return time_parse(str_from(text), &ret_since->at_ms);
}

static enum exit_code export(struct session *session, const struct arguments *arguments) {
    struct since since; int form = option_choice(arguments, OPTION_FORMAT);
    if (!since_read(option_text(arguments, OPTION_SINCE), &since)) return driver_usage(
        session->driver, arguments->command,
        "--since %s is neither the number of an entry nor a time like 2026-01-31T10:00:00Z",
        option_text(arguments, OPTION_SINCE));
    return tell_entries(session, &since, form == FORM_OCSF ? tell_ocsf : tell_ndjson);
}

/* ---- verify ---- */

static enum exit_code check(struct session *session, const struct arguments *arguments,
    const struct audit_evidence *evidence)
{
    struct audit_report report;
    struct driver *driver = session->driver;
    enum err err = audit_check(session->store, &evidence->proofs, &driver->arena, &report);
    if (err != ERR_OK)
        return session_store_failure(session, "checking the audit log", err);
    if (option_choice(arguments, OPTION_FORMAT) == FORM_JSON)
        audit_report_json(&driver->out, &report);
    else
        audit_report_text(&driver->out, session->data, &report);
    return report.found == 0 ? EXIT_CLEAN : EXIT_FINDINGS;
}

static enum exit_code verify(
    struct session *session, struct driver *driver, const struct arguments *arguments)
{
    const char *directory = option_text(arguments, OPTION_DATA);
    const char *beside = option_text(arguments, OPTION_ANCHORS);
    struct audit_sources sources = { .directory = directory,
        .key = option_text(arguments, OPTION_KEY),
        .beside = beside == NULL ? audit_places_read().beside : beside };
    CLEANUP(audit_evidence_release) struct audit_evidence evidence = { .lock = -1 };
    enum exit_code code = EXIT_CLEAN;
    if (directory != NULL)
        code = audit_evidence_read(&evidence, driver, &sources);
    if (code == EXIT_CLEAN)
        code = session_begin(session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    audit_evidence_unlock(&evidence);
    return code == EXIT_CLEAN ? check(session, arguments, &evidence) : code;
}

/* ---- the command ---- */

static enum exit_code print_key(struct driver *driver, const struct arguments *arguments)
{
    const char *directory = option_text(arguments, OPTION_DATA);
    if (directory == NULL && audit_places_read().key == NULL)
        return driver_usage(
            driver, arguments->command, "cdr audit key needs --data DIR, or CDR_AUDIT_KEY");
    enum exit_code code = audit_own_key(driver, directory, &driver->out.buf);
    if (code != EXIT_FINDINGS)
        return code;
    driver_message(driver, "there is no key yet: it is made with the first entry of the log");
    return EXIT_USAGE;
}

static enum exit_code read_with(struct session *session, struct driver *driver,
    const struct arguments *arguments,
    enum exit_code (*tell)(struct session *session, const struct arguments *arguments))
{
    enum exit_code code = session_begin(session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    return code == EXIT_CLEAN ? tell(session, arguments) : code;
}

/* A form that the command line asks for and the action has not. */
static bool is_other_form(const struct arguments *arguments, bool is_export)
{
    return option_is_given(arguments, OPTION_FORMAT)
           && option_from(arguments, OPTION_FORMAT) == FROM_COMMAND_LINE
           && is_export != (option_choice(arguments, OPTION_FORMAT) >= FORM_NDJSON);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    struct session session = { 0 };
    str action = arguments->operand_count == 0 ? STR("") : str_from(arguments->operands[0]);
    bool is_export = str_is(action, "export");
    enum exit_code code;
    if (arguments->operand_count > 1)
        return driver_usage(driver, arguments->command, "one of verify, export and key, so not %s",
            arguments->operands[1]);
    if (str_is(action, "key"))
        return print_key(driver, arguments);
    if (is_other_form(arguments, is_export))
        return driver_usage(driver, arguments->command,
            is_export ? "an export is --format ndjson or ocsf"
                      : "--format %s is for cdr audit export",
            option_text(arguments, OPTION_FORMAT));
    if (str_is(action, "verify"))
        code = verify(&session, driver, arguments);
    else if (is_export)
        code = read_with(&session, driver, arguments, export);
    else if (action.len == 0)
        code = read_with(&session, driver, arguments, list);
    else
        return driver_usage(driver, arguments->command,
            "cdr audit %s: there are cdr audit, cdr audit verify, export and key",
            arguments->operands[0]);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr audit --data /var/lib/cdr --last 5", "the newest five entries" },
    { "cdr audit verify --data /var/lib/cdr --key audit.pub", "whether anybody changed the log" },
    { "cdr audit export --data /var/lib/cdr --format ocsf --since 2026-01-31T00:00:00Z",
        "what a SIEM reads" },
    { 0 },
};

const struct command audit_command = {
    .name = "audit",
    .operands = "[verify|export|key]",
    .summary = "what was decided, by whom and why; and whether that log was changed",
    .help =
        "Every decision is an entry: it names the one before by its hash, and the newest is\n"
        "signed and written to DIR/audit.head now and then. `verify` finds an entry that was\n"
        "edited, taken out, put in or moved, an end that was cut off, and a journal that says\n"
        "otherwise than the log, up to the last anchor. It ends with 0 when all is whole and with\n"
        "1 when it is not. `key` prints the public key for it: keep that somewhere else.\n\n"
        "CDR_AUDIT_KEY=FILE keeps the key that signs, and CDR_AUDIT_ANCHOR=FILE a second copy of\n"
        "the anchors, outside of DIR. Who owns DIR and the key can sign another log; only a copy\n"
        "of the anchors that is out of reach shows that. docs/audit.md has more.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
