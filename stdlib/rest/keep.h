/* keep.h - files that are fetched as evidence, kept in one folder.
 *
 * A name is parts of letters, digits, - . _ with slashes between, none beginning with a dot: whatever
 * it holds, nothing is written outside of the folder, and no link is followed. A file gets its name
 * when it is whole and on disk, mode 0600, and never in the place of another. What a process that was killed
 * left of it is removed when it is fetched again.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/sha256.h"
#include "host/http.h"

#include <stdint.h>

enum { KEEP_NAME_BYTES_MAX = 255, KEEP_DEPTH_MAX = 8, KEEP_PATH_BYTES_MAX = 4096 };
/* More than the vendors' clouds hand over. */
static const uint64_t KEEP_BYTES_MAX = UINT64_C(16) * 1024 * 1024 * 1024;

/* Zero it; keep_begin, give `sink` to an exchange, keep_end; keep_release in any case, which removes
 * what was not ended. */
struct keep {
    struct http_sink sink; /* first */
    uint64_t bytes;
    uint64_t bytes_max; /* KEEP_BYTES_MAX where 0 */
    enum err err;       /* why no more was taken: ERR_LIMIT, ERR_IO; ERR_OK: it was */
    /* private */
    int folder; /* that it is in */
    int file;
    char part[32];                      /* its name until it is whole */
    char name[KEEP_NAME_BYTES_MAX + 1]; /* the last part of its name */
    struct sha256 sha256;
    bool is_open;
};

struct kept {
    uint64_t bytes;
    char sha256[SHA256_HEX_SIZE];
    bool existed; /* it was there, with the same content */
    const char
        *ending; /* that its name got for ".7z", because it is no 7z archive (".tar.gz", ".zip",
                         * ".bin"); NULL: its name is as it was */
};

/* `folder` is absolute; it is made where only its last part is missing. ERR_IO: *reterr_reason is a
 * sentence in `arena`; ERR_INVALID: a name that is none, the same; ERR_MEMORY. */
MUST_CHECK enum err keep_begin(
    struct keep *keep, str folder, str name, struct arena *arena, const char **reterr_reason);
/* Forget what came so far: the exchange is tried again. ERR_IO. */
MUST_CHECK enum err keep_again(struct keep *keep);
/* What came, when that are at most `size` bytes: no file but an answer; in `arena`. False else. */
MUST_CHECK bool keep_read_back(struct keep *keep, size_t size, struct arena *arena, str *ret_text);
/* Give it its name. ERR_IO, ERR_INVALID: another file has the name; *reterr_reason as above. */
MUST_CHECK enum err keep_end(
    struct keep *keep, struct kept *ret_kept, struct arena *arena, const char **reterr_reason);
void keep_release(struct keep *keep);
