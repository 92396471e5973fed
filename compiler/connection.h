/* connection.h - the `connection` blocks of a set of files, as written. */
#pragma once

#include "ast.h"

/* The line of the block with that key, or NULL. */
const struct ast_line *connection_line(const struct item *connection, const char *key);
/* Whether it says more than to whom it is, and how far steps may go there. */
bool connection_pins(const struct item *connection);
/* How steps reach the provider: the first block to it that pins something, or NULL. */
const struct item *connection_used(struct tree *const *trees, uint32_t count, str provider);
/* What that connection says `key` is, or NULL. */
struct expr *connection_setting_of(
    struct tree *const *trees, uint32_t count, const char *provider, const char *key);
