/* dead_letters_read.c - see dead_letters_read.h. */
#include "driver/dead_letters_read.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE_BYTES_MAX = 64 * 1024 };

struct letters {
    FILE *file;
    char *line;
    size_t room;
    json_t *json;
    struct arena arena; /* of the place */
    uint64_t unreadable;
};

/* The file, which is regular and no link; NULL with errno. */
static FILE *file_open(const char *directory)
{
    char *path = NULL;
    struct stat status;
    if (asprintf(&path, "%s/dead-letter.ndjson", directory) < 0) {
        errno = ENOMEM;
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int reason = errno;
    free(path);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
        reason = EINVAL;
    }
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (fd >= 0 && file == NULL)
        close(fd);
    errno = reason;
    return file;
}

enum err letters_open_reader(const char *directory, struct letters **ret_letters)
{
    *ret_letters = NULL;
    FILE *file = file_open(directory);
    if (file == NULL)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    struct letters *letters = calloc(1, sizeof *letters);
    if (letters == NULL) {
        fclose(file);
        return ERR_MEMORY;
    }
    letters->file = file;
    letters->arena.limit = PLACE_BYTES_MAX;
    *ret_letters = letters;
    return ERR_OK;
}

static str member(const json_t *json, const char *key)
{
    const json_t *text = json_object_get(json, key);
    return json_is_string(text) ? (str){ json_string_value(text), json_string_length(text) }
                                : STR("");
}

static bool letter_read(struct letters *letters, struct kept_letter *ret_letter)
{
    const json_t *json = letters->json;
    const json_t *line = json_object_get(json, "line");
    const json_t *received = json_object_get(json, "received_ms");
    str file = member(json, "file");
    if (file.len == 0 || !json_is_integer(line) || !json_is_integer(received))
        return false;
    bool is_cut = json_object_get(json, "text") == NULL;
    const char *place = arena_format(
        &letters->arena, "%s:%" JSON_INTEGER_FORMAT, file.ptr, json_integer_value(line));
    *ret_letter = (struct kept_letter){ .place = str_from(place),
        .reason = member(json, "reason"),
        .received_ms = json_integer_value(received),
        .text = member(json, is_cut ? "beginning" : "text"),
        .is_cut = is_cut,
        .json = json };
    return place != NULL;
}

bool letters_next(struct letters *letters, struct kept_letter *ret_letter)
{
    for (;;) {
        ssize_t length = getline(&letters->line, &letters->room, letters->file);
        if (length < 0)
            return false;
        json_decref(letters->json);
        arena_release(&letters->arena);
        letters->json = json_loadb(letters->line, (size_t)length, JSON_ALLOW_NUL, NULL);
        if (letter_read(letters, ret_letter))
            return true;
        letters->unreadable++;
    }
}

uint64_t letters_unreadable(const struct letters *letters)
{
    return letters->unreadable;
}

void letters_close(struct letters *letters)
{
    if (letters == NULL)
        return;
    fclose(letters->file);
    free(letters->line);
    json_decref(letters->json);
    arena_release(&letters->arena);
    free(letters);
}
