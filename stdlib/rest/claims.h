/* claims.h - what a token says of the client, for who looks whether the client may do its work.
 *
 * A token is the vendor's to read, and its signature is not checked here: nothing may be allowed by what
 * it says. Microsoft writes JWTs (RFC 7519) with the app roles under "roles". */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <jansson.h>

struct rest_connection;

/* The claims of a JWT, the caller's to release, an object. NULL: it is none, or there is no memory. */
json_t *jwt_claims(str token);
/* Those of the token that the connection has for the service ("graph"); NULL too where it has none. */
json_t *rest_connection_claims(const struct rest_connection *connection, const char *service);
