#include "base/secret.h"

#include <stdlib.h>

enum err secret_set(struct secret *secret, str bytes)
{
    char *copy = malloc(bytes.len + 1);
    if (copy != NULL && bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    secret_release(secret);
    if (copy == NULL)
        return ERR_MEMORY;
    copy[bytes.len] = '\0';
    *secret = (struct secret){ copy, bytes.len };
    return ERR_OK;
}

void secret_release(struct secret *secret)
{
    if (secret->bytes != NULL)
        explicit_bzero(secret->bytes, secret->len);
    free(secret->bytes);
    *secret = (struct secret){ NULL, 0 };
}
