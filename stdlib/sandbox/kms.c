#include "sandbox/kms.h"

#include "sandbox/operation.h"

/* The default key of a region; real ones have an id of their own everywhere. */
#define DEFAULT_KEY "0c0de000-0000-4000-8000-000000000eb5"

static const char *key_arn(struct call *call, const char *id)
{
    return arena_format(
        call->arena, "arn:aws:kms:%s:%s:key/%s", call->region_name, call_account_id(call), id);
}

bool kms_is_default(const json_t *thing)
{
    return world_text(thing, "kmsKeyId")[0] == '\0';
}

const char *kms_key_of(struct call *call, const json_t *thing)
{
    if (!world_flag(thing, "encrypted"))
        return NULL;
    const char *given = world_text(thing, "kmsKeyId");
    const char *arn = given[0] != '\0' ? given : key_arn(call, DEFAULT_KEY);
    if (arn == NULL)
        call->err = ERR_MEMORY;
    return arn;
}

/* Whether some volume of the region has that key. */
static bool is_customers(const struct call *call, const char *arn)
{
    return world_find(call->region, "volumes", "kmsKeyId", arn) != NULL
           || world_find(call->region, "snapshots", "kmsKeyId", arn) != NULL;
}

void sandbox_kms_describe_key(struct call *call)
{
    const char *given = call_text(call, "KeyId");
    const char *arn = strncmp(given, "arn:", 4) == 0 ? given : key_arn(call, given);
    const char *standard = key_arn(call, DEFAULT_KEY);
    if (arn == NULL || standard == NULL) {
        call->err = ERR_MEMORY;
        return;
    }
    bool is_default = strcmp(arn, standard) == 0;
    if (!is_default && !is_customers(call, arn)) {
        call_refuse(call, 400, "NotFoundException", "Key '%s' does not exist", arn);
        return;
    }
    if (!call_may_proceed(call))
        return;
    const char *id = strrchr(arn, '/');
    json_t *key = json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:s}", "AWSAccountId",
        call_account_id(call), "KeyId", id == NULL ? "" : id + 1, "Arn", arn, "Enabled", 1,
        "KeyState", "Enabled", "KeyUsage", "ENCRYPT_DECRYPT", "KeySpec", "SYMMETRIC_DEFAULT",
        "KeyManager", is_default ? "AWS" : "CUSTOMER");
    if (json_object_set_new(call->json, "KeyMetadata", key) != 0)
        call->err = ERR_MEMORY;
}
