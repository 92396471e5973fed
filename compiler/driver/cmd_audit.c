/* cmd_audit.c - cdr audit: read the audit log, check it, hand it to other tools.
 *
 * The journal is only read, so that one can look while another cdr is at work. The anchors are
 * read, under their lock, before the journal is opened: none of them can then be of an entry that
 * is not seen yet.
 */
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

enum { ENTRIES_SHOWN = 20, PAGE_ENTRIES = 512, KEYS_BYTES_MAX = 64 * 1024 };

#define ANCHORS_BYTES_MAX ((size_t)1024 * 1024 * 1024)

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

/* The texts that a log is held against, and the lock on the first. */
struct evidence {
    int lock;
    struct buf head;
    struct buf beside;
    struct buf pem;
    struct public_keys keys;
    struct audit_proofs proofs;
};

static void evidence_release(struct evidence *evidence)
{
    if (evidence->lock >= 0)
        close(evidence->lock);
    buf_release(&evidence->head);
    buf_release(&evidence->beside);
    buf_release(&evidence->pem);
    public_keys_release(&evidence->keys);
}

static enum exit_code unreadable(struct driver *driver, const char *path)
{
    driver_message(driver, "%s cannot be read: %s", path, strerror(errno));
    return EXIT_USAGE;
}

static enum exit_code read_head(
    struct evidence *evidence, struct driver *driver, const char *directory)
{
    const char *path = arena_format(&driver->arena, "%s/audit.head", directory);
    if (path == NULL)
        return driver_failure(driver, "reading the anchors", ERR_MEMORY);
    evidence->proofs.head.name = path;
    evidence->lock = anchor_file_open(path, false);
    if (evidence->lock < 0) /* whether there should be one, the journal says */
        return errno == ENOENT || errno == ENOTDIR ? EXIT_CLEAN : unreadable(driver, path);
    if (file_read(path, &evidence->head) != ERR_OK)
        return unreadable(driver, path);
    evidence->proofs.head.text = buf_str(&evidence->head);
    return EXIT_CLEAN;
}

static enum exit_code read_beside(
    struct evidence *evidence, struct driver *driver, const struct arguments *arguments)
{
    const char *path = option_text(arguments, OPTION_ANCHORS);
    if (path == NULL)
        path = audit_places_read().beside;
    if (path == NULL)
        return EXIT_CLEAN;
    if (file_read(path, &evidence->beside) != ERR_OK)
        return unreadable(driver, path);
    evidence->proofs.beside = (struct anchor_text){ path, buf_str(&evidence->beside) };
    return EXIT_CLEAN;
}

/* The public half of the key that signs here. EXIT_FINDINGS: there is none. */
static enum exit_code own_key(struct driver *driver, const char *directory, struct buf *out)
{
    struct signing_key key = { 0 };
    const char *reason = NULL;
    const char *path = audit_places_read().key;
    if (path == NULL)
        path = arena_format(&driver->arena, "%s/audit.key", directory);
    if (path == NULL)
        return driver_failure(driver, "reading the key", ERR_MEMORY);
    enum err err = signing_key_open(&key, path, false, &driver->arena, &reason);
    if (err == ERR_OK)
        err = signing_key_public(&key, out);
    signing_key_release(&key);
    if (err == ERR_NOT_FOUND)
        return EXIT_FINDINGS;
    if (err == ERR_MEMORY)
        return driver_failure(driver, "reading the key", err);
    if (err != ERR_OK)
        driver_message(driver, "%s", reason);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_USAGE;
}

static enum exit_code read_keys(struct evidence *evidence, struct driver *driver,
    const struct arguments *arguments, const char *directory)
{
    const char *given = option_text(arguments, OPTION_KEY);
    if (given != NULL && file_read(given, &evidence->pem) != ERR_OK)
        return unreadable(driver, given);
    enum exit_code code = given == NULL ? own_key(driver, directory, &evidence->pem) : EXIT_CLEAN;
    if (code == EXIT_FINDINGS && evidence->head.len == 0 && evidence->beside.len == 0)
        return EXIT_CLEAN; /* nothing was signed */
    if (code == EXIT_FINDINGS) {
        driver_message(driver,
            "the key that signs in %s is not there; give the public one with --key FILE, as cdr "
            "audit key printed it",
            directory);
        return EXIT_USAGE;
    }
    if (code != EXIT_CLEAN)
        return code;
    enum err err = public_keys_add(&evidence->keys, buf_str(&evidence->pem));
    if (err == ERR_INVALID || err == ERR_LIMIT) {
        driver_message(driver, "%s: no public Ed25519 keys in PEM, as cdr audit key prints one",
            given == NULL ? directory : given);
        return EXIT_USAGE;
    }
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "reading the keys", err);
}

static enum exit_code read_evidence(struct evidence *evidence, struct driver *driver,
    const struct arguments *arguments, const char *directory)
{
    evidence->proofs.keys = &evidence->keys;
    enum exit_code code = read_head(evidence, driver, directory);
    if (code == EXIT_CLEAN)
        code = read_beside(evidence, driver, arguments);
    return code == EXIT_CLEAN ? read_keys(evidence, driver, arguments, directory) : code;
}

static enum exit_code check(
    struct session *session, const struct arguments *arguments, const struct evidence *evidence)
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
    CLEANUP(evidence_release)
    struct evidence evidence = { .lock = -1,
        .head = BUF_INIT(ANCHORS_BYTES_MAX),
        .beside = BUF_INIT(ANCHORS_BYTES_MAX),
        .pem = BUF_INIT(KEYS_BYTES_MAX) };
    enum exit_code code = EXIT_CLEAN;
    if (directory != NULL)
        code = read_evidence(&evidence, driver, arguments, directory);
    if (code == EXIT_CLEAN)
        code = session_begin(session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    if (evidence.lock >= 0)
        close(evidence.lock);
    evidence.lock = -1;
    return code == EXIT_CLEAN ? check(session, arguments, &evidence) : code;
}

/* ---- the command ---- */

static enum exit_code print_key(struct driver *driver, const struct arguments *arguments)
{
    const char *directory = option_text(arguments, OPTION_DATA);
    if (directory == NULL && audit_places_read().key == NULL)
        return driver_usage(
            driver, arguments->command, "cdr audit key needs --data DIR, or CDR_AUDIT_KEY");
    enum exit_code code = own_key(driver, directory, &driver->out.buf);
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
