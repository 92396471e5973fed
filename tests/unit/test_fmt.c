#include "parsed.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <time.h>

/* The canonical text of `text`. It must parse to the same tree and stay as it is when
 * formatted again. */
static void format(str text, struct buf *ret_formatted)
{
    CLEANUP(parsed_release) struct parsed first;
    CLEANUP(parsed_release) struct parsed second;
    CLEANUP(buf_release) struct buf tree = BUF_INIT(1 << 26);
    CLEANUP(buf_release) struct buf tree_again = BUF_INIT(1 << 26);
    CLEANUP(buf_release) struct buf again = BUF_INIT(1 << 26);
    parse_text(&first, text);
    assert_string_equal(code_of(&first, 0), "");
    tree_format(&first.sources, first.parse.tree, ret_formatted);
    assert_int_equal(ret_formatted->err, ERR_OK);

    parse_text(&second, buf_str(ret_formatted));
    assert_string_equal(code_of(&second, 0), "");
    tree_dump(first.parse.tree, &tree);
    tree_dump(second.parse.tree, &tree_again);
    assert_string_equal(buf_str(&tree).ptr, buf_str(&tree_again).ptr);
    tree_format(&second.sources, second.parse.tree, &again);
    assert_string_equal(buf_str(ret_formatted).ptr, buf_str(&again).ptr);
}

static void assert_formatted(const char *text, const char *expected)
{
    CLEANUP(buf_release) struct buf formatted = BUF_INIT(1 << 26);
    format(str_from(text), &formatted);
    assert_string_equal(buf_str(&formatted).ptr, expected);
}

static void one_short_rule_stays_on_one_line(void **state)
{
    (void)state;
    assert_formatted(
        "when  source=defender\n and severity>=high then collect triage ;\nrespond isolate_role;",
        "when source = defender and severity >= high then collect triage; respond isolate_role\n");
}

static void what_is_too_long_is_broken_at_its_outermost_places(void **state)
{
    (void)state;
    assert_formatted(
        "when source = defender and severity >= high and (host.name = "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaa\" or "
        "host.name in [\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\", "
        "\"cccccccccccccccccccccccccccccccccccc\", "
        "\"dddddddddddddddddddddddddddddd\"]) then collect triage; respond isolate_role",
        "when source = defender\n"
        "  and severity >= high\n"
        "  and (host.name = \"aaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
        "    or host.name in [\n"
        "      \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\n"
        "      \"cccccccccccccccccccccccccccccccccccc\",\n"
        "      \"dddddddddddddddddddddddddddddd\",\n"
        "    ])\n"
        "then collect triage;\n"
        "     respond isolate_role\n");
}

static void a_named_rule_has_its_parts_on_lines_of_their_own(void **state)
{
    (void)state;
    assert_formatted("rule r \"T\"(owner=\"ir\",attack=\"T1486\"){when a=1 unless b until "
                     "2027-01-31 reason \"x\" dedup "
                     "by c , d for 6h limit 10 targets per 1h then collect t from host.id "
                     "profile=full timeout 30m as t; "
                     "if t.complete then{respond r for 1h approve by lead within 15m "
                     "irreversible}else{open case;"
                     "call webhook on failure stop}}",
        "rule r \"T\" (owner = \"ir\", attack = \"T1486\") {\n"
        "  when a = 1\n"
        "  unless b until 2027-01-31 reason \"x\"\n"
        "  dedup by c, d for 6h\n"
        "  limit 10 targets per 1h\n"
        "  then collect t from host.id profile=full timeout 30m as t;\n"
        "       if t.complete\n"
        "         then { respond r for 1h approve by lead within 15m irreversible }\n"
        "         else { open case; call webhook on failure stop }\n"
        "}\n");
}

static void what_holds_steps_back_is_kept_as_it_was_meant(void **state)
{
    (void)state;
    assert_formatted("defaults{mode   collect;shadow;limit 5 percent of fleet  by account per 1d;\n"
                     "limit 9 targets by provider per 1h}\n"
                     "environment e { mode observe aws accounts [\"1\"] }\n"
                     "rule r{when a=1 limit 3 percent of fleet per 1h mode destroy shadow then\n"
                     "respond r approve by 2 of \"a b\",c within 15m escalate   to d within 1h}",
        "defaults {\n"
        "  mode collect;\n"
        "  shadow;\n"
        "  limit 5 percent of fleet by account per 1d;\n"
        "  limit 9 targets by provider per 1h\n"
        "}\n"
        "\n"
        "environment e {\n"
        "  mode observe\n"
        "  aws accounts [\"1\"]\n"
        "}\n"
        "\n"
        "rule r {\n"
        "  when a = 1\n"
        "  limit 3 percent of fleet per 1h\n"
        "  mode destroy\n"
        "  shadow\n"
        "  then respond r approve by 2 of \"a b\", c within 15m escalate to d within 1h\n"
        "}\n");
}

