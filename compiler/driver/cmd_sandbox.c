/* cmd_sandbox.c - cdr sandbox: AWS, CrowdStrike and Microsoft, simulated on loopback, to try rules against. */
#include "driver/command.h"
#include "driver/files.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD_BYTES_MAX = 64 * 1024 * 1024 };

static const struct option options[] = {
    { OPTION_LISTEN, OPTION_TEXT, "ADDRESS:PORT", NULL, "127.0.0.1:8470",
        "where to listen: loopback only; port 0 is any free one" },
    { OPTION_WORLD, OPTION_TEXT, "FILE", NULL, NULL,
        "begin with this world (JSON, the form of GET /_sandbox/state)" },
    { OPTION_HOSTS, OPTION_TEXT, "DIR", NULL, NULL,
        "hosts of the world that run commands do so, with /bin/sh on THIS machine, in DIR" },
    { 0 },
};

/* The port of "127.0.0.1:PORT" or "localhost:PORT", or a sentence on what is wrong. */
static const char *read_address(const char *text, uint16_t *ret_port, struct arena *arena)
{
    str rest = str_from(text);
    size_t colon = str_find_last(rest, ':');
    str host = colon == rest.len ? rest : str_first(rest, colon);
    if (colon == rest.len)
        return arena_format(
            arena, "--listen needs an address and a port, 127.0.0.1:8470, not %s", text);
    if (!str_is(host, "127.0.0.1") && !str_is(host, "localhost"))
        return arena_format(arena,
            "the sandbox listens on loopback only, 127.0.0.1:PORT: it knows no secret that is "
            "worth "
            "the name, so nobody else may reach it (not %s)",
            text);
    const char *digits = rest.ptr + colon + 1;
    char *end = NULL;
    unsigned long port = digits[0] >= '0' && digits[0] <= '9' ? strtoul(digits, &end, 10) : 65536;
    if (end == NULL || *end != '\0' || port > UINT16_MAX)
        return arena_format(arena, "--listen needs a port from 0 to 65535, not %s", digits);
    *ret_port = (uint16_t)port;
    return NULL;
}

/* What rules name in the world that ships. */
#define SHIPPED_WORLD                                                                              \
    "# what roles of other accounts are taken with\nexport CDR_EXTERNAL_ID=cdr-sandbox\n"          \
    "# there are, for one: role cdr-responder in each account, bucket "                            \
    "cdr-evidence-111122223333,\n"                                                                 \
    "# IP set blocklist, user deploy with key AKIASANDBOX1111DEPLOY, instances "                   \
    "i-01111e1c0ffee0003\n"                                                                        \
    "# and (in 444455556666) i-04444e1c0ffee0002, of role payments\n"

/* Connections of the world that ships, to paste into rules. */
static void print_connections(struct output *out, uint16_t port)
{
    output_addf(out,
        "# and into rules, for CrowdStrike and Microsoft:\n"
        "# connection falcon { provider = crowdstrike url = \"http://127.0.0.1:%u/_crowdstrike\"\n"
        "#   client_id = \"c0ffee00111122223333444455556666\" client_secret = "
        "env(\"CDR_FALCON_SECRET\") }\n"
        "export CDR_FALCON_SECRET=sandbox-secret-of-cdr-falcon\n",
        port);
    output_addf(out,
        "# connection defender { provider = defender url = \"http://127.0.0.1:%u/_microsoft\"\n"
        "#   tenant = \"5a5db0c5-0000-4000-8000-0000000c0ffe\" client_id = "
        "\"0c0ffee0-0000-4000-8000-00000000c001\"\n"
        "#   client_secret = env(\"CDR_DEFENDER_SECRET\") }\n"
        "export CDR_DEFENDER_SECRET=sandbox-secret-of-cdr-defender\n",
        port);
}

/* What to paste into a shell. The first account is in force, the others are comments,
 * so that the whole text may be sourced. */
