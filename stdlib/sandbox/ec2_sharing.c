/* With whom snapshots are shared. */
#include "sandbox/ec2.h"
#include "sandbox/kms.h"
#include "sandbox/operation.h"

#include <stdio.h>

enum { ACCOUNT_DIGITS = 12 };

static json_t *snapshot_of(struct call *call)
{
    const char *attribute = call_text(call, "Attribute");
    if (attribute != NULL && strcmp(attribute, "createVolumePermission") != 0) {
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter attribute is invalid. Unknown snapshot attribute.",
            attribute);
        return NULL;
    }
    return ec2_find(call, EC2_SNAPSHOT, call_text(call, "SnapshotId"));
}

void sandbox_ec2_describe_snapshot_attribute(struct call *call)
{
    size_t index;
    json_t *account;
    const json_t *snapshot = snapshot_of(call);
    if (snapshot == NULL || !call_may_proceed(call))
        return;
    markup_text(&call->body, "snapshotId", world_text(snapshot, "snapshotId"));
    markup_open(&call->body, "createVolumePermission");
    json_array_foreach(json_object_get(snapshot, "sharedWith"), index, account)
    {
        markup_open(&call->body, "item");
        markup_text(&call->body, "userId", json_string_value(account));
        markup_close(&call->body, "item");
    }
    markup_close(&call->body, "createVolumePermission");
}

static bool account_is_good(struct call *call, const char *account)
{
    if (strlen(account) == ACCOUNT_DIGITS && strspn(account, "0123456789") == ACCOUNT_DIGITS)
        return true;
    return call_refuse(call, 400, "InvalidUserID.Malformed",
        "Invalid user id: \"%s\" (expecting \"\\d{12}\")", account);
}

/* Where `account` stands among those that the snapshot is shared with, or their count. */
static size_t place_of(const json_t *shared, const char *account)
{
    size_t at = 0;
    while (at < json_array_size(shared)
           && strcmp(json_string_value(json_array_get(shared, at)), account) != 0)
        at++;
    return at;
}

static void change_one(struct call *call, json_t *snapshot, const char *account, bool is_add)
{
    json_t *shared = json_object_get(snapshot, "sharedWith");
    size_t at = place_of(shared, account);
    bool is_there = at < json_array_size(shared);
    if (is_add && shared == NULL)
        call_set(call, snapshot, "sharedWith", json_array());
    if (is_add && !is_there)
        call_add(call, snapshot, "sharedWith", json_string(account));
    if (!is_add && is_there)
        call_remove(call, snapshot, "sharedWith", json_array_get(shared, at));
}

/* Both spellings: OperationType with UserId.N, or CreateVolumePermission. False: refused. */
static bool way_of(struct call *call, bool *ret_is_add, const char **ret_format)
{
    const char *operation = call_text(call, "OperationType");
    bool adds = form_hasf(&call->form, "CreateVolumePermission.Add.");
    bool removes = form_hasf(&call->form, "CreateVolumePermission.Remove.");
    *ret_is_add = adds || (operation != NULL && strcmp(operation, "add") == 0);
    *ret_format = operation != NULL ? "UserId.%zu"
                  : adds            ? "CreateVolumePermission.Add.%zu.UserId"
                                    : "CreateVolumePermission.Remove.%zu.UserId";
    if (adds + removes + (operation != NULL) != 1)
        return call_refuse(call, 400, "InvalidParameterCombination",
            "Specify users to add or users to remove, and not both.");
    if (operation != NULL && !*ret_is_add && strcmp(operation, "remove") != 0)
        return call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter operationType is invalid.", operation);
    return true;
}

/* Parameter `n` of those of way_of, or NULL. */
static const char *account_at(const struct call *call, const char *format, size_t n)
{
    char name[FORM_NAME_BYTES_MAX + 1];
    const char *at = strstr(format, "%zu");
    snprintf(name, sizeof(name), "%.*s%zu%s", (int)(at - format), format, n, at + 3);
    return call_text(call, name);
}

void sandbox_ec2_modify_snapshot_attribute(struct call *call)
{
    bool is_add = false;
    const char *format = NULL, *account;
    json_t *snapshot = snapshot_of(call);
    if (snapshot == NULL || !way_of(call, &is_add, &format))
        return;
    for (size_t n = 1; (account = account_at(call, format, n)) != NULL; n++)
        if (!account_is_good(call, account))
            return;
    if (is_add && world_flag(snapshot, "encrypted") && kms_is_default(snapshot)) {
        call_refuse(call, 400, "OperationNotPermitted",
            "Encrypted snapshots with EBS default key cannot be shared");
        return;
    }
    if (!call_may_proceed(call))
        return;
    for (size_t n = 1; (account = account_at(call, format, n)) != NULL; n++)
        change_one(call, snapshot, account, is_add);
    markup_flag(&call->body, "return", true);
}
