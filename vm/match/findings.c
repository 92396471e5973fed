/* findings.c - see findings.h. */
#include "match/findings.h"

#include "base/fold.h"
#include "match/scan.h"

/* The next token; false at a fault. */
static bool take(struct scan *scan, struct json_token *ret_token)
{
    struct json_fault fault;
    return scan_next(scan, ret_token, &fault) == ERR_OK;
}

/* Pass over the rest of what stands open above `depth`. */
static bool leave(struct scan *scan, uint32_t depth)
{
    struct json_token token;
    while (scan->depth > depth)
        if (!take(scan, &token))
            return false;
    return true;
}

/* Whether the key says `name` when its escapes are read. */
static bool is_key(const struct json_token *key, str name)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    uint32_t repairs = 0;
    str text = key->text;
    if (key->is_escaped && scan_text(key, &arena, &text, &repairs) != ERR_OK)
        return false;
    return fold_equal(text, name);
}

/* Inside an object: go on behind the first key of the name and the first token of its value. */
static bool enter(struct scan *scan, str name, enum json_kind kind)
{
    uint32_t depth = scan->depth;
    struct json_token token;
    while (take(scan, &token) && token.kind == JSON_KEY) {
        bool is_it = is_key(&token, name);
        if (!take(scan, &token))
            return false;
        if (is_it)
            return token.kind == kind;
        if (!leave(scan, depth))
            return false;
    }
    return false;
}

/* Inside an array: pass its elements and its end; how many there were. */
static bool count_elements(struct scan *scan, uint32_t *ret_count)
{
    uint32_t depth = scan->depth;
    struct json_token token;
    for (*ret_count = 0;; ++*ret_count) {
        if (!take(scan, &token))
            return false;
        if (token.kind == JSON_ARRAY_END && scan->depth < depth)
            return true;
        if (!leave(scan, depth))
            return false;
    }
}

bool findings_open(str json, struct findings *ret_findings)
{
    struct scan scan = { .json = json };
    struct json_token token;
    uint32_t count = 0;
    *ret_findings = (struct findings){ .place = JSON_OUTSIDE };
    if (!take(&scan, &token) || token.kind != JSON_OBJECT
        || !enter(&scan, STR("detail"), JSON_OBJECT) || !enter(&scan, STR("findings"), JSON_ARRAY))
        return false;
    size_t start = scan.at;
    if (!count_elements(&scan, &count) || count < 2)
        return false;
    *ret_findings = (struct findings){ .before = str_first(json, start),
        .rest = { json.ptr + start - 1, scan.at - start + 1 },
        .place = JSON_OUTSIDE,
        .after = str_skip(json, scan.at - 1),
        .count = count };
    return true;
}

bool findings_next(struct findings *findings, struct buf *out, str *ret_finding)
{
    bool has_more = false;
    struct json_fault fault;
    if (findings->rest.len == 0
        || json_next(&findings->rest, &findings->place, ret_finding, &has_more, &fault) != ERR_OK
        || !has_more) {
        *findings = (struct findings){ .count = 0 };
        return false;
    }
    buf_add(out, findings->before);
    buf_add(out, *ret_finding);
    buf_add(out, findings->after);
    return true;
}
