/* The audit log: what its entries say, how they are chained, where the head goes. */
#include "audit_fixture.h"

#include <inttypes.h>
#include <sys/wait.h>

static void an_entry_is_one_line_of_json_with_members_in_order(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct audit_row row;
    int64_t seq = 0;
    struct audit_entry entry = { .event = "held",
        .who = STR("cdr"),
        .at_ms = 1800000000007,
        .run = 12,
        .step = 0,
        .alert = STR("a-1"),
        .target = STR("role/\"web\"\n\x1b[31m\xff"),
        .after = STR("{}") };
    assert_int_equal(audit_append(f.store, &entry, &seq), ERR_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(audit_get(f.store, 1, &f.arena, &row), ERR_OK);
    assert_string_equal(row.text.ptr,
        "{\"seq\":1,\"at\":\"2027-01-15T08:00:00.007Z\",\"event\":\"held\",\"who\":\"cdr\","
        "\"run\":12,\"step\":0,\"alert\":\"a-1\","
        "\"target\":\"role/\\\"web\\\"\\n\\u001b[31m\xef\xbf\xbd\",\"after\":\"{}\"}");
    assert_int_equal(audit_get(f.store, 2, &f.arena, &row), ERR_NOT_FOUND);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(buf_release) struct buf text = BUF_INIT(AUDIT_ENTRY_BYTES_MAX);
    struct audit_said read;
    struct audit_said said = { .seq = 7,
        .older_runs = 3,
        .entry = { .event = "approved",
            .who = STR("u-1"),
            .at_ms = 1800000000007,
            .run = 12,
            .step = 4,
            .rule = STR("r"),
            .plan_hash = STR("aa"),
            .reason = STR("seen \\ \"it\"") } };
    assert_int_equal(audit_text_write(&text, &said), ERR_OK);
    assert_int_equal(audit_text_read(buf_str(&text), &arena, &read), ERR_OK);
    assert_int_equal(read.seq, 7);
    assert_int_equal(read.older_runs, 3);
    assert_string_equal(read.entry.event, "approved");
    assert_int_equal(read.entry.at_ms, 1800000000007);
    assert_int_equal(read.entry.run, 12);
    assert_int_equal(read.entry.step, 4);
    assert_true(str_is(read.entry.who, "u-1"));
    assert_true(str_is(read.entry.reason, "seen \\ \"it\""));
    assert_int_equal(read.entry.target.len, 0);
    assert_int_equal(audit_text_read(STR("{\"seq\":1}"), &arena, &read), ERR_JSON);
    assert_int_equal(audit_text_read(STR("[]"), &arena, &read), ERR_JSON);
    assert_int_equal(audit_text_read(STR("{\"seq\":1"), &arena, &read), ERR_JSON);
}

static void an_unknown_event_or_nobody_is_refused_and_leaves_no_gap(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t seq = 0;
    struct audit_entry unknown = { .event = "deleted", .who = STR("cdr"), .step = -1 };
    struct audit_entry nobody = { .event = "held", .step = -1 };
    assert_int_equal(audit_append(f.store, &unknown, &seq), ERR_INVALID);
    assert_int_equal(audit_append(f.store, &nobody, &seq), ERR_INVALID);
    entries_add(f.store, 1, 1, 0);
}

static void a_long_text_is_cut_and_its_hash_kept(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct audit_row row;
    int64_t seq = 0;
    size_t size = 3 * (size_t)AUDIT_TEXT_BYTES_MAX;
    char *text = arena_alloc(&f.arena, size, 1);
    char hex[SHA256_HEX_SIZE];
    for (size_t i = 0; i < size; i++) /* the ceiling falls into a code point of three bytes */
        text[i] = "\xe2\x82\xac"[i % 3];
    struct audit_entry entry = {
        .event = "held", .who = STR("cdr"), .step = -1, .before = { text, size }
    };
    assert_int_equal(audit_append(f.store, &entry, &seq), ERR_OK);
    assert_int_equal(audit_get(f.store, 1, &f.arena, &row), ERR_OK);
    assert_int_equal(sha256_hex(entry.before, hex), ERR_OK);
    assert_true(row.text.len < AUDIT_TEXT_BYTES_MAX + 300);
    assert_non_null(
        strstr(row.text.ptr, arena_format(&f.arena, "\",\"before_sha256\":\"%s\"", hex)));
    assert_null(strstr(row.text.ptr, "\xef\xbf\xbd"));
}

static void an_entry_goes_with_the_transaction_that_it_is_in(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct audit_row last;
    entries_add(f.store, 1, 2, 0);
    assert_int_equal(store_begin(f.store), ERR_OK);
    entries_add(f.store, 3, 5, 0);
    store_rollback(f.store);
    assert_int_equal(audit_last(f.store, &last), ERR_OK);
    assert_int_equal(last.seq, 2);
    entries_add(f.store, 3, 4, 0);
    reopen(&f);
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    assert_int_equal(report.entries, 4);
    assert_int_equal(report.anchored, 4);
}

/* One of several processes that append at once. */
static int append_beside(const char *directory)
{
    struct arena arena = { 0 };
    struct store *store = NULL;
    const char *reason = NULL;
    if (store_open_beside(directory, &arena, &store, &reason) != ERR_OK)
        return 1;
    for (int i = 0; i < 40; i++) {
        int64_t seq = 0;
        struct audit_entry entry = {
            .event = "approved", .who = STR("u-1"), .at_ms = 1800000000000 + i * 400, .step = -1
        };
        if (audit_append(store, &entry, &seq) != ERR_OK)
            return 2;
    }
    store_close(store);
    arena_release(&arena);
    return 0;
}

static void several_processes_append_to_one_chain(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    pid_t children[4];
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(append_beside(f.directory));
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    assert_int_equal(report.entries, 160);
    assert_int_equal(report.anchored, 160);
}

static void the_second_place_gets_every_anchor_too(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *beside = in(f.scratch.path, "beside", &f.arena);
    assert_int_equal(audit_anchor_at(f.store, NULL, beside), ERR_OK);
    entries_add(f.store, 1, 9, 6000);
    reopen(&f);
    str head = file_text(in(f.directory, "audit.head", &f.arena), &f.arena);
    assert_true(head.len > 0);
    assert_true(str_equal(head, file_text(beside, &f.arena)));
    struct audit_report report = log_check(f.directory, beside, &f.arena);
    assert_whole(&report);
}

static void a_rolled_back_directory_is_found_by_the_second_place(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *beside = in(f.scratch.path, "beside", &f.arena);
    const char *names[] = { "journal.db", "audit.head" };
    str old[COUNT_OF(names)];
    entries_add(f.store, 1, 9, 6000);
    reopen(&f);
    store_close(f.store);
    f.store = NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        old[i] = file_text(in(f.directory, names[i], &f.arena), &f.arena);
    reopen(&f);
    assert_int_equal(audit_anchor_at(f.store, NULL, beside), ERR_OK);
    entries_add(f.store, 10, 20, 6000);
    store_close(f.store);
    f.store = NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        file_put(in(f.directory, names[i], &f.arena), old[i]);
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report); /* it is a true state of the past */
    report = log_check(f.directory, beside, &f.arena);
    assert_true(found(&report, AUDIT_FAULT_CUT_OFF));
    assert_true(found(&report, AUDIT_FAULT_ANCHOR_MISSING));
}

