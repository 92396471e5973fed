/* sandbox.h - the services of AWS, CrowdStrike and Microsoft that steps speak with, on loopback.
 *
 * A world of accounts, instances, profiles, roles, interfaces and groups that keeps
 * what is done to it, checks signatures and parameters as strictly as AWS does, and
 * can be told to throttle, to fail before or after applying, or to lose the reply:
 *
 *   GET    /_sandbox/calls    [{"at","caller","accessKeyId","service","operation","account",
 *                             "region","target","applied","status","error","parameters",
 *                             "fault","atMs"}] in order; `atMs`: milliseconds since 1970;
 *                             `applied`: it changed the world; `status` 0: the reply was lost
 *   GET    /_sandbox/state    the whole world; it can be loaded again
 *   GET    /_sandbox/faults   those that are still to come
 *   POST   /_sandbox/faults   [{"operation","kind","times","after","milliseconds","status"}]
 *                             takes the place of the former list; DELETE clears it
 *   POST   /_sandbox/findings [finding]: of GuardDuty, as GetFindings answers them, are there from
 *                             now on, each in the place of one with its id
 *   POST   /_sandbox/alerts   [alert]: of Falcon, Graph or Defender for Endpoint, as they show them;
 *                             the same
 *   POST   /_sandbox/reset    the world as it began; no calls, no faults
 *
 * `operation` "*" is any; `times` (1) calls are hit after the first `after` (0) ones.
 * Kinds: throttle, fail_before, fail_after, lose_reply (applied, then the connection is
 * closed), slow (applied, then `milliseconds` pass), html (a page with `status`, 502),
 * deny, stale (applied, but the next `looks` (2) looks at that service show what was before), expire
 * (a bearer token counts as expired).
 * Time inside passes with each look: an instance that is stopping is stopped in
 * the second DescribeInstances, a snapshot is completed in the third DescribeSnapshots.
 * Addresses stay through stop and start, as elastic ones do.
 *
 * Below /_crowdstrike there is a Falcon tenant (edr.h, crowdstrike.h), below /_microsoft one of
 * Microsoft: members "crowdstrike" and "microsoft" of the world. Their calls are in the same log, by
 * the vendor's name of the operation, "account" being the tenant; the same faults hit them.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

struct sandbox;

struct sandbox_options {
    uint16_t port; /* of 127.0.0.1; 0: any free one */
    str world;     /* JSON text in the form of /_sandbox/state; empty: the world that ships */
    const char
        *hosts; /* folder for hosts whose commands really run (host_run.h); NULL: none does */
};

/* Listen and serve from a thread of its own until sandbox_stop. ERR_JSON, ERR_IO, ERR_MEMORY with
 * a sentence in `arena`. */
MUST_CHECK enum err sandbox_start(const struct sandbox_options *options, struct arena *arena,
    struct sandbox **ret_sandbox, const char **reterr_reason);
/* The port it listens on. */
uint16_t sandbox_port(const struct sandbox *sandbox);
/* Stop and free; NULL is fine. */
void sandbox_stop(struct sandbox *sandbox);

/* The users that the sandbox knows, one an account, by index from 0; false past the last.
 * Static text. Sessions of roles stand in the world, under "credentials". */
struct sandbox_account {
    const char *account;
    const char *access_key_id;
    const char *secret_access_key;
};
bool sandbox_account_at(uint32_t index, struct sandbox_account *ret_account);