static void print_exports(struct output *out, uint16_t port, bool is_shipped)
{
    struct sandbox_account account;
    output_addf(out,
        "# the sandbox listens; paste this into another shell (Ctrl-C here ends it)\n"
        "export AWS_ENDPOINT_URL=http://127.0.0.1:%u\nexport AWS_REGION=eu-west-1\n",
        port);
    for (uint32_t i = 0; sandbox_account_at(i, &account); i++) {
        const char *mark = i == 0 ? "" : "# ";
        output_addf(out,
            "# account %s\n%sexport AWS_ACCESS_KEY_ID=%s\n"
            "%sexport AWS_SECRET_ACCESS_KEY=%s\n",
            account.account, mark, account.access_key_id, mark, account.secret_access_key);
    }
    if (is_shipped) {
        output_add(out, STR(SHIPPED_WORLD));
        print_connections(out, port);
    }
    output_addf(out, "# what was done to it: curl -s http://127.0.0.1:%u/_sandbox/calls\n", port);
    output_flush(out);
}

static enum exit_code read_world(
    struct driver *driver, const struct arguments *arguments, struct buf *world)
{
    const char *file = option_text(arguments, OPTION_WORLD);
    if (file == NULL)
        return EXIT_CLEAN;
    enum err err = file_read(file, world);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(
        driver, "%s cannot be read: %s", file, err == ERR_IO ? strerror(errno) : err_text(err));
    return EXIT_USAGE;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    uint16_t port = 0;
    CLEANUP(buf_release) struct buf world = BUF_INIT(WORLD_BYTES_MAX);
    if (arguments->operand_count > 0)
        return driver_usage(
            driver, &sandbox_command, "takes no operand, so not %s", arguments->operands[0]);
    const char *fault = read_address(option_text(arguments, OPTION_LISTEN), &port, &driver->arena);
    if (fault != NULL)
        return driver_usage(driver, &sandbox_command, "%s", fault);
    enum exit_code code = read_world(driver, arguments, &world);
    if (code != EXIT_CLEAN)
        return code;
    /* Blocked before the sandbox's thread is made: only sigsuspend lets a signal in, and
     * none is lost between the test and the wait. */
    sigset_t stops;
    sigset_t old;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigprocmask(SIG_BLOCK, &stops, &old);
    struct sandbox *sandbox = NULL;
    const char *reason = NULL;
    struct sandbox_options begin = { port, buf_str(&world), option_text(arguments, OPTION_HOSTS) };
    enum err err = sandbox_start(&begin, &driver->arena, &sandbox, &reason);
    if (err != ERR_OK) {
        driver_message(
            driver, "the sandbox cannot start: %s", reason == NULL ? err_text(err) : reason);
        return EXIT_USAGE;
    }
    print_exports(&driver->out, sandbox_port(sandbox), world.len == 0);
    while (*driver->stop == 0)
        sigsuspend(&old);
    sandbox_stop(sandbox);
    return EXIT_CLEAN;
}

static const struct example examples[] = {
    { "cdr sandbox --listen 127.0.0.1:8470",
        "an account to try rules on; it prints what to export" },
    { 0 },
};

const struct command sandbox_command = {
    .name = "sandbox",
    .operands = "",
    .summary = "a simulated AWS of two accounts, a Falcon and a Microsoft tenant, on loopback, to "
               "try rules on",
    .help =
        "It keeps what is done to it: GET /_sandbox/calls and /_sandbox/state show it, POST\n"
        "/_sandbox/reset begins anew, and POST /_sandbox/faults says what is to go wrong, as\n"
        "[{\"operation\",\"kind\",\"times\",\"after\",\"milliseconds\",\"status\"}]. To throttle\n"
        "two calls:\n\n"
        "  curl -d '[{\"operation\":\"PutRolePolicy\",\"kind\":\"throttle\",\"times\":2}]' \\\n"
        "      $AWS_ENDPOINT_URL/_sandbox/faults\n\n"
        "Kinds: throttle fail_before fail_after lose_reply slow html deny stale expire;\n"
        "docs/providers.md has more. It runs until SIGINT or SIGTERM.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
