/* fuzz_alert.c - alerts of any bytes: cut apart, projected, walked leaf by leaf. Whatever comes
 * out must be sound: text in UTF-8, lists of scalars within their ceiling, and every cut
 * closer to the end of the text. */
#include "base/limits.h"
#include "base/utf8.h"
#include "match/canonical.h"
#include "match/project.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_scalar(value v)
{
    require(v.kind != VALUE_LIST && v.kind != VALUE_SET && v.kind != VALUE_ABSENT);
    str text = value_str(v);
    require(utf8_valid_bytes(text) == text.len);
}

static void check_value(struct arena *arena, value v)
{
    const value *items = value_items(v);
    value converted;
    for (uint32_t i = 0; items != NULL && i < v.count; i++)
        check_scalar(items[i]);
    require(v.count <= SLOT_VALUES_MAX || v.kind == VALUE_TEXT);
    if (v.kind != VALUE_LIST && v.kind != VALUE_ABSENT)
        check_scalar(v);
    for (int type = 0; type < TYPE_COUNT; type++)
        if (value_convert(arena, v, (enum type)type, &converted) == ERR_OK)
            (void)value_print(arena, converted);
}

static bool count_leaf(void *self, str leaf)
{
    require(utf8_valid_bytes(leaf) == leaf.len || leaf.len > 0);
    return ++*(unsigned *)self == 100000;
}

static void read_alert(const struct projection *projection, str json)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct slots slots;
    struct json_fault fault = { 0 };
    struct canonical canonical;
    unsigned leaves = 0;
    bool found;
    enum err err = projection_read(projection, json, &arena, &slots, &fault);
    if (err == ERR_JSON)
        require(fault.reason != NULL && fault.at <= json.len);
    if (err != ERR_OK)
        return;
    for (uint32_t i = 0; i < slots.count; i++)
        check_value(&arena, slots.values[i]);
    require(json_leaves(json, count_leaf, &leaves, &found) == ERR_OK);
    err = canonical_read(json, &arena, &canonical);
    require(err == ERR_OK || err == ERR_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const str paths[] = { STR("a"), STR("a.b"), STR("a.b.c"), STR("id"), STR("severity"),
        STR("evidence.mdeDeviceId"), STR("detail.resource.instanceDetails.instanceId"),
        STR("detail.resource.instanceDetails.networkInterfaces.securityGroups.groupId"),
        STR("source"), STR("host.name"), STR("") };
    const struct projection *projection;
    require(projection_new(&arena, paths, COUNT_OF(paths), &projection) == ERR_OK);
    str rest = { (const char *)data, size };
    read_alert(projection, rest);
    enum json_place place = JSON_OUTSIDE;
    bool more = true;
    size_t turns = 0;
    while (more) {
        size_t before = rest.len;
        str json;
        struct json_fault fault;
        enum err err = json_next(&rest, &place, &json, &more, &fault);
        require(err == ERR_JSON || err == ERR_OK);
        require(rest.len <= before && turns++ <= size + 1);
        if (err == ERR_OK && more)
            read_alert(projection, json);
    }
    return 0;
}
