/* admin_token.c - see admin_token.h. */
#include "serve/admin_token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RANDOM_BYTES = 32,
    TOKEN_BYTES_MIN = 32, /* of text: nobody guesses it */
    TOKEN_BYTES_MAX = 512,
    FILE_MODE = 0600,
    FOR_OTHERS = 077,
};

#define PREFIX "cdr_" /* what scanners of secrets know it by */

static enum err refuse(struct arena *arena, const char **reterr_reason, const char *path,
    const char *what, const char *help)
{
    *reterr_reason = arena_format(arena, "%s: %s%s", path, what, help);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_IO;
}

/* ---- reading ---- */

/* Why a file of that kind is no place for a token, or NULL; `may_be_of` is whose it may be beside
 * ours and root's. */
static const char *file_fault(const struct stat *status, uid_t may_be_of)
{
    if (!S_ISREG(status->st_mode))
        return "not a file";
    if (status->st_uid != geteuid() && status->st_uid != 0 && status->st_uid != may_be_of)
        return "it belongs to another user";
    return (status->st_mode & FOR_OTHERS) != 0 ? "others may read it" : NULL;
}

static bool is_token(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~')
            return false;
    return text.len >= TOKEN_BYTES_MIN;
}

static enum err token_from(int file, const char *path, uid_t may_be_of, struct arena *arena,
    struct secret *ret_token, const char **reterr_reason)
{
    static const char help[] = "; remove it, and the daemon makes another when it starts";
    char bytes[TOKEN_BYTES_MAX + 1];
    struct stat status;
    if (fstat(file, &status) != 0)
        return refuse(arena, reterr_reason, path, strerror(errno), "");
    const char *fault = file_fault(&status, may_be_of);
    if (fault != NULL)
        return refuse(arena, reterr_reason, path, fault,
            status.st_uid == geteuid() ? help : "; the daemon runs as the user whose it is");
    ssize_t got = read(file, bytes, sizeof bytes);
    if (got < 0)
        return refuse(arena, reterr_reason, path, strerror(errno), "");
    str text = { bytes, (size_t)got };
    if (str_endswith(text, STR("\n")))
        text.len--;
    enum err err = is_token(text) && got < (ssize_t)sizeof bytes
                       ? secret_set(ret_token, text)
                       : refuse(arena, reterr_reason, path,
                           "it is no token: one line of 32 to 511 signs without a space", help);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return err;
}

static enum err token_read(const char *path, uid_t may_be_of, struct arena *arena,
    struct secret *ret_token, const char **reterr_reason)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    if (file < 0)
        return refuse(arena, reterr_reason, path, strerror(errno), "");
    enum err err = token_from(file, path, may_be_of, arena, ret_token, reterr_reason);
    close(file);
    return err;
}

enum err admin_token_read(const char *directory, struct arena *arena, struct secret *ret_token,
    const char **reterr_reason)
{
    const char *path = arena_format(arena, "%s/admin.token", directory);
    struct stat status;
    if (path == NULL)
        return ERR_MEMORY;
    /* Root asks the daemon of another user: it is that user's token, in that user's directory. */
    bool is_for_root = geteuid() == 0 && stat(directory, &status) == 0;
    return token_read(
        path, is_for_root ? status.st_uid : geteuid(), arena, ret_token, reterr_reason);
}

/* ---- making ---- */

enum { TOKEN_SIZE = sizeof PREFIX - 1 + (RANDOM_BYTES * 8 + 5) / 6 + 1 };

/* base64url without padding, and a newline. False: the system has no random bytes. */
static bool token_make(char text[static TOKEN_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[RANDOM_BYTES];
    size_t written = sizeof PREFIX - 1;
    uint32_t bits = 0;
    unsigned held = 0;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    memcpy(text, PREFIX, written);
    for (size_t at = 0; at < sizeof bytes; at++) {
        bits = bits << 8 | bytes[at];
        for (held += 8; held >= 6; held -= 6)
            text[written++] = digits[bits >> (held - 6) & 63];
    }
    text[written++] = digits[bits << (6 - held) & 63];
    text[written] = '\n';
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

static bool file_write(const char *path, str text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return false;
    bool is_written = write(file, text.ptr, text.len) == (ssize_t)text.len && fsync(file) == 0;
    return close(file) == 0 && is_written;
}

static bool directory_sync(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    return is_synced;
}

/* Whole under another name first: a crash leaves no half of a token behind. */
static enum err token_create(
    const char *directory, const char *path, struct arena *arena, const char **reterr_reason)
{
    char text[TOKEN_SIZE];
    const char *made = arena_format(arena, "%s.new", path);
    if (made == NULL)
        return ERR_MEMORY;
    (void)unlink(made); /* what a crash left behind; else there is none */
    if (!token_make(text))
        return refuse(arena, reterr_reason, path, "the system gave no random bytes", "");
    bool is_made = file_write(made, (str){ text, sizeof text }) && link(made, path) == 0
                   && unlink(made) == 0 && directory_sync(directory);
    OPENSSL_cleanse(text, sizeof text);
    return is_made ? ERR_OK
                   : refuse(arena, reterr_reason, path, "cannot be made: ", strerror(errno));
}

enum err admin_token_open(const char *directory, struct arena *arena, struct secret *ret_token,
    const char **reterr_reason)
{
    const char *path = arena_format(arena, "%s/admin.token", directory);
    if (path == NULL)
        return ERR_MEMORY;
    enum err err = token_read(path, geteuid(), arena, ret_token, reterr_reason);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(token_create(directory, path, arena, reterr_reason));
    return token_read(path, geteuid(), arena, ret_token, reterr_reason);
}

/* ---- asking ---- */

bool admin_token_is(const struct secret *token, str header)
{
    static const char scheme[] = "Bearer ";
    str given = str_skip(header, sizeof scheme - 1);
    str wanted = secret_bytes(token);
    return header.len > sizeof scheme - 1 && strncasecmp(header.ptr, scheme, sizeof scheme - 1) == 0
           && wanted.len > 0 && given.len == wanted.len
           && CRYPTO_memcmp(given.ptr, wanted.ptr, wanted.len) == 0;
}
