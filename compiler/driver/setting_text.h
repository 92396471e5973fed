/* setting_text.h - what a connection's settings stand for, looked up. */
#pragma once

#include "aws/environment.h"
#include "base/arena.h"
#include "base/err.h"
#include "bytecode.h"

enum { SETTING_TEXT_BYTES_MAX = 64 * 1024 };

/* The text, in `arena`, which is to be wiped: a file's without the newline at its end. A credential
 * is a file below $CREDENTIALS_DIRECTORY. ERR_CREDENTIALS: *reterr_reason is a sentence in
 * `reasons` that names the setting and where it was looked for, never a value. ERR_MEMORY. */
MUST_CHECK enum err setting_text(const struct connection_setting *setting,
    const struct aws_environment *environment, struct arena *arena, struct arena *reasons,
    str *ret_text, const char **reterr_reason);

/* Copies of a connection's settings, in `arena`: what is opened by them outlives the program. NULL: it
 * is full. `connection` may be NULL. */
const struct connection_setting *settings_copy(
    struct arena *arena, const struct connection_code *connection);
/* Whether they say the same as `connection` (NULL: nothing). */
bool settings_are(const struct connection_setting *settings, uint32_t count,
    const struct connection_code *connection);
