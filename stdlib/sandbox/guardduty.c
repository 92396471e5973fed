/* Findings of GuardDuty: listed by criteria, read, archived.
 *
 * In the world: a region's "detectors": [{"detectorId", "findings": [finding]}]; a finding is as
 * GetFindings answers it, in camelCase. */
#include "base/time.h"
#include "sandbox/operation.h"

#include <stdlib.h>

enum { PAGE_MAX = 50 };

static bool refuse_input(struct call *call, const char *why)
{
    return call_refuse(
        call, 400, "BadRequestException", "The request is rejected because the input %s.", why);
}

static json_t *find_detector(struct call *call)
{
    json_t *detector = call->region == NULL ? NULL
                                            : world_find(call->region, "detectors", "detectorId",
                                                call_text(call, "DetectorId"));
    if (detector == NULL)
        refuse_input(call, "detectorId is not owned by the current account");
    return detector;
}

static void answer(struct call *call, json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    buf_add(&call->body, str_from(text == NULL ? "{}" : text));
    free(text);
    json_decref(json);
}

void sandbox_guardduty_list_detectors(struct call *call)
{
    json_t *ids = json_array();
    size_t index;
    json_t *one;
    if (!call_may_proceed(call)) {
        json_decref(ids);
        return;
    }
    json_array_foreach(json_object_get(call->region, "detectors"), index, one)
        json_array_append(ids, json_object_get(one, "detectorId"));
    answer(call, json_pack("{s:o,s:s}", "detectorIds", ids, "nextToken", ""));
}

/* ---- criteria ---- */

/* What `path` ("service.archived") leads to, borrowed, or NULL. */
static const json_t *at_path(const json_t *finding, const char *path)
{
    char key[64];
    for (str rest = str_from(path); rest.len > 0 && finding != NULL;) {
        str one = str_first(rest, str_find(rest, '.'));
        rest = str_skip(rest, one.len + 1);
        snprintf(key, sizeof(key), "%.*s", STR_ARG(one));
        finding = json_object_get(finding, key);
    }
    return finding;
}

/* A number to compare: of a time its milliseconds. False when it is none. */
static bool number_of(const json_t *json, double *ret_number)
{
    int64_t ms;
    *ret_number = json_number_value(json);
    if (json_is_number(json))
        return true;
    bool is_time = json_is_string(json) && time_parse(str_from(json_string_value(json)), &ms);
    *ret_number = is_time ? (double)ms : 0;
    return is_time;
}

static bool equals_one(const json_t *found, const json_t *wanted)
{
    const char *text = json_is_boolean(found) ? (json_is_true(found) ? "true" : "false")
                                              : json_string_value(found);
    size_t index;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)wanted, index,
        one) if (text != NULL && json_is_string(one)
                 && strcmp(json_string_value(one), text) == 0) return true;
    return false;
}

/* Whether what is found meets one condition of a criterion; *ret_known: there is such a one. */
static bool meets(const json_t *found, const char *condition, const json_t *wanted, bool *ret_known)
{
    double left, right;
    bool is_greater = strncasecmp(condition, "g", 1) == 0;
    if (strcmp(condition, "equals") == 0 || strcmp(condition, "eq") == 0)
        return equals_one(found, wanted);
    if (strcmp(condition, "notEquals") == 0 || strcmp(condition, "neq") == 0)
        return !equals_one(found, wanted);
    bool is_strict = strcmp(condition, "greaterThan") == 0 || strcmp(condition, "gt") == 0
                     || strcmp(condition, "lessThan") == 0 || strcmp(condition, "lt") == 0;
    bool is_loose = strcmp(condition, "greaterThanOrEqual") == 0 || strcmp(condition, "gte") == 0
                    || strcmp(condition, "lessThanOrEqual") == 0 || strcmp(condition, "lte") == 0;
    *ret_known = is_strict || is_loose;
    if (!*ret_known || !number_of(found, &left) || !number_of(wanted, &right))
        return false;
    bool is_beyond = is_greater ? left > right : left < right;
    return is_beyond || (is_loose && !(left < right) && !(left > right));
}

