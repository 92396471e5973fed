/* Functions that say how a text looks inside of something else: encoded, widened, with other
 * dashes. The compiler works them out; Sigma's modifiers of the same names mean the same. */
#include "core/core.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <openssl/evp.h>

static char *room(struct arena *arena, size_t bytes, enum err *ret_err)
{
    *ret_err = bytes > ENCODED_BYTES_MAX ? ERR_LIMIT : ERR_OK;
    char *text = *ret_err == ERR_OK ? arena_alloc(arena, bytes + 1, 1) : NULL;
    if (*ret_err == ERR_OK && text == NULL)
        *ret_err = ERR_MEMORY;
    return text;
}

/* ---- base64 ---- */

/* Base64 of `before` unknown bytes and then `text`, without the signs that depend on what
 * comes before it or after it (unless it is whole). */
static enum err encode(
    struct arena *arena, str text, size_t before, bool is_whole, value *ret_value)
{
    static const size_t lead[] = { 0, 2, 3 };
    static const size_t trail[] = { 0, 3, 2 };
    enum err err;
    char *bytes = room(arena, before + text.len, &err);
    char *encoded = err == ERR_OK ? room(arena, (before + text.len + 2) / 3 * 4, &err) : NULL;
    if (bytes == NULL || encoded == NULL)
        return err;
    memset(bytes, ' ', before);
    if (text.len > 0)
        memcpy(bytes + before, text.ptr, text.len);
    int length = EVP_EncodeBlock(
        (unsigned char *)encoded, (const unsigned char *)bytes, (int)(before + text.len));
    str all = { encoded, (size_t)length };
    if (!is_whole) {
        size_t end = all.len - trail[(before + text.len) % 3];
        all = str_skip(str_first(all, end), lead[before]);
    }
    *ret_value = value_text(all);
    return ERR_OK;
}

static enum err base64(struct arena *arena, const value *args, value *ret_value)
{
    return encode(arena, value_str(args[0]), 0, true, ret_value);
}

/* Three texts: what is left when 0, 1 or 2 bytes of a group of three come before it. A text of
 * one byte leaves nothing certain, and is in every encoded text: it has no value. */
static enum err base64offset(struct arena *arena, const value *args, value *ret_value)
{
    enum { OFFSETS = 3, CERTAIN_BYTES = 2 };
    str text = value_str(args[0]);
    value *items = ARENA_ARRAY(arena, value, OFFSETS);
    *ret_value = VALUE_NONE;
    if (items == NULL)
        return ERR_MEMORY;
    if (text.len < CERTAIN_BYTES)
        return ERR_OK;
    for (size_t at = 0; at < OFFSETS; at++)
        TRY(encode(arena, text, at, false, &items[at]));
    *ret_value = value_list(items, OFFSETS);
    return ERR_OK;
}

/* ---- wide ---- */

/* UTF-16, the lower byte first. */
static enum err wide(struct arena *arena, const value *args, value *ret_value)
{
    str text = value_str(args[0]);
    enum err err;
    char *bytes = room(arena, text.len * 2 + 2, &err);
    size_t written = 0;
    if (bytes == NULL)
        return err;
    while (text.len > 0) {
        uint32_t point;
        text = str_skip(text, utf8_decode(text, &point, NULL));
        uint32_t units[2] = { point, 0 };
        int count = 1;
        if (point > 0xFFFF) {
            units[0] = 0xD800 + ((point - 0x10000) >> 10);
            units[1] = 0xDC00 + ((point - 0x10000) & 0x3FF);
            count = 2;
        }
        for (int at = 0; at < count; at++) {
            bytes[written++] = (char)(units[at] & 0xFF);
            bytes[written++] = (char)(units[at] >> 8);
        }
    }
    *ret_value = value_text((str){ bytes, written });
    return ERR_OK;
}

/* ---- windash ---- */

/* What Windows takes for the `-` of an option. */
static const char *const dashes[] = { "-", "/", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95" };

enum { DASHES_MAX = 5 }; /* places: 5 signs in each are VARIANTS_MAX texts */

/* Letters, digits and `_`; outside of ASCII everything but spaces, dashes and punctuation. */
static bool is_word_point(uint32_t point)
{
    if (point < 0x80)
        return point == '_' || (point >= '0' && point <= '9') || (point >= 'A' && point <= 'Z')
               || (point >= 'a' && point <= 'z');
    return point >= 0xAA && !(point >= 0x2000 && point <= 0x206F)
           && !(point >= 0x3000 && point <= 0x303F) && point != UTF8_REPLACEMENT;
}

/* Whether the option sign at byte `at` stands before a word and not after one. */
static bool begins_option(str text, size_t at)
{
    uint32_t before = ' ';
    uint32_t after = ' ';
    if (text.ptr[at] != '-' && text.ptr[at] != '/')
        return false;
    utf8_decode_last(str_first(text, at), &before);
    utf8_decode(str_skip(text, at + 1), &after, NULL);
    return (at == 0 || !is_word_point(before)) && at + 1 < text.len && is_word_point(after);
}

/* The text with the dash that `number`, in digits of base 5, has for each place. */
static enum err variant(struct arena *arena, str text, const size_t *places, size_t count,
    uint32_t number, value *ret_value)
{
    enum { DASH_BYTES = 3 };
    enum err err;
    char *copy = room(arena, text.len + count * DASH_BYTES, &err);
    size_t written = 0;
    size_t from = 0;
    if (copy == NULL)
        return err;
    for (size_t at = 0; at <= count; at++) {
        size_t to = at < count ? places[at] : text.len;
        memcpy(copy + written, text.ptr + from, to - from);
        written += to - from;
        from = to + 1;
        if (at == count)
            break;
        str dash = str_from(dashes[number % COUNT_OF(dashes)]);
        number /= COUNT_OF(dashes);
        memcpy(copy + written, dash.ptr, dash.len);
        written += dash.len;
    }
    *ret_value = value_text((str){ copy, written });
    return ERR_OK;
}

static enum err windash(struct arena *arena, const value *args, value *ret_value)
{
    str text = value_str(args[0]);
    size_t places[DASHES_MAX];
    size_t count = 0;
    uint32_t variants = 1;
    for (size_t at = 0; at < text.len; at++) {
        if (!begins_option(text, at))
            continue;
        if (count == DASHES_MAX)
            return ERR_LIMIT;
        places[count++] = at;
        variants *= COUNT_OF(dashes);
    }
    value *items = ARENA_ARRAY(arena, value, variants);
    if (items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < variants; at++)
        TRY(variant(arena, text, places, count, at, &items[at]));
    *ret_value = value_list(items, variants);
    return ERR_OK;
}

#define ENCODING(function, bytes, sentence)                                                        \
    {                                                                                              \
        .name = #function, .doc = sentence, .params = { TYPE_TEXT }, .params_count = 1,            \
        .returns = TYPE_TEXT, .is_written = true, .takes_bytes = bytes, .call = function           \
    }

static const struct function rows[] = {
    ENCODING(base64, true, "The written text in base64, as a whole."),
    ENCODING(base64offset, true,
        "The three texts that the written text is inside of base64, whatever comes before and "
        "after."),
    ENCODING(wide, false, "The written text as UTF-16, the lower byte first."),
    ENCODING(windash, false,
        "The written text with each of - / \xE2\x80\x93 \xE2\x80\x94 \xE2\x80\x95 for the `-` or "
        "`/` that begins an option."),
};

const struct function_module core_encoding_module = { rows, COUNT_OF(rows) };
