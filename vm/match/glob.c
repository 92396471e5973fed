#include "match/glob.h"

#include "base/fold.h"
#include "base/utf8.h"

enum part { PART_END, PART_STAR, PART_ANY, PART_POINT };

static uint32_t take_point(str *text, bool is_cased)
{
    uint32_t point;
    *text = str_skip(*text, utf8_decode(*text, &point, NULL));
    return is_cased ? point : fold_point(point);
}

static enum part take_part(str *pattern, bool is_cased, uint32_t *ret_point)
{
    if (pattern->len == 0)
        return PART_END;
    char c = pattern->ptr[0];
    if (c == '*' || c == '?') {
        *pattern = str_skip(*pattern, 1);
        return c == '*' ? PART_STAR : PART_ANY;
    }
    if (c == '\\' && pattern->len > 1
        && (pattern->ptr[1] == '*' || pattern->ptr[1] == '?' || pattern->ptr[1] == '\\'))
        *pattern = str_skip(*pattern, 1);
    *ret_point = take_point(pattern, is_cased);
    return PART_POINT;
}

/* Only the last star ever has to give way: an earlier one that took more would leave
 * the later one less to choose from. */
bool glob_matches(str pattern, str text, bool is_cased, uint64_t steps_max, uint64_t *steps)
{
    bool has_star = false;
    str after_star = STR("");
    str star_text = STR("");
    for (; *steps <= steps_max; *steps += 1) {
        str rest = pattern;
        str next = text;
        uint32_t point = 0;
        enum part part = take_part(&rest, is_cased, &point);
        if (part == PART_STAR) {
            has_star = true;
            after_star = pattern = rest;
            star_text = text;
            continue;
        }
        if (part == PART_END && text.len == 0)
            return true;
        bool fits = text.len > 0 && part != PART_END;
        if (fits) {
            uint32_t found = take_point(&next, is_cased);
            fits = part == PART_ANY || found == point;
        }
        if (fits) {
            pattern = rest;
            text = next;
            continue;
        }
        if (!has_star || star_text.len == 0)
            return false;
        take_point(&star_text, true);
        pattern = after_star;
        text = star_text;
    }
    return false;
}
