/* signature.c - see signature.h. */
#include "daemon/signature.h"

#include "base/sha256.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { DIGEST_BYTES = 32, HEX_DIGITS = 64, BASE64_DIGITS = 44, TIMESTAMP_DIGITS_MAX = 12 };

/* ---- keys ---- */

void signature_keys_release(struct signature_keys *keys)
{
    secret_release(&keys->now);
    secret_release(&keys->former);
}

/* What the base64 stands for. EVP_DecodeBlock takes white space around it and counts its padding
 * as zero bytes, so that is looked at first. */
static enum err decode_key(str text, struct secret *ret_key, const char **reterr_reason)
{
    unsigned char bytes[SIGNATURE_STANDARD_KEY_BYTES_MAX * 2];
    size_t end = text.len;
    while (end > 0 && text.len - end < 2 && text.ptr[end - 1] == '=')
        end--;
    *reterr_reason = "it is no base64 behind whsec_";
    if (text.len == 0 || text.len % 4 != 0
        || !str_all_of(str_first(text, end),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
        return ERR_INVALID;
    if (text.len / 4 * 3 > sizeof bytes) {
        *reterr_reason = "it is longer than the 64 bytes of Standard Webhooks";
        return ERR_INVALID;
    }
    int len = EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
    enum err err = ERR_INVALID;
    if (len >= 0)
        err = secret_set(ret_key, (str){ (char *)bytes, (size_t)len - (text.len - end) });
    OPENSSL_cleanse(bytes, sizeof bytes);
    return err;
}

static enum err check_length(bool is_standard, size_t len, const char **reterr_reason)
{
    *reterr_reason = NULL;
    if (len == 0)
        *reterr_reason = "it is empty";
    else if (is_standard && len < SIGNATURE_STANDARD_KEY_BYTES_MIN)
        *reterr_reason = "it is shorter than the 24 bytes of Standard Webhooks";
    else if (is_standard && len > SIGNATURE_STANDARD_KEY_BYTES_MAX)
        *reterr_reason = "it is longer than the 64 bytes of Standard Webhooks";
    else if (len < SIGNATURE_KEY_BYTES_MIN)
        *reterr_reason = "it is shorter than 16 bytes, so it can be guessed";
    return *reterr_reason == NULL ? ERR_OK : ERR_INVALID;
}

enum err signature_key(
    bool is_standard, str text, struct secret *ret_key, const char **reterr_reason)
{
    if (is_standard && str_startswith(text, STR("whsec_")))
        TRY(decode_key(str_skip(text, 6), ret_key, reterr_reason));
    else
        TRY(secret_set(ret_key, text));
    enum err err = check_length(is_standard, ret_key->len, reterr_reason);
    if (err != ERR_OK)
        secret_release(ret_key);
    return err;
}

/* ---- HMAC-SHA256 ---- */

static bool hmac_update(EVP_MAC_CTX *context, str part)
{
    return EVP_MAC_update(context, (const unsigned char *)part.ptr, part.len) == 1;
}

/* Of the parts one after the other. False: OpenSSL could not. */
static bool hmac(const struct secret *key, const str *parts, size_t count,
    unsigned char ret_digest[static DIGEST_BYTES])
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end() };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    size_t len = 0;
    bool is_done =
        context != NULL
        && EVP_MAC_init(context, (const unsigned char *)key->bytes, key->len, params) == 1;
    for (size_t at = 0; at < count && is_done; at++)
        is_done = hmac_update(context, parts[at]);
    is_done = is_done && EVP_MAC_final(context, ret_digest, &len, DIGEST_BYTES) == 1
              && len == DIGEST_BYTES;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return is_done;
}

/* The ways in which a digest is written. What is compared is the text: of base64 several would
 * stand for the same bytes. */
struct digest_text {
    char base64[BASE64_DIGITS + 1];
    char lower[HEX_DIGITS + 1];
    char upper[HEX_DIGITS + 1];
};

