/* cmd_serve.c - cdr serve: the daemon, from its config to its end. */
#include "act/claims.h"
#include "aws/environment.h"
#include "daemon/breaker.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "driver/rules.h"
#include "driver/session.h"
#include "driver/setting_text.h"
#include "sandbox/sandbox.h"
#include "serve/alarms.h"
#include "serve/blocks.h"
#include "serve/canary.h"
#include "serve/crew.h"
#include "serve/evaluator.h"
#include "serve/front.h"
#include "serve/hooks.h"
#include "serve/keeper.h"
#include "serve/mark.h"
#include "serve/precautions.h"
#include "serve/serve_sandbox.h"
#include "serve/ticker.h"
#include "serve/ways.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 200, CANARY_MS = 60 * 1000 };

static const struct option options[] = {
    { OPTION_CONFIG, OPTION_TEXT, "FILE", NULL, NULL,
        "the daemon's config, a .cdr file: its daemon, connection and role blocks" },
    { OPTION_LISTEN, OPTION_TEXT, "ADDRESS:PORT", NULL, NULL,
        "where to listen, in place of what the config says; port 0 is any free one" },
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "its directory, in place of what the config says: journal, audit log, token" },
    { OPTION_SANDBOX, OPTION_TEXT, "URL", NULL, NULL,
        "every provider is this cdr sandbox, on this machine: nothing real is reached" },
    { 0 },
};

/* The daemon and what only its beginning and end know. */
struct service {
    struct daemon daemon;
    struct driver *driver;
    struct session session; /* has the journal */
    struct sandbox *sandbox;
    struct claims claims;
    struct channels channels; /* with secrets */
    struct ticker *ticker;
    struct handler *front;
    struct server *server;
    const char *notify_socket;
    bool is_announced; /* daemon.json is ours */
    const char *address;
    uint16_t port;
    str certificate;
    str key;
};

/* ---- what the config says ---- */

/* The daemon's own block, by a first look at the config alone. */
static enum exit_code read_config(struct service *service, const struct arguments *arguments,
    struct compilation *compilation, const struct daemon_block **ret_block)
{
    struct driver *driver = service->driver;
    const char *file = option_text(arguments, OPTION_CONFIG);
    if (file == NULL)
        return driver_usage(
            driver, &serve_command, "which config? Give --config FILE, a .cdr file");
    const char *const paths[] = { file, NULL };
    enum exit_code code = rules_load(driver, paths, compilation);
    if (code != EXIT_CLEAN)
        return code;
    *ret_block = block_find(compilation->program, "daemon");
    service->daemon.config = file;
    if (*ret_block != NULL)
        return EXIT_CLEAN;
    driver_message(driver, "%s has no `daemon { .. }` block", file);
    return EXIT_USAGE;
}

static enum exit_code read_place(
    struct service *service, const struct arguments *arguments, const struct daemon_block *block)
{
    struct driver *driver = service->driver;
    const char *reason = NULL;
    str listen = STR("127.0.0.1:8080");
    str data = STR("");
    enum err err = block_text(block, "data", &driver->arena, &data, &reason);
    if (err == ERR_OK && block_setting(block, "listen") != NULL)
        err = block_text(block, "listen", &driver->arena, &listen, &reason);
    if (err != ERR_OK) {
        driver_message(driver, "%s", reason == NULL ? err_text(err) : reason);
        return EXIT_USAGE;
    }
    if (option_is_given(arguments, OPTION_LISTEN))
        listen = str_from(option_text(arguments, OPTION_LISTEN));
    if (option_is_given(arguments, OPTION_DATA))
        data = str_from(option_text(arguments, OPTION_DATA));
    if (data.len == 0)
        return driver_usage(
            driver, &serve_command, "which directory? Give --data DIR, or `data` in the config");
    service->daemon.data = arena_copy(&driver->arena, data).ptr;
    if (service->daemon.data == NULL)
        return driver_failure(driver, "reading the config", ERR_MEMORY);
    if (!block_address(listen, &driver->arena, &service->address, &service->port))
        return driver_usage(driver, &serve_command,
            "--listen takes an address and a port, 127.0.0.1:8080, not %.*s", STR_ARG(listen));
    return EXIT_CLEAN;
}

static void read_log(struct service *service, const struct daemon_block *block)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    str level = block_word(block, "log", "info");
    service->daemon.log = (struct log){ .fd = STDERR_FILENO,
        .most = LOG_LEVEL_INFO,
        .is_json = str_is(block_word(block, "log_format", "text"), "json"),
        .clock = service->driver->clock };
    for (size_t at = 0; at < COUNT_OF(levels); at++)
        if (str_is(level, levels[at]))
            service->daemon.log.most = (enum log_level)at;
}

