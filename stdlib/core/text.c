/* Functions on text. */
#include "core/core.h"

#include "base/utf8.h"

static const struct {
    uint32_t point;
    uint32_t upper; /* 0: itself */
    uint32_t lower;
} case_table[] = {
#include "core/case_table.h"
};

static uint32_t map_case(uint32_t point, bool is_upper)
{
    size_t low = 0;
    size_t high = COUNT_OF(case_table);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (case_table[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == COUNT_OF(case_table) || case_table[low].point != point)
        return point;
    uint32_t mapped = is_upper ? case_table[low].upper : case_table[low].lower;
    return mapped == 0 ? point : mapped;
}

static enum err change_case(struct arena *arena, str text, bool is_upper, value *ret_value)
{
    char *copy = arena_array(arena, text.len + 1, UTF8_BYTES_MAX, 1);
    size_t written = 0;
    if (copy == NULL)
        return ERR_MEMORY;
    while (text.len > 0) {
        uint32_t point;
        text = str_skip(text, utf8_decode(text, &point, NULL));
        written += utf8_encode(map_case(point, is_upper), copy + written);
    }
    *ret_value = value_text((str){ copy, written });
    return ERR_OK;
}

static enum err lower(struct arena *arena, const value *args, value *ret_value)
{
    return change_case(arena, value_str(args[0]), false, ret_value);
}

static enum err upper(struct arena *arena, const value *args, value *ret_value)
{
    return change_case(arena, value_str(args[0]), true, ret_value);
}

static enum err len(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = VALUE_NONE;
    if (args[0].kind == VALUE_TEXT)
        *ret_value = value_integer((int64_t)utf8_length(value_str(args[0])));
    if (args[0].kind == VALUE_LIST || args[0].kind == VALUE_SET)
        *ret_value = value_integer(args[0].count);
    return ERR_OK;
}

static const struct function rows[] = {
    {
        .name = "len",
        .doc = "How many characters a text has, or how many elements a list.",
        .params = { TYPE_RAW },
        .params_count = 1,
        .returns = TYPE_INTEGER,
        .takes_list = true,
        .call = len,
    },
    {
        .name = "lower",
        .doc = "The text in small letters.",
        .params = { TYPE_TEXT },
        .params_count = 1,
        .returns = TYPE_TEXT,
        .call = lower,
    },
    {
        .name = "upper",
        .doc = "The text in capital letters.",
        .params = { TYPE_TEXT },
        .params_count = 1,
        .returns = TYPE_TEXT,
        .call = upper,
    },
};

const struct function_module core_text_module = { rows, COUNT_OF(rows) };
