/* Who we are, where, and at which address: from variables and files of all kinds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/connection.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/profile_file.h"
#include "aws/retry.h"
#include "table_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looks like one, is none, and must never be in a sentence. */
#define SECRET "not/a+real/secret=="
#define FILE_SECRET "a-secret-of-a-file"

static const struct aws_settings no_settings;

/* A home directory with the two files. */
struct home {
    char path[64];
    char credentials[96];
    char config[96];
    struct arena arena;
    struct aws_credentials found;
    const char *reason;
};

static int home_setup(void **state)
{
    struct home *home = calloc(1, sizeof(*home));
    char folder[96];
    strcpy(home->path, "/tmp/cdr-credentials-XXXXXX");
    assert_non_null(mkdtemp(home->path));
    snprintf(folder, sizeof(folder), "%s/.aws", home->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(home->credentials, sizeof(home->credentials), "%s/.aws/credentials", home->path);
    snprintf(home->config, sizeof(home->config), "%s/.aws/config", home->path);
    *state = home;
    return 0;
}

static int home_teardown(void **state)
{
    struct home *home = *state;
    char folder[96];
    snprintf(folder, sizeof(folder), "%s/.aws", home->path);
    unlink(home->credentials);
    unlink(home->config);
    rmdir(home->credentials);
    rmdir(folder);
    rmdir(home->path);
    aws_credentials_release(&home->found);
    arena_release(&home->arena);
    free(home);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_text(str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static void find_ok(struct home *home, const struct table_environment *table)
{
    aws_credentials_release(&home->found);
    enum err err = aws_credentials_find(
        &table->environment, &no_settings, &home->arena, &home->found, &home->reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), home->reason);
}

/* Fails with a sentence that holds `words` and no secret. */
static void find_refused(
    struct home *home, const struct table_environment *table, const char *words)
{
    struct aws_credentials found;
    home->reason = NULL;
    assert_int_equal(aws_credentials_find(
                         &table->environment, &no_settings, &home->arena, &found, &home->reason),
        ERR_CREDENTIALS);
    assert_non_null(home->reason);
    if (strstr(home->reason, words) == NULL)
        fail_msg("'%s' is not in: %s", words, home->reason);
    assert_null(strstr(home->reason, SECRET));
    assert_null(strstr(home->reason, FILE_SECRET));
}

static void assert_found(const struct home *home, const char *id, const char *secret,
    const char *token, const char *region)
{
    assert_string_equal(home->found.keys.access_key_id, id);
    assert_text(secret_bytes(&home->found.keys.secret_access_key), secret);
    assert_text(secret_bytes(&home->found.keys.session_token), token);
    assert_text(home->found.region, region);
}

static void the_environment_comes_first(void **state)
{
    struct home *home = *state;
    write_file(home->credentials, "[default]\naws_access_key_id = AKIAFILE\n"
                                  "aws_secret_access_key = " FILE_SECRET "\n");
    struct table_environment table =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIAENV" }, { "AWS_SECRET_ACCESS_KEY", SECRET },
            { "AWS_SESSION_TOKEN", "tok" }, { "AWS_REGION", "eu-west-1" },
            { "AWS_DEFAULT_REGION", "us-east-1" }, { "HOME", home->path });
    find_ok(home, &table);
    assert_found(home, "AKIAENV", SECRET, "tok", "eu-west-1");
    assert_string_equal(home->found.found, "the environment");
    table.variables[3].value = "";
    table.variables[2].value = NULL;
    find_ok(home, &table);
    assert_found(home, "AKIAENV", SECRET, "", "us-east-1");
}

static void half_a_pair_of_keys_is_refused(void **state)
{
    struct home *home = *state;
    struct table_environment id =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIAENV" }, { "AWS_REGION", "eu-west-1" });
    find_refused(home, &id, "AWS_SECRET_ACCESS_KEY is not");
    struct table_environment secret =
        TABLE({ "AWS_SECRET_ACCESS_KEY", SECRET }, { "AWS_REGION", "eu-west-1" });
    find_refused(home, &secret, "AWS_ACCESS_KEY_ID is not");
    write_file(home->credentials, "[default]\naws_secret_access_key = " FILE_SECRET "\n");
    struct table_environment file = TABLE({ "HOME", home->path });
    find_refused(home, &file, "aws_secret_access_key without aws_access_key_id");
}

static void values_that_cannot_be_sent_are_refused(void **state)
{
    struct home *home = *state;
    struct table_environment table =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIA\r\nX-Evil: 1" }, { "AWS_SECRET_ACCESS_KEY", SECRET },
            { "AWS_REGION", "eu-west-1" }, { "AWS_SESSION_TOKEN", "t" });
    find_refused(home, &table, "access key id");
    table.variables[0].value = "AKIA/x";
    find_refused(home, &table, "access key id");
    table.variables[0].value = "AKIA";
    table.variables[1].value = SECRET " ";
    find_refused(home, &table, "secret access key");
    table.variables[1].value = SECRET;
    table.variables[3].value = "a\nb";
    find_refused(home, &table, "session token");
    table.variables[3].value = "t";
    table.variables[2].value = "evil.example/";
    find_refused(home, &table, "is no AWS region");
}

