#include "aws/restrict_role.h"

#include "aws/inline_policy.h"
#include "aws/policy_power.h"
#include "aws/requests.h"
#include "aws/requests_iam.h"
#include "base/percent.h"

enum { ARG_ROLE, ARG_INSTANCE, ARG_BOUNDARY = RESTRICT_ARG_BOUNDARY, ARG_ACCOUNT, ARG_REGION };
enum { DOCUMENTS_BYTES_MAX = 4 * 1024 * 1024 }; /* of one answer, decoded */
enum { ATTACHED = RESTRICT_DOING_COUNT, POLICY, VERSION, NAMES, INLINE, DETACH };

static enum step_turn ask_attached(struct step *step, str page, uint32_t delay_ms)
{
    const struct restrict_role *self = step->state;
    struct request request = iam_list_attached_role_policies(step, self->principal.name, page);
    request.delay_ms = delay_ms;
    return talk_ask(step, ATTACHED, request);
}

/* ---- the end ---- */

/* "AdministratorAccess, ops" of those with that much to tell; NULL: no memory. */
static const char *detached_names(struct step *step)
{
    const struct restrict_role *self = step->state;
    const char *names = "";
    for (uint32_t at = 0; at < self->attached_count && names != NULL; at++) {
        const struct attached_policy *policy = &self->attached[at];
        if (policy->is_power && (policy->is_assumed || !policy->is_listed))
            names = arena_format(
                step->arena, "%s%s%.*s", names, names[0] == '\0' ? "" : ", ", STR_ARG(policy->arn));
    }
    return names;
}

/* What is left, with why: "; ..." or "". */
static const char *left_said(struct step *step)
{
    const struct restrict_role *self = step->state;
    const char *said = "";
    for (uint32_t at = 0; at < self->attached_count && said != NULL; at++)
        if (self->attached[at].fault != NULL)
            said = arena_format(step->arena, "%s; %.*s is still attached: %s", said,
                STR_ARG(self->attached[at].arn), self->attached[at].fault);
    if (said != NULL && self->inline_powers[0] != '\0')
        said = arena_format(step->arena,
            "%s; left alone, and too powerful as well, are its inline policies: %s (boundary= "
            "bounds those too)",
            said, self->inline_powers);
    return said;
}

static enum step_turn ended(struct step *step)
{
    const struct restrict_role *self = step->state;
    const char *detached = detached_names(step), *left = left_said(step);
    if (detached == NULL || left == NULL)
        return talk_memory(step);
    if (detached[0] == '\0' && left[0] == '\0')
        return talk_end(step, STEP_DONE,
            "cdr saw no policy of %.*s that lets it do everything: nothing was changed",
            STR_ARG(step->target));
    if (detached[0] == '\0')
        return talk_end(step, self->principal.talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
            "%.*s was not restricted%s", STR_ARG(step->target), left);
    return talk_end(step, left[0] == '\0' ? STEP_DONE : STEP_PARTIAL,
        self->principal.talk.has_changed ? "%.*s no longer has %s%s" : "%.*s would lose %s%s",
        STR_ARG(step->target), detached, left);
}

/* ---- detaching ---- */

static bool is_open(const struct attached_policy *policy)
{
    return policy->is_power && policy->is_listed && !policy->is_assumed && policy->fault == NULL;
}

static enum step_turn detach(struct step *step, uint32_t at)
{
    struct restrict_role *self = step->state;
    struct attached_policy *policy = &self->attached[at];
    struct undo undo = { .builtin = "unrestrict_role",
        .args = { value_text(self->principal.arn), value_text(policy->arn), VALUE_NONE, VALUE_NONE,
            value_text(self->principal.id) },
        .args_count = 5 };
    self->at = at;
    tries_send(&policy->tries);
    return talk_change(
        step, DETACH, iam_detach_role_policy(step, self->principal.name, policy->arn), undo);
}

static enum step_turn look_again(struct step *step, uint32_t delay_ms)
{
    struct restrict_role *self = step->state;
    for (uint32_t at = 0; at < self->attached_count; at++)
        self->attached[at].is_listed = false;
    self->is_looking = true;
    return ask_attached(step, STR(""), delay_ms);
}

