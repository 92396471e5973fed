#include "aws/evidence_place.h"

enum { BUCKET_BYTES_MIN = 3, BUCKET_BYTES_MAX = 63, PREFIX_BYTES_MAX = 512 };

/* Amazon S3 user guide, "Bucket naming rules". */
static bool is_bucket(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", text.ptr[at]) == NULL
            || text.ptr[at] == '\0')
            return false;
    return text.len >= BUCKET_BYTES_MIN && text.len <= BUCKET_BYTES_MAX && text.ptr[0] != '.'
           && text.ptr[0] != '-';
}

/* What needs no care anywhere: a key is a path for people too. */
static bool is_prefix(str text)
{
    for (size_t at = 0; at < text.len; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        bool is_double = byte == '/' && (at == 0 || text.ptr[at - 1] == '/');
        if (byte <= ' ' || byte >= 0x7f || strchr("\\{}^%`[]\"<>~#|?*", byte) != NULL || is_double)
            return false;
    }
    return text.len <= PREFIX_BYTES_MAX;
}

const char *evidence_place_fault(str url, struct evidence_place *ret_place)
{
    if (!str_startswith(url, STR("s3://")))
        return "it does not begin with s3://";
    str path = str_skip(url, strlen("s3://"));
    str bucket = str_first(path, str_find(path, '/'));
    str prefix = str_skip(path, bucket.len + 1);
    if (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
        prefix.len--;
    if (!is_bucket(bucket))
        return "what follows s3:// is not the name of a bucket";
    if (!is_prefix(prefix))
        return "what follows the bucket is not a plain path";
    *ret_place = (struct evidence_place){ bucket, prefix };
    return NULL;
}

static str join(
    struct arena *arena, const char *scheme, const struct evidence_place *place, const char *name)
{
    const char *text = arena_format(arena, "%s%.*s/%.*s%s%s", scheme, STR_ARG(place->bucket),
        STR_ARG(place->prefix), place->prefix.len > 0 ? "/" : "", name);
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

str evidence_place_target(struct arena *arena, const struct evidence_place *place, const char *name)
{
    return join(arena, "", place, name);
}

str evidence_place_url(struct arena *arena, const struct evidence_place *place, const char *name)
{
    return join(arena, "s3://", place, name);
}

/* The name of a region between `before` and `after` in `text`; empty when there is none. */
static str region_in(str text, const char *before, char after)
{
    const char *at = text.len == 0 ? NULL : memmem(text.ptr, text.len, before, strlen(before));
    if (at == NULL)
        return STR("");
    str rest = str_skip(text, (size_t)(at - text.ptr) + strlen(before));
    size_t end = str_find(rest, after);
    for (size_t index = 0; index < end; index++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", rest.ptr[index]) == NULL
            || rest.ptr[index] == '\0')
            return STR("");
    return end < rest.len && end <= 32 ? str_first(rest, end) : STR("");
}

str evidence_place_region(const struct answer *answer)
{
    if (answer_is(answer, "PermanentRedirect"))
        return region_in(xml_text(answer->root, "Endpoint"), ".s3.", '.');
    return region_in(answer->message, "expecting '", '\'');
}

enum step_turn evidence_place_fail(
    struct step *step, const struct answer *answer, const struct evidence_place *place)
{
    if (answer->heard != HEARD_ERROR || !answer_is(answer, "NoSuchBucket"))
        return talk_fail(step, answer);
    return talk_end(step, STEP_FAILED,
        "there is no bucket %.*s: `to=` of the step names it, else `evidence` of the connection",
        STR_ARG(place->bucket));
}