static void files_are_read_as_the_tools_do(void **state)
{
    struct home *home = *state;
    write_file(home->credentials, "\xef\xbb\xbf# a comment\r\n"
                                  "; another\r\n"
                                  "\r\n"
                                  "[default]\r\n"
                                  "aws_access_key_id=AKIADEFAULT\r\n"
                                  "aws_secret_access_key=" FILE_SECRET "\r\n"
                                  "[ ops ]   # trailing words\r\n"
                                  "  AWS_Access_Key_Id   =   AKIAOPS  \r\n"
                                  "  aws_secret_access_key = a=b:c#d;e\r\n"
                                  "  aws_session_token = \"quoted\"\r\n"
                                  "[profile ops]\naws_access_key_id = AKIAWRONG\n");
    write_file(home->config, "[profile ops]\n"
                             "s3 =\n"
                             "  max_concurrent_requests = 20\n"
                             "  region = no-where-9\n"
                             "region = eu-central-1\n"
                             "[profile \"two words\"]\n"
                             "aws_access_key_id : AKIATWO\n"
                             "aws_secret_access_key : x\n"
                             "region : us-west-2\n"
                             "[default]\nregion = us-east-1\n"
                             "[sso-session s]\nsso_region = eu-west-1\n");
    struct table_environment table = TABLE({ "HOME", home->path }, { "AWS_PROFILE", "ops" });
    find_ok(home, &table);
    assert_found(home, "AKIAOPS", "a=b:c#d;e", "\"quoted\"", "eu-central-1");
    assert_non_null(strstr(home->found.found, home->credentials));
    table.variables[1].value = "two words";
    find_ok(home, &table);
    assert_found(home, "AKIATWO", "x", "", "us-west-2");
    table.variables[1] = (struct variable){ "AWS_DEFAULT_PROFILE", "ops" };
    find_ok(home, &table);
    assert_string_equal(home->found.keys.access_key_id, "AKIAOPS");
    table.variables[1].name = NULL;
    find_ok(home, &table);
    assert_found(home, "AKIADEFAULT", FILE_SECRET, "", "us-east-1");
}

static void the_files_may_be_elsewhere(void **state)
{
    struct home *home = *state;
    write_file(home->config, "[default]\naws_access_key_id = AKIAX\n"
                             "aws_secret_access_key = x\nregion = eu-west-1\n"
                             "endpoint_url = http://127.0.0.1:1\n");
    struct table_environment table =
        TABLE({ "HOME", home->path }, { "AWS_SHARED_CREDENTIALS_FILE", "/nowhere/at/all" },
            { "AWS_CONFIG_FILE", "~/.aws/config" });
    find_ok(home, &table);
    assert_found(home, "AKIAX", "x", "", "eu-west-1");
    assert_text(home->found.endpoint_url, "http://127.0.0.1:1");
}

