/* output.h - what a command says: gathered, made safe for a terminal, written whole.
 *
 * Everything goes through a buffer and out with write(2), so a full disk or a reader
 * that left is noticed and told, and a report never ends in the middle unsaid.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_FAINT, STYLE_RED, STYLE_GREEN, STYLE_YELLOW };

struct output {
    int fd; /* -1: nowhere; what was added stays in `buf` */
    bool has_color;
    int failure; /* errno of the first write that failed; 0 while all is well */
    struct buf buf;
};

/* Ready to write to `fd`, which stays the caller's; colour as COLOR_AUTO. Below 0: what is written
 * stays in `buf`, for whoever asks for it. */
void output_init(struct output *output, int fd);
/* `auto` colours a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE
 * colours without one. */
void output_color(struct output *output, enum color_mode mode);

/* Add text of our own as it is. */
void output_add(struct output *output, str text);
void output_addf(struct output *output, const char *format, ...) PRINTF_LIKE(2, 3);
/* Add text that somebody else wrote, safe for a terminal and on one line: control
 * characters, direction marks and what is no UTF-8 are spelled out. */
void output_text(struct output *output, str text);
/* Begin a style (STYLE_PLAIN ends it); nothing where there is no colour. */
void output_style(struct output *output, enum style style);
/* `text` in `style`, made safe. */
void output_styled(struct output *output, enum style style, str text);

/* Write what was added. False once something was lost: see `failure`. */
bool output_flush(struct output *output);
/* Flush when there is much. For loops. */
void output_relax(struct output *output);
void output_release(struct output *output);

/* Append `text` to `out`, safe for a terminal and on one line. */
void text_add_safe(struct buf *out, str text);
