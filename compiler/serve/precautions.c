/* precautions.c - see precautions.h. */
#include "serve/precautions.h"

#include "shell.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRY_BYTES = 16 * 1024, WORDS_BYTES_MAX = 1024 * 1024 };

/* As sudo -u takes it. */
static const char *user_word(uid_t user, struct arena *arena)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char bytes[ENTRY_BYTES];
    if (getpwuid_r(user, &entry, bytes, sizeof bytes, &found) == 0 && found != NULL)
        return arena_format(arena, "%s", found->pw_name);
    return arena_format(arena, "'#%ju'", (uintmax_t)user);
}

const char *precaution_owner(
    const char *directory, const char *config, struct arena *arena, bool *ret_is_refused)
{
    struct stat status;
    *ret_is_refused = false;
    if (stat(directory, &status) != 0 || status.st_uid == geteuid())
        return NULL;
    const char *owner = user_word(status.st_uid, arena);
    const char *us = user_word(geteuid(), arena);
    const char *file = shell_word(arena, str_from(config)).ptr;
    if (owner == NULL || us == NULL || file == NULL)
        return "the data directory belongs to another user";
    *ret_is_refused = geteuid() == 0;
    const char *words = arena_format(arena,
        "%s belongs to %s, and we are %s: what is made there would be ours; start it as its owner: "
        "sudo -u %s cdr serve --config %s",
        directory, owner, us, owner, file);
    return words == NULL ? "the data directory belongs to another user" : words;
}

const char *precaution_plain(const char *address)
{
    struct in_addr four;
    struct in6_addr six;
    bool is_loopback = strcmp(address, "localhost") == 0;
    if (inet_pton(AF_INET, address, &four) == 1)
        is_loopback = ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
    else if (inet_pton(AF_INET6, address, &six) == 1)
        is_loopback = IN6_IS_ADDR_LOOPBACK(&six);
    return is_loopback ? NULL
                       : "others reach it, and without TLS whoever is on the way reads alerts and "
                         "the admin's token: add `tls` to `daemon`, or listen on 127.0.0.1";
}

/* What root hands to the one group that we read it by is no mistake. */
static mode_t strangers(const struct stat *status)
{
    bool is_ours =
        status->st_gid == 0 || (status->st_uid != geteuid() && status->st_gid == getegid());
    return is_ours ? S_IRWXO : S_IRWXO | S_IRWXG;
}

const char *precaution_secret(const struct connection_setting *setting, struct arena *arena)
{
    struct stat status;
    const char *path = setting->way == WAY_FILE ? arena_copy(arena, setting->text).ptr : NULL;
    if (path == NULL || stat(path, &status) != 0 || !S_ISREG(status.st_mode)
        || (status.st_mode & strangers(&status)) == 0)
        return NULL;
    return arena_format(arena, "`%.*s`: %s may be read by others (%04o): chmod 600 %s",
        STR_ARG(setting->key), path, (unsigned)(status.st_mode & 07777),
        shell_word(arena, str_from(path)).ptr);
}

static void warn_secrets(const struct connection_setting *settings, uint32_t count, str block,
    str name, const struct log *log)
{
    for (uint32_t at = 0; at < count; at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(WORDS_BYTES_MAX);
        const char *words = precaution_secret(&settings[at], &arena);
        if (words != NULL)
            LOG(log, LOG_LEVEL_WARNING, "a secret is open to others", LOG_TEXT("block", block),
                LOG_TEXT("name", name), LOG_TEXT("reason", str_from(words)));
    }
}

void precautions_warn_secrets(const struct program *program, const struct log *log)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        warn_secrets(program->daemon_blocks[at].settings, program->daemon_blocks[at].setting_count,
            program->daemon_blocks[at].kind, program->daemon_blocks[at].name, log);
    for (uint32_t at = 0; at < program->connection_count; at++)
        warn_secrets(program->connections[at].settings, program->connections[at].setting_count,
            STR("connection"), program->connections[at].name, log);
}
