#include "rest/fill.h"

#include "base/limits.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, SECONDS_DIGITS_MAX = 6, PATH_BYTES_MAX = 4096 };

static enum err refuse(const char *reason, const char **reterr_reason)
{
    *reterr_reason = reason;
    return reason == NULL ? ERR_MEMORY : ERR_REFUSED;
}

/* "BUCKET/KEY:REGION:SECONDS", taken apart. */
static bool put_read(str text, str *ret_place, str *ret_region, uint32_t *ret_seconds)
{
    size_t last = str_find_last(text, ':');
    str front = str_first(text, last), digits = str_skip(text, last + 1);
    size_t middle = str_find_last(front, ':');
    uint32_t seconds = 0;
    if (digits.len == 0 || digits.len > SECONDS_DIGITS_MAX || middle == front.len
        || !str_all_of(digits, "0123456789"))
        return false;
    for (size_t at = 0; at < digits.len; at++)
        seconds = seconds * 10 + (uint32_t)(digits.ptr[at] - '0');
    *ret_place = str_first(front, middle);
    *ret_region = str_skip(front, middle + 1);
    *ret_seconds = seconds;
    return seconds > 0 && ret_region->len > 0 && str_find(*ret_place, '/') < ret_place->len;
}

/* Nothing that JSON, sh or PowerShell would read in it. */
static bool is_harmless(str url)
{
    for (size_t at = 0; at < url.len; at++)
        if (url.ptr[at] <= ' ' || url.ptr[at] > '~' || strchr("\"'`\\$<>{}", url.ptr[at]) != NULL)
            return false;
    return url.len > 0;
}

/* What stands around the mark, which is there once. */
static bool split(str content, str mark, str *ret_before, str *ret_after)
{
    const char *at = memmem(content.ptr, content.len, mark.ptr, mark.len);
    if (at == NULL)
        return false;
    *ret_before = str_first(content, (size_t)(at - content.ptr));
    *ret_after = str_skip(content, ret_before->len + mark.len);
    return memmem(ret_after->ptr, ret_after->len, mark.ptr, mark.len) == NULL;
}

static enum err put_fill(
    str content, const struct rest_fill *fill, struct buf *out, const char **reterr_reason)
{
    str text = str_skip(fill->late, strlen(REST_LATE_PUT));
    str before, after, place, region, url = { NULL, 0 };
    uint32_t seconds;
    if (!str_endswith(text, STR(";"))
        || !put_read(str_first(text, text.len - 1), &place, &region, &seconds))
        return refuse("the request has a mark for an address to upload to that cannot be read",
            reterr_reason);
    if (!split(content, fill->late, &before, &after))
        return refuse("the request has not one mark for an address to upload to, but none or more",
            reterr_reason);
    if (fill->signer == NULL)
        return refuse(
            "an address to upload evidence to is signed by a connection to AWS, and there is "
            "none: add one, or keep evidence in a folder, `evidence = \"/..\"`",
            reterr_reason);
    enum err err =
        fill->signer->put(fill->signer, place, region, seconds, fill->arena, &url, reterr_reason);
    if (err != ERR_OK)
        return err == ERR_MEMORY ? err : ERR_REFUSED;
    if (!is_harmless(url))
        return refuse(
            "the address to upload evidence to has signs that a script would read", reterr_reason);
    buf_add(out, before);
    buf_add(out, url);
    buf_add(out, after);
    return out->err;
}

/* --- files --- */

/* Append the file, if it has the hash. */
static enum err file_add(int file, str hash, struct buf *out)
{
    char bytes[READ_BYTES], hex[SHA256_HEX_SIZE];
    struct sha256 sha256 = { .err = ERR_OK };
    ssize_t got = 0;
    enum err err = sha256_begin(&sha256);
    while (err == ERR_OK && out->err == ERR_OK && (got = read(file, bytes, sizeof(bytes))) > 0) {
        sha256_add(&sha256, (str){ bytes, (size_t)got });
        buf_add(out, (str){ bytes, (size_t)got });
    }
    if (err == ERR_OK)
        err = sha256_end_hex(&sha256, hex);
    else
        sha256_release(&sha256);
    TRY(err);
    TRY(out->err);
    return got < 0 ? ERR_IO : str_is(hash, hex) ? ERR_OK : ERR_DIVERGED;
}

