/* cmd_restore.c - cdr restore: a backup to a data directory, which is paused. */
#include "driver/audit_places.h"
#include "driver/backup.h"

#include "host/pause.h"
#include "host/person.h"
#include "shell.h"
#include "store/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "where to: a directory that is empty, or not there" },
    { 0 },
};

struct restoring {
    struct driver *driver;
    const char *data;
    const char *file;
    char *folder; /* in the directory, until all is verified */
    const char *who;
    bool is_made; /* the directory is ours */
    struct backup backup;
    struct backup_look look;
};

static enum exit_code tell(struct driver *driver, const char *path, const char *why)
{
    driver_message(driver, "%s: %s", path, why);
    return EXIT_USAGE;
}

static bool is_empty(const char *directory, bool *ret_is_empty)
{
    DIR *open = opendir(directory);
    if (open == NULL)
        return false;
    size_t count = 0;
    while (readdir(open) != NULL)
        count++;
    closedir(open);
    *ret_is_empty = count <= 2; /* . and .. */
    return true;
}

static enum exit_code make_directory(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    bool is_free = true;
    restoring->is_made = mkdir(restoring->data, 0700) == 0;
    if (!restoring->is_made && errno != EEXIST)
        return tell(driver, restoring->data, strerror(errno));
    if (!restoring->is_made && !is_empty(restoring->data, &is_free))
        return tell(driver, restoring->data, strerror(errno));
    if (!is_free)
        return tell(driver, restoring->data,
            "it is not empty, and nothing is written over: name another, or move what is there");
    if (asprintf(&restoring->folder, "%s/.restore-XXXXXX", restoring->data) < 0) {
        restoring->folder = NULL;
        return driver_failure(driver, "restoring", ERR_MEMORY);
    }
    if (mkdtemp(restoring->folder) != NULL)
        return EXIT_CLEAN;
    free(restoring->folder);
    restoring->folder = NULL;
    return tell(driver, restoring->data, strerror(errno));
}

/* Where it did not end well, the directory is as it was. */
static void restoring_release(struct restoring *restoring)
{
    struct arena *arena = &restoring->driver->arena;
    for (int at = 0; at < PART_COUNT && restoring->folder != NULL; at++) {
        const char *path = backup_part_path(restoring->folder, (enum backup_part_id)at, arena);
        if (path != NULL)
            unlink(path);
    }
    if (restoring->folder != NULL)
        rmdir(restoring->folder);
    free(restoring->folder);
    if (restoring->is_made)
        rmdir(restoring->data); /* only while it is empty */
}

static enum exit_code unpack(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    enum backup_part_id part = PART_JOURNAL;
    enum err err = backup_unpack(&restoring->backup, restoring->file, restoring->folder,
        driver->stop, &driver->arena, &part);
    if (err == ERR_IO)
        return tell(driver, restoring->data, strerror(errno));
    if (err == ERR_INVALID) {
        driver_message(driver, "%s is damaged: %s in it is not what was written", restoring->file,
            backup_part_name(part));
        return EXIT_FINDINGS;
    }
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "restoring", err);
}

/* Nothing that is undone by a person's pause may be changed before somebody looked: runs of the
 * journal may have gone on after the backup. */
static enum exit_code pause_restored(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    const char *path = pause_path(restoring->data, &driver->arena);
    const char *reason = arena_format(&driver->arena,
        "restored from a backup of %.*s: look first, because runs may have gone on after it was "
        "made",
        STR_ARG(restoring->backup.made));
    restoring->who = person_name(&driver->arena);
    if (path == NULL || reason == NULL || restoring->who == NULL)
        return driver_failure(driver, "pausing", ERR_MEMORY);
    struct pause pause = { .is_paused = true,
        .who = str_from(restoring->who),
        .reason = str_from(reason),
        .since_ms = driver->clock->now_ms(driver->clock) };
    enum err err = pause_set(path, &pause);
    return err == ERR_OK ? EXIT_CLEAN
                         : tell(driver, path, err == ERR_IO ? strerror(errno) : err_text(err));
}

static bool sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

/* The journal last: until it is there, nobody has anything to go on with. */
static enum exit_code move_parts(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    for (int at = PART_COUNT - 1; at >= 0; at--) {
        enum backup_part_id part = (enum backup_part_id)at;
        const char *from = backup_part_path(restoring->folder, part, &driver->arena);
        const char *to = backup_part_path(restoring->data, part, &driver->arena);
        if (from == NULL || to == NULL)
            return driver_failure(driver, "restoring", ERR_MEMORY);
        if (restoring->backup.parts[at].bytes >= 0 && rename(from, to) != 0)
            return tell(driver, to, strerror(errno));
    }
    if (!sync_directory(restoring->data))
        return tell(driver, restoring->data, strerror(errno));
    return EXIT_CLEAN;
}

