/* facts.h - what AWS shows of the things that steps act on, said as facts (act/step.h).
 *
 * Said before the first change, so that protected targets can be looked for in all of it. What a
 * thing has none of is said too; what AWS did not tell is a gap. */
#pragma once

#include "aws/replies.h"
#include "aws/voice.h"

/* The fields that these say, for rows: of an instance, of a role, of a security group, of an IAM
 * user. */
#define SHOWS_INSTANCE                                                                             \
    FIELD_INSTANCE_ID, FIELD_HOST_NAME, FIELD_HOST_IP, FIELD_SG_ID, FIELD_RESOURCE_ID,             \
        FIELD_RESOURCE_TYPE, FIELD_RESOURCE_TAGS, FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT,       \
        FIELD_CLOUD_REGION
#define SHOWS_ROLE                                                                                 \
    FIELD_ROLE_ARN, FIELD_ROLE_NAME, FIELD_RESOURCE_ID, FIELD_RESOURCE_TYPE, FIELD_RESOURCE_TAGS,  \
        FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT, FIELD_CLOUD_REGION
#define SHOWS_USER                                                                                 \
    FIELD_USER_ID, FIELD_USER_NAME, FIELD_RESOURCE_ID, FIELD_RESOURCE_TYPE, FIELD_RESOURCE_TAGS,   \
        FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT, FIELD_CLOUD_REGION
#define SHOWS_GROUP                                                                                \
    FIELD_SG_ID, FIELD_RESOURCE_ID, FIELD_RESOURCE_TYPE, FIELD_RESOURCE_TAGS,                      \
        FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT, FIELD_CLOUD_REGION

/* The first instance of a reply of DescribeInstances, read into `instance`: its id, ARN, names
 * (the Name tag, DNS names), addresses, groups, tags and place. Nothing of an assumed answer. */
void facts_of_instance(struct step *step, const struct answer *answer,
    const struct instance *instance, const struct caller *caller);
/* The volumes of the instance, whose snapshots are taken: their ids. */
void facts_of_volumes(struct step *step, const struct instance *instance);
/* One item of DescribeNetworkInterfaces: its addresses and groups, and its tags where it has any. */
void facts_of_interface(struct step *step, const struct xml *item);
/* One item of DescribeSecurityGroups: its id, ARN, tags and place. */
void facts_of_group(struct step *step, const struct xml *item, const struct caller *caller);
/* The role of that ARN, from the answer to GetRole: its name, tags and place. An answer that
 * does not tell leaves a gap. Nothing of an assumed answer. */
void facts_of_role(struct step *step, const struct answer *answer, str arn);
/* The IAM user of that ARN, from the answer to GetUser, as facts_of_role. */
void facts_of_user(struct step *step, const struct answer *answer, str arn);
/* The same of a user of whom the name is known and GetUser did not tell the rest: its ARN, whose path
 * is not known either, its id and its tags are gaps. */
void facts_of_unread_user(struct step *step, const struct answer *answer, str account, str name);
