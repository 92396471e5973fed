/* doctor_daemon.c - what `cdr doctor --config FILE.cdr` looks at on this machine: the rules, the
 * settings and their secrets, addresses, the data directory. */
#include "serve/doctor_daemon.h"

#include "aws/environment.h"
#include "daemon/signature.h"
#include "driver/setting_text.h"
#include "host/url.h"
#include "serve/blocks.h"
#include "serve/precautions.h"
#include "serve/rule_trial.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAULTS_SHOWN = 10, SECRET_BYTES_MAX = 256 * 1024, REF_BYTES_MAX = 4096 };

const char *doctor_block_name(struct checkup *checkup, const struct daemon_block *block)
{
    const char *name = block->name.len == 0 ? arena_copy(&checkup->driver->arena, block->kind).ptr
                                            : arena_format(&checkup->driver->arena, "%.*s %.*s",
                                                STR_ARG(block->kind), STR_ARG(block->name));
    return name == NULL ? "daemon" : name;
}

/* ---- rules ---- */

static void tell_faults(struct checkup *checkup, const struct rule_trial *trial)
{
    str rest = buf_str(&trial->faults);
    for (int shown = 0; rest.len > 0 && shown < FAULTS_SHOWN; shown++) {
        str line = str_first(rest, str_find(rest, '\n'));
        rest = str_skip(rest, line.len + 1);
        checkup_add(checkup, HEALTH_PROBLEM, "rules", NULL, "%.*s", STR_ARG(line));
    }
    if (trial->fault_count > FAULTS_SHOWN)
        checkup_add(checkup, HEALTH_PROBLEM, "rules", "cdr check shows all of them", "%u faults",
            (unsigned)trial->fault_count);
}

/* The set as the daemon would take it; NULL: it would not, which was told. */
static struct rule_set *try_rules(struct checkup *checkup, const char *config)
{
    CLEANUP(rule_files_release) struct rule_files files = { 0 };
    CLEANUP(rule_trial_release) struct rule_trial trial = { 0 };
    enum err err = rule_files_find(config, &files);
    if (err == ERR_OK)
        err = rule_trial_run(&files, &trial);
    if (err != ERR_OK) {
        checkup_add(checkup, HEALTH_PROBLEM, "rules", NULL, "%s", err_text(err));
        return NULL;
    }
    tell_faults(checkup, &trial);
    struct rule_set *set = trial.set;
    trial.set = NULL;
    CLEANUP(buf_release) struct buf from = BUF_INIT(REF_BYTES_MAX);
    if (files.ref.len > 0)
        rule_tree_tell(&files.tree, files.ref, &from);
    if (set != NULL && set->program->rule_count == 0)
        checkup_add(checkup, files.said == NULL ? HEALTH_WARNING : HEALTH_PROBLEM, "rules",
            "name files of rules in `rules` of the daemon", "there is no rule");
    else if (set != NULL)
        checkup_add(checkup, HEALTH_OK, "rules", NULL,
            "%u rules compile, and their tests pass%s%.*s", (unsigned)set->program->rule_count,
            from.len == 0 ? "" : ": ", STR_ARG(buf_str(&from)));
    return set;
}

/* ---- settings that are looked up ---- */

static const char *where_from(struct checkup *checkup, const struct connection_setting *setting)
{
    static const char *const ways[] = {
        [WAY_ENV] = "env", [WAY_FILE] = "file", [WAY_CREDENTIAL] = "credential"
    };
    if (setting->way >= COUNT_OF(ways) || ways[setting->way] == NULL)
        return NULL;
    return arena_format(
        &checkup->driver->arena, "%s(\"%.*s\")", ways[setting->way], STR_ARG(setting->text));
}

/* Whether senders could be told from strangers by it; or we, by who takes what a channel tells. */
static const char *key_fault(const struct daemon_block *block, str key, str text)
{
    CLEANUP(secret_release) struct secret secret = { 0 };
    const char *reason = NULL;
    bool is_token = str_is(key, "token");
    bool is_key = is_token || str_is(key, "secret") || str_is(key, "former_secret");
    bool is_standard = !is_token && block_setting(block, "secret") != NULL
                       && str_is(block_word(block, "scheme", "standard"), "standard");
    if (!is_key || !(str_is(block->kind, "webhook") || str_is(block->kind, "channel")))
        return NULL;
    enum err err = signature_key(is_standard, text, &secret, &reason);
    return err == ERR_OK ? NULL : reason == NULL ? err_text(err) : reason;
}

