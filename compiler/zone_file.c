/* zone_file.c - see zone_file.h. */
#include "zone_file.h"

#include "base/buf.h"
#include "base/time.h"
#include "zone_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The largest file is below 4 KB, the list of names about 110 KB. */
enum {
    ZONE_BYTES_MAX = 64 * 1024,
    NAMES_BYTES_MAX = 1024 * 1024,
    NAME_LENGTH_MAX = 64,
    PATH_LENGTH_MAX = 128,
};

static const char database[] = "/usr/share/zoneinfo";

static bool is_name_byte(char c, bool is_first)
{
    bool is_capital = c >= 'A' && c <= 'Z';
    bool is_small = c >= 'a' && c <= 'z';
    bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
    return is_capital || (!is_first && (is_small || is_other));
}

bool zone_name_is_sound(str name)
{
    if (name.len == 0 || name.len > NAME_LENGTH_MAX)
        return false;
    for (size_t at = 0; at < name.len; at++) {
        bool is_slash =
            name.ptr[at] == '/' && at > 0 && at + 1 < name.len && name.ptr[at - 1] != '/';
        if (!is_slash && !is_name_byte(name.ptr[at], at == 0))
            return false;
    }
    return true;
}

/* ---- files ---- */

static enum err read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    char bytes[4096];
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0 && out->err == ERR_OK)
        buf_add(out, (str){ bytes, (size_t)got });
    int saved = errno;
    (void)close(fd);
    if (got < 0) /* a folder, Europe, is no zone */
        return saved == EISDIR ? ERR_NOT_FOUND : ERR_IO;
    return out->err == ERR_LIMIT ? ERR_INVALID : out->err;
}

enum err zone_load(struct arena *arena, str name, const struct zone **ret_zone)
{
    char path[PATH_LENGTH_MAX];
    CLEANUP(buf_release) struct buf bytes = BUF_INIT(ZONE_BYTES_MAX);
    if (!zone_name_is_sound(name))
        return ERR_NOT_FOUND;
    snprintf(path, sizeof path, "%s/%.*s", database, STR_ARG(name));
    TRY(read_file(path, &bytes));
    return zone_parse(arena, name, buf_str(&bytes), ret_zone);
}

/* Word `index` of a line, from 0; empty when it has fewer. */
static str word_at(str line, int index)
{
    for (; index > 0; index--)
        line = str_skip(line, str_find(line, ' ') + 1);
    return str_first(line, str_find(line, ' '));
}

enum err zone_suggest(struct arena *arena, struct suggestion *suggestion)
{
    char path[PATH_LENGTH_MAX];
    CLEANUP(buf_release) struct buf bytes = BUF_INIT(NAMES_BYTES_MAX);
    snprintf(path, sizeof path, "%s/tzdata.zi", database);
    if (read_file(path, &bytes) != ERR_OK)
        return ERR_NOT_FOUND;
    str text = arena_copy(arena, buf_str(&bytes));
    if (text.ptr == NULL)
        return ERR_MEMORY;
    while (text.len > 0) { /* "Z NAME ..": a zone; "L TARGET NAME": another name of one */
        str line = str_first(text, str_find(text, '\n'));
        text = str_skip(text, line.len + 1);
        bool is_zone = str_startswith(line, STR("Z "));
        if (!is_zone && !str_startswith(line, STR("L ")))
            continue;
        str name = word_at(line, is_zone ? 1 : 2);
        if (zone_name_is_sound(name))
            suggest(suggestion, name);
    }
    return ERR_OK;
}

/* ---- TZif ---- */

enum { HEADER_BYTES = 44, TYPE_BYTES = 6 };

/* The header of a block: how many of each there are. */
struct counts {
    uint32_t ut_indicators;
    uint32_t standard_indicators;
    uint32_t leap_seconds;
    uint32_t changes;
    uint32_t types;
    uint32_t name_bytes;
};

static uint64_t big_endian(str bytes, size_t at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | (uint8_t)bytes.ptr[at + i];
    return number;
}

