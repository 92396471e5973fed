/* spelling.c - see spelling.h.
 *
 * One name makes others (an ARN the account, the id, the role's name), and those make others
 * again. What was said before is not said again, so that it ends. */
#include "act/spelling.h"

#include "arn.h"
#include "base/fold.h"
#include "base/limits.h"
#include "ip.h"

/* ---- one spelling ---- */

static MUST_CHECK enum err add_spelling(
    struct target *target, struct name *name, value v, bool is_loose)
{
    struct spelling **last = &name->spellings;
    for (; *last != NULL && ((*last)->is_loose <= is_loose); last = &(*last)->next)
        if (value_same((*last)->v, v))
            return ERR_OK;
    struct spelling *made = ARENA_NEW(target->arena, struct spelling);
    if (made == NULL)
        return ERR_MEMORY;
    *made = (struct spelling){ .next = *last, .v = v, .is_loose = is_loose };
    *last = made;
    return ERR_OK;
}

/* As a value of the field's type; what does not fit is no spelling. */
static MUST_CHECK enum err spell(
    struct target *target, enum field field, struct name *name, str text, bool is_loose)
{
    value v;
    if (text.ptr == NULL) /* the arena was full */
        return ERR_MEMORY;
    TRY(value_convert(target->arena, value_text(text), field_info(field)->type, &v));
    return v.kind == VALUE_ABSENT ? ERR_OK : add_spelling(target, name, v, is_loose);
}

