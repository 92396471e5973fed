/* doctor_data.c - see doctor.h: the data directory and the way to AWS. */
#include "driver/doctor.h"

#include "act/timers.h"
#include "aws/hosts.h"
#include "aws/whoami.h"
#include "base/time.h"
#include "driver/connect.h"
#include "driver/files.h"
#include "driver/pausing.h"
#include "driver/rules.h"
#include "shell.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_LOW_BYTES ((uint64_t)256 * 1024 * 1024)

enum { MS_PER_MINUTE = 60 * 1000, MEBIBYTE = 1024 * 1024, LOCKS_BYTES_MAX = 4 * MEBIBYTE };

/* ---- the data directory ---- */

/* Whether another process holds the lock, from the kernel's list: trying to take it could
 * keep a run that begins right now from beginning. */
bool doctor_data_is_locked(const char *directory, struct arena *arena)
{
    const char *file = arena_format(arena, "%s/lock", directory);
    CLEANUP(buf_release) struct buf locks = BUF_INIT(LOCKS_BYTES_MAX);
    struct stat status;
    if (file == NULL || stat(file, &status) != 0 || file_read("/proc/locks", &locks) != ERR_OK)
        return false;
    const char *wanted = arena_format(arena, ":%" PRIuMAX " ", (uintmax_t)status.st_ino);
    return wanted != NULL && locks.ptr != NULL && strstr(locks.ptr, wanted) != NULL;
}

static void look_at_room(struct checkup *checkup, const char *directory)
{
    struct statvfs disk;
    if (statvfs(directory, &disk) != 0)
        return;
    uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    bool is_low = bytes < ROOM_LOW_BYTES;
    checkup_add(checkup, is_low ? HEALTH_WARNING : HEALTH_OK, "free space",
        is_low ? "make room: without it nothing can be applied" : NULL, "%" PRIu64 " MiB in %s",
        bytes / MEBIBYTE, directory);
}

/* Timers go on although somebody sets the clock; who compares the two should know. */
static void look_at_time(struct checkup *checkup, struct store *store)
{
    struct clock *clock = checkup->driver->clock;
    char text[TIME_TEXT_MAX];
    char apart[DURATION_TEXT_MAX];
    int64_t now_ms;
    if (timers_now(store, clock, &now_ms) != ERR_OK)
        return;
    int64_t skew_ms = now_ms - clock->now_ms(clock);
    bool is_ahead = skew_ms > 0;
    if (!is_ahead)
        skew_ms = -skew_ms;
    if (skew_ms <= TIMER_SKEW_MS)
        return;
    checkup_add(checkup, HEALTH_WARNING, "time of timers",
        "the clock was set, or wrong when the machine was started: timers of the journal keep to "
        "what has passed since they were set",
        "%s, %s %s the clock", time_format(now_ms, text).ptr,
        duration_format(skew_ms - skew_ms % MS_PER_MINUTE, apart).ptr,
        is_ahead ? "ahead of" : "behind");
}

static void look_at_open_journal(struct checkup *checkup, struct store *store)
{
    checkup_add(checkup, HEALTH_OK, "journal", NULL, "readable, its schema is this build's");
    look_at_time(checkup, store);
}

static void look_at_journal(struct checkup *checkup, const char *directory)
{
    struct arena *arena = &checkup->driver->arena;
    const char *file = arena_format(arena, "%s/journal.db", directory);
    if (file == NULL || access(file, F_OK) != 0) {
        checkup_add(checkup, HEALTH_OK, "journal", NULL,
            "none yet; cdr serve, or the first --mode apply, makes it");
        return;
    }
    struct store *store = NULL;
    const char *reason = NULL;
    enum err err = store_open_reader(directory, arena, &store, &reason);
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "journal",
            "use the cdr that wrote it, or another --data", "%s",
            reason == NULL ? err_text(err) : reason);
    else
        look_at_open_journal(checkup, store);
    store_close(store);
    if (doctor_data_is_locked(directory, arena))
        checkup_add(checkup, HEALTH_OK, "lock", NULL, "another cdr is at work here");
}

static void look_at_pause(struct checkup *checkup, const char *directory)
{
    struct arena *arena = &checkup->driver->arena;
    const char *words = pause_words(directory, arena);
    if (words == NULL)
        return;
    const char *help = arena_format(arena,
        "no step changes anything; to go on: cdr resume --lift-pause --reason TEXT --data %s",
        shell_word(arena, str_from(directory)).ptr);
    checkup_add(checkup, HEALTH_WARNING, "pause", help, "%s", words);
}

