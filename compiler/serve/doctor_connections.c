/* doctor_connections.c - see doctor_daemon.h: AWS, account by account. */
#include "serve/doctor_daemon.h"

#include "arn.h"
#include "aws/hosts.h"
#include "aws/whoami.h"
#include "driver/connect.h"
#include "serve/blocks.h"
#include "serve/doctor_policy.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ACCOUNTS_MAX = 50, CLOCK_WARNING_S = 60, CLOCK_PROBLEM_S = 300, PATIENCE_MS = 60 * 1000 };

/* Signatures are good for minutes: 5 at AWS, and for webhooks. */
static void look_at_clock(struct checkup *checkup, const struct aws_connection *connection)
{
    int64_t ahead_s;
    if (!aws_connection_clock(connection, &ahead_s))
        return;
    int64_t off_s = ahead_s < 0 ? -ahead_s : ahead_s;
    enum health health = off_s > CLOCK_PROBLEM_S   ? HEALTH_PROBLEM
                         : off_s > CLOCK_WARNING_S ? HEALTH_WARNING
                                                   : HEALTH_OK;
    checkup_add(checkup, health, "clock of AWS",
        health == HEALTH_OK ? NULL : "set ours by NTP: signatures depend on it",
        "%" PRId64 " s %s ours", off_s, ahead_s < 0 ? "behind" : "ahead of");
}

/* Go to an account (empty: our own), and look at what we may there. */
static bool look_at_account(
    struct checkup *checkup, struct connector *connector, struct rule_set *set, str account)
{
    const char *reason = NULL;
    str identity = STR("");
    struct arn arn;
    struct transport *transport = connector_reach(connector, account, &reason);
    enum err err = transport == NULL
                       ? ERR_CREDENTIALS
                       : aws_whoami(transport, &checkup->driver->arena, &identity, NULL, &reason);
    const char *name = account.len == 0 ? "AWS" : "AWS account";
    if (err != ERR_OK) {
        checkup_add(checkup, HEALTH_PROBLEM, name,
            account.len == 0 ? "mend the credentials, or the way to AWS"
                             : "cdr setup aws writes the role, its trust and the external id",
            "%s", reason == NULL ? err_text(err) : reason);
        return false;
    }
    if (!arn_read(identity, &arn))
        arn = (struct arn){ 0 };
    checkup_add(checkup, HEALTH_OK, name, NULL, "%.*s%swe are %.*s", STR_ARG(account),
        account.len == 0 ? "" : ": ", STR_ARG(identity));
    doctor_policy(checkup, transport, set, identity, account.len > 0,
        connector_member_role(connector).len > 0);
    return true;
}

/* The accounts that the rules name, or that are of the organization; our own left out. */
static enum err accounts_find(struct checkup *checkup, struct connector *connector,
    const struct program *program, struct aws_names *names, str *ret_own,
    const char **reterr_reason)
{
    str partition;
    TRY(connector_own_account(connector, ret_own, &partition, reterr_reason));
    struct transport *transport = connector_reach(connector, STR(""), reterr_reason);
    if (program->has_organization && transport != NULL)
        return aws_organization_accounts(
            transport, partition, &checkup->driver->arena, names, reterr_reason);
    names->items = ARENA_ARRAY(&checkup->driver->arena, str, program->account_count + 1);
    if (names->items == NULL)
        return ERR_MEMORY;
    for (; names->count < program->account_count; names->count++)
        names->items[names->count] = program->accounts[names->count];
    return ERR_OK;
}

static void look_at_accounts(
    struct checkup *checkup, struct connector *connector, struct rule_set *set)
{
    struct aws_names names = { 0 };
    const char *reason = NULL;
    str own = STR("");
    if (connector_member_role(connector).len == 0)
        return;
    enum err err = accounts_find(checkup, connector, set->program, &names, &own, &reason);
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "AWS accounts",
            "the accounts of the organization are read with organizations:ListAccounts", "%s",
            reason == NULL ? err_text(err) : reason);
    /* Each that hangs takes its time, and whoever starts the daemon waits for all of it. */
    struct clock *clock = checkup->driver->clock;
    int64_t begin_ms = clock->now_ms(clock);
    for (size_t at = 0; at < names.count && at < ACCOUNTS_MAX; at++) {
        if (clock->now_ms(clock) - begin_ms > PATIENCE_MS) {
            checkup_add(checkup, HEALTH_WARNING, "AWS accounts", "those that took long are above",
                "%d s are over, and %zu accounts were not looked at", PATIENCE_MS / 1000,
                names.count - at);
            break;
        }
        if (!str_equal(names.items[at], own))
            (void)look_at_account(checkup, connector, set, names.items[at]);
    }
    if (names.count > ACCOUNTS_MAX)
        checkup_add(checkup, HEALTH_WARNING, "AWS accounts", "one template makes all of the roles",
            "%zu accounts, the first %d were looked at", names.count, ACCOUNTS_MAX);
}

static void look_at_aws(struct checkup *checkup, struct rule_set *set)
{
    struct connector connector = { .clock = checkup->driver->clock, .stop = checkup->driver->stop };
    const char *reason = NULL;
    const struct aws_connection *connection = NULL;
    if (connector_use(&connector, set->program) == ERR_OK)
        connection = connector_base(&connector, &reason);
    if (connection == NULL) {
        checkup_add(checkup, HEALTH_PROBLEM, "AWS credentials", "without them nothing is reached",
            "%s", reason == NULL ? err_text(ERR_MEMORY) : reason);
    } else {
        checkup_add(checkup, HEALTH_OK, "AWS credentials", NULL, "from %s, region %.*s",
            aws_connection_found(connection), STR_ARG(aws_connection_region(connection)));
        bool is_in = look_at_account(checkup, &connector, set, STR(""));
        look_at_clock(checkup, connection);
        if (is_in)
            look_at_accounts(checkup, &connector, set);
    }
    connector_release(&connector);
}

void doctor_connections(struct checkup *checkup, struct rule_set *set)
{
    const struct program *program = set->program;
    bool has_aws = false;
    if (str_is(block_word(block_find(program, "daemon"), "sandbox", "off"), "on")) {
        checkup_add(checkup, HEALTH_OK, "sandbox", NULL,
            "every provider is the sandbox, so connections are not tried");
        return;
    }
    for (uint32_t at = 0; at < program->connection_count; at++) {
        const struct connection_code *connection = &program->connections[at];
        const char *provider = arena_copy(&checkup->driver->arena, connection->provider).ptr;
        if (str_is(connection->provider, "aws"))
            has_aws = true;
        else if (edr_find(provider) == EDR_COUNT)
            checkup_add(checkup, HEALTH_WARNING, "connection", NULL,
                "%.*s is not connected in this build, so it was not tried",
                STR_ARG(connection->provider));
    }
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        has_aws |= str_is(block_word(&program->daemon_blocks[at], "provider", ""), "guardduty")
                   || str_is(program->daemon_blocks[at].kind, "queue");
    if (has_aws)
        look_at_aws(checkup, set);
    doctor_edrs(checkup, &set->compilation, true);
}