/* The log tells that what follows is not what was decided next. */
static enum exit_code record(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    struct store *store = NULL;
    const char *reason = NULL;
    int64_t seq;
    enum err err = store_open_beside(restoring->data, &driver->arena, &store, &reason);
    struct audit_entry entry = { .event = "restored",
        .who = str_from(restoring->who),
        .at_ms = driver->clock->now_ms(driver->clock),
        .step = -1,
        .reason = str_from(arena_format(
            &driver->arena, "from a backup of %.*s", STR_ARG(restoring->backup.made))) };
    if (err == ERR_OK)
        err = audit_places_use(store);
    if (err == ERR_OK)
        err = audit_append(store, &entry, &seq);
    if (err == ERR_OK)
        err = audit_anchor(store);
    if (err != ERR_OK && reason == NULL)
        reason = err == ERR_STORE || err == ERR_BUSY ? store_error(store) : err_text(err);
    if (err != ERR_OK)
        driver_message(driver, "%s: the audit log does not say that it was restored: %s",
            restoring->data, reason);
    store_close(store);
    return err == ERR_OK ? EXIT_CLEAN : EXIT_FINDINGS;
}

static enum exit_code restore(struct restoring *restoring)
{
    struct driver *driver = restoring->driver;
    const char *reason = NULL;
    enum err err = backup_read(restoring->file, &driver->arena, &restoring->backup, &reason);
    if (err == ERR_INVALID) {
        driver_message(driver, "%s is no backup that can be restored: %s", restoring->file, reason);
        return EXIT_FINDINGS;
    }
    if (err != ERR_OK)
        return err == ERR_IO ? tell(driver, restoring->file, strerror(errno))
                             : driver_failure(driver, "reading the backup", err);
    enum exit_code code = make_directory(restoring);
    if (code == EXIT_CLEAN)
        code = unpack(restoring);
    if (code == EXIT_CLEAN)
        code = backup_verify(driver, restoring->folder, restoring->file, &restoring->look);
    if (code == EXIT_CLEAN)
        code = pause_restored(restoring);
    if (code == EXIT_CLEAN)
        code = move_parts(restoring);
    if (code == EXIT_CLEAN)
        code = record(restoring);
    return code == EXIT_CLEAN
               ? backup_verify(driver, restoring->data, restoring->data, &restoring->look)
               : code;
}

static void tell_restored(const struct restoring *restoring)
{
    struct output *out = &restoring->driver->out;
    str word = shell_word(&restoring->driver->arena, str_from(restoring->data));
    output_text(out, str_from(restoring->data));
    output_add(out, STR(" is the journal of "));
    output_text(out, restoring->backup.made);
    output_addf(out,
        ": whole, %" PRIu64 " entries of its audit log verified, %" PRIu64
        " runs open.\nIt is paused, because what happened after the backup is not in it. Look at "
        "what it\nbelieves to be open, and at the providers:\n  cdr runs --data %.*s\n  cdr resume "
        "--lift-pause --reason TEXT --data %.*s\n",
        restoring->look.entries, restoring->look.open, STR_ARG(word), STR_ARG(word));
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (option_text(arguments, OPTION_DATA) == NULL || arguments->operand_count != 1)
        return driver_usage(driver, arguments->command,
            "cdr restore needs --data DIR, and the one FILE that cdr backup wrote");
    struct restoring restoring = { .driver = driver,
        .data = option_text(arguments, OPTION_DATA),
        .file = arguments->operands[0] };
    enum exit_code code = restore(&restoring);
    restoring_release(&restoring);
    if (code == EXIT_CLEAN)
        tell_restored(&restoring);
    return code;
}

static const struct example examples[] = {
    { "cdr restore --data /var/lib/cdr /backup/cdr-monday.db", "what the backup has, paused" },
    { 0 },
};

const struct command restore_command = {
    .name = "restore",
    .operands = "FILE",
    .summary = "make a data directory of a backup, verified, and paused until somebody looked",
    .help = "DIR is empty or not there: nothing is written over. The backup is compared with the "
            "SHA-256 of\n"
            "its parts, read page by page, and its audit log is verified, before and after. Then "
            "DIR is\n"
            "paused: what was done after the backup was made is not in it, and a run that it "
            "believes to be\n"
            "open may have gone on. The audit log gets an entry that says so.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
