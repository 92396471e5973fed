/* sqlite.c - opening and closing the journal, and the statements that all its files use.
 *
 * Owns the database, the lock file and the prepared statements. One process at a time carries
 * out steps: the lock file. Others look into the journal, or write down what people say
 * (store_open_beside): who writes waits for the other, for at most the busy timeout.
 */
#include "store/audit.h"
#include "store/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_TIMEOUT_MS = 10000,
    BUSY_TRIES_MIN = 10,
    BUSY_TRY_MS = 20,
    DIRECTORY_MODE = 0700,
    FILE_MODE = 0600
};

static enum err refuse(struct arena *arena, enum err err, const char **reterr_reason,
    const char *directory, const char *what)
{
    const char *reason = arena_format(arena, "%s: %s", directory, what);
    *reterr_reason = reason == NULL ? err_text(ERR_MEMORY) : reason;
    return reason == NULL ? ERR_MEMORY : err;
}

/* Make an entry of a directory survive a power cut. */
static bool directory_sync(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    bool is_synced = fsync(directory) == 0;
    close(directory);
    return is_synced;
}

static bool parent_sync(const char *path, struct arena *arena)
{
    str text = str_from(path);
    while (text.len > 1 && text.ptr[text.len - 1] == '/')
        text.len--;
    size_t slash = str_find_last(text, '/');
    if (slash == text.len)
        return directory_sync(".");
    const char *parent = arena_format(arena, "%.*s/", (int)slash, path);
    return parent != NULL && directory_sync(parent);
}

/* Nobody but us and whom the owner lets in may put files here: a journal that another
 * user can replace decides what undo does. */
static enum err directory_check(
    const char *directory, struct arena *arena, const char **reterr_reason)
{
    struct stat status;
    if (stat(directory, &status) != 0)
        return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return refuse(arena, ERR_IO, reterr_reason, directory, "not a directory");
    if ((status.st_mode & S_IWOTH) != 0)
        return refuse(arena, ERR_IO, reterr_reason, directory,
            "everybody may write here; the journal needs a directory of its own (chmod o-w)");
    return ERR_OK;
}

static enum err directory_prepare(
    const char *directory, struct arena *arena, const char **reterr_reason)
{
    bool is_new = mkdir(directory, DIRECTORY_MODE) == 0;
    if (!is_new && errno != EEXIST)
        return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
    if (is_new && !parent_sync(directory, arena))
        return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
    return directory_check(directory, arena, reterr_reason);
}

/* Open a file of the directory, made with FILE_MODE when it is missing. -1 with errno. */
static int file_open(const char *directory, const char *name, struct arena *arena)
{
    const char *path = arena_format(arena, "%s/%s", directory, name);
    if (path == NULL) {
        errno = ENOMEM;
        return -1;
    }
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

/* Remember which file of the directory this is; one that is not there is not watched. */
static enum err held_note(struct store *store, enum held which, const char *directory)
{
    static const char *const names[] = {
        [HELD_LOCK] = "lock", [HELD_JOURNAL] = "journal.db", [HELD_LOG] = "journal.db-wal"
    };
    struct held_file *held = &store->held[which];
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, names[which]) < 0)
        return ERR_MEMORY;
    struct stat status;
    if (lstat(path, &status) != 0) {
        free(path);
        return ERR_OK;
    }
    *held = (struct held_file){ path, status.st_dev, status.st_ino };
    return ERR_OK;
}

enum err store_is_in_place(struct store *store)
{
    for (const struct held_file *held = store->held; held < store->held + HELD_COUNT; held++) {
        struct stat status;
        if (held->path == NULL)
            continue;
        if (lstat(held->path, &status) != 0 || status.st_dev != held->device
            || status.st_ino != held->inode)
            return store_say(
                store, "the journal was moved or deleted while in use: nothing more is sent");
    }
    return ERR_OK;
}

static enum err lock_take(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason)
{
    store->lock = file_open(directory, "lock", arena);
    if (store->lock < 0)
        return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
    if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno == EWOULDBLOCK)
        return refuse(arena, ERR_BUSY, reterr_reason, directory,
            "another cdr is using this data directory; wait for it or stop it");
    return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
}

/* WAL is asked back: SQLite answers with the mode it has when it cannot change it. */
static enum err wal_begin(struct store *store)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    enum err err = ERR_OK;
    if (code != SQLITE_ROW) {
        err = store_fail(store, code);
    } else if (sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0) {
        err = store_say(store, "this file system cannot hold the journal (no WAL mode of SQLite)");
    }
    sqlite3_finalize(statement);
    return err;
}

