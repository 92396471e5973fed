/* cmd_backup.c - cdr backup: the journal and its audit log as one file, while others work. */
#include "driver/audit_evidence.h"
#include "driver/backup.h"
#include "driver/files.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "what is to be saved" },
    { OPTION_FORCE, OPTION_FLAG, NULL, NULL, NULL, "put it in the place of FILE" },
    { 0 },
};

/* A backup in the making: in a folder beside the file, so that the file is there whole or not. */
struct saving {
    struct driver *driver;
    const char *data;
    const char *file;
    const char *parent; /* where it will be */
    char *folder;
    struct backup backup;
    struct backup_look look;
};

static enum exit_code tell(struct driver *driver, const char *path, const char *why)
{
    driver_message(driver, "%s: %s", path, why);
    return EXIT_USAGE;
}

/* The directory that a file is in, ending in "/". */
static const char *folder_of(const char *file, struct arena *arena)
{
    str name = str_from(file);
    size_t slash = str_find_last(name, '/');
    return slash == name.len ? "./" : arena_copy(arena, str_first(name, slash + 1)).ptr;
}

static enum exit_code make_folder(struct saving *saving)
{
    struct arena *arena = &saving->driver->arena;
    saving->parent = folder_of(saving->file, arena);
    if (saving->parent == NULL
        || asprintf(&saving->folder, "%s.cdr-backup-XXXXXX", saving->parent) < 0) {
        saving->folder = NULL;
        return driver_failure(saving->driver, "making the backup", ERR_MEMORY);
    }
    if (mkdtemp(saving->folder) != NULL)
        return EXIT_CLEAN;
    free(saving->folder);
    saving->folder = NULL;
    return tell(saving->driver, saving->parent, strerror(errno));
}

/* What is left of it, if anything. */
static void saving_release(struct saving *saving)
{
    if (saving->folder == NULL)
        return;
    for (int at = 0; at < PART_COUNT; at++) {
        const char *path =
            backup_part_path(saving->folder, (enum backup_part_id)at, &saving->driver->arena);
        if (path != NULL)
            unlink(path);
    }
    rmdir(saving->folder);
    free(saving->folder);
    saving->folder = NULL;
}

/* Write a part that is small. */
static enum exit_code save_text(struct saving *saving, enum backup_part_id part, str text)
{
    const char *path = backup_part_path(saving->folder, part, &saving->driver->arena);
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct output file = { .fd = fd, .buf = BUF_INIT(text.len + 1) };
    output_add(&file, text);
    bool is_well = fd >= 0 && output_flush(&file) && fsync(fd) == 0;
    int reason = file.failure != 0 ? file.failure : errno;
    output_release(&file);
    if (fd >= 0)
        close(fd);
    return is_well ? EXIT_CLEAN : tell(saving->driver, saving->parent, strerror(reason));
}

/* The key that signs, unless it is kept elsewhere: without it a restored journal could not go on
 * with its log. */
static enum exit_code save_key(struct saving *saving)
{
    enum { KEY_BYTES_MAX = 64 * 1024 };
    CLEANUP(buf_release) struct buf text = BUF_INIT(KEY_BYTES_MAX);
    const char *path = backup_part_path(saving->data, PART_KEY, &saving->driver->arena);
    enum err err = path == NULL ? ERR_MEMORY : file_read(path, &text);
    if (err == ERR_IO && errno == ENOENT)
        return EXIT_CLEAN;
    if (err == ERR_IO)
        return tell(saving->driver, path, strerror(errno));
    return err == ERR_OK ? save_text(saving, PART_KEY, buf_str(&text))
                         : driver_failure(saving->driver, path, err);
}

static enum exit_code save_journal(struct saving *saving, struct store *store)
{
    struct driver *driver = saving->driver;
    const char *path = backup_part_path(saving->folder, PART_JOURNAL, &driver->arena);
    saving->backup.store = arena_copy(&driver->arena, store_id(store));
    if (path == NULL || saving->backup.store.ptr == NULL)
        return driver_failure(driver, "copying the journal", ERR_MEMORY);
    enum err err = store_backup(store, path, driver->stop);
    if (err == ERR_STORE)
        return tell(driver, saving->file, store_error(store));
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "copying the journal", err);
}

