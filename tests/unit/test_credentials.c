/* Who we are, where, and at which address: from variables and files of all kinds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/connection.h"
#include "aws/credentials.h"
#include "aws/profiles.h"
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

/* Read the files and look. */
static enum err look(const struct table_environment *table, struct arena *arena,
    struct aws_credentials *ret_found, const char **reterr_reason)
{
    CLEANUP(aws_profiles_release) struct aws_profiles profiles = { .config = { NULL, 0, NULL } };
    TRY(aws_profiles_read(&table->environment, arena, &profiles, reterr_reason));
    return aws_credentials_find(
        &table->environment, &no_settings, &profiles, arena, ret_found, reterr_reason);
}

static void find_ok(struct home *home, const struct table_environment *table)
{
    aws_credentials_release(&home->found);
    enum err err = look(table, &home->arena, &home->found, &home->reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), home->reason);
}

/* Fails with a sentence that holds `words` and no secret. */
static void find_refused(
    struct home *home, const struct table_environment *table, const char *words)
{
    struct aws_credentials found;
    home->reason = NULL;
    assert_int_equal(look(table, &home->arena, &found, &home->reason), ERR_CREDENTIALS);
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
        TABLE({ "HOME", home->path }, { "AWS_SHARED_CREDENTIALS_FILE", "/proc/nowhere/at/all" },
            { "AWS_CONFIG_FILE", "~/.aws/config" });
    find_ok(home, &table);
    assert_found(home, "AKIAX", "x", "", "eu-west-1");
}

static void nothing_found_says_what_to_set(void **state)
{
    struct home *home = *state;
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path },
        { "AWS_EC2_METADATA_DISABLED", "True" });
    find_refused(home, &table, "set the two, or AWS_PROFILE");
    assert_non_null(strstr(home->reason, "AWS_ACCESS_KEY_ID"));
    assert_non_null(strstr(home->reason, home->credentials));
    table.variables[3] = (struct variable){ "AWS_PROFILE", "ghost" };
    find_refused(home, &table, "there is no profile ghost");
    struct table_environment empty = TABLE({ "AWS_EC2_METADATA_DISABLED", "true" });
    find_refused(home, &empty, "no HOME");
    struct table_environment no_region =
        TABLE({ "AWS_ACCESS_KEY_ID", "AKIA" }, { "AWS_SECRET_ACCESS_KEY", SECRET });
    find_refused(home, &no_region, "set AWS_REGION");
}

static void an_instance_is_asked_when_nothing_else_is_left(void **state)
{
    struct home *home = *state;
    struct table_environment table = TABLE({ "HOME", home->path });
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_INSTANCE);
    assert_true(home->found.is_last_resort);
    assert_string_equal(home->found.url, "http://169.254.169.254/");
    assert_text(home->found.region, "");
    table.variables[1] = (struct variable){ "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6" };
    find_ok(home, &table);
    assert_string_equal(home->found.url, "http://[fd00:ec2::254]/");
    table.variables[1] =
        (struct variable){ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:8111/x" };
    find_ok(home, &table);
    assert_string_equal(home->found.url, "http://127.0.0.1:8111/x/");
    table.variables[1].value = "http://198.51.100.7/";
    find_refused(home, &table, "is no address that credentials may come from");
}

/* --- roles of profiles --- */

#define ROLE(name) "arn:aws:iam::111122223333:role/" name
#define STATIC_KEYS "aws_access_key_id = AKIAX\naws_secret_access_key = " FILE_SECRET "\n"

static void a_chain_of_roles_is_followed_to_its_keys(void **state)
{
    struct home *home = *state;
    write_file(home->credentials, "[base]\n" STATIC_KEYS);
    write_file(home->config,
        "[profile top]\nrole_arn = " ROLE("top") "\nsource_profile = middle\n"
                                                 "external_id = e-1\nrole_session_name = night\n"
                                                 "duration_seconds = 900\nregion = eu-west-1\n"
                                                 "[profile middle]\nrole_arn = " ROLE(
                                                     "middle") "\n"
                                                               "source_profile = base\n");
    struct table_environment table = TABLE({ "HOME", home->path }, { "AWS_PROFILE", "top" });
    find_ok(home, &table);
    assert_found(home, "AKIAX", FILE_SECRET, "", "eu-west-1");
    assert_int_equal(home->found.roles_count, 2);
    assert_text(home->found.roles[0].arn, ROLE("top"));
    assert_text(home->found.roles[0].external_id, "e-1");
    assert_text(home->found.roles[0].session_name, "night");
    assert_int_equal(home->found.roles[0].duration_s, 900);
    assert_text(home->found.roles[1].arn, ROLE("middle"));
}

