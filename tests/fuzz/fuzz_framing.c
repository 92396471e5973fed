/* fuzz_framing.c - streams of any bytes as messages: the same messages in whatever pieces the bytes
 * come, and never more memory than one message may have. The first byte says how long pieces are. */
#include "daemon/framing.h"

#include <stdlib.h>

enum { MOST = 48, TOLD_BYTES_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *told, const struct frame *frame)
{
    if (frame->text.len > FRAME_HEAD_BYTES || (!frame->is_over && frame->size > MOST))
        abort();
    buf_addf(told, "[%d %d %s ", (int)frame->size, frame->is_over, frame->digest);
    buf_add(told, frame->text);
}

static void read_all(str stream, size_t piece, struct buf *told)
{
    struct framing framing;
    struct frame frame;
    bool has = false;
    enum err err = ERR_OK;
    framing_init(&framing, FRAMING_UNDECIDED, MOST);
    while (stream.len > 0 && err == ERR_OK) {
        str rest = str_first(stream, piece);
        stream = str_skip(stream, rest.len);
        do {
            err = framing_next(&framing, &rest, &frame, &has);
            if (err == ERR_OK && has)
                note(told, &frame);
        } while (err == ERR_OK && has);
        if (framing_begun(&framing).len > FRAME_HEAD_BYTES)
            abort();
    }
    if (err == ERR_INVALID)
        buf_addf(told, "!");
    else if (framing_end(&framing, &frame, &has) == ERR_OK && has)
        note(told, &frame);
    framing_release(&framing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str stream = { (const char *)data + 1, size - 1 };
    struct buf whole = BUF_INIT(TOLD_BYTES_MAX);
    struct buf pieces = BUF_INIT(TOLD_BYTES_MAX);
    read_all(stream, stream.len, &whole);
    read_all(stream, (size_t)data[0] % 16 + 1, &pieces);
    if (!str_equal(buf_str(&whole), buf_str(&pieces)))
        abort();
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
