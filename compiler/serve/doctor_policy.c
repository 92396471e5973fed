/* doctor_policy.c - see doctor_policy.h. */
#include "serve/doctor_policy.h"

#include "arn.h"
#include "aws/inline_policy.h"
#include "aws/reply_tree.h"
#include "aws/requests_iam.h"
#include "base/percent.h"
#include "driver/policy.h"
#include "serve/blocks.h"

enum { POLICIES_MAX = 100, MISSING_SHOWN = 10 };

/* The policies of a role, being read. */
struct reading {
    struct transport *transport;
    struct arena *arena;
    json_t *policy;  /* all as one, or NULL */
    const char *why; /* what could not be read, or NULL */
    uint32_t count;
};

/* NULL: declined, or no answer, with reading->why. */
static const struct xml *ask(struct reading *reading, struct request request)
{
    struct reply reply;
    const struct xml *root = NULL;
    const char *reason = NULL;
    str code = STR("no answer"), message;
    enum err err = request.body.ptr == NULL ? ERR_MEMORY
                                            : reading->transport->send(reading->transport, &request,
                                                false, reading->arena, &reply, &reason);
    if (err == ERR_OK)
        err = reply_tree_parse(reading->arena, request.service, reply.body, &root);
    if (err == ERR_OK && reply.status < 400)
        return root;
    if (err == ERR_OK)
        (void)reply_tree_error(root, &code, &message);
    reading->why = arena_format(reading->arena, "%s: %.*s", request.operation,
        STR_ARG(reason != NULL ? str_from(reason) : code));
    if (reading->why == NULL)
        reading->why = err_text(ERR_MEMORY);
    return NULL;
}

static void add_document(struct reading *reading, str text)
{
    const char *reason = NULL;
    bool is_template;
    str document;
    if (percent_decode(reading->arena, text, false, &document) != ERR_OK
        || policy_read(document, reading->arena, &reading->policy, &is_template, &reason) != ERR_OK)
        reading->why = reason == NULL ? "a policy cannot be read" : reason;
    if (++reading->count >= POLICIES_MAX)
        reading->why = "there are too many policies";
}

static void read_inline(struct reading *reading, struct step *step, str role)
{
    const struct xml *root = ask(reading, iam_list_role_policies(step, role, STR("")));
    const struct xml *name = xml_find(root, "ListRolePoliciesResult/PolicyNames/member");
    if (str_is(xml_text(root, "ListRolePoliciesResult/IsTruncated"), "true"))
        reading->why = "there are too many policies";
    for (; name != NULL && reading->why == NULL; name = xml_next(name)) {
        str copy = arena_copy(reading->arena, name->text);
        const struct xml *one =
            copy.ptr == NULL ? NULL
                             : ask(reading, iam_get_inline_policy(step, false, role, copy.ptr));
        if (one != NULL)
            add_document(reading, xml_text(one, "GetRolePolicyResult/PolicyDocument"));
    }
}

static void read_managed(struct reading *reading, struct step *step, str arn)
{
    const struct xml *root = ask(reading, iam_get_policy(step, arn));
    if (root == NULL)
        return;
    str version = xml_text(root, "GetPolicyResult/Policy/DefaultVersionId");
    root = ask(reading, iam_get_policy_version(step, arn, version));
    if (root != NULL)
        add_document(reading, xml_text(root, "GetPolicyVersionResult/PolicyVersion/Document"));
}

static void read_attached(struct reading *reading, struct step *step, str role)
{
    const struct xml *root = ask(reading, iam_list_attached_role_policies(step, role, STR("")));
    const struct xml *one =
        xml_find(root, "ListAttachedRolePoliciesResult/AttachedPolicies/member");
    if (str_is(xml_text(root, "ListAttachedRolePoliciesResult/IsTruncated"), "true"))
        reading->why = "there are too many policies";
    for (; one != NULL && reading->why == NULL; one = xml_next(one))
        read_managed(reading, step, xml_text(one, "PolicyArn"));
}

/* The name of the role whose session we are; empty: we are something else. */
static str role_of(str identity)
{
    struct arn arn;
    str session = STR("assumed-role/");
    if (!arn_read(identity, &arn) || !str_startswith(arn.resource, session))
        return STR("");
    str name = str_skip(arn.resource, session.len);
    return str_first(name, str_find(name, '/'));
}

/* ---- what is needed ---- */

static enum err needs_find(
    struct rule_set *set, bool is_member, bool takes_roles, struct needs *ret_needs)
{
    struct needs all;
    TRY(needs_of(&set->compilation, STR("aws"), &all));
    *ret_needs = all;
    return is_member || takes_roles
               ? needs_part(&all, !is_member, &set->compilation.arena, ret_needs)
               : ERR_OK;
}

