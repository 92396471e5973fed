/* registry.c - finds rows, and proves that they keep their promises.
 *
 * What the checker, the planner, the executor and the documents may rely on is what
 * the functions named *_fault say, and nothing else. */
#include "registry.h"

#include <ctype.h>

static const struct builtin_module *const all_modules[] = {
    &aws_ban_module,
    &aws_call_module,
    &aws_ec2_module,
    &aws_evidence_module,
    &aws_groups_module,
    &aws_iam_module,
    &crowdstrike_module,
    &defender_graph_module,
    &defender_hosts_module,
    &find_module,
    &fronts_module,
    &tell_module,
    &unconnected_module,
};

struct registry {
    const struct builtin_module *const *modules;
    size_t count;
};

static const struct registry everything = { all_modules, COUNT_OF(all_modules) };

static const struct builtin *row_at(const struct registry *registry, size_t index)
{
    for (size_t m = 0; m < registry->count; m++) {
        const struct builtin_module *module = registry->modules[m];
        if (index < module->count)
            return &module->rows[index];
        index -= module->count;
    }
    return NULL;
}

static const struct builtin *row_find(const struct registry *registry, enum verb verb, str name)
{
    const struct builtin *row;
    for (size_t index = 0; (row = row_at(registry, index)) != NULL; index++)
        if (row->verb == verb && row->name != NULL && str_is(name, row->name))
            return row;
    return NULL;
}

const struct builtin *builtin_at(size_t index)
{
    return row_at(&everything, index);
}

const struct builtin *builtin_find(enum verb verb, str name)
{
    return row_find(&everything, verb, name);
}

const struct builtin *builtin_find_of(enum verb verb, str name, const char *provider)
{
    const struct builtin *row = builtin_find(verb, name);
    const struct builtin *part = NULL;
    for (uint32_t at = 0; row != NULL && (part = builtin_part(row, at)) != NULL; at++)
        if (part->provider != NULL && strcmp(part->provider, provider) == 0)
            break;
    return part;
}

const struct builtin *builtin_finder(enum type type)
{
    return row_find(&everything, VERB_FIND, str_from(type_name(type)));
}

const struct builtin *builtin_find_inverse(str name)
{
    return row_find(&everything, VERB_UNDO, name);
}

static bool is_said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *words_fault(const struct builtin *row)
{
    if (!is_said(row->name) || !is_said(row->doc))
        return "a row needs a name and a doc";
    if (!is_said(row->source) && !builtin_is_alone(row) && row->ways == NULL)
        return "what reaches a provider names the page that describes it";
    if (row->source != NULL && !str_startswith(str_from(row->source), STR("https://")))
        return "a source is the address of a page";
    if (row->doc[strlen(row->doc) - 1] != '.')
        return "a doc is a sentence";
    return NULL;
}

/* "quick full": words between single blanks. */
static bool choices_are_words(const char *choices)
{
    size_t length = strlen(choices);
    return length > 0 && choices[0] != ' ' && choices[length - 1] != ' '
           && strstr(choices, "  ") == NULL;
}

static const char *param_fault(const struct builtin *row, uint32_t index)
{
    const struct param *param = &row->params[index];
    if (!is_said(param->name) || !is_said(param->doc))
        return "a parameter needs a name and a doc";
    for (uint32_t before = 0; before < index; before++)
        if (strcmp(row->params[before].name, param->name) == 0)
            return "a parameter must not appear twice";
    if (param->choices != NULL && (param->type != TYPE_TEXT || !choices_are_words(param->choices)))
        return "choices are words, and for text only";
    if (param->need == PARAM_TARGET && (!type_is_identifier(param->type) || param->is_list))
        return "a target is one identifier";
    if (param->directs && (param->type != TYPE_TEXT || param->choices != NULL))
        return "only text of any content says where a step goes";
    if (param->need == PARAM_REQUIRED && param->type == TYPE_TEXT && !param->directs
        && row->verb != VERB_UNDO)
        return "text that a rule must give says where the step goes";
    if (param->need == PARAM_SCOPE && param->type != TYPE_ACCOUNT && param->type != TYPE_REGION)
        return "a scope is an account or a region";
    if (param->need == PARAM_TARGET && row->verb == VERB_FIND)
        return "what a row looks for with is no target";
    if (param->need == PARAM_TARGET && row->verb == VERB_UNDO)
        return "the arguments of an undo are recorded, not found";
    return NULL;
}