static void a_log_that_was_cut_is_not_anchored_again(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    entries_add(f.store, 1, 20, 6000);
    store_close(f.store);
    f.store = NULL;
    journal_spoil(f.directory, "DELETE FROM audit WHERE seq > 10", &f.arena);
    reopen(&f);
    entries_add(f.store, 11, 14, 6000);
    assert_int_equal(audit_anchor(f.store), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "cut off"));
    store_close(f.store);
    f.store = NULL;
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_true(found(&report, AUDIT_FAULT_REWRITTEN) || found(&report, AUDIT_FAULT_CUT_OFF));
}

static void a_line_that_was_cut_off_while_it_was_written_does_no_harm(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    entries_add(f.store, 1, 5, 6000);
    store_close(f.store);
    f.store = NULL;
    const char *path = in(f.directory, "audit.head", &f.arena);
    FILE *head = fopen(path, "ab");
    assert_non_null(head);
    fputs("{\"anchor\":6,\"se", head);
    fclose(head);
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    reopen(&f);
    entries_add(f.store, 6, 9, 6000);
    store_close(f.store);
    f.store = NULL;
    report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    assert_int_equal(report.anchored, 9);
}

static void a_key_that_others_can_read_signs_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *key = in(f.scratch.path, "key", &f.arena);
    entries_add(f.store, 1, 1, 0);
    file_put(key, file_text(in(f.directory, "audit.key", &f.arena), &f.arena));
    assert_int_equal(chmod(key, 0640), 0);
    reopen(&f);
    assert_int_equal(audit_anchor_at(f.store, key, NULL), ERR_OK);
    entries_add(f.store, 2, 2, 0);
    assert_int_equal(audit_anchor(f.store), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "chmod 600"));
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(audit_anchor(f.store), ERR_OK);
}