/* After a list: what of it has to be detached, looked at again, or given up. */
static enum step_turn go_on(struct step *step)
{
    struct restrict_role *self = step->state;
    uint32_t delay_ms, longest_ms = 0;
    bool must_look = false;
    for (uint32_t at = 0; at < self->attached_count; at++) {
        struct attached_policy *policy = &self->attached[at];
        if (!is_open(policy))
            continue;
        switch (tries_missing(&policy->tries, &delay_ms)) {
        case TRIES_SEND:
            return detach(step, at);
        case TRIES_LOOK:
            must_look = true;
            longest_ms = delay_ms > longest_ms ? delay_ms : longest_ms;
            break;
        case TRIES_GIVE_UP:
            policy->fault = "IAM still shows it";
        }
    }
    return must_look ? look_again(step, longest_ms) : ended(step);
}

static enum step_turn heard_detach(struct step *step, const struct answer *answer)
{
    struct restrict_role *self = step->state;
    struct attached_policy *policy = &self->attached[self->at];
    bool must_look = false;
    tries_heard(&policy->tries, answer);
    policy->is_assumed = answer->heard == HEARD_ASSUMED;
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "NoSuchEntity"))) {
        policy->fault = talk_why(step, answer);
        if (policy->fault == NULL)
            return talk_memory(step);
    }
    for (uint32_t at = 0; at < self->attached_count; at++) {
        if (is_open(&self->attached[at]) && self->attached[at].tries.sent == 0)
            return detach(step, at);
        must_look |= is_open(&self->attached[at]);
    }
    return must_look ? look_again(step, 0) : ended(step);
}

/* ---- judging ---- */

static enum step_turn end_unread(struct step *step, str policy)
{
    return talk_end(step, STEP_FAILED, "the document of policy %.*s of %.*s cannot be read",
        STR_ARG(policy), STR_ARG(step->target));
}

/* From inline policy `at` on: ask for its document. */
static enum step_turn judge_inline(struct step *step, uint32_t at)
{
    struct restrict_role *self = step->state;
    self->at = at;
    if (at == self->inlines_count)
        return go_on(step);
    return talk_ask(
        step, INLINE, iam_get_role_policy(step, self->principal.name, self->inlines[at]));
}

static enum step_turn heard_inline(struct step *step, const struct answer *answer)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(DOCUMENTS_BYTES_MAX);
    struct restrict_role *self = step->state;
    str name = self->inlines[self->at], document;
    bool is_power;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = answer->heard == HEARD_ASSUMED
                       ? ERR_NOT_FOUND
                       : reply_inline_policy(&scratch, answer->root, false, &document);
    if (err == ERR_OK)
        err = policy_judge(document, self->principal.arn, &is_power);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return end_unread(step, name);
    if (is_power)
        self->inline_powers = arena_format(step->arena, "%s%s%.*s", self->inline_powers,
            self->inline_powers[0] == '\0' ? "" : ", ", STR_ARG(name));
    return self->inline_powers == NULL ? talk_memory(step) : judge_inline(step, self->at + 1);
}

static enum step_turn heard_names(struct step *step, const struct answer *answer)
{
    struct restrict_role *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *name = answer->heard == HEARD_ASSUMED
                                 ? NULL
                                 : xml_find(answer->root, "ListRolePoliciesResult/PolicyNames/"
                                                          "member");
    for (; name != NULL; name = xml_next(name)) {
        if (self->inlines_count == INLINE_MAX)
            return talk_end(step, STEP_FAILED, "%.*s has more than %d inline policies",
                STR_ARG(step->target), INLINE_MAX);
        self->inlines[self->inlines_count] = arena_copy(step->arena, name->text);
        if (self->inlines[self->inlines_count++].ptr == NULL)
            return talk_memory(step);
    }
    str page =
        answer->heard == HEARD_ASSUMED
            ? STR("")
            : arena_copy(step->arena, xml_text(answer->root, "ListRolePoliciesResult/Marker"));
    if (page.ptr == NULL)
        return talk_memory(step);
    if (page.len > 0)
        return talk_ask(step, NAMES, iam_list_role_policies(step, self->principal.name, page));
    return judge_inline(step, 0);
}

/* From attached policy `at` on: ask for the document of the next that is not known. */
static enum step_turn judge_attached(struct step *step, uint32_t at)
{
    struct restrict_role *self = step->state;
    for (; at < self->attached_count; at++) {
        struct attached_policy *policy = &self->attached[at];
        self->at = at;
        policy->is_power |= policy_is_known_power(policy->arn);
        if (!policy->is_power)
            return talk_ask(step, POLICY, iam_get_policy(step, policy->arn));
    }
    return talk_ask(step, NAMES, iam_list_role_policies(step, self->principal.name, STR("")));
}

