/* security_group.h - what the steps on security groups have in common: the group that is meant,
 * its rules one by one, and a rule as text. */
#pragma once

#include "aws/identity.h"
#include "aws/requests_ec2.h"

enum { GROUP_RULES_MAX = 2000, GROUP_RULE_PAGES_MAX = 20 };

struct security_group {
    str id;
    str name;
    str description;
    str vpc;
    str owner; /* account */
    str tags;  /* "a=1, b=2" for a person */
};

/* Read DescribeSecurityGroups of `id` into *ret_group and say the group's facts; an assumed
 * answer gives a group of that id and nothing else. False: the step has ended, there is no such
 * group or it belongs to another account than the caller's. */
bool security_group_heard(struct step *step, const struct answer *answer,
    const struct caller *caller, str id, struct security_group *ret_group,
    enum step_turn *ret_turn);

/* The rules of a group, page by page, in the step's arena. */
struct rule_list {
    struct group_rule *rules;
    uint32_t count, room;
    uint32_t pages;
};

/* Ask question `doing` for the first page, after `delay_ms`; forgets what `list` had. */
enum step_turn rule_list_ask(struct step *step, uint32_t doing, str region, str group,
    struct rule_list *list, uint32_t delay_ms);
/* Read a page. False: *ret_turn asks for the next one, or the step has ended. True: `list` is
 * whole; it is empty when the answer is assumed. */
bool rule_list_heard(struct step *step, const struct answer *answer, str region, str group,
    struct rule_list *list, enum step_turn *ret_turn);

/* For everybody: 0.0.0.0/0 or ::/0. */
bool rule_is_open(const struct group_rule *rule);
/* The same traffic; ids and descriptions do not count. */
bool rule_same(const struct group_rule *a, const struct group_rule *b);
/* "tcp 22-25 from 198.51.100.7/32 (office)", "everything to ::/0"; NULL: the arena is full. */
const char *rule_words(struct arena *arena, const struct group_rule *rule);

/* The rule without its id as the journal keeps it, "tcp 22 25 198.51.100.7/32 office", and back;
 * a ptr of NULL: the arena is full. False: it is not such a text. */
str rule_write(struct arena *arena, const struct group_rule *rule);
bool rule_read(str text, bool is_egress, struct group_rule *ret_rule);
