/* json_tree.h - a JSON reply as the same tree as an XML one (xml.h).
 *
 * A member is a child of its name, and each element of an array one more child of the array's
 * name, so lists are walked alike: for (item = xml_find(root, "Addresses"); item != NULL;
 * item = xml_next(item)). Texts, numbers and booleans are the child's text; null, an empty array
 * and an array within an array leave nothing. The root is called "Response". */
#pragma once

#include "talk/xml.h"

/* Read `body`, an object, into `arena`. ERR_INVALID: it is none, or nested deeper than 64;
 * ERR_LIMIT: over REPLY_BYTES_MAX; ERR_MEMORY. */
MUST_CHECK enum err json_tree_parse(struct arena *arena, str body, const struct xml **ret_root);

/* Whether `root` is an error of a JSON service: what follows the `#` of its `__type`, and its
 * `message` or `Message`. */
bool json_tree_error(const struct xml *root, str *ret_code, str *ret_message);
