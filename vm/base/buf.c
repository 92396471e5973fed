#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(struct buf *buf, enum err err)
{
    buf_release(buf);
    buf->err = err;
}

/* Room for `more` bytes and a NUL. */
static bool reserve(struct buf *buf, size_t more)
{
    if (buf->err != ERR_OK)
        return false;
    size_t need;
    if (__builtin_add_overflow(buf->len, more, &need) || need > buf->limit
        || __builtin_add_overflow(need, (size_t)1, &need)) {
        fail(buf, ERR_LIMIT);
        return false;
    }
    if (need <= buf->size)
        return true;
    size_t size = buf->size < 64 ? 64 : buf->size * 2;
    if (size < need)
        size = need;
    char *grown = realloc(buf->ptr, size);
    if (grown == NULL) {
        fail(buf, ERR_MEMORY);
        return false;
    }
    buf->ptr = grown;
    buf->size = size;
    return true;
}

void buf_add(struct buf *buf, str text)
{
    if (!reserve(buf, text.len))
        return;
    if (text.len > 0)
        memcpy(buf->ptr + buf->len, text.ptr, text.len);
    buf->len += text.len;
    buf->ptr[buf->len] = '\0';
}

void buf_add_byte(struct buf *buf, char byte)
{
    buf_add(buf, (str){ &byte, 1 });
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        fail(buf, ERR_INVALID);
        return;
    }
    if (!reserve(buf, (size_t)length))
        return;
    va_start(args, format);
    vsnprintf(buf->ptr + buf->len, (size_t)length + 1, format, args);
    va_end(args);
    buf->len += (size_t)length;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->err = ERR_OK;
    if (buf->ptr != NULL)
        buf->ptr[0] = '\0';
}

void buf_release(struct buf *buf)
{
    free(buf->ptr);
    buf->ptr = NULL;
    buf->len = 0;
    buf->size = 0;
}
