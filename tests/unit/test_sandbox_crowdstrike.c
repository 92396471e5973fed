#include "falcon_client.h"

#include "base/limits.h"

static void a_token_is_given_for_the_secret_and_for_nothing_else(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_says("\"token_type\":\"bearer\"");
    assert_says("\"expires_in\":1799");
    client->header = NULL;
    client_send(client, "POST", "/_crowdstrike/oauth2/token", NULL,
        "application/x-www-form-urlencoded", STR("client_id=" FALCON_ID "&client_secret=x"));
    assert_falcon_refused(403, "access denied");
    client_send(client, "POST", "/_crowdstrike/oauth2/token", NULL,
        "application/x-www-form-urlencoded", STR("client_id=" FALCON_ID));
    assert_falcon_refused(400, "client_secret");
    falcon(client, "POST", "/oauth2/token", "{}");
    assert_falcon_refused(415, "");
    falcon(client, "GET", "/oauth2/token", "");
    assert_falcon_refused(405, "");
    falcon(client, "GET", "/oauth3/token", "");
    assert_falcon_refused(404, "");
}

static void secrets_are_in_no_log(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    client_send(client, "GET", "/_sandbox/calls", NULL, JSON_TYPE, STR(""));
    assert_says("oauth2AccessToken");
    assert_says(FALCON_ID);
    assert_false(says(client, FALCON_SECRET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_token_is_given_for_the_secret_and_for_nothing_else),
        sandbox_test(secrets_are_in_no_log),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
