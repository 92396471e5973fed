/* form.h - the form body of an AWS query, taken apart strictly.
 *
 * "Filter.1.Value.2=prod" is a parameter whose name has numbered places. A parameter
 * is held once, places count from 1 without gaps, and text is UTF-8 without NUL and
 * control characters: a serialiser that breaks this is told so.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"

enum {
    FORM_PARAMETERS_MAX = 2000, /* AWS takes 1000 ids or 200 filter values at once */
    FORM_NAME_BYTES_MAX = 127,
    FORM_PLACE_MAX = 1000,
};

struct form_parameter {
    const char *name;  /* decoded, NUL-terminated, in the arena */
    const char *value; /* the same */
};

struct form {
    struct form_parameter *parameters;
    size_t count;
};

enum form_fault {
    FORM_OK,
    FORM_ENCODING, /* not a form: a bad %-escape, NUL, not UTF-8, a name twice */
    FORM_TOO_MANY, /* parameters */
    FORM_MEMORY,
};

/* Take `body` apart into `arena`. */
MUST_CHECK enum form_fault form_parse(str body, struct arena *arena, struct form *ret_form);

/* The value of the parameter with that name, or NULL. */
const char *form_get(const struct form *form, const char *name);
const char *form_getf(const struct form *form, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether there is a parameter whose name begins so. */
bool form_hasf(const struct form *form, const char *format, ...) PRINTF_LIKE(2, 3);

/* `name` with each number replaced by N ("Filter.1.Name" -> "Filter.N.Name") in `shape`
 * of FORM_NAME_BYTES_MAX + 1 bytes. */
void form_shape(const char *name, char *shape);
/* The first parameter with a place that is 0, past FORM_PLACE_MAX, or follows a gap;
 * NULL when there is none. */
const char *form_bad_place(const struct form *form);
