/* fix.c - see fix.h. */
#include "fix.h"

#include <stdlib.h>

static bool is_wanted(const struct diag *diag, uint32_t file, size_t text_bytes, bool takes_guesses)
{
    const struct diag_fix *fix = diag->fix;
    return fix != NULL && fix->at.file == file && (takes_guesses || !fix->is_guess)
           && fix->at.start <= fix->at.end && fix->at.end <= text_bytes;
}

static int by_place(const void *a, const void *b)
{
    span first = (*(const struct diag *const *)a)->fix->at;
    span second = (*(const struct diag *const *)b)->fix->at;
    if (first.start != second.start)
        return first.start < second.start ? -1 : 1;
    return (first.end > second.end) - (first.end < second.end);
}

enum err fixes_choose(const struct diag_list *diags, uint32_t file, size_t text_bytes,
    bool takes_guesses, struct fixes *ret_fixes)
{
    struct fixes fixes = {
        .items = ARENA_ARRAY(diags->arena, const struct diag *, diags->count + 1),
    };
    if (fixes.items == NULL)
        return ERR_MEMORY;
    size_t wanted = 0;
    for (const struct diag *diag = diags->first; diag != NULL; diag = diag->next)
        if (is_wanted(diag, file, text_bytes, takes_guesses))
            fixes.items[wanted++] = diag;
    qsort(fixes.items, wanted, sizeof(struct diag *), by_place);
    uint32_t end = 0;
    for (size_t i = 0; i < wanted; i++) {
        /* Two that touch may be one mistake told twice. */
        if (fixes.count > 0 && fixes.items[i]->fix->at.start <= end) {
            fixes.left++;
            continue;
        }
        end = fixes.items[i]->fix->at.end;
        fixes.items[fixes.count++] = fixes.items[i];
    }
    *ret_fixes = fixes;
    return ERR_OK;
}

void fixes_apply(const struct fixes *fixes, str text, struct buf *out)
{
    size_t at = 0;
    for (uint32_t i = 0; i < fixes->count; i++) {
        const struct diag_fix *fix = fixes->items[i]->fix;
        buf_add(out, str_first(str_skip(text, at), fix->at.start - at));
        buf_add(out, fix->text);
        at = fix->at.end;
    }
    buf_add(out, str_skip(text, at));
}
