#include "aws/close_security_group.h"

#include "aws/requests.h"

enum { ARG_GROUP, ARG_ACCOUNT, ARG_REGION, ARG_DIRECTION };
enum { CALLER, GROUP, RULES, REVOKE_INGRESS, REVOKE_EGRESS };
enum { RULES_TOLD_MAX = 5 };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[ARG_REGION]));
}

static bool is_wanted(const struct step *step, bool is_egress)
{
    str direction = arg(step, ARG_DIRECTION);
    return str_is(direction, "both") || str_is(direction, "egress") == is_egress;
}

/* A direction of the group, to whoever wants it closed; empty bytes: the arena is full. */
static str thing(struct step *step, bool is_egress)
{
    return str_from(arena_format(
        step->arena, "%.*s %s", STR_ARG(arg(step, ARG_GROUP)), is_egress ? "egress" : "ingress"));
}

static str things(struct step *step)
{
    str ingress = thing(step, false), egress = thing(step, true);
    if (!is_wanted(step, true))
        return ingress;
    if (!is_wanted(step, false) || ingress.len == 0 || egress.len == 0)
        return egress;
    return str_from(arena_format(step->arena, "%.*s, %.*s", STR_ARG(ingress), STR_ARG(egress)));
}

static enum step_turn list(struct step *step, uint32_t delay_ms)
{
    struct close_security_group *self = step->state;
    return rule_list_ask(step, RULES, region(step), arg(step, ARG_GROUP), &self->list, delay_ms);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct close_security_group *self = step->state;
    enum step_turn turn;
    step->target = things(step);
    if (step->target.len == 0)
        return talk_memory(step);
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    return talk_ask(step, GROUP, ec2_describe_group(step, region(step), arg(step, ARG_GROUP)));
}

static enum step_turn heard_group(struct step *step, const struct answer *answer)
{
    struct close_security_group *self = step->state;
    str id = arg(step, ARG_GROUP);
    enum step_turn turn;
    if (!security_group_heard(step, answer, &self->caller, id, &self->group, &turn))
        return turn;
    if (self->group.name.len > 0)
        talk_found(step, "security group %.*s (%.*s) in %.*s", STR_ARG(id),
            STR_ARG(self->group.name), STR_ARG(self->group.vpc));
    return list(step, 0);
}

static bool is_due(const struct group_rule *rule, bool is_egress)
{
    return rule->is_egress == is_egress && rule_is_open(rule);
}

/* The rules of that direction that are open, into *ret_open. False: the arena is full. */
static bool open_rules(struct step *step, bool is_egress, struct rule_list *ret_open)
{
    struct close_security_group *self = step->state;
    struct rule_list open = { .rules = ARENA_ARRAY(
                                  step->arena, struct group_rule, self->list.count + 1) };
    if (open.rules == NULL)
        return false;
    for (uint32_t at = 0; at < self->list.count; at++)
        if (is_due(&self->list.rules[at], is_egress))
            open.rules[open.count++] = self->list.rules[at];
    *ret_open = open;
    return true;
}

/* The rules as the undo keeps them; ABSENT: the arena is full. */
static value rules_value(struct step *step, const struct rule_list *open)
{
    value *texts = ARENA_ARRAY(step->arena, value, open->count);
    for (uint32_t at = 0; at < open->count && texts != NULL; at++) {
        str text = rule_write(step->arena, &open->rules[at]);
        if (text.ptr == NULL)
            return VALUE_NONE;
        texts[at] = value_text(text);
    }
    return texts == NULL ? VALUE_NONE : value_list(texts, open->count);
}