/* Anchors first, and none is added until the journal's moment is chosen: so the two agree. */
static enum exit_code save_parts(struct saving *saving)
{
    struct driver *driver = saving->driver;
    CLEANUP(audit_evidence_release) struct audit_evidence evidence = { .lock = -1 };
    struct audit_sources sources = { .directory = saving->data };
    struct store *store = NULL;
    const char *reason = NULL;
    enum exit_code code = audit_evidence_read(&evidence, driver, &sources);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = store_open_reader(saving->data, &driver->arena, &store, &reason);
    audit_evidence_unlock(&evidence);
    if (err != ERR_OK)
        code = tell(driver, saving->data, reason == NULL ? err_text(err) : reason);
    if (code == EXIT_CLEAN && evidence.head.len > 0)
        code = save_text(saving, PART_HEAD, buf_str(&evidence.head));
    if (code == EXIT_CLEAN)
        code = save_key(saving);
    if (code == EXIT_CLEAN)
        code = save_journal(saving, store);
    store_close(store);
    return code;
}

static enum exit_code put_in_place(struct saving *saving, bool is_forced)
{
    struct driver *driver = saving->driver;
    enum err err = backup_pack(&saving->backup, saving->folder, &driver->arena);
    if (err == ERR_IO)
        return tell(driver, saving->file, strerror(errno));
    const char *made = backup_part_path(saving->folder, PART_JOURNAL, &driver->arena);
    if (err != ERR_OK || made == NULL)
        return driver_failure(driver, "writing the backup", ERR_MEMORY);
    /* A link refuses what is there already, also what somebody made just now. */
    int code = is_forced ? rename(made, saving->file) : link(made, saving->file);
    if (code != 0 && !is_forced && (errno == EPERM || errno == EOPNOTSUPP)) /* it has no links */
        code = rename(made, saving->file);
    if (code != 0)
        return tell(driver, saving->file, strerror(errno));
    int fd = open(saving->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    return is_synced ? EXIT_CLEAN : tell(driver, saving->parent, strerror(reason));
}

static enum exit_code save(struct saving *saving, bool is_forced)
{
    struct driver *driver = saving->driver;
    enum exit_code code = make_folder(saving);
    if (code == EXIT_CLEAN)
        code = save_parts(saving);
    if (code == EXIT_CLEAN)
        code = backup_verify(driver, saving->folder, saving->data, &saving->look);
    if (code == EXIT_CLEAN)
        code = put_in_place(saving, is_forced);
    if (code != EXIT_CLEAN)
        driver_message(driver, "there is no backup of %s in %s", saving->data, saving->file);
    return code;
}

static void tell_saved(const struct saving *saving)
{
    struct output *out = &saving->driver->out;
    struct stat status;
    output_text(out, str_from(saving->file));
    output_add(out, STR(" is a backup of "));
    output_text(out, str_from(saving->data));
    output_addf(out,
        ": the journal is whole, %" PRIu64 " entries of its audit log verified, %" PRIu64
        " runs open",
        saving->look.entries, saving->look.open);
    if (stat(saving->file, &status) == 0)
        output_addf(out, "; %" PRIdMAX " bytes", (intmax_t)status.st_size);
    output_addf(out, ".\n%s",
        saving->backup.parts[PART_KEY].bytes < 0 ? ""
                                                 : "It has the key that signs the audit log in it: "
                                                   "keep it as you keep the directory.\n");
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    char made[TIME_TEXT_MAX];
    bool is_forced = option_is_given(arguments, OPTION_FORCE);
    struct stat status;
    if (option_text(arguments, OPTION_DATA) == NULL || arguments->operand_count != 1)
        return driver_usage(driver, arguments->command,
            "cdr backup needs --data DIR, and one FILE that the backup is to be");
    struct saving saving = { .driver = driver,
        .data = option_text(arguments, OPTION_DATA),
        .file = arguments->operands[0],
        .backup = { .made = time_format(driver->clock->now_ms(driver->clock), made),
            .cdr = str_from(driver_version()) } };
    if (!is_forced && lstat(saving.file, &status) == 0)
        return tell(driver, saving.file, "it is there already; another name, or --force");
    enum exit_code code = save(&saving, is_forced);
    saving_release(&saving);
    if (code == EXIT_CLEAN)
        tell_saved(&saving);
    return code;
}

static const struct example examples[] = {
    { "cdr backup --data /var/lib/cdr /backup/cdr-monday.db",
        "save it, also while the daemon works" },
    { 0 },
};

const struct command backup_command = {
    .name = "backup",
    .operands = "FILE",
    .summary = "save a data directory in one file, verified, while others work in it",
    .help = "The journal as it is at one moment, with the anchors of its audit log and the key "
            "that signs\n"
            "them (unless CDR_AUDIT_KEY keeps that elsewhere). The copy is read page by page and "
            "its audit\n"
            "log verified before FILE is there; what is broken becomes no backup. cdr restore "
            "reads it.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
