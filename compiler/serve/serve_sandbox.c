/* serve_sandbox.c - see serve_sandbox.h. */
#include "serve/serve_sandbox.h"

#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

/* Whatever credentials are lying about, nothing real is reached with them. */
static void forget_credentials(void)
{
    static const char *const names[] = { "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT" };
    for (size_t at = 0; at < COUNT_OF(names); at++)
        unsetenv(names[at]);
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {
        "http://127.0.0.1:", "http://localhost:", "http://[::1]:"
    };
    for (size_t at = 0; at < COUNT_OF(hosts); at++)
        if (strncmp(url, hosts[at], strlen(hosts[at])) == 0)
            return true;
    return false;
}

enum exit_code serve_sandbox(struct driver *driver, const char *url, struct sandbox **ret_sandbox)
{
    struct sandbox_account account;
    const char *reason = NULL;
    *ret_sandbox = NULL;
    if (url != NULL && !is_loopback(url))
        return driver_usage(driver, &serve_command,
            "--sandbox takes the URL of a cdr sandbox on this machine, http://127.0.0.1:PORT, not "
            "%s",
            url);
    if (url == NULL) {
        enum err err = sandbox_start(0, STR(""), &driver->arena, ret_sandbox, &reason);
        if (err != ERR_OK) {
            driver_message(
                driver, "the sandbox cannot start: %s", reason == NULL ? err_text(err) : reason);
            return EXIT_USAGE;
        }
        url = arena_format(
            &driver->arena, "http://127.0.0.1:%u", (unsigned)sandbox_port(*ret_sandbox));
    }
    if (url == NULL || !sandbox_account_at(0, &account))
        return driver_failure(driver, "starting the sandbox", ERR_MEMORY);
    forget_credentials();
    bool is_set = setenv("AWS_ENDPOINT_URL", url, 1) == 0
                  && setenv("AWS_ACCESS_KEY_ID", account.access_key_id, 1) == 0
                  && setenv("AWS_SECRET_ACCESS_KEY", account.secret_access_key, 1) == 0
                  && setenv("AWS_REGION", "eu-west-1", 1) == 0
                  && setenv("AWS_CONFIG_FILE", "/dev/null", 1) == 0
                  && setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1) == 0
                  && setenv("CDR_EXTERNAL_ID", "cdr-sandbox", 1) == 0;
    return is_set ? EXIT_CLEAN : driver_failure(driver, "starting the sandbox", ERR_MEMORY);
}