/* That what is written there gets to the disk, which a full or broken one shows before a run
 * does. */
static void look_at_writing(struct checkup *checkup, const char *directory)
{
    const char *file = arena_format(&checkup->driver->arena, "%s/.cdr-doctor", directory);
    if (file == NULL)
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_well = fd >= 0 && write(fd, "cdr\n", 4) == 4 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0) {
        close(fd);
        unlink(file);
    }
    if (!is_well)
        checkup_add(checkup, HEALTH_PROBLEM, "data directory",
            "nothing could be kept there, so nothing would be accepted",
            "%s: a file of 4 bytes: %s", directory, strerror(reason));
}

void doctor_data(struct checkup *checkup, const char *directory)
{
    struct stat status;
    if (directory == NULL) {
        checkup_add(checkup, HEALTH_OK, "data directory", NULL,
            "not given (--data DIR or CDR_DATA); --mode apply needs one");
        return;
    }
    if (stat(directory, &status) != 0) {
        checkup_add(checkup, errno == ENOENT ? HEALTH_WARNING : HEALTH_PROBLEM, "data directory",
            "cdr serve, or the first --mode apply, makes it if its parent is there", "%s: %s",
            directory, strerror(errno));
        return;
    }
    if (!S_ISDIR(status.st_mode))
        checkup_add(checkup, HEALTH_PROBLEM, "data directory", "name a directory",
            "%s is no directory", directory);
    else if ((status.st_mode & S_IWOTH) != 0)
        checkup_add(checkup, HEALTH_PROBLEM, "data directory",
            "chmod o-w: it decides what undo does", "everybody may write to %s", directory);
    else if (access(directory, R_OK | W_OK | X_OK) != 0)
        checkup_add(checkup, HEALTH_PROBLEM, "data directory", "run as its owner, or name another",
            "%s: %s", directory, strerror(errno));
    else {
        checkup_add(checkup, HEALTH_OK, "data directory", NULL, "%s, writable", directory);
        if (status.st_uid != geteuid())
            checkup_add(checkup, HEALTH_WARNING, "data directory", "chown it to who runs cdr",
                "%s belongs to user %ju, and we are %ju", directory, (uintmax_t)status.st_uid,
                (uintmax_t)geteuid());
        look_at_writing(checkup, directory);
        look_at_room(checkup, directory);
        look_at_journal(checkup, directory);
        look_at_pause(checkup, directory);
    }
}

/* ---- AWS ---- */

static bool ask_aws(struct checkup *checkup, struct connector *connector)
{
    str identity;
    const char *reason = NULL;
    struct transport *transport = connector_reach(connector, STR(""), &reason);
    enum err err = transport == NULL
                       ? ERR_CREDENTIALS
                       : aws_whoami(transport, &checkup->driver->arena, &identity, NULL, &reason);
    if (err == ERR_OK)
        checkup_add(checkup, HEALTH_OK, "AWS answers", NULL, "we are %.*s", STR_ARG(identity));
    else
        checkup_add(checkup, HEALTH_PROBLEM, "AWS answers",
            "mend the credentials, or the way to AWS", "%s",
            reason == NULL ? err_text(err) : reason);
    return err == ERR_OK;
}

static void tell_credentials(
    struct checkup *checkup, const struct aws_connection *connection, bool is_online)
{
    checkup_add(checkup, HEALTH_OK, "AWS credentials", NULL, "from %s, region %.*s%s",
        aws_connection_found(connection), STR_ARG(aws_connection_region(connection)),
        is_online ? "" : "; not tried: give --online");
    const char *endpoint = getenv("AWS_ENDPOINT_URL");
    if (endpoint != NULL && endpoint[0] != '\0')
        checkup_add(
            checkup, HEALTH_OK, "AWS address", NULL, "AWS_ENDPOINT_URL sends it to %s", endpoint);
}

/* Go as the connection of the rules says. Mistakes in them are cdr check's to tell. */
static void go_by_rules(
    struct checkup *checkup, struct connector *connector, struct compilation *compilation)
{
    struct driver *driver = checkup->driver;
    struct rules_read read;
    const char *const *paths = NULL;
    if (rules_paths(driver, checkup->arguments, &paths) != ERR_OK || paths[0] == NULL
        || rules_read(driver, paths, compilation, &read) != EXIT_CLEAN
        || rules_compile(driver, compilation) != EXIT_CLEAN)
        return;
    const struct program *program = compilation->program;
    if (program == NULL)
        checkup_add(checkup, HEALTH_WARNING, "connection", "cdr check tells them",
            "the rules have mistakes, so what they say of AWS is not looked at");
    else if (connector_use(connector, program) != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "connection", NULL, "%s", err_text(ERR_MEMORY));
    for (uint32_t at = 0; program != NULL && at < program->connection_count; at++) {
        const struct clause_place *place = &program->connections[at].place;
        if (str_is(program->connections[at].provider, "aws"))
            checkup_add(checkup, HEALTH_OK, "connection", NULL, "%.*s:%u says how AWS is reached",
                STR_ARG(place->file), place->line);
    }
}

