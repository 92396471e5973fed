/* params.h - the words in which rows declare their parameters. */
#pragma once

#include "builtin.h"

#define PARAM(param_name, param_type, param_need, param_doc)                                       \
    {                                                                                              \
        .name = (param_name), .type = TYPE_##param_type, .need = PARAM_##param_need,               \
        .doc = (param_doc)                                                                         \
    }
/* Text that says where the step goes: a URL, a channel, a bucket. */
#define PARAM_DIRECTS(param_name, param_need, param_doc)                                           \
    {                                                                                              \
        .name = (param_name), .type = TYPE_TEXT, .need = PARAM_##param_need, .directs = true,      \
        .doc = (param_doc)                                                                         \
    }
/* Text for people alone. */
#define PARAM_TOLD(param_name, param_need, param_doc)                                              \
    {                                                                                              \
        .name = (param_name), .type = TYPE_TEXT, .need = PARAM_##param_need, .is_told = true,      \
        .doc = (param_doc)                                                                         \
    }
#define PARAM_CHOICE(param_name, param_choices, param_doc)                                         \
    {                                                                                              \
        .name = (param_name), .type = TYPE_TEXT, .need = PARAM_OPTIONAL,                           \
        .choices = (param_choices), .doc = (param_doc)                                             \
    }
#define PARAM_LIST(param_name, param_type, param_need, param_doc)                                  \
    {                                                                                              \
        .name = (param_name), .type = TYPE_##param_type, .need = PARAM_##param_need,               \
        .is_list = true, .doc = (param_doc)                                                        \
    }
#define PARAM_DIRECTS_LIST(param_name, param_need, param_doc)                                      \
    {                                                                                              \
        .name = (param_name), .type = TYPE_TEXT, .need = PARAM_##param_need, .is_list = true,      \
        .directs = true, .doc = (param_doc)                                                        \
    }

/* The same in every row that takes a change of a role or user back. */
#define PARAM_OWNER_ID PARAM("id", TEXT, OPTIONAL, "the unique id of the role or user")
/* The same in every row that acts on AWS. */
#define PARAM_ACCOUNT PARAM("account", ACCOUNT, SCOPE, "the account it must be in")
#define PARAM_REGION PARAM("region", REGION, SCOPE, "the region; else that of the connection")