static void look_up(struct checkup *checkup, const char *name, const struct daemon_block *block,
    const struct connection_setting *setting)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(SECRET_BYTES_MAX);
    const char *from = where_from(checkup, setting);
    const char *reason = NULL;
    str text;
    if (from == NULL)
        return;
    enum err err = setting_text(
        setting, aws_environment_process(), &secrets, &checkup->driver->arena, &text, &reason);
    const char *fault =
        err == ERR_OK && block != NULL ? key_fault(block, setting->key, text) : NULL;
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, name,
            block != NULL ? "the daemon would not start without it"
            : str_is(setting->key, "external_id")
                ? "the daemon starts, and steps in other accounts fail"
                : "the daemon starts, and what goes by this connection fails",
            "%s", reason == NULL ? err_text(err) : reason);
    else if (fault != NULL)
        checkup_add(checkup, HEALTH_PROBLEM, name,
            "make one: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"", "`%.*s`, %s: %s",
            STR_ARG(setting->key), from, fault);
    else
        checkup_add(
            checkup, HEALTH_OK, name, NULL, "`%.*s` is there, by %s", STR_ARG(setting->key), from);
    const char *open_to = precaution_secret(setting, &checkup->driver->arena);
    if (open_to != NULL)
        checkup_add(checkup, HEALTH_WARNING, name, NULL, "%s", open_to);
}

static void look_up_all(struct checkup *checkup, const struct program *program)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        for (uint32_t i = 0; i < block->setting_count; i++)
            look_up(checkup, doctor_block_name(checkup, block), block, &block->settings[i]);
    }
    for (uint32_t at = 0; at < program->connection_count; at++)
        for (uint32_t i = 0; i < program->connections[at].setting_count; i++)
            look_up(checkup, "connection", NULL, &program->connections[at].settings[i]);
}

/* ---- addresses ---- */

/* Why nobody could listen there now; 0: one can. */
static int bind_fault(const char *address, uint16_t port)
{
    char service[8];
    struct addrinfo *found = NULL;
    struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICHOST };
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &wanted, &found) != 0)
        return EADDRNOTAVAIL;
    int one = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0
                   && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return is_free ? 0 : reason;
}

static void look_at_address(
    struct checkup *checkup, const char *name, str text, const char *directory)
{
    struct arena *arena = &checkup->driver->arena;
    const char *address;
    uint16_t port;
    if (!block_address(text, arena, &address, &port)) {
        checkup_add(checkup, HEALTH_PROBLEM, name, "an address and a port: 127.0.0.1:8080",
            "%.*s is no address to listen on", STR_ARG(text));
        return;
    }
    int fault = bind_fault(address, port);
    bool is_at_work =
        fault == EADDRINUSE && directory != NULL && doctor_data_is_locked(directory, arena);
    if (is_at_work)
        checkup_add(checkup, HEALTH_OK, name, NULL, "%.*s is in use: a cdr is at work in %s",
            STR_ARG(text), directory);
    else if (fault != 0)
        checkup_add(checkup, HEALTH_PROBLEM, name,
            fault == EACCES ? "ports below 1024 need CAP_NET_BIND_SERVICE"
                            : "name another, or stop "
                              "who has it",
            "%.*s: %s", STR_ARG(text), strerror(fault));
    else
        checkup_add(checkup, HEALTH_OK, name, NULL, "%.*s is free", STR_ARG(text));
}

/* The daemon's own listener; those of syslog have their own settings, and no token. */
static void look_at_plain(
    struct checkup *checkup, const struct program *program, const struct connection_setting *listen)
{
    const char *address;
    uint16_t port;
    if (block_find(program, "tls") != NULL
        || !block_address(listen->text, &checkup->driver->arena, &address, &port)
        || precaution_plain(address) == NULL)
        return;
    checkup_add(checkup, HEALTH_WARNING, "daemon", NULL, "%.*s: %s", STR_ARG(listen->text),
        precaution_plain(address));
}

static void look_at_addresses(
    struct checkup *checkup, const struct program *program, const char *directory)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        const struct connection_setting *listen = block_setting(block, "listen");
        if (listen != NULL)
            look_at_address(checkup, doctor_block_name(checkup, block), listen->text, directory);
        if (listen != NULL && str_is(block->kind, "daemon"))
            look_at_plain(checkup, program, listen);
    }
}

/* ---- files that others write to ---- */

static void look_at_follow(struct checkup *checkup, const struct program *program)
{
    for (uint32_t at = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        const struct connection_setting *path = block_setting(block, "path");
        if (!str_is(block->kind, "follow") || path == NULL)
            continue;
        const char *name = arena_copy(&checkup->driver->arena, path->text).ptr;
        bool is_there = name != NULL && access(name, R_OK) == 0;
        checkup_add(checkup, is_there ? HEALTH_OK : HEALTH_WARNING,
            doctor_block_name(checkup, block), is_there ? NULL : "it is waited for", "%.*s: %s",
            STR_ARG(path->text), is_there ? "readable" : strerror(errno));
    }
}

/* ---- where people are told ---- */

/* 0: its name has an address. The resolver of this machine has its own end of patience. */
static int resolve_fault(const char *host)
{
    struct addrinfo *found = NULL;
    struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
    int fault = getaddrinfo(host, NULL, &wanted, &found);
    if (fault == 0)
        freeaddrinfo(found);
    return fault;
}

