/* sandbox_client.h - a sandbox and somebody who calls it over HTTP.
 *
 * libcurl signs, not our own code: what signs and what verifies are strangers here.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "sandbox/sandbox.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>

#define KEY_111122 "AKIASANDBOX111122:sandbox-secret-of-111122223333"
#define KEY_444455 "AKIASANDBOX444455:sandbox-secret-of-444455556666"
#define KEY_WEB "ASIASANDBOX111122WEB:sandbox-secret-of-web-prod"
#define TOKEN_WEB "x-amz-security-token: sandbox-session-of-web-prod"
#define DENY_ALL                                                                                   \
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C"   \
    "%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"

struct client {
    struct arena arena;
    struct sandbox *sandbox;
    const char *key;    /* id:secret */
    const char *header; /* one more header, or NULL */
    const char *region; /* of ec2 and sts */
    struct buf body;    /* of the last reply */
    long status;        /* of the last reply, 0 when there was none */
};

static size_t client_keep(char *data, size_t size, size_t count, void *context)
{
    buf_add(context, (str){ data, size * count });
    return size * count;
}

/* Send `body` by `method` to `path` and keep the reply. `service` NULL: not signed. */
static inline void client_send(struct client *client, const char *method, const char *path,
    const char *service, const char *type, str body)
{
    char url[4096];
    char scope[64];
    char content_type[128];
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", sandbox_port(client->sandbox), path);
    snprintf(content_type, sizeof(content_type), "Content-Type: %s", type);
    struct curl_slist *headers = curl_slist_append(NULL, content_type);
    if (client->header != NULL)
        headers = curl_slist_append(headers, client->header);
    if (service != NULL && strcmp(service, "s3") == 0) {
        char hash[SHA256_HEX_SIZE];
        char line[128];
        assert_int_equal(sha256_hex(body, hash), ERR_OK);
        snprintf(line, sizeof(line), "x-amz-content-sha256: %s", hash);
        headers = curl_slist_append(headers, line);
    }
    if (service != NULL) {
        snprintf(scope, sizeof(scope), "aws:amz:%s:%s",
            strcmp(service, "iam") == 0 ? "us-east-1" : client->region, service);
        curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, scope);
        curl_easy_setopt(curl, CURLOPT_USERPWD, client->key);
    }
    buf_clear(&client->body);
    client->status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, client_keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->body);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &client->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

#define FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

static inline const char *client_version(const char *service)
{
    return strcmp(service, "ec2") == 0   ? "2016-11-15"
           : strcmp(service, "iam") == 0 ? "2010-05-08"
                                         : "2011-06-15";
}

/* Call `service`:`operation` with form parameters "A=1&B=2" as they go over the wire. The
 * status; the body is in the client. */
static inline long call_aws(
    struct client *client, const char *service, const char *operation, const char *parameters)
{
    struct buf body = BUF_INIT(1 << 20);
    buf_addf(&body, "Action=%s&Version=%s%s%s", operation, client_version(service),
        parameters[0] == '\0' ? "" : "&", parameters);
    client_send(client, "POST", "/", service, FORM_TYPE, buf_str(&body));
    buf_release(&body);
    return client->status;
}

/* Call a service that speaks JSON; `target` is what X-Amz-Target begins with. */
static inline long call_json(struct client *client, const char *service, const char *target,
    const char *operation, const char *body)
{
    const char *former = client->header;
    client->header = arena_format(&client->arena, "X-Amz-Target: %s.%s", target, operation);
    client_send(client, "POST", "/", service,
        strcmp(service, "sqs") == 0 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1",
        str_from(body));
    client->header = former;
    return client->status;
}

#define EC2(operation, parameters) call_aws(client, "ec2", operation, parameters)
#define IAM(operation, parameters) call_aws(client, "iam", operation, parameters)

static inline bool says(const struct client *client, const char *text)
{
    return client->body.ptr != NULL && strstr(client->body.ptr, text) != NULL;
}

#define assert_says(text)                                                                          \
    do {                                                                                           \
        if (!says(client, text))                                                                   \
            fail_msg("no %s in %s", text, client->body.ptr);                                       \
    } while (0)

/* The last call was refused with that status and code. */
#define assert_refused(expected_status, code)                                                      \
    do {                                                                                           \
        assert_says("<Code>" code "</Code>");                                                      \
        assert_int_equal(client->status, expected_status);                                         \
    } while (0)

static inline size_t count_of(const struct client *client, const char *text)
{
    size_t count = 0;
    for (const char *at = client->body.ptr; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

/* The text of the first <tag> of the last reply, in the client's arena. */
static inline const char *text_of(struct client *client, const char *tag)
{
    char open[64];
    snprintf(open, sizeof(open), "<%s>", tag);
    const char *start = strstr(client->body.ptr, open);
    if (start == NULL)
        return "";
    start += strlen(open);
    return arena_copy(&client->arena, (str){ start, strcspn(start, "<") }).ptr;
}

/* GET /_sandbox/`name` as JSON: new reference. */
static inline json_t *control_get(struct client *client, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/_sandbox/%s", name);
    client_send(client, "GET", path, NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 200);
    json_t *answer = json_loadb(client->body.ptr, client->body.len, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static inline void control_post(struct client *client, const char *name, const char *body)
{
    char path[64];
    snprintf(path, sizeof(path), "/_sandbox/%s", name);
    client_send(client, "POST", path, NULL, "application/json", str_from(body));
}

/* The newest line of /_sandbox/calls: new reference. */
static inline json_t *last_call(struct client *client)
{
    json_t *calls = control_get(client, "calls");
    json_t *line = json_incref(json_array_get(calls, json_array_size(calls) - 1));
    json_decref(calls);
    assert_non_null(line);
    return line;
}

/* Whether the newest call changed the world. */
static inline bool was_applied(struct client *client)
{
    json_t *line = last_call(client);
    bool applied = json_is_true(json_object_get(line, "applied"));
    json_decref(line);
    return applied;
}

/* A client of a fresh sandbox. */
static inline struct client *client_begin(const struct sandbox_options *options)
{
    struct client *client = calloc(1, sizeof(*client));
    assert_non_null(client);
    client->arena.limit = 64 * 1024 * 1024;
    client->body.limit = 64 * 1024 * 1024;
    client->key = KEY_111122;
    client->region = "eu-west-1";
    const char *reason = NULL;
    enum err err = sandbox_start(options, &client->arena, &client->sandbox, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason == NULL ? "" : reason);
    return client;
}

/* The same with `world` (empty: the one that ships). */
static inline struct client *client_new(str world)
{
    return client_begin(&(struct sandbox_options){ .world = world });
}

static inline void client_free(struct client *client)
{
    sandbox_stop(client->sandbox);
    buf_release(&client->body);
    arena_release(&client->arena);
    free(client);
}

static inline int client_setup(void **state)
{
    *state = client_new(STR(""));
    return 0;
}

static inline int client_teardown(void **state)
{
    client_free(*state);
    return 0;
}

/* A test with a sandbox of its own. */
#define sandbox_test(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)
