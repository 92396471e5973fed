/* role_boundary.c - restrict_role by a permissions boundary. */
#include "aws/restrict_role.h"

#include "aws/requests.h"
#include "aws/requests_iam.h"

enum err reply_role_boundary(struct arena *arena, const struct xml *root, str *ret_boundary)
{
    *ret_boundary = arena_copy(
        arena, xml_text(root, "GetRoleResult/Role/PermissionsBoundary/PermissionsBoundaryArn"));
    return ret_boundary->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static str wanted(const struct step *step)
{
    return value_str(step->args[RESTRICT_ARG_BOUNDARY]);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct restrict_role *self = step->state;
    struct request request = iam_get_role(step, self->principal.name);
    request.delay_ms = delay_ms;
    return talk_ask(step, RESTRICT_BOUNDARY_LOOK, request);
}

enum step_turn boundary_begin(struct step *step, str boundary)
{
    const struct restrict_role *self = step->state;
    struct arn arn;
    if (!arn_read(boundary, &arn) || !str_is(arn.service, "iam")
        || !str_startswith(arn.resource, STR("policy/")))
        return talk_end(step, STEP_FAILED,
            "boundary= is the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME), which "
            "'%.*s' is not",
            STR_ARG(boundary));
    step->target = str_from(arena_format(
        step->arena, "%.*s boundary %.*s", STR_ARG(self->principal.arn), STR_ARG(boundary)));
    return step->target.len == 0 ? talk_memory(step) : look(step, 0);
}

static enum step_turn put(struct step *step)
{
    struct restrict_role *self = step->state;
    struct undo undo = { .builtin = "unrestrict_role",
        .args = { value_text(self->principal.arn), VALUE_NONE, value_text(wanted(step)),
            self->former.len > 0 ? value_text(self->former) : VALUE_NONE,
            value_text(self->principal.id) },
        .args_count = 5 };
    tries_send(&self->tries);
    return talk_change(step, RESTRICT_BOUNDARY_CHANGE,
        iam_put_role_boundary(step, self->principal.name, wanted(step)), undo);
}

/* The boundary is not the wanted one. */
static enum step_turn missing(struct step *step)
{
    struct restrict_role *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return put(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "IAM does not show the boundary of %.*s after %u requests to put it",
        STR_ARG(self->principal.arn), self->tries.sent);
}

enum step_turn boundary_heard_look(struct step *step, const struct answer *answer)
{
    struct restrict_role *self = step->state;
    str boundary = { "", 0 };
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ANSWER
        && reply_role_boundary(step->arena, answer->root, &boundary) != ERR_OK)
        return talk_memory(step);
    if (self->tries.sent == 0)
        self->former = boundary;
    if (!str_equal(boundary, wanted(step)))
        return missing(step);
    return talk_end(step, STEP_DONE,
        self->tries.sent == 0 ? "%.*s is bounded by %.*s already: nothing was changed"
                              : "%.*s may do no more than %.*s allows",
        STR_ARG(self->principal.arn), STR_ARG(boundary));
}

enum step_turn boundary_heard_change(struct step *step, const struct answer *answer)
{
    struct restrict_role *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would be bounded by %.*s",
            STR_ARG(self->principal.arn), STR_ARG(wanted(step)));
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_FAILED, "IAM knows no policy %.*s, or no longer %.*s",
            STR_ARG(wanted(step)), STR_ARG(self->principal.arn));
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return talk_fail(step, answer);
    return look(step, 0);
}
