/* fuzz_head.c - heads of any bytes: what is let in has one reading, and no shorter or longer text
 * that begins with it is judged otherwise. */
#include "base/percent.h"
#include "daemon/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What a second reader could trip over is not in a head that was let in. */
static void check_good(const struct head *head)
{
    size_t lengths = 0;
    must(head->method.len > 0 && head->target.len > 0 && head->target.ptr[0] == '/');
    must(head->minor == 0 || head->minor == 1);
    for (size_t at = 0; at < head->count; at++) {
        str name = head->fields[at].name;
        str value = head->fields[at].value;
        must(name.len > 0 && name.ptr[name.len - 1] != ' ');
        must(str_find(value, '\n') == value.len && str_find(value, '\r') == value.len);
        must(str_find(value, '\0') == value.len);
        if (name.len == 17 && strncasecmp(name.ptr, "transfer-encoding", 17) == 0)
            must(head->is_chunked && !head->has_length);
        if (name.len == 14 && strncasecmp(name.ptr, "content-length", 14) == 0)
            lengths++;
    }
    must(lengths <= 1 && head->has_length == (lengths == 1));
    must(lengths == 1 || head->length == 0);
}

static void check_path(str target)
{
    struct arena arena = ARENA_INIT(1024 * 1024);
    str path;
    must(percent_decode(&arena, str_first(target, str_find(target, '?')), false, &path) == ERR_OK);
    must(str_find(path, '\0') == path.len && memmem(path.ptr, path.len, "/../", 4) == NULL);
    must(!str_endswith(path, STR("/..")) && str_find(path, '\\') == path.len);
    arena_release(&arena);
}

/* What is good ends with an empty line, and is unfinished for each byte less. */
static void check_chunks(str bytes)
{
    enum head_fault fault = chunks_check(bytes);
    if (fault != HEAD_GOOD || bytes.len > 4096)
        return;
    while (chunks_check(str_first(bytes, bytes.len - 1)) == HEAD_GOOD)
        bytes.len--;
    must(str_endswith(bytes, STR("0\r\n\r\n")));
    for (size_t len = 0; len < bytes.len; len++)
        must(chunks_check(str_first(bytes, len)) == HEAD_UNFINISHED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head head;
    struct head again;
    str bytes = { size == 0 ? "" : (const char *)data, size };
    enum head_fault fault = head_read(bytes, &head);
    check_chunks(bytes);
    if (fault == HEAD_GOOD) {
        check_good(&head);
        check_path(head.target);
        /* What comes after it changes nothing; head_check agrees. */
        const char *end = memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4);
        must(end != NULL && end + 4 <= bytes.ptr + HEAD_BYTES_MAX);
        must(head.bytes == (size_t)(end + 4 - bytes.ptr));
        must(head_read(str_first(bytes, (size_t)(end + 4 - bytes.ptr)), &again) == HEAD_GOOD);
        must(again.count == head.count && again.length == head.length);
        must(head_check(&again) == HEAD_GOOD);
        must(head_read(str_first(bytes, (size_t)(end + 3 - bytes.ptr)), &again) == HEAD_UNFINISHED);
    } else if (fault == HEAD_UNFINISHED) {
        must(size < HEAD_BYTES_MAX && memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4) == NULL);
    } else {
        must(head_fault_info(fault)->status >= 400);
    }
    return 0;
}
