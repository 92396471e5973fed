/* channel.h - the `channel` blocks of the config: where people are told of alarms and approvals. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/secret.h"
#include "bytecode.h"
#include "daemon/log.h"

enum { CHANNELS_MAX = 16, CHANNEL_TIMEOUT_MS = 10 * 1000, CHANNEL_TIMEOUT_MS_MAX = 30 * 1000 };

/* What one wants to be told; flags. */
enum about { ABOUT_ALARMS = 1, ABOUT_APPROVALS = 2 };

struct channel {
    str name;
    const char *url;
    unsigned about; /* of enum about */
    uint32_t timeout_ms;
    struct secret key;
};

struct channels {
    struct channel items[CHANNELS_MAX];
    uint32_t count;
};

/* Read them, secrets too; names and URLs in `arena`. On the sandbox (`is_sandbox`) those that are not
 * on this machine are left out, which is logged: there nothing real is reached. Release it whatever
 * comes back. ERR_INVALID, ERR_CREDENTIALS with a sentence in `arena` that names the channel and the
 * setting; ERR_MEMORY. */
MUST_CHECK enum err channels_read(const struct program *program, bool is_sandbox,
    const struct log *log, struct arena *arena, struct channels *ret_channels,
    const char **reterr_reason);
/* Wipe their secrets. */
void channels_release(struct channels *channels);