/* The certificate of `daemon tls`, if there is one. */
static enum exit_code read_tls(struct service *service, const struct program *program)
{
    struct driver *driver = service->driver;
    const struct daemon_block *block = block_find(program, "tls");
    const char *reason = NULL;
    str file = STR("");
    if (block == NULL)
        return EXIT_CLEAN;
    enum err err = block_text(block, "certificate", &driver->arena, &file, &reason);
    struct connection_setting certificate = { STR("certificate"), WAY_FILE, file, 0 };
    if (err == ERR_OK)
        err = setting_text(&certificate, aws_environment_process(), &driver->arena, &driver->arena,
            &service->certificate, &reason);
    if (err == ERR_OK)
        err = block_text(block, "key", &driver->arena, &service->key, &reason);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(driver, "daemon tls: %s", reason == NULL ? err_text(err) : reason);
    return EXIT_USAGE;
}

/* ---- the parts, in the order in which they need each other ---- */

static enum exit_code start_rules(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    struct rule_sets_options sets = { .config = daemon->config,
        .store = daemon->store,
        .clock = service->driver->clock,
        .log = &daemon->log,
        .metrics = daemon->metrics };
    enum err err = rule_sets_open(&sets, &daemon->rule_sets);
    if (err == ERR_INVALID) { /* the log has each mistake */
        driver_message(service->driver,
            "the rules of %s are refused, for what is said above; cdr doctor --config %s shows it "
            "too",
            daemon->config, daemon->config);
        return EXIT_USAGE;
    }
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(service->driver, "reading the rules", err);
}

/* Something came in; nobody is woken before all that may fail has not. */
static void wake(void *self)
{
    struct daemon *daemon = self;
    struct evaluator *evaluator = __atomic_load_n(&daemon->evaluator, __ATOMIC_ACQUIRE);
    if (evaluator != NULL)
        evaluator_wake(evaluator);
}

/* Those that wait for something to do: none of them acts yet. */
static enum err start_parts(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    struct intake_options intake = {
        .store = daemon->store, .arrived = wake, .self = daemon, .watch = daemon->watch
    };
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    int64_t canary_ms = block_ms(block_find(set->program, "daemon"), "canary", CANARY_MS);
    rule_set_release(daemon->rule_sets, set);
    TRY(breakers_new(service->driver->clock, &daemon->log, daemon->metrics, &daemon->breakers));
    TRY(crew_start(daemon, &daemon->crew));
    TRY(intake_start(&intake, &daemon->intake));
    return canary_new(daemon, canary_ms, &daemon->canary);
}

/* Those that act, when nothing can fail any more but for lack of memory. */
static enum err start_acting(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    struct evaluator *evaluator;
    TRY(evaluator_start(daemon, &evaluator));
    __atomic_store_n(&daemon->evaluator, evaluator, __ATOMIC_RELEASE);
    TRY(keeper_start(daemon, &daemon->keeper));
    if (service->channels.count > 0)
        TRY(alarms_start(daemon, &service->channels, &daemon->alarms));
    return ticker_start(daemon, &service->ticker);
}

static enum exit_code start_ways(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const char *reason = NULL;
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    enum err err = ways_start(daemon, set->program, &arena, &reason);
    rule_set_release(daemon->rule_sets, set);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(service->driver, "%s", reason == NULL ? err_text(err) : reason);
    return EXIT_USAGE;
}

/* Where people are told; nobody is, before the daemon acts. */
static enum exit_code read_channels(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    struct arena *arena = &service->driver->arena;
    const char *reason = NULL;
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    enum err err = channels_read(
        set->program, service->sandbox != NULL, &daemon->log, arena, &service->channels, &reason);
    rule_set_release(daemon->rule_sets, set);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(service->driver, "%s", reason == NULL ? err_text(err) : reason);
    return EXIT_USAGE;
}

static enum exit_code start_server(struct service *service)
{
    struct driver *driver = service->driver;
    struct rule_set *set = rule_sets_current(service->daemon.rule_sets);
    const struct client_ca *cas = NULL;
    size_t ca_count = 0;
    const char *reason = NULL;
    enum err err = front_new(&service->daemon, &driver->arena, &service->front, &reason);
    if (err == ERR_OK)
        err = hooks_client_cas(set->program, &driver->arena, &cas, &ca_count, &reason);
    rule_set_release(service->daemon.rule_sets, set);
    struct server_options server = { .address = service->address,
        .port = service->port,
        .handler = service->front,
        .metrics = service->daemon.metrics,
        .certificate = service->certificate,
        .key = service->key,
        .client_cas = cas,
        .client_ca_count = ca_count };
    if (err == ERR_OK)
        err = server_start(&server, &driver->arena, &service->server, &reason);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(driver, "%s", reason == NULL ? err_text(err) : reason);
    return EXIT_USAGE;
}

