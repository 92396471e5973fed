#include "host/anchor.h"

#include "base/json_writer.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0600, HASH_DIGITS = 2 * SHA256_BYTES };

#define SIGNATURE_MEMBER ",\"signature\":\""

static void hex_add(struct buf *out, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%02x", bytes[i]);
}

static void hex_member(struct buf *out, const char *name, const uint8_t *bytes, size_t count)
{
    buf_addf(out, ",\"%s\":\"", name);
    hex_add(out, bytes, count);
    buf_add(out, STR("\""));
}

/* The line up to what signs it. */
static void signed_part(const struct anchor *anchor, struct buf *out)
{
    static const uint8_t none[SHA256_BYTES];
    char at[TIME_TEXT_MAX];
    buf_addf(out, "{\"anchor\":%" PRId64 ",\"seq\":%" PRId64, anchor->number, anchor->seq);
    hex_member(out, "hash", anchor->hash, SHA256_BYTES);
    buf_addf(
        out, ",\"at\":\"%s\",\"store\":\"%s\"", time_format(anchor->at_ms, at).ptr, anchor->store);
    if (memcmp(anchor->previous, none, sizeof none) != 0)
        hex_member(out, "previous", anchor->previous, SHA256_BYTES);
    buf_addf(out, ",\"key\":\"%s\"", anchor->key);
}

enum err anchor_write(struct anchor *anchor, const struct signing_key *key, struct buf *out)
{
    size_t begin = out->len;
    memcpy(anchor->key, key->id, sizeof anchor->key);
    signed_part(anchor, out);
    if (out->err != ERR_OK)
        return out->err;
    TRY(signing_key_sign(key, str_skip(buf_str(out), begin), anchor->signature));
    hex_member(out, "signature", anchor->signature, SIGNATURE_BYTES);
    buf_add(out, STR("}\n"));
    return out->err;
}

/* Take `word` off the front of *text. */
static bool take(str *text, const char *word)
{
    str wanted = str_from(word);
    bool is_there = str_startswith(*text, wanted);
    if (is_there)
        *text = str_skip(*text, wanted.len);
    return is_there;
}

static bool take_number(str *text, const char *name, int64_t *ret_number)
{
    int64_t number = 0;
    size_t digits = 0;
    if (!take(text, name))
        return false;
    for (; digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9'; digits++)
        if (__builtin_mul_overflow(number, 10, &number)
            || __builtin_add_overflow(number, text->ptr[digits] - '0', &number))
            return false;
    *text = str_skip(*text, digits);
    *ret_number = number;
    return digits > 0;
}

/* Text up to the next quote, which is taken too. */
static bool take_text(str *text, const char *name, str *ret_text)
{
    if (!take(text, name))
        return false;
    *ret_text = str_first(*text, str_find(*text, '"'));
    *text = str_skip(*text, ret_text->len);
    return take(text, "\"");
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(str *text, const char *name, uint8_t *ret_bytes, size_t count)
{
    str hex;
    if (!take_text(text, name, &hex) || hex.len != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = digit(hex.ptr[2 * i]);
        int low = digit(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool copy_name(str text, char *out, size_t size)
{
    if (text.len >= size)
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

bool anchor_read(str line, struct anchor *ret_anchor)
{
    struct anchor *anchor = ret_anchor;
    str text = line;
    str at;
    str store;
    str key;
    *anchor = (struct anchor){ 0 };
    bool is_read = take_number(&text, "{\"anchor\":", &anchor->number)
                   && take_number(&text, ",\"seq\":", &anchor->seq)
                   && take_hex(&text, ",\"hash\":\"", anchor->hash, SHA256_BYTES)
                   && take_text(&text, ",\"at\":\"", &at) && time_parse(at, &anchor->at_ms)
                   && take_text(&text, ",\"store\":\"", &store)
                   && copy_name(store, anchor->store, sizeof anchor->store);
    if (is_read && str_startswith(text, STR(",\"previous\"")))
        is_read = take_hex(&text, ",\"previous\":\"", anchor->previous, SHA256_BYTES);
    return is_read && take_text(&text, ",\"key\":\"", &key)
           && copy_name(key, anchor->key, sizeof anchor->key)
           && take_hex(&text, SIGNATURE_MEMBER, anchor->signature, SIGNATURE_BYTES)
           && str_is(text, "}") && anchor->number > 0;
}

str anchor_signed(str line)
{
    /* The member at the end has a fixed length. */
    size_t rest = sizeof SIGNATURE_MEMBER - 1 + 2 * SIGNATURE_BYTES + sizeof "\"}" - 1;
    return str_first(line, line.len > rest ? line.len - rest : 0);
}

int anchor_file_open(const char *path, bool to_write)
{
    int access = to_write ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY;
    int file = open(path, access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
    if (file < 0)
        return -1;
    int result;
    do
        result = flock(file, to_write ? LOCK_EX : LOCK_SH);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return file;
    close(file);
    return -1;
}

/* Where the last whole line of the file ends; what is behind it is removed. */
static enum err tail_mend(int file, off_t *ret_end)
{
    struct stat status;
    char tail[ANCHOR_BYTES_MAX];
    if (fstat(file, &status) != 0)
        return ERR_IO;
    off_t begin = status.st_size > (off_t)sizeof tail ? status.st_size - (off_t)sizeof tail : 0;
    ssize_t length = pread(file, tail, sizeof tail, begin);
    if (length < 0)
        return ERR_IO;
    size_t newline = str_find_last((str){ tail, (size_t)length }, '\n');
    bool has_line = newline < (size_t)length;
    if (!has_line && begin > 0)
        return ERR_JSON;
    *ret_end = has_line ? begin + (off_t)newline + 1 : 0;
    if (*ret_end < status.st_size && ftruncate(file, *ret_end) != 0)
        return ERR_IO;
    return ERR_OK;
}

enum err anchor_file_last(
    int file, struct anchor *ret_anchor, uint8_t ret_line_hash[static SHA256_BYTES])
{
    char tail[ANCHOR_BYTES_MAX];
    off_t end;
    *ret_anchor = (struct anchor){ 0 };
    memset(ret_line_hash, 0, SHA256_BYTES);
    TRY(tail_mend(file, &end));
    if (end == 0)
        return ERR_OK;
    off_t begin = end > (off_t)sizeof tail ? end - (off_t)sizeof tail : 0;
    ssize_t length = pread(file, tail, (size_t)(end - begin), begin);
    if (length != end - begin)
        return ERR_IO;
    str text = { tail, (size_t)length - 1 };
    size_t newline = str_find_last(text, '\n');
    str line = newline < text.len ? str_skip(text, newline + 1) : text;
    if (!anchor_read(line, ret_anchor))
        return ERR_JSON;
    CLEANUP(sha256_release) struct sha256 sha256 = { 0 };
    TRY(sha256_begin(&sha256));
    sha256_add(&sha256, line);
    return sha256_end(&sha256, ret_line_hash);
}

enum err anchor_file_add(int file, str line)
{
    while (line.len > 0) {
        ssize_t written = write(file, line.ptr, line.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return ERR_IO;
        line = str_skip(line, (size_t)written);
    }
    /* A pipe or a device cannot be synced, and need not be. */
    return fdatasync(file) == 0 || errno == EINVAL || errno == EROFS ? ERR_OK : ERR_IO;
}

enum err anchor_add_beside(const char *path, str line)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
    if (file < 0)
        return ERR_IO;
    enum err err = anchor_file_add(file, line);
    int error = errno;
    close(file);
    errno = error;
    return err;
}
