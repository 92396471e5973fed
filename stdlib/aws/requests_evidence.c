#include "aws/requests_evidence.h"

#include "aws/draft.h"
#include "base/limits.h"
#include "base/percent.h"

struct request ec2_describe_volumes(struct step *step, str region, str instance, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeVolumes", region, instance);
    draft_filter(&draft, 1, "attachment.instance-id", instance);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_create_snapshots(struct step *step, str region, str instance, str retain)
{
    struct draft draft = draft_begin(step, "ec2", "CreateSnapshots", region, instance);
    query_add(&draft.body, "InstanceSpecification.InstanceId", instance);
    str description;
    draft_text(
        &draft, arena_format(step->arena, "evidence of %.*s", STR_ARG(instance)), &description);
    query_add(&draft.body, "Description", description);
    query_add(&draft.body, "CopyTagsFromSource", STR("volume"));
    draft_tag(&draft, "snapshot", 1, STR(TAG_STEP), step->key);
    draft_tag(&draft, "snapshot", 2, STR(TAG_OWNER), STR(TAG_OWNER_VALUE));
    draft_tag(&draft, "snapshot", 3, STR(TAG_RETAIN), retain);
    return draft_end(&draft);
}

struct request ec2_describe_step_snapshots(struct step *step, str region, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSnapshots", region, step->key);
    query_add(&draft.body, "Owner.1", STR("self"));
    draft_filter(&draft, 1, "tag:" TAG_STEP, step->key);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_describe_snapshot(struct step *step, str region, str snapshot)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSnapshots", region, snapshot);
    query_add(&draft.body, "Owner.1", STR("self"));
    query_add(&draft.body, "SnapshotId.1", snapshot);
    return draft_end(&draft);
}

struct request ec2_delete_snapshot(struct step *step, str region, str snapshot)
{
    struct draft draft = draft_begin(step, "ec2", "DeleteSnapshot", region, snapshot);
    query_add(&draft.body, "SnapshotId", snapshot);
    return draft_end(&draft);
}

struct request ec2_describe_ours(struct step *step, const char *operation, str region, str page)
{
    struct draft draft = draft_begin(step, "ec2", operation, region, STR(TAG_OWNER_VALUE));
    if (strcmp(operation, "DescribeSnapshots") == 0)
        query_add(&draft.body, "Owner.1", STR("self"));
    draft_filter(&draft, 1, "tag:" TAG_OWNER, STR(TAG_OWNER_VALUE));
    draft_page(&draft, page);
    return draft_end(&draft);
}

static struct draft permissions_begin(
    struct step *step, const char *operation, str region, str snapshot)
{
    struct draft draft = draft_begin(step, "ec2", operation, region, snapshot);
    query_add(&draft.body, "SnapshotId", snapshot);
    query_add(&draft.body, "Attribute", STR("createVolumePermission"));
    return draft;
}

struct request ec2_describe_snapshot_permissions(struct step *step, str region, str snapshot)
{
    struct draft draft = permissions_begin(step, "DescribeSnapshotAttribute", region, snapshot);
    return draft_end(&draft);
}

struct request ec2_share_snapshot(struct step *step, str region, str snapshot, str account)
{
    struct draft draft = permissions_begin(step, "ModifySnapshotAttribute", region, snapshot);
    query_add(&draft.body, "OperationType", STR("add"));
    query_add(&draft.body, "UserId.1", account);
    return draft_end(&draft);
}

struct request kms_describe_key(struct step *step, str region, str key)
{
    return draft_json(
        step, "kms", "DescribeKey", region, key, json_pack("{s:s%}", "KeyId", key.ptr, key.len));
}

struct request cloudtrail_lookup(struct step *step, str region, const char *attribute, str wanted,
    int64_t since_s, int64_t until_s, str page)
{
    json_t *body = json_pack("{s:[{s:s,s:s%}],s:I,s:I,s:i}", "LookupAttributes", "AttributeKey",
        attribute, "AttributeValue", wanted.ptr, wanted.len, "StartTime", (json_int_t)since_s,
        "EndTime", (json_int_t)until_s, "MaxResults", 50);
    if (page.len > 0
        && json_object_set_new(body, "NextToken", json_stringn(page.ptr, page.len)) != 0) {
        json_decref(body);
        body = NULL;
    }
    return draft_json(step, "cloudtrail", "LookupEvents", region, wanted, body);
}

struct request s3_put_object(struct step *step, str region, str target, str body)
{
    return draft_rest(step, "s3", "PutObject", region, target, body);
}

struct request s3_list_objects(struct step *step, str region, str bucket, str prefix)
{
    CLEANUP(buf_release) struct buf query = BUF_INIT(REQUEST_BYTES_MAX);
    buf_add(&query, STR("list-type=2&prefix="));
    percent_encode(&query, prefix, "");
    str copy = query.err == ERR_OK ? arena_copy(step->arena, buf_str(&query)) : (str){ NULL, 0 };
    return draft_rest(step, "s3", "ListObjectsV2", region, bucket, copy);
}
