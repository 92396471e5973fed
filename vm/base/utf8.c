#include "base/utf8.h"

/* What the first byte says: the length of the sequence, the bits it carries, and the
 * range of the second byte, which alone excludes overlong forms and surrogates. */
struct lead {
    unsigned char first, last;
    unsigned char length;
    unsigned char mask;
    unsigned char second_least, second_most;
};

static const struct lead leads[] = {
    { 0xC2, 0xDF, 2, 0x1F, 0x80, 0xBF },
    { 0xE0, 0xE0, 3, 0x0F, 0xA0, 0xBF },
    { 0xE1, 0xEC, 3, 0x0F, 0x80, 0xBF },
    { 0xED, 0xED, 3, 0x0F, 0x80, 0x9F },
    { 0xEE, 0xEF, 3, 0x0F, 0x80, 0xBF },
    { 0xF0, 0xF0, 4, 0x07, 0x90, 0xBF },
    { 0xF1, 0xF3, 4, 0x07, 0x80, 0xBF },
    { 0xF4, 0xF4, 4, 0x07, 0x80, 0x8F },
};

static const struct lead *lead_find(unsigned char byte)
{
    for (size_t i = 0; i < COUNT_OF(leads); i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

size_t utf8_decode(str text, uint32_t *ret_point, bool *ret_valid)
{
    bool is_valid = true;
    if (ret_valid == NULL)
        ret_valid = &is_valid;
    *ret_valid = true;
    *ret_point = 0;
    if (text.len == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    *ret_point = bytes[0];
    if (bytes[0] < 0x80)
        return 1;
    const struct lead *lead = lead_find(bytes[0]);
    size_t length = lead == NULL ? 1 : lead->length;
    size_t got = 1;
    uint32_t point = lead == NULL ? 0 : bytes[0] & lead->mask;
    for (; got < length && got < text.len; got++) {
        unsigned char least = got == 1 ? lead->second_least : 0x80;
        unsigned char most = got == 1 ? lead->second_most : 0xBF;
        if (bytes[got] < least || bytes[got] > most)
            break;
        point = point << 6 | (bytes[got] & 0x3F);
    }
    *ret_valid = lead != NULL && got == length;
    *ret_point = *ret_valid ? point : UTF8_REPLACEMENT;
    return got;
}

size_t utf8_decode_last(str text, uint32_t *ret_point)
{
    for (size_t back = 2; back <= UTF8_BYTES_MAX && back <= text.len; back++) {
        size_t at = text.len - back;
        if (((unsigned char)text.ptr[at] & 0xC0) == 0x80)
            continue;
        if (utf8_decode(str_skip(text, at), ret_point, NULL) == back)
            return back;
        break;
    }
    return utf8_decode(str_skip(text, text.len - (text.len > 0)), ret_point, NULL);
}

size_t utf8_encode(uint32_t point, char bytes[static UTF8_BYTES_MAX])
{
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        point = UTF8_REPLACEMENT;
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t at = length - 1; at > 0; at--) {
        bytes[at] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    static const unsigned char marks[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    bytes[0] = (char)(marks[length] | point);
    return length;
}

/* Bytes of ASCII at the front, in steps of eight: most text is nothing else. */
static size_t ascii_steps(str text)
{
    size_t at = 0;
    uint64_t bytes;
    for (; at + sizeof bytes <= text.len; at += sizeof bytes) {
        memcpy(&bytes, text.ptr + at, sizeof bytes);
        if ((bytes & 0x8080808080808080) != 0)
            break;
    }
    return at;
}

size_t utf8_valid_bytes(str text)
{
    size_t at = ascii_steps(text);
    while (at < text.len) {
        if ((unsigned char)text.ptr[at] < 0x80) {
            at++;
            continue;
        }
        uint32_t point;
        bool is_valid;
        size_t length = utf8_decode(str_skip(text, at), &point, &is_valid);
        if (!is_valid)
            return at;
        at += length;
    }
    return at;
}

size_t utf8_length(str text)
{
    size_t points = 0;
    uint32_t point;
    for (size_t at = 0; at < text.len; points++)
        at += utf8_decode(str_skip(text, at), &point, NULL);
    return points;
}

size_t utf8_mend(str text, char *out, uint32_t *repairs)
{
    const str replacement = STR("\xEF\xBF\xBD");
    size_t written = 0;
    while (text.len > 0) {
        size_t valid = utf8_valid_bytes(text);
        if (valid > 0)
            memcpy(out + written, text.ptr, valid);
        written += valid;
        text = str_skip(text, valid);
        if (text.len == 0)
            break;
        uint32_t point;
        text = str_skip(text, utf8_decode(text, &point, NULL));
        memcpy(out + written, replacement.ptr, replacement.len);
        written += replacement.len;
        *repairs += 1;
    }
    return written;
}

enum err utf8_repair(struct arena *arena, str text, str *ret_text, uint32_t *repairs)
{
    if (utf8_valid_bytes(text) == text.len) {
        *ret_text = text;
        return ERR_OK;
    }
    char *copy = arena_array(arena, text.len, 3, 1);
    if (copy == NULL)
        return ERR_MEMORY;
    *ret_text = (str){ copy, utf8_mend(text, copy, repairs) };
    return ERR_OK;
}
