#include "aws/security_group.h"

#include "aws/facts.h"

static bool ends(enum step_turn *ret_turn, enum step_turn turn)
{
    *ret_turn = turn;
    return false;
}

/* "a=1, b=2"; NULL: the arena is full. */
static const char *tags_words(struct arena *arena, const struct xml *group)
{
    const char *all = "";
    const struct xml *tag = xml_find(group, "tagSet/item");
    for (; tag != NULL && all != NULL; tag = xml_next(tag))
        all = arena_format(arena, "%s%s%.*s=%.*s", all, all[0] == '\0' ? "" : ", ",
            STR_ARG(xml_text(tag, "key")), STR_ARG(xml_text(tag, "value")));
    return all;
}

/* False: the arena is full. */
static bool group_read(struct arena *arena, const struct xml *item, struct security_group *group)
{
    const char *tags = tags_words(arena, item);
    *group = (struct security_group){
        .id = arena_copy(arena, xml_text(item, "groupId")),
        .name = arena_copy(arena, xml_text(item, "groupName")),
        .description = arena_copy(arena, xml_text(item, "groupDescription")),
        .vpc = arena_copy(arena, xml_text(item, "vpcId")),
        .owner = arena_copy(arena, xml_text(item, "ownerId")),
        .tags = tags == NULL ? (str){ NULL, 0 } : str_from(tags),
    };
    return group->id.ptr != NULL && group->name.ptr != NULL && group->description.ptr != NULL
           && group->vpc.ptr != NULL && group->owner.ptr != NULL && tags != NULL;
}

