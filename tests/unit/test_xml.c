/* Replies as AWS sends them, and as nobody should. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/reply_tree.h"
#include "base/limits.h"

#include <libxml/xmlmemory.h>
#include <stdlib.h>

#define INSTANCES                                                                                  \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"             \
    "  <requestId>8f7724cf-496f-496e-8fe3-example</requestId>\n"                                   \
    "  <reservationSet><item><ownerId>111122223333</ownerId><instancesSet><item>\n"                \
    "    <instanceId>i-0abc</instanceId>\n"                                                        \
    "    <instanceState><code>16</code><name>running</name></instanceState>\n"                     \
    "    <groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item>"       \
    "<other/><item><groupId>sg-3</groupId></item></groupSet>\n"                                    \
    "    <tagSet><item><key>Name</key><value>a &lt;b&gt; &amp; &#x5a;</value></item></tagSet>\n"   \
    "  </item></instancesSet></item></reservationSet>\n"                                           \
    "</DescribeInstancesResponse>\n"

static const struct xml *parse_ok(struct arena *arena, const char *text)
{
    const struct xml *root = NULL;
    assert_int_equal(xml_parse(arena, str_from(text), &root), ERR_OK);
    return root;
}

static void assert_text(str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static void assert_refused(const char *text)
{
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root = NULL;
    if (xml_parse(&arena, str_from(text), &root) != ERR_INVALID)
        fail_msg("accepted: %s", text);
    assert_null(root);
    arena_release(&arena);
}

static void a_path_leads_to_the_text(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root = parse_ok(&arena, INSTANCES);
    assert_text(root->name, "DescribeInstancesResponse");
    assert_text(xml_text(root, "requestId"), "8f7724cf-496f-496e-8fe3-example");
    const struct xml *instance = xml_find(root, "reservationSet/item/instancesSet/item");
    assert_text(xml_text(instance, "instanceState/name"), "running");
    assert_text(xml_text(instance, "instanceState/nothing"), "");
    assert_text(xml_text(instance, "instanceState"), "");
    assert_text(xml_text(NULL, "instanceState"), "");
    assert_ptr_equal(xml_find(root, ""), root);
    arena_release(&arena);
}

static void entities_of_xml_itself_are_resolved(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root = parse_ok(&arena, INSTANCES);
    assert_text(
        xml_text(root, "reservationSet/item/instancesSet/item/tagSet/item/value"), "a <b> & Z");
    assert_text(parse_ok(&arena, "<a><![CDATA[<x>&amp;]]></a>")->text, "<x>&amp;");
    arena_release(&arena);
}

static void items_are_walked_in_order_past_other_names(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root = parse_ok(&arena, INSTANCES);
    char seen[32] = "";
    const struct xml *item = xml_find(root, "reservationSet/item/instancesSet/item/groupSet/item");
    for (; item != NULL; item = xml_next(item))
        strncat(seen, xml_text(item, "groupId").ptr, 8);
    assert_string_equal(seen, "sg-1sg-2sg-3");
    assert_null(xml_next(NULL));
    arena_release(&arena);
}

static void errors_are_read_in_all_their_shapes(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    str code, message;
    assert_true(reply_error_of(&arena, "iam",
        STR("<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no i-1"
            "</Message></Error></Errors><RequestID>r</RequestID></Response>"),
        &code, &message));
    assert_text(code, "InvalidInstanceID.NotFound");
    assert_text(message, "no i-1");
    assert_true(reply_error_of(&arena, "iam",
        STR("<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>"
            "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>m</Message></Error>"
            "</ErrorResponse>"),
        &code, &message));
    assert_text(code, "NoSuchEntity");
    assert_true(reply_error_of(
        &arena, "iam", STR("<Error><Code>SlowDown</Code></Error>"), &code, &message));
    assert_text(code, "SlowDown");
    assert_text(message, "");
    assert_true(reply_error_of(&arena, "iam",
        STR("<ErrorResponse><Errors><Error><Code>AuthFailure</Code></Error></Errors>"
            "</ErrorResponse>"),
        &code, &message));
    assert_text(code, "AuthFailure");
    assert_false(reply_error_of(&arena, "iam", STR(INSTANCES), &code, &message));
    assert_false(reply_error_of(&arena, "iam", STR("<html>502</html>"), &code, &message));
    assert_false(reply_error_of(&arena, "iam", STR(""), &code, &message));
    arena_release(&arena);
}

static void what_is_not_xml_is_refused(void **state)
{
    (void)state;
    assert_refused("");
    assert_refused("   ");
    assert_refused("Bad Gateway");
    assert_refused("{\"a\":1}");
    assert_refused("<!DOCTYPE html><html><body><p>502<br></body></html>");
    assert_refused("<a><b></a></b>");
    assert_refused("<a/><b/>");
    assert_refused("<a>\x01</a>");
    assert_refused("<a>\xff</a>");
}

static void a_reply_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    size_t whole = sizeof(INSTANCES) - 2; /* the last newline may go */
    for (size_t len = 0; len < whole; len++) {
        struct arena arena = ARENA_INIT(1 << 20);
        const struct xml *root;
        assert_int_equal(xml_parse(&arena, (str){ INSTANCES, len }, &root), ERR_INVALID);
        arena_release(&arena);
    }
}

