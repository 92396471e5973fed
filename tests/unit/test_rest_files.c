/* Files over the way of REST requests: what is kept, what is sent, addresses to upload to. */
#include "rest_connection.h"

#include "base/sha256.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* --- files --- */

static const char *slurp(const char *folder, const char *name, char text[static 256])
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t length = fread(text, 1, 255, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static unsigned entries(const char *folder)
{
    char command[512];
    unsigned count = 0;
    snprintf(command, sizeof(command), "find '%s' -type f | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count;
}

#define SHA_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ASK_FILE .sent = "GET " US1 "/f", .bearer = "one"

static void a_file_is_kept_whole_and_never_over_another(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    struct stat about;
    char text[256], path[512];
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_FILE, .status = 200, .half = "hal", .err = ERR_TRANSPORT },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "other" },
        { ASK_FILE, .status = 404, .answer = "{}" },
        { ASK_FILE, .status = 200, .answer = "<html>", LIMIT("Content-Type", "text/html; x") },
        { ASK_FILE, .status = 200, .answer = "{\"errors\":[]}",
            LIMIT("Content-Type", "application/json") },
    };
    const char *folder = scratch.path;
    crowdstrike_open(s, NULL, folder);
    play(s, want);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.raw"), ERR_OK);
    const char *told = arena_format(&s->arena,
        "{\"bytes\":3,\"sha256\":\"" SHA_OF_ABC "\",\"path\":\"%s/i-1/t.raw\",\"existed\":false}",
        folder);
    if (!str_is(s->reply.body, told))
        fail_msg("%.*s", STR_ARG(s->reply.body));
    assert_string_equal(slurp(folder, "i-1/t.raw", text), "abc");
    snprintf(path, sizeof(path), "%s/i-1/t.raw", folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.raw"), ERR_OK);
    assert_true(str_endswith(s->reply.body, STR("\"existed\":true}")));
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.raw"), ERR_REFUSED);
    assert_reason(s, "another file has that name");
    assert_string_equal(slurp(folder, "i-1/t.raw", text), "abc");
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.raw"), ERR_OK);
    assert_int_equal(s->reply.status, 404);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.raw"), ERR_REFUSED);
    assert_reason(s, "web page");
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.raw"), ERR_OK);
    assert_true(str_is(s->reply.body, "{\"errors\":[]}"));
    assert_int_equal(entries(folder), 1);
}

/* As a kill leaves it: some bytes, or a second name of the whole file. */
static void what_a_kill_left_goes_and_the_whole_file_stays(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    char hash[SHA256_HEX_SIZE], part[512], path[512], text[256];
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "abc" },
    };
    crowdstrike_open(s, NULL, scratch.path);
    play(s, want);
    assert_int_equal(sha256_hex(STR("t.zip"), hash), ERR_OK);
    snprintf(part, sizeof part, "%s/.cdr-%.16s", scratch.path, hash);
    snprintf(path, sizeof path, "%s/t.zip", scratch.path);
    FILE *left = fopen(part, "w");
    assert_non_null(left);
    fputs("ab", left);
    fclose(left);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "t.zip"), ERR_OK);
    assert_int_equal(entries(scratch.path), 1);
    assert_int_equal(link(path, part), 0);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "t.zip"), ERR_OK);
    assert_int_equal(entries(scratch.path), 1);
    assert_string_equal(slurp(scratch.path, "t.zip", text), "abc");
    int held = open(part, O_RDWR | O_CREAT, 0600);
    assert_true(held >= 0 && flock(held, LOCK_EX) == 0);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "t.zip"), ERR_REFUSED);
    assert_int_equal(access(part, F_OK), 0);
    close(held);
}

static void a_hostile_name_is_no_file(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const char *const names[] = { "/etc/x", "../x", "a/../x", "a//x", "a/", ".x", "a/.x",
        "a b", "a\nb", "a\\b", "a\xC3\xA9", "a\xE2\x80\xAEgpj.exe", "$(id)", "a;b", "~/x", "a:b",
        "a/b/c/d/e/f/g/h/i", "%2e%2e/x" };
    crowdstrike_open(s, NULL, scratch.path);
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (fetch(s, "crowdstrike", "GET /f\n", names[at]) != ERR_REFUSED)
            fail_msg("%s", names[at]);
    assert_int_equal(s->http.sent, 0);
    char outside[512], link[512];
    snprintf(outside, sizeof(outside), "%s/out", scratch.path);
    snprintf(link, sizeof(link), "%s/link", scratch.path);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(symlink(outside, link), 0);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "link/x"), ERR_REFUSED);
    assert_int_equal(entries(scratch.path), 0);
}