static void digest_write(
    const unsigned char digest[static DIGEST_BYTES], struct digest_text *ret_text)
{
    for (size_t at = 0; at < DIGEST_BYTES; at++) {
        ret_text->lower[2 * at] = "0123456789abcdef"[digest[at] >> 4];
        ret_text->lower[2 * at + 1] = "0123456789abcdef"[digest[at] & 15];
        ret_text->upper[2 * at] = "0123456789ABCDEF"[digest[at] >> 4];
        ret_text->upper[2 * at + 1] = "0123456789ABCDEF"[digest[at] & 15];
    }
    (void)EVP_EncodeBlock((unsigned char *)ret_text->base64, digest, DIGEST_BYTES);
}

static bool is_same(str given, const char *wanted, size_t len)
{
    return given.len == len && CRYPTO_memcmp(given.ptr, wanted, len) == 0;
}

/* ---- Standard Webhooks ---- */

/* Seconds, of digits alone. */
static bool read_seconds(str text, int64_t *ret_seconds)
{
    int64_t seconds = 0;
    if (text.len == 0 || text.len > TIMESTAMP_DIGITS_MAX || !str_all_of(text, "0123456789"))
        return false;
    for (size_t at = 0; at < text.len; at++)
        seconds = seconds * 10 + (text.ptr[at] - '0');
    *ret_seconds = seconds;
    return true;
}

static bool is_in_time(str timestamp, int64_t now_ms, const char **reterr_reason)
{
    int64_t seconds = 0;
    *reterr_reason = "webhook-timestamp is missing, or no number of seconds";
    if (!read_seconds(timestamp, &seconds))
        return false;
    int64_t apart_ms = now_ms - seconds * 1000;
    *reterr_reason = apart_ms > 0 ? "webhook-timestamp is more than 5 minutes ago"
                                  : "webhook-timestamp is more than 5 minutes from now";
    return apart_ms <= SIGNATURE_TOLERANCE_S * INT64_C(1000)
           && apart_ms >= -SIGNATURE_TOLERANCE_S * INT64_C(1000);
}

/* Whether one of the list is "v1," and the digest. */
static bool is_in_list(str list, const unsigned char digest[static DIGEST_BYTES])
{
    struct digest_text text;
    bool is_found = false;
    digest_write(digest, &text);
    while (list.len > 0) {
        str one = str_first(list, str_find(list, ' '));
        list = str_skip(list, one.len + 1);
        if (str_startswith(one, STR("v1,")))
            is_found |= is_same(str_skip(one, 3), text.base64, BASE64_DIGITS);
    }
    return is_found;
}

static bool standard_digest(const struct secret *key, str id, str timestamp, str body,
    unsigned char ret_digest[static DIGEST_BYTES])
{
    const str parts[] = { id, STR("."), timestamp, STR("."), body };
    return key->len > 0 && hmac(key, parts, COUNT_OF(parts), ret_digest);
}

static bool is_signed_by(
    const struct secret *key, const struct signature_standard *headers, str body)
{
    unsigned char digest[DIGEST_BYTES];
    return standard_digest(key, headers->id, headers->timestamp, body, digest)
           && is_in_list(headers->signatures, digest);
}

static bool is_id(str id)
{
    return id.len > 0 && id.len <= SIGNATURE_ID_BYTES_MAX && str_find(id, '.') == id.len;
}

bool signature_standard_make(const struct secret *key, str id, str timestamp, str body,
    char ret_text[static SIGNATURE_TEXT_MAX])
{
    unsigned char digest[DIGEST_BYTES];
    struct digest_text text;
    if (!is_id(id) || !standard_digest(key, id, timestamp, body, digest))
        return false;
    digest_write(digest, &text);
    snprintf(ret_text, SIGNATURE_TEXT_MAX, "v1,%s", text.base64);
    return true;
}

