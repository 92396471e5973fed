/* unrestrict_role.c - give a role a policy back that was detached, or the boundary that it had. */
#include "aws/restrict_role.h"

#include "aws/requests.h"
#include "aws/requests_iam.h"

enum { ARG_ROLE, ARG_POLICY, ARG_BOUNDARY, ARG_FORMER, ARG_ID };
enum { CALLER, KNOWN, ATTACHED, BOUNDARY, CHANGE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str role(const struct step *step)
{
    return principal_name(arg(step, ARG_ROLE));
}

static bool is_boundary(const struct step *step)
{
    return arg(step, ARG_POLICY).len == 0;
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct unrestrict_role *self = step->state;
    struct request request = is_boundary(step)
                                 ? iam_get_role(step, role(step))
                                 : iam_list_attached_role_policies(step, role(step), STR(""));
    self->is_seen = false;
    request.delay_ms = delay_ms;
    return talk_ask(step, is_boundary(step) ? BOUNDARY : ATTACHED, request);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct unrestrict_role *self = step->state;
    enum step_turn turn;
    step->target = arg(step, ARG_ROLE);
    if (!identity_heard(step, answer, STR(""), &self->caller, &turn))
        return turn;
    if (principal_is_elsewhere(&self->caller, step->target))
        return principal_end_elsewhere(step, &self->caller, step->target);
    if (is_boundary(step)) /* which looks at the role anyway */
        return look(step, 0);
    return talk_ask(step, KNOWN, principal_ask(step, step->target));
}

static enum step_turn heard_known(struct step *step, const struct answer *answer)
{
    enum step_turn turn;
    return principal_is_still(step, answer, step->target, arg(step, ARG_ID), &turn) ? look(step, 0)
                                                                                    : turn;
}

static struct request way_back(struct step *step)
{
    if (!is_boundary(step))
        return iam_attach_role_policy(step, role(step), arg(step, ARG_POLICY));
    if (arg(step, ARG_FORMER).len > 0)
        return iam_put_role_boundary(step, role(step), arg(step, ARG_FORMER));
    return iam_delete_role_boundary(step, role(step));
}

/* It is still as we left it. */
static enum step_turn take_back(struct step *step)
{
    struct unrestrict_role *self = step->state;
    struct undo nothing = { .builtin = NULL };
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE, way_back(step), nothing);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s is as it was after %u requests to change it back", STR_ARG(step->target),
        self->tries.sent);
}

static enum step_turn heard_attached(struct step *step, const struct answer *answer)
{
    struct unrestrict_role *self = step->state;
    str policy = arg(step, ARG_POLICY);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return take_back(step);
    const struct xml *item =
        xml_find(answer->root, "ListAttachedRolePoliciesResult/AttachedPolicies/member");
    for (; item != NULL; item = xml_next(item))
        self->is_seen |= str_equal(xml_text(item, "PolicyArn"), policy);
    self->page =
        arena_copy(step->arena, xml_text(answer->root, "ListAttachedRolePoliciesResult/Marker"));
    if (self->page.ptr == NULL)
        return talk_memory(step);
    if (!self->is_seen && self->page.len > 0)
        return talk_ask(
            step, ATTACHED, iam_list_attached_role_policies(step, role(step), self->page));
    if (!self->is_seen)
        return take_back(step);
    return talk_end(step, STEP_DONE,
        self->tries.sent > 0 ? "%.*s has %.*s again" : "%.*s has %.*s: nothing to take back",
        STR_ARG(step->target), STR_ARG(policy));
}

static enum step_turn heard_boundary(struct step *step, const struct answer *answer)
{
    const struct unrestrict_role *self = step->state;
    str ours = arg(step, ARG_BOUNDARY), former = arg(step, ARG_FORMER), boundary = ours;
    enum step_turn turn;
    if (!principal_is_still(step, answer, step->target, arg(step, ARG_ID), &turn))
        return turn;
    if (answer->heard == HEARD_ANSWER
        && reply_role_boundary(step->arena, answer->root, &boundary) != ERR_OK)
        return talk_memory(step);
    if (str_equal(boundary, ours))
        return take_back(step);
    if (!str_equal(boundary, former))
        return talk_end(step, STEP_FAILED,
            "the boundary of %.*s was changed since by somebody else: it was left alone",
            STR_ARG(step->target));
    return talk_end(step, STEP_DONE,
        self->tries.sent > 0 ? "%.*s has the boundary again that it had%s"
                             : "%.*s has the boundary that it had%s: nothing to take back",
        STR_ARG(step->target), former.len == 0 ? ", none" : "");
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct unrestrict_role *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE,
            is_boundary(step) ? "%.*s would have the boundary again that it had"
                              : "%.*s would have the policy again that was detached",
            STR_ARG(step->target));
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return talk_fail(step, answer);
    return look(step, 0);
}

enum step_turn unrestrict_role_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [KNOWN] = heard_known,
        [ATTACHED] = heard_attached,
        [BOUNDARY] = heard_boundary,
        [CHANGE] = heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
