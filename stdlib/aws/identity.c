#include "aws/identity.h"

static bool ends(enum step_turn *ret_turn, enum step_turn turn)
{
    *ret_turn = turn;
    return false;
}

bool identity_heard(struct step *step, const struct answer *answer, str wanted,
    struct caller *ret_caller, enum step_turn *ret_turn)
{
    str none = { "", 0 };
    *ret_caller = (struct caller){ none, none, none, none };
    if (answer->heard == HEARD_ASSUMED)
        return true;
    if (answer->heard == HEARD_ERROR)
        return ends(ret_turn, talk_fail(step, answer));
    enum err err = reply_caller(step->arena, answer->root, ret_caller);
    if (err == ERR_MEMORY)
        return ends(ret_turn, talk_memory(step));
    if (err != ERR_OK)
        return ends(ret_turn,
            talk_end(step, STEP_FAILED, "AWS does not say which account the connection reaches"));
    if (wanted.len > 0 && !str_equal(wanted, ret_caller->account))
        return ends(
            ret_turn, talk_end(step, STEP_UNRESOLVED,
                          "this is about account %.*s, but the connection reaches account %.*s",
                          STR_ARG(wanted), STR_ARG(ret_caller->account)));
    return true;
}

/* The reply is there: is it the instance, and may it be touched? */
static bool instance_is_ours(struct step *step, const struct caller *caller, str id,
    const struct instance *instance, enum step_turn *ret_turn)
{
    if (!str_equal(instance->id, id))
        return ends(ret_turn,
            talk_end(step, STEP_FAILED, "AWS was asked about instance %.*s and answered about %.*s",
                STR_ARG(id), STR_ARG(instance->id)));
    if (!str_equal(instance->owner, caller->account))
        return ends(ret_turn,
            talk_end(step, STEP_UNRESOLVED,
                "instance %.*s belongs to account %.*s, but the connection reaches account %.*s",
                STR_ARG(id), STR_ARG(instance->owner), STR_ARG(caller->account)));
    if (str_equal(instance->id, caller->session))
        return ends(
            ret_turn, talk_end(step, STEP_FAILED,
                          "instance %.*s is the one this program runs on, which is never a target",
                          STR_ARG(id)));
    return true;
}

bool instance_heard(struct step *step, const struct answer *answer, const struct caller *caller,
    str id, struct instance *ret_instance, enum step_turn *ret_turn)
{
    const struct talk *talk = step->state;
    if (answer->heard == HEARD_ASSUMED) {
        *ret_instance = (struct instance){ .id = id, .state = STR("running") };
        return true;
    }
    enum err err = ERR_NOT_FOUND;
    if (answer->heard == HEARD_ANSWER)
        err = reply_instance(step->arena, answer->root, ret_instance);
    else if (!answer_is(answer, "InvalidInstanceID.NotFound"))
        return ends(ret_turn, talk_fail(step, answer));
    if (err == ERR_MEMORY)
        return ends(ret_turn, talk_memory(step));
    if (err == ERR_LIMIT)
        return ends(ret_turn, talk_end(step, STEP_FAILED, "instance %.*s has more than %d volumes",
                                  STR_ARG(id), INSTANCE_VOLUMES_MAX));
    if (err != ERR_OK)
        return ends(ret_turn,
            talk_end(step, STEP_UNRESOLVED,
                "there is no instance %.*s in account %.*s in region %.*s; if it is elsewhere, "
                "give account=, region=",
                STR_ARG(id), STR_ARG(caller->account), STR_ARG(talk->last.region)));
    return instance_is_ours(step, caller, id, ret_instance, ret_turn);
}

const char *instance_caveat(struct step *step, const struct instance *instance)
{
    if (instance->auto_scaling_group.len == 0)
        return "";
    return arena_format(step->arena,
        "; it is a member of the Auto Scaling group %.*s, which may replace it",
        STR_ARG(instance->auto_scaling_group));
}
