/* Answers in JSON, as the tree that answers in XML make. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk/json_tree.h"
#include "base/buf.h"
#include "base/limits.h"

#include <stdlib.h>

static struct arena arena_of(void)
{
    return (struct arena)ARENA_INIT(64 * 1024 * 1024);
}

static void assert_text(const struct xml *node, const char *path, const char *want)
{
    str got = xml_text(node, path);
    if (!str_is(got, want))
        fail_msg("%s is '%.*s', not '%s'", path, STR_ARG(got), want);
}

static void members_and_elements_are_children(void **state)
{
    (void)state;
    struct arena arena = arena_of();
    const struct xml *root;
    static const char body[] =
        "{\"IPSet\":{\"Name\":\"n\",\"Addresses\":[\"198.51.100.7/32\",\"203.0.113.0/24\"]},"
        "\"Accounts\":[{\"Id\":\"111122223333\",\"Tags\":[{\"Key\":\"a\"},{\"Key\":\"b\"}]},"
        "{\"Id\":\"444455556666\"}],\"Next\":null,\"Empty\":[],\"Count\":3,\"Ratio\":0.5,"
        "\"On\":true,\"Off\":false,\"Text\":\"\\u00e9\\n\"}";
    assert_int_equal(json_tree_parse(&arena, str_from(body), &root), ERR_OK);
    assert_true(str_is(root->name, "Response"));
    assert_text(root, "IPSet/Name", "n");
    const struct xml *address = xml_find(root, "IPSet/Addresses");
    assert_true(str_is(address->text, "198.51.100.7/32"));
    address = xml_next(address);
    assert_true(str_is(address->text, "203.0.113.0/24"));
    assert_null(xml_next(address));
    const struct xml *account = xml_find(root, "Accounts");
    const struct xml *tag = xml_find(account, "Tags");
    assert_text(account, "Id", "111122223333");
    assert_text(xml_next(tag), "Key", "b");
    assert_text(xml_next(account), "Id", "444455556666");
    assert_null(xml_find(xml_next(account), "Tags"));
    assert_null(xml_find(root, "Next"));
    assert_null(xml_find(root, "Empty"));
    assert_text(root, "Count", "3");
    assert_text(root, "Ratio", "0.5");
    assert_text(root, "On", "true");
    assert_text(root, "Off", "false");
    assert_text(root, "Text", "\xc3\xa9\n");
    arena_release(&arena);
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "[]", "\"x\"", "3", "null", "{", "{} x", "<html>",
        "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct arena arena = arena_of();
        const struct xml *root;
        assert_int_equal(json_tree_parse(&arena, str_from(bad[at]), &root), ERR_INVALID);
        arena_release(&arena);
    }
}

/* `depth` objects within each other. */
static enum err parse_deep(unsigned depth)
{
    struct arena arena = arena_of();
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 20);
    const struct xml *root;
    for (unsigned at = 0; at < depth; at++)
        buf_add(&text, STR("{\"a\":"));
    buf_add(&text, STR("1"));
    for (unsigned at = 0; at < depth; at++)
        buf_add(&text, STR("}"));
    enum err err = json_tree_parse(&arena, buf_str(&text), &root);
    arena_release(&arena);
    return err;
}

static void depth_and_size_have_ceilings(void **state)
{
    (void)state;
    assert_int_equal(parse_deep(64), ERR_OK);
    assert_int_equal(parse_deep(65), ERR_INVALID);
    assert_int_equal(parse_deep(10000), ERR_INVALID);
    struct arena arena = arena_of();
    const struct xml *root;
    char *huge = malloc(REPLY_BYTES_MAX + 1);
    memset(huge, ' ', REPLY_BYTES_MAX + 1);
    assert_int_equal(json_tree_parse(&arena, (str){ huge, REPLY_BYTES_MAX + 1 }, &root), ERR_LIMIT);
    free(huge);
    arena_release(&arena);
}

static void errors_are_named_without_their_namespace(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code, *message;
        bool is_error;
    } bodies[] = {
        { "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"m\"}",
            "QueueDoesNotExist", "m", true },
        { "{\"__type\":\"InvalidInstanceId\",\"Message\":\"M\"}", "InvalidInstanceId", "M", true },
        { "{\"__type\":\"a#b#C\"}", "C", "", true },
        { "{\"Message\":\"M\"}", "", "M", false },
        { "{}", "", "", false },
    };
    for (size_t at = 0; at < COUNT_OF(bodies); at++) {
        struct arena arena = arena_of();
        const struct xml *root;
        str code, message;
        assert_int_equal(json_tree_parse(&arena, str_from(bodies[at].body), &root), ERR_OK);
        assert_int_equal(json_tree_error(root, &code, &message), bodies[at].is_error);
        assert_true(str_is(code, bodies[at].code));
        assert_true(str_is(message, bodies[at].message));
        arena_release(&arena);
    }
}

static void full_memory_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    unsigned full = 0;
    for (size_t limit = 1; limit < 3000; limit += 31) {
        struct arena arena = ARENA_INIT(limit);
        const struct xml *root;
        enum err err = json_tree_parse(
            &arena, STR("{\"a\":[{\"b\":\"text\"},{\"c\":[1,2,3]}],\"d\":true}"), &root);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
        arena_release(&arena);
    }
    assert_true(full > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_elements_are_children),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(depth_and_size_have_ceilings),
        cmocka_unit_test(errors_are_named_without_their_namespace),
        cmocka_unit_test(full_memory_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests_name("json_tree", tests, NULL, NULL);
}
