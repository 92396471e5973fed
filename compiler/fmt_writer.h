/* fmt_writer.h - what all of fmt writes with: lines, and the comments between them.
 *
 * Comments are taken from the tree's list in source order, each once. An anchor is a thing
 * that ends a line (an item, a clause, a step, an operand of a broken condition, an element
 * of a broken list): comments before it get lines of their own, one after it on its line
 * stays there. The first comment in the middle of an anchor moves to its end.
 */
#pragma once

#include "ast.h"
#include "base/buf.h"

enum { FMT_COLUMNS = 100, FMT_INDENT = 2 };

struct fmt {
    const struct sources *sources;
    str text;                       /* of the file */
    const struct comment *comments; /* those not yet written */
    struct buf *out;
    size_t comment_end; /* length of the out when a comment was last written */
};

/* Append text; end the line and indent the next one. */
void fmt_add(struct fmt *fmt, const char *text);
void fmt_add_str(struct fmt *fmt, str text);
void fmt_newline(struct fmt *fmt, int indent);
/* Columns on the current line so far. */
int fmt_column(const struct fmt *fmt);
/* Forget what was written after the out was `len` long. */
void fmt_rewind(struct fmt *fmt, size_t len);

/* Whether a comment not yet written begins in [start, end). */
bool fmt_has_comment(const struct fmt *fmt, uint32_t start, uint32_t end);
/* Comments that begin before `offset`, each on a line of its own; the next line is begun.
 * `keeps_blank`: an empty line before one stays, and so does one after the last. */
void fmt_lead(struct fmt *fmt, uint32_t offset, int indent, bool keeps_blank);
/* The same at the end of a block: each begins a new line, and none is begun after them. */
void fmt_own_lines(struct fmt *fmt, uint32_t offset, int indent);
/* After an anchor that ends at `end`: the first comment inside of it or else the one that
 * follows on its line before `limit`. A line has room for one; the others are left to the
 * next anchor, which they stand before from then on. */
void fmt_trail(struct fmt *fmt, uint32_t end, uint32_t limit);
/* Whether an empty line stands before `offset`. */
bool fmt_is_blank_before(const struct fmt *fmt, uint32_t offset);

/* An expression on this line if it fits, else broken at its outermost places with
 * continuation lines at `indent`. */
void fmt_expr(struct fmt *fmt, const struct expr *expr, int indent);
/* Whether comments keep it from being written on one line. */
bool fmt_must_break(const struct fmt *fmt, const struct expr *expr);
/* " by a, b", or nothing when there is no field; " missing own", or nothing. */
void fmt_by(struct fmt *fmt, const struct expr *field);
void fmt_missing(struct fmt *fmt, enum missing_key missing);
