#include "aws/late_put.h"

#include "aws/wire.h"
#include "base/buf.h"
#include "base/limits.h"

enum { SECONDS_DIGITS_MAX = 6 };

/* "BUCKET/KEY:REGION:SECONDS", taken apart. */
struct mark {
    str target;
    str region;
    uint32_t seconds;
};

static enum err refuse(const char *sentence, const char **reterr_reason)
{
    *reterr_reason = sentence;
    return sentence == NULL ? ERR_MEMORY : ERR_INVALID;
}

static bool mark_read(str text, struct mark *ret_mark)
{
    size_t last = str_find_last(text, ':');
    str front = str_first(text, last), digits = str_skip(text, last + 1);
    size_t middle = str_find_last(front, ':');
    struct mark mark = { str_first(front, middle), str_skip(front, middle + 1), 0 };
    if (digits.len == 0 || digits.len > SECONDS_DIGITS_MAX || mark.region.len == 0
        || str_find(mark.target, '\\') < mark.target.len
        || str_find(mark.target, '/') + 1 >= mark.target.len)
        return false;
    for (size_t at = 0; at < digits.len; at++) {
        if (digits.ptr[at] < '0' || digits.ptr[at] > '9')
            return false;
        mark.seconds = mark.seconds * 10 + (uint32_t)(digits.ptr[at] - '0');
    }
    *ret_mark = mark;
    return mark.seconds > 0 && mark.seconds <= LATE_PUT_SECONDS_MAX;
}

/* An address that goes to a host is not to be read on its way there. */
static bool is_private(const char *url)
{
    static const char *const begins[] = { "https://",
        "http://127.0.0.1:", "http://localhost:", "http://[::1]:" };
    for (size_t at = 0; at < COUNT_OF(begins); at++)
        if (strncmp(url, begins[at], strlen(begins[at])) == 0)
            return true;
    return false;
}

static enum err address_make(const struct mark *mark, const struct late_signer *signer,
    struct arena *arena, const char **ret_address, const char **reterr_reason)
{
    struct request put = {
        .service = "s3", .operation = "PutObject", .region = mark->region, .target = mark->target
    };
    struct aws_endpoint endpoint;
    struct wire wire;
    struct sigv4_signed made;
    put.body = STR("");
    TRY(aws_endpoint_make(
        signer->endpoints, AWS_S3, mark->region, arena, &endpoint, reterr_reason));
    TRY(wire_make(&put, &endpoint, arena, &wire, reterr_reason));
    if (!is_private(wire.url))
        return refuse(arena_format(arena, "evidence is not put to %s: it is not https", wire.url),
            reterr_reason);
    struct sigv4_credentials credentials = { str_from(signer->keys->access_key_id),
        &signer->keys->secret_access_key, &signer->keys->session_token };
    struct sigv4_options options = { .region = endpoint.region,
        .service = STR("s3"),
        .at_unix_s = signer->now_s,
        .path_as_is = true,
        .body_unsigned = true };
    TRY(sigv4_presign(arena, &wire.request, &credentials, &options, mark->seconds, &made));
    *ret_address = arena_format(arena, "%s?%.*s", wire.url, STR_ARG(made.query));
    return *ret_address == NULL ? ERR_MEMORY : ERR_OK;
}

enum err late_put_fill(str body, const struct request *request, const struct late_signer *signer,
    struct arena *arena, str *ret_body, const char **reterr_reason)
{
    str late = request->late;
    struct mark mark;
    const char *address;
    *ret_body = body;
    if (!str_startswith(late, STR(LATE_PUT)) || strcmp(request->service, "ssm") != 0
        || strcmp(request->operation, "SendCommand") != 0)
        return ERR_OK;
    str text = str_skip(late, sizeof(LATE_PUT) - 1);
    if (!mark_read(text, &mark))
        return refuse(arena_format(arena, "%.*s is no place to put evidence to",
                          STR_ARG(str_first(text, 200))),
            reterr_reason);
    const char *string = arena_format(arena, "\"%.*s\"", STR_ARG(late));
    if (string == NULL)
        return ERR_MEMORY;
    const char *at = memmem(body.ptr, body.len, string, late.len + 2);
    size_t before = at == NULL ? body.len : (size_t)(at - body.ptr);
    str rest = str_skip(body, before + late.len + 2);
    if (at == NULL || memmem(rest.ptr, rest.len, string, late.len + 2) != NULL)
        return refuse(
            "the place to put evidence to is not in the command, or twice", reterr_reason);
    TRY(address_make(&mark, signer, arena, &address, reterr_reason));
    CLEANUP(buf_release) struct buf out = BUF_INIT(REQUEST_BYTES_MAX);
    buf_add(&out, str_first(body, before));
    buf_addf(&out, "\"%s\"", address);
    buf_add(&out, rest);
    TRY(out.err);
    *ret_body = arena_copy(arena, buf_str(&out));
    return ret_body->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err late_put_address(str place, str region, uint32_t seconds, const struct late_signer *signer,
    struct arena *arena, const char **ret_address, const char **reterr_reason)
{
    struct mark mark = { place, region, seconds };
    if (seconds == 0 || seconds > LATE_PUT_SECONDS_MAX || region.len == 0
        || str_find(place, '\\') < place.len || str_find(place, '/') + 1 >= place.len)
        return refuse(arena_format(arena, "%.*s is no place to put evidence to",
                          STR_ARG(str_first(place, 200))),
            reterr_reason);
    return address_make(&mark, signer, arena, ret_address, reterr_reason);
}
