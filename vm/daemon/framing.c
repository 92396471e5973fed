/* framing.c - see framing.h. */
#include "daemon/framing.h"

#include <inttypes.h>

enum { TEXT_BYTES_KEPT = 64 * 1024 /* of memory, from one message to the next */ };

void framing_init(struct framing *framing, enum framing_form form, size_t most)
{
    *framing = (struct framing){ .form = form, .text = BUF_INIT(most), .most = most };
}

void framing_release(struct framing *framing)
{
    buf_release(&framing->text);
    sha256_release(&framing->sha256);
}

str framing_begun(const struct framing *framing)
{
    bool is_held = !framing->is_told && !framing->is_in_count;
    return is_held ? buf_str(&framing->text) : STR("");
}

/* Make room for the next message. */
static void forget_told(struct framing *framing)
{
    if (!framing->is_told)
        return;
    framing->is_told = false;
    framing->is_over = false;
    framing->size = 0;
    if (framing->text.size > TEXT_BYTES_KEPT) {
        buf_release(&framing->text);
        framing->text = (struct buf)BUF_INIT(framing->most);
    }
    buf_clear(&framing->text);
}

/* The message has become too large: from here on only its digest is made. */
static enum err go_over(struct framing *framing)
{
    str all = buf_str(&framing->text);
    TRY(sha256_begin(&framing->sha256));
    sha256_add(&framing->sha256, all);
    struct buf head = BUF_INIT(FRAME_HEAD_BYTES);
    buf_add(&head, str_first(all, FRAME_HEAD_BYTES));
    enum err err = head.err;
    buf_release(&framing->text);
    framing->text = head;
    framing->is_over = true;
    return err;
}

static enum err keep(struct framing *framing, str piece)
{
    framing->size += piece.len;
    if (!framing->is_over && piece.len <= framing->most - framing->text.len) {
        buf_add(&framing->text, piece);
        return framing->text.err;
    }
    if (!framing->is_over)
        TRY(go_over(framing));
    sha256_add(&framing->sha256, piece);
    buf_add(&framing->text, str_first(piece, FRAME_HEAD_BYTES - framing->text.len));
    return framing->text.err;
}

static str take(struct framing *framing, str *bytes, size_t count)
{
    str piece = str_first(*bytes, count);
    *bytes = str_skip(*bytes, piece.len);
    framing->fed += piece.len;
    return piece;
}

static str without_line_end(str text)
{
    if (str_endswith(text, STR("\n")))
        text.len--;
    if (str_endswith(text, STR("\r")))
        text.len--;
    return text;
}

static enum err tell(struct framing *framing, struct frame *ret_frame, bool *ret_has)
{
    *ret_frame = (struct frame){
        .text = buf_str(&framing->text), .size = framing->size, .is_over = framing->is_over
    };
    if (!framing->is_over)
        ret_frame->text = without_line_end(ret_frame->text);
    framing->is_told = true;
    framing->taken = framing->fed;
    *ret_has = framing->is_over || ret_frame->text.len > 0;
    if (framing->is_over)
        return sha256_end_hex(&framing->sha256, ret_frame->digest);
    return ERR_OK;
}

/* A message that is a line. */
static enum err next_line(
    struct framing *framing, str *bytes, struct frame *ret_frame, bool *ret_has)
{
    while (bytes->len > 0 && !*ret_has) {
        forget_told(framing);
        size_t length = str_find(*bytes, '\n');
        bool is_whole = length < bytes->len;
        TRY(keep(framing, take(framing, bytes, length)));
        if (!is_whole)
            return ERR_OK;
        (void)take(framing, bytes, 1);
        TRY(tell(framing, ret_frame, ret_has));
    }
    return ERR_OK;
}

static bool is_count_digit(const struct framing *framing, char byte)
{
    bool is_first = framing->text.len == 0;
    return byte >= (is_first ? '1' : '0') && byte <= '9' && framing->text.len < FRAME_COUNT_DIGITS;
}

/* The digits of a count are gathered in `text`. */
static uint64_t count_of(str digits)
{
    uint64_t count = 0;
    for (size_t at = 0; at < digits.len; at++)
        count = count * 10 + (uint64_t)(digits.ptr[at] - '0');
    return count;
}

/* Read on in a count. *ret_is_count is false where something else stands, which is not taken. */
static enum err next_count(struct framing *framing, str *bytes, bool *ret_is_count)
{
    *ret_is_count = true;
    while (bytes->len > 0 && is_count_digit(framing, bytes->ptr[0])) {
        buf_add(&framing->text, take(framing, bytes, 1));
        TRY(framing->text.err);
    }
    if (bytes->len == 0)
        return ERR_OK;
    *ret_is_count = framing->text.len > 0 && bytes->ptr[0] == ' ';
    if (!*ret_is_count)
        return ERR_OK;
    (void)take(framing, bytes, 1);
    framing->left = count_of(buf_str(&framing->text));
    framing->form = FRAMING_COUNTED;
    framing->is_in_count = false;
    buf_clear(&framing->text);
    return ERR_OK;
}

static enum err next_counted(
    struct framing *framing, str *bytes, struct frame *ret_frame, bool *ret_has)
{
    while (bytes->len > 0 && !*ret_has) {
        if (framing->is_told) {
            forget_told(framing);
            framing->is_in_count = true;
        }
        if (framing->is_in_count) {
            bool is_count;
            TRY(next_count(framing, bytes, &is_count));
            if (!is_count)
                return ERR_INVALID;
            continue;
        }
        str piece = take(framing, bytes, framing->left);
        framing->left -= piece.len;
        TRY(keep(framing, piece));
        if (framing->left == 0)
            TRY(tell(framing, ret_frame, ret_has));
    }
    return ERR_OK;
}

enum err framing_next(struct framing *framing, str *bytes, struct frame *ret_frame, bool *ret_has)
{
    *ret_has = false;
    if (framing->form == FRAMING_UNDECIDED) {
        bool is_count;
        TRY(next_count(framing, bytes, &is_count));
        if (!is_count) {
            framing->form = FRAMING_LINES;
            framing->size = framing->text.len;
        }
    }
    if (framing->form == FRAMING_COUNTED)
        return next_counted(framing, bytes, ret_frame, ret_has);
    return framing->form == FRAMING_LINES ? next_line(framing, bytes, ret_frame, ret_has) : ERR_OK;
}

enum err framing_end(struct framing *framing, struct frame *ret_frame, bool *ret_has)
{
    *ret_has = false;
    forget_told(framing);
    if (framing->is_in_count)
        buf_clear(&framing->text);
    framing->is_in_count = framing->form == FRAMING_COUNTED;
    framing->left = 0;
    if (framing->form == FRAMING_UNDECIDED)
        framing->size = framing->text.len;
    return tell(framing, ret_frame, ret_has);
}

void frame_over_text(const struct frame *frame, struct buf *out)
{
    buf_addf(out,
        "A message of %" PRIu64 " bytes, which is over the ceiling; SHA-256 %s. It begins: ",
        frame->size, frame->digest);
    buf_add(out, frame->text);
}
