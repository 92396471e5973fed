/* fuzz_xml.c - replies of any bytes: parsed, asked and thrown away within their ceilings. */
#include "aws/query.h"
#include "talk/xml.h"
#include "base/limits.h"

#include <stdint.h>
#include <stdlib.h>

enum { VISITS_MAX = 100000 };

/* Each node must be reachable and belong to its parent. */
static void walk(const struct xml *root)
{
    unsigned visits = 0;
    for (const struct xml *node = root; node != NULL && visits++ < VISITS_MAX;) {
        if (node->child != NULL) {
            if (node->child->parent != node || node->text.len > 0)
                abort();
            node = node->child;
            continue;
        }
        while (node != NULL && node->next == NULL)
            node = node->parent;
        node = node == NULL ? NULL : node->next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    str body = { (const char *)data, size }, code, message, key, value;
    const struct xml *root = NULL;
    if (xml_parse(&arena, body, &root) == ERR_OK) {
        walk(root);
        (void)xml_error(root, &code, &message);
        for (const struct xml *item = xml_find(root, "a/item"); item != NULL; item = xml_next(item))
            (void)xml_text(item, "b/c");
    }
    for (str rest = body; rest.len > 0;)
        if (query_next(&arena, &rest, &key, &value) != ERR_OK || key.len == 0)
            break;
    arena_release(&arena);
    return 0;
}
