#include "aws/snapshot_share.h"

#include "act/plan.h"
#include "aws/requests_evidence.h"

#define UNKNOWN_SNAPSHOT PLAN_LATER "CreateSnapshots)"

enum { VOLUME_PAGES_MAX = 20 };

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[SNAPSHOT_REGION]));
}

str snapshot_sharer(const struct step *step)
{
    const struct snapshot *self = step->state;
    str account = value_str(step->args[SNAPSHOT_SHARE]);
    return str_equal(account, self->caller.account) ? STR("") : account;
}

/* ---- how the volumes are encrypted ---- */

enum step_turn snapshot_ask_keys(struct step *step)
{
    struct snapshot *self = step->state;
    if (snapshot_sharer(step).len == 0)
        return snapshot_look(step, 0);
    self->pages = 0;
    return talk_ask_for_facts(step, SNAPSHOT_ASKS_VOLUMES,
        ec2_describe_volumes(step, region(step), self->instance.id, (str){ "", 0 }));
}

/* ERR_MEMORY. */
static MUST_CHECK enum err note_key(struct step *step, const struct xml *item)
{
    struct snapshot *self = step->state;
    for (uint32_t at = 0; at < self->instance.volumes_count; at++) {
        struct volume_snapshot *volume = &self->volumes[at];
        if (!str_equal(self->instance.volumes[at], xml_text(item, "volumeId"))
            || !str_is(xml_text(item, "encrypted"), "true"))
            continue;
        volume->key = KEY_UNKNOWN;
        volume->key_id = arena_copy(step->arena, xml_text(item, "kmsKeyId"));
        return volume->key_id.ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    return ERR_OK;
}

/* Whether the key of volume `at` is that of one before it, which was asked about. */
static bool is_asked(const struct snapshot *self, uint32_t at)
{
    for (uint32_t before = 0; before < at; before++)
        if (str_equal(self->volumes[before].key_id, self->volumes[at].key_id))
            return true;
    return false;
}

/* Say before anything is made what will not be shared. */
static void say_keys(struct step *step)
{
    const struct snapshot *self = step->state;
    for (uint32_t at = 0; at < self->instance.volumes_count; at++)
        if (self->volumes[at].key == KEY_AWS)
            talk_found(step,
                "%.*s is encrypted with AWS's own key, so that its snapshot cannot be shared",
                STR_ARG(self->instance.volumes[at]));
}

/* Ask about the next key from volume self->at on. */
static enum step_turn ask_key(struct step *step)
{
    struct snapshot *self = step->state;
    for (; self->at < self->instance.volumes_count; self->at++) {
        str key = self->volumes[self->at].key_id;
        if (key.len > 0 && !is_asked(self, self->at))
            return talk_ask_for_facts(
                step, SNAPSHOT_ASKS_KEY, kms_describe_key(step, region(step), key));
    }
    say_keys(step);
    return snapshot_look(step, 0);
}

enum step_turn snapshot_heard_volumes(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    if (answer->heard != HEARD_ANSWER)
        return snapshot_look(step, 0);
    for (const struct xml *item = xml_find(answer->root, "volumeSet/item"); item != NULL;
         item = xml_next(item))
        if (note_key(step, item) != ERR_OK)
            return talk_memory(step);
    str page = xml_text(answer->root, "nextToken");
    if (page.len > 0 && ++self->pages < VOLUME_PAGES_MAX)
        return talk_ask_for_facts(step, SNAPSHOT_ASKS_VOLUMES,
            ec2_describe_volumes(step, region(step), self->instance.id, page));
    self->at = 0;
    return ask_key(step);
}

enum step_turn snapshot_heard_key(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    str key = self->volumes[self->at].key_id;
    str manager =
        answer->heard == HEARD_ANSWER ? xml_text(answer->root, "KeyMetadata/KeyManager") : STR("");
    for (uint32_t at = self->at; at < self->instance.volumes_count; at++)
        if (str_equal(self->volumes[at].key_id, key))
            self->volumes[at].key = str_is(manager, "AWS")        ? KEY_AWS
                                    : str_is(manager, "CUSTOMER") ? KEY_CUSTOMER
                                                                  : KEY_UNKNOWN;
    self->at++;
    return ask_key(step);
}

/* ---- sharing ---- */

static enum step_turn share_this(struct step *step)
{
    struct snapshot *self = step->state;
    str id = self->is_supposed ? STR(UNKNOWN_SNAPSHOT) : self->volumes[self->at].id;
    tries_send(&self->sharing);
    return talk_change(step, SNAPSHOT_SHARES,
        ec2_share_snapshot(step, region(step), id, snapshot_sharer(step)),
        (struct undo){ .builtin = NULL });
}

static enum step_turn ask_shared(struct step *step, uint32_t delay_ms)
{
    const struct snapshot *self = step->state;
    struct request request =
        ec2_describe_snapshot_permissions(step, region(step), self->volumes[self->at].id);
    request.delay_ms = delay_ms;
    return talk_ask_for_facts(step, SNAPSHOT_ASKS_SHARED, request);
}

enum step_turn snapshot_share(struct step *step)
{
    struct snapshot *self = step->state;
    bool is_wanted = snapshot_sharer(step).len > 0;
    for (self->at = 0; is_wanted && self->at < self->instance.volumes_count; self->at++) {
        const struct volume_snapshot *volume = &self->volumes[self->at];
        bool is_there = self->is_supposed || volume->state == SNAPSHOT_COMPLETED;
        if (!is_there || volume->key == KEY_AWS || volume->share != SHARE_OPEN)
            continue;
        self->sharing = (struct tries){ 0 };
        return self->is_supposed ? share_this(step) : ask_shared(step, 0);
    }
    return snapshot_conclude(step);
}

static enum step_turn shared(struct step *step, enum share_state share, const char *why)
{
    struct snapshot *self = step->state;
    if (share == SHARE_FAILED && why == NULL)
        return talk_memory(step);
    self->volumes[self->at].share = share;
    if (self->share_why == NULL)
        self->share_why = why;
    return snapshot_share(step);
}

static bool is_shared_with(const struct xml *root, str account)
{
    const struct xml *item = xml_find(root, "createVolumePermission/item");
    for (; item != NULL; item = xml_next(item))
        if (str_equal(xml_text(item, "userId"), account))
            return true;
    return false;
}

enum step_turn snapshot_heard_shared(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    uint32_t delay_ms;
    if (answer->heard == HEARD_ANSWER && is_shared_with(answer->root, snapshot_sharer(step)))
        return shared(step, SHARE_DONE, NULL);
    if (answer->heard != HEARD_ANSWER)
        return shared(step, SHARE_FAILED, talk_why(step, answer));
    switch (tries_missing(&self->sharing, &delay_ms)) {
    case TRIES_SEND:
        return share_this(step);
    case TRIES_LOOK:
        return ask_shared(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return shared(step, SHARE_FAILED, "AWS does not show that it is shared, although asked to");
}

enum step_turn snapshot_heard_share(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    tries_heard(&self->sharing, answer);
    if (answer->heard == HEARD_ASSUMED)
        return shared(step, SHARE_DONE, NULL);
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return shared(step, SHARE_FAILED, talk_why(step, answer));
    return ask_shared(step, 0);
}

/* ---- what is said at the end ---- */

/* The first volume of which it holds that its snapshot is there, in that state of sharing and
 * with that kind of key (KEY_NONE: any); the count when there is none. */
static uint32_t find_volume(
    const struct snapshot *self, enum share_state share, enum volume_key key)
{
    uint32_t at = 0;
    for (; at < self->instance.volumes_count; at++) {
        const struct volume_snapshot *volume = &self->volumes[at];
        if (volume->id.len > 0 && volume->share == share && (key == KEY_NONE || volume->key == key))
            break;
    }
    return at;
}

/* "; snap-1 is not shared with ...: ..." */
static const char *words_of_failed(struct step *step, uint32_t aws, uint32_t failed)
{
    const struct snapshot *self = step->state;
    str account = snapshot_sharer(step);
    if (aws < self->instance.volumes_count)
        return arena_format(step->arena,
            "; %.*s is not shared with account %.*s, because it is encrypted with AWS's own key: "
            "copy it with a key of yours whose policy lets that account use it, and share the copy",
            STR_ARG(self->volumes[aws].id), STR_ARG(account));
    if (failed < self->instance.volumes_count)
        return arena_format(step->arena, "; %.*s is not shared with account %.*s: %s",
            STR_ARG(self->volumes[failed].id), STR_ARG(account), self->share_why);
    return "";
}

/* What only the policy of a key decides, which nobody here may read. */
static const char *words_of_key(struct step *step, const char *more)
{
    const struct snapshot *self = step->state;
    uint32_t at = find_volume(self, SHARE_DONE, KEY_CUSTOMER);
    if (at == self->instance.volumes_count)
        at = find_volume(self, SHARE_DONE, KEY_UNKNOWN);
    if (at == self->instance.volumes_count)
        return more;
    return arena_format(step->arena,
        "%s; to use it, account %.*s needs kms:CreateGrant, kms:Decrypt and kms:DescribeKey in the "
        "policy of %.*s",
        more, STR_ARG(snapshot_sharer(step)), STR_ARG(self->volumes[at].key_id));
}

const char *snapshot_share_words(struct step *step, bool *ret_is_whole)
{
    const struct snapshot *self = step->state;
    uint32_t count = self->instance.volumes_count;
    str account = snapshot_sharer(step);
    *ret_is_whole = true;
    str own = value_str(step->args[SNAPSHOT_SHARE]);
    if (account.len == 0 && own.len > 0)
        return arena_format(step->arena,
            "; not shared: account %.*s is their own, so who may act there has them already",
            STR_ARG(own));
    if (account.len == 0 || self->is_supposed)
        return "";
    uint32_t aws = find_volume(self, SHARE_OPEN, KEY_AWS);
    uint32_t failed = find_volume(self, SHARE_FAILED, KEY_NONE);
    *ret_is_whole = aws == count && failed == count;
    const char *more = words_of_failed(step, aws, failed);
    if (*ret_is_whole && find_volume(self, SHARE_DONE, KEY_NONE) < count)
        more = arena_format(step->arena, "; shared with account %.*s", STR_ARG(account));
    return more == NULL ? NULL : words_of_key(step, more);
}