bool security_group_heard(struct step *step, const struct answer *answer,
    const struct caller *caller, str id, struct security_group *ret_group, enum step_turn *ret_turn)
{
    const struct talk *talk = step->state;
    if (answer->heard == HEARD_ASSUMED) {
        str none = { "", 0 };
        *ret_group = (struct security_group){ id, none, none, none, none, none };
        return true;
    }
    if (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidGroup.NotFound"))
        return ends(ret_turn, talk_fail(step, answer));
    const struct xml *item =
        answer->heard == HEARD_ANSWER ? xml_find(answer->root, "securityGroupInfo/item") : NULL;
    if (item == NULL)
        return ends(
            ret_turn, talk_end(step, STEP_UNRESOLVED,
                          "there is no security group %.*s in account %.*s in region %.*s",
                          STR_ARG(id), STR_ARG(caller->account), STR_ARG(talk->last.region)));
    if (!group_read(step->arena, item, ret_group))
        return ends(ret_turn, talk_memory(step));
    if (!str_equal(ret_group->id, id))
        return ends(ret_turn,
            talk_end(step, STEP_FAILED, "AWS was asked about group %.*s and answered about %.*s",
                STR_ARG(id), STR_ARG(ret_group->id)));
    if (!str_equal(ret_group->owner, caller->account))
        return ends(ret_turn,
            talk_end(step, STEP_UNRESOLVED,
                "security group %.*s belongs to account %.*s, but the connection reaches account "
                "%.*s",
                STR_ARG(id), STR_ARG(ret_group->owner), STR_ARG(caller->account)));
    facts_of_group(step, item, caller);
    return true;
}

static enum step_turn ask_page(
    struct step *step, uint32_t doing, str region, str group, str page, uint32_t delay_ms)
{
    struct request request = ec2_describe_rules(step, region, group, page);
    request.delay_ms = delay_ms;
    return talk_ask(step, doing, request);
}

enum step_turn rule_list_ask(struct step *step, uint32_t doing, str region, str group,
    struct rule_list *list, uint32_t delay_ms)
{
    list->count = 0;
    list->pages = 0;
    return ask_page(step, doing, region, group, (str){ "", 0 }, delay_ms);
}

/* Room for one more. ERR_LIMIT, ERR_MEMORY. */
static MUST_CHECK enum err make_room(struct arena *arena, struct rule_list *list)
{
    if (list->count < list->room)
        return ERR_OK;
    if (list->count >= GROUP_RULES_MAX)
        return ERR_LIMIT;
    uint32_t room = list->room == 0 ? 8 : 2 * list->room;
    struct group_rule *rules = ARENA_ARRAY(arena, struct group_rule, room);
    if (rules == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < list->count; at++)
        rules[at] = list->rules[at];
    list->rules = rules;
    list->room = room;
    return ERR_OK;
}

static str peer_of(const struct xml *item)
{
    static const char *const members[] = { "cidrIpv4", "cidrIpv6", "prefixListId",
        "referencedGroupInfo/groupId" };
    str peer = { "", 0 };
    for (size_t at = 0; at < COUNT_OF(members) && peer.len == 0; at++)
        peer = xml_text(item, members[at]);
    return peer;
}

static MUST_CHECK enum err add_rule(
    struct arena *arena, const struct xml *item, struct rule_list *list)
{
    TRY(make_room(arena, list));
    struct group_rule rule = {
        .id = arena_copy(arena, xml_text(item, "securityGroupRuleId")),
        .protocol = arena_copy(arena, xml_text(item, "ipProtocol")),
        .from = arena_copy(arena, xml_text(item, "fromPort")),
        .to = arena_copy(arena, xml_text(item, "toPort")),
        .peer = arena_copy(arena, peer_of(item)),
        .description = arena_copy(arena, xml_text(item, "description")),
        .is_egress = str_is(xml_text(item, "isEgress"), "true"),
    };
    if (rule.id.ptr == NULL || rule.protocol.ptr == NULL || rule.from.ptr == NULL
        || rule.to.ptr == NULL || rule.peer.ptr == NULL || rule.description.ptr == NULL)
        return ERR_MEMORY;
    list->rules[list->count++] = rule;
    return ERR_OK;
}

bool rule_list_heard(struct step *step, const struct answer *answer, str region, str group,
    struct rule_list *list, enum step_turn *ret_turn)
{
    const struct talk *talk = step->state;
    enum err err = ERR_OK;
    if (answer->heard == HEARD_ASSUMED)
        return true;
    if (answer->heard == HEARD_ERROR)
        return ends(ret_turn, talk_fail(step, answer));
    const struct xml *item = xml_find(answer->root, "securityGroupRuleSet/item");
    for (; item != NULL && err == ERR_OK; item = xml_next(item))
        if (str_equal(xml_text(item, "groupId"), group))
            err = add_rule(step->arena, item, list);
    if (err == ERR_MEMORY)
        return ends(ret_turn, talk_memory(step));
    str page = xml_text(answer->root, "nextToken");
    if (err == ERR_LIMIT || (page.len > 0 && ++list->pages >= GROUP_RULE_PAGES_MAX))
        return ends(ret_turn, talk_end(step, talk->has_changed ? STEP_UNKNOWN : STEP_FAILED,
                                  "security group %.*s has more rules than can be read: %u were",
                                  STR_ARG(group), list->count));
    if (page.len > 0)
        return ends(ret_turn, ask_page(step, talk->doing, region, group, page, 0));
    return true;
}

bool rule_is_open(const struct group_rule *rule)
{
    return str_is(rule->peer, "0.0.0.0/0") || str_is(rule->peer, "::/0");
}

bool rule_same(const struct group_rule *a, const struct group_rule *b)
{
    return a->is_egress == b->is_egress && str_equal(a->protocol, b->protocol)
           && str_equal(a->from, b->from) && str_equal(a->to, b->to) && str_equal(a->peer, b->peer);
}

const char *rule_words(struct arena *arena, const struct group_rule *rule)
{
    bool is_any = str_is(rule->protocol, "-1");
    bool has_ports = !is_any && !str_is(rule->from, "-1") && rule->from.len > 0;
    bool is_range = has_ports && !str_equal(rule->from, rule->to);
    str none = { "", 0 };
    return arena_format(arena, "%.*s%s%.*s%s%.*s %s %.*s%s%.*s%s",
        STR_ARG(is_any ? STR("everything") : rule->protocol), has_ports ? " " : "",
        STR_ARG(has_ports ? rule->from : none), is_range ? "-" : "",
        STR_ARG(is_range ? rule->to : none), rule->is_egress ? "to" : "from", STR_ARG(rule->peer),
        rule->description.len > 0 ? " (" : "", STR_ARG(rule->description),
        rule->description.len > 0 ? ")" : "");
}

str rule_write(struct arena *arena, const struct group_rule *rule)
{
    const char *text = arena_format(arena, "%.*s %.*s %.*s %.*s%s%.*s", STR_ARG(rule->protocol),
        STR_ARG(rule->from), STR_ARG(rule->to), STR_ARG(rule->peer),
        rule->description.len > 0 ? " " : "", STR_ARG(rule->description));
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

static str next_word(str *rest)
{
    str word = str_first(*rest, str_find(*rest, ' '));
    *rest = str_skip(*rest, word.len + 1);
    return word;
}

bool rule_read(str text, bool is_egress, struct group_rule *ret_rule)
{
    struct group_rule rule = { .id = STR(""), .is_egress = is_egress };
    rule.protocol = next_word(&text);
    rule.from = next_word(&text);
    rule.to = next_word(&text);
    rule.peer = next_word(&text);
    rule.description = text;
    *ret_rule = rule;
    return rule.protocol.len > 0 && rule.from.len > 0 && rule.to.len > 0 && rule.peer.len > 0;
}
