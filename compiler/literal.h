/* literal.h - what the words of a literal are worth: text, numbers, durations, dates.
 *
 * Each function takes the token's place and text, reports what is wrong with it and
 * then returns something usable, so that one mistake makes one message. Memory comes
 * from the parse's arena; when that is full they leave the parse.
 */
#pragma once

#include "parse.h"

/* A number, duration or date. */
struct literal {
    value value;
    enum type type;
    str written;
};

/* `body` is between the quotes and begins at byte `start` of the file. In a glob (after
 * `like`) \* \? and \\ are kept. The result is a part of the source when it has no escapes. */
str literal_text(struct parse *parse, uint32_t start, str body, bool is_glob);
/* 12, -3, 1.5, 2e10 */
struct literal literal_number(struct parse *parse, span at, str text);
/* 500ms 10s 15m 6h 7d 2w */
struct literal literal_duration(struct parse *parse, span at, str text);
/* 2027-01-31, 2027-01-31T10:00:00Z */
struct literal literal_date(struct parse *parse, span at, str text);