/* ---- another account ---- */

/* An account that an environment names and that is not our own; empty: none. */
static str account_named(const struct compilation *compilation, str own, bool *ret_organization)
{
    for (uint32_t tree = 0; tree < compilation->tree_count; tree++)
        for (const struct item *item = compilation->trees[tree]->items; item != NULL;
             item = item->next) {
            const struct ast_place *place =
                item->kind == ITEM_ENVIRONMENT ? item->environment.places : NULL;
            for (; place != NULL; place = place->next) {
                *ret_organization |= place->is_organization;
                const struct expr *one = place->values != NULL && str_is(place->key, "accounts")
                                             ? place->values->elements
                                             : NULL;
                for (; one != NULL; one = one->next)
                    if (!str_equal(value_str(one->literal.value), own))
                        return value_str(one->literal.value);
            }
        }
    return STR("");
}

/* The first account of the organization that is not our own. */
static enum err account_of_organization(struct checkup *checkup, struct connector *connector,
    str own, str partition, str *ret_account, const char **reterr_reason)
{
    struct aws_names names = { 0 };
    struct transport *transport = connector_reach(connector, STR(""), reterr_reason);
    if (transport == NULL)
        return ERR_CREDENTIALS;
    TRY(aws_organization_accounts(
        transport, partition, &checkup->driver->arena, &names, reterr_reason));
    for (size_t at = 0; at < names.count && ret_account->len == 0; at++)
        if (!str_equal(names.items[at], own))
            *ret_account = names.items[at];
    return ERR_OK;
}

static void enter(struct checkup *checkup, struct connector *connector, str account)
{
    const char *reason = NULL;
    str identity;
    struct transport *transport = connector_reach(connector, account, &reason);
    enum err err = transport == NULL
                       ? ERR_CREDENTIALS
                       : aws_whoami(transport, &checkup->driver->arena, &identity, NULL, &reason);
    if (err == ERR_OK)
        checkup_add(checkup, HEALTH_OK, "other accounts", NULL,
            "account %.*s lets us in: we are %.*s there", STR_ARG(account), STR_ARG(identity));
    else
        checkup_add(checkup, HEALTH_PROBLEM, "other accounts",
            "cdr setup aws writes the role, its trust and the external id", "%s",
            reason == NULL ? err_text(err) : reason);
}

/* One role tells of the external id and of who is trusted: the same template makes all of them. */
static void enter_another(
    struct checkup *checkup, struct connector *connector, const struct compilation *compilation)
{
    const char *reason = NULL;
    str own;
    str partition;
    bool is_organization = false;
    if (connector_member_role(connector).len == 0
        || connector_own_account(connector, &own, &partition, &reason) != ERR_OK)
        return;
    str account = account_named(compilation, own, &is_organization);
    enum err err = ERR_OK;
    if (account.len == 0 && is_organization)
        err = account_of_organization(checkup, connector, own, partition, &account, &reason);
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "other accounts",
            "the accounts of the organization are read with organizations:ListAccounts", "%s",
            reason == NULL ? err_text(err) : reason);
    else if (account.len == 0)
        checkup_add(checkup, HEALTH_OK, "other accounts", NULL,
            "no environment of the rules names one, so `member_role` was not tried");
    else
        enter(checkup, connector, account);
}

void doctor_aws(struct checkup *checkup, bool is_online)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct connector connector = { .clock = checkup->driver->clock };
    const char *reason = NULL;
    go_by_rules(checkup, &connector, &compilation);
    const struct aws_connection *connection = connector_base(&connector, &reason);
    if (connection == NULL)
        checkup_add(checkup, is_online ? HEALTH_PROBLEM : HEALTH_WARNING, "AWS credentials",
            "without them a plan finds no targets, and nothing can be applied", "%s", reason);
    else
        tell_credentials(checkup, connection, is_online);
    if (connection != NULL && is_online && ask_aws(checkup, &connector))
        enter_another(checkup, &connector, &compilation);
    connector_release(&connector);
    if (compilation.program != NULL)
        doctor_edrs(checkup, &compilation, is_online);
}