static void long_blocks_have_a_step_a_line(void **state)
{
    (void)state;
    assert_formatted("rule r { when a then if b then { notify slack "
                     "text=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; "
                     "notify slack text=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"; if c then { open "
                     "case } }; open case }",
        "rule r {\n"
        "  when a\n"
        "  then if b\n"
        "         then {\n"
        "           notify slack text=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\";\n"
        "           notify slack text=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\";\n"
        "           if c then { open case }\n"
        "         };\n"
        "       open case\n"
        "}\n");
}

static void comments_keep_their_places(void **state)
{
    (void)state;
    assert_formatted(
        "# head\n\n# of a\nlet a = b # why a   \n# below\n\n\n\nrule r { # opens\n"
        "# before when\nwhen a # first\n# own line\nand b # second\nthen collect t # t\n;\n"
        "# before respond\nrespond x # x\n# before the end\n} # after\n# last\n",
        "# head\n"
        "\n"
        "# of a\n"
        "let a = b  # why a\n"
        "\n"
        "# below\n"
        "\n"
        "rule r {  # opens\n"
        "  # before when\n"
        "  when a  # first\n"
        "    # own line\n"
        "    and b  # second\n"
        "  then collect t;  # t\n"
        "       # before respond\n"
        "       respond x  # x\n"
        "       # before the end\n"
        "}  # after\n"
        "# last\n");
}

static void comments_in_lists_stay_with_their_element(void **state)
{
    (void)state;
    assert_formatted(
        "list l : text = [ # of it\n\"a\", # one\n# two is\n\"b\" # two\n, \"c\"\n# end\n]",
        "list l : text = [\n"
        "  # of it\n"
        "  \"a\",  # one\n"
        "  # two is\n"
        "  \"b\",  # two\n"
        "  \"c\",\n"
        "  # end\n"
        "]\n");
}

static void a_comment_in_the_middle_moves_to_the_end(void **state)
{
    (void)state;
    assert_formatted("let a = b in # of c\n  c\nlet d = raw[ # x\n\"y\" ] = 1\n",
        "let a = b in c  # of c\nlet d = raw[\"y\"] = 1  # x\n");
}

static void a_line_has_room_for_one_comment(void **state)
{
    (void)state;
    assert_formatted("cdr # e\n\n1\n\nlet a = b in # of c\n # more\n  c",
        "cdr 1  # e\n\nlet a = b in c  # of c\n# more\n");
    assert_formatted("when a then collect t\n# dropped with it\n;",
        "when a then collect t  # dropped with it\n");
    assert_formatted("when # c0\na then collect t ; respond r # c9\n; # c10\n",
        "when a  # c0\nthen collect t;\n     respond r  # c9\n# c10\n");
    assert_formatted("when a then collect t; respond # c8\nr # c9\n;",
        "when a then collect t; respond r  # c8\n# c9\n");
}

static void comments_stay_wherever_they_stood(void **state)
{
    static const char text[] =
        "cdr 1 list l : text = [ \"a\" , \"b\" ] let d = a in [ b , c ] and ( e or f ) "
        "rule r \"title\" ( x = 1 ) { when a and not ( b = 1 ) and f( c , d ) limit 1 targets "
        "per 1h then collect t timeout 1m ; if s.b then { open case ; respond r } else { open "
        "case } ; respond q on failure stop ; } when a then collect t ; respond r ; when b then "
        "collect t";
    (void)state;
    for (size_t first = 0; first < sizeof text; first++)
        for (size_t count = 1; count <= 3; count++) {
            CLEANUP(buf_release) struct buf commented = BUF_INIT(1 << 20);
            CLEANUP(buf_release) struct buf formatted = BUF_INIT(1 << 26);
            size_t left = count;
            for (size_t at = 0; at < sizeof text - 1; at++)
                if (at >= first && left > 0 && text[at] == ' ') {
                    left--;
                    buf_add(&commented, STR(" # c\n"));
                } else
                    buf_add_byte(&commented, text[at]);
            if (text[first] != ' ')
                continue;
            format(buf_str(&commented), &formatted);
            size_t written = 0;
            for (size_t at = 0; at < formatted.len; at++)
                written += formatted.ptr[at] == '#';
            assert_int_equal(written, count - left);
        }
}

static void comments_in_branches_stay_inside(void **state)
{
    (void)state;
    assert_formatted(
        "rule r { when a then if b # cond\n then { # why\n open case # one\n # two\n }\n"
        "# else\n else { open case # three\n } }",
        "rule r {\n"
        "  when a\n"
        "  then if b  # cond\n"
        "         # why\n"
        "         then {\n"
        "           open case  # one\n"
        "           # two\n"
        "         }\n"
        "         # else\n"
        "         else {\n"
        "           open case  # three\n"
        "         }\n"
        "}\n");
}

static void sources_have_a_mapping_a_line(void **state)
{
    (void)state;
    assert_formatted("source s{accept exists raw[ \"a\" ]or b=1 alert.id=raw[\"id\"]\n\n# of ip\n"
                     "src.ip=first( raw[\"x\"],raw[\"y\"] ) :  list of ip untrusted # t\n}let x=a",
        "source s {\n"
        "  accept exists raw[\"a\"] or b = 1\n"
        "  alert.id = raw[\"id\"]\n"
        "\n"
        "  # of ip\n"
        "  src.ip = first(raw[\"x\"], raw[\"y\"]) : list of ip untrusted  # t\n"
        "}\n"
        "\n"
        "let x = a\n");
}

static void literals_stay_as_they_were_written(void **state)
{
    (void)state;
    assert_formatted("let x = a like \"\\*\\u0041\" or b = 1e3 or c matches /\\/\"#/i or f( 7  # "
                     "seven\n high) = 1",
        "let x = a like \"\\*\\u0041\" or b = 1e3 or c matches /\\/\"#/i or f(7 high) = 1  # "
        "seven\n");
}

static void a_sentence_is_one_line_or_a_part_a_line(void **state)
{
    (void)state;
    assert_formatted("never   respond any  \"why\"   # note\r\nuse   \"a.cdr\" disable  rule r",
        "never respond any \"why\"  # note\nuse \"a.cdr\"\ndisable rule r\n");
    assert_formatted("exception x for r,s when a=1 until 2027-01-31 reason \"c\"",
        "exception x for r, s when a = 1 until 2027-01-31 reason \"c\"\n");
    assert_formatted("exception x for r when a=1 and # why\n b until 2027-01-31 reason \"c\"",
        "exception x for r\n  when a = 1  # why\n    and b\n  until 2027-01-31 reason \"c\"\n");
    assert_formatted("always a implies collect any \"first\" never target t[\"k\"]=\"v\" \"why\"",
        "always a implies collect any \"first\"\nnever target t[\"k\"] = \"v\" \"why\"\n");
}

static void a_long_head_of_a_rule_has_a_pair_a_line(void **state)
{
    (void)state;
    assert_formatted(
        "rule r \"a title that is fairly long, as titles of rules often are\" (owner = "
        "\"ir\", attack = \"T1486\") {when a=1 then open case}",
        "rule r \"a title that is fairly long, as titles of rules often are\" (\n"
        "  owner = \"ir\",\n  attack = \"T1486\"\n) {\n  when a = 1\n  then open case\n}\n");
}

static void an_environment_has_an_entry_a_line(void **state)
{
    (void)state;
    assert_formatted(
        "environment e{aws accounts [\"1\"] # one\n tags{a=\"b\",c=\"d\"} # two\n aws}",
        "environment e {\n  aws accounts [\"1\"] tags { a = \"b\", c = \"d\" }  # one\n  # two\n  "
        "aws\n}\n");
    assert_formatted("defaults{limit 2 targets per 1h;never target a=1 \"why\";}",
        "defaults { limit 2 targets per 1h; never target a = 1 \"why\" }\n");
    assert_formatted("connection c{url=\"u\" retry \"x\"{n=3} e{}} daemon{}",
        "connection c {\n  url = \"u\"\n  retry \"x\" {\n    n = 3\n  }\n  e {}\n}\n\ndaemon {}\n");
    assert_formatted("profile p{linux{take=[processes,users] # all\n most=2}windows{take=logs}}",
        "profile p {\n  linux {\n    take = [processes, users]  # all\n    most = 2\n  }\n  "
        "windows {\n"
        "    take = logs\n  }\n}\n");
    assert_formatted("collector c{linux{command=[\"./x\",\"{output}\"]}}",
        "collector c {\n  linux {\n    command = [\"./x\", \"{output}\"]\n  }\n}\n");
    assert_formatted("channel night{about=[alarms,approvals]}",
        "channel night {\n  about = [alarms, approvals]\n}\n");
}

static void a_test_is_one_line_or_a_check_a_line(void **state)
{
    (void)state;
    assert_formatted("test \"t\" {alert wiz \"f\" times 3 every 10s after 1m; wait 2m; "
                     "expect  no  respond a b=1 }",
        "test \"t\" { alert wiz \"f\" times 3 every 10s after 1m; wait 2m; expect no respond a b=1 "
        "}\n");
    assert_formatted("test \"t\" {\r\n # in\r\n alert {\"a\":[1,{}, # here\n null],\"b\":-1.50};\n"
                     "result t {};expect rule r count 0; }",
        "test \"t\" {\n  # in\n  alert {\n    \"a\": [\n      1,\n      {},  # here\n      null\n  "
        " "
        " ],\n    \"b\": -1.50\n  };\n  result t {};\n  expect rule r count 0\n}\n");
}

static void detections_over_several_alerts_are_one_line(void **state)
{
    (void)state;
    assert_formatted(
        "when a and count   of distinct # d\n b >= 5 by c\n within 1h missing  own then collect t",
        "when a and count of distinct b >= 5 by c within 1h missing own  # d\nthen collect t\n");
}

static void nothing_stays_nothing(void **state)
{
    (void)state;
    assert_formatted("", "");
    assert_formatted(" \n\n", "");
    assert_formatted("\n\n# only this  \n\n\n\n# and this", "# only this\n\n# and this\n");
}

static void nested_branches_are_formatted_in_no_time(void **state)
{
    enum { DEEP = 64 };
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 20);
    CLEANUP(buf_release) struct buf formatted = BUF_INIT(1 << 26);
    buf_add(&text, STR("when severity >= high then "));
    for (int i = 0; i < DEEP; i++)
        buf_add(&text, STR("if s.complete then { "));
    buf_add(&text, STR("collect triage"));
    for (int i = 0; i < DEEP; i++)
        buf_add(&text, STR(" }"));
    clock_t start = clock();
    format(buf_str(&text), &formatted);
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

static void a_long_chain_is_formatted_without_depth(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(1 << 24);
    CLEANUP(buf_release) struct buf formatted = BUF_INIT(1 << 26);
    buf_add(&text, STR("let x = a"));
    for (int i = 0; i < 100000; i++)
        buf_add(&text, STR(" or a"));
    format(buf_str(&text), &formatted);
    assert_true(str_startswith(buf_str(&formatted), STR("let x = a\n  or a\n  or a\n")));
}

/* Each file of the folder that parses. */
static int format_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int files = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!str_endswith(str_from(entry->d_name), STR(".cdr")))
            continue;
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 24);
        CLEANUP(buf_release) struct buf formatted = BUF_INIT(1 << 24);
        struct sources sources = { .arena = &arena };
        uint32_t file;
        const char *path = arena_format(&arena, "%s/%s", folder, entry->d_name);
        assert_int_equal(sources_read(&sources, str_from(path), &file), ERR_OK);
        format(sources.items[file].text, &formatted);
        files++;
    }
    closedir(dir);
    return files;
}