/* Whether the finding meets every criterion. */
static bool is_wanted(struct call *call, const json_t *finding, const json_t *criteria)
{
    const char *path, *condition;
    json_t *conditions, *wanted;
    json_object_foreach((json_t *)(uintptr_t)criteria, path, conditions)
        json_object_foreach(conditions, condition, wanted)
    {
        bool is_known = true;
        bool is_met = meets(at_path(finding, path), condition, wanted, &is_known);
        if (!is_known)
            refuse_input(call, "has a condition that is not one");
        if (!is_met)
            return false;
    }
    return true;
}

static int by_update(const void *a, const void *b)
{
    return strcmp(
        world_text(*(json_t *const *)a, "updatedAt"), world_text(*(json_t *const *)b, "updatedAt"));
}

void sandbox_guardduty_list_findings(struct call *call)
{
    const json_t *detector = find_detector(call);
    const json_t *all = json_object_get(detector, "findings");
    const json_t *criteria =
        json_object_get(json_object_get(call->input, "findingCriteria"), "criterion");
    const char *order = call_text(call, "sortCriteria.orderBy");
    long long most = PAGE_MAX, from = 0;
    size_t count = 0;
    json_t **wanted = ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1);
    if (detector == NULL || wanted == NULL || !call_number(call, "maxResults", 1, PAGE_MAX, &most)
        || (call_text(call, "nextToken") != NULL && call_text(call, "nextToken")[0] != '\0'
            && !call_number(call, "nextToken", 1, 1000000, &from))
        || !call_may_proceed(call))
        return;
    for (size_t at = 0; at < json_array_size(all); at++)
        if (is_wanted(call, json_array_get(all, at), criteria))
            wanted[count++] = json_array_get(all, at);
    if (call->error_code != NULL)
        return;
    qsort(wanted, count, sizeof *wanted, by_update);
    json_t *ids = json_array();
    bool is_down = order != NULL && strcmp(order, "DESC") == 0;
    size_t end = (size_t)(from + most) < count ? (size_t)(from + most) : count;
    for (size_t at = (size_t)from; at < end; at++)
        json_array_append(ids, json_object_get(wanted[is_down ? count - 1 - at : at], "id"));
    answer(call, json_pack("{s:o,s:s}", "findingIds", ids, "nextToken",
                     end < count ? arena_format(call->arena, "%zu", end) : ""));
}

/* Each finding of findingIds; those that are not there are left out, as GuardDuty does. */
static void for_findings(
    struct call *call, void (*each)(struct call *call, json_t *finding, json_t *out), json_t *out)
{
    const json_t *detector = find_detector(call);
    const json_t *ids = json_object_get(call->input, "findingIds");
    if (detector == NULL)
        return;
    if (json_array_size(ids) > PAGE_MAX) {
        refuse_input(call, "findingIds has too many elements");
        return;
    }
    size_t index;
    json_t *id;
    json_array_foreach((json_t *)(uintptr_t)ids, index, id)
    {
        json_t *finding = json_is_string(id)
                              ? world_find(detector, "findings", "id", json_string_value(id))
                              : NULL;
        if (finding != NULL)
            each(call, finding, out);
    }
}

static void copy_finding(struct call *call, json_t *finding, json_t *out)
{
    (void)call;
    json_array_append(out, finding);
}

void sandbox_guardduty_get_findings(struct call *call)
{
    json_t *findings = json_array();
    for_findings(call, copy_finding, findings);
    if (call_may_proceed(call))
        answer(call, json_pack("{s:O}", "findings", findings));
    json_decref(findings);
}

static void archive_finding(struct call *call, json_t *finding, json_t *out)
{
    call_set(call, json_object_get(finding, "service"), "archived", json_incref(out));
}

void sandbox_guardduty_archive_findings(struct call *call)
{
    for_findings(call, archive_finding, json_true());
    answer(call, json_object());
}

void sandbox_guardduty_unarchive_findings(struct call *call)
{
    for_findings(call, archive_finding, json_false());
    answer(call, json_object());
}
