/* setup_edr.c - see setup_edr.h. What consoles call their pages is as of their documentation; consoles
 * move, so each step names what is to be found there too. */
#include "driver/setup_edr.h"

#include "driver/json_out.h"
#include "driver/needs_console.h"

#include <string.h>

struct stage {
    const char *provider;
    const char *needs; /* permissions that begin so make it necessary; "": it always is */
    const char *title;
    const char *where; /* clicks */
    const char *what;
    bool has_grants; /* what is needed is listed below it */
};

static const struct stage stages[] = {
    { "crowdstrike", "", "Create an API client with exactly these scopes",
        "Support and resources > API clients and keys > Create API client",
        "The secret is shown once: put it where cdr runs, into what the connection below names. "
        "The base URL beside it says the cloud.",
        true },
    { "crowdstrike", "real-time-response",
        "Allow Real Time Response on the hosts that rules are about",
        "Host setup and management > Response policies, for Windows and for Linux",
        "In every policy that has such hosts: Real Time Response, Custom Scripts, get and put. "
        "Assign it to their host groups, above policies that forbid it.",
        false },
    { "crowdstrike", "real-time-response", "Let collectors run on Windows",
        "Endpoint security > Exclusions",
        "`cdr doctor` lists the exclusions. cdr's own collector is a script of PowerShell: a "
        "prevention policy that blocks suspicious scripts stops it.",
        false },
    { "crowdstrike", "hosts:write", "Say what a contained host may still reach",
        "Host setup and management > Containment policy",
        "The Falcon cloud always; add addresses (DNS, a domain controller, a jump host) that must "
        "stay, and no more: an attacker can reach them too.",
        false },

    { "defender", "", "Register an application",
        "entra.microsoft.com > App registrations > New registration",
        "This directory alone, no redirect address. Note the application (client) id and the "
        "directory (tenant) id.",
        false },
    { "defender", "", "Give it exactly these permissions, as application permissions",
        "the application > API permissions > Add a permission > APIs my organization uses",
        "Delegated permissions do nothing here. Take out User.Read, which is there by itself.",
        true },
    { "defender", "", "Grant admin consent",
        "the same page > Grant admin consent, as Privileged Role Administrator",
        "Until then tokens come without any of it. After each change anew.", false },
    { "defender", "", "Give it a certificate, or a secret",
        "the application > Certificates & secrets",
        "A certificate is better: its key never leaves the machine of cdr (`certificate` in place "
        "of "
        "`client_secret`). Note when it ends.",
        false },
    { "defender", "Machine.LiveResponse", "Switch live response on",
        "security.microsoft.com > Settings > Endpoints > Advanced features",
        "Live Response, Live Response for Servers, Live Response unsigned script execution.",
        false },
    { "defender", "User.EnableDisableAccount",
        "Only if rules may disable administrators: a directory role",
        "entra.microsoft.com > Roles & admins",
        "Users without an administrator's role need no more than the permissions. For others "
        "assign "
        "the application User Administrator, or Privileged Authentication Administrator for the "
        "most "
        "privileged. Who steals its secret can then do the same: leave it out where you can.",
        false },
};

static const struct {
    const char *provider;
    const char *collects[2]; /* permissions that begin so need a folder for evidence */
    const char *block;
    const char *end;
    const char *variables[3];
} connections[] = {
    { "crowdstrike", { "real-time-response", "real-time-response" },
        "connection falcon {\n"
        "  provider = crowdstrike\n"
        "  cloud = us1\n"
        "  client_id = env(\"CDR_FALCON_CLIENT_ID\")\n"
        "  client_secret = env(\"CDR_FALCON_CLIENT_SECRET\")\n",
        "cloud: us1 us2 eu1 gov1 gov2, as the base URL of the client says",
        { "CDR_FALCON_CLIENT_ID", "CDR_FALCON_CLIENT_SECRET" } },
    { "defender", { "Machine.LiveResponse", "Machine.CollectForensics" },
        "connection defender {\n"
        "  provider = defender\n"
        "  tenant = env(\"CDR_DEFENDER_TENANT\")\n"
        "  client_id = env(\"CDR_DEFENDER_CLIENT_ID\")\n"
        "  client_secret = env(\"CDR_DEFENDER_CLIENT_SECRET\")\n",
        "cloud = gcc, gcc_high, dod or china where the tenant is not in the commercial cloud",
        { "CDR_DEFENDER_TENANT", "CDR_DEFENDER_CLIENT_ID", "CDR_DEFENDER_CLIENT_SECRET" } },
};