/* Wait for another process that writes: whether to try again. All threads wait for it together,
 * since one that waits has the lock of the store: were each to wait its own time, the last of them
 * would wait for all. */
static int wait_for_other(void *self, int tries)
{
    struct store *store = self;
    if (store->busy_ms >= BUSY_TIMEOUT_MS && tries >= BUSY_TRIES_MIN)
        return 0;
    store->busy_ms += BUSY_TRY_MS;
    sqlite3_sleep(BUSY_TRY_MS);
    return 1;
}

/* Open what is there; `flags` is SQLITE_OPEN_READWRITE or SQLITE_OPEN_READONLY. */
static enum err database_connect(struct store *store, const char *path, int flags)
{
    /* Not SQLITE_OPEN_NOFOLLOW: it refuses links on the way to the directory too. That the
     * file itself is none was seen before. */
    if (sqlite3_threadsafe() == 0)
        return store_say(store, "this SQLite was built without threads");
    int code = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
    if (code != SQLITE_OK)
        return store_fail(store, code);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, wait_for_other, store);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return store_exec(store, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
}

static enum err database_open(struct store *store, const char *path)
{
    TRY(database_connect(store, path, SQLITE_OPEN_READWRITE));
    TRY(wal_begin(store));
    TRY(store_exec(store, "PRAGMA synchronous = FULL"));
    /* 16 MiB: what the intake writes in one transaction stays in memory up to its commit. */
    TRY(store_exec(store, "PRAGMA cache_size = -16384"));
    return schema_migrate(store);
}

/* That journal.db is there, and a file of its own. */
static enum err journal_check(
    const char *path, const char *directory, struct arena *arena, const char **reterr_reason)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return refuse(arena, ERR_IO, reterr_reason, directory,
            errno == ENOENT ? "there is no journal here" : strerror(errno));
    if (!S_ISREG(status.st_mode))
        return refuse(arena, ERR_IO, reterr_reason, directory,
            S_ISLNK(status.st_mode) ? "journal.db is a symbolic link, not a file"
                                    : "journal.db is not a file");
    return ERR_OK;
}

/* Make journal.db when it is missing: SQLite would make it readable for everybody. One that is
 * there is only looked at, because to open and close it would drop the locks that this process
 * has on it (POSIX). */
static enum err journal_create(
    const char *directory, struct arena *arena, const char **ret_path, const char **reterr_reason)
{
    const char *path = arena_format(arena, "%s/journal.db", directory);
    if (path == NULL)
        return refuse(arena, ERR_MEMORY, reterr_reason, directory, err_text(ERR_MEMORY));
    *ret_path = path;
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file >= 0) {
        close(file);
        return ERR_OK;
    }
    return errno == EEXIST ? journal_check(path, directory, arena, reterr_reason)
                           : refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
}

/* From here on commits are synced by us, those of all threads together. */
static enum err log_sync_begin(struct store *store, const char *path, struct arena *arena)
{
    const char *log = arena_format(arena, "%s-wal", path);
    if (log == NULL)
        return ERR_MEMORY;
    TRY(syncing_begin(store, log));
    return store_exec(store, "PRAGMA synchronous = NORMAL");
}

static enum err journal_open(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason)
{
    TRY(directory_prepare(directory, arena, reterr_reason));
    TRY(lock_take(store, directory, arena, reterr_reason));
    const char *path = NULL;
    TRY(journal_create(directory, arena, &path, reterr_reason));
    enum err err = database_open(store, path);
    if (err != ERR_OK)
        return refuse(arena, err, reterr_reason, directory, store_error(store));
    err = log_sync_begin(store, path, arena);
    if (err != ERR_OK)
        return refuse(arena, err, reterr_reason, directory, store_error(store));
    if (!directory_sync(directory))
        return refuse(arena, ERR_IO, reterr_reason, directory, strerror(errno));
    if (anchoring_begin(store, directory) != ERR_OK)
        return refuse(arena, ERR_MEMORY, reterr_reason, directory, err_text(ERR_MEMORY));
    for (int which = 0; which < HELD_COUNT; which++)
        if (held_note(store, (enum held)which, directory) != ERR_OK)
            return refuse(arena, ERR_MEMORY, reterr_reason, directory, err_text(ERR_MEMORY));
    return ERR_OK;
}

/* One transaction from here to the close: runs, steps and calls that are read one after
 * the other belong together. It keeps no writer waiting. */
