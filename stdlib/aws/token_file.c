#include "aws/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static enum err fail(
    struct arena *arena, const char *path, const char *why, const char **reterr_reason)
{
    *reterr_reason = arena_format(arena, "the token in %s cannot be used: %s", path, why);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* Bytes read, or -1 with errno. */
static ssize_t all_read(int fd, char *text, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, text + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

enum err aws_token_file_read(
    const char *path, struct arena *arena, struct secret *token, const char **reterr_reason)
{
    char text[AWS_TOKEN_BYTES_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(arena, path, strerror(errno), reterr_reason);
    ssize_t len = all_read(fd, text, sizeof(text));
    int problem = errno;
    close(fd);
    str read = { text, len < 0 ? 0 : (size_t)len };
    while (read.len > 0 && read.len <= AWS_TOKEN_BYTES_MAX
           && strchr(" \t\r\n", read.ptr[read.len - 1]) != NULL)
        read.len--;
    enum err err;
    if (len < 0)
        err = fail(arena, path, strerror(problem), reterr_reason);
    else if (read.len == 0 || read.len > AWS_TOKEN_BYTES_MAX)
        err = fail(arena, path, read.len == 0 ? "it is empty" : "it is over 16 KiB", reterr_reason);
    else
        err = secret_set(token, read);
    explicit_bzero(text, sizeof(text));
    return err;
}
