/* sandbox.h - EC2, IAM and STS, simulated on loopback.
 *
 * A world of accounts, instances, profiles, roles, interfaces and groups that keeps
 * what is done to it, checks signatures and parameters as strictly as AWS does, and
 * can be told to throttle, to fail before or after applying, or to lose the reply:
 *
 *   GET  /_sandbox/calls    [{"service","operation","target","applied",...}]
 *   GET  /_sandbox/state    the whole world
 *   POST /_sandbox/faults   [{"operation","kind":"throttle|fail_before|fail_after|lose_reply","times"}]
 *   POST /_sandbox/reset    the world as it began
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

struct sandbox;

/* Listen on 127.0.0.1:`port` (0: any free one) and serve from a thread of its own until
 * sandbox_stop. `world` is JSON text in the form of /_sandbox/state, or empty for the
 * world that ships. ERR_JSON, ERR_IO, ERR_MEMORY with a sentence in `arena`. */
MUST_CHECK enum err sandbox_start(uint16_t port, str world, struct arena *arena,
    struct sandbox **ret_sandbox, const char **reterr_reason);
/* The port it listens on. */
uint16_t sandbox_port(const struct sandbox *sandbox);
/* Stop and free; NULL is fine. */
void sandbox_stop(struct sandbox *sandbox);

/* Credentials that the sandbox knows, by account: "AKIASANDBOX111122" and so on; index
 * from 0, false past the last. Static text. */
struct sandbox_account {
    const char *account;
    const char *access_key_id;
    const char *secret_access_key;
};
bool sandbox_account_at(uint32_t index, struct sandbox_account *ret_account);
