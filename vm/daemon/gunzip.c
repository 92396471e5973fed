/* gunzip.c - see gunzip.h. */
#include "daemon/gunzip.h"

#include <zlib.h>

enum { CHUNK_BYTES = 16 * 1024, GZIP_ONLY = 16 };

static size_t ceiling_of(size_t compressed, size_t limit)
{
    size_t most = compressed * GUNZIP_RATIO_MAX; /* below 2 GiB, so there is room */
    if (most < GUNZIP_FREE_BYTES)
        most = GUNZIP_FREE_BYTES;
    return most < limit ? most : limit;
}

/* One member; what is behind it is left in `stream`. */
static enum err inflate_member(z_stream *stream, size_t most, struct buf *out)
{
    char chunk[CHUNK_BYTES];
    int said = Z_OK;
    while (said == Z_OK) {
        stream->next_out = (unsigned char *)chunk;
        stream->avail_out = sizeof chunk;
        said = inflate(stream, Z_NO_FLUSH);
        size_t len = sizeof chunk - stream->avail_out;
        if (len > most - out->len)
            return ERR_LIMIT;
        buf_add(out, (str){ chunk, len });
        if (out->err != ERR_OK)
            return ERR_MEMORY;
    }
    if (said == Z_MEM_ERROR)
        return ERR_MEMORY;
    return said == Z_STREAM_END ? ERR_OK : ERR_INVALID;
}

enum err gunzip(str bytes, struct buf *out)
{
    z_stream stream = { .avail_in = (uInt)bytes.len };
    if (bytes.len == 0 || bytes.len > INT32_MAX)
        return ERR_INVALID;
    /* zlib only reads it. */
    stream.next_in = (unsigned char *)(uintptr_t)bytes.ptr;
    if (inflateInit2(&stream, GZIP_ONLY + MAX_WBITS) != Z_OK)
        return ERR_MEMORY;
    size_t most = ceiling_of(bytes.len, out->limit);
    enum err err = ERR_OK;
    do {
        err = inflate_member(&stream, most, out);
    } while (err == ERR_OK && stream.avail_in > 0 && inflateReset(&stream) == Z_OK);
    (void)inflateEnd(&stream);
    return err;
}
