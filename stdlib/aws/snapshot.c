#include "aws/snapshot.h"

#include "aws/facts.h"
#include "aws/requests_evidence.h"
#include "aws/snapshot_share.h"
#include "base/time.h"

enum {
    POLL_MS = 15000,
    POLLS_MAX = 480, /* two hours: big volumes take that long */
    WAITS_MAX = 4,
    PAGES_MAX = 20,
};

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[SNAPSHOT_REGION]));
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    str id = arg(step, SNAPSHOT_INSTANCE);
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, SNAPSHOT_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = id;
    talk_found(step, "instance %.*s", STR_ARG(id));
    return talk_ask(step, SNAPSHOT_ASKS_INSTANCE, ec2_describe_instance(step, region(step), id));
}

/* Look from the first page on. */
enum step_turn snapshot_look(struct step *step, uint32_t delay_ms)
{
    struct snapshot *self = step->state;
    struct request request = ec2_describe_step_snapshots(step, region(step), (str){ "", 0 });
    request.delay_ms = delay_ms;
    self->pages = 0;
    return talk_ask(step, SNAPSHOT_LOOKS, request);
}

static enum step_turn heard_instance(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    str id = arg(step, SNAPSHOT_INSTANCE);
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, id, &self->instance, &turn))
        return turn;
    facts_of_volumes(step, &self->instance);
    facts_of_instance(step, answer, &self->instance, &self->caller);
    if (answer->heard == HEARD_ANSWER && self->instance.volumes_count == 0)
        return talk_end(step, STEP_FAILED,
            "instance %.*s (%.*s) has no EBS volume, so there is nothing to take a snapshot of",
            STR_ARG(id), STR_ARG(self->instance.state));
    if (answer->heard == HEARD_ANSWER)
        talk_found(step, "%u EBS volume%s", self->instance.volumes_count,
            self->instance.volumes_count == 1 ? "" : "s");
    return snapshot_ask_keys(step);
}

/* "30d", with which each snapshot is tagged; ptr is NULL when the arena is full. */
static str retain(struct step *step)
{
    value given = step->args[SNAPSHOT_RETAIN];
    char text[DURATION_TEXT_MAX];
    if (given.kind != VALUE_DURATION)
        return STR(TAG_RETAIN_FOREVER);
    return arena_copy(step->arena, duration_format(given.milliseconds, text));
}

static enum step_turn create(struct step *step)
{
    struct snapshot *self = step->state;
    str kept = retain(step);
    if (kept.ptr == NULL)
        return talk_memory(step);
    struct request request =
        ec2_create_snapshots(step, region(step), arg(step, SNAPSHOT_INSTANCE), kept);
    request.delay_ms = self->waits * POLL_MS;
    tries_send(&self->tries);
    return talk_change(step, SNAPSHOT_CREATES, request, (struct undo){ .builtin = NULL });
}

/* What an earlier look saw. */
static void forget(struct snapshot *self)
{
    for (uint32_t at = 0; at < INSTANCE_VOLUMES_MAX; at++) {
        self->volumes[at].id = (str){ "", 0 };
        self->volumes[at].state = SNAPSHOT_MISSING;
    }
}

/* Note one snapshot of the reply; those of volumes that the instance does not have any
 * more do not count. ERR_MEMORY. */
static MUST_CHECK enum err note(struct step *step, const struct xml *item)
{
    struct snapshot *self = step->state;
    str volume = xml_text(item, "volumeId"), status = xml_text(item, "status");
    for (uint32_t at = 0; at < self->instance.volumes_count; at++) {
        struct volume_snapshot *seen = &self->volumes[at];
        if (!str_equal(self->instance.volumes[at], volume))
            continue;
        if (seen->id.len == 0)
            seen->id = arena_copy(step->arena, xml_text(item, "snapshotId"));
        seen->state = str_is(status, "completed") ? SNAPSHOT_COMPLETED
                      : str_is(status, "error")   ? SNAPSHOT_ERROR
                                                  : SNAPSHOT_PENDING;
        return seen->id.ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    return ERR_OK;
}

static uint32_t count_of(const struct snapshot *self, int state)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < self->instance.volumes_count; at++)
        count += (int)self->volumes[at].state == state;
    return count;
}

/* "snap-1,snap-2" */
static str evidence(struct step *step)
{
    struct snapshot *self = step->state;
    const char *all = "";
    for (uint32_t at = 0; at < self->instance.volumes_count && all != NULL; at++)
        if (self->volumes[at].id.len > 0)
            all = arena_format(step->arena, "%s%s%.*s", all, all[0] == '\0' ? "" : ",",
                STR_ARG(self->volumes[at].id));
    return all == NULL ? (str){ NULL, 0 } : str_from(all);
}