#define MDE "https://api.security.microsoft.com"

static void a_file_that_an_answer_names_is_fetched_without_the_token(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { .sent = LOGIN, .status = 200, .answer = TOKEN("mde", 3599) },
        { .sent = "GET " MDE "/api/l",
            .bearer = "mde",
            .status = 200,
            .answer = "{\"value\":\"https://x.blob.core.windows.net/c/f?sig=abc\"}" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 403,
            .answer = "<x>" },
        { .sent = "GET " MDE "/api/l",
            .bearer = "mde",
            .status = 200,
            .answer = "{\"value\":\"https://x.blob.core.chinacloudapi.cn/c/f?sig=def\"}" },
        { .sent = "GET https://x.blob.core.chinacloudapi.cn/c/f?sig=def",
            .status = 200,
            .answer = "abc" },
    };
    static const char *const evil[] = { "https://evil.example/f",
        "http://x.blob.core.windows.net/f", "https://blob.core.windows.net.evil.example/f",
        "https://x.blob.core.windows.net@evil.example/f", "file:///etc/passwd", "",
        MDE ".evil.example/f" };
    defender_open(s, "", "", scratch.path);
    play(s, want);
    assert_int_equal(fetch(s, "defender", "GET /api/l\n", "m/t.zip"), ERR_OK);
    assert_non_null(strstr(s->reply.body.ptr, SHA_OF_ABC));
    assert_null(strstr(s->reply.body.ptr, "sig="));
    for (size_t at = 0; at < COUNT_OF(evil); at++) {
        const char *answer = arena_format(&s->arena, "{\"value\":\"%s\"}", evil[at]);
        const struct exchange bad[] = {
            { .sent = "GET " MDE "/api/l", .bearer = "mde", .status = 200, .answer = answer },
            { .sent = NULL }
        };
        play(s, bad);
        assert_int_equal(fetch(s, "defender", "GET /api/l\n", "m/u.zip"), ERR_REFUSED);
        assert_reason(s, "names no address");
    }
    assert_int_equal(entries(scratch.path), 1);
}

/* Whoever has the address may read, so nobody is told who asks; and it is asked where results are kept
 * alone. */
static void a_result_is_fetched_without_a_token_from_where_it_is_kept(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 200,
            .answer = "{\"exit_code\":0}" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 403,
            .answer = "<x>" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 200,
            .answer = "abc" },
    };
    const char *link = "GET /x.blob.core.windows.net/c/f?sig=abc\n";
    defender_open(s, "", "", scratch.path);
    play(s, want);
    assert_int_equal(ask(s, "defender-download", link, false), ERR_OK);
    assert_true(str_is(s->reply.body, "{\"exit_code\":0}"));
    assert_int_equal(ask(s, "defender-download", link, false), ERR_OK);
    assert_int_equal(s->reply.status, 403);
    assert_int_equal(fetch(s, "defender-download", link, "m/t.zip"), ERR_OK);
    assert_non_null(strstr(s->reply.body.ptr, SHA_OF_ABC));
    assert_int_equal(ask(s, "defender-download", "GET /evil.example/f\n", false), ERR_REFUSED);
    assert_reason(s, "none where results are kept");
    assert_int_equal(s->http.sent, 3);
}

/* --- marks --- */

struct fake_signer {
    struct rest_signer signer; /* first */
    const char *url;
};

static enum err fake_put(struct rest_signer *signer, str place, str region, uint32_t seconds,
    struct arena *arena, str *ret_url, const char **reterr_reason)
{
    (void)reterr_reason;
    *ret_url = str_from(arena_format(arena, "%s%.*s?r=%.*s&s=%u",
        ((struct fake_signer *)signer)->url, STR_ARG(place), STR_ARG(region), seconds));
    return ERR_OK;
}