static const char *params_fault(const struct builtin *row)
{
    uint32_t count = builtin_param_count(row);
    bool has_target = false;
    for (uint32_t index = 0; index < count; index++) {
        const char *fault = param_fault(row, index);
        if (fault != NULL)
            return fault;
        has_target |= row->params[index].need == PARAM_TARGET;
    }
    for (uint32_t index = count; index < STEP_PARAMS_MAX; index++)
        if (row->params[index].name != NULL)
            return "parameters end at the first without a name";
    if ((row->verb == VERB_COLLECT || row->verb == VERB_RESPOND) && !has_target && !row->tells)
        return "what collects or responds needs a target, or acts on the alert";
    return NULL;
}

static const char *behaviour_fault(const struct builtin *row)
{
    if ((row->next != NULL) + (row->missing != NULL) + (row->ways != NULL) != 1)
        return "a row does something, has ways, or says what is missing";
    if (row->next != NULL && row->provider != NULL && !is_said(row->provider))
        return "a row that reaches a provider names it";
    if (builtin_is_alone(row) && row->effect != EFFECT_READS && row->effect != EFFECT_COLLECTS)
        return "what reaches nobody changes nothing";
    if (row->state_bytes > STEP_STATE_BYTES_MAX)
        return "a state must fit into STEP_STATE_BYTES_MAX";
    if ((row->destroys & ~(unsigned)(DESTROYS_MEMORY | DESTROYS_CHANNEL | DESTROYS_DISK)) != 0)
        return "no such evidence to destroy";
    if (row->destroys != 0 && row->effect != EFFECT_CHANGES && row->effect != EFFECT_DESTROYS)
        return "what destroys evidence changes something";
    return NULL;
}

/* Scopes of CrowdStrike: "hosts:write", "real-time-response-admin:write". */
static bool is_scope(const char *text)
{
    const char *colon = strchr(text, ':');
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
    return colon != NULL && length > 0 && text + length == colon
           && (strcmp(colon, ":read") == 0 || strcmp(colon, ":write") == 0);
}

/* App roles of Microsoft: "Machine.Isolate", "User.EnableDisableAccount.All". */
static bool is_app_role(const char *text)
{
    bool begins = true;
    for (const char *at = text; *at != '\0'; at++) {
        if (begins ? !isupper((unsigned char)*at) : !isalnum((unsigned char)*at) && *at != '.')
            return false;
        begins = *at == '.';
    }
    return !begins && strchr(text, '.') != NULL;
}

/* "iam:PutRolePolicy", "execute-api:Invoke" */
static bool is_action(const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || !isupper((unsigned char)colon[1]))
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if (at != colon && !isalnum((unsigned char)*at) && (*at != '-' || at > colon))
            return false;
    return true;
}

static bool is_permission(const struct builtin *row, const char *text)
{
    if (row->provider != NULL && strcmp(row->provider, "crowdstrike") == 0)
        return is_scope(text);
    if (row->provider != NULL && strcmp(row->provider, "defender") == 0)
        return is_app_role(text);
    return is_action(text);
}

static bool has_permission(const char *const *permissions, size_t count, const char *wanted)
{
    for (size_t index = 0; index < count; index++)
        if (permissions[index] != NULL && strcmp(permissions[index], wanted) == 0)
            return true;
    return false;
}

static const char *list_fault(const struct builtin *row, const char *const *permissions)
{
    for (size_t index = 0; index < BUILTIN_PERMISSIONS_MAX && permissions[index] != NULL; index++) {
        if (!is_permission(row, permissions[index]))
            return "a permission is spelled as its provider does: service:Action, scope:write, "
                   "Role.All";
        if (has_permission(permissions, index, permissions[index]))
            return "a permission must not appear twice";
    }
    return NULL;
}

static const char *permissions_fault(const struct builtin *row)
{
    if (row->next != NULL && builtin_is_alone(row) != (row->permissions.apply[0] == NULL))
        return "what talks to a provider needs its permissions, and nothing else does";
    const char *fault = list_fault(row, row->permissions.apply);
    return fault != NULL ? fault : list_fault(row, row->permissions.undo);
}

