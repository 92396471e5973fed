/* host_pretend.h - hosts of the simulated world whose commands do not run: what the collector would
 * do there is taken at its word.
 *
 * A start script (collector/collector.h) of either platform is remembered with the host, in the
 * world: "collections": [{"key", "looks", "uploaded", "archive"}]. The first status script finds
 * it running, the second complete. Where the script has an address to upload to, a small archive is
 * put there, as that address allows, through the sandbox's own door. Other scripts print nothing.
 */
#pragma once

#include "sandbox/edr.h"
#include "sandbox/host_run.h"

/* What `script` prints on `host` (a machine or device of the world, which remembers). */
void host_pretend_script(
    struct edr_call *call, json_t *host, str script, struct host_run_state *ret_state);
/* The archive or the status of a collection at that path of the host; ptr NULL: there is none. */
str host_pretend_file(const json_t *host, const char *path, struct arena *arena);
