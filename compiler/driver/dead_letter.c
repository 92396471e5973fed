/* dead_letter.c - see dead_letter.h. */
#include "driver/dead_letter.h"

#include "driver/json_out.h"
#include "driver/output.h"

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

enum err dead_letter_add(const char *directory, const struct dead_letter *letter)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(LETTER_BYTES_MAX);
    json_t *json = json_object();
    json_put(&json, "file", json_from_text(letter->file));
    json_put(&json, "line", json_integer(letter->line));
    json_put(&json, "reason", json_from_text(letter->reason));
    json_put(&json, "received_ms", json_integer(letter->received_ms));
    json_put(&json, "text", json_from_str(without_blank_lines(letter->text)));
    enum err err = json_add_line(&line, json);
    json_decref(json);
    TRY(err);
    return append(directory, buf_str(&line));
}
