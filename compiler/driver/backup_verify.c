/* backup_verify.c - see backup.h: whether a copy of a journal may be relied on. */
#include "driver/backup.h"

#include "driver/audit_evidence.h"
#include "driver/audit_report.h"
#include "store/resumable.h"

static enum exit_code tell_store(
    struct driver *driver, const char *called, struct store *store, enum err err)
{
    driver_message(driver, "%s: %s", called, err == ERR_STORE ? store_error(store) : err_text(err));
    return err == ERR_MEMORY ? EXIT_INTERNAL : EXIT_FINDINGS;
}

static enum exit_code check(struct driver *driver, struct store *store, const char *called,
    const struct audit_evidence *evidence, struct backup_look *ret_look)
{
    struct audit_report report;
    struct run *runs;
    size_t open;
    enum err err = store_integrity(store);
    if (err == ERR_OK)
        err = audit_check(store, &evidence->proofs, &driver->arena, &report);
    if (err == ERR_OK)
        err = store_open_runs(store, &driver->arena, &runs, &open);
    if (err != ERR_OK)
        return tell_store(driver, called, store, err);
    if (report.found > 0) {
        audit_report_text(&driver->log, called, &report);
        output_flush(&driver->log);
        return EXIT_FINDINGS;
    }
    *ret_look = (struct backup_look){ .open = open, .entries = report.entries };
    return EXIT_CLEAN;
}

enum exit_code backup_verify(
    struct driver *driver, const char *directory, const char *called, struct backup_look *ret_look)
{
    CLEANUP(audit_evidence_release) struct audit_evidence evidence = { .lock = -1 };
    struct audit_sources sources = { .directory = directory };
    struct store *store = NULL;
    const char *reason = NULL;
    enum exit_code code = audit_evidence_read(&evidence, driver, &sources);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = store_open_reader(directory, &driver->arena, &store, &reason);
    audit_evidence_unlock(&evidence);
    if (err == ERR_OK)
        code = check(driver, store, called, &evidence, ret_look);
    else {
        driver_message(driver, "%s: %s", called, reason == NULL ? err_text(err) : reason);
        code = err == ERR_MEMORY ? EXIT_INTERNAL : EXIT_FINDINGS;
    }
    store_close(store);
    return code;
}