static enum step_turn heard_policy(struct step *step, const struct answer *answer)
{
    const struct restrict_role *self = step->state;
    str arn = self->attached[self->at].arn;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return end_unread(step, arn);
    str version =
        arena_copy(step->arena, xml_text(answer->root, "GetPolicyResult/Policy/DefaultVersionId"));
    if (version.ptr == NULL)
        return talk_memory(step);
    if (version.len == 0)
        return end_unread(step, arn);
    return talk_ask(step, VERSION, iam_get_policy_version(step, arn, version));
}

static enum step_turn heard_version(struct step *step, const struct answer *answer)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(DOCUMENTS_BYTES_MAX);
    struct restrict_role *self = step->state;
    struct attached_policy *policy = &self->attached[self->at];
    str document;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return end_unread(step, policy->arn);
    enum err err = percent_decode(&scratch,
        xml_text(answer->root, "GetPolicyVersionResult/PolicyVersion/Document"), false, &document);
    if (err == ERR_OK)
        err = policy_judge(document, self->principal.arn, &policy->is_power);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    return err == ERR_OK ? judge_attached(step, self->at + 1) : end_unread(step, policy->arn);
}

/* ---- what is attached ---- */

static struct attached_policy *attached_of(struct restrict_role *self, str arn)
{
    for (uint32_t at = 0; at < self->attached_count; at++)
        if (str_equal(self->attached[at].arn, arn))
            return &self->attached[at];
    if (self->is_looking || self->attached_count == ATTACHED_MAX)
        return NULL;
    struct attached_policy *policy = &self->attached[self->attached_count++];
    *policy = (struct attached_policy){ .arn = arn };
    return policy;
}

/* Nothing was read: what stands for the policies. */
static enum step_turn assume(struct step *step)
{
    struct restrict_role *self = step->state;
    const char *all = arena_format(
        step->arena, "(each policy of %.*s that is too powerful)", STR_ARG(self->principal.name));
    if (all == NULL)
        return talk_memory(step);
    self->attached_count = 1;
    self->attached[0] =
        (struct attached_policy){ .arn = str_from(all), .is_power = true, .is_listed = true };
    return detach(step, 0);
}

static enum step_turn heard_attached(struct step *step, const struct answer *answer)
{
    struct restrict_role *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return assume(step);
    const struct xml *item =
        xml_find(answer->root, "ListAttachedRolePoliciesResult/AttachedPolicies/member");
    for (; item != NULL; item = xml_next(item)) {
        str arn = arena_copy(step->arena, xml_text(item, "PolicyArn"));
        struct attached_policy *policy = arn.ptr == NULL ? NULL : attached_of(self, arn);
        if (arn.ptr == NULL)
            return talk_memory(step);
        if (policy != NULL)
            policy->is_listed = true;
        else if (!self->is_looking)
            return talk_end(step, STEP_FAILED, "%.*s has more than %d attached policies",
                STR_ARG(step->target), ATTACHED_MAX);
    }
    self->page =
        arena_copy(step->arena, xml_text(answer->root, "ListAttachedRolePoliciesResult/Marker"));
    if (self->page.ptr == NULL)
        return talk_memory(step);
    if (self->page.len > 0)
        return ask_attached(step, self->page, 0);
    return self->is_looking ? go_on(step) : judge_attached(step, 0);
}

static enum step_turn found(struct step *step)
{
    struct restrict_role *self = step->state;
    str boundary = value_str(step->args[ARG_BOUNDARY]);
    self->inline_powers = "";
    return boundary.len > 0 ? boundary_begin(step, boundary) : ask_attached(step, STR(""), 0);
}

enum step_turn restrict_role_next(struct step *step, const struct reply *reply)
{
    static const struct principal_args args = { .role = ARG_ROLE,
        .user = -1,
        .instance = ARG_INSTANCE,
        .account = ARG_ACCOUNT,
        .region = ARG_REGION };
    static talk_hearer *const hearers[] = {
        PRINCIPAL_HEARERS,
        [RESTRICT_BOUNDARY_LOOK] = boundary_heard_look,
        [RESTRICT_BOUNDARY_CHANGE] = boundary_heard_change,
        [ATTACHED] = heard_attached,
        [POLICY] = heard_policy,
        [VERSION] = heard_version,
        [NAMES] = heard_names,
        [INLINE] = heard_inline,
        [DETACH] = heard_detach,
    };
    return reply == NULL ? principal_begin(step, &args, found) : talk_next(step, reply, hearers);
}
