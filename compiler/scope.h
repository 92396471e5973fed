/* scope.h - which name means which item: a hash table in the compilation's arena.
 *
 * Lists, lets, macros and environments are seen in their file and in the files that use it.
 * The names of rules and of sources belong to the whole set; they have scopes of their own.
 */
#pragma once

#include "ast.h"
#include "base/err.h"
#include "visible.h"

/* Scopes that are no file; the titles of a file's tests have SCOPE_TESTS minus its index. */
enum {
    SCOPE_RULES = -1,
    SCOPE_SOURCES = -2,
    SCOPE_ANY_FILE = -3,
    SCOPE_CONNECTIONS = -4,
    SCOPE_ROLES = -5,
    SCOPE_DAEMON = -6, /* there is one, and it has no name */
    SCOPE_EXCEPTIONS = -7,
    SCOPE_CHANNELS = -8,
    SCOPE_PROFILES = -9, /* collectors too */
    SCOPE_TESTS = -16
};

enum name_state { NAME_UNCHECKED, NAME_CHECKING, NAME_CHECKED };

struct name {
    int64_t scope; /* a file, or one of the above */
    str text;
    struct item *item;
    struct name *elsewhere; /* the same name in the next other file, or NULL */
    struct name *last;      /* of the first of them: the last one */
    /* the checker's: lets and macros are checked when first used */
    enum name_state state;
    uint32_t depth; /* of lets and macros within it, itself counted */
};

struct scope {
    struct name **slots; /* open addressing */
    struct name **heads; /* of names of files: by the text alone, the first of each */
    uint32_t room;       /* of both; a power of two, or 0 */
    uint32_t count;
    const struct visible *visible; /* NULL: no file uses another */
};

/* The name as `where` sees it: its own, or that of a file that it uses; or NULL. */
struct name *scope_find(const struct scope *scope, int64_t where, str text);
/* The name that `where` itself declares, or NULL. */
struct name *scope_find_own(const struct scope *scope, int64_t where, str text);
/* Whether a name is seen in `file`. */
bool scope_sees(const struct scope *scope, uint32_t file, const struct name *name);

/* Every name once, in no order: the next one, or NULL; start with *at = 0. */
struct name *scope_next(const struct scope *scope, uint32_t *at);
/* The name in the first file that declares it; the others follow by `elsewhere`; or NULL. */
struct name *scope_find_any(const struct scope *scope, str text);

/* Declare a name. When `where` itself has it, *ret_taken is who, and nothing is added;
 * else NULL. ERR_MEMORY. */
MUST_CHECK enum err scope_add(struct scope *scope, struct arena *arena, int64_t where, str text,
    struct item *item, struct item **ret_taken);

/* Let the name mean another item: a source declared by the user in place of a shipped one. */
void scope_replace(struct scope *scope, int64_t where, str text, struct item *item);
