/* signature.h - whether a message is from whom we know: the ways in which senders of webhooks show
 * that they have the secret, and in which we show it to receivers of ours.
 *
 * Pure: no I/O, and the clock is handed in. Everything fails closed: without a key, without a
 * header, with anything that is not exactly what was agreed, the answer is no. Comparisons take as
 * long for a wrong value as for the right one.
 */
#pragma once

#include "base/attr.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SIGNATURE_KEY_BYTES_MIN = 16,
    /* of Standard Webhooks */
    SIGNATURE_STANDARD_KEY_BYTES_MIN = 24,
    SIGNATURE_STANDARD_KEY_BYTES_MAX = 64,
    SIGNATURE_TOLERANCE_S = 300, /* how far the sender's clock may be from ours */
    /* What is looked at of one header, so that a long list of signatures costs nothing. */
    SIGNATURE_ID_BYTES_MAX = 256,
    SIGNATURE_LIST_BYTES_MAX = 4096,
};

/* What senders sign with: one key, and for a change-over the former one. Zeroed it has none, and
 * then nothing is accepted. */
struct signature_keys {
    struct secret now;
    struct secret former;
};

void signature_keys_release(struct signature_keys *keys);

/* The key that the text of a setting stands for: for Standard Webhooks `whsec_` and base64, or the
 * bytes as they are; elsewhere (`is_standard` false) always the bytes. ERR_INVALID with a static
 * sentence that begins with "it": too short, too long, no base64. ERR_MEMORY. */
MUST_CHECK enum err signature_key(
    bool is_standard, str text, struct secret *ret_key, const char **reterr_reason);

/* The headers of Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature. */
struct signature_standard {
    str id;
    str timestamp;  /* seconds since 1970 */
    str signatures; /* "v1,BASE64", several with a space between */
};

/* Each is false with a static sentence for our own log, which the sender is not told. */

/* Whether the headers alone can be right: all are there, in time, with what looks like a signature.
 * Who fails this need not send a body. */
MUST_CHECK bool signature_standard_is_plausible(
    const struct signature_standard *headers, int64_t now_ms, const char **reterr_reason);
MUST_CHECK bool signature_hmac_is_plausible(str given, const char **reterr_reason);
/* Whether a signature of version 1 is that of `id.timestamp.body` under one of the keys, and the
 * timestamp is no further from `now_ms` than SIGNATURE_TOLERANCE_S. An id has no full stop, so
 * that what is signed is read in one way alone. */
MUST_CHECK bool signature_standard_is_right(const struct signature_keys *keys,
    const struct signature_standard *headers, str body, int64_t now_ms, const char **reterr_reason);
enum { SIGNATURE_TEXT_MAX = 48 /* "v1,", 44 of base64, NUL */ };
/* The signature of a message of ours, as webhook-signature has it, NUL at its end. The id has no
 * full stop, `timestamp` is the seconds that go with it. False: there is no key, the id is none
 * that signature_standard_is_right would take, or OpenSSL could not. */
MUST_CHECK bool signature_standard_make(const struct secret *key, str id, str timestamp, str body,
    char ret_text[static SIGNATURE_TEXT_MAX]);
/* Whether `given` is the HMAC-SHA256 of the body under one of the keys: hexadecimal in one case,
 * or base64; `sha256=` may stand in front. */
MUST_CHECK bool signature_hmac_is_right(
    const struct signature_keys *keys, str given, str body, const char **reterr_reason);
/* Whether `given` is one of the keys; it takes as long whatever its length has in common. */
MUST_CHECK bool signature_token_is_right(
    const struct signature_keys *keys, str given, const char **reterr_reason);
