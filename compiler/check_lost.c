/* check_lost.c - names that mistakes of syntax took away.
 *
 * Of a file with such a mistake the items that parsed whole are checked. A name that nothing
 * declares may have been declared in what was lost, so it is not reported when it stands
 * there: one mistake makes one message. */
#include "check_pass.h"

enum { LOOKUPS_MAX = 200 }; /* each reads the file: past it every name may be lost */

static void blank(char *text, span at)
{
    memset(text + at.start, ' ', at.end - at.start);
}

/* The text of a file without its comments and what parsed whole. */
static str lost_text(struct check *check, const struct tree *tree)
{
    str text = check->sources->items[tree->file].text;
    char *lost = ARENA_ARRAY(check->arena, char, text.len + 1);
    if (!check_ok(check, lost == NULL ? ERR_MEMORY : ERR_OK))
        return STR("");
    memcpy(lost, text.ptr, text.len);
    for (const struct comment *comment = tree->comments; comment != NULL; comment = comment->next)
        blank(lost, comment->at);
    for (const struct item *item = tree->items; item != NULL; item = item->next) {
        if (!item->is_partial)
            blank(lost, item->at);
        else if (item->kind == ITEM_RULE && item->rule.when != NULL)
            blank(lost, item->rule.when->at);
    }
    return (str){ lost, text.len };
}

void check_find_lost(struct check *check)
{
    check->lost = ARENA_ARRAY(check->arena, str, check->tree_count + 1);
    if (!check_ok(check, check->lost == NULL ? ERR_MEMORY : ERR_OK))
        return;
    for (uint32_t at = 0; at < check->tree_count && check->err == ERR_OK; at++) {
        check->is_partial = check->is_partial || check->sources->items[at].misses_files;
        if (!check->trees[at]->is_partial)
            continue;
        check->is_partial = true;
        check->lost[at] = lost_text(check, check->trees[at]);
    }
}

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(str text, str word)
{
    while (text.len >= word.len && word.len > 0) {
        const char *found = memmem(text.ptr, text.len, word.ptr, word.len);
        if (found == NULL)
            return false;
        size_t start = (size_t)(found - text.ptr);
        size_t end = start + word.len;
        bool begins = start == 0 || !is_word_character(text.ptr[start - 1]);
        bool ends = end == text.len || !is_word_character(text.ptr[end]);
        if (begins && ends)
            return true;
        text = str_skip(text, start + 1);
    }
    return false;
}

bool check_is_lost(struct check *check, uint32_t file, str name)
{
    bool is_lost = false;
    for (uint32_t at = 0; check->is_partial && at < check->tree_count && !is_lost; at++) {
        if (file != UINT32_MAX && !visible_sees(check->scope->visible, file, at))
            continue;
        if (check->sources->items[at].misses_files && file != UINT32_MAX) {
            is_lost = true; /* a whole file is */
            break;
        }
        if (check->lost[at].len == 0)
            continue;
        is_lost = check->lookups >= LOOKUPS_MAX || has_word(check->lost[at], name);
        check->lookups += check->lookups < LOOKUPS_MAX;
    }
    check->unsaid += is_lost;
    return is_lost;
}
