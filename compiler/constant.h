/* constant.h - what is known before any alert is read, and the types it may stand for.
 *
 * A literal takes the type of what it stands beside: the text "198.51.100.7" beside an
 * ip field is an address. The checker asks whether it fits, emit what it becomes.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

/* The value of a literal, an enum word, a folded call, or a let that is one of these;
 * false for anything else. *ret_type is the type it has by itself. */
bool constant_of(const struct expr *expr, value *ret_value, enum type *ret_type);

/* `v` of type `from` beside something of type `to`: *ret_value, or absent when it does
 * not fit. Whether a source's name exists is the caller's to check. ERR_MEMORY. */
MUST_CHECK enum err constant_fit(
    struct arena *arena, value v, enum type from, enum type to, value *ret_value);

/* As constant_fit, for the right side of `in`: beside an ip it may be a network too. */
MUST_CHECK enum err constant_fit_member(
    struct arena *arena, value v, enum type from, enum type to, value *ret_value);

/* Whether values of the type are text at run time: text, sources, identifiers but ip. */
bool type_is_text(enum type type);
/* integer or decimal */
bool type_is_number(enum type type);
/* Whether `<` means something: numbers, times, durations, severities, verdicts, raw. */
bool type_is_ordered(enum type type);
/* Whether a name of that type is only a name: it has no form that can be checked. */
bool type_is_name_like(enum type type);
/* Whether values of the two types can be equal at all. */
bool types_compare(enum type a, enum type b);

/* The elements of a list, one after the other. */
struct list_walk {
    const struct item *list; /* the declaration (its type holds), or NULL */
    const struct expr *expr; /* the next written element, or NULL */
    const value *read;       /* the next of a file */
    uint32_t read_count;
};

/* An element: `expr` as written, or NULL for one from a file, which is `v` of `type`. */
struct list_element {
    const struct expr *expr;
    value v; /* absent: written, and no constant */
    enum type type;
};

/* Walk over a list literal, a declared list, or a let that is a list; anything else has no
 * elements. */
struct list_walk list_walk(const struct expr *expr);
uint32_t list_count(struct list_walk walk);
/* False at the end. */
bool list_next(struct list_walk *walk, struct list_element *ret_element);