static void nothing_found_says_what_to_set(void **state)
{
    struct home *home = *state;
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path });
    find_refused(home, &table, "set the two, or AWS_PROFILE");
    assert_non_null(strstr(home->reason, "AWS_ACCESS_KEY_ID"));
    assert_non_null(strstr(home->reason, home->credentials));
    table.variables[2] = (struct variable){ "AWS_PROFILE", "ghost" };
    find_refused(home, &table, "there is no profile ghost");
    struct table_environment empty = TABLE({ NULL, NULL });
    find_refused(home, &empty, "no HOME");
    struct table_environment no_region =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIA" }, { "AWS_SECRET_ACCESS_KEY", SECRET });
    find_refused(home, &no_region, "set AWS_REGION");
}

static void profiles_that_need_more_are_refused_in_words(void **state)
{
    struct home *home = *state;
    static const char *const keys[] = { "role_arn", "sso_session", "sso_start_url",
        "sso_account_id", "credential_process", "web_identity_token_file", "credential_source",
        "login_session" };
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path });
    write_file(home->credentials, "[default]\naws_access_key_id = AKIAX\n"
                                  "aws_secret_access_key = " FILE_SECRET "\n");
    find_ok(home, &table);
    for (size_t at = 0; at < COUNT_OF(keys); at++) {
        char text[128];
        snprintf(text, sizeof(text), "[default]\n%s = something\n", keys[at]);
        write_file(home->config, text);
        find_refused(home, &table, keys[at]);
        assert_non_null(strstr(home->reason, "not in this build"));
    }
    write_file(home->config, "[default]\nservices = mine\n");
    find_refused(home, &table, "services section");
    table.variables[2] = (struct variable){ "AWS_WEB_IDENTITY_TOKEN_FILE", "/t" };
    find_refused(home, &table, "web identity");
}

static void bad_files_are_named_with_their_line(void **state)
{
    struct home *home = *state;
    static const struct {
        const char *text;
        const char *words;
    } bad[] = {
        { "[default]\n\n" FILE_SECRET "\n", ":3: a line is neither" },
        { "# c\naws_access_key_id = " FILE_SECRET "\n", ":2: a setting stands before" },
        { "[default\nx = y\n", ":1: a section begins" },
        { "[default]\n= " FILE_SECRET "\n", ":2: a line is neither" },
    };
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path });
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        write_file(home->credentials, bad[at].text);
        find_refused(home, &table, bad[at].words);
        assert_non_null(strstr(home->reason, home->credentials));
    }
    unlink(home->credentials);
    assert_int_equal(mkdir(home->credentials, 0700), 0);
    find_refused(home, &table, "Is a directory");
    rmdir(home->credentials);
    write_file(home->credentials, "[default]\n");
    assert_int_equal(truncate(home->credentials, PROFILE_FILE_BYTES_MAX + 1), 0);
    find_refused(home, &table, "over 1 MiB");
}

static void full_memory_is_an_error_and_not_a_crash(void **state)
{
    struct home *home = *state;
    write_file(home->credentials, "[default]\naws_access_key_id = AKIAX\n"
                                  "aws_secret_access_key = " FILE_SECRET "\n");
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path });
    unsigned full = 0;
    for (size_t limit = 1; limit < 1000; limit += 7) {
        struct arena arena = ARENA_INIT(limit);
        struct aws_credentials found = { .found = NULL };
        const char *reason;
        enum err err =
            aws_credentials_find(&table.environment, &no_settings, &arena, &found, &reason);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
        aws_credentials_release(&found);
        arena_release(&arena);
    }
    assert_true(full > 0);
}

/* --- addresses --- */

static void assert_endpoint(struct arena *arena, const struct aws_endpoints *endpoints,
    enum aws_service service, const char *region, const char *url, const char *signed_region)
{
    struct aws_endpoint endpoint;
    const char *reason = "";
    if (aws_endpoint_make(endpoints, service, str_from(region), arena, &endpoint, &reason)
        != ERR_OK)
        fail_msg("%s", reason);
    assert_string_equal(endpoint.url, url);
    assert_text(endpoint.region, signed_region);
    assert_text(endpoint.path, "/");
    str host = str_from(strstr(url, "//") + 2);
    assert_true(str_equal(endpoint.host, str_first(host, str_find(host, '/'))));
}