/* `text` is "SHA256:PATH". */
static enum err file_fill(
    str text, const struct rest_fill *fill, struct buf *out, const char **reterr_reason)
{
    str hash = str_first(text, str_find(text, ':'));
    str path = arena_copy(fill->arena, str_skip(text, hash.len + 1));
    struct stat about;
    if (path.ptr == NULL)
        return ERR_MEMORY;
    if (hash.len != SHA256_HEX_SIZE - 1 || path.len == 0 || path.len > PATH_BYTES_MAX
        || strlen(path.ptr) != path.len)
        return refuse("the request has a mark for a file that cannot be read", reterr_reason);
    int file = open(path.ptr, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return refuse(
            arena_format(fill->arena, "%s: %s", path.ptr, strerror(errno)), reterr_reason);
    enum err err =
        fstat(file, &about) == 0 && S_ISREG(about.st_mode) ? file_add(file, hash, out) : ERR_IO;
    close(file);
    if (err == ERR_OK || err == ERR_MEMORY)
        return err;
    return refuse(
        arena_format(fill->arena, "%s is not sent: %s", path.ptr,
            err == ERR_LIMIT      ? "it is over 128 MiB"
            : err == ERR_DIVERGED ? "it is not the file that the rules name, its SHA-256 is "
                                    "another"
                                  : "it could not be read"),
        reterr_reason);
}

/* The part whose whole content is the mark. */
static enum err part_fill(str content, str boundary, const struct rest_fill *fill, struct buf *out,
    const char **reterr_reason)
{
    /* Of a part with a file name: plain fields hold words. */
    const char *part =
        arena_format(fill->arena, "application/octet-stream\r\n\r\n%.*s\r\n", STR_ARG(fill->late));
    str before, after;
    if (part == NULL)
        return ERR_MEMORY;
    if (!split(content, str_from(part), &before, &after))
        return refuse("the request has not one mark for a file, but none or more", reterr_reason);
    buf_add(out, before);
    buf_add(out, str_first(str_from(part), strlen(part) - fill->late.len - 2));
    size_t from = out->len;
    TRY(file_fill(str_skip(fill->late, strlen(REST_LATE_FILE)), fill, out, reterr_reason));
    if (boundary.len == 0
        || memmem(out->ptr + from, out->len - from, boundary.ptr, boundary.len) != NULL)
        return refuse("a file is not sent: it holds what sets it off", reterr_reason);
    buf_add(out, STR("\r\n"));
    buf_add(out, after);
    return out->err;
}

enum err rest_fill(const struct rest_request *request, const struct rest_fill *fill,
    struct buf *out, str *ret_content, const char **reterr_reason)
{
    str type = rest_header_of(request, "Content-Type");
    str many = STR("multipart/form-data; boundary=");
    bool is_many = str_startswith(type, many);
    enum err err;
    *ret_content = request->content;
    if (fill->late.len == 0)
        return ERR_OK;
    if (str_startswith(fill->late, STR(REST_LATE_PUT))
        && (is_many || str_is(type, "application/json")))
        err = put_fill(request->content, fill, out, reterr_reason);
    else if (str_startswith(fill->late, STR(REST_LATE_FILE)) && is_many)
        err = part_fill(request->content, str_skip(type, many.len), fill, out, reterr_reason);
    else
        return refuse("the request has a mark where none is filled", reterr_reason);
    *ret_content = buf_str(out);
    return err == ERR_LIMIT ? refuse("the request is too long", reterr_reason) : err;
}