/* What became of the copies themselves. NULL when the arena is full. */
static const char *words_of_copies(struct step *step, str url, bool *ret_is_whole)
{
    struct snapshot *self = step->state;
    uint32_t wanted = self->instance.volumes_count;
    uint32_t completed = count_of(self, SNAPSHOT_COMPLETED);
    str id = arg(step, SNAPSHOT_INSTANCE);
    *ret_is_whole = completed == wanted;
    if (self->is_supposed)
        return arena_format(
            step->arena, "a snapshot of each volume of instance %.*s would be made", STR_ARG(id));
    if (completed == wanted)
        return arena_format(step->arena, "every volume of instance %.*s is kept as %.*s",
            STR_ARG(id), STR_ARG(url));
    return arena_format(step->arena,
        "of %u volumes of instance %.*s %u are kept whole; %u snapshots failed, %u are still "
        "being copied, %u are not there (%.*s)",
        wanted, STR_ARG(id), completed, count_of(self, SNAPSHOT_ERROR),
        count_of(self, SNAPSHOT_PENDING), count_of(self, SNAPSHOT_MISSING), STR_ARG(url));
}

enum step_turn snapshot_conclude(struct step *step)
{
    const struct snapshot *self = step->state;
    bool is_kept, is_shared;
    str url = evidence(step);
    const char *copies = words_of_copies(step, url, &is_kept);
    const char *shares = snapshot_share_words(step, &is_shared);
    if (url.ptr == NULL || copies == NULL || shares == NULL)
        return talk_memory(step);
    if (!self->is_supposed)
        step->results.url = value_text(url);
    return talk_end(step, self->is_supposed || (is_kept && is_shared) ? STEP_DONE : STEP_PARTIAL,
        "%s%s", copies, shares);
}

/* AWS shows none of them. */
static enum step_turn heard_none(struct step *step)
{
    struct snapshot *self = step->state;
    str id = arg(step, SNAPSHOT_INSTANCE);
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return create(step);
    case TRIES_LOOK:
        return snapshot_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "AWS shows no snapshot of instance %.*s after %u requests to make them", STR_ARG(id),
        self->tries.sent);
}

/* All pages were read. */
static enum step_turn looked(struct step *step)
{
    struct snapshot *self = step->state;
    uint32_t missing = count_of(self, SNAPSHOT_MISSING);
    uint32_t delay_ms;
    if (missing == self->instance.volumes_count)
        return heard_none(step);
    if (missing > 0) {
        /* They are made together: EC2 has yet to show the rest. */
        self->tries.accepted = true;
        if (tries_missing(&self->tries, &delay_ms) == TRIES_LOOK)
            return snapshot_look(step, delay_ms);
    }
    if (count_of(self, SNAPSHOT_PENDING) > 0 && self->polls < POLLS_MAX)
        return snapshot_look(step, poll_delay_ms(self->polls++, POLL_MS));
    return snapshot_share(step);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return create(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (self->pages == 0)
        forget(self);
    for (const struct xml *item = xml_find(answer->root, "snapshotSet/item"); item != NULL;
         item = xml_next(item))
        if (note(step, item) != ERR_OK)
            return talk_memory(step);
    str page = xml_text(answer->root, "nextToken");
    if (page.len > 0 && ++self->pages < PAGES_MAX)
        return talk_ask(
            step, SNAPSHOT_LOOKS, ec2_describe_step_snapshots(step, region(step), page));
    return looked(step);
}

/* EC2 says later: this many at once, or this soon after the last, it does not make. */
static bool is_later(const struct answer *answer)
{
    return answer_is(answer, "SnapshotCreationPerVolumeRateExceeded")
           || answer_is(answer, "ConcurrentSnapshotLimitExceeded")
           || answer_is(answer, "IncorrectState");
}

static enum step_turn heard_create(struct step *step, const struct answer *answer)
{
    struct snapshot *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED) {
        self->is_supposed = true;
        return snapshot_share(step);
    }
    if (is_later(answer) && self->waits < WAITS_MAX) {
        self->waits++;
        return create(step);
    }
    if (answer->heard == HEARD_REFUSED || answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    return snapshot_look(step, 0);
}

enum step_turn snapshot_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [SNAPSHOT_ASKS_CALLER] = heard_caller,
        [SNAPSHOT_ASKS_INSTANCE] = heard_instance,
        [SNAPSHOT_LOOKS] = heard_look,
        [SNAPSHOT_CREATES] = heard_create,
        [SNAPSHOT_ASKS_VOLUMES] = snapshot_heard_volumes,
        [SNAPSHOT_ASKS_KEY] = snapshot_heard_key,
        [SNAPSHOT_ASKS_SHARED] = snapshot_heard_shared,
        [SNAPSHOT_SHARES] = snapshot_heard_share,
    };
    if (reply == NULL)
        return talk_ask(step, SNAPSHOT_ASKS_CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
