/* scope.h - which name means which item: a hash table in the compilation's arena.
 *
 * Lists, lets and macros are seen in their file. The names of rules and of sources
 * belong to the whole set; they have scopes of their own.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

/* Scopes that are no file; the titles of a file's tests have SCOPE_TESTS minus its index. */
enum { SCOPE_RULES = -1, SCOPE_SOURCES = -2, SCOPE_ANY_FILE = -3, SCOPE_TESTS = -16 };

enum name_state { NAME_UNCHECKED, NAME_CHECKING, NAME_CHECKED };

struct name {
    int64_t scope; /* a file, or one of the above */
    str text;
    struct item *item;
    /* the checker's: lets and macros are checked when first used */
    enum name_state state;
    uint32_t depth; /* of lets and macros within it, itself counted */
};

struct scope {
    struct name *names; /* open addressing; an empty slot has no item */
    uint32_t room;      /* a power of two, or 0 */
    uint32_t count;
};

/* The name in that scope, or NULL. Valid until the next scope_add. */
struct name *scope_find(const struct scope *scope, int64_t where, str text);

/* Declare a name. When it is taken, *ret_taken is who has it, and nothing is added;
 * else NULL. ERR_MEMORY. */
MUST_CHECK enum err scope_add(struct scope *scope, struct arena *arena, int64_t where, str text,
    struct item *item, struct item **ret_taken);

/* Let the name mean another item: a source declared by the user in place of a shipped one. */
void scope_replace(struct scope *scope, int64_t where, str text, struct item *item);
