#include "base/percent.h"

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_'
           || byte == '~';
}

void percent_encode(struct buf *buf, str text, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        if (is_unreserved(byte) || (byte != '\0' && strchr(keep, byte) != NULL)) {
            buf_add_byte(buf, byte);
            continue;
        }
        unsigned char code = (unsigned char)byte;
        buf_add(buf, (str){ (char[]){ '%', digits[code >> 4], digits[code & 15] }, 3 });
    }
}

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

enum err percent_decode(struct arena *arena, str text, bool plus_is_space, str *ret_text)
{
    char *out = arena_alloc(arena, text.len + 1, 1);
    if (out == NULL)
        return ERR_MEMORY;
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        int high = byte == '%' && text.len - at > 2 ? digit_value(text.ptr[at + 1]) : -1;
        int low = high >= 0 ? digit_value(text.ptr[at + 2]) : -1;
        if (low >= 0) {
            byte = (char)(high * 16 + low);
            at += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out[len++] = byte;
    }
    *ret_text = (str){ out, len };
    return ERR_OK;
}
