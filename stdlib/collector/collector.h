/* collector.h - the collectors that triage runs on a host, over Real Time Response, live response and
 * Systems Manager alike.
 *
 * A collection is what to take (a profile, as JSON) and where to put it. Its script is text that
 * a POSIX sh or Windows PowerShell 5.1 runs, ASCII but for what a plan says: it makes a directory of its
 * own, starts the collector detached and returns at once; started again for the same `key` it starts
 * nothing. Progress and end are a file that is polled, of one JSON object (struct collector_status).
 * One archive comes of it, with manifest.json: for each file path, bytes, SHA-256, the command that
 * made it; clock offset; what was skipped, and why.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum platform { PLATFORM_LINUX, PLATFORM_WINDOWS, PLATFORM_COUNT };

struct collection {
    str key;     /* of the step: [a-z0-9-], names the directory */
    str plan;    /* the profile as JSON, made by the compiler; empty: the default "quick" */
    str put_url; /* a mark or an address to upload the archive to; empty: it stays in the directory */
    str tool; /* path, on the host, of the user's own collector or memory tool; empty: none. It runs
                  * under the name of the plan's "file" */
    int64_t
        sent_s; /* our clock when it was begun (step->began_ms): for the offset, which so has the
                     * time that the way to the host took in it */
};

/* The script that starts it; what it prints: "cdr-collector started" or "cdr-collector running".
 * "cdr-collector refused: .." when the directory is somebody else's. In `arena`; ptr NULL: it is full,
 * or plan or address are none. */
str collector_start_script(
    struct arena *arena, enum platform platform, const struct collection *what);
/* The Linux collector to run in the foreground, for who waits for it: `key` is not looked at, and the
 * address is read from CDR_PUT, which is set before it. Its last line is a status. As above. */
str collector_run_script(struct arena *arena, const struct collection *what);
/* The script that prints the status file, and one that removes the directory. */
str collector_status_script(struct arena *arena, enum platform platform, str key);
str collector_clean_script(struct arena *arena, enum platform platform, str key);
/* Where on the host status and archive are. */
str collector_status_path(struct arena *arena, enum platform platform, str key);
str collector_archive_path(struct arena *arena, enum platform platform, str key);

enum collector_state {
    COLLECTOR_NONE, /* nothing of ours is there */
    COLLECTOR_RUNNING,
    COLLECTOR_COMPLETE, /* all that was asked for was taken */
    COLLECTOR_PARTIAL,  /* `why` says what is missing: never clean */
    COLLECTOR_FAILED,
};

struct collector_status {
    enum collector_state state;
    bool is_uploaded;
    bool has_existed; /* S3 had an object of that name: of a lost reply, or of somebody else */
    long long files;
    long long bytes;   /* of the archive */
    long long skipped; /* things that were there and not taken */
    str sha256;        /* of the archive, hex, as the host says */
    str why; /* letters, digits, blanks and commas alone: whoever is root there may write it */
    long long clock_offset_s; /* the host's clock less ours */
};

/* Read what the status script printed, or the file. Anything that is no status is COLLECTOR_NONE.
 * ERR_MEMORY. */
MUST_CHECK enum err collector_status_read(
    struct arena *arena, str text, struct collector_status *ret_status);

/* The default profiles, as plan: "quick", "full"; empty: there is none of that name. */
str collector_profile(str name);

/* What a plan needs on the host besides its script: a file of the user's own. */
struct collector_tool {
    str file;         /* here, as the compiler found it; empty: none */
    str sha256;       /* hex, as the rules say it */
    uint32_t seconds; /* how long collecting may take, packing and uploading not counted */
};
/* False: the plan (empty: "quick") is none, or has no part for the platform; ERR_MEMORY counts as
 * that, with arena->is_full. */
bool collector_needs(
    struct arena *arena, enum platform platform, str plan, struct collector_tool *ret_tool);

/* What such a file is called on its way to a host: "cdr-", the beginning of its hash and the end of
 * its name; the collector gives it its own name back. ptr NULL: the arena is full. */
str collector_tool_name(struct arena *arena, str file, str sha256);

/* `text` as one word of sh, or as one single-quoted literal of PowerShell (which must get it as Unicode: a
 * script file without a byte order mark is read in the host's code page); ptr NULL: the arena is full,
 * or it has a NUL. Whatever it holds, it is that and nothing else runs. */
str collector_quote(struct arena *arena, enum platform platform, str text);