static enum err database_open_reader(struct store *store, const char *path)
{
    store->access = STORE_READS;
    TRY(database_connect(store, path, SQLITE_OPEN_READONLY));
    TRY(store_exec(store, "BEGIN"));
    return schema_expect(store);
}

static enum err database_open_beside(struct store *store, const char *path)
{
    store->access = STORE_TELLS;
    TRY(database_connect(store, path, SQLITE_OPEN_READWRITE));
    TRY(store_exec(store, "PRAGMA synchronous = FULL"));
    return schema_expect(store);
}

/* The journal that is there, by `database`. */
static enum err journal_open_existing(struct store *store,
    enum err (*database)(struct store *store, const char *path), const char *directory,
    struct arena *arena, const char **reterr_reason)
{
    TRY(directory_check(directory, arena, reterr_reason));
    const char *path = arena_format(arena, "%s/journal.db", directory);
    if (path == NULL)
        return refuse(arena, ERR_MEMORY, reterr_reason, directory, err_text(ERR_MEMORY));
    TRY(journal_check(path, directory, arena, reterr_reason));
    enum err err = database(store, path);
    return err == ERR_OK ? ERR_OK
                         : refuse(arena, err, reterr_reason, directory, store_error(store));
}

static enum err journal_open_reader(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason)
{
    return journal_open_existing(store, database_open_reader, directory, arena, reterr_reason);
}

static enum err journal_open_beside(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason)
{
    TRY(journal_open_existing(store, database_open_beside, directory, arena, reterr_reason));
    if (anchoring_begin(store, directory) != ERR_OK)
        return refuse(arena, ERR_MEMORY, reterr_reason, directory, err_text(ERR_MEMORY));
    return ERR_OK;
}

/* `directory` is none: the journal is in memory, private to this connection. */
static enum err journal_open_memory(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason)
{
    enum err err = database_connect(store, directory, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY);
    if (err == ERR_OK)
        err = schema_migrate(store);
    return err == ERR_OK ? ERR_OK
                         : refuse(arena, err, reterr_reason, "in memory", store_error(store));
}

typedef enum err opener(
    struct store *store, const char *directory, struct arena *arena, const char **reterr_reason);

static enum err open_with(opener *journal, const char *directory, struct store_guard *guard,
    struct arena *arena, struct store **ret_store, const char **reterr_reason)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        *reterr_reason = err_text(ERR_MEMORY);
        return ERR_MEMORY;
    }
    store->lock = -1;
    store->guard = guard;
    store->syncing.log = -1;
    pthread_mutex_init(&store->syncing.lock, NULL);
    pthread_cond_init(&store->syncing.done, NULL);
    enum err err = journal(store, directory, arena, reterr_reason);
    if (err != ERR_OK) {
        store_close(store);
        return err;
    }
    store->guard = NULL;
    *ret_store = store;
    return ERR_OK;
}

enum err store_open_guarded(const char *directory, struct store_guard *guard, struct arena *arena,
    struct store **ret_store, const char **reterr_reason)
{
    return open_with(journal_open, directory, guard, arena, ret_store, reterr_reason);
}

enum err store_open(const char *directory, struct arena *arena, struct store **ret_store,
    const char **reterr_reason)
{
    return open_with(journal_open, directory, NULL, arena, ret_store, reterr_reason);
}

enum err store_open_reader(const char *directory, struct arena *arena, struct store **ret_store,
    const char **reterr_reason)
{
    return open_with(journal_open_reader, directory, NULL, arena, ret_store, reterr_reason);
}

enum err store_open_beside(const char *directory, struct arena *arena, struct store **ret_store,
    const char **reterr_reason)
{
    return open_with(journal_open_beside, directory, NULL, arena, ret_store, reterr_reason);
}

enum err store_open_memory(
    struct arena *arena, struct store **ret_store, const char **reterr_reason)
{
    return open_with(journal_open_memory, ":memory:", NULL, arena, ret_store, reterr_reason);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_rollback(store); /* what was not committed, and the lock that it held */
    /* Whoever wants to know how that went has called it before. */
    if (audit_anchor(store) != ERR_OK)
        store->anchoring.failures++;
    anchoring_release(store);
    syncing_end(store);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    /* The last connection writes the log back; what it cannot write stays in the log. */
    sqlite3_close(store->db);
    store->db = NULL;
    store_words_release(store);
    admission_rooms_release(store);
    if (store->lock >= 0)
        close(store->lock);
    for (int which = 0; which < HELD_COUNT; which++)
        free(store->held[which].path);
    free(store);
}

str store_id(const struct store *store)
{
    return str_from(store->id);
}
