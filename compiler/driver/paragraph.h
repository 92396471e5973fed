/* paragraph.h - labelled text of a report, in lines that a terminal can hold. */
#pragma once

#include "driver/output.h"

/* What stands under a step: "       LABEL       TEXT", further lines below TEXT. */
struct paragraph {
    struct output *out;
    size_t margin; /* of the text */
    size_t column;
    bool has_word;
};

/* Begin at `indent` columns with `label`; later lines stand under what follows it. */
void paragraph_begin(
    struct paragraph *paragraph, struct output *out, size_t indent, const char *label);
/* Words, in new lines as need be. What does not fit into one line is first broken after
 * "; ". A word is never broken. */
void paragraph_text(struct paragraph *paragraph, str text);
/* One word more, whatever is in it. */
void paragraph_word(struct paragraph *paragraph, str word);
void paragraph_end(struct paragraph *paragraph);

/* All three; nothing for an empty text. */
void paragraph_show(struct output *out, size_t indent, const char *label, str text);
/* The same, of the beginning of a long text, and how long it is: a message may be as long as an alert. */
void paragraph_show_some(struct output *out, size_t indent, const char *label, str text);
/* What of a long text is shown: whole characters. */
str paragraph_some(str text);