/* "sgr-1: tcp 22 from 0.0.0.0/0, .." of the first few; NULL: the arena is full. */
static const char *rules_words(struct step *step, const struct rule_list *rules)
{
    const char *all = "";
    for (uint32_t at = 0; at < rules->count && at < RULES_TOLD_MAX && all != NULL; at++) {
        const char *words = rule_words(step->arena, &rules->rules[at]);
        all = words == NULL ? NULL
                            : arena_format(step->arena, "%s%s%.*s: %s", all, at == 0 ? "" : ", ",
                                STR_ARG(rules->rules[at].id), words);
    }
    if (all != NULL && rules->count > RULES_TOLD_MAX)
        all = arena_format(step->arena, "%s and %u more", all, rules->count - RULES_TOLD_MAX);
    return all;
}

/* Count the rules of a direction that are to go, and name them. False: the arena is full. */
static bool count_closed(struct step *step, const struct rule_list *open)
{
    struct close_security_group *self = step->state;
    const char *words = rules_words(step, open);
    self->closed += open->count;
    if (words != NULL && self->told != NULL)
        words = arena_format(step->arena, "%s, %s", self->told, words);
    self->told = words;
    return words != NULL;
}

static enum step_turn revoke(struct step *step, bool is_egress, const struct rule_list *open)
{
    struct close_security_group *self = step->state;
    struct request request = ec2_revoke_rule_ids(
        step, region(step), arg(step, ARG_GROUP), is_egress, open->rules, open->count);
    request.target = thing(step, is_egress);
    struct undo undo = { .builtin = "reopen_security_group", .args_count = REOPEN_ARGS };
    undo.args[REOPEN_GROUP] = value_text(arg(step, ARG_GROUP));
    undo.args[REOPEN_DIRECTION] = value_text(is_egress ? STR("egress") : STR("ingress"));
    undo.args[REOPEN_RULES] = rules_value(step, open);
    undo.args[REOPEN_ACCOUNT] =
        self->group.owner.len > 0 ? value_text(self->group.owner) : step->args[ARG_ACCOUNT];
    undo.args[REOPEN_REGION] = talk_region(step, step->args[ARG_REGION]);
    if (undo.args[REOPEN_RULES].kind == VALUE_ABSENT || request.target.len == 0)
        return talk_memory(step);
    if (self->tries[is_egress].sent == 0 && !count_closed(step, open))
        return talk_memory(step);
    self->revoked[is_egress] = *open;
    tries_send(&self->tries[is_egress]);
    return talk_change(step, is_egress ? REVOKE_EGRESS : REVOKE_INGRESS, request, undo);
}

static bool was_revoked(const struct rule_list *revoked, str id)
{
    for (uint32_t at = 0; at < revoked->count; at++)
        if (str_equal(revoked->rules[at].id, id))
            return true;
    return false;
}

/* Rules stay open whatever is asked for. */
static enum step_turn give_up(struct step *step, bool is_egress, const struct rule_list *open)
{
    struct close_security_group *self = step->state;
    const char *words = rules_words(step, open);
    bool is_same = false;
    if (words == NULL)
        return talk_memory(step);
    for (uint32_t at = 0; at < open->count; at++)
        is_same |= was_revoked(&self->revoked[is_egress], open->rules[at].id);
    if (!is_same)
        return talk_end(step, STEP_PARTIAL,
            "security group %.*s was opened again by somebody while it was closed: %s",
            STR_ARG(arg(step, ARG_GROUP)), words);
    return talk_end(step, self->tries[is_egress].accepted ? STEP_UNKNOWN : STEP_FAILED,
        "security group %.*s still has rules that are open to the world after %u requests to "
        "revoke them: %s",
        STR_ARG(arg(step, ARG_GROUP)), self->tries[is_egress].sent, words);
}

/* Close one direction, if it is wanted and open. False: there is nothing (more) to do. */
static bool close_direction(struct step *step, bool is_egress, enum step_turn *ret_turn)
{
    struct close_security_group *self = step->state;
    struct rule_list open;
    uint32_t delay_ms;
    if (!is_wanted(step, is_egress) || (self->is_plan && self->tries[is_egress].sent > 0))
        return false;
    if (!open_rules(step, is_egress, &open)) {
        *ret_turn = talk_memory(step);
        return true;
    }
    if (open.count == 0)
        return false;
    switch (tries_missing(&self->tries[is_egress], &delay_ms)) {
    case TRIES_SEND:
        *ret_turn = revoke(step, is_egress, &open);
        return true;
    case TRIES_LOOK:
        *ret_turn = list(step, delay_ms);
        return true;
    case TRIES_GIVE_UP:
        break;
    }
    *ret_turn = give_up(step, is_egress, &open);
    return true;
}

