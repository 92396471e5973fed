/* sqlite_backup.c - a copy of the journal while others write to it. */
#include "store/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGES_AT_ONCE = 1024, FILE_MODE = 0600 };

static enum err fail(struct store *store, sqlite3 *copy, int code)
{
    enum err err = store_say(store, copy == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(copy));
    return code == SQLITE_NOMEM ? ERR_MEMORY : err;
}

/* All pages, as the store's own transaction shows them: what others commit meanwhile is not there,
 * and does not make it begin anew. */
static enum err copy_pages(struct store *store, sqlite3 *copy, const volatile int *stop)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
    if (backup == NULL)
        return fail(store, copy, sqlite3_errcode(copy));
    int code = SQLITE_OK;
    while (code == SQLITE_OK && (stop == NULL || *stop == 0))
        code = sqlite3_backup_step(backup, PAGES_AT_ONCE);
    int end = sqlite3_backup_finish(backup);
    if (code == SQLITE_OK)
        return ERR_STOPPED;
    return code == SQLITE_DONE && end == SQLITE_OK
               ? ERR_OK
               : fail(store, copy, end != SQLITE_OK ? end : code);
}

/* Whether the one row that `sql` has is `wanted`. */
static enum err expect(struct store *store, sqlite3 *copy, const char *sql, const char *wanted)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(copy, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    const char *said = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    enum err err = ERR_OK;
    if (said == NULL)
        err = fail(store, copy, code);
    else if (strcmp(said, wanted) != 0)
        err = store_say(store, said);
    sqlite3_finalize(statement);
    return err;
}

/* A copy is one file: not WAL, until it is opened as a journal. What is half written at a power cut
 * is no backup, so only the end is synced. */
static enum err copy_whole(struct store *store, sqlite3 *copy, const volatile int *stop)
{
    sqlite3_extended_result_codes(copy, 1);
    int code = sqlite3_exec(copy, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fail(store, copy, code);
    TRY(copy_pages(store, copy, stop));
    TRY(expect(store, copy, "PRAGMA journal_mode = DELETE", "delete"));
    return expect(store, copy, "PRAGMA integrity_check(1)", "ok");
}

static enum err sync_file(struct store *store, const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : store_say(store, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

enum err store_backup(struct store *store, const char *file, const volatile int *stop)
{
    sqlite3 *copy = NULL;
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return store_say(store, strerror(errno));
    close(fd);
    LOCKED(store);
    int code = sqlite3_open_v2(file, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
    enum err err = code == SQLITE_OK ? copy_whole(store, copy, stop) : fail(store, copy, code);
    code = sqlite3_close(copy);
    if (err == ERR_OK && code != SQLITE_OK)
        err = fail(store, NULL, code);
    if (err == ERR_OK)
        err = sync_file(store, file);
    if (err != ERR_OK)
        unlink(file);
    return err;
}

enum err store_integrity(struct store *store)
{
    LOCKED(store);
    return expect(store, store->db, "PRAGMA integrity_check(1)", "ok");
}