static const char *inverse_fault(const struct registry *registry, const struct builtin *row)
{
    if (row->verb == VERB_UNDO)
        return row->inverse != NULL ? "an undo is not undone" : NULL;
    if (row->effect != EFFECT_CHANGES)
        return row->inverse != NULL ? "only what changes can have an inverse" : NULL;
    if (row->inverse == NULL)
        return "what changes and does not destroy needs an inverse";

    const struct builtin *inverse = row_find(registry, VERB_UNDO, str_from(row->inverse));
    if (inverse == NULL)
        return "an inverse is a row with VERB_UNDO";
    if (row->next != NULL && inverse->next == NULL)
        return "what can be done can be taken back in the same build";
    for (size_t index = 0; index < BUILTIN_PERMISSIONS_MAX; index++) {
        const char *needed = inverse->permissions.apply[index];
        if (needed != NULL
            && !has_permission(row->permissions.undo, BUILTIN_PERMISSIONS_MAX, needed))
            return "permissions to undo include those of the inverse";
    }
    return NULL;
}

/* Sorted by verb and name, so that no two are the same. */
static const char *order_fault(const struct builtin *before, const struct builtin *row)
{
    bool is_sorted =
        before->verb != row->verb ? before->verb < row->verb : strcmp(before->name, row->name) < 0;
    return is_sorted ? NULL : "rows are sorted by verb and name, each once";
}

static const char *part_fault(const struct registry *registry, const struct builtin *row)
{
    const char *fault = words_fault(row);
    if (fault == NULL)
        fault = params_fault(row);
    if (fault == NULL)
        fault = behaviour_fault(row);
    if (fault == NULL)
        fault = permissions_fault(row);
    return fault != NULL || row->ways != NULL ? fault : inverse_fault(registry, row);
}

/* What was bound and promised for the one is so for the other. */
static bool is_same_param(const struct param *a, const struct param *b)
{
    bool is_same_choice =
        a->choices == b->choices
        || (a->choices != NULL && b->choices != NULL && strcmp(a->choices, b->choices) == 0);
    return strcmp(a->name, b->name) == 0 && a->type == b->type && a->need == b->need
           && a->is_list == b->is_list && is_same_choice;
}

static const char *way_fault(const struct builtin *front, const struct builtin *way)
{
    uint32_t count = builtin_param_count(front);
    if (way->verb != front->verb || strcmp(way->name, front->name) != 0)
        return "a way has the name of its front";
    if (way->next == NULL || way->provider == NULL)
        return "a way reaches a provider";
    if (way->effect != front->effect || way->destroys != front->destroys
        || way->tells != front->tells || builtin_param_count(way) != count)
        return "a way takes, does and destroys what its front says";
    for (uint32_t at = 0; at < count; at++)
        if (!is_same_param(&front->params[at], &way->params[at]))
            return "a way has the parameters of its front, in that order";
    return NULL;
}

static const char *row_fault(const struct registry *registry, const struct builtin *row)
{
    const struct builtin *way;
    const char *fault = part_fault(registry, row);
    for (uint32_t at = 1; fault == NULL && (way = builtin_part(row, at)) != NULL; at++) {
        fault = at > BUILTIN_WAYS_MAX ? "too many ways" : way_fault(row, way);
        if (fault == NULL)
            fault = part_fault(registry, way);
    }
    return fault;
}

const char *registry_fault_in(
    const struct builtin_module *const *modules, size_t count, const struct builtin **reterr_row)
{
    struct registry registry = { modules, count };
    for (size_t m = 0; m < count; m++)
        for (size_t index = 0; index < modules[m]->count; index++) {
            const struct builtin *row = &modules[m]->rows[index];
            const char *fault = row_fault(&registry, row);
            if (fault == NULL && index > 0)
                fault = order_fault(row - 1, row);
            if (fault != NULL) {
                *reterr_row = row;
                return fault;
            }
        }
    return NULL;
}

const char *registry_fault(void)
{
    const struct builtin *row = NULL;
    return registry_fault_in(everything.modules, everything.count, &row);
}