static void keys_beside_a_role_are_of_the_profile_that_names_itself(void **state)
{
    struct home *home = *state;
    write_file(home->config,
        "[profile a]\nregion = eu-west-1\nrole_arn = " ROLE(
            "a") "\n"
                 "source_profile = a\n" STATIC_KEYS
                 "[profile b]\nregion = eu-west-1\nrole_arn = " ROLE("b") "\n"
                                                                          "source_profile = a\n");
    struct table_environment table = TABLE({ "HOME", home->path }, { "AWS_PROFILE", "a" });
    find_ok(home, &table);
    assert_int_equal(home->found.roles_count, 1);
    assert_found(home, "AKIAX", FILE_SECRET, "", "eu-west-1");
    /* Of a source, keys come before a role. */
    table.variables[1].value = "b";
    find_ok(home, &table);
    assert_int_equal(home->found.roles_count, 1);
    assert_text(home->found.roles[0].arn, ROLE("b"));
}

static void chains_that_lead_nowhere_are_refused_in_words(void **state)
{
    struct home *home = *state;
    static const struct {
        const char *config;
        const char *words;
    } bad[] = {
        { "source_profile = p\n", "in a circle" },
        { "source_profile = q\n[profile q]\nrole_arn = " ROLE("q") "\nsource_profile = p\n",
            "in a circle" },
        { "source_profile = ghost\n", "and there is none" },
        { "source_profile = q\n[profile q]\noutput = json\n", "has no credentials" },
        { "source_profile = q\n[profile q]\nsso_session = s\n", "SSO" },
        { "", "neither source_profile nor credential_source" },
        { "source_profile = q\ncredential_source = Environment\n[profile q]\n" STATIC_KEYS,
            "both source_profile and credential_source" },
        { "credential_source = Elsewhere\n", "none of Environment" },
        { "credential_source = Environment\n", "there are none there" },
        { "credential_source = EcsContainer\n", "there are none there" },
        { "duration_seconds = 60\nsource_profile = p\n", "from 900 to 43200" },
        { "external_id = a b\nsource_profile = p\n", "external id" },
        { "mfa_serial = arn:aws:iam::111122223333:mfa/x\nsource_profile = p\n", "MFA" },
        { "source_profile = p1\n"
          "[profile p1]\nrole_arn = " ROLE(
              "p1") "\nsource_profile = p2\n"
                    "[profile p2]\nrole_arn = " ROLE(
                        "p2") "\nsource_profile = p3\n"
                              "[profile p3]\nrole_arn = " ROLE(
                                  "p3") "\nsource_profile = p4\n"
                                        "[profile p4]\nrole_arn = " ROLE(
                                            "p4") "\nsource_profile = p5\n"
                                                  "[profile p5]\nrole_arn = " ROLE(
                                                      "p5") "\nsource_profile = p6\n"
                                                            "[profile p6]\n" STATIC_KEYS,
            "more than 5 roles" },
    };
    struct table_environment table =
        TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path }, { "AWS_PROFILE", "p" });
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        char text[1024];
        snprintf(text, sizeof(text), "[profile p]\nrole_arn = " ROLE("p") "\n%s", bad[at].config);
        write_file(home->config, text);
        find_refused(home, &table, bad[at].words);
    }
    write_file(home->config, "[profile p]\nrole_arn = arn:aws:iam::1:user/x\nsource_profile = p\n");
    find_refused(home, &table, "is no ARN of a role");
}

