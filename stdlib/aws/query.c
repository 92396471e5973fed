#include "aws/query.h"

#include "aws/service.h"

#include "base/percent.h"

#include <stdarg.h>
#include <stdio.h>

enum { KEY_BYTES_MAX = 256 };

const char *query_version(const char *service)
{
    enum aws_service found = aws_service_find(service);
    if (found == AWS_SERVICE_COUNT || aws_service_info(found)->protocol != AWS_PROTOCOL_QUERY)
        return NULL;
    return aws_service_info(found)->version;
}

static void fail(struct buf *body, enum err err)
{
    buf_release(body);
    body->err = err;
}

void query_begin(struct buf *body, const char *service, const char *operation)
{
    const char *version = query_version(service);
    buf_clear(body);
    if (version == NULL)
        fail(body, ERR_INVALID);
    else
        buf_addf(body, "Action=%s&Version=%s", operation, version);
}

/* A space is a plus, as the vendor's client writes it: what encodes a decoded body anew
 * to check its signature (moto) finds the same bytes. */
static void add_encoded(struct buf *body, str text)
{
    while (text.len > 0) {
        str word = str_first(text, str_find(text, ' '));
        percent_encode(body, word, "");
        if (word.len < text.len)
            buf_add_byte(body, '+');
        text = str_skip(text, word.len + 1);
    }
}

void query_add(struct buf *body, const char *key, str value)
{
    buf_add_byte(body, '&');
    add_encoded(body, str_from(key));
    buf_add_byte(body, '=');
    add_encoded(body, value);
}

void query_addf(struct buf *body, str value, const char *key_format, ...)
{
    char key[KEY_BYTES_MAX];
    va_list args;
    va_start(args, key_format);
    int length = vsnprintf(key, sizeof(key), key_format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(key))
        fail(body, ERR_LIMIT);
    else
        query_add(body, key, value);
}

enum err query_end(struct buf *body, struct arena *arena, str *ret_body)
{
    if (body->err != ERR_OK)
        return body->err;
    str copy = arena_copy(arena, buf_str(body));
    buf_release(body);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    *ret_body = copy;
    return ERR_OK;
}

enum err query_next(struct arena *arena, str *rest, str *ret_key, str *ret_value)
{
    str key = { "", 0 }, value = { "", 0 };
    while (key.len == 0 && rest->len > 0) {
        str pair = str_first(*rest, str_find(*rest, '&'));
        *rest = str_skip(*rest, pair.len + 1);
        key = str_first(pair, str_find(pair, '='));
        value = str_skip(pair, key.len + 1);
    }
    TRY(percent_decode(arena, key, true, ret_key));
    return percent_decode(arena, value, true, ret_value);
}
