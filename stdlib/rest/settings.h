/* settings.h - what the settings of connections to REST APIs have in common. */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/* An id that may stand in forms, paths and sentences: 1 to 128 letters, digits, - . _ */
bool rest_id_is_plain(str id);
/* An address in place of a vendor's, without the slash at its end: https, or http to this machine, no
 * user, query or fragment. ERR_CREDENTIALS: it is none; *reterr_reason is static. */
MUST_CHECK enum err rest_url_check(str url, str *ret_base, const char **reterr_reason);
/* Why `folder` is none for evidence, a static sentence; NULL: it is, or it is empty. */
const char *rest_evidence_fault(str folder);
