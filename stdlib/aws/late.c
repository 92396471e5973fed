#include "aws/late.h"

#include "base/limits.h"
#include "base/percent.h"
#include "base/time.h"

enum { MS_PER_S = 1000 };

/* A mark as it stands in a body, and what takes its place. */
struct mark {
    str place;
    str text;
};

static enum err replace(str body, const struct mark *mark, struct arena *arena, str *ret_body)
{
    const char *at = memmem(body.ptr, body.len, mark->place.ptr, mark->place.len);
    *ret_body = body;
    if (at == NULL)
        return ERR_OK;
    CLEANUP(buf_release) struct buf out = BUF_INIT(REQUEST_BYTES_MAX);
    for (; at != NULL; at = memmem(body.ptr, body.len, mark->place.ptr, mark->place.len)) {
        size_t before = (size_t)(at - body.ptr);
        buf_add(&out, str_first(body, before));
        buf_add(&out, mark->text);
        body = str_skip(body, before + mark->place.len);
    }
    buf_add(&out, body);
    TRY(out.err);
    *ret_body = arena_copy(arena, buf_str(&out));
    return ret_body->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err late_fill(
    str body, bool is_form, const struct late *late, struct arena *arena, str *ret_body)
{
    CLEANUP(buf_release) struct buf now = BUF_INIT(REQUEST_BYTES_MAX);
    char time[TIME_TEXT_MAX];
    buf_addf(&now, "\"%.*s\"", STR_ARG(time_format(late->now_s * MS_PER_S, time)));
    TRY(now.err);
    struct mark mark = { STR("\"" LATE_NOW "\""), buf_str(&now) };
    if (!is_form)
        return replace(body, &mark, arena, ret_body);
    CLEANUP(buf_release) struct buf encoded = BUF_INIT(REQUEST_BYTES_MAX);
    percent_encode(&encoded, mark.text, "");
    TRY(encoded.err);
    mark = (struct mark){ STR("%22" LATE_NOW "%22"), buf_str(&encoded) };
    return replace(body, &mark, arena, ret_body);
}
