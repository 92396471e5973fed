/* dead_letter.c - see dead_letter.h. */
#include "driver/dead_letter.h"

#include "driver/json_out.h"
#include "driver/output.h"

#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LETTER_BYTES_MAX = 64 * 1024 * 1024 };

/* Open the letters of a directory; `flags` may be O_CREAT. -1 with errno: EINVAL where they
 * are no regular file (a pipe would take them away, a link may lead anywhere). */
static int letters_open(int folder, int flags)
{
    struct stat status;
    if (fstatat(folder, "dead-letter.ndjson", &status, AT_SYMLINK_NOFOLLOW) == 0
        && !S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    int fd = openat(folder, "dead-letter.ndjson",
        O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

const char *dead_letter_failure(enum err err)
{
    if (err != ERR_IO)
        return err_text(err);
    return errno == EINVAL ? "dead-letter.ndjson there is a link, a pipe or another thing that is "
                             "no regular file; take it away"
                           : strerror(errno);
}

enum err dead_letter_check(const char *directory)
{
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : letters_open(folder, 0);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    errno = reason;
    return fd >= 0 || reason == ENOENT ? ERR_OK : ERR_IO;
}

static enum err append(const char *directory, str line)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return ERR_IO;
    int fd = letters_open(folder, O_CREAT);
    struct output file = { .fd = fd, .buf = BUF_INIT(LETTER_BYTES_MAX) };
    output_add(&file, line);
    bool is_well = fd >= 0 && output_flush(&file) && fsync(fd) == 0 && fsync(folder) == 0;
    int reason = file.failure != 0 ? file.failure : errno;
    output_release(&file);
    if (fd >= 0)
        close(fd);
    close(folder);
    errno = reason;
    return is_well ? ERR_OK : ERR_IO;
}

/* Less the ends of lines that stand before and after an alert in its file. */
static str without_blank_lines(str text)
{
    while (text.len > 0 && (text.ptr[0] == '\n' || text.ptr[0] == '\r'))
        text = str_skip(text, 1);
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

bool dead_letter_is_cut(const struct dead_letter *letter)
{
    return without_blank_lines(letter->text).len > DEAD_LETTER_TEXT_MAX;
}

/* The beginning of a text, whole characters. */
static str beginning(str text)
{
    str cut = { text.ptr, DEAD_LETTER_BEGINNING };
    for (int most = 3; most > 0 && ((unsigned char)cut.ptr[cut.len] & 0xc0) == 0x80; most--)
        cut.len--;
    return cut;
}

/* `text`, or what is kept of it. */
static enum err put_text(json_t **json, str text)
{
    if (text.len <= DEAD_LETTER_TEXT_MAX) {
        json_put(json, "text", json_from_str(text));
        return ERR_OK;
    }
    char hash[SHA256_HEX_SIZE];
    TRY(sha256_hex(text, hash));
    json_put(json, "bytes", json_integer((json_int_t)text.len));
    json_put(json, "sha256", json_from_text(hash));
    json_put(json, "beginning", json_from_str(beginning(text)));
    return ERR_OK;
}

enum err dead_letter_add(const char *directory, const struct dead_letter *letter)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(LETTER_BYTES_MAX);
    json_t *json = json_object();
    json_put(&json, "file", json_from_text(letter->file));
    json_put(&json, "line", json_integer(letter->line));
    json_put(&json, "reason", json_from_text(letter->reason));
    json_put(&json, "received_ms", json_integer(letter->received_ms));
    enum err err = put_text(&json, without_blank_lines(letter->text));
    if (err == ERR_OK)
        err = json_add_line(&line, json);
    json_decref(json);
    TRY(err);
    return append(directory, buf_str(&line));
}
