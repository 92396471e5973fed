/* fake_host.h - what a host of the simulated world answers when its commands are not really run.
 *
 * It runs nothing. The scripts of a collector (collector/collector.h) are known by the line of their
 * key and by what they print: a start begins a collection, the status is "running" for some looks and
 * then "complete", and the archive is a small real one, .zip or .tar.gz, with manifest.json in it.
 * Other scripts print nothing; PowerShell whose quotes or brackets are not closed is refused as
 * PowerShell refuses it. What it remembers is in the host's own member "sandbox": "collections":
 * [{"key", "looks", "uploaded", "manifest", "sha256", "bytes"}], "put": [names], "starts": how
 * often one was begun.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <jansson.h>

/* Whoever uploads what was packed; the status of HTTP. `self` of whoever made it. */
struct fake_uploader {
    int (*put)(struct fake_uploader *uploader, str url, str body);
};

struct fake_host {
    json_t *inside; /* "sandbox" of the host */
    const char *name;
    bool is_windows;
    struct fake_uploader *uploader; /* NULL: nothing leaves the host */
    long long looks;                /* how often a status says "running" */
};

struct fake_reply {
    const char *out; /* in the arena */
    const char *err;
};

struct fake_reply fake_host_run(struct fake_host *host, str script, struct arena *arena);
/* The archive at that path, in the arena; false: there is no such file. */
bool fake_host_file(
    const struct fake_host *host, const char *path, struct arena *arena, str *ret_content);
/* NULL, or what PowerShell says of a script that does not parse; static. Quotes, here-strings,
 * comments and brackets are looked at, nothing else. */
const char *powershell_fault(str script);
