/* arn.c - see arn.h. */
#include "arn.h"

/* Cut `*rest` after the next colon. False when there is none. */
static bool next_part(str *rest, str *ret_part)
{
    size_t at = str_find(*rest, ':');
    if (at == rest->len)
        return false;
    *ret_part = str_first(*rest, at);
    *rest = str_skip(*rest, at + 1);
    return true;
}

bool arn_read(str text, struct arn *ret_arn)
{
    str scheme;
    struct arn arn;
    if (!next_part(&text, &scheme) || !str_is(scheme, "arn") || !next_part(&text, &arn.partition)
        || !next_part(&text, &arn.service) || !next_part(&text, &arn.region)
        || !next_part(&text, &arn.account))
        return false;
    arn.resource = text;
    *ret_arn = arn;
    return text.len > 0;
}

str path_last(str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == path.len ? path : str_skip(path, slash + 1);
}
