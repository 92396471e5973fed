/* str.h - a borrowed slice of bytes, passed by value.
 *
 * A str owns nothing, need not end in NUL and may hold one; whoever made the
 * bytes says in a comment how long they live. Print one with "%.*s" and STR_ARG.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct {
    const char *ptr;
    size_t len; /* bytes */
} str;

#define STR(literal) ((str){ literal, sizeof(literal) - 1 })
#define STR_ARG(s) (int)(s).len, (s).ptr

/* The bytes of a C string, borrowed; the empty str for NULL. */
static inline str str_from(const char *text)
{
    return text == NULL ? (str){ "", 0 } : (str){ text, strlen(text) };
}

static inline bool str_equal(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(str a, const char *text)
{
    return str_equal(a, str_from(text));
}

static inline bool str_startswith(str s, str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_endswith(str s, str suffix)
{
    return s.len >= suffix.len
           && (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* What is left after the first `count` bytes; past the end the empty str at the end of `s`. */
static inline str str_skip(str s, size_t count)
{
    size_t skipped = count < s.len ? count : s.len;
    return s.ptr == NULL ? (str){ "", 0 } : (str){ s.ptr + skipped, s.len - skipped };
}

/* At most the first `count` bytes. */
static inline str str_first(str s, size_t count)
{
    return (str){ s.ptr, count < s.len ? count : s.len };
}

/* Without the bytes of `blanks` at both ends. */
static inline str str_trim(str s, const char *blanks)
{
    size_t count = strlen(blanks);
    while (s.len > 0 && memchr(blanks, s.ptr[0], count) != NULL)
        s = (str){ s.ptr + 1, s.len - 1 };
    while (s.len > 0 && memchr(blanks, s.ptr[s.len - 1], count) != NULL)
        s.len--;
    return s;
}

/* Whether each byte is one of `allowed`; an empty text is. */
static inline bool str_all_of(str s, const char *allowed)
{
    for (size_t at = 0; at < s.len; at++)
        if (s.ptr[at] == '\0' || strchr(allowed, s.ptr[at]) == NULL)
            return false;
    return true;
}

/* Offset of the first (last) `byte`, or s.len when there is none. */
static inline size_t str_find(str s, char byte)
{
    const char *at = s.len == 0 ? NULL : memchr(s.ptr, byte, s.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

static inline size_t str_find_last(str s, char byte)
{
    for (size_t at = s.len; at > 0; at--)
        if (s.ptr[at - 1] == byte)
            return at - 1;
    return s.len;
}
