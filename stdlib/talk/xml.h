/* xml.h - replies in XML as a tree that is easy to ask; those in JSON become the same (json_tree.h).
 *
 * What a server sends is hostile until proven otherwise: no document type, so no
 * entities of its own; no network; size and depth have ceilings; the tree lives in
 * the caller's arena and is walked without recursion. Names are local names: AWS
 * puts everything into one default namespace. Attributes are not kept, nor is text
 * beside elements.
 *
 * Paths start below the root: "reservationSet/item/instancesSet/item/instanceId",
 * "GetInstanceProfileResult/InstanceProfile/Roles/member". Each step takes the first
 * element of its name; the others are reached with xml_next.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct xml {
    str name;
    str text; /* of an element without children, entities resolved; else empty */
    struct xml *parent;
    struct xml *child; /* first */
    struct xml *last;  /* last child */
    struct xml *next;  /* sibling */
};

/* Read `body` into `arena`; *ret_root is the outermost element. A tree takes about
 * five times the bytes of its text: a step that polls parses into an arena of the turn.
 * ERR_INVALID: not well-formed XML (empty, cut off, HTML), or with a document type, or
 * deeper than libxml2 allows (256). ERR_LIMIT: over REPLY_BYTES_MAX. ERR_MEMORY. */
MUST_CHECK enum err xml_parse(struct arena *arena, str body, const struct xml **ret_root);

/* The first element at `path` below `node`, or NULL; NULL too when `node` is. */
const struct xml *xml_find(const struct xml *node, const char *path);
/* The next sibling of the same name, or NULL; NULL too when `node` is. For lists:
 * for (item = xml_find(root, "groupSet/item"); item != NULL; item = xml_next(item)) */
const struct xml *xml_next(const struct xml *node);
/* The text at `path` below `node`, borrowed from the tree's arena; empty when there is none. */
str xml_text(const struct xml *node, const char *path);

/* Whether `root` is an error reply: EC2's <Response><Errors><Error>, IAM's and STS's
 * <ErrorResponse><Error>, moto's mixture of both, or a bare <Error>. Code and message as in xml_text. */
bool xml_error(const struct xml *root, str *ret_code, str *ret_message);
