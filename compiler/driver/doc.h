/* doc.h - pages about a rule set, and about the language, for people.
 *
 * doc_json says everything once; the page is drawn from it.
 */
#pragma once

#include "compile.h"
#include "driver/output.h"

#include <jansson.h>

/* What the files of the user declare, sorted by name: rules, environments, lists,
 * exceptions, invariants, defaults, tests. NULL when out of memory. The caller's. */
json_t *doc_json(const struct compilation *compilation);

/* The page of what doc_json said. What rules say is shown as text: it draws nothing. */
void doc_markdown(struct buf *out, const json_t *doc);

/* Fields, types, functions, steps and sources of this build, for docs/reference.md. */
void doc_language(struct buf *out);

/* Steps that the EDR can take, with permissions, limits, inverse and source, for docs/steps-NAME.md.
 * False: no such page is made of the provider. */
bool doc_provider(struct buf *out, str provider);

/* Append text as Markdown that shows it as it is, on one line. */
void markdown_text(struct buf *out, str text);
/* As code within a line. */
void markdown_code(struct buf *out, str text);
/* As a block of code in that language; lines stay lines. */
void markdown_block(struct buf *out, const char *language, str text);
