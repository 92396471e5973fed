/* connection.h - the `connection` blocks of a set of files, as written. */
#pragma once

#include "ast.h"

/* The line of the block with that key, or NULL. */
const struct ast_line *connection_line(const struct item *connection, const char *key);
/* Whether it says more than to whom it is, and how far steps may go there. */
bool connection_pins(const struct item *connection);
/* How steps reach the provider: the first block to it that pins something, or NULL. */
const struct item *connection_used(struct tree *const *trees, uint32_t count, str provider);
/* The next block that pins something to the same provider and is not the one used, or NULL. */
const struct item *connection_second(struct tree *const *trees, uint32_t count, str provider);
/* The connection that was looked for last: rules are many, and mostly of one provider. Zero it. */
struct connection_cache {
    const char *provider;
    const struct item *used;
};
/* What that connection says `key` is, or NULL; NULL too without a provider or key. */
struct expr *connection_setting_of(struct connection_cache *cache, struct tree *const *trees,
    uint32_t count, const char *provider, const char *key);
