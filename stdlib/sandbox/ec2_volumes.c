/* Volumes, their snapshots, and the list of regions. */
#include "sandbox/ec2.h"
#include "sandbox/kms.h"
#include "sandbox/operation.h"

/* How many looks a snapshot stays pending. */
enum { LOOKS_UNTIL_COMPLETED = 2, SNAPSHOTS_PER_REGION_MAX = 10000, DESCRIPTION_MAX = 255 };

static void write_attachment(struct buf *out, const json_t *volume)
{
    markup_open(out, "attachmentSet");
    if (world_text(volume, "instanceId")[0] != '\0') {
        markup_open(out, "item");
        markup_text(out, "volumeId", world_text(volume, "volumeId"));
        markup_text(out, "instanceId", world_text(volume, "instanceId"));
        markup_text(out, "device", world_text(volume, "device"));
        markup_text(out, "status", "attached");
        markup_text(out, "attachTime", world_text(volume, "createTime"));
        markup_flag(out, "deleteOnTermination", world_flag(volume, "deleteOnTermination"));
        markup_close(out, "item");
    }
    markup_close(out, "attachmentSet");
}

static void write_volume(struct call *call, const json_t *volume)
{
    struct buf *out = &call->body;
    markup_open(out, "item");
    markup_text(out, "volumeId", world_text(volume, "volumeId"));
    markup_number(out, "size", world_number(volume, "size"));
    markup_text(out, "snapshotId", world_text(volume, "snapshotId"));
    markup_text(out, "availabilityZone", world_text(volume, "availabilityZone"));
    markup_text(out, "status", world_text(volume, "state"));
    markup_text(out, "createTime", world_text(volume, "createTime"));
    write_attachment(out, volume);
    ec2_write_tags(out, volume);
    markup_text(out, "volumeType", world_text(volume, "volumeType"));
    markup_flag(out, "encrypted", world_flag(volume, "encrypted"));
    markup_text(out, "kmsKeyId", kms_key_of(call, volume));
    markup_flag(out, "multiAttachEnabled", false);
    markup_close(out, "item");
}

void sandbox_ec2_describe_volumes(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "attachment.instance-id", "instanceId" },
        { "attachment.device", "device" },
        { "attachment.delete-on-termination", "deleteOnTermination" },
        { "volume-id", "volumeId" },
        { "status", "state" },
        { "encrypted", "encrypted" },
        { "size", "size" },
        { "volume-type", "volumeType" },
        { "availability-zone", "availabilityZone" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "VolumeId", 0 };
    struct ec2_list list;
    if (!ec2_select(call, EC2_VOLUME, &select, &list) || !call_may_proceed(call))
        return;
    markup_open(&call->body, "volumeSet");
    for (size_t at = 0; at < list.count; at++)
        write_volume(call, list.items[at]);
    markup_close(&call->body, "volumeSet");
    ec2_end_page(call, &select);
}

/* What a snapshot shows; its state is called `state` by CreateSnapshots alone. */
static void write_snapshot(struct call *call, const json_t *snapshot, const char *state_tag)
{
    struct buf *out = &call->body;
    const char *state = world_text(snapshot, "state");
    markup_text(out, "snapshotId", world_text(snapshot, "snapshotId"));
    markup_text(out, "volumeId", world_text(snapshot, "volumeId"));
    markup_text(out, state_tag, state);
    markup_text(out, "startTime", world_text(snapshot, "startTime"));
    markup_text(out, "progress", strcmp(state, "completed") == 0 ? "100%" : "");
    markup_text(out, "ownerId", call_account_id(call));
    markup_number(out, "volumeSize", world_number(snapshot, "volumeSize"));
    markup_text(out, "description", world_text(snapshot, "description"));
    markup_flag(out, "encrypted", world_flag(snapshot, "encrypted"));
    markup_text(out, "kmsKeyId", kms_key_of(call, snapshot));
    ec2_write_tags(out, snapshot);
}

