/* token_file.h - a token that somebody else keeps fresh in a file. */
#pragma once

#include "aws/keys.h"

/* Read the file at `path`, without the line's end. ERR_CREDENTIALS: it cannot be read, is empty
 * or over AWS_TOKEN_BYTES_MAX; *reterr_reason is a sentence in `arena` that quotes nothing of it.
 * ERR_MEMORY. */
MUST_CHECK enum err aws_token_file_read(
    const char *path, struct arena *arena, struct secret *token, const char **reterr_reason);