/* Its directory, which is made where its parent is there. */
static enum exit_code open_data(struct service *service)
{
    struct driver *driver = service->driver;
    struct daemon *daemon = &service->daemon;
    struct stat status;
    bool is_refused;
    bool is_new = stat(daemon->data, &status) != 0;
    const char *owner = precaution_owner(daemon->data, daemon->config, &driver->arena, &is_refused);
    if (is_refused) {
        driver_message(driver, "%s", owner);
        return EXIT_USAGE;
    }
    if (owner != NULL)
        LOG(&daemon->log, LOG_LEVEL_WARNING, "the data directory is somebody else's",
            LOG_TEXT("reason", str_from(owner)));
    enum exit_code code = session_open(&service->session, driver, &serve_command, daemon->data);
    daemon->store = service->session.store;
    if (code != EXIT_CLEAN && is_new && stat(daemon->data, &status) != 0)
        driver_message(driver,
            "its parent must be there, and ours to write to; or name another directory with "
            "--data, "
            "or with `data` in %s",
            daemon->config);
    if (code == EXIT_CLEAN && is_new)
        LOG(&daemon->log, LOG_LEVEL_INFO, "a new data directory",
            LOG_TEXT("directory", str_from(daemon->data)));
    return code;
}

static enum exit_code start(struct service *service)
{
    enum exit_code code = open_data(service);
    if (code == EXIT_CLEAN)
        code = start_rules(service);
    if (code != EXIT_CLEAN)
        return code;
    enum err err = start_parts(service);
    if (err == ERR_OK) {
        code = read_channels(service);
        if (code == EXIT_CLEAN)
            code = start_ways(service);
        if (code == EXIT_CLEAN)
            code = start_server(service);
        if (code != EXIT_CLEAN)
            return code;
        err = start_acting(service);
    }
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(service->driver, "starting the daemon", err);
}

/* Whatever was started. Nothing new comes in; who works ends where nothing is half done; what came in
 * is written and answered; then the parts go, each after all that may still call it. */
static void stop(struct service *service)
{
    struct daemon *daemon = &service->daemon;
    notify_send(service->notify_socket, "STOPPING=1");
    daemon->is_stopping = true;
    if (service->server != NULL)
        server_quiesce(service->server);
    ticker_stop(service->ticker);
    alarms_stop(daemon->alarms);
    channels_release(&service->channels);
    keeper_stop(daemon->keeper);
    evaluator_stop(daemon->evaluator);
    crew_stop(daemon->crew); /* it answers those who wait for an undo */
    server_stop(service->server);
    front_free(service->front);
    ways_stop(daemon);
    intake_stop(daemon->intake);
    canary_free(daemon->canary);
    evaluator_free(daemon->evaluator);
    crew_free(daemon->crew);
    breakers_free(daemon->breakers);
    rule_sets_close(daemon->rule_sets);
    if (service->is_announced) /* else it may be another daemon's */
        daemon_mark_remove(daemon->data);
    session_release(&service->session);
    sandbox_stop(service->sandbox);
    store_watch_free(daemon->watch);
    metrics_free(daemon->metrics);
}

/* ---- while it runs ---- */

/* "http://127.0.0.1:8080". */
static const char *url_of(const struct service *service)
{
    bool is_six = strchr(service->address, ':') != NULL;
    return arena_format(&service->driver->arena, "%s://%s%s%s:%u",
        service->certificate.len > 0 ? "https" : "http", is_six ? "[" : "", service->address,
        is_six ? "]" : "", (unsigned)server_port(service->server));
}

/* Tell whoever waits for it that it listens. */
static enum exit_code announce(struct service *service)
{
    struct driver *driver = service->driver;
    const char *reason = NULL;
    const char *url = url_of(service);
    enum err err = url == NULL ? ERR_MEMORY
                               : daemon_mark_write(service->daemon.data, url,
                                   service->daemon.started_ms, &driver->arena, &reason);
    if (err != ERR_OK) {
        driver_message(driver, "%s", reason == NULL ? err_text(err) : reason);
        return EXIT_USAGE;
    }
    service->is_announced = true;
    driver->is_starting = false;
    output_addf(&driver->out, "ready %s\n", url);
    output_flush(&driver->out);
    notify_send(service->notify_socket, "READY=1");
    return EXIT_CLEAN;
}

