/* claims.c - see claims.h. */
#include "rest/claims.h"

#include "rest/link.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BASE64_GROUP = 4 };

/* base64url without padding (RFC 7515, 2), as base64 with it; NULL: no memory. The caller's. */
static char *padded(str part)
{
    size_t room = (part.len + BASE64_GROUP - 1) / BASE64_GROUP * BASE64_GROUP;
    char *text = malloc(room + 1);
    if (text == NULL)
        return NULL;
    for (size_t at = 0; at < room; at++) {
        char c = at < part.len ? part.ptr[at] : '=';
        text[at] = '-' == c ? '+' : '_' == c ? '/' : c;
    }
    text[room] = '\0';
    return text;
}

json_t *jwt_claims(str token)
{
    size_t begin = str_find(token, '.');
    str rest = str_skip(token, begin < token.len ? begin + 1 : token.len);
    str part = str_first(rest, str_find(rest, '.'));
    if (part.len == 0 || part.len == rest.len || token.len > OAUTH_TOKEN_BYTES_MAX)
        return NULL;
    char *text = padded(part);
    unsigned char *bytes = text == NULL ? NULL : malloc(strlen(text) + 1);
    json_t *claims = NULL;
    if (bytes != NULL && EVP_DecodeBlock(bytes, (unsigned char *)text, (int)strlen(text)) > 0)
        claims = json_loadb((char *)bytes, part.len * 3 / BASE64_GROUP, 0, NULL);
    free(bytes);
    free(text);
    if (json_is_object(claims))
        return claims;
    json_decref(claims);
    return NULL;
}

json_t *rest_connection_claims(const struct rest_connection *connection, const char *service)
{
    for (uint32_t at = 0; at < connection->plan.services_count; at++)
        if (strcmp(connection->services[at].plan.name, service) == 0)
            return jwt_claims(secret_bytes(&connection->services[at].bearer));
    return NULL;
}
