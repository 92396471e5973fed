/* Lists as OData shows them: filtered, cut into pages, with a link to the next. */
#include "base/percent.h"
#include "base/time.h"
#include "sandbox/microsoft.h"
#include "sandbox/odata.h"

#include <stdlib.h>
#include <strings.h>

enum { LINK_BYTES_MAX = 64 * 1024 };

const char *microsoft_now(struct edr_call *call)
{
    char text[TIME_TEXT_MAX];
    str whole = time_format(call->now_ms / 1000 * 1000, text);
    const char *now = arena_format(
        call->arena, "%.*s.%03d0000Z", (int)whole.len - 1, whole.ptr, (int)(call->now_ms % 1000));
    return now == NULL ? "" : now;
}

json_t *microsoft_find(
    const struct edr_call *call, const char *collection, const char *key, const char *value)
{
    return value == NULL ? NULL : world_find(call->tenant, collection, key, value);
}

bool microsoft_refuse_missing(struct edr_call *call, const char *what)
{
    return edr_refuse(call, 404, "ResourceNotFound", "Resource %s was not found.", what);
}

const json_t *microsoft_client(const struct edr_call *call)
{
    return microsoft_find(call, "clients", "clientId", call->caller);
}

const char *microsoft_base(struct edr_call *call)
{
    str host = edr_header_of(call, "host");
    const char *base =
        arena_format(call->arena, "http://%.*s%s", STR_ARG(host), call->family->prefix);
    return base == NULL ? "" : base;
}

/* ---- bodies ---- */

bool microsoft_is_among(const char *value, const char *values)
{
    for (str rest = str_from(values); rest.len > 0;) {
        str one = str_first(rest, str_find(rest, '|'));
        if (str_is(one, value))
            return true;
        rest = str_skip(rest, one.len + 1);
    }
    return false;
}

/* The next name of `members` without its "!"; empty at the end. */
static str next_member(str *rest, bool *ret_required)
{
    str name = str_first(*rest, str_find(*rest, ' '));
    *rest = str_skip(*rest, name.len + 1);
    *ret_required = str_endswith(name, STR("!"));
    return str_first(name, name.len - *ret_required);
}

static bool is_member(const char *members, const char *name)
{
    bool is_required;
    str rest = str_from(members);
    for (str one = next_member(&rest, &is_required); one.len > 0;
         one = next_member(&rest, &is_required))
        if (str_is(one, name))
            return true;
    return false;
}

bool microsoft_members_accept(struct edr_call *call, const char *members)
{
    const char *name;
    json_t *value;
    bool is_required;
    json_object_foreach(call->input, name, value)
    {
        if (!is_member(members, name) || (!json_is_string(value) && !json_is_null(value)))
            return edr_refuse(call, 400, "InvalidRequestBody",
                "Request body is incorrect: '%s' is not expected here.", name);
    }
    str rest = str_from(members);
    for (str one = next_member(&rest, &is_required); one.len > 0;
         one = next_member(&rest, &is_required)) {
        const json_t *there = json_object_getn(call->input, one.ptr, one.len);
        if (is_required && json_string_length(there) == 0)
            return edr_refuse(
                call, 400, "MissingRequiredParameter", "Parameter %.*s is missing.", STR_ARG(one));
    }
    return true;
}

/* ---- lists ---- */

/* The newest first; in their order otherwise, so that pages do not depend on the sort. */
struct entry {
    json_t *thing;
    str time;
    size_t at;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = 0;
    if (odata_is_time(left->time) && odata_is_time(right->time))
        order = odata_compare_times(right->time, left->time);
    return order != 0 ? order : left->at < right->at ? -1 : left->at > right->at;
}

/* What fits the filter, in order; NULL: refused. */
static struct entry *select_entries(
    struct edr_call *call, json_t *things, const struct microsoft_list *how, size_t *ret_count)
{
    str filter = str_from(edr_query(call, "$filter"));
    bool is_filtered = edr_query(call, "$filter") != NULL;
    const char *reason = NULL;
    size_t count = 0, index;
    json_t *thing;
    struct entry *entries = ARENA_ARRAY(call->arena, struct entry, json_array_size(things) + 1);
    json_auto_t *nothing = json_object();
    if (is_filtered)
        (void)odata_fits(nothing, filter, how->fields, call->arena, &reason);
    json_array_foreach(things, index, thing)
    {
        if (entries == NULL || reason != NULL
            || (is_filtered && !odata_fits(thing, filter, how->fields, call->arena, &reason)))
            continue;
        const json_t *time = how->newest == NULL ? NULL : json_object_get(thing, how->newest);
        entries[count++] =
            (struct entry){ thing, { json_string_value(time), json_string_length(time) }, index };
    }
    if (reason != NULL)
        edr_refuse_as(call, EDR_BAD_QUERY, reason);
    else if (entries == NULL)
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
    if (call->error_code != NULL)
        return NULL;
    if (how->newest != NULL)
        qsort(entries, count, sizeof(*entries), compare_entries);
    *ret_count = count;
    return entries;
}

/* The same address with another $skip. */
static const char *next_link(struct edr_call *call, long long skip)
{
    CLEANUP(buf_release) struct buf link = BUF_INIT(LINK_BYTES_MAX);
    str host = edr_header_of(call, "host");
    buf_addf(&link, "http://%.*s%.*s?", STR_ARG(host), STR_ARG(call->request->path));
    for (size_t at = 0; at < call->query_count; at++) {
        if (strcmp(call->query[at].name, "$skip") == 0)
            continue;
        percent_encode(&link, str_from(call->query[at].name), "$");
        buf_add_byte(&link, '=');
        percent_encode(&link, str_from(call->query[at].value), "");
        buf_add_byte(&link, '&');
    }
    buf_addf(&link, "$skip=%lld", skip);
    return arena_copy(call->arena, buf_str(&link)).ptr;
}

long long microsoft_answer_list(
    struct edr_call *call, json_t *things, const struct microsoft_list *how)
{
    long long top, skip;
    size_t count = 0;
    if (!edr_number(call, "$top", 1, how->top_most, how->top, &top)
        || !edr_number(call, "$skip", 0, 1000000, 0, &skip))
        return -1;
    struct entry *entries = select_entries(call, things, how, &count);
    if (entries == NULL)
        return -1;
    json_t *value = json_array();
    for (size_t at = (size_t)skip; at < count && at < (size_t)(skip + top); at++)
        json_array_append_new(value, how->told(call, entries[at].thing));
    bool is_full = json_array_size(value) == (size_t)top;
    const char *wanted = edr_query(call, "$count");
    call->answer = json_pack("{s:s}", "@odata.context",
        arena_format(call->arena, "%s/$metadata#%s", microsoft_base(call), how->context));
    if (wanted != NULL && strcmp(wanted, "true") == 0)
        json_object_set_new(call->answer, "@odata.count", json_integer((json_int_t)count));
    json_object_set_new(call->answer, "value", value);
    if (is_full)
        json_object_set_new(
            call->answer, "@odata.nextLink", json_string(next_link(call, skip + top)));
    return (long long)count;
}
