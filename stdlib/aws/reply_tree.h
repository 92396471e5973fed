/* reply_tree.h - what a service answers as a tree (xml.h), whatever it is written in. */
#pragma once

#include "talk/xml.h"

/* Read `body` as `service` ("iam", "ssm") answers: XML, JSON, or of a REST service either, or
 * nothing that is for us (an empty tree). ERR_INVALID: not of that kind; ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err reply_tree_parse(
    struct arena *arena, const char *service, str body, const struct xml **ret_root);

/* Whether `root`, of a reply with a status from 400, names an error; code and message are
 * borrowed from its arena. */
bool reply_tree_error(const struct xml *root, str *ret_code, str *ret_message);

/* Both at once; false too for want of memory. */
bool reply_error_of(
    struct arena *arena, const char *service, str body, str *ret_code, str *ret_message);
