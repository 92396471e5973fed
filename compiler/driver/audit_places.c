#include "driver/audit_places.h"

#include "store/audit.h"

#include <stdlib.h>

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? NULL : text;
}

struct audit_places audit_places_read(void)
{
    return (struct audit_places){ variable("CDR_AUDIT_KEY"), variable("CDR_AUDIT_ANCHOR") };
}

enum err audit_places_use(struct store *store)
{
    struct audit_places places = audit_places_read();
    return audit_anchor_at(store, places.key, places.beside);
}
