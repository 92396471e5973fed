#include "value.h"

#include "base/buf.h"
#include "base/time.h"
#include "ip.h"
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>

/* The longest list a person is shown is far below. */
enum { PRINT_BYTES_MAX = 16 * 1024 * 1024 };

/* The shortest spelling that reads back as the same number. */
static void add_decimal(struct buf *out, double decimal)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, decimal);
        if (strtod(text, NULL) == decimal)
            break;
    }
    buf_add(out, str_from(text));
}

static void add_scalar(struct buf *out, value v)
{
    char text[IP_TEXT_MAX + TIME_TEXT_MAX + DURATION_TEXT_MAX]; /* any one of them */
    switch (v.kind) {
    case VALUE_ABSENT:
        buf_add(out, STR("-"));
        break;
    case VALUE_NULL:
        buf_add(out, STR("null"));
        break;
    case VALUE_BOOL:
        buf_add(out, v.boolean ? STR("true") : STR("false"));
        break;
    case VALUE_INTEGER:
        buf_addf(out, "%lld", (long long)v.integer);
        break;
    case VALUE_DECIMAL:
        add_decimal(out, v.decimal);
        break;
    case VALUE_TEXT:
        buf_add(out, value_str(v));
        break;
    case VALUE_IP:
    case VALUE_CIDR:
        buf_add(out, ip_format(v.ip, text));
        break;
    case VALUE_TIME:
        buf_add(out, time_format(v.milliseconds, text));
        break;
    case VALUE_DURATION:
        buf_add(out, duration_format(v.milliseconds, text));
        break;
    case VALUE_SEVERITY:
        buf_add(out, str_from(severity_name((enum severity)v.integer)));
        break;
    case VALUE_VERDICT:
        buf_add(out, str_from(verdict_name((enum verdict)v.integer)));
        break;
    case VALUE_REGEX:
        buf_addf(out, "regex %lld", (long long)v.integer);
        break;
    case VALUE_ZONE:
        buf_add(out, v.zone->name);
        break;
    case VALUE_OBJECT:
        buf_add(out, STR("{..}"));
        break;
    case VALUE_LIST:
    case VALUE_SET:
        break; /* lists do not nest */
    }
}

str value_print(struct arena *arena, value v)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(PRINT_BYTES_MAX);
    const value *items = value_items(v);
    if (v.kind == VALUE_TEXT)
        return arena_copy(arena, value_str(v));
    for (uint32_t i = 0; items != NULL && i < v.count; i++) {
        if (i > 0)
            buf_add(&out, STR(", "));
        add_scalar(&out, items[i]);
    }
    if (items == NULL)
        add_scalar(&out, v);
    return out.err == ERR_OK ? arena_copy(arena, buf_str(&out)) : (str){ NULL, 0 };
}
