/* follow_files.c - see follow_files.h. */
#include "serve/follow_files.h"

#include "base/json_writer.h"
#include "base/limits.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct followed *follow_files_find(const struct follow_files *files, const struct stat *status)
{
    for (size_t at = 0; at < files->count; at++)
        if (files->items[at]->inode == status->st_ino && files->items[at]->device == status->st_dev)
            return files->items[at];
    return NULL;
}

enum err follow_files_add(struct follow_files *files, const char *name, const struct stat *status,
    struct followed **ret_file)
{
    if (files->count == FOLLOW_FILES_MAX)
        return ERR_LIMIT;
    if (files->items == NULL)
        files->items = calloc(FOLLOW_FILES_MAX, sizeof(struct followed *));
    struct followed *file = files->items == NULL ? NULL : calloc(1, sizeof *file);
    if (file == NULL)
        return ERR_MEMORY;
    *file = (struct followed){
        .device = status->st_dev, .inode = status->st_ino, .fd = -1, .is_seen = true
    };
    str kept = str_first(str_from(name), sizeof file->name - 1);
    memcpy(file->name, kept.ptr, kept.len);
    framing_init(&file->framing, FRAMING_LINES, ALERT_BYTES_MAX);
    files->items[files->count++] = file;
    *ret_file = file;
    return ERR_OK;
}

void follow_files_close(struct follow_files *files, struct followed *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    file->fd = -1;
    files->open_count--;
}

static void followed_free(struct follow_files *files, struct followed *file)
{
    follow_files_close(files, file);
    framing_release(&file->framing);
    free(file);
}

void follow_files_remove(struct follow_files *files, size_t at)
{
    followed_free(files, files->items[at]);
    files->count--;
    memmove(
        &files->items[at], &files->items[at + 1], (files->count - at) * sizeof(struct followed *));
}

void follow_files_release(struct follow_files *files)
{
    for (size_t at = 0; at < files->count; at++)
        followed_free(files, files->items[at]);
    free(files->items);
    *files = (struct follow_files){ .items = NULL };
}

static int compare(const void *a, const void *b)
{
    const struct followed *first = *(struct followed *const *)a;
    const struct followed *second = *(struct followed *const *)b;
    bool is_first_old = first->is_gone || first->is_renamed;
    if (is_first_old != (second->is_gone || second->is_renamed))
        return is_first_old ? -1 : 1;
    return strcmp(first->name, second->name);
}

void follow_files_sort(struct follow_files *files)
{
    if (files->count > 1)
        qsort(files->items, files->count, sizeof(struct followed *), compare);
}

/* The one that has been quiet the longest, of those that are read whole and still there. */
static struct followed *find_idle(const struct follow_files *files)
{
    struct followed *idle = NULL;
    for (size_t at = 0; at < files->count; at++) {
        struct followed *file = files->items[at];
        bool is_idle =
            file->fd >= 0 && !file->is_gone && !file->has_news && file->offset == file->read_at;
        if (is_idle && (idle == NULL || file->grown_at < idle->grown_at))
            idle = file;
    }
    return idle;
}

void follow_files_opened(struct follow_files *files, struct followed *file, int fd)
{
    struct followed *idle = files->open_count < FOLLOW_OPEN_MAX ? NULL : find_idle(files);
    if (idle != NULL)
        follow_files_close(files, idle);
    file->fd = fd;
    files->open_count++;
}

void followed_restart(struct followed *file, uint64_t offset)
{
    framing_release(&file->framing);
    framing_init(&file->framing, FRAMING_LINES, ALERT_BYTES_MAX);
    file->base = file->read_at = file->offset = offset;
    file->tail_at = 0;
    if (offset == 0)
        file->head_bytes = 0;
}

/* ---- how a file begins ---- */

int64_t follow_changed_ns(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static enum err digest_head(
    const struct followed *file, uint32_t size, char ret_hex[static SHA256_HEX_SIZE])
{
    char bytes[FOLLOW_HEAD_BYTES];
    ssize_t got = pread(file->fd, bytes, size, 0);
    if (got < 0)
        return ERR_IO;
    return sha256_hex((str){ bytes, (size_t)got }, ret_hex);
}

enum err followed_check_head(const struct followed *file, bool *ret_is_same)
{
    char head[SHA256_HEX_SIZE];
    *ret_is_same = true;
    if (file->head_bytes == 0)
        return ERR_OK;
    TRY(digest_head(file, file->head_bytes, head));
    *ret_is_same = strcmp(head, file->head) == 0;
    return ERR_OK;
}

enum err followed_note_head(struct followed *file)
{
    uint32_t size = file->offset < FOLLOW_HEAD_BYTES ? (uint32_t)file->offset : FOLLOW_HEAD_BYTES;
    if (size <= file->head_bytes)
        return ERR_OK;
    TRY(digest_head(file, size, file->head));
    file->head_bytes = size;
    return ERR_OK;
}

/* ---- as text ---- */

/* As text: some file systems use all 64 bits, which numbers of JSON need not have. */
static void write_id(struct json_writer *json, const char *key, uint64_t id)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, id);
    json_text(json, key, str_from(digits));
}

static uint64_t read_id(const json_t *json, const char *key)
{
    const char *digits = json_string_value(json_object_get(json, key));
    return digits == NULL ? 0 : strtoull(digits, NULL, 10);
}

void follow_files_write(const struct follow_files *files, struct buf *out)
{
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '{');
    json_open(&json, "files", '[');
    for (size_t at = 0; at < files->count; at++) {
        const struct followed *file = files->items[at];
        json_open(&json, NULL, '{');
        json_text(&json, "name", str_from(file->name));
        write_id(&json, "device", file->device);
        write_id(&json, "inode", file->inode);
        json_number(&json, "offset", file->offset);
        json_number(&json, "head_bytes", file->head_bytes);
        json_text(&json, "head", str_from(file->head));
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

static enum err read_one(struct follow_files *files, const json_t *json)
{
    struct stat status = { .st_dev = (dev_t)read_id(json, "device"),
        .st_ino = (ino_t)read_id(json, "inode") };
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *head = json_string_value(json_object_get(json, "head"));
    json_int_t head_bytes = json_integer_value(json_object_get(json, "head_bytes"));
    json_int_t offset = json_integer_value(json_object_get(json, "offset"));
    struct followed *file;
    if (name == NULL || head == NULL || offset < 0 || head_bytes < 0
        || head_bytes > FOLLOW_HEAD_BYTES || strlen(head) >= sizeof file->head)
        return ERR_JSON;
    TRY(follow_files_add(files, name, &status, &file));
    followed_restart(file, (uint64_t)offset);
    file->is_seen = false;
    file->head_bytes = (uint32_t)head_bytes;
    memcpy(file->head, head, strlen(head) + 1);
    return ERR_OK;
}

enum err follow_files_read(struct follow_files *files, str text)
{
    json_t *json = json_loadb(text.ptr, text.len, 0, NULL);
    const json_t *all = json_object_get(json, "files");
    enum err err = json_is_array(all) ? ERR_OK : ERR_JSON;
    for (size_t at = 0; err == ERR_OK && at < json_array_size(all); at++)
        err = read_one(files, json_array_get(all, at));
    json_decref(json);
    return err;
}