static bool read_header(str bytes, struct counts *ret_counts)
{
    if (bytes.len < HEADER_BYTES || !str_startswith(bytes, STR("TZif")) || bytes.ptr[4] < '2')
        return false;
    *ret_counts = (struct counts){
        (uint32_t)big_endian(bytes, 20, 4),
        (uint32_t)big_endian(bytes, 24, 4),
        (uint32_t)big_endian(bytes, 28, 4),
        (uint32_t)big_endian(bytes, 32, 4),
        (uint32_t)big_endian(bytes, 36, 4),
        (uint32_t)big_endian(bytes, 40, 4),
    };
    /* Files with leap seconds count other seconds than the world does. */
    return ret_counts->leap_seconds == 0
           && ret_counts->changes <= ZONE_CHANGES_MAX - ZONE_RULE_CHANGES && ret_counts->types > 0
           && ret_counts->types <= 256;
}

static size_t block_bytes(const struct counts *counts, size_t time_bytes)
{
    return (size_t)counts->changes * (time_bytes + 1) + (size_t)counts->types * TYPE_BYTES
           + counts->name_bytes + (size_t)counts->standard_indicators + counts->ut_indicators;
}

/* The offset of local time type `index`, whose records begin at `at`. */
static bool read_offset(
    str bytes, size_t at, const struct counts *counts, uint32_t index, int32_t *ret_offset_s)
{
    const int32_t day = 86400;
    if (index >= counts->types)
        return false;
    *ret_offset_s = (int32_t)(uint32_t)big_endian(bytes, at + (size_t)index * TYPE_BYTES, 4);
    return *ret_offset_s > -2 * day && *ret_offset_s < 2 * day;
}

/* The changes of a block of 8-byte times into `changes`, which has room. */
static bool read_changes(
    str bytes, const struct counts *counts, struct zone *zone, struct zone_change *changes)
{
    const int64_t most_s = INT64_MAX / 1000;
    size_t indexes = (size_t)counts->changes * 8;
    size_t types = indexes + counts->changes;
    if (!read_offset(bytes, types, counts, 0, &zone->offset_s))
        return false;
    for (uint32_t at = 0; at < counts->changes; at++) {
        int64_t seconds = (int64_t)big_endian(bytes, (size_t)at * 8, 8);
        struct zone_change *change = &changes[at];
        uint32_t type = (uint8_t)bytes.ptr[indexes + at];
        if (seconds > most_s || seconds < -most_s
            || !read_offset(bytes, types, counts, type, &change->offset_s))
            return false;
        change->at_ms = seconds * 1000;
        if (at > 0 && change->at_ms <= changes[at - 1].at_ms)
            return false;
    }
    zone->changes = changes;
    zone->count = counts->changes;
    return true;
}

/* The line after the last block: how it goes on for ever. */
static bool read_footer(str footer, struct zone *zone, struct zone_change *changes)
{
    struct zone_rule rule;
    if (footer.len < 2 || footer.ptr[0] != '\n')
        return false;
    footer = str_skip(footer, 1);
    size_t end = str_find(footer, '\n');
    if (end == footer.len)
        return false;
    if (end == 0)
        return true; /* the last change holds */
    return zone_rule_parse(str_first(footer, end), &rule) && zone_rule_extend(&rule, zone, changes);
}

/* A rule whose two moments lie too near to each other gives changes that overtake one another.
 * Two at one moment are a way to write summer time for ever (RFC 9636, 3.3.1). */
static bool is_in_order(const struct zone *zone)
{
    for (uint32_t at = 1; at < zone->count; at++)
        if (zone->changes[at].at_ms < zone->changes[at - 1].at_ms)
            return false;
    return true;
}

enum err zone_parse(struct arena *arena, str name, str bytes, const struct zone **ret_zone)
{
    struct counts counts;
    struct zone *zone = ARENA_NEW(arena, struct zone);
    if (!read_header(bytes, &counts))
        return ERR_INVALID;
    bytes = str_skip(bytes, HEADER_BYTES + block_bytes(&counts, 4)); /* of the first version */
    if (!read_header(bytes, &counts))
        return ERR_INVALID;
    bytes = str_skip(bytes, HEADER_BYTES);
    size_t size = block_bytes(&counts, 8);
    if (bytes.len < size)
        return ERR_INVALID;
    struct zone_change *changes =
        ARENA_ARRAY(arena, struct zone_change, counts.changes + ZONE_RULE_CHANGES);
    if (zone == NULL || changes == NULL)
        return ERR_MEMORY;
    zone->name = name;
    if (!read_changes(bytes, &counts, zone, changes)
        || !read_footer(str_skip(bytes, size), zone, changes) || !is_in_order(zone))
        return ERR_INVALID;
    *ret_zone = zone;
    return ERR_OK;
}