static void a_key_that_was_named_is_not_made(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *key = in(f.scratch.path, "no-key", &f.arena);
    assert_int_equal(audit_anchor_at(f.store, key, NULL), ERR_OK);
    entries_add(f.store, 1, 1, 0);
    assert_int_equal(audit_anchor(f.store), ERR_STORE);
    assert_int_not_equal(access(key, F_OK), 0);
}

static void every_length_of_an_untouched_log_is_whole(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct audit_report report = log_check(f.directory, NULL, &f.arena);
    assert_whole(&report);
    assert_int_equal(report.entries, 0);
    for (int64_t length = 1; length <= 300; length++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        entries_add(f.store, length, length, length % 7 * 3000);
        if (length % 5 == 0)
            reopen(&f);
        report = log_check(f.directory, NULL, &arena);
        assert_whole(&report);
        assert_int_equal(report.entries, length);
        assert_true(report.anchored >= length - ANCHOR_ENTRIES);
    }
}

static void the_page_has_every_event_and_finding_with_its_meaning(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    static const struct {
        const char *name;
        const char *meaning;
    } rows[] = {
#define AUDIT_EVENT(name, meaning) { #name, meaning },
#include "store/audit_events.def"
#undef AUDIT_EVENT
#define AUDIT_FAULT(id, name, meaning) { name, meaning },
#include "act/audit_faults.def"
#undef AUDIT_FAULT
    };
    str page = file_text("docs/audit.md", &arena);
    assert_true(page.len > 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *row = arena_format(&arena, "\n| `%s` | %s |\n", rows[i].name, rows[i].meaning);
        if (memmem(page.ptr, page.len, row, strlen(row)) == NULL)
            fail_msg("docs/audit.md lacks: %s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_one_line_of_json_with_members_in_order),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_unknown_event_or_nobody_is_refused_and_leaves_no_gap),
        cmocka_unit_test(a_long_text_is_cut_and_its_hash_kept),
        cmocka_unit_test(an_entry_goes_with_the_transaction_that_it_is_in),
        cmocka_unit_test(several_processes_append_to_one_chain),
        cmocka_unit_test(the_second_place_gets_every_anchor_too),
        cmocka_unit_test(a_rolled_back_directory_is_found_by_the_second_place),
        cmocka_unit_test(a_log_that_was_cut_is_not_anchored_again),
        cmocka_unit_test(a_line_that_was_cut_off_while_it_was_written_does_no_harm),
        cmocka_unit_test(a_key_that_others_can_read_signs_nothing),
        cmocka_unit_test(a_key_that_was_named_is_not_made),
        cmocka_unit_test(the_page_has_every_event_and_finding_with_its_meaning),
        cmocka_unit_test(every_length_of_an_untouched_log_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