/* As for instances: each look brings a pending snapshot nearer to its end. */
static void pass_time(struct call *call)
{
    size_t index;
    json_t *snapshot;
    json_array_foreach(json_object_get(call->region, "snapshots"), index, snapshot)
    {
        long long looks = world_number(snapshot, "looksLeft");
        if (strcmp(world_text(snapshot, "state"), "pending") != 0)
            continue;
        int failed = looks > 1 ? json_object_set_new(snapshot, "looksLeft", json_integer(looks - 1))
                               : json_object_set_new(snapshot, "state", json_string("completed"));
        if (looks <= 1)
            json_object_del(snapshot, "looksLeft");
        if (failed != 0)
            call->err = ERR_MEMORY;
    }
}

/* Whether Owner.N name this account, or nobody is named. False for `amazon` and others. */
static bool is_ours(const struct call *call)
{
    if (call_text(call, "Owner.1") == NULL)
        return true;
    for (size_t n = 1; n <= FORM_PLACE_MAX; n++) {
        const char *owner = form_getf(&call->form, "Owner.%zu", n);
        if (owner == NULL)
            break;
        if (strcmp(owner, "self") == 0 || strcmp(owner, call_account_id(call)) == 0)
            return true;
    }
    return false;
}

void sandbox_ec2_describe_snapshots(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "snapshot-id", "snapshotId" },
        { "volume-id", "volumeId" },
        { "volume-size", "volumeSize" },
        { "status", "state" },
        { "description", "description" },
        { "encrypted", "encrypted" },
        { "start-time", "startTime" },
        { "owner-id", "" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "SnapshotId", 0 };
    struct ec2_list list;
    if (!ec2_select(call, EC2_SNAPSHOT, &select, &list) || !call_may_proceed(call))
        return;
    if (!is_ours(call))
        list.count = 0;
    markup_open(&call->body, "snapshotSet");
    for (size_t at = 0; at < list.count; at++) {
        markup_open(&call->body, "item");
        write_snapshot(call, list.items[at], "status");
        markup_close(&call->body, "item");
    }
    markup_close(&call->body, "snapshotSet");
    ec2_end_page(call, &select);
    pass_time(call);
}

static bool description_is_good(struct call *call, const char *description)
{
    if (description == NULL || strlen(description) <= DESCRIPTION_MAX)
        return true;
    return call_refuse(call, 400, "InvalidParameterValue",
        "Description is longer than %d characters", DESCRIPTION_MAX);
}

/* A pending snapshot of the volume in the world, borrowed; NULL: no memory. */
static json_t *take(struct call *call, const json_t *volume, json_t *tags)
{
    const char *description = call_text(call, "Description");
    const char *id = world_mint(call->world, call->arena, "snap");
    const char *now = call_now(call);
    json_auto_t *copy = json_copy(tags);
    json_t *snapshot = json_pack("{s:s,s:s,s:I,s:b,s:s,s:i,s:s,s:s,s:O}", "snapshotId",
        id == NULL ? "" : id, "volumeId", world_text(volume, "volumeId"), "volumeSize",
        (json_int_t)world_number(volume, "size"), "encrypted", (int)world_flag(volume, "encrypted"),
        "state", "pending", "looksLeft", LOOKS_UNTIL_COMPLETED, "startTime", now == NULL ? "" : now,
        "description", description == NULL ? "" : description, "tags", copy);
    const char *key = world_text(volume, "kmsKeyId");
    if (key[0] != '\0' && json_object_set_new(snapshot, "kmsKeyId", json_string(key)) != 0)
        call->err = ERR_MEMORY;
    call_add(call, call->region, "snapshots", snapshot);
    return call->err == ERR_OK ? snapshot : NULL;
}

static bool has_room(struct call *call, size_t more)
{
    size_t held = json_array_size(json_object_get(call->region, "snapshots"));
    if (held + more <= SNAPSHOTS_PER_REGION_MAX)
        return true;
    return call_refuse(
        call, 400, "SnapshotLimitExceeded", "The maximum number of snapshots has been reached.");
}

