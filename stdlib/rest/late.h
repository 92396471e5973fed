/* late.h - what a REST request has only when it is sent.
 *
 * Marks, as aws/late.h has them: plans, hashes and the journal have the mark, the connection puts in
 * what it stands for at every attempt anew. A text is a mark only where the step that made the
 * request says so, in request.late, and there once: whatever an alert, a rule or a host says stays
 * what it is.
 *
 *   REST_LATE_PUT BUCKET/KEY:REGION:SECONDS;   in a JSON text, or a script of multipart: an address
 *       to upload evidence to,
 *       signed by the connection to AWS (aws/late_put.h), If-None-Match: * among what is signed.
 *       Percent-encoded, so it holds no quotation mark of JSON, sh or PowerShell.
 *   REST_LATE_FILE SHA256:PATH   the whole content of a part of multipart that has a file name: the file, read
 *       when it is sent; with another SHA-256 nothing is sent (ERR_REFUSED).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

#define REST_LATE_PUT "cdr-late-put:"
#define REST_LATE_FILE "cdr-late-file:"
enum { REST_FILE_BYTES_MAX = 128 * 1024 * 1024 };

/* Who signs addresses to upload to; `self` of whoever made it. */
struct rest_signer {
    /* *ret_url in `arena`. ERR_CREDENTIALS: nobody can, *reterr_reason is a sentence. ERR_MEMORY. */
    enum err (*put)(struct rest_signer *signer, str place, str region, uint32_t seconds,
        struct arena *arena, str *ret_url, const char **reterr_reason);
};