/* Until somebody ends it. SIGHUP is blocked in every thread, so it waits here. */
static enum exit_code serve(struct service *service)
{
    static const struct timespec look = { .tv_nsec = (long)LOOK_MS * 1000 * 1000 };
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    while (*service->driver->stop == 0) {
        if (sigtimedwait(&hangup, NULL, &look) == SIGHUP)
            ticker_reload(service->ticker);
        if (store_is_lost(service->daemon.store)) { /* a new start reads what is really there */
            LOG(&service->daemon.log, LOG_LEVEL_ERROR,
                "the disk did not take what was written: ending, to be started again",
                LOG_TEXT("directory", str_from(service->daemon.data)));
            return EXIT_INTERNAL;
        }
    }
    return EXIT_CLEAN;
}

/* Before there is any other thread, so that each has it blocked. */
static void block_hangup(void)
{
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, NULL);
}

static enum exit_code run_service(struct service *service)
{
    enum exit_code code = start(service);
    if (code == EXIT_CLEAN)
        code = announce(service);
    if (code == EXIT_CLEAN)
        code = serve(service);
    stop(service);
    return code;
}

/* What is dangerous about it, and yet may be meant. */
static void warn(const struct service *service, const struct program *program)
{
    const char *plain = service->certificate.len > 0 ? NULL : precaution_plain(service->address);
    if (plain != NULL)
        LOG(&service->daemon.log, LOG_LEVEL_WARNING, "it listens without TLS",
            LOG_TEXT("address", str_from(service->address)), LOG_TEXT("reason", str_from(plain)));
    precautions_warn_secrets(program, &service->daemon.log);
}

static enum exit_code run_config(struct service *service, const struct arguments *arguments,
    const struct program *program, const struct daemon_block *block)
{
    struct driver *driver = service->driver;
    const char *url = option_text(arguments, OPTION_SANDBOX);
    read_log(service, block);
    driver->events = &service->daemon.log;
    enum exit_code code = read_place(service, arguments, block);
    if (code == EXIT_CLEAN)
        code = read_tls(service, program);
    if (code != EXIT_CLEAN)
        return code;
    warn(service, program);
    block_hangup();
    if (url != NULL || str_is(block_word(block, "sandbox", "off"), "on"))
        code = serve_sandbox(driver, url, &service->sandbox);
    enum err err = code == EXIT_CLEAN ? metrics_new(&service->daemon.metrics) : ERR_OK;
    if (code == EXIT_CLEAN && err == ERR_OK)
        err =
            store_watch_new(&service->daemon.log, service->daemon.metrics, &service->daemon.watch);
    if (err != ERR_OK)
        return driver_failure(driver, "starting the daemon", err);
    return code == EXIT_CLEAN ? run_service(service) : code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const struct daemon_block *block = NULL;
    struct service service = { .driver = driver, .claims = CLAIMS_INIT };
    if (arguments->operand_count > 0)
        return driver_usage(
            driver, &serve_command, "takes no operand, so not %s", arguments->operands[0]);
    service.daemon.driver = driver;
    service.daemon.claims = &service.claims;
    service.daemon.started_ms = driver->clock->now_ms(driver->clock);
    service.notify_socket = aws_environment_get(aws_environment_process(), "NOTIFY_SOCKET");
    driver->is_starting = true;
    enum exit_code code = read_config(&service, arguments, &compilation, &block);
    if (code == EXIT_CLEAN)
        code = run_config(&service, arguments, compilation.program, block);
    if (code != EXIT_CLEAN && !service.is_announced)
        driver_message(driver, "the daemon did not start");
    driver->is_starting = false;
    driver->events = NULL; /* it is of this function */
    return code;
}

static const struct example examples[] = {
    { "cdr serve --config /etc/cdr/daemon.cdr", "the daemon, as its config says" },
    { "cdr serve --config docs/examples/sandbox.cdr --listen 127.0.0.1:8080 --data data",
        "try it: the shipped rules, and providers that are simulated" },
    { 0 },
};

const struct command serve_command = {
    .name = "serve",
    .operands = "",
    .summary = "the daemon: alerts in, actions out, nothing lost",
    .help =
        "It takes alerts over HTTP and by the ways that its config names, puts them through the\n"
        "rules, carries out what those want, and keeps time for what is to be taken back. It "
        "prints\n"
        "one line, `ready URL`, when it listens; the token for its API is in DIR/admin.token.\n"
        "SIGHUP: read the rules again. SIGTERM, SIGINT: end where nothing is half done; a start\n"
        "goes on where it was, also after a crash. docs/operations.md is the page for operators.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .reads_no_settings = true,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
