/* Buckets: an account's "buckets": [{"name", "region", "objects": [{"key", "size", "etag",
 * "lastModified", "content"}]}], where content is base64. A bucket is found by its name alone and
 * let in is who belongs to its account; its own policy is not simulated. */
#include "sandbox/s3.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum {
    OBJECT_BYTES_MAX = 8 * 1024 * 1024,
    BUCKET_BYTES_MAX = 24 * 1024 * 1024,
    LISTED_MAX = 1000,
};

/* The bucket of the call, borrowed; NULL: refused. */
static json_t *find_bucket(struct call *call)
{
    const char *name = call_text(call, "Bucket");
    json_t *bucket = world_find(call->account, "buckets", "name", name);
    size_t index;
    json_t *other;
    json_array_foreach(json_object_get(call->world->root, "accounts"), index, other)
    {
        if (bucket != NULL || world_find(other, "buckets", "name", name) == NULL)
            continue;
        call_refuse(call, 403, "AccessDenied", "Access Denied");
        return NULL;
    }
    const char *region = world_text(bucket, "region");
    if (bucket == NULL)
        call_refuse(call, 404, "NoSuchBucket", "The specified bucket does not exist");
    else if (strcmp(region, call->region_name) != 0)
        call_refuse(call, 400, "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region '%s' is wrong; expecting '%s'",
            call->region_name, region);
    return call->error_code == NULL ? bucket : NULL;
}

/* MD5, which S3 shows as the ETag of what was put at once. */
static const char *etag_of(struct call *call)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char *text = arena_alloc(call->arena, 2 * sizeof(digest) + 3, 1);
    if (text == NULL
        || EVP_Digest(call->raw.ptr, call->raw.len, digest, &length, EVP_md5(), NULL) != 1)
        return NULL;
    text[0] = '"';
    for (unsigned at = 0; at < length; at++)
        snprintf(text + 1 + (size_t)2 * at, 3, "%02x", digest[at]);
    text[1 + (size_t)2 * length] = '"';
    return text;
}

static const char *encoded(struct call *call)
{
    size_t room = (call->raw.len + 2) / 3 * 4 + 1;
    char *text = arena_alloc(call->arena, room, 1);
    if (text != NULL && call->raw.len > 0)
        EVP_EncodeBlock(
            (unsigned char *)text, (const unsigned char *)call->raw.ptr, (int)call->raw.len);
    return text;
}

static bool has_room(struct call *call, const json_t *bucket)
{
    size_t index;
    json_t *object;
    long long bytes = (long long)call->raw.len;
    json_array_foreach(json_object_get(bucket, "objects"), index, object) bytes +=
        world_number(object, "size");
    return bytes <= BUCKET_BYTES_MAX;
}

void sandbox_s3_put_object(struct call *call)
{
    const char *key = call_text(call, "Key"), *condition = call_text(call, "If-None-Match");
    json_t *bucket = find_bucket(call);
    json_t *former = world_find(bucket, "objects", "key", key);
    if (bucket == NULL)
        return;
    if (condition != NULL && strcmp(condition, "*") != 0) {
        call_refuse(call, 501, "NotImplemented",
            "A header you provided implies functionality that is not implemented");
        return;
    }
    if (condition != NULL && former != NULL) {
        call_refuse(call, 412, "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold");
        return;
    }
    if (call->raw.len > OBJECT_BYTES_MAX || !has_room(call, bucket)) {
        call_refuse(call, 400, "EntityTooLarge",
            "The sandbox keeps objects of 8 MB, and 24 MB in a bucket.");
        return;
    }
    const char *etag = etag_of(call), *content = encoded(call);
    if (former != NULL)
        call_remove(call, bucket, "objects", former);
    call_add(call, bucket, "objects",
        json_pack("{s:s,s:I,s:s,s:s,s:s}", "key", key, "size", (json_int_t)call->raw.len, "etag",
            etag, "lastModified", call_now(call), "content", content));
    call->content_type = "application/xml";
}

