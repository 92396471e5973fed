/* doctor_edr.c - see doctor.h: the ways to CrowdStrike and Microsoft. */
#include "driver/doctor.h"

#include "act/way.h"
#include "crowdstrike/exclusions.h"
#include "crowdstrike/scopes.h"
#include "driver/connect.h"
#include "driver/console.h"
#include "driver/needs.h"
#include "rest/claims.h"
#include "rest/connection.h"
#include "shell.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* An archive of Real Time Response has up to 4 GB. */
#define EVIDENCE_ROOM_BYTES ((uint64_t)4 * 1024 * 1024 * 1024)

enum { CLOCK_PROBLEM_S = 300, MEBIBYTE = 1024 * 1024 };

/* One connection being looked at. */
struct looking {
    struct checkup *checkup;
    struct connector *connector;
    const struct connection_code *code;
    const char *provider; /* "crowdstrike" */
    enum edr edr;
    struct needs needs;
    uint32_t asked;
    uint32_t missing;
};

static bool needs_some(const struct looking *looking, const char *prefix)
{
    for (const struct need *need = looking->needs.first; need != NULL; need = need->next)
        if (str_startswith(str_from(need->permission), str_from(prefix)))
            return true;
    return false;
}

/* ---- the folder for evidence ---- */

static void look_at_room(struct looking *looking, const char *folder)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return;
    uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    bool is_low = bytes < EVIDENCE_ROOM_BYTES;
    checkup_add(looking->checkup, is_low ? HEALTH_WARNING : HEALTH_OK, "evidence",
        is_low ? "make room: one archive may have 4 GB" : NULL, "%s, private, %" PRIu64 " MiB free",
        folder, bytes / MEBIBYTE);
}

static void look_at_folder(struct looking *looking, const char *folder)
{
    struct arena *arena = &looking->checkup->driver->arena;
    str word = shell_word(arena, str_from(folder));
    struct stat status;
    if (stat(folder, &status) != 0) {
        const char *help = arena_format(arena, "install -d -m 700 %.*s", STR_ARG(word));
        checkup_add(
            looking->checkup, HEALTH_PROBLEM, "evidence", help, "%s: %s", folder, strerror(errno));
    } else if (!S_ISDIR(status.st_mode)) {
        checkup_add(looking->checkup, HEALTH_PROBLEM, "evidence", "name a folder",
            "%s is no folder", folder);
    } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        const char *help = arena_format(arena, "chmod 700 %.*s", STR_ARG(word));
        checkup_add(looking->checkup, HEALTH_PROBLEM, "evidence", help,
            "others may enter %s (mode %03o): evidence has passwords and names in it", folder,
            (unsigned)(status.st_mode & 0777));
    } else if (access(folder, R_OK | W_OK | X_OK) != 0) {
        checkup_add(looking->checkup, HEALTH_PROBLEM, "evidence",
            "make it that of the user who runs cdr", "%s: %s", folder, strerror(errno));
    } else {
        look_at_room(looking, folder);
    }
}

static void look_at_evidence(struct looking *looking)
{
    const struct connection_setting *found = NULL;
    for (uint32_t at = 0; at < looking->code->setting_count; at++)
        if (str_is(looking->code->settings[at].key, "evidence"))
            found = &looking->code->settings[at];
    bool collects = needs_some(looking, "real-time-response")
                    || needs_some(looking, "Machine.LiveResponse")
                    || needs_some(looking, "Machine.CollectForensics");
    if (found != NULL && found->way != WAY_WRITTEN)
        return;
    if (found == NULL && collects)
        checkup_add(looking->checkup, HEALTH_WARNING, "evidence",
            "give the connection a folder: evidence = \"/var/lib/cdr/evidence\"",
            "the connection to %s names no folder: of a contained host nothing can be fetched",
            looking->provider);
    else if (found != NULL && str_startswith(found->text, STR("s3://")))
        checkup_add(looking->checkup, HEALTH_WARNING, "evidence",
            "a folder takes what a host cannot upload",
            "%.*s: of a contained host nothing can be fetched", STR_ARG(found->text));
    else if (found != NULL)
        look_at_folder(looking, arena_copy(&looking->checkup->driver->arena, found->text).ptr);
}

/* ---- permissions ---- */

