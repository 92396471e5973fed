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

/* The one mark of a JSON text. */
static enum err put_fill(
    str content, const struct rest_fill *fill, struct buf *out, const char **reterr_reason)
{
    str mark = STR(REST_LATE_PUT);
    const char *at = memmem(content.ptr, content.len, mark.ptr, mark.len);
    size_t before = (size_t)(at - content.ptr);
    str rest = str_skip(content, before + mark.len);
    str text = str_first(rest, str_find(rest, ';')), place, region, url = { NULL, 0 };
    uint32_t seconds;
    str after = str_skip(rest, text.len + 1);
    if (text.len == rest.len || !put_read(text, &place, &region, &seconds))
        return refuse("the request has a mark for an address to upload to that cannot be read",
            reterr_reason);
    if (memmem(after.ptr, after.len, mark.ptr, mark.len) != NULL)
        return refuse(
            "the request has more than one mark for an address to upload to", reterr_reason);
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
    buf_add(out, str_first(content, before));
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

/* Each part whose whole content is a mark. */
static enum err parts_fill(str content, str boundary, const struct rest_fill *fill, struct buf *out,
    const char **reterr_reason)
{
    /* Of a part with a file name: plain fields hold words. */
    str head = STR("application/octet-stream\r\n\r\n");
    str mark = STR("application/octet-stream\r\n\r\n" REST_LATE_FILE);
    const char *at;
    while ((at = memmem(content.ptr, content.len, mark.ptr, mark.len)) != NULL) {
        size_t before = (size_t)(at - content.ptr) + head.len;
        str rest = str_skip(content, (size_t)(at - content.ptr) + mark.len);
        const char *end = memmem(rest.ptr, rest.len, "\r\n", 2);
        str text = str_first(rest, end == NULL ? rest.len : (size_t)(end - rest.ptr));
        buf_add(out, str_first(content, before));
        size_t from = out->len;
        TRY(file_fill(text, fill, out, reterr_reason));
        if (boundary.len == 0
            || memmem(out->ptr + from, out->len - from, boundary.ptr, boundary.len) != NULL)
            return refuse("a file is not sent: it holds what sets it off", reterr_reason);
        content = str_skip(rest, text.len);
    }
    buf_add(out, content);
    return out->err;
}

enum err rest_fill(const struct rest_request *request, const struct rest_fill *fill,
    struct buf *out, str *ret_content, const char **reterr_reason)
{
    str type = rest_header_of(request, "Content-Type");
    str many = STR("multipart/form-data; boundary=");
    str content = request->content;
    *ret_content = content;
    if (content.len == 0)
        return ERR_OK;
    enum err err = ERR_OK;
    bool has_put = memmem(content.ptr, content.len, REST_LATE_PUT, strlen(REST_LATE_PUT)) != NULL;
    bool has_file =
        memmem(content.ptr, content.len, REST_LATE_FILE, strlen(REST_LATE_FILE)) != NULL;
    bool is_text = str_is(type, "application/json") || str_startswith(type, many);
    if (has_put && is_text)
        err = put_fill(content, fill, out, reterr_reason);
    else if (has_file && str_startswith(type, many))
        err = parts_fill(content, str_skip(type, many.len), fill, out, reterr_reason);
    else
        return ERR_OK;
    *ret_content = buf_str(out);
    return err == ERR_LIMIT ? refuse("the request is too long", reterr_reason) : err;
}