static bool is_needed(const struct needs *needs, const char *prefix)
{
    for (const struct need *need = needs->first; need != NULL; need = need->next)
        if (str_startswith(str_from(need->permission), str_from(prefix)))
            return true;
    return prefix[0] == '\0';
}

static bool is_due(const struct stage *stage, const struct needs *needs, str provider)
{
    return str_is(provider, stage->provider) && is_needed(needs, stage->needs);
}

static size_t connection_of(str provider)
{
    size_t at = 0;
    while (at + 1 < COUNT_OF(connections) && !str_is(provider, connections[at].provider))
        at++;
    return at;
}

static void add_connection(struct buf *out, const struct needs *needs, size_t which)
{
    bool collects = is_needed(needs, connections[which].collects[0])
                    || is_needed(needs, connections[which].collects[1]);
    buf_addf(out, "%s%s}\n", connections[which].block,
        collects ? "  evidence = \"/var/lib/cdr/evidence\"\n" : "");
}

enum err setup_edr_text(struct output *out, const struct needs *needs, str provider)
{
    size_t which = connection_of(provider), number = 1;
    for (size_t at = 0; at < COUNT_OF(stages); at++) {
        const struct stage *stage = &stages[at];
        if (!is_due(stage, needs, provider))
            continue;
        output_addf(out, "%zu. ", number++);
        output_styled(out, STYLE_BOLD, str_from(stage->title));
        output_addf(out, "\n   %s\n   %s\n", stage->where, stage->what);
        if (stage->has_grants)
            needs_console_list(out, needs, provider, "     ");
    }
    output_addf(out, "%zu. ", number++);
    output_styled(out, STYLE_BOLD, STR("Paste the connection beside the rules"));
    output_addf(out, "\n   %s\n\n", connections[which].end);
    add_connection(&out->buf, needs, which);
    output_addf(out, "\n%zu. ", number);
    output_styled(out, STYLE_BOLD, STR("See whether it is right"));
    output_add(out, STR("\n   cdr doctor --online --rules RULES, where"));
    for (size_t at = 0; at < COUNT_OF(connections[0].variables); at++)
        if (connections[which].variables[at] != NULL)
            output_addf(out, " %s", connections[which].variables[at]);
    output_add(out, STR(" are set\n"));
    return out->buf.err;
}

static json_t *stages_json(const struct needs *needs, str provider)
{
    json_t *all = json_array();
    for (size_t at = 0; at < COUNT_OF(stages); at++) {
        if (!is_due(&stages[at], needs, provider))
            continue;
        json_t *json = json_object();
        json_put(&json, "title", json_from_text(stages[at].title));
        json_put(&json, "where", json_from_text(stages[at].where));
        json_put(&json, "what", json_from_text(stages[at].what));
        json_append(&all, json);
    }
    return all;
}

enum err setup_edr_json(struct output *out, const struct needs *needs, str provider)
{
    CLEANUP(buf_release) struct buf block = BUF_INIT(4096);
    size_t which = connection_of(provider);
    json_t *whole = json_object(), *variables = json_array();
    add_connection(&block, needs, which);
    for (size_t at = 0; at < COUNT_OF(connections[0].variables); at++)
        if (connections[which].variables[at] != NULL)
            json_append(&variables, json_from_text(connections[which].variables[at]));
    json_put(&whole, "provider", json_from_str(provider));
    json_put(&whole, "grants", needs_console_json(needs, provider));
    json_put(&whole, "steps", stages_json(needs, provider));
    json_put(&whole, "connection", json_from_str(buf_str(&block)));
    json_put(&whole, "environment", variables);
    enum err err = block.err != ERR_OK ? block.err : json_add_line(&out->buf, whole);
    json_decref(whole);
    return err;
}