/* "for miner: isolate_host" */
static const char *for_whom(struct looking *looking, const struct need *need)
{
    const struct need_user *user = need->users;
    return user == NULL ? ""
                        : arena_format(&looking->checkup->driver->arena, ", for %.*s: %.*s%s",
                            STR_ARG(need_user_name(user)), STR_ARG(need_step_name(user)),
                            user->next == NULL ? "" : " and more");
}

static void tell_missing(struct looking *looking, const struct need *need)
{
    struct console_name name;
    const char *help = arena_format(&looking->checkup->driver->arena,
        "cdr setup %s says where to give it%s", looking->provider,
        looking->edr == EDR_DEFENDER ? "; then grant admin consent anew" : "");
    looking->missing++;
    if (console_find(str_from(looking->provider), need->permission, &name))
        checkup_add(looking->checkup, HEALTH_PROBLEM, "permissions", help, "missing %s: %s%s",
            name.group, name.access, for_whom(looking, need));
}

static bool is_told(const struct looking *looking, const struct need *need)
{
    for (const struct need *at = looking->needs.first; at != need; at = at->next)
        if (strcmp(at->permission, need->permission) == 0)
            return true;
    return false;
}

/* ERR_OK: *ret_status is what a harmless read that needs the scope is answered with; 0: there is none. */
static enum err try_scope(
    struct looking *looking, const char *scope, int *ret_status, const char **reterr_reason)
{
    struct arena *arena = &looking->checkup->driver->arena;
    struct step step = {
        .arena = arena, .key = STR("doctor"), .target = STR(""), .found = STR("")
    };
    struct request request = falcon_try_scope(&step, scope);
    struct reply reply = { .status = 0 };
    *ret_status = 0;
    if (request.body.ptr == NULL)
        return arena->is_full ? ERR_MEMORY : ERR_OK;
    struct transport *transport = edr_reach(looking->connector, looking->edr, reterr_reason);
    if (transport == NULL)
        return ERR_CREDENTIALS;
    TRY(transport->send(transport, &request, false, arena, &reply, reterr_reason));
    *ret_status = reply.status;
    return ERR_OK;
}

static void look_at_scope(struct looking *looking, const struct need *need, const char **untried)
{
    int status = 0;
    const char *reason = NULL;
    enum err err = try_scope(looking, need->permission, &status, &reason);
    if (err == ERR_OK && status == 0) {
        struct console_name name;
        if (console_find(str_from(looking->provider), need->permission, &name))
            *untried = arena_format(&looking->checkup->driver->arena, "%s%s%s: %s", *untried,
                (*untried)[0] == '\0' ? "" : ", ", name.group, name.access);
        return;
    }
    looking->asked++;
    if (err == ERR_OK && status == 403) {
        tell_missing(looking, need);
    } else if (err != ERR_OK || status == 401 || status >= 500) {
        looking->missing++;
        checkup_add(looking->checkup, HEALTH_WARNING, "permissions", "try again",
            "%s is not known: %s", need->permission,
            reason != NULL  ? reason
            : err != ERR_OK ? err_text(err)
                            : "Falcon did not answer as it should");
    }
}

static void look_at_scopes(struct looking *looking)
{
    const char *untried = "";
    for (const struct need *need = looking->needs.first; need != NULL && untried != NULL;
         need = need->next)
        if (!is_told(looking, need))
            look_at_scope(looking, need, &untried);
    if (untried != NULL && untried[0] != '\0')
        checkup_add(looking->checkup, HEALTH_OK, "permissions", NULL,
            "not tried, because it would change something: %s", untried);
}

static bool has_role(const json_t *claims, str provider, const char *role)
{
    const json_t *roles = json_object_get(claims, "roles");
    for (size_t at = 0; at < json_array_size(roles); at++) {
        const char *one = json_string_value(json_array_get(roles, at));
        if (one != NULL && console_covers(provider, one, role))
            return true;
    }
    return false;
}

static void look_at_roles(struct looking *looking)
{
    struct rest_connection *connection = edr_connection(looking->connector, looking->edr);
    json_t *defender = rest_connection_claims(connection, "defender");
    json_t *graph = rest_connection_claims(connection, "graph");
    str provider = str_from(looking->provider);
    for (const struct need *need = looking->needs.first; need != NULL; need = need->next) {
        struct console_name name;
        if (is_told(looking, need) || !console_find(provider, need->permission, &name))
            continue;
        const json_t *claims = strcmp(name.group, "Microsoft Graph") == 0 ? graph : defender;
        looking->asked++;
        if (!has_role(claims, provider, need->permission))
            tell_missing(looking, need);
    }
    json_decref(defender);
    json_decref(graph);
}

