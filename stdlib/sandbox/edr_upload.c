/* What a simulated host uploads: a PUT over the sandbox's own door, as whoever has the address. */
#include "sandbox/edr.h"
#include "sandbox/fake_host.h"
#include "sandbox/ssm.h"

enum { REPLY_BYTES_MAX = 64 * 1024 };

struct uploader {
    struct fake_uploader base; /* first */
    struct edr_call *call;
};

static int upload(struct fake_uploader *base, str url, str body)
{
    struct edr_call *call = ((struct uploader *)base)->call;
    size_t colon = str_find(url, ':');
    str rest = str_skip(url, colon + 3);
    str host = str_first(rest, str_find(rest, '/'));
    str path = str_skip(rest, host.len);
    str plain = str_first(path, str_find(path, '?'));
    struct http_header headers[] = { { STR("host"), host }, { STR("if-none-match"), STR("*") } };
    struct sigv4_request request = { STR("PUT"), plain, str_skip(path, plain.len + 1), headers,
        COUNT_OF(headers), body };
    struct call put = { .world = call->world,
        .arena = call->arena,
        .now_ms = call->now_ms,
        .request_id = "",
        .service = "",
        .region_name = "",
        .operation_name = "",
        .target = "",
        .body = BUF_INIT(REPLY_BYTES_MAX) };
    sandbox_put(&put, &request);
    buf_release(&put.body);
    return put.error_code == NULL ? 200 : put.status;
}

struct fake_uploader *edr_uploader(struct edr_call *call)
{
    struct uploader *uploader = ARENA_NEW(call->arena, struct uploader);
    if (uploader == NULL)
        return NULL;
    *uploader = (struct uploader){ { upload }, call };
    return &uploader->base;
}
