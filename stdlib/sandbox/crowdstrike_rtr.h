/* crowdstrike_rtr.h - Real Time Response of the simulated tenant: sessions, commands, files.
 *
 * In the tenant: "sessions": [{"session_id", "device_id", "clientId", "expiresAtMs",
 * "offline_queued", ..}], "commands": [{"cloud_request_id", "session_id", "state": "queued" |
 * "running" | "ended", "looks", "stdout", "stderr", ..}], "files": what `get` fetched, "putFiles".
 */
#pragma once

#include "sandbox/crowdstrike.h"
#include "sandbox/fake_host.h"

/* The session of that id if it has not expired, borrowed; NULL: refused as the vendor does. */
json_t *rtr_session(struct edr_call *call, const char *id);
/* Whether the agent of the device is connected; a look at one that comes back after some looks
 * ("onlineAfter" in its "sandbox") brings that nearer. */
bool rtr_is_online(const json_t *device, bool is_look);

/* A command line taken apart: `runscript -Raw=```..``` -Timeout=60`, `put "a b"`. */
enum { RTR_WORDS_MAX = 16 };
struct rtr_line {
    const char *words[RTR_WORDS_MAX]; /* the command first; without quotes, in the arena */
    size_t count;
};
/* False: quotes that do not end, or too many words. */
MUST_CHECK bool rtr_line_read(const char *line, struct arena *arena, struct rtr_line *ret_line);
/* What follows "-Raw=" of one of the words; NULL: none. */
const char *rtr_option(const struct rtr_line *line, const char *name);

/* Begin the command on its device: what it prints goes into it, now or once it ran. */
void rtr_perform(struct edr_call *call, json_t *command);
/* Look at one that really runs. */
void rtr_look(struct edr_call *call, json_t *command);
/* `get`: note the file for the session of `command`. False: there is none. */
bool rtr_fetch(struct edr_call *call, const json_t *command, const char *path);
/* The bytes of a file that is kept for `put`, in the arena; false: none of that name. */
bool rtr_put_file(struct edr_call *call, const char *name, str *ret_content);
/* The simulated host behind a device. */
struct fake_host rtr_fake_host(struct edr_call *call, json_t *device);
/* Whether commands on the device really run. */
bool rtr_runs(const struct edr_call *call, const json_t *device);
