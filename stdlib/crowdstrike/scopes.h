/* scopes.h - whether a client of Falcon has a scope, by a read that needs it.
 *
 * Falcon does not tell a client its scopes; what it may not do is answered with 403 before anything
 * else of the request is looked at. */
#pragma once

#include "act/step.h"

/* A read that needs the scope ("hosts:read") and is about nothing that there is, or about one thing.
 * Its body is NULL where none does: what needs hosts:write or alerts:write changes something. */
struct request falcon_try_scope(struct step *step, const char *scope);
