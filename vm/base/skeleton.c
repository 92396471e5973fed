/* skeleton.c - see skeleton.h. */
#include "base/skeleton.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

enum {
    POINT_BYTES_MAX = 256, /* of the skeleton of one code point; the longest has 18 points */
    CHOICES_MAX = 8,       /* ASCII characters that look like one thing; l, I and 1 are three */
    UNITS_PER_BYTE = 18,   /* NFKC of one code point of 3 bytes may have 18 */
    UNITS_MAX = SKELETON_TEXT_BYTES_MAX * UNITS_PER_BYTE,
};

/* The names of things are made of these, and `|` only looks like l. */
static bool is_in_names(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("-_.:/@+=,", c) != NULL);
}

static bool is_ascii(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static enum err failure(UErrorCode status)
{
    return status == U_BUFFER_OVERFLOW_ERROR ? ERR_LIMIT : ERR_MEMORY;
}

/* ---- skeletons of one character ---- */

static enum err skeleton_of(
    const struct skeletons *skeletons, struct arena *arena, str point, str *ret_skeleton)
{
    char bytes[POINT_BYTES_MAX];
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = uspoof_getSkeletonUTF8(
        skeletons->checker, 0, point.ptr, (int32_t)point.len, bytes, POINT_BYTES_MAX, &status);
    if (U_FAILURE(status))
        return failure(status);
    *ret_skeleton = arena_copy(arena, (str){ bytes, (size_t)length });
    return ret_skeleton->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err open(struct skeletons *skeletons)
{
    UErrorCode status = U_ZERO_ERROR;
    if (skeletons->checker != NULL)
        return ERR_OK;
    skeletons->checker = uspoof_open(&status);
    if (U_FAILURE(status))
        return ERR_MEMORY;
    for (int at = ' ' + 1; at < 0x7F; at++) {
        char c = (char)at;
        if (is_in_names(c))
            TRY(skeleton_of(skeletons, skeletons->arena, (str){ &c, 1 }, &skeletons->ascii[at]));
    }
    return ERR_OK;
}

void skeletons_release(struct skeletons *skeletons)
{
    if (skeletons->checker != NULL)
        uspoof_close(skeletons->checker);
    skeletons->checker = NULL;
}

/* ---- readings ---- */

/* Texts that were made, of a name or so far of its front. */
struct readings {
    struct arena *arena;
    str *texts;
    uint32_t count;
};

static enum err add_reading(struct readings *readings, str text)
{
    for (uint32_t i = 0; i < readings->count; i++)
        if (str_equal(readings->texts[i], text))
            return ERR_OK;
    if (readings->count == SKELETON_READINGS_MAX)
        return ERR_LIMIT;
    text = arena_copy(readings->arena, text);
    readings->texts[readings->count++] = text;
    return text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Each text so far goes on with each of the choices. */
static enum err go_on(struct readings *readings, const str *choices, uint32_t count)
{
    uint32_t before = readings->count;
    if ((uint64_t)before * count > SKELETON_READINGS_MAX)
        return ERR_LIMIT;
    for (uint32_t choice = count; choice-- > 0;) {
        for (uint32_t i = 0; i < before; i++) {
            str front = readings->texts[i];
            const char *text =
                arena_format(readings->arena, "%.*s%.*s", STR_ARG(front), STR_ARG(choices[choice]));
            if (text == NULL)
                return ERR_MEMORY;
            readings->texts[(size_t)choice * before + i] = str_from(text);
        }
    }
    readings->count = before * count;
    return ERR_OK;
}

/* The characters of ASCII that have this skeleton. */
static uint32_t alike(const struct skeletons *skeletons, str skeleton, char *letters, str *choices)
{
    uint32_t count = 0;
    for (int at = ' ' + 1; at < 0x7F && count < CHOICES_MAX; at++) {
        if (skeletons->ascii[at].len == 0 || !str_equal(skeletons->ascii[at], skeleton))
            continue;
        letters[count] = (char)at;
        choices[count] = (str){ &letters[count], 1 };
        count++;
    }
    return count;
}

/* The next character as it is, or as what it looks like: one letter, or several ("oe"). */
static enum err read_point(const struct skeletons *skeletons, str point, struct readings *readings)
{
    char letters[CHOICES_MAX];
    str choices[CHOICES_MAX];
    str skeleton;
    if (point.len == 1)
        return go_on(readings, &point, 1);
    TRY(skeleton_of(skeletons, readings->arena, point, &skeleton));
    uint32_t count = alike(skeletons, skeleton, letters, choices);
    if (count > 0)
        return go_on(readings, choices, count);
    if (!is_ascii(skeleton))
        return go_on(readings, &point, 1);
    for (size_t at = 0; at < skeleton.len; at++) {
        str one = { skeleton.ptr + at, 1 };
        count = alike(skeletons, one, letters, choices);
        TRY(count > 0 ? go_on(readings, choices, count) : go_on(readings, &one, 1));
    }
    return ERR_OK;
}

/* Those of `text` into `all`, made in `scratch`. */
static enum err add_readings_of(
    const struct skeletons *skeletons, struct arena *scratch, str text, struct readings *all)
{
    struct readings readings = { .arena = scratch };
    readings.texts = ARENA_ARRAY(scratch, str, SKELETON_READINGS_MAX);
    if (readings.texts == NULL)
        return ERR_MEMORY;
    readings.texts[readings.count++] = STR("");
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        size_t bytes = utf8_decode(str_skip(text, at), &point, NULL);
        TRY(read_point(skeletons, str_first(str_skip(text, at), bytes), &readings));
        at += bytes;
    }
    TRY(add_reading(all, text));
    for (uint32_t i = 0; i < readings.count; i++)
        TRY(add_reading(all, readings.texts[i]));
    return ERR_OK;
}

/* ---- other forms of the whole text ---- */

enum form { FORM_SAME, FORM_PLAIN, FORM_FOLDED, FORM_CAPITALS, FORMS };

/* `units` in one form into `out`, of UNITS_MAX; the length. */
static int32_t write_form(
    enum form form, const UChar *units, int32_t length, UChar *out, UErrorCode *status)
{
    const UNormalizer2 *normalizer = form == FORM_FOLDED ? unorm2_getNFKCCasefoldInstance(status)
                                                         : unorm2_getNFKCInstance(status);
    if (form == FORM_CAPITALS)
        return u_strToUpper(out, UNITS_MAX, units, length, "", status);
    return unorm2_normalize(normalizer, units, length, out, UNITS_MAX, status);
}

/* The text in that form, valid UTF-8. */
static enum err form_of(struct arena *arena, enum form form, str text, str *ret_text)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t length;
    UChar *units = ARENA_ARRAY(arena, UChar, SKELETON_TEXT_BYTES_MAX);
    UChar *formed = ARENA_ARRAY(arena, UChar, UNITS_MAX);
    char *bytes = ARENA_ARRAY(arena, char, (size_t)UNITS_MAX * 3);
    if (units == NULL || formed == NULL || bytes == NULL)
        return ERR_MEMORY;
    u_strFromUTF8(units, SKELETON_TEXT_BYTES_MAX, &length, text.ptr, (int32_t)text.len, &status);
    length = write_form(form, units, length, formed, &status);
    u_strToUTF8(bytes, UNITS_MAX * 3, &length, formed, length, &status);
    if (U_FAILURE(status))
        return failure(status);
    *ret_text = arena_copy(arena, (str){ bytes, (size_t)length });
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err skeleton_readings(
    struct skeletons *skeletons, str text, const str **ret_readings, uint32_t *ret_count)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
    struct readings all = { .arena = skeletons->arena };
    uint32_t repairs = 0;
    *ret_readings = NULL;
    *ret_count = 0;
    if (is_ascii(text))
        return ERR_OK;
    if (text.len > SKELETON_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    all.texts = ARENA_ARRAY(skeletons->arena, str, SKELETON_READINGS_MAX);
    if (all.texts == NULL)
        return ERR_MEMORY;
    TRY(open(skeletons));
    TRY(add_reading(&all, text));
    TRY(utf8_repair(&scratch, text, &text, &repairs));
    if (text.len > SKELETON_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    for (enum form form = FORM_SAME; form < FORMS; form++) {
        str formed = text;
        if (form != FORM_SAME)
            TRY(form_of(&scratch, form, text, &formed));
        TRY(add_readings_of(skeletons, &scratch, formed, &all));
    }
    *ret_readings = all.texts + 1;
    *ret_count = all.count - 1;
    return ERR_OK;
}
