#include "auth/sigv4.h"

#include "auth/sigv4_canonical.h"
#include "base/buf.h"
#include "base/percent.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"

enum {
    DATE_LEN = 8,
    AMZ_DATE_LEN = 16,
    KEY_BYTES = 32,
    SECRET_BYTES_MAX = 256,
};

/* Who signs what, when: everything between the request and its signature. */
struct scope {
    str amz_date; /* 20150830T123600Z */
    str region;
    str service;
    str text; /* 20150830/us-east-1/service/aws4_request */
};

static str made(const char *text)
{
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

static enum err scope_make(
    struct arena *arena, str amz_date, str region, str service, struct scope *ret_scope)
{
    str text = made(arena_format(arena, "%.*s/%.*s/%.*s/" TERMINATOR, DATE_LEN, amz_date.ptr,
        STR_ARG(region), STR_ARG(service)));
    *ret_scope = (struct scope){ amz_date, region, service, text };
    return text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err amz_date_make(struct arena *arena, int64_t at_unix_s, str *ret_date)
{
    struct tm tm;
    time_t seconds = (time_t)at_unix_s;
    char text[AMZ_DATE_LEN + 1];
    /* strftime gives 0 when a longer year does not fit. */
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -900
        || strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) != AMZ_DATE_LEN)
        return ERR_INVALID;
    *ret_date = arena_copy(arena, (str){ text, AMZ_DATE_LEN });
    return ret_date->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* key = HMAC(key, text), where the key may be longer the first time. */
static enum err hmac_step(unsigned char *key, size_t key_len, str text)
{
    unsigned char out[KEY_BYTES];
    unsigned int len = sizeof(out);
    if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.ptr, text.len, out, &len)
        == NULL)
        return ERR_MEMORY;
    memcpy(key, out, KEY_BYTES);
    explicit_bzero(out, sizeof(out));
    return ERR_OK;
}

/* Hash down date, region, service, terminator and the text to sign, one after the
 * other: what is left in `key` is the signature. */
static enum err hmac_chain(unsigned char *key, size_t key_len, const struct scope *scope, str text)
{
    TRY(hmac_step(key, key_len, str_first(scope->amz_date, DATE_LEN)));
    TRY(hmac_step(key, KEY_BYTES, scope->region));
    TRY(hmac_step(key, KEY_BYTES, scope->service));
    TRY(hmac_step(key, KEY_BYTES, STR(TERMINATOR)));
    return hmac_step(key, KEY_BYTES, text);
}

static enum err signature_make(struct arena *arena, const struct secret *secret,
    const struct scope *scope, str string_to_sign, str *ret_signature)
{
    unsigned char key[4 + SECRET_BYTES_MAX] = "AWS4";
    str bytes = secret_bytes(secret);
    if (bytes.len > SECRET_BYTES_MAX)
        return ERR_INVALID;
    if (bytes.len > 0)
        memcpy(key + 4, bytes.ptr, bytes.len);
    enum err err = hmac_chain(key, 4 + bytes.len, scope, string_to_sign);
    if (err == ERR_OK)
        err = bytes_hex(arena, (str){ (const char *)key, KEY_BYTES }, ret_signature);
    explicit_bzero(key, sizeof(key));
    return err;
}

