/* hook.h - one webhook: what its block demands of a request. All that it names has to be right. */
#pragma once

#include "daemon/server.h"
#include "daemon/signature.h"
#include "serve/daemon.h"

struct hook {
    struct way way; /* "webhook NAME" */
    str name;       /* of its path, /hooks/NAME */
    str source;     /* as whose alerts they are read; empty: each source is asked */
    /* secret */
    bool wants_signature;
    bool is_standard; /* Standard Webhooks; else an HMAC of the body alone */
    const char *signature_header;
    struct signature_keys secrets;
    /* token */
    bool wants_token;
    const char *token_header; /* NULL: "Authorization: Bearer TOKEN" */
    struct signature_keys tokens;
    /* client_ca: its file, as in exchange->peer_cas; or empty */
    str client_ca;
    /* topic of SNS; or empty */
    str topic;
};

/* Read the block; its texts are in `arena`, which outlives the hook. ERR_INVALID, ERR_CREDENTIALS
 * with a sentence in `arena` that names the setting; ERR_MEMORY. Release it in any case. */
MUST_CHECK enum err hook_read(const struct program *program, const struct daemon_block *block,
    struct arena *arena, struct hook *ret_hook, const char **reterr_reason);
void hook_release(struct hook *hook);

/* Whether the head alone may be from whom we know; else a static sentence for the log. */
MUST_CHECK bool hook_admits(const struct hook *hook, const struct exchange *exchange,
    int64_t now_ms, const char **reterr_reason);
/* Whether who was admitted has shown a secret by that; else anybody can be. */
bool hook_knows(const struct hook *hook);
/* Whether the body is from whom we know, after hook_admits. */
MUST_CHECK bool hook_believes(const struct hook *hook, const struct exchange *exchange,
    int64_t now_ms, const char **reterr_reason);