/* The host alone is shown: paths of webhooks are known to few. */
static void look_at_channel(
    struct checkup *checkup, const struct daemon_block *block, bool is_sandbox)
{
    CLEANUP(arena_wipe) struct arena secrets = ARENA_INIT(SECRET_BYTES_MAX);
    const char *name = doctor_block_name(checkup, block);
    const char *reason = NULL;
    str url;
    if (block_text(block, "url", &secrets, &url, &reason) != ERR_OK)
        return; /* told where settings are looked up */
    if (!url_is_safe(url)) {
        checkup_add(checkup, HEALTH_PROBLEM, name, "the daemon would not start with it",
            "`url` is no https:// address, or http:// to this machine");
        return;
    }
    const char *host = arena_copy(&secrets, url_host(url)).ptr;
    if (host == NULL || is_sandbox || url_is_to_this_machine(url))
        return; /* on the sandbox nobody out there is told */
    int fault = resolve_fault(host);
    if (fault == 0)
        checkup_add(checkup, HEALTH_OK, name, NULL, "%s has an address", host);
    else
        checkup_add(checkup, HEALTH_WARNING, name,
            "the daemon starts; unless a proxy finds it, nobody is told by it",
            "%s is not found: %s", host, gai_strerror(fault));
}

static void look_at_channels(struct checkup *checkup, const struct program *program)
{
    bool is_sandbox = str_is(block_word(block_find(program, "daemon"), "sandbox", "off"), "on");
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        if (str_is(program->daemon_blocks[at].kind, "channel"))
            look_at_channel(checkup, &program->daemon_blocks[at], is_sandbox);
}

/* Without any way in, alerts come by the admin's token alone. */
static void look_at_ways(struct checkup *checkup, const struct program *program)
{
    uint32_t ways = 0;
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        ways += program->daemon_blocks[at].name.len > 0
                && !str_is(program->daemon_blocks[at].kind, "channel");
    if (ways == 0)
        checkup_add(checkup, HEALTH_WARNING, "ways in",
            "a webhook, a poll, a queue, syslog, follow",
            "the config names none: alerts come by POST /v1/alerts/SOURCE alone");
    else
        checkup_add(
            checkup, HEALTH_OK, "ways in", NULL, "%u, and POST /v1/alerts/SOURCE", (unsigned)ways);
}

/* Whose it is was told; here, that the daemon would refuse it. */
static void look_at_owner(struct checkup *checkup, const char *directory, const char *config)
{
    bool is_refused = false;
    const char *owner = directory == NULL ? NULL
                                          : precaution_owner(directory, config,
                                              &checkup->driver->arena, &is_refused);
    if (is_refused)
        checkup_add(checkup, HEALTH_PROBLEM, "data directory",
            "the daemon does not start as another user", "%s", owner);
}

/* The config without its rules, for what does not depend on them; NULL: it has mistakes itself. */
static const struct program *config_alone(const char *config, struct compilation *compilation)
{
    if (compile_begin(compilation) != ERR_OK
        || compile_file(compilation, str_from(config)) != ERR_OK
        || compile_program(compilation) != ERR_OK)
        return NULL;
    return compilation->program;
}

/* Without rules nobody knows what is to be permitted; without a config nothing more at all. */
static void tell_unseen(struct checkup *checkup, const struct program *program)
{
    if (program != NULL)
        checkup_add(checkup, HEALTH_WARNING, "connections", "mend the rules first",
            "not tried: what they must permit is what the rules want");
    else
        checkup_add(checkup, HEALTH_WARNING, "config", "mend the config first",
            "secrets, addresses and connections were not looked at");
}

void doctor_daemon(struct checkup *checkup, const char *config)
{
    CLEANUP(compile_release) struct compilation alone = { 0 };
    struct rule_set *set = try_rules(checkup, config);
    const struct program *program = set == NULL ? config_alone(config, &alone) : set->program;
    const char *directory = option_text(checkup->arguments, OPTION_DATA);
    const struct daemon_block *daemon = program == NULL ? NULL : block_find(program, "daemon");
    if (program != NULL && daemon == NULL)
        checkup_add(checkup, HEALTH_PROBLEM, "config", "write one: daemon { rules = [\"rules\"] }",
            "%s has no `daemon` block", config);
    const struct connection_setting *data = block_setting(daemon, "data");
    if (directory == NULL && data != NULL)
        directory = arena_copy(&checkup->driver->arena, data->text).ptr;
    if (directory != NULL || program != NULL)
        doctor_data(checkup, directory);
    look_at_owner(checkup, directory, config);
    if (daemon != NULL) {
        look_at_ways(checkup, program);
        look_up_all(checkup, program);
        look_at_addresses(checkup, program, directory);
        look_at_follow(checkup, program);
        look_at_channels(checkup, program);
        doctor_certificates(checkup, program);
        if (set != NULL)
            doctor_connections(checkup, set);
    }
    if (set == NULL)
        tell_unseen(checkup, program);
    rule_set_free(set);
}