static enum step_turn decide(struct step *step)
{
    struct close_security_group *self = step->state;
    str id = arg(step, ARG_GROUP);
    enum step_turn turn;
    if (close_direction(step, false, &turn) || close_direction(step, true, &turn))
        return turn;
    if (self->closed == 0)
        return talk_end(step, STEP_DONE,
            "security group %.*s has no rule that is open to the world: nothing was changed",
            STR_ARG(id));
    if (self->is_offline)
        return talk_end(step, STEP_DONE,
            "security group %.*s would not be open to the world any more: each rule that is open "
            "would be revoked",
            STR_ARG(id));
    return talk_end(step, STEP_DONE,
        "security group %.*s %s open to the world any more: %u rule%s revoked (%s); connections "
        "that were open before may live on until EC2 no longer tracks them",
        STR_ARG(id), self->is_plan ? "would not be" : "is not", self->closed,
        self->closed == 1 ? "" : "s", self->told);
}

/* Offline nobody can be asked which rules there are. */
static bool suppose_rules(struct step *step)
{
    struct close_security_group *self = step->state;
    struct group_rule *rules = ARENA_ARRAY(step->arena, struct group_rule, 2);
    if (rules == NULL)
        return false;
    for (int at = 0; at < 2; at++)
        rules[at] = (struct group_rule){ STR("(each rule that is open to the world)"), STR("-1"),
            STR("-1"), STR("-1"), STR("0.0.0.0/0"), STR(""), at == 1 };
    self->list = (struct rule_list){ .rules = rules, .count = 2 };
    self->is_offline = true;
    return true;
}

static enum step_turn heard_rules(struct step *step, const struct answer *answer)
{
    struct close_security_group *self = step->state;
    enum step_turn turn;
    if (!rule_list_heard(step, answer, region(step), arg(step, ARG_GROUP), &self->list, &turn))
        return turn;
    if (answer->heard == HEARD_ASSUMED && !suppose_rules(step))
        return talk_memory(step);
    return decide(step);
}

/* EC2 may answer without an error and not have done it (a default VPC, rules that it does not
 * know): only "return" and the next look count. */
static bool is_accepted(const struct answer *answer)
{
    return answer->heard == HEARD_ANSWER && str_is(xml_text(answer->root, "return"), "true")
           && xml_find(answer->root, "unknownIpPermissionSet/item") == NULL;
}

static enum step_turn heard_revoke(struct step *step, const struct answer *answer, bool is_egress)
{
    struct close_security_group *self = step->state;
    self->tries[is_egress].accepted = is_accepted(answer);
    if (answer->heard == HEARD_ASSUMED) {
        self->is_plan = true;
        return decide(step);
    }
    /* Somebody else was faster with one of them: then EC2 revokes none. */
    bool is_race = answer_is(answer, "InvalidSecurityGroupRuleId.NotFound")
                   || answer_is(answer, "InvalidPermission.NotFound");
    if (answer->heard == HEARD_REFUSED || (answer->heard == HEARD_ERROR && !is_race))
        return talk_fail(step, answer);
    return list(step, 0);
}

static enum step_turn heard_revoke_ingress(struct step *step, const struct answer *answer)
{
    return heard_revoke(step, answer, false);
}

static enum step_turn heard_revoke_egress(struct step *step, const struct answer *answer)
{
    return heard_revoke(step, answer, true);
}

enum step_turn close_security_group_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [GROUP] = heard_group,
        [RULES] = heard_rules,
        [REVOKE_INGRESS] = heard_revoke_ingress,
        [REVOKE_EGRESS] = heard_revoke_egress,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
