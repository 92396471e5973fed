/* iam.h - what the operations on roles, users and policies of IAM share. */
#pragma once

#include "sandbox/call.h"

/* Whether the parameter is a name of at most `most` characters; false: refused. */
MUST_CHECK bool iam_name_is_good(struct call *call, const char *parameter, size_t most);
/* The role that the call is about, borrowed; NULL: refused. */
json_t *iam_find_role(struct call *call);
/* Whether it is none that only AWS may change; false: refused. */
MUST_CHECK bool iam_role_is_ours(struct call *call, const json_t *role);
/* IAM writes nothing for what has no tags, or no boundary. */
void iam_write_tags(struct call *call, const json_t *thing);
void iam_write_boundary(struct call *call, const json_t *role);

/* One page of a list: Marker is the number of what was listed before. */
struct iam_page {
    long long most, marker, at;
};
/* False: refused. */
MUST_CHECK bool iam_page_read(struct call *call, struct iam_page *ret_page);
/* Whether the next thing is on the page. */
bool iam_page_has(struct iam_page *page);
/* IsTruncated, and Marker. */
void iam_page_end(struct call *call, const struct iam_page *page);

/* Who has inline policies. */
struct iam_owner {
    json_t *thing;         /* borrowed */
    const char *parameter; /* "RoleName" */
    const char *called;    /* "role" */
    size_t chars_max;      /* of all its inline policies */
};
void iam_get_inline(struct call *call, const struct iam_owner *owner);
void iam_put_inline(struct call *call, const struct iam_owner *owner);
void iam_delete_inline(struct call *call, const struct iam_owner *owner);
