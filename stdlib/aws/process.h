/* process.h - credentials of a program: what a profile's credential_process prints.
 *
 * The line is split into words as a shell would, and no shell is asked: nothing in it is expanded.
 * The program gets our environment, nothing to read, our standard error, and no other open file.
 * Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
 */
#pragma once

#include "aws/keys.h"
#include "host/clock.h"

enum { AWS_PROCESS_MS_MAX = 60 * 1000, AWS_PROCESS_BYTES_MAX = 64 * 1024 };

/* Words of `line` by white space, quotes and backslashes; *ret_words, in `arena`, ends with NULL.
 * ERR_INVALID: a quote or backslash is open at its end, or there is no word. ERR_MEMORY. */
MUST_CHECK enum err aws_process_words(struct arena *arena, str line, char ***ret_words);

/* Run `command` for at most `timeout_ms` and read what it prints. ERR_CREDENTIALS: it could not
 * be started, took too long, printed too much or no credentials, or did not end well;
 * *reterr_reason is a sentence in `arena` that quotes nothing it said. ERR_STOPPED: *stop (may
 * be NULL) is not 0. ERR_MEMORY. */
MUST_CHECK enum err aws_process_fetch(const char *command, struct clock *clock, uint32_t timeout_ms,
    const volatile int *stop, struct arena *arena, struct aws_keys *keys,
    const char **reterr_reason);
