/* iam_actions.c - the rows of iam_actions.def. */
#include "aws/iam_actions.h"

#include "base/attr.h"

static const struct iam_action actions[] = {
#define ACTION(name, resources, source) { name, resources, IAM_##source },
#include "aws/iam_actions.def"
#undef ACTION
};

static const struct iam_resource resources[] = {
#define RESOURCE(service, type, arn, takes_tags) { service, type, arn, takes_tags },
#include "aws/iam_actions.def"
#undef RESOURCE
};

static const struct iam_use uses[] = {
#define USE(step, action, resources, narrow) { step, action, resources, IAM_##narrow },
#include "aws/iam_actions.def"
#undef USE
};

/* One more than there are: the list may be empty. */
static const struct iam_when whens[] = {
#define WHEN(step, actions, param, values) { step, actions, param, values },
#include "aws/iam_actions.def"
#undef WHEN
    { NULL, NULL, NULL, NULL },
};

const struct iam_action *iam_action_at(size_t index)
{
    return index < COUNT_OF(actions) ? &actions[index] : NULL;
}

const struct iam_resource *iam_resource_at(size_t index)
{
    return index < COUNT_OF(resources) ? &resources[index] : NULL;
}

const struct iam_use *iam_use_at(size_t index)
{
    return index < COUNT_OF(uses) ? &uses[index] : NULL;
}

const struct iam_when *iam_when_at(size_t index)
{
    return index + 1 < COUNT_OF(whens) ? &whens[index] : NULL;
}

const struct iam_action *iam_action_find(str name)
{
    for (size_t at = 0; at < COUNT_OF(actions); at++)
        if (str_is(name, actions[at].name))
            return &actions[at];
    return NULL;
}

const struct iam_resource *iam_resource_find(str action, str type)
{
    str service = str_first(action, str_find(action, ':'));
    for (size_t at = 0; at < COUNT_OF(resources); at++)
        if (str_is(service, resources[at].service) && str_is(type, resources[at].type))
            return &resources[at];
    return NULL;
}

const char *iam_action_of(const char *service, const char *operation)
{
    static const struct {
        const char *service, *operation, *action;
    } rows[] = {
#define OPERATION(service, operation, action) { service, operation, action },
#include "aws/iam_actions.def"
#undef OPERATION
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++)
        if (strcmp(rows[at].service, service) == 0 && strcmp(rows[at].operation, operation) == 0)
            return rows[at].action;
    return NULL;
}

bool iam_action_is_regional(str action)
{
    static const char *const services[] = {
        "autoscaling:", "ec2:", "elasticloadbalancing:", "ssm:"
    };
    for (size_t at = 0; at < COUNT_OF(services); at++)
        if (str_startswith(action, str_from(services[at])))
            return true;
    return false;
}

bool iam_action_is_connections(str action)
{
    return str_startswith(action, STR("organizations:")) || str_startswith(action, STR("s3:"))
           || str_is(action, "sts:AssumeRole");
}

bool iam_word_next(str *words, str *ret_word)
{
    while (words->len > 0 && words->ptr[0] == ' ')
        *words = str_skip(*words, 1);
    *ret_word = str_first(*words, str_find(*words, ' '));
    *words = str_skip(*words, ret_word->len);
    return ret_word->len > 0;
}

bool iam_words_have(const char *words, str word)
{
    str rest = str_from(words);
    str one;
    while (iam_word_next(&rest, &one))
        if (str_equal(one, word))
            return true;
    return false;
}