static void each_other_source_has_its_place_in_the_order(void **state)
{
    struct home *home = *state;
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path },
        { "AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token" }, { "AWS_ROLE_ARN", ROLE("pod") },
        { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x" });
    write_file(home->credentials, "[default]\n" STATIC_KEYS);
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_WEB_IDENTITY);
    assert_text(home->found.role.arn, ROLE("pod"));
    assert_string_equal(home->found.token_file, "/run/token");
    table.variables[2].value = NULL;
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_KEYS);
    write_file(home->credentials, "");
    write_file(home->config, "[default]\ncredential_process = /bin/true x\n" STATIC_KEYS);
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_PROCESS);
    assert_string_equal(home->found.command, "/bin/true x");
    write_file(home->config, "");
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_CONTAINER);
    assert_string_equal(home->found.url, "http://169.254.170.2/v2/credentials/x");
    write_file(home->config, "[default]\nweb_identity_token_file = /t\nrole_arn = " ROLE("w") "\n");
    table.variables[3].value = NULL;
    find_ok(home, &table);
    assert_int_equal(home->found.source, AWS_SOURCE_WEB_IDENTITY);
    assert_int_equal(home->found.roles_count, 0);
    write_file(home->config, "[default]\nweb_identity_token_file = /t\n");
    find_refused(home, &table, "no role for it");
}

static void a_container_is_asked_where_nobody_can_listen_in(void **state)
{
    struct home *home = *state;
    static const struct {
        const char *url;
        bool is_good;
    } urls[] = {
        { "http://169.254.170.23/v1/credentials", true },
        { "http://[fd00:ec2::23]/v1/credentials", true },
        { "http://localhost:1/?a=b", true },
        { "http://127.0.0.9:80/x.y", true },
        { "https://credentials.example/x", true },
        { "http://credentials.example/x", false },
        { "http://169.254.170.2.example/x", false },
        { "http://169.254.170.2@evil.example/x", false },
        { "http://169.254.170.2\r\nX: y/", false },
    };
    struct table_environment table =
        TABLE({ "AWS_REGION", "eu-west-1" }, { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "" },
            { "AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET });
    for (size_t at = 0; at < COUNT_OF(urls); at++) {
        table.variables[1].value = urls[at].url;
        if (urls[at].is_good)
            find_ok(home, &table);
        else
            find_refused(home, &table, "is no address that credentials may come from");
    }
    table.variables[1] =
        (struct variable){ "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x" };
    find_refused(home, &table, "is no address");
}

static void profiles_that_need_a_person_are_refused_in_words(void **state)
{
    struct home *home = *state;
    static const char *const keys[] = { "sso_session", "sso_start_url", "sso_account_id",
        "login_session", "mfa_serial" };
    struct table_environment table = TABLE({ "AWS_REGION", "eu-west-1" }, { "HOME", home->path });
    write_file(home->credentials, "[default]\naws_access_key_id = AKIAX\n"
                                  "aws_secret_access_key = " FILE_SECRET "\n");
    find_ok(home, &table);
    for (size_t at = 0; at < COUNT_OF(keys); at++) {
        char text[128];
        snprintf(text, sizeof(text), "[default]\n%s = something\n", keys[at]);
        write_file(home->config, text);
        find_refused(home, &table, keys[at]);
        assert_non_null(strstr(home->reason, "aws configure export-credentials"));
    }
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
        enum err err = look(&table, &arena, &found, &reason);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        full += err == ERR_MEMORY;
        aws_credentials_release(&found);
        arena_release(&arena);
    }
    assert_true(full > 0);
}

/* --- sending again --- */

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
        HOME_TEST(an_instance_is_asked_when_nothing_else_is_left),
        HOME_TEST(a_chain_of_roles_is_followed_to_its_keys),
        HOME_TEST(keys_beside_a_role_are_of_the_profile_that_names_itself),
        HOME_TEST(chains_that_lead_nowhere_are_refused_in_words),
        HOME_TEST(each_other_source_has_its_place_in_the_order),
        HOME_TEST(a_container_is_asked_where_nobody_can_listen_in),
        HOME_TEST(profiles_that_need_a_person_are_refused_in_words),
        HOME_TEST(bad_files_are_named_with_their_line),
        HOME_TEST(full_memory_is_an_error_and_not_a_crash),
        cmocka_unit_test(codes_say_whether_to_send_again),
        cmocka_unit_test(delays_grow_to_a_ceiling),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