static void every_shipped_source_and_every_good_example_survives(void **state)
{
    (void)state;
    assert_true(format_folder("stdlib/sources") >= 2);
    assert_true(format_folder("tests/lang/ok") >= 2);
    assert_true(format_folder("tests/lang/syntax") >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_short_rule_stays_on_one_line),
        cmocka_unit_test(what_is_too_long_is_broken_at_its_outermost_places),
        cmocka_unit_test(a_named_rule_has_its_parts_on_lines_of_their_own),
        cmocka_unit_test(what_holds_steps_back_is_kept_as_it_was_meant),
        cmocka_unit_test(long_blocks_have_a_step_a_line),
        cmocka_unit_test(comments_keep_their_places),
        cmocka_unit_test(comments_in_lists_stay_with_their_element),
        cmocka_unit_test(a_comment_in_the_middle_moves_to_the_end),
        cmocka_unit_test(a_line_has_room_for_one_comment),
        cmocka_unit_test(comments_stay_wherever_they_stood),
        cmocka_unit_test(comments_in_branches_stay_inside),
        cmocka_unit_test(sources_have_a_mapping_a_line),
        cmocka_unit_test(literals_stay_as_they_were_written),
        cmocka_unit_test(a_sentence_is_one_line_or_a_part_a_line),
        cmocka_unit_test(a_long_head_of_a_rule_has_a_pair_a_line),
        cmocka_unit_test(an_environment_has_an_entry_a_line),
        cmocka_unit_test(a_test_is_one_line_or_a_check_a_line),
        cmocka_unit_test(detections_over_several_alerts_are_one_line),
        cmocka_unit_test(nothing_stays_nothing),
        cmocka_unit_test(nested_branches_are_formatted_in_no_time),
        cmocka_unit_test(a_long_chain_is_formatted_without_depth),
        cmocka_unit_test(every_shipped_source_and_every_good_example_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
