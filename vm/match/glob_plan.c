#include "match/glob_plan.h"

#include "base/fold.h"
#include "base/utf8.h"
#include "match/gram_frequency.h"

static bool is_wild(char c)
{
    return c == '*' || c == '?';
}

static bool is_escape(str pattern)
{
    return pattern.len > 1 && pattern.ptr[0] == '\\'
           && (is_wild(pattern.ptr[1]) || pattern.ptr[1] == '\\');
}

/* Take the bytes up to the next wildcard off the front. */
static str take_piece(str *pattern, bool *ret_has_escapes)
{
    str start = *pattern;
    *ret_has_escapes = false;
    while (pattern->len > 0 && !is_wild(pattern->ptr[0])) {
        bool escapes = is_escape(*pattern);
        *ret_has_escapes = *ret_has_escapes || escapes;
        *pattern = str_skip(*pattern, escapes ? 2 : 1);
    }
    return str_first(start, start.len - pattern->len);
}

static enum err unescape(struct arena *arena, str *piece)
{
    char *bytes = ARENA_ARRAY(arena, char, piece->len);
    size_t used = 0;
    if (bytes == NULL)
        return ERR_MEMORY;
    for (str rest = *piece; rest.len > 0; rest = str_skip(rest, 1)) {
        if (is_escape(rest))
            rest = str_skip(rest, 1);
        bytes[used++] = rest.ptr[0];
    }
    *piece = (str){ bytes, used };
    return ERR_OK;
}

static enum err chance_of(str piece, double *ret_chance)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    str folded = fold_copy(&work, piece);
    if (folded.ptr == NULL)
        return ERR_MEMORY;
    *ret_chance = gram_text_chance(folded);
    return ERR_OK;
}

/* Take the wildcards off the front; true when one of them is no star. */
static bool take_wild(str *pattern)
{
    bool has_any = false;
    for (; pattern->len > 0 && is_wild(pattern->ptr[0]); *pattern = str_skip(*pattern, 1))
        has_any = has_any || pattern->ptr[0] == '?';
    return has_any;
}

/* The pieces seen so far. */
struct reading {
    struct glob_plan plan;
    double chance; /* of plan.piece */
    unsigned pieces;
    bool has_any; /* `?` */
    bool is_whole;
};

static enum err read_piece(struct arena *arena, str pattern, str *rest, struct reading *reading)
{
    bool is_first = rest->len == pattern.len;
    bool has_escapes;
    double chance;
    str piece = take_piece(rest, &has_escapes);
    if (has_escapes)
        TRY(unescape(arena, &piece));
    TRY(chance_of(piece, &chance));
    reading->is_whole = is_first && rest->len == 0;
    if (reading->pieces++ == 0 || chance < reading->chance) {
        reading->chance = chance;
        reading->plan.piece = piece;
        reading->plan.place = is_first         ? LITERAL_START
                              : rest->len == 0 ? LITERAL_END
                                               : LITERAL_ANYWHERE;
    }
    return ERR_OK;
}

static enum glob_shape shape_of(const struct reading *reading)
{
    if (reading->is_whole)
        return GLOB_WHOLE;
    if (reading->pieces <= 1 && !reading->has_any)
        return GLOB_PIECE;
    return reading->pieces == 0 ? GLOB_UNKNOWN : GLOB_FILTER;
}

enum err glob_plan_read(struct arena *arena, str pattern, struct glob_plan *ret_plan)
{
    str rest = pattern;
    struct reading reading = {
        .plan = { .shape = GLOB_UNKNOWN, .piece = STR(""), .place = LITERAL_ANYWHERE },
        .is_whole = pattern.len == 0,
    };
    *ret_plan = reading.plan;
    if (utf8_valid_bytes(pattern) != pattern.len)
        return ERR_OK;
    reading.has_any = take_wild(&rest);
    while (rest.len > 0) {
        TRY(read_piece(arena, pattern, &rest, &reading));
        reading.has_any = take_wild(&rest) || reading.has_any;
    }
    reading.plan.shape = shape_of(&reading);
    *ret_plan = reading.plan;
    return ERR_OK;
}