void sandbox_ec2_create_snapshot(struct call *call)
{
    json_auto_t *tags = ec2_tags_specified(call, "snapshot");
    const json_t *volume = ec2_find(call, EC2_VOLUME, call_text(call, "VolumeId"));
    if (tags == NULL || volume == NULL || !has_room(call, 1)
        || !description_is_good(call, call_text(call, "Description")) || !call_may_proceed(call))
        return;
    const json_t *snapshot = take(call, volume, tags);
    if (snapshot != NULL)
        write_snapshot(call, snapshot, "status");
}

/* The instance's volumes less those that the request leaves out. False: refused. */
static bool volumes_wanted(struct call *call, const json_t *instance, struct ec2_list *ret_list)
{
    bool skip_boot = false;
    struct ec2_list left_out;
    if (!call_flag(call, "InstanceSpecification.ExcludeBootVolume", &skip_boot)
        || !ec2_named(call, EC2_VOLUME, "InstanceSpecification.ExcludeDataVolumeId", &left_out))
        return false;
    const json_t *all = json_object_get(call->region, "volumes");
    *ret_list =
        (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    size_t index;
    json_t *volume;
    json_array_foreach(all, index, volume)
    {
        bool is_boot =
            strcmp(world_text(volume, "device"), world_text(instance, "rootDeviceName")) == 0;
        bool is_wanted =
            strcmp(world_text(volume, "instanceId"), world_text(instance, "instanceId")) == 0
            && !(is_boot && skip_boot);
        for (size_t at = 0; at < left_out.count; at++)
            is_wanted &= left_out.items[at] != volume;
        if (is_wanted)
            ret_list->items[ret_list->count++] = volume;
    }
    if (ret_list->count > 0)
        return true;
    return call_refuse(call, 400, "InvalidParameterValue",
        "The instance '%s' has no volume to take a snapshot of.",
        world_text(instance, "instanceId"));
}

static json_t *snapshot_tags(struct call *call, const json_t *volume, json_t *given)
{
    if (call_text(call, "CopyTagsFromSource") == NULL)
        return json_copy(given);
    json_t *volume_tags = json_object_get(volume, "tags");
    json_t *tags = volume_tags == NULL ? json_object() : json_copy(volume_tags);
    if (json_object_update(tags, given) != 0)
        call->err = ERR_MEMORY;
    return tags;
}

static void take_all(struct call *call, const struct ec2_list *volumes, json_t *given)
{
    markup_open(&call->body, "snapshotSet");
    for (size_t at = 0; at < volumes->count; at++) {
        json_auto_t *tags = snapshot_tags(call, volumes->items[at], given);
        const json_t *snapshot = take(call, volumes->items[at], tags);
        if (snapshot == NULL)
            return;
        markup_open(&call->body, "item");
        write_snapshot(call, snapshot, "state");
        markup_close(&call->body, "item");
    }
    markup_close(&call->body, "snapshotSet");
}

void sandbox_ec2_create_snapshots(struct call *call)
{
    const char *copied = call_text(call, "CopyTagsFromSource");
    json_auto_t *tags = ec2_tags_specified(call, "snapshot");
    const json_t *instance =
        ec2_find(call, EC2_INSTANCE, call_text(call, "InstanceSpecification.InstanceId"));
    struct ec2_list volumes;
    if (tags == NULL || instance == NULL
        || !description_is_good(call, call_text(call, "Description")))
        return;
    if (copied != NULL && strcmp(copied, "volume") != 0) {
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter CopyTagsFromSource is invalid.", copied);
        return;
    }
    if (strcmp(world_text(instance, "state"), "terminated") == 0) {
        call_refuse(call, 400, "IncorrectState", "The instance '%s' is terminated.",
            world_text(instance, "instanceId"));
        return;
    }
    if (volumes_wanted(call, instance, &volumes) && has_room(call, volumes.count)
        && call_may_proceed(call))
        take_all(call, &volumes, tags);
}

void sandbox_ec2_delete_snapshot(struct call *call)
{
    json_t *snapshot = ec2_find(call, EC2_SNAPSHOT, call_text(call, "SnapshotId"));
    if (snapshot == NULL || !call_may_proceed(call))
        return;
    call_remove(call, call->region, "snapshots", snapshot);
    markup_flag(&call->body, "return", true);
}
