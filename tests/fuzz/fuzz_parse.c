/* fuzz_parse.c - any bytes through lexer, parser and printer of diagnostics; what parses
 * is formatted, must parse again to the same tree, and format to the same text. */
#include "diag_print.h"
#include "fmt.h"
#include "parse.h"

#include <stdint.h>
#include <stdlib.h>

enum { ARENA_BYTES = 256 * 1024 * 1024, TEXT_BYTES = 64 * 1024 * 1024 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Parse a text; its tree as text, and its canonical form when it has no mistakes. */
static bool read_text(
    struct arena *arena, str text, struct buf *ret_tree, struct buf *ret_formatted)
{
    struct sources sources = { .arena = arena };
    struct diag_list diags = { .arena = arena };
    struct parse parse = { .sources = &sources, .arena = arena, .diags = &diags };
    require(sources_add(&sources, STR("fuzz.cdr"), text, false, &parse.file) == ERR_OK);
    require(parse_source(&parse) == ERR_OK);
    diag_sort(&diags);
    for (int format = DIAG_FORMAT_TEXT; format <= DIAG_FORMAT_JSON; format++) {
        CLEANUP(buf_release) struct buf printed = BUF_INIT(TEXT_BYTES);
        diags_print(&diags, &sources, (enum diag_format)format, true, &printed);
    }
    tree_dump(parse.tree, ret_tree);
    if (diags.error_count > 0)
        return false;
    tree_format(&sources, parse.tree, ret_formatted);
    require(ret_formatted->err == ERR_OK);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(ARENA_BYTES);
    CLEANUP(buf_release) struct buf tree = BUF_INIT(TEXT_BYTES);
    CLEANUP(buf_release) struct buf once = BUF_INIT(TEXT_BYTES);
    CLEANUP(buf_release) struct buf tree_again = BUF_INIT(TEXT_BYTES);
    CLEANUP(buf_release) struct buf twice = BUF_INIT(TEXT_BYTES);
    /* A copy of exact size, so that reading past it is seen. */
    char *copy = malloc(size + (size == 0));
    require(copy != NULL);
    memcpy(copy, data, size);

    if (read_text(&arena, (str){ copy, size }, &tree, &once)) {
        require(read_text(&arena, buf_str(&once), &tree_again, &twice));
        require(str_equal(buf_str(&tree), buf_str(&tree_again)));
        require(str_equal(buf_str(&once), buf_str(&twice)));
    }
    free(copy);
    return 0;
}
