/* plan.h - a plan as a collector reads it.
 *
 * A plan is one JSON object: {"profile":NAME,"linux":PART,"windows":PART}, or the same with
 * "collector" for a collector of the user's own. A PART of a profile has "take", "files", "most",
 * "time", "since", "file_mb", "archive_mb"; one of a collector "file", "sha256", "command", "time",
 * "archive_mb". Times are seconds. A sh gets it as assignments, each value one quoted word; PowerShell as
 * base64, and reads the JSON itself. */
#pragma once

#include "base/buf.h"
#include "collector/collector.h"

enum { PLAN_BYTES_MAX = 32 * 1024 };

/* Append what stands before collector.sh or collector.ps1. False: the plan is none, has no part for
 * the platform, or has text that a script cannot hold. */
bool plan_write(
    struct buf *out, struct arena *arena, enum platform platform, const struct collection *what);