static void no_document_type_so_no_entities(void **state)
{
    (void)state;
    assert_refused("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>");
    assert_refused("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>");
    assert_refused("<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/x.dtd\"><a/>");
    assert_refused("<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]>"
                   "<a>&y;&y;&y;&y;</a>");
    assert_refused("<a>&x;</a>");
}

static void depth_has_a_ceiling(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *text = malloc(DEPTH * 7 + 1);
    for (size_t at = 0; at < DEPTH; at++) {
        memcpy(text + at * 3, "<a>", 3);
        memcpy(text + DEPTH * 3 + at * 4, "</a>", 4);
    }
    text[DEPTH * 7] = '\0';
    assert_refused(text);
    free(text);
}

static void size_has_a_ceiling(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root;
    char *text = calloc(1, REPLY_BYTES_MAX + 1);
    memset(text, 'a', REPLY_BYTES_MAX + 1);
    assert_int_equal(xml_parse(&arena, (str){ text, REPLY_BYTES_MAX + 1 }, &root), ERR_LIMIT);
    free(text);
    arena_release(&arena);
}

static void text_of_many_pieces_costs_no_more_than_its_size(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    char *text = malloc(COUNT * 5 + 8);
    memcpy(text, "<a>", 3);
    for (size_t at = 0; at < COUNT; at++)
        memcpy(text + 3 + at * 5, "&amp;", 5);
    memcpy(text + 3 + COUNT * 5, "</a>", 5);
    struct arena arena = ARENA_INIT(2 << 20);
    assert_int_equal(parse_ok(&arena, text)->text.len, COUNT);
    arena_release(&arena);
    free(text);
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    unsigned full = 0;
    for (size_t limit = 1; limit < 60000; limit += 97) {
        struct arena arena = ARENA_INIT(limit);
        const struct xml *root;
        enum err err = xml_parse(&arena, STR(INSTANCES), &root);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
        arena_release(&arena);
    }
    assert_true(full > 0);
}

/* Which allocation of libxml2 fails, from 1; 0: none. With `and_all_later` those after it
 * fail as well. */
static struct {
    long countdown;
    bool and_all_later;
} failing;

static bool allocation_fails(void)
{
    if (failing.countdown > 0 && --failing.countdown == 0) {
        failing.countdown = failing.and_all_later;
        return true;
    }
    return false;
}

static void *failing_malloc(size_t size)
{
    return allocation_fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : realloc(memory, size);
}

static char *failing_strdup(const char *text)
{
    return allocation_fails() ? NULL : strdup(text);
}

static bool parses_although_one_fails(long number, bool and_all_later)
{
    struct arena arena = ARENA_INIT(1 << 20);
    const struct xml *root = NULL;
    failing.countdown = number;
    failing.and_all_later = and_all_later;
    enum err err = xml_parse(&arena, STR(INSTANCES), &root);
    failing.countdown = 0;
    if (err == ERR_OK)
        assert_text(xml_text(root, "reservationSet/item/ownerId"), "111122223333");
    else
        assert_int_equal(err, ERR_MEMORY);
    arena_release(&arena);
    return err == ERR_OK;
}

static void each_allocation_of_libxml2_may_fail(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (long number = 1; number < 200; number++) {
        failed += !parses_although_one_fails(number, false);
        failed += !parses_although_one_fails(number, true);
    }
    assert_in_range(failed, 10, 390);
}

int main(void)
{
    xmlMemSetup(free, failing_malloc, failing_realloc, failing_strdup);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_to_the_text),
        cmocka_unit_test(entities_of_xml_itself_are_resolved),
        cmocka_unit_test(items_are_walked_in_order_past_other_names),
        cmocka_unit_test(errors_are_read_in_all_their_shapes),
        cmocka_unit_test(what_is_not_xml_is_refused),
        cmocka_unit_test(a_reply_cut_off_anywhere_is_refused),
        cmocka_unit_test(no_document_type_so_no_entities),
        cmocka_unit_test(depth_has_a_ceiling),
        cmocka_unit_test(size_has_a_ceiling),
        cmocka_unit_test(text_of_many_pieces_costs_no_more_than_its_size),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
        cmocka_unit_test(each_allocation_of_libxml2_may_fail),
    };
    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
