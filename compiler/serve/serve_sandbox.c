/* serve_sandbox.c - see serve_sandbox.h. */
#include "serve/serve_sandbox.h"

#include "aws/environment.h"
#include "host/http.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 2000, PORT_DIGITS_MAX = 5 };

/* The first variable of AWS's that is left, without its value; NULL: there is none. */
static const char *aws_variable(struct arena *arena)
{
    for (char *const *at = aws_environment_inherited(); *at != NULL; at++) {
        str variable = str_from(*at);
        if (str_startswith(variable, STR("AWS_")))
            return arena_copy(arena, str_first(variable, str_find(variable, '='))).ptr;
    }
    return NULL;
}

/* Whatever credentials, addresses and switches are lying about, nothing real is reached with them:
 * all of them go, also those that a later build learns to read. */
static void forget_aws(struct driver *driver)
{
    const char *name;
    while ((name = aws_variable(&driver->arena)) != NULL)
        if (unsetenv(name) != 0)
            return; /* no name: nothing reads it */
}

/* "http://127.0.0.1:PORT", and nothing before, between or after. */
static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {
        "http://127.0.0.1:", "http://localhost:", "http://[::1]:"
    };
    for (size_t at = 0; at < COUNT_OF(hosts); at++) {
        if (strncmp(url, hosts[at], strlen(hosts[at])) != 0)
            continue;
        str digits = str_from(url + strlen(hosts[at]));
        if (digits.len == 0 || digits.len > PORT_DIGITS_MAX || !str_all_of(digits, "0123456789"))
            return false;
        unsigned long port = strtoul(digits.ptr, NULL, 10);
        return port > 0 && port <= UINT16_MAX;
    }
    return false;
}

/* It may be started after the daemon: steps are tried again until it is there. */
static void warn_if_silent(struct driver *driver, const char *url)
{
    struct http_curl *curl = NULL;
    struct http_reply reply = { 0 };
    const char *reason = NULL;
    struct http_request request = { .method = "GET",
        .url = arena_format(&driver->arena, "%s/_sandbox/state", url),
        .timeout_ms = ANSWER_MS,
        .stop = driver->stop,
        .is_direct = true };
    enum err err = request.url == NULL ? ERR_MEMORY : http_curl_new(NULL, &curl);
    if (err == ERR_OK) {
        struct http *http = http_curl_interface(curl);
        err = http->send(http, &request, &driver->arena, &reply, &reason);
    }
    if (err != ERR_OK)
        driver_message(driver, "warning: no sandbox answers at %s yet: %s", url,
            reason == NULL ? err_text(err) : reason);
    else if (reply.status != 200)
        driver_message(driver,
            "warning: what answers at %s is no cdr sandbox: GET /_sandbox/state is answered %d",
            url, reply.status);
    http_curl_free(curl);
}

enum exit_code serve_sandbox(struct driver *driver, const char *url, struct sandbox **ret_sandbox)
{
    struct sandbox_account account;
    const char *reason = NULL;
    bool is_another = url != NULL;
    *ret_sandbox = NULL;
    if (url != NULL && !is_loopback(url))
        return driver_usage(driver, &serve_command,
            "--sandbox takes the URL of a cdr sandbox on this machine, http://127.0.0.1:PORT and "
            "no "
            "more, not %s",
            url);
    if (url == NULL) {
        enum err err =
            sandbox_start(&(struct sandbox_options){ 0 }, &driver->arena, ret_sandbox, &reason);
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
    forget_aws(driver);
    bool is_set = setenv("AWS_ENDPOINT_URL", url, 1) == 0 && setenv("CDR_SANDBOX_URL", url, 1) == 0
                  && setenv("AWS_ACCESS_KEY_ID", account.access_key_id, 1) == 0
                  && setenv("AWS_SECRET_ACCESS_KEY", account.secret_access_key, 1) == 0
                  && setenv("AWS_REGION", "eu-west-1", 1) == 0
                  && setenv("AWS_CONFIG_FILE", "/dev/null", 1) == 0
                  && setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1) == 0
                  && setenv("CDR_EXTERNAL_ID", "cdr-sandbox", 1) == 0;
    if (!is_set)
        return driver_failure(driver, "starting the sandbox", ERR_MEMORY);
    if (is_another)
        warn_if_silent(driver, url);
    return EXIT_CLEAN;
}