void sandbox_s3_get_object(struct call *call)
{
    json_t *bucket = find_bucket(call);
    const json_t *object = world_find(bucket, "objects", "key", call_text(call, "Key"));
    if (bucket == NULL)
        return;
    if (object == NULL) {
        call_refuse(call, 404, "NoSuchKey", "The specified key does not exist.");
        return;
    }
    const char *content = world_text(object, "content");
    size_t length = strlen(content);
    unsigned char *bytes = arena_alloc(call->arena, length + 1, 1);
    if (bytes == NULL || length > OBJECT_BYTES_MAX * 2
        || (length > 0
            && EVP_DecodeBlock(bytes, (const unsigned char *)content, (int)length) < 0)) {
        call->err = ERR_MEMORY;
        return;
    }
    buf_add(&call->body, (str){ (const char *)bytes, (size_t)world_number(object, "size") });
    call->content_type = "binary/octet-stream";
}

/* ---- lists ---- */

static int by_key(const void *left, const void *right)
{
    const json_t *const *a = left, *const *b = right;
    return strcmp(world_text(*a, "key"), world_text(*b, "key"));
}

/* Those below `prefix` after the key `after`, in order; their number, 0 too without memory. */
static size_t gather(struct call *call, const json_t *bucket, const char *prefix, const char *after,
    const json_t ***ret_found)
{
    const json_t *objects = json_object_get(bucket, "objects");
    const json_t **found = ARENA_ARRAY(call->arena, const json_t *, json_array_size(objects) + 1);
    size_t count = 0, index;
    json_t *object;
    if (found == NULL)
        call->err = ERR_MEMORY;
    json_array_foreach(objects, index, object)
    {
        const char *key = world_text(object, "key");
        if (found != NULL && strncmp(key, prefix, strlen(prefix)) == 0 && strcmp(key, after) > 0)
            found[count++] = object;
    }
    if (count > 1)
        qsort(found, count, sizeof(found[0]), by_key);
    *ret_found = found;
    return count;
}

static void write_object(struct call *call, const json_t *object)
{
    struct buf *out = &call->body;
    markup_open(out, "Contents");
    markup_text(out, "Key", world_text(object, "key"));
    markup_text(out, "LastModified", world_text(object, "lastModified"));
    markup_text(out, "ETag", world_text(object, "etag"));
    markup_number(out, "Size", world_number(object, "size"));
    markup_text(out, "StorageClass", "STANDARD");
    markup_close(out, "Contents");
}

void sandbox_s3_list_objects(struct call *call)
{
    const char *type = call_text(call, "list-type"), *prefix = call_text(call, "prefix");
    const char *after = call_text(call, "continuation-token");
    long long most = LISTED_MAX;
    const json_t **found;
    const json_t *bucket = find_bucket(call);
    if (bucket == NULL || !call_number(call, "max-keys", 1, LISTED_MAX, &most))
        return;
    if (strcmp(type, "2") != 0) {
        call_refuse(call, 501, "NotImplemented", "The sandbox lists by list-type=2");
        return;
    }
    prefix = prefix == NULL ? "" : prefix;
    size_t count = gather(call, bucket, prefix, after == NULL ? "" : after, &found);
    size_t shown = count > (size_t)most ? (size_t)most : count;
    struct buf *out = &call->body;
    call->content_type = "application/xml";
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
                     "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"));
    markup_text(out, "Name", call_text(call, "Bucket"));
    markup_text(out, "Prefix", prefix);
    markup_number(out, "KeyCount", (long long)shown);
    markup_number(out, "MaxKeys", most);
    markup_flag(out, "IsTruncated", shown < count);
    /* Ours is the last key that was shown; S3 lets nobody read its own. */
    if (shown < count)
        markup_text(out, "NextContinuationToken", world_text(found[shown - 1], "key"));
    for (size_t at = 0; at < shown; at++)
        write_object(call, found[at]);
    markup_close(out, "ListBucketResult");
}