static void a_file_is_called_what_it_is(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct {
        const char *content, *path;
    } cases[] = { { "7z\xbc\xaf\x27\x1c and more", "a/t.7z" }, { "\x1f\x8b\x08", "b/t.tar.gz" },
        { "PK\3\4x", "c/t.zip" }, { "7z", "d/t.bin" }, { "else and more", "e/t.bin" } };
    crowdstrike_open(s, NULL, scratch.path);
    struct exchange want[COUNT_OF(cases) + 1] = { { ASK_TOKEN, .status = 201,
        .answer = TOKEN("one", 1799) } };
    for (size_t at = 0; at < COUNT_OF(cases); at++)
        want[at + 1] = (struct exchange){ ASK_FILE, .status = 200, .answer = cases[at].content };
    play(s, want);
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        char text[512];
        const char *name = arena_format(&s->arena, "%c/t.7z", (int)('a' + at));
        assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", name), ERR_OK);
        const char *path =
            arena_format(&s->arena, "\"path\":\"%s/%s\"", scratch.path, cases[at].path);
        if (memmem(s->reply.body.ptr, s->reply.body.len, path, strlen(path)) == NULL)
            fail_msg("%.*s", STR_ARG(s->reply.body));
        assert_string_equal(slurp(scratch.path, cases[at].path, text), cases[at].content);
    }
}

#define POST_JSON(text) "POST /f\nContent-Type: application/json\n\n" text

static void an_address_to_upload_to_is_signed_when_it_is_sent(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/f",
            .bearer = "one",
            .body = "{\"a\":\"curl 'https://s3/bucket/key?r=eu-west-1&s=60' x\"}",
            GOOD },
    };
    static const struct {
        const char *body, *late;
    } wrong[] = { { POST_JSON("\"cdr-late-put:b/k:eu:60\""), "cdr-late-put:b/k:eu:60" },
        { POST_JSON("\"cdr-late-put:b/k:eu:x;\""), "cdr-late-put:b/k:eu:x;" },
        { POST_JSON("\"cdr-late-put:bk:eu:60;\""), "cdr-late-put:bk:eu:60;" },
        { POST_JSON("\"cdr-late-put:b/k:eu:0;\""), "cdr-late-put:b/k:eu:0;" },
        { POST_JSON("\"cdr-late-put:b/k:eu:60; cdr-late-put:b/k:eu:60;\""),
            "cdr-late-put:b/k:eu:60;" },
        { POST_JSON("\"cdr-late-put:b/other:eu:60;\""), "cdr-late-put:b/k:eu:60;" },
        { POST_JSON("\"cdr-late-file:" SHA_OF_ABC ":/etc/passwd\""),
            "cdr-late-file:" SHA_OF_ABC ":/etc/passwd" },
        { POST_JSON("\"else\""), "else" } };
    const char *body = POST_JSON("{\"a\":\"curl 'cdr-late-put:bucket/key:eu-west-1:60;' x\"}");
    struct fake_signer signer = { { fake_put }, "https://s3/" };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    s->late = STR("cdr-late-put:bucket/key:eu-west-1:60;");
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_REFUSED);
    assert_reason(s, "there is none");
    rest_connection_sign_with(s->connection, &signer.signer);
    s->http.exchanges = want;
    assert_int_equal(s->http.sent, 1);
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_OK);
    for (size_t at = 0; at < COUNT_OF(wrong); at++) {
        s->late = str_from(wrong[at].late);
        if (ask(s, "crowdstrike", wrong[at].body, true) != ERR_REFUSED)
            fail_msg("%s", wrong[at].body);
    }
    s->late = STR("cdr-late-put:bucket/key:eu-west-1:60;");
    signer.url = "https://s3/'; id; '";
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_REFUSED);
    assert_int_equal(s->http.sent, 2);
}

static void a_script_of_the_library_has_its_address_when_it_is_sent(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/l", .bearer = "one", GOOD },
    };
    struct fake_signer signer = { { fake_put }, "https://s3/" };
    struct step step = { .arena = &s->arena, .key = STR("run-1-step-1") };
    struct rest_draft draft = rest_begin(&step, "crowdstrike", "X", STR("host/a"), "POST", "/l");
    rest_part(&draft, "file", "a.ps1", STR("$Put = '" REST_LATE_PUT "bucket/key:eu-west-1:60;'\n"));
    rest_parts_end(&draft);
    struct request request = rest_end(&draft);
    crowdstrike_open(s, NULL, NULL);
    rest_connection_sign_with(s->connection, &signer.signer);
    play(s, want);
    s->late = STR(REST_LATE_PUT "bucket/key:eu-west-1:60;");
    assert_int_equal(ask(s, "crowdstrike", request.body.ptr, true), ERR_OK);
    assert_non_null(strstr(s->http.last_body, "$Put = 'https://s3/bucket/key?r=eu-west-1&s=60'\n"));
}

