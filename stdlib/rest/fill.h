/* fill.h - the marks of rest/late.h, filled when a request is sent. */
#pragma once

#include "base/buf.h"
#include "rest/late.h"
#include "rest/rest.h"

/* What content may become: a file, and parts beside it. */
enum { REST_CONTENT_BYTES_MAX = REST_FILE_BYTES_MAX + REQUEST_BYTES_MAX };

struct rest_fill {
    struct rest_signer *signer; /* of addresses to upload to; NULL: nobody */
    struct arena *arena;        /* for addresses and reasons; it is to be wiped */
    str late;                   /* the mark of the request (request.late); empty: none */
};

/* The content of `request` with fill->late filled: *ret_content is borrowed from the request where
 * that is empty, else from `out`. A mark for an address is in JSON or in a script of multipart, a
 * mark for a file is the whole content of a part of multipart; either is there once, or nothing is
 * sent. ERR_REFUSED: *reterr_reason is a
 * sentence in the arena, or static; ERR_MEMORY. */
MUST_CHECK enum err rest_fill(const struct rest_request *request, const struct rest_fill *fill,
    struct buf *out, str *ret_content, const char **reterr_reason);