/* What ways in ask of the connection itself. */
static enum err needs_add_ways(struct rule_set *set, struct needs *needs)
{
    static const struct {
        const char *kind;
        const char *provider; /* of the block; "": it says none */
        const char *permission;
    } rows[] = {
        { "poll", "guardduty", "guardduty:ListDetectors" },
        { "poll", "guardduty", "guardduty:ListFindings" },
        { "poll", "guardduty", "guardduty:GetFindings" },
        { "queue", "", "sqs:ReceiveMessage" },
        { "queue", "", "sqs:DeleteMessage" },
        { "queue", "", "sqs:GetQueueAttributes" },
    };
    struct need **last = &needs->first;
    while (*last != NULL)
        last = &(*last)->next;
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        bool is_there = false;
        for (uint32_t i = 0; i < set->program->daemon_block_count; i++) {
            const struct daemon_block *block = &set->program->daemon_blocks[i];
            is_there |= str_is(block->kind, rows[at].kind)
                        && str_is(block_word(block, "provider", ""), rows[at].provider);
        }
        if (!is_there)
            continue;
        struct need *need = ARENA_NEW(&set->compilation.arena, struct need);
        if (need == NULL)
            return ERR_MEMORY;
        *need = (struct need){ .permission = rows[at].permission,
            .action = iam_action_find(str_from(rows[at].permission)) };
        if (need->action != NULL && need->action->resources[0] != '\0')
            need->type =
                iam_resource_find(str_from(need->permission), str_from(need->action->resources));
        *last = need;
        last = &need->next;
    }
    return ERR_OK;
}

static void compare(
    struct checkup *checkup, const json_t *policy, const struct needs *needs, const char *account)
{
    struct policy_words words = { .partition = "aws", .open = account };
    size_t asked = 0, missing = 0, unclear = 0;
    for (const struct need *need = needs->first; need != NULL; need = need->next) {
        enum permitted permitted = PERMITTED;
        const char *reason = NULL;
        if (need->action == NULL)
            continue;
        asked++;
        if (policy_permits(policy, need, &words, &checkup->driver->arena, &permitted, &reason)
            != ERR_OK)
            return;
        unclear += permitted == PERMITTED_UNCLEAR;
        missing += permitted == PERMITTED_NOT;
        if (permitted == PERMITTED_NOT && missing <= MISSING_SHOWN)
            checkup_add(checkup, HEALTH_PROBLEM, "permissions",
                "cdr permissions and cdr setup aws write what is needed", "%s, %s: %s",
                need->permission,
                need->users == NULL ? "of a way in"
                : need->is_undo     ? "to take back"
                                    : "to act",
                reason == NULL ? "" : reason);
    }
    if (missing > MISSING_SHOWN)
        checkup_add(checkup, HEALTH_PROBLEM, "permissions", NULL, "and %zu more are missing",
            missing - MISSING_SHOWN);
    if (unclear > 0)
        checkup_add(checkup, HEALTH_WARNING, "permissions", "cdr permissions --compare tells them",
            "%zu of %zu depend on what is not compared", unclear, asked);
    if (missing == 0)
        checkup_add(checkup, HEALTH_OK, "permissions", NULL, "none of %zu is missing", asked);
}

void doctor_policy(struct checkup *checkup, struct transport *transport, struct rule_set *set,
    str identity, bool is_member, bool takes_roles)
{
    struct arena *arena = &checkup->driver->arena;
    struct reading reading = { .transport = transport, .arena = arena };
    struct step step = { .arena = arena };
    struct needs needs;
    struct arn arn = { 0 };
    str role = role_of(identity);
    if (role.len == 0 || !arn_read(identity, &arn)) {
        checkup_add(checkup, HEALTH_WARNING, "permissions",
            "run as a role; or compare by hand: cdr permissions --compare",
            "not looked at: %.*s is no role", STR_ARG(identity));
        return;
    }
    if (needs_find(set, is_member, takes_roles, &needs) != ERR_OK
        || (!is_member && needs_add_ways(set, &needs) != ERR_OK))
        return;
    if (needs.first == NULL)
        return;
    read_inline(&reading, &step, role);
    if (reading.why == NULL)
        read_attached(&reading, &step, role);
    if (reading.why != NULL)
        checkup_add(checkup, HEALTH_WARNING, "permissions",
            "compare by hand: cdr permissions --compare FILE", "could not look: %s", reading.why);
    else if (reading.policy == NULL)
        checkup_add(checkup, HEALTH_PROBLEM, "permissions",
            "cdr permissions and cdr setup aws write what is needed",
            "the role %.*s has no policy at all", STR_ARG(role));
    else
        compare(checkup, reading.policy, &needs, arena_copy(arena, arn.account).ptr);
    json_decref(reading.policy);
}