static void each_partition_has_its_hosts(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct aws_endpoints none = { { NULL } };
    static const struct {
        enum aws_service service;
        const char *region, *url, *signed_region;
    } hosts[] = {
        { AWS_EC2, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/", "eu-west-1" },
        { AWS_STS, "us-east-1", "https://sts.us-east-1.amazonaws.com/", "us-east-1" },
        { AWS_IAM, "eu-west-1", "https://iam.amazonaws.com/", "us-east-1" },
        { AWS_IAM, "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1" },
        { AWS_EC2, "cn-northwest-1", "https://ec2.cn-northwest-1.amazonaws.com.cn/",
            "cn-northwest-1" },
        { AWS_IAM, "us-gov-east-1", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1" },
        { AWS_STS, "us-gov-east-1", "https://sts.us-gov-east-1.amazonaws.com/", "us-gov-east-1" },
        { AWS_IAM, "eusc-de-east-1", "https://iam.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1" },
    };
    for (size_t at = 0; at < COUNT_OF(hosts); at++)
        assert_endpoint(&arena, &none, hosts[at].service, hosts[at].region, hosts[at].url,
            hosts[at].signed_region);
    arena_release(&arena);
}

static void what_is_no_region_becomes_no_host(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    const struct aws_endpoints none = { { NULL } };
    static const char *const regions[] = { "", "eu-west", "evil.example", "eu-west-1.evil.example",
        "eu-west-1/", "eu-west-1@x-1", "xx-west-1", "us-iso-east-1", "EU-WEST-1", "eu-west-1\n",
        "eu-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1" };
    for (size_t at = 0; at < COUNT_OF(regions); at++) {
        struct aws_endpoint endpoint;
        const char *reason = NULL;
        assert_int_equal(
            aws_endpoint_make(&none, AWS_EC2, str_from(regions[at]), &arena, &endpoint, &reason),
            ERR_INVALID);
        assert_non_null(strstr(reason, "nothing was sent"));
    }
    arena_release(&arena);
}

static enum err endpoints_of(const struct table_environment *table, const char *profile_url,
    struct arena *arena, struct aws_endpoints *ret_endpoints, const char **reterr_reason)
{
    return aws_endpoints_read(
        &table->environment, STR(""), str_from(profile_url), arena, ret_endpoints, reterr_reason);
}

static void addresses_are_replaced_in_order_and_the_region_stays(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct aws_endpoints found;
    const char *reason = "";
    struct table_environment table = TABLE({ "AWS_ENDPOINT_URL_EC2", "https://vpce.example:8443" },
        { "AWS_ENDPOINT_URL", "http://127.0.0.1:5000/" });
    assert_int_equal(endpoints_of(&table, "http://localhost:1", &arena, &found, &reason), ERR_OK);
    assert_endpoint(
        &arena, &found, AWS_EC2, "eu-west-1", "https://vpce.example:8443/", "eu-west-1");
    assert_endpoint(&arena, &found, AWS_STS, "my-lab", "http://127.0.0.1:5000/", "my-lab");
    assert_endpoint(&arena, &found, AWS_IAM, "eu-west-1", "http://127.0.0.1:5000/", "us-east-1");
    table.variables[1].name = "OTHER";
    assert_int_equal(endpoints_of(&table, "http://localhost:1", &arena, &found, &reason), ERR_OK);
    assert_endpoint(&arena, &found, AWS_STS, "eu-west-1", "http://localhost:1/", "eu-west-1");
    table.variables[2] = (struct variable){ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" };
    assert_int_equal(endpoints_of(&table, "http://localhost:1", &arena, &found, &reason), ERR_OK);
    assert_null(found.urls[AWS_EC2]);
    arena_release(&arena);
}

static void unsafe_addresses_are_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    static const struct {
        const char *url;
        const char *words;
    } bad[] = {
        { "http://10.0.0.1", "plain http" },
        { "http://127.0.0.1.evil.example", "plain http" },
        { "http://localhost.evil.example", "plain http" },
        { "http://[::2]:80", "plain http" },
        { "http://127.1", "plain http" },
        { "ftp://127.0.0.1", "is not an address" },
        { "127.0.0.1:5000", "is not an address" },
        { "https://", "is not an address" },
        { "https://u:p@host", "is not an address" },
        { "http://127.0.0.1\\@evil.example", "is not an address" },
        { "http://127.0.0.1#@evil.example", "is not an address" },
        { "http://127.0.0.1?x", "is not an address" },
        { "http://127.0.0.1:", "is not an address" },
        { "http://127.0.0.1:5 000", "is not an address" },
        { "http://[::1", "is not an address" },
        { "http://[::1]x", "is not an address" },
        { "https://h/a\r\nX: y", "is not an address" },
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct aws_endpoints found;
        const char *reason = "";
        struct table_environment table = TABLE({ "AWS_ENDPOINT_URL", bad[at].url });
        if (endpoints_of(&table, "", &arena, &found, &reason) != ERR_CREDENTIALS
            || strstr(reason, bad[at].words) == NULL || strstr(reason, "u:p") != NULL)
            fail_msg("%s: %s", bad[at].url, reason);
    }
    static const char *const good[] = { "http://127.0.0.1:5000", "http://127.9.9.9",
        "http://[::1]:80/", "http://LocalHost", "https://10.0.0.1/a/b" };
    for (size_t at = 0; at < COUNT_OF(good); at++) {
        struct aws_endpoints found;
        const char *reason = "";
        struct table_environment table = TABLE({ "AWS_ENDPOINT_URL", good[at] });
        if (endpoints_of(&table, "", &arena, &found, &reason) != ERR_OK)
            fail_msg("%s: %s", good[at], reason);
    }
    arena_release(&arena);
}

static void codes_say_whether_to_send_again(void **state)
{
    (void)state;
    assert_int_equal(retry_cause_of(503, STR("RequestLimitExceeded")), RETRY_THROTTLED);
    assert_int_equal(retry_cause_of(400, STR("Throttling")), RETRY_THROTTLED);
    assert_int_equal(retry_cause_of(409, STR("LimitExceeded")), RETRY_NONE);
    assert_int_equal(retry_cause_of(400, STR("LimitExceededException")), RETRY_THROTTLED);
    assert_int_equal(retry_cause_of(200, STR("Throttling")), RETRY_NONE);
    assert_int_equal(retry_cause_of(503, STR("")), RETRY_TRANSIENT);
    assert_int_equal(retry_cause_of(500, STR("InternalError")), RETRY_TRANSIENT);
    assert_int_equal(retry_cause_of(501, STR("")), RETRY_NONE);
    assert_int_equal(retry_cause_of(403, STR("AccessDenied")), RETRY_NONE);
    assert_int_equal(retry_cause_of(400, STR("RequestExpired")), RETRY_SKEWED);
}

static void delays_grow_to_a_ceiling(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_ms(0, 0), 0);
    assert_int_equal(retry_delay_ms(0, UINT32_MAX), 999);
    assert_int_equal(retry_delay_ms(1, UINT32_MAX), 1999);
    assert_int_equal(retry_delay_ms(1, UINT32_C(1) << 31), 1000);
    assert_int_equal(retry_delay_ms(4, UINT32_MAX), 15999);
    assert_int_equal(retry_delay_ms(5, UINT32_MAX), RETRY_DELAY_MS_MAX - 1);
    assert_int_equal(retry_delay_ms(4000000000U, UINT32_MAX), RETRY_DELAY_MS_MAX - 1);
}

#define HOME_TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(the_environment_comes_first),
        HOME_TEST(half_a_pair_of_keys_is_refused),
        HOME_TEST(values_that_cannot_be_sent_are_refused),
        HOME_TEST(files_are_read_as_the_tools_do),
        HOME_TEST(the_files_may_be_elsewhere),
        HOME_TEST(nothing_found_says_what_to_set),
        HOME_TEST(profiles_that_need_more_are_refused_in_words),
        HOME_TEST(bad_files_are_named_with_their_line),
        HOME_TEST(full_memory_is_an_error_and_not_a_crash),
        cmocka_unit_test(each_partition_has_its_hosts),
        cmocka_unit_test(what_is_no_region_becomes_no_host),
        cmocka_unit_test(addresses_are_replaced_in_order_and_the_region_stays),
        cmocka_unit_test(unsafe_addresses_are_refused),
        cmocka_unit_test(codes_say_whether_to_send_again),
        cmocka_unit_test(delays_grow_to_a_ceiling),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
