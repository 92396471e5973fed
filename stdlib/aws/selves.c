#include "aws/selves.h"

#include "aws/principal.h"
#include "bytecode.h"

/* Whether both ARNs are of one role or one user. */
static bool is_same_principal(str known, str text)
{
    struct arn one, other;
    if (!arn_read(known, &one) || !arn_read(text, &other) || !str_is(other.service, "iam"))
        return false;
    return str_equal(one.account, other.account)
           && principal_is_user(known) == principal_is_user(text)
           && str_equal(principal_name(known), principal_name(text));
}

static bool is_of_account(const struct fact *facts, str account)
{
    for (const struct fact *fact = facts; fact != NULL; fact = fact->next)
        if (fact->field == FIELD_CLOUD_ACCOUNT && str_equal(fact->text, account))
            return true;
    return false;
}

/* A user's name alone, where its ARN could not be read. */
static bool is_user_of_name(const struct aws_self *self, const struct fact *facts, str name)
{
    struct arn arn;
    return principal_is_user(self->identity) && arn_read(self->identity, &arn)
           && str_equal(principal_name(self->identity), name) && is_of_account(facts, arn.account);
}

const struct fact *aws_self_find(const struct aws_self *self, const struct fact *facts)
{
    for (const struct fact *fact = facts; fact != NULL; fact = fact->next) {
        bool is_self = false;
        if (fact->is_gap || fact->text.len == 0)
            continue;
        if (fact->field == FIELD_ROLE_ARN || fact->field == FIELD_USER_ID)
            is_self = is_same_principal(self->identity, fact->text);
        else if (fact->field == FIELD_USER_NAME)
            is_self = is_user_of_name(self, facts, fact->text);
        else if (fact->field == FIELD_ACCESS_KEY_ID)
            is_self = str_equal(self->access_key_id, fact->text);
        else if (fact->field == FIELD_INSTANCE_ID)
            is_self = str_equal(self->instance, fact->text);
        if (is_self)
            return fact;
    }
    return NULL;
}