static void look_at_permissions(struct looking *looking)
{
    if (looking->edr == EDR_CROWDSTRIKE)
        look_at_scopes(looking);
    else
        look_at_roles(looking);
    if (looking->asked > 0 && looking->missing == 0)
        checkup_add(looking->checkup, HEALTH_OK, "permissions", NULL,
            "none of %" PRIu32 " of %s is missing", looking->asked, looking->provider);
}

/* ---- the way there ---- */

static void look_at_clock(struct looking *looking, const struct rest_connection *connection)
{
    int64_t ahead_s;
    if (!rest_connection_clock(connection, &ahead_s))
        return;
    int64_t off_s = ahead_s < 0 ? -ahead_s : ahead_s;
    bool is_off = off_s > CLOCK_PROBLEM_S;
    checkup_add(looking->checkup, is_off ? HEALTH_WARNING : HEALTH_OK, "clock",
        is_off ? "set ours by NTP: alerts are asked for by time, and a certificate signs one"
               : NULL,
        "that of %s is %" PRId64 " s %s ours", looking->provider, off_s,
        ahead_s < 0 ? "behind" : "ahead of");
}

static void go(struct looking *looking)
{
    struct arena *arena = &looking->checkup->driver->arena;
    const char *reason = NULL;
    const char *help =
        arena_format(arena, "cdr setup %s leads through its console", looking->provider);
    str identity = STR(""), region;
    struct transport *transport = edr_reach(looking->connector, looking->edr, &reason);
    struct rest_connection *connection = edr_connection(looking->connector, looking->edr);
    enum err err = transport == NULL || connection == NULL
                       ? ERR_CREDENTIALS
                       : rest_connection_try(connection, arena, &reason);
    if (err == ERR_OK)
        err = transport->where(transport, arena, &identity, &region, &reason);
    if (err != ERR_OK) {
        checkup_add(looking->checkup, HEALTH_PROBLEM, looking->provider, help, "%s",
            reason == NULL ? err_text(err) : reason);
        return;
    }
    str base = rest_connection_base(connection, looking->provider);
    checkup_add(looking->checkup, HEALTH_OK, looking->provider, NULL,
        "%.*s gives us a token: we are %.*s", STR_ARG(base), STR_ARG(identity));
    look_at_clock(looking, connection);
    look_at_permissions(looking);
}

static void tell_exclusions(struct looking *looking)
{
    const struct crowdstrike_exclusion *row;
    for (size_t at = 0; (row = crowdstrike_exclusion_at(at)) != NULL; at++)
        checkup_add(looking->checkup, HEALTH_OK, "exclusion", row->why, "%s, for %s: %s",
            crowdstrike_exclusion_kind(row->kind), row->collector, row->pattern);
}

static void look_at(struct looking *looking, bool is_online)
{
    const struct clause_place *place = &looking->code->place;
    if (is_online)
        go(looking);
    else
        checkup_add(looking->checkup, HEALTH_OK, looking->provider, NULL,
            "%.*s:%u says how it is reached; not tried: give --online", STR_ARG(place->file),
            place->line);
    look_at_evidence(looking);
    if (looking->edr == EDR_CROWDSTRIKE && needs_some(looking, "real-time-response"))
        tell_exclusions(looking);
}

void doctor_edrs(struct checkup *checkup, struct compilation *compilation, bool is_online)
{
    static const char *const providers[EDR_COUNT] = {
        [EDR_CROWDSTRIKE] = "crowdstrike", [EDR_DEFENDER] = "defender"
    };
    struct connector connector = { .clock = checkup->driver->clock, .stop = checkup->driver->stop };
    enum err err = connector_use(&connector, compilation->program);
    for (enum edr edr = 0; edr < EDR_COUNT && err == ERR_OK; edr++) {
        struct looking looking = { .checkup = checkup,
            .connector = &connector,
            .provider = providers[edr],
            .edr = edr,
            .code = way_connection(compilation->program, str_from(providers[edr])) };
        if (looking.code == NULL)
            continue;
        err = needs_of(compilation, str_from(providers[edr]), &looking.needs);
        if (err == ERR_OK)
            look_at(&looking, is_online);
    }
    if (err != ERR_OK)
        checkup_add(checkup, HEALTH_PROBLEM, "connection", NULL, "%s", err_text(err));
    connector_release(&connector);
}
