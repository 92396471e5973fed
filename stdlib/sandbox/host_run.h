/* host_run.h - hosts of the simulated world whose commands really run, on this machine.
 *
 * Only where the sandbox was started with a folder for it, and only for hosts that the world says
 * so of ("runs": true). A host has FOLDER/ID: it is where its commands run, its HOME and its TMPDIR;
 * their environment has these, PATH and a mark, nothing else. A host's /tmp and / are that folder for
 * commands of the API that name files (host_path). Each command is a process group of
 * its own with a time to live and a greatest file size. This is no jail: what runs is whatever whoever
 * calls the sandbox sends, with the rights of who started it. Processes that a command left behind are
 * those of this process (which becomes a child subreaper) with the mark or with a working directory in
 * FOLDER: they are killed at the end, and nobody else's are. Not for several threads.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

enum {
    HOST_RUNS_MAX = 256, /* remembered; the oldest that ended goes first */
    HOST_OUTPUT_BYTES_MAX = 1024 * 1024,
    HOST_FILE_BYTES_MAX = 8 * 1024 * 1024,
    HOST_TIMEOUT_S_MAX = 600,
};

struct host_runs;

/* `folder` is made if it is not there. ERR_INVALID: it is there, is not empty, and was not made or taken
 * for this before; nothing was touched. ERR_IO, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err host_runs_open(const char *folder, struct host_runs **ret_runs);
/* Kill whatever still runs; NULL is fine. Files stay. */
void host_runs_close(struct host_runs *runs);

/* Start `script` with /bin/sh on the host `id` ([A-Za-z0-9-], at most 64); `key` ([A-Za-z0-9-]) is
 * what it is asked for by. ERR_INVALID: another id or key; ERR_LIMIT: too many run. */
MUST_CHECK enum err host_run_start(
    struct host_runs *runs, const char *id, const char *key, str script, uint32_t timeout_s);

struct host_run_state {
    bool is_known;
    bool is_complete;
    bool is_killed; /* it ran longer than it may */
    int exit_code;
    str out; /* in the arena, cut at HOST_OUTPUT_BYTES_MAX */
    str err;
};
/* How it stands with `key`. ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err host_run_look(
    struct host_runs *runs, const char *key, struct arena *arena, struct host_run_state *ret_state);

/* Where `path` of the host really is, in the arena: its / and its /tmp are its folder, which is what
 * TMPDIR tells scripts too. NULL: the arena is full. */
const char *host_path(
    const struct host_runs *runs, const char *id, const char *path, struct arena *arena);
/* The file at `path` of the host. What does not lie in its folder once links are followed is not
 * there: ERR_NOT_FOUND. ERR_LIMIT past HOST_FILE_BYTES_MAX, ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err host_file_read(struct host_runs *runs, const char *id, const char *path,
    struct arena *arena, str *ret_content);
/* Put a file (0755) of a bare name into the host's folder; host_file_keep: among what is no file of the
 * host, to be read as ".cdr-runs/NAME". ERR_INVALID: a name with a slash, or that begins with a dot. */
MUST_CHECK enum err host_file_write(
    struct host_runs *runs, const char *id, const char *name, str content);
MUST_CHECK enum err host_file_keep(
    struct host_runs *runs, const char *id, const char *name, str content);