static enum err string_to_sign_make(
    struct arena *arena, const struct scope *scope, str canonical, str *ret_text)
{
    str hash;
    TRY(digest_hex(arena, canonical, &hash));
    *ret_text = made(arena_format(arena, ALGORITHM "\n%.*s\n%.*s\n%.*s", STR_ARG(scope->amz_date),
        STR_ARG(scope->text), STR_ARG(hash)));
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static str token_of(const struct sigv4_credentials *credentials)
{
    return credentials->session_token == NULL ? (str){ "", 0 }
                                              : secret_bytes(credentials->session_token);
}

static void header_add(struct sigv4_signed *out, const char *name, str value)
{
    out->headers[out->headers_count++] = (struct http_header){ str_from(name), value };
}

/* The token outlives the credentials in the request: a copy in the arena. */
static enum err token_add(
    struct arena *arena, const struct sigv4_credentials *credentials, struct sigv4_signed *out)
{
    str token = token_of(credentials);
    if (token.len == 0)
        return ERR_OK;
    token = arena_copy(arena, token);
    if (token.ptr == NULL)
        return ERR_MEMORY;
    header_add(out, "X-Amz-Security-Token", token);
    return ERR_OK;
}

enum err sigv4_sign(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_credentials *credentials, const struct sigv4_options *options,
    struct sigv4_signed *ret_signed)
{
    struct sigv4_signed out = { .headers_count = 0 };
    struct canonical_headers headers;
    struct scope scope;
    str date, hash;
    TRY(amz_date_make(arena, options->at_unix_s, &date));
    TRY(scope_make(arena, date, options->region, options->service, &scope));
    if (!options->token_unsigned)
        TRY(token_add(arena, credentials, &out));
    header_add(&out, "X-Amz-Date", date);
    if (options->body_header) {
        hash = STR("UNSIGNED-PAYLOAD");
        if (!options->body_unsigned)
            TRY(digest_hex(arena, request->body, &hash));
        header_add(&out, "x-amz-content-sha256", hash);
    }
    TRY(canonical_headers(
        arena, request, out.headers, out.headers_count, (str){ "", 0 }, &headers));
    struct canonical_form form = { options->path_as_is, options->body_unsigned };
    TRY(canonical_request(arena, request, request->query, &headers, form, &out.canonical_request));
    TRY(string_to_sign_make(arena, &scope, out.canonical_request, &out.string_to_sign));
    TRY(signature_make(
        arena, credentials->secret_access_key, &scope, out.string_to_sign, &out.signature));
    str authorization = made(
        arena_format(arena, ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
            STR_ARG(credentials->access_key_id), STR_ARG(scope.text), STR_ARG(headers.names),
            STR_ARG(out.signature)));
    if (authorization.ptr == NULL)
        return ERR_MEMORY;
    if (options->token_unsigned)
        TRY(token_add(arena, credentials, &out));
    header_add(&out, "Authorization", authorization);
    *ret_signed = out;
    return ERR_OK;
}

static void parameter_add(struct buf *query, const char *name, str value)
{
    if (query->len > 0)
        buf_add_byte(query, '&');
    buf_add(query, str_from(name));
    buf_add_byte(query, '=');
    percent_encode(query, value, "");
}

static void presigned_parameters(struct buf *query, const struct sigv4_credentials *credentials,
    const struct scope *scope, str names, const char *expires)
{
    parameter_add(query, "X-Amz-Algorithm", STR(ALGORITHM));
    buf_add(query, STR("&X-Amz-Credential="));
    percent_encode(query, credentials->access_key_id, "");
    buf_add(query, STR("%2F"));
    percent_encode(query, scope->text, "");
    parameter_add(query, "X-Amz-Date", scope->amz_date);
    parameter_add(query, "X-Amz-SignedHeaders", names);
    parameter_add(query, "X-Amz-Expires", str_from(expires));
}

enum err sigv4_presign(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_credentials *credentials, const struct sigv4_options *options,
    uint32_t expires_s, struct sigv4_signed *ret_signed)
{
    CLEANUP(buf_release) struct buf query = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    struct sigv4_signed out = { .headers_count = 0 };
    struct canonical_headers headers;
    struct scope scope;
    str date, token = token_of(credentials);
    char expires[16];
    snprintf(expires, sizeof(expires), "%u", expires_s);
    TRY(amz_date_make(arena, options->at_unix_s, &date));
    TRY(scope_make(arena, date, options->region, options->service, &scope));
    TRY(canonical_headers(arena, request, NULL, 0, (str){ "", 0 }, &headers));
    buf_add(&query, request->query);
    presigned_parameters(&query, credentials, &scope, headers.names, expires);
    if (token.len > 0 && !options->token_unsigned)
        parameter_add(&query, "X-Amz-Security-Token", token);
    if (query.err != ERR_OK)
        return query.err;
    struct canonical_form form = { options->path_as_is, options->body_unsigned };
    TRY(canonical_request(arena, request, buf_str(&query), &headers, form, &out.canonical_request));
    TRY(string_to_sign_make(arena, &scope, out.canonical_request, &out.string_to_sign));
    TRY(signature_make(
        arena, credentials->secret_access_key, &scope, out.string_to_sign, &out.signature));
    if (token.len > 0 && options->token_unsigned)
        parameter_add(&query, "X-Amz-Security-Token", token);
    parameter_add(&query, "X-Amz-Signature", out.signature);
    if (query.err != ERR_OK)
        return query.err;
    out.query = arena_copy(arena, buf_str(&query));
    if (out.query.ptr == NULL)
        return ERR_MEMORY;
    *ret_signed = out;
    return ERR_OK;
}

/* --- the other side --- */

static str header_value(const struct sigv4_request *request, str name)
{
    for (uint32_t at = 0; at < request->headers_count; at++) {
        const struct http_header *header = &request->headers[at];
        if (header->name.len == name.len && strncasecmp(header->name.ptr, name.ptr, name.len) == 0)
            return header->value;
    }
    return (str){ "", 0 };
}

/* Take `count` digits off the front of `*rest`; -1 when they are none. */
static int take_number(str *rest, size_t count)
{
    int number = 0;
    if (rest->len < count)
        return -1;
    for (size_t at = 0; at < count; at++) {
        char digit = rest->ptr[at];
        if (digit < '0' || digit > '9')
            return -1;
        number = number * 10 + (digit - '0');
    }
    *rest = str_skip(*rest, count);
    return number;
}

/* 20150830T123600Z to seconds since 1970. */
static bool amz_date_read(str text, int64_t *ret_unix_s)
{
    if (text.len != AMZ_DATE_LEN || text.ptr[8] != 'T' || text.ptr[15] != 'Z')
        return false;
    str date = str_first(text, DATE_LEN), hour = str_first(str_skip(text, 9), 6);
    int year = take_number(&date, 4), month = take_number(&date, 2), day = take_number(&date, 2);
    int hours = take_number(&hour, 2), minutes = take_number(&hour, 2),
        seconds = take_number(&hour, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hours < 0 || hours > 23
        || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60)
        return false;
    struct tm tm = { .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hours,
        .tm_min = minutes,
        .tm_sec = seconds };
    *ret_unix_s = (int64_t)timegm(&tm);
    return true;
}

/* The part before the next `/`, taken off `*rest`. */
static str take_part(str *rest)
{
    str part = str_first(*rest, str_find(*rest, '/'));
    *rest = str_skip(*rest, part.len + 1);
    return part;
}

/* The value of `name=` among comma-separated parts; empty when it is not there. */
static str field_of(str fields, str name)
{
    for (str rest = fields; rest.len > 0;) {
        str field = str_first(rest, str_find(rest, ','));
        rest = str_skip(rest, field.len + 1);
        while (field.len > 0 && field.ptr[0] == ' ')
            field = str_skip(field, 1);
        if (str_startswith(field, name))
            return str_skip(field, name.len);
    }
    return (str){ "", 0 };
}

/* Take the credential "ID/20150830/us-east-1/service/aws4_request" of a claim apart; whether it
 * and the rest of the claim are well-formed. */
static bool claim_finish(struct sigv4_claim *claim, str credential)
{
    claim->access_key_id = take_part(&credential);
    claim->date = take_part(&credential);
    claim->region = take_part(&credential);
    claim->service = take_part(&credential);
    return str_is(credential, TERMINATOR) && claim->access_key_id.len > 0
           && claim->signature.len == SHA256_HEX_LEN && claim->date.len == DATE_LEN
           && amz_date_read(claim->amz_date, &claim->at_unix_s)
           && str_startswith(claim->amz_date, claim->date)
           && header_names_include(claim->signed_headers, STR("host"));
}

bool sigv4_claim_read(const struct sigv4_request *request, struct sigv4_claim *ret_claim)
{
    static const str algorithm = { ALGORITHM " ", sizeof(ALGORITHM) };
    str fields = header_value(request, STR("authorization"));
    if (!str_startswith(fields, algorithm))
        return false;
    fields = str_skip(fields, algorithm.len);
    struct sigv4_claim claim = {
        .amz_date = header_value(request, STR("x-amz-date")),
        .signed_headers = field_of(fields, STR("SignedHeaders=")),
        .signature = field_of(fields, STR("Signature=")),
        .session_token = header_value(request, STR("x-amz-security-token")),
    };
    if (!claim_finish(&claim, field_of(fields, STR("Credential=")))
        || !header_names_include(claim.signed_headers, STR("x-amz-date")))
        return false;
    *ret_claim = claim;
    return true;
}

/* The value of the only parameter `name`, decoded into `arena`; empty when it is not there, is
 * there twice, or memory is short. */
static str parameter_of(struct arena *arena, str query, str name)
{
    str found = { "", 0 };
    bool is_there = false;
    for (str rest = query; rest.len > 0;) {
        str part = str_first(rest, str_find(rest, '&'));
        str key = str_first(part, str_find(part, '='));
        rest = str_skip(rest, part.len + 1);
        if (!str_equal(key, name))
            continue;
        if (is_there || percent_decode(arena, str_skip(part, key.len + 1), false, &found) != ERR_OK)
            return (str){ "", 0 };
        is_there = true;
    }
    return found;
}

bool sigv4_claim_read_query(
    struct arena *arena, const struct sigv4_request *request, struct sigv4_claim *ret_claim)
{
    str query = request->query;
    str expires = parameter_of(arena, query, STR("X-Amz-Expires"));
    struct sigv4_claim claim = {
        .amz_date = parameter_of(arena, query, STR("X-Amz-Date")),
        .signed_headers = parameter_of(arena, query, STR("X-Amz-SignedHeaders")),
        .signature = parameter_of(arena, query, STR("X-Amz-Signature")),
        .session_token = parameter_of(arena, query, STR("X-Amz-Security-Token")),
    };
    size_t digits = expires.len;
    int seconds = digits > 0 && digits <= 6 ? take_number(&expires, digits) : -1;
    if (!str_is(parameter_of(arena, query, STR("X-Amz-Algorithm")), ALGORITHM)
        || !claim_finish(&claim, parameter_of(arena, query, STR("X-Amz-Credential"))) || seconds < 1
        || seconds > SIGV4_EXPIRES_S_MAX)
        return false;
    claim.expires_s = (uint32_t)seconds;
    *ret_claim = claim;
    return true;
}

/* The query as it was signed: without its signature. */
static enum err unsigned_query(struct arena *arena, str query, str *ret_query)
{
    CLEANUP(buf_release) struct buf kept = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    for (str rest = query; rest.len > 0;) {
        str part = str_first(rest, str_find(rest, '&'));
        rest = str_skip(rest, part.len + 1);
        if (str_startswith(part, STR("X-Amz-Signature=")))
            continue;
        if (kept.len > 0)
            buf_add_byte(&kept, '&');
        buf_add(&kept, part);
    }
    if (kept.err != ERR_OK)
        return kept.err;
    *ret_query = arena_copy(arena, buf_str(&kept));
    return ret_query->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err sigv4_verify(struct arena *arena, const struct sigv4_request *request,
    const struct sigv4_claim *claim, const struct secret *secret_access_key, bool *ret_genuine)
{
    struct canonical_headers headers;
    struct scope scope;
    str canonical, string_to_sign, signature, query = request->query;
    bool is_s3 = str_is(claim->service, "s3");
    struct canonical_form form = { is_s3, is_s3 && claim->expires_s > 0 };
    if (claim->expires_s > 0)
        TRY(unsigned_query(arena, request->query, &query));
    TRY(scope_make(arena, claim->amz_date, claim->region, claim->service, &scope));
    TRY(canonical_headers(arena, request, NULL, 0, claim->signed_headers, &headers));
    TRY(canonical_request(arena, request, query, &headers, form, &canonical));
    TRY(string_to_sign_make(arena, &scope, canonical, &string_to_sign));
    TRY(signature_make(arena, secret_access_key, &scope, string_to_sign, &signature));
    /* A header that is named but was not sent is not in the block: names differ. */
    *ret_genuine = str_equal(headers.names, claim->signed_headers)
                   && claim->signature.len == signature.len
                   && CRYPTO_memcmp(signature.ptr, claim->signature.ptr, signature.len) == 0;
    return ERR_OK;
}