/* Whether one of the list has the shape of a signature of version 1. */
static bool has_shape(str list)
{
    for (; list.len > 0; list = str_skip(list, str_find(list, ' ') + 1)) {
        str one = str_first(list, str_find(list, ' '));
        if (str_startswith(one, STR("v1,")) && one.len == 3 + BASE64_DIGITS)
            return true;
    }
    return false;
}

bool signature_standard_is_plausible(
    const struct signature_standard *headers, int64_t now_ms, const char **reterr_reason)
{
    *reterr_reason = "webhook-id is missing, too long, or has a full stop";
    if (!is_id(headers->id))
        return false;
    if (!is_in_time(headers->timestamp, now_ms, reterr_reason))
        return false;
    *reterr_reason = "webhook-signature is missing or too long";
    if (headers->signatures.len == 0 || headers->signatures.len > SIGNATURE_LIST_BYTES_MAX)
        return false;
    *reterr_reason = "webhook-signature has no v1, with the base64 of 32 bytes";
    return has_shape(headers->signatures);
}

bool signature_standard_is_right(const struct signature_keys *keys,
    const struct signature_standard *headers, str body, int64_t now_ms, const char **reterr_reason)
{
    if (!signature_standard_is_plausible(headers, now_ms, reterr_reason))
        return false;
    *reterr_reason = "webhook-signature is not that of the message";
    bool is_now = is_signed_by(&keys->now, headers, body);
    bool is_former = is_signed_by(&keys->former, headers, body);
    return is_now || is_former;
}

/* ---- a plain HMAC ---- */

static bool is_digest_by(const struct secret *key, str given, str body)
{
    unsigned char digest[DIGEST_BYTES];
    struct digest_text text;
    if (key->len == 0 || !hmac(key, &body, 1, digest))
        return false;
    digest_write(digest, &text);
    return is_same(given, text.lower, HEX_DIGITS) || is_same(given, text.upper, HEX_DIGITS)
           || is_same(given, text.base64, BASE64_DIGITS);
}

static str without_prefix(str given)
{
    return str_startswith(given, STR("sha256=")) ? str_skip(given, 7) : given;
}

bool signature_hmac_is_plausible(str given, const char **reterr_reason)
{
    str digest = without_prefix(given);
    *reterr_reason = given.len == 0 ? "the header with the signature is missing, or there twice"
                                    : "the signature is no HMAC-SHA256 in hexadecimal or base64";
    return digest.len == HEX_DIGITS || digest.len == BASE64_DIGITS;
}

bool signature_hmac_is_right(
    const struct signature_keys *keys, str given, str body, const char **reterr_reason)
{
    if (!signature_hmac_is_plausible(given, reterr_reason))
        return false;
    *reterr_reason = "the signature is not that of the body";
    given = without_prefix(given);
    bool is_now = is_digest_by(&keys->now, given, body);
    bool is_former = is_digest_by(&keys->former, given, body);
    return is_now || is_former;
}

/* ---- a token ---- */

static bool hash(str text, uint8_t ret_bytes[static SHA256_BYTES])
{
    struct sha256 sha256 = { 0 };
    if (sha256_begin(&sha256) != ERR_OK)
        return false;
    sha256_add(&sha256, text);
    return sha256_end(&sha256, ret_bytes) == ERR_OK;
}

/* Hashes have one length, so how long it takes says nothing of the key's. */
static bool is_key(const struct secret *key, const uint8_t given[static SHA256_BYTES])
{
    uint8_t wanted[SHA256_BYTES];
    return key->len > 0 && hash(secret_bytes(key), wanted)
           && CRYPTO_memcmp(given, wanted, SHA256_BYTES) == 0;
}

bool signature_token_is_right(
    const struct signature_keys *keys, str given, const char **reterr_reason)
{
    uint8_t hashed[SHA256_BYTES];
    *reterr_reason = given.len == 0 ? "the token is missing" : "the token is not the one agreed";
    if (given.len == 0 || !hash(given, hashed))
        return false;
    bool is_now = is_key(&keys->now, hashed);
    bool is_former = is_key(&keys->former, hashed);
    return is_now || is_former;
}
