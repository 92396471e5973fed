/* blocks.h - reading the `daemon` block, those within it, and channels. */
#pragma once

#include "bytecode.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

/* The setting, or NULL. Of a list the first; the others follow it. */
const struct connection_setting *block_setting(const struct daemon_block *block, const char *key);
/* The block of that kind, which is there once ("daemon", "tls"), or NULL. */
const struct daemon_block *block_find(const struct program *program, const char *kind);
/* Its text, looked up (setting_text.h: a secret's arena is to be wiped); empty when it is not set.
 * ERR_CREDENTIALS, ERR_MEMORY. */
MUST_CHECK enum err block_text(const struct daemon_block *block, const char *key,
    struct arena *arena, str *ret_text, const char **reterr_reason);
/* A word or a plain text as it is written, or `otherwise`. */
str block_word(const struct daemon_block *block, const char *key, const char *otherwise);
/* A time, in ms, or `otherwise`. `block` may be NULL, as everywhere here. */
int64_t block_ms(const struct daemon_block *block, const char *key, int64_t otherwise);
/* "127.0.0.1:8080" or "[::1]:0" taken apart; false: it is no such thing. The address in `arena`. */
bool block_address(str text, struct arena *arena, const char **ret_address, uint16_t *ret_port);
