/* fmt_pass.h - what the files of fmt share. Not for others: see fmt.h.
 */
#pragma once

#include "fmt_writer.h"

/* fmt.c */

/* key, then `equals` ("=", " = "), then the value. */
void fmt_pair(struct fmt *fmt, const struct pair *pair, const char *equals, int indent);
/* A clause of a rule, a step or of defaults. */
void fmt_clause(struct fmt *fmt, const struct clause *clause, int indent);
/* A step that is no `if`: verb, name, parameters, clauses. */
void fmt_action(struct fmt *fmt, const struct ast_step *step, int indent);
/* Whether everything since `mark` stands on one line that is not too long. */
bool fmt_fits(const struct fmt *fmt, size_t mark);

/* fmt_item.c: use, disable, exception, never, always; environment, defaults, connection ..,
 * each from its first word to its last. */
void fmt_sentence(struct fmt *fmt, const struct item *item);
void fmt_block(struct fmt *fmt, const struct item *item);

/* fmt_test.c */
void fmt_test(struct fmt *fmt, const struct item *item);
