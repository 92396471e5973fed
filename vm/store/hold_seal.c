/* hold_seal.c - whether a hold is the one that people were asked about. */
#include "store/audit.h"
#include "store/holds.h"

enum err holds_is_sealed(
    struct store *store, const struct hold *hold, struct arena *arena, bool *ret_is_sealed)
{
    struct audit_entry entry;
    const char *after = hold_asked_text(hold, arena);
    if (after == NULL)
        return ERR_MEMORY;
    TRY(audit_entry_get(store, hold->audit, arena, &entry, ret_is_sealed));
    *ret_is_sealed = *ret_is_sealed && strcmp(entry.event, "asked") == 0 && entry.run == hold->run
                     && entry.step == hold->step && str_is(entry.after, after);
    return ERR_OK;
}
