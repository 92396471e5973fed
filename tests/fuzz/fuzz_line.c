/* fuzz_line.c - lines of CEF and syslog of any bytes: what is made of one is an alert that is
 * read, and no longer than it may be. */
#include "base/limits.h"
#include "match/line.h"
#include "match/project.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(
    str line, enum err (*read)(str line, struct buf *out, const char **reterr_reason))
{
    static const str paths[] = { { "syslog.timestamp", 16 }, { "severity", 8 },
        { "syslog.structured_data", 22 } };
    struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct buf out = BUF_INIT(ALERT_BYTES_MAX);
    const char *reason = NULL;
    const struct projection *projection;
    struct slots slots;
    struct json_fault fault;
    enum err err = read(line, &out, &reason);
    if (err == ERR_INVALID && reason == NULL)
        abort();
    if (err == ERR_OK && out.err == ERR_OK) {
        if (projection_new(&arena, paths, 3, &projection) != ERR_OK
            || projection_read(projection, buf_str(&out), &arena, &slots, &fault) != ERR_OK)
            abort();
        if (slots.repairs > line.len)
            abort();
    }
    buf_release(&out);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str line = { (const char *)data, size };
    check_line(line, cef_line_to_json);
    check_line(line, syslog_line_to_json);
    return 0;
}
