/* head.h - the head of an HTTP request, read strictly: RFC 9112 without its leniencies.
 *
 * Two servers that read one request in two ways let a request be smuggled past the first one. So
 * there is one way here, and what deviates from it is refused, not repaired. Pure: bytes in, a
 * verdict out.
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HEAD_BYTES_MAX = 16 * 1024,
    HEAD_FIELDS_MAX = 100,
    CHUNKED_BYTES_MAX = 64 * 1024, /* of a request whose body is chunked, with its head */
};

enum head_fault {
    HEAD_GOOD,
    HEAD_UNFINISHED, /* good so far */
#define HEAD_FAULT(id, status, label, sentence) HEAD_##id,
#include "daemon/head_faults.def"
#undef HEAD_FAULT
    HEAD_FAULT_COUNT
};

struct head_fault_info {
    int status;
    const char *label;    /* of the metric */
    const char *sentence; /* of the answer */
};

/* Of a fault; of HEAD_GOOD and HEAD_UNFINISHED one whose status is 0. */
const struct head_fault_info *head_fault_info(enum head_fault fault);

struct head_field {
    str name;
    str value; /* without white space around it */
};

/* Everything is borrowed from the bytes that were read. */
struct head {
    str method;
    str target; /* as it came */
    int minor;  /* of HTTP/1.x */
    struct head_field fields[HEAD_FIELDS_MAX];
    size_t count;
    size_t bytes;    /* of the head with its empty line; head_read sets it */
    bool is_chunked; /* chunks_check has to look at the body */
    bool has_length;
    uint64_t length; /* of the body; 0 when nothing is said of it */
};

/* Read what is at the front of `bytes`, to the empty line; what follows is not looked at. A fault is
 * told as soon as it can be seen, HEAD_UNFINISHED while there is none and the empty line is missing. */
enum head_fault head_read(str bytes, struct head *head);

/* Check a head that somebody else took apart: `method`, `target`, `minor`, `fields`, `count` are set.
 * Sets `is_chunked`, `has_length` and `length`. head_read has called it. */
enum head_fault head_check(struct head *head);

/* Check the chunks at the front of `bytes`, which follow a head: plain sizes, no extensions, no
 * trailers. HEAD_GOOD when the last is there, HEAD_UNFINISHED, HEAD_CHUNK, HEAD_CHUNKED for
 * one that is too long. What follows is not looked
 * at. */
enum head_fault chunks_check(str bytes);

/* The value of the one field of that name, whose case does not matter; an empty str without one, or
 * with two. */
str head_value(const struct head_field *fields, size_t count, const char *name);
/* Whether there is such a field, however often. */
bool head_has(const struct head_field *fields, size_t count, const char *name);
