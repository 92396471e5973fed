/* dead_letter.c - see dead_letter.h. */
#include "driver/dead_letter.h"

#include "driver/json_out.h"
#include "driver/output.h"

#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LETTER_BYTES_MAX = 64 * 1024 * 1024 };

static enum err append(const char *directory, str line)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return ERR_IO;
    int fd = openat(folder, "dead-letter.ndjson", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
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
