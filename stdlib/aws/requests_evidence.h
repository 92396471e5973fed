/* requests_evidence.h - the requests of what collects evidence: snapshots, keys, logs.
 *
 * One request of one operation each, in the step's arena; body.ptr is NULL when that is full.
 * `page` is the token of the next page, or empty. */
#pragma once

#include "aws/requests.h"

/* How long what carries the tag is kept, counted from when it was made: "30d", or
 * TAG_RETAIN_FOREVER. Written always, so that no tag of a volume stands for it. */
#define TAG_RETAIN "cdr:retain"
#define TAG_RETAIN_FOREVER "forever"

/* Volumes that are attached to the instance. */
struct request ec2_describe_volumes(struct step *step, str region, str instance, str page);
/* Snapshots of all volumes of the instance, tagged with step->key and how long they are kept. */
struct request ec2_create_snapshots(struct step *step, str region, str instance, str retain);
/* Our own snapshots that carry step->key. */
struct request ec2_describe_step_snapshots(struct step *step, str region, str page);

/* One snapshot of ours by its id, and to delete it. */
struct request ec2_describe_snapshot(struct step *step, str region, str snapshot);
struct request ec2_delete_snapshot(struct step *step, str region, str snapshot);
/* What carries our tag: "DescribeSnapshots" (our own alone), "DescribeSecurityGroups". */
struct request ec2_describe_ours(struct step *step, const char *operation, str region, str page);

/* Who may make volumes of the snapshot, and one account more. */
struct request ec2_describe_snapshot_permissions(struct step *step, str region, str snapshot);
struct request ec2_share_snapshot(struct step *step, str region, str snapshot, str account);

/* `key`: an id or an ARN. */
struct request kms_describe_key(struct step *step, str region, str key);

/* One page, at most 50 events, of those with the attribute ("Username") between two moments, Unix
 * seconds. All pages of a lookup name the same. */
struct request cloudtrail_lookup(struct step *step, str region, const char *attribute, str wanted,
    int64_t since_s, int64_t until_s, str page);

/* `target`: "bucket/key". What is there already is not written over: 412. */
struct request s3_put_object(struct step *step, str region, str target, str body);
/* The objects whose keys begin so. */
struct request s3_list_objects(struct step *step, str region, str bucket, str prefix);