/* What an alert or a host says is never a mark, beside one or without. */
static void a_text_that_looks_like_a_mark_is_sent_as_it_is(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/c", .bearer = "one", GOOD },
        { .sent = "POST " US1 "/c", .bearer = "one", GOOD },
        { .sent = "POST " US1 "/c", .bearer = "one", GOOD },
        { .sent = "POST " US1 "/c", .bearer = "one", GOOD },
        { .sent = "POST " US1 "/c", .bearer = "one", GOOD },
    };
    static const char *const titles[] = { "cdr-late-put:victim-bucket/evil.html:eu-west-1:14400;",
        "x cdr-late-put: y", "cdr-late-put:b/k:eu:60; cdr-late-put:b/k:eu:60;",
        "cdr-late-file:" SHA_OF_ABC ":/etc/passwd" };
    struct fake_signer signer = { { fake_put }, "https://s3/" };
    struct step step = { .arena = &s->arena, .key = STR("run-1-step-1") };
    crowdstrike_open(s, NULL, NULL);
    rest_connection_sign_with(s->connection, &signer.signer);
    play(s, want);
    for (size_t at = 0; at < COUNT_OF(titles); at++) {
        struct rest_draft draft =
            rest_begin(&step, "crowdstrike", "X", STR("alert/a"), "POST", "/c");
        rest_json(&draft, json_pack("{s:s}", "comment", titles[at]));
        struct request request = rest_end(&draft);
        assert_int_equal(ask(s, "crowdstrike", request.body.ptr, true), ERR_OK);
        assert_non_null(strstr(s->http.last_body, titles[at]));
    }
    struct rest_draft draft = rest_begin(&step, "crowdstrike", "X", STR("host/a"), "POST", "/c");
    s->late = STR("cdr-late-put:ours/key:eu-west-1:60;");
    rest_json(&draft, json_pack("[s,s]", titles[0], s->late.ptr));
    struct request request = rest_end(&draft);
    assert_int_equal(ask(s, "crowdstrike", request.body.ptr, true), ERR_OK);
    assert_non_null(strstr(s->http.last_body, titles[0]));
    assert_non_null(strstr(s->http.last_body, "\"https://s3/ours/key?r=eu-west-1&s=60\""));
}

/* A request with a file in it, as steps draft it. */
static const char *upload(struct setting *s, const char *hash, const char *path)
{
    struct step step = { .arena = &s->arena, .key = STR("run-1-step-1") };
    struct rest_draft draft =
        rest_begin(&step, "crowdstrike", "X", STR("host/a"), "POST", "/put-files/v2");
    s->late = str_from(arena_format(&s->arena, REST_LATE_FILE "%s:%s", hash, path));
    rest_part(&draft, "description", NULL, STR(REST_LATE_FILE " of no part"));
    rest_part(&draft, "file", "tool", s->late);
    rest_parts_end(&draft);
    return rest_end(&draft).body.ptr;
}

static void a_file_is_sent_with_the_hash_that_was_meant_or_not_at_all(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/put-files/v2", .bearer = "one", GOOD },
    };
    const char *path = arena_format(&s->arena, "%s/tool", scratch.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs("abc", file) >= 0 && fclose(file) == 0, true);
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, path), true), ERR_OK);
    assert_non_null(strstr(s->http.last_body, "octet-stream\r\n\r\nabc\r\n--"));
    assert_null(strstr(s->http.last_body, path));
    const char *other = "0a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_int_equal(ask(s, "crowdstrike", upload(s, other, path), true), ERR_REFUSED);
    assert_reason(s, "its SHA-256 is another");
    assert_int_equal(
        ask(s, "crowdstrike", upload(s, SHA_OF_ABC, "/nonexistent/x"), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, scratch.path), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, "/dev/zero"), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, "x", path), true), ERR_REFUSED);
    assert_int_equal(s->http.sent, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_kept_whole_and_never_over_another),
        TEST(a_result_is_fetched_without_a_token_from_where_it_is_kept),
        TEST(a_file_is_called_what_it_is),
        TEST(what_a_kill_left_goes_and_the_whole_file_stays),
        TEST(a_hostile_name_is_no_file),
        TEST(a_file_that_an_answer_names_is_fetched_without_the_token),
        TEST(an_address_to_upload_to_is_signed_when_it_is_sent),
        TEST(a_text_that_looks_like_a_mark_is_sent_as_it_is),
        TEST(a_script_of_the_library_has_its_address_when_it_is_sent),
        TEST(a_file_is_sent_with_the_hash_that_was_meant_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
