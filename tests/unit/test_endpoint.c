/* Where a request goes, and which region is signed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/endpoint.h"
#include "aws/profiles.h"
#include "table_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct aws_profiles no_profiles;

static void assert_text(str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

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
    const struct aws_endpoints none = { .is_fips = false };
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
    const struct aws_endpoints none = { .is_fips = false };
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

/* With a profile that says `profile_text`. */
static enum err endpoints_of(const struct table_environment *table, const char *profile_text,
    struct arena *arena, struct aws_endpoints *ret_endpoints, const char **reterr_reason)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "[default]\n%s", profile_text);
    struct aws_profiles profiles = { .config = { text, (size_t)len, "config" } };
    return aws_endpoints_read(&table->environment, STR(""), &profiles, STR("default"), arena,
        ret_endpoints, reterr_reason);
}

static void addresses_are_replaced_in_order_and_the_region_stays(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct aws_endpoints found;
    const char *reason = "";
    struct table_environment table = TABLE({ "AWS_ENDPOINT_URL_EC2", "https://vpce.example:8443" },
        { "AWS_ENDPOINT_URL", "http://127.0.0.1:5000/" });
    assert_int_equal(
        endpoints_of(&table, "endpoint_url = http://localhost:1", &arena, &found, &reason), ERR_OK);
    assert_endpoint(
        &arena, &found, AWS_EC2, "eu-west-1", "https://vpce.example:8443/", "eu-west-1");
    assert_endpoint(&arena, &found, AWS_STS, "my-lab", "http://127.0.0.1:5000/", "my-lab");
    assert_endpoint(&arena, &found, AWS_IAM, "eu-west-1", "http://127.0.0.1:5000/", "us-east-1");
    table.variables[1].name = "OTHER";
    assert_int_equal(
        endpoints_of(&table, "endpoint_url = http://localhost:1", &arena, &found, &reason), ERR_OK);
    assert_endpoint(&arena, &found, AWS_STS, "eu-west-1", "http://localhost:1/", "eu-west-1");
    table.variables[2] = (struct variable){ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" };
    assert_int_equal(
        endpoints_of(&table, "endpoint_url = http://localhost:1", &arena, &found, &reason), ERR_OK);
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

static void a_profile_may_say_it_for_each_service(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct aws_endpoints found;
    const char *reason = "";
    static const char profile[] = "endpoint_url = https://all.example\nservices = lab\n"
                                  "[services lab]\nec2 =\n  endpoint_url = https://ec2.example\n"
                                  "elastic_load_balancing_v2 =\n  max = 3\n"
                                  "  endpoint_url = https://elb.example\nsts =\n";
    struct table_environment none = TABLE({ "OTHER", "x" });
    assert_int_equal(endpoints_of(&none, profile, &arena, &found, &reason), ERR_OK);
    assert_string_equal(found.urls[AWS_EC2], "https://ec2.example");
    assert_string_equal(found.urls[AWS_ELB], "https://elb.example");
    assert_string_equal(found.urls[AWS_STS], "https://all.example");
    assert_int_equal(
        endpoints_of(&none, "services = ghost\n", &arena, &found, &reason), ERR_CREDENTIALS);
    assert_non_null(strstr(reason, "ghost"));
    assert_int_equal(endpoints_of(&none,
                         "ignore_configured_endpoint_urls = TRUE\n"
                         "endpoint_url = https://all.example\n",
                         &arena, &found, &reason),
        ERR_OK);
    assert_null(found.urls[AWS_STS]);
    arena_release(&arena);
}

static void what_the_caller_says_comes_before_everything(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct aws_endpoints found;
    const char *reason = "";
    struct table_environment table = TABLE({ "AWS_ENDPOINT_URL_EC2", "https://vpce.example" },
        { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" });
    assert_int_equal(aws_endpoints_read(&table.environment, STR("https://rule.example"),
                         &no_profiles, STR("default"), &arena, &found, &reason),
        ERR_OK);
    assert_string_equal(found.urls[AWS_EC2], "https://rule.example");
    assert_string_equal(found.urls[AWS_S3], "https://rule.example");
    arena_release(&arena);
}

static void kinds_of_addresses_are_said_clearly_or_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct aws_endpoints found;
    const char *reason = "";
    struct table_environment table = TABLE({ "AWS_USE_FIPS_ENDPOINT", "yes" });
    assert_int_equal(endpoints_of(&table, "", &arena, &found, &reason), ERR_CREDENTIALS);
    assert_non_null(strstr(reason, "neither true nor false"));
    table.variables[0].value = "True";
    assert_int_equal(
        endpoints_of(&table, "use_dualstack_endpoint = true", &arena, &found, &reason), ERR_OK);
    assert_true(found.is_fips && found.is_dual_stack);
    assert_int_equal(
        endpoints_of(&table, "endpoint_url = https://x.example", &arena, &found, &reason),
        ERR_CREDENTIALS);
    assert_non_null(strstr(reason, "cannot be kept"));
    struct aws_endpoint endpoint;
    assert_int_equal(endpoints_of(&table, "", &arena, &found, &reason), ERR_OK);
    assert_int_equal(
        aws_endpoint_make(&found, AWS_EC2, STR("cn-north-1"), &arena, &endpoint, &reason),
        ERR_INVALID);
    assert_non_null(strstr(reason, "no FIPS address"));
    arena_release(&arena);
}

/* --- as the vendor's client resolves them --- */

/* The n-th field of a line of the table, from 0. */
static str field(str line, unsigned number)
{
    while (number-- > 0)
        line = str_skip(line, str_find(line, '\t') + 1);
    return str_first(line, str_find(line, '\t'));
}

/* Ours, where we say in words that there is none and the vendor's rule makes up a name. */
static bool is_refused(str service, str region, bool is_fips, bool is_dual)
{
    bool has_no_fips = str_startswith(region, STR("cn-")) || str_startswith(region, STR("eusc-"));
    return (is_fips && has_no_fips) || (is_dual && str_is(service, "organizations"));
}

static void assert_line(str line)
{
    struct arena arena = ARENA_INIT(1 << 16);
    char name[64], want[256];
    snprintf(name, sizeof(name), "%.*s", STR_ARG(field(line, 0)));
    snprintf(want, sizeof(want), "%.*s/", STR_ARG(field(line, 4)));
    str region = field(line, 1);
    struct aws_endpoints kind = { .is_fips = str_is(field(line, 2), "1"),
        .is_dual_stack = str_is(field(line, 3), "1") };
    struct aws_endpoint endpoint;
    const char *reason = "";
    enum aws_service service = aws_service_find(name);
    assert_true(service < AWS_SERVICE_COUNT);
    enum err err = aws_endpoint_make(&kind, service, region, &arena, &endpoint, &reason);
    if (is_refused(field(line, 0), region, kind.is_fips, kind.is_dual_stack)) {
        assert_int_equal(err, ERR_INVALID);
        assert_non_null(strstr(reason, "so nothing was sent"));
    } else if (err != ERR_OK || strcmp(endpoint.url, want) != 0
               || !str_equal(endpoint.region, field(line, 5))) {
        fail_msg("%.*s: %s %s", STR_ARG(line), err == ERR_OK ? endpoint.url : "", reason);
    }
    arena_release(&arena);
}

static void each_host_is_the_one_of_the_vendors_client(void **state)
{
    (void)state;
    static const char path[] = "tests/golden/aws-endpoints.tsv";
    FILE *file = fopen(path, "rb");
    char line[512];
    unsigned count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#')
            continue;
        assert_line(str_first(str_from(line), strcspn(line, "\n")));
        count++;
    }
    fclose(file);
    assert_true(count > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_has_its_hosts),
        cmocka_unit_test(what_is_no_region_becomes_no_host),
        cmocka_unit_test(addresses_are_replaced_in_order_and_the_region_stays),
        cmocka_unit_test(unsafe_addresses_are_refused),
        cmocka_unit_test(a_profile_may_say_it_for_each_service),
        cmocka_unit_test(what_the_caller_says_comes_before_everything),
        cmocka_unit_test(kinds_of_addresses_are_said_clearly_or_refused),
        cmocka_unit_test(each_host_is_the_one_of_the_vendors_client),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