static char other_case(char c, bool is_upper)
{
    if (is_upper)
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* For regular expressions, which tell case apart; what is not ASCII has its readings. */
static MUST_CHECK enum err spell_case(
    struct target *target, enum field field, struct name *name, str text, bool is_upper)
{
    char *copy = ARENA_ARRAY(target->arena, char, text.len + 1);
    if (copy == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < text.len; at++)
        copy[at] = other_case(text.ptr[at], is_upper);
    return spell(target, field, name, (str){ copy, text.len }, true);
}

static MUST_CHECK enum err spell_readings(
    struct target *target, enum field field, struct name *name, str text)
{
    const str *readings;
    uint32_t count;
    enum err err = skeleton_readings(target->skeletons, text, &readings, &count);
    if (err == ERR_LIMIT) {
        target->gaps[field] = "it looks like too many other names";
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    for (uint32_t at = 0; at < count; at++)
        TRY(spell(target, field, name, readings[at], true));
    return ERR_OK;
}

static MUST_CHECK enum err spell_loosely(
    struct target *target, enum field field, struct name *name, str text)
{
    TRY(spell_case(target, field, name, text, false));
    TRY(spell_case(target, field, name, text, true));
    return spell_readings(target, field, name, text);
}

/* ---- spellings of one field ---- */

/* web.example.org. is web.example.org, and may be meant by web. */
static MUST_CHECK enum err spell_host(struct target *target, struct name *name, str host)
{
    struct ip ip;
    while (str_endswith(host, STR(".")))
        host = str_first(host, host.len - 1);
    if (host.len > 0)
        TRY(spell(target, FIELD_HOST_NAME, name, host, false));
    str first = str_first(host, str_find(host, '.'));
    if (first.len == host.len || first.len == 0 || ip_parse(host, &ip))
        return ERR_OK;
    TRY(spell(target, FIELD_HOST_NAME, name, first, true));
    return spell_loosely(target, FIELD_HOST_NAME, name, first);
}

/* One kind of resource as AWS Config, Security Hub and GuardDuty call it. */
static const char *const type_names[][4] = {
    { "AWS::EC2::Instance", "AwsEc2Instance", "Instance", "ec2:instance" },
    { "AWS::IAM::Role", "AwsIamRole", "Role", "iam:role" },
    { "AWS::EC2::SecurityGroup", "AwsEc2SecurityGroup", "SecurityGroup", "ec2:security-group" },
    { "AWS::EC2::Volume", "AwsEc2Volume", "Volume", "ec2:volume" },
};

static MUST_CHECK enum err spell_type(struct target *target, struct name *name, str type)
{
    bool is_known = false;
    for (size_t row = 0; row < COUNT_OF(type_names) && !is_known; row++) {
        for (size_t at = 0; at < COUNT_OF(type_names[0]); at++)
            is_known |= fold_equal(type, str_from(type_names[row][at]));
        for (size_t at = 0; is_known && at < COUNT_OF(type_names[0]); at++)
            TRY(spell(target, FIELD_RESOURCE_TYPE, name, str_from(type_names[row][at]), false));
    }
    return ERR_OK;
}

/* What an id of EC2 is called in an ARN. */
static const struct {
    const char *prefix;
    const char *kind;
    enum field field; /* FIELD_RESOURCE_ID: it has no field of its own */
} id_kinds[] = {
    { "i-", "instance", FIELD_INSTANCE_ID },
    { "sg-", "security-group", FIELD_SG_ID },
    { "vol-", "volume", FIELD_RESOURCE_ID },
    { "eni-", "network-interface", FIELD_RESOURCE_ID },
    { "snap-", "snapshot", FIELD_RESOURCE_ID },
};

static const char *partition_of(str region)
{
    if (str_startswith(region, STR("cn-")))
        return "aws-cn";
    return str_startswith(region, STR("us-gov-")) ? "aws-us-gov" : "aws";
}

/* i-1 of arn:aws:ec2:eu-west-1:111122223333:instance/i-1, and back. */
static MUST_CHECK enum err spell_resource(
    struct target *target, struct name *name, str id, bool is_loose)
{
    struct arn arn;
    if (arn_read(id, &arn)) {
        bool is_ec2 = str_is(arn.service, "ec2");
        return is_ec2 ? spell(target, FIELD_RESOURCE_ID, name, path_last(arn.resource), is_loose)
                      : ERR_OK;
    }
    for (size_t at = 0; at < COUNT_OF(id_kinds); at++) {
        if (!str_startswith(id, str_from(id_kinds[at].prefix)) || target->account.len == 0
            || target->region.len == 0)
            continue;
        const char *text = arena_format(target->arena, "arn:%s:ec2:%.*s:%.*s:%s/%.*s",
            partition_of(target->region), STR_ARG(target->region), STR_ARG(target->account),
            id_kinds[at].kind, STR_ARG(id));
        return text == NULL ? ERR_MEMORY
                            : spell(target, FIELD_RESOURCE_ID, name, str_from(text), is_loose);
    }
    return ERR_OK;
}

static MUST_CHECK enum err spell_all(
    struct target *target, enum field field, struct name *name, str text, bool is_loose)
{
    enum type type = field_info(field)->type;
    if (field == FIELD_HOST_NAME)
        TRY(spell_host(target, name, text));
    if (field == FIELD_RESOURCE_TYPE)
        TRY(spell_type(target, name, text));
    if (field == FIELD_RESOURCE_ID)
        TRY(spell_resource(target, name, text, is_loose));
    return type == TYPE_IP ? ERR_OK : spell_loosely(target, field, name, text);
}

/* ---- what follows for other fields ---- */

static MUST_CHECK enum err say_role(struct target *target, const struct arn *arn, bool is_loose)
{
    str session = STR("assumed-role/");
    if (str_startswith(arn->resource, STR("role/")))
        return target_say(target, FIELD_ROLE_NAME, path_last(arn->resource), is_loose);
    if (!str_startswith(arn->resource, session))
        return ERR_OK;
    str rest = str_skip(arn->resource, session.len);
    return target_say(target, FIELD_ROLE_NAME, str_first(rest, str_find(rest, '/')), is_loose);
}

static MUST_CHECK enum err say_arn(struct target *target, str text, bool is_loose)
{
    struct arn arn;
    if (!arn_read(text, &arn))
        return ERR_OK;
    target->account = target->account.len == 0 ? arn.account : target->account;
    target->region = target->region.len == 0 ? arn.region : target->region;
    if (arn.account.len > 0)
        TRY(target_say(target, FIELD_CLOUD_ACCOUNT, arn.account, is_loose));
    if (arn.region.len > 0)
        TRY(target_say(target, FIELD_CLOUD_REGION, arn.region, is_loose));
    TRY(say_role(target, &arn, is_loose));
    if (str_is(arn.service, "iam") && str_startswith(arn.resource, STR("role/"))) {
        TRY(target_say(target, FIELD_ROLE_ARN, text, is_loose));
        TRY(target_say(target, FIELD_RESOURCE_ID, text, is_loose));
    }
    if (str_is(arn.service, "iam") && str_startswith(arn.resource, STR("user/")))
        TRY(target_say(target, FIELD_USER_NAME, path_last(arn.resource), is_loose));
    for (size_t at = 0; str_is(arn.service, "ec2") && at < COUNT_OF(id_kinds); at++)
        if (id_kinds[at].field != FIELD_RESOURCE_ID
            && str_startswith(path_last(arn.resource), str_from(id_kinds[at].prefix)))
            TRY(target_say(target, id_kinds[at].field, path_last(arn.resource), is_loose));
    return ERR_OK;
}

/* The ARN of what has a name alone, were it in no path. */
static MUST_CHECK enum err say_iam(
    struct target *target, enum field field, const char *kind, str name)
{
    if (target->account.len == 0)
        return ERR_OK;
    const char *text = arena_format(target->arena, "arn:%s:iam::%.*s:%s/%.*s",
        partition_of(target->region), STR_ARG(target->account), kind, STR_ARG(name));
    return text == NULL ? ERR_MEMORY : target_say(target, field, str_from(text), true);
}

static MUST_CHECK enum err say_more(
    struct target *target, enum field field, str text, bool is_loose)
{
    switch ((int)field) {
    case FIELD_INSTANCE_ID:
        return target_say(target, FIELD_RESOURCE_ID, text, is_loose);
    case FIELD_SG_ID: /* the groups of an instance are not what the step acts on */
        return target_say(target, FIELD_RESOURCE_ID, text, true);
    case FIELD_ROLE_NAME:
        return say_iam(target, FIELD_ROLE_ARN, "role", text);
    case FIELD_USER_NAME:
        return say_iam(target, FIELD_RESOURCE_ID, "user", text);
    case FIELD_RESOURCE_ID:
        for (size_t at = 0; at < COUNT_OF(id_kinds); at++)
            if (id_kinds[at].field != FIELD_RESOURCE_ID
                && str_startswith(text, str_from(id_kinds[at].prefix)))
                TRY(target_say(target, id_kinds[at].field, text, is_loose));
        return say_arn(target, text, is_loose);
    case FIELD_ROLE_ARN:
        return say_arn(target, text, is_loose);
    default:
        return ERR_OK;
    }
}

/* ---- names ---- */

/* The name that `v` is a spelling of, as exact at least; or NULL. */
static struct name *find_name(const struct target *target, enum field field, value v, bool is_loose)
{
    for (struct name *name = target->names[field]; name != NULL; name = name->next)
        for (const struct spelling *one = name->spellings; one != NULL; one = one->next)
            if (one->is_loose <= is_loose && value_same(one->v, v))
                return name;
    return NULL;
}

/* One more name of the field is left out, and so is what would have followed from it. */
static void cut(struct target *target, enum field field)
{
    static const enum field linked[] = { FIELD_INSTANCE_ID, FIELD_SG_ID, FIELD_ROLE_NAME,
        FIELD_ROLE_ARN, FIELD_USER_NAME, FIELD_RESOURCE_ID };
    bool is_linked = false;
    target->is_cut[field] = true;
    for (size_t at = 0; at < COUNT_OF(linked); at++)
        is_linked |= linked[at] == field;
    for (size_t at = 0; is_linked && at < COUNT_OF(linked); at++)
        target->is_cut[linked[at]] = true;
    target->is_cut[FIELD_CLOUD_ACCOUNT] |= is_linked;
    target->is_cut[FIELD_CLOUD_REGION] |= is_linked;
}

enum err target_say(struct target *target, enum field field, str text, bool is_loose)
{
    value v;
    TRY(value_convert(target->arena, value_text(text), field_info(field)->type, &v));
    if (v.kind == VALUE_ABSENT) {
        if (!is_loose)
            target->gaps[field] = "what is said of it does not fit";
        return ERR_OK;
    }
    target->is_said[field] |= !is_loose;
    if (find_name(target, field, v, is_loose) != NULL)
        return ERR_OK;
    if (target->name_counts[field] == TARGET_NAMES_MAX) {
        cut(target, field);
        return ERR_OK;
    }
    struct name *name = ARENA_NEW(target->arena, struct name);
    if (name == NULL)
        return ERR_MEMORY;
    target->name_counts[field]++;
    name->next = target->names[field];
    target->names[field] = name;
    TRY(add_spelling(target, name, v, is_loose));
    TRY(spell_all(target, field, name, text, is_loose));
    return say_more(target, field, text, is_loose);
}

/* ---- tags ---- */

static MUST_CHECK enum err add_tag(struct target *target, struct tag_set *set, str key, str text)
{
    struct target_tag **last = &set->tags;
    while (*last != NULL)
        last = &(*last)->next;
    if (set->count == TARGET_TAGS_MAX) {
        set->gap = "its tags look like too many others";
        return ERR_OK;
    }
    struct target_tag *tag = ARENA_NEW(target->arena, struct target_tag);
    if (tag == NULL)
        return ERR_MEMORY;
    *tag = (struct target_tag){ .key = key, .text = text };
    *last = tag;
    set->count++;
    return ERR_OK;
}

/* The text and its readings, or the text alone where they are too many. */
static MUST_CHECK enum err readings_of(struct target *target, struct tag_set *set, str *text,
    const str **ret_readings, uint32_t *ret_count)
{
    enum err err = skeleton_readings(target->skeletons, *text, ret_readings, ret_count);
    if (err != ERR_LIMIT)
        return err;
    set->gap = "its tags look like too many others";
    *ret_count = 0;
    return ERR_OK;
}

enum err target_say_tag(struct target *target, struct tag_set *set, str key, str text)
{
    const str *keys;
    const str *texts;
    uint32_t key_count;
    uint32_t text_count;
    TRY(readings_of(target, set, &key, &keys, &key_count));
    TRY(readings_of(target, set, &text, &texts, &text_count));
    for (uint32_t i = 0; i <= key_count && set->gap == NULL; i++)
        for (uint32_t j = 0; j <= text_count && set->gap == NULL; j++)
            TRY(add_tag(target, set, i == 0 ? key : keys[i - 1], j == 0 ? text : texts[j - 1]));
    return ERR_OK;
}
