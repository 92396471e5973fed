/* fuzz_sandbox.c - the simulated AWS, told anything by somebody who signs well.
 *
 * An input is lines: "ec2 FORM", "iam FORM", "sts FORM" are calls, "faults JSON" is the
 * control path. Every answer to a call must be well-formed XML, and what the calls made of the
 * world must be a world that can be loaded again.
 */
#include "sandbox/call.h"
#include "sandbox/serve.h"
#include "small_world.h"

#include <libxml/parser.h>
#include <stdlib.h>

enum { NOW_S = 1750000000, LINES_MAX = 50 };

static void check_xml(const struct answer *answer)
{
    if (answer->status == 0 || strcmp(answer->content_type, "text/xml;charset=UTF-8") != 0)
        return;
    xmlDoc *document = xmlReadMemory(answer->body.ptr, (int)answer->body.len, NULL, NULL,
        XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET | XML_PARSE_HUGE);
    if (document == NULL)
        abort();
    xmlFreeDoc(document);
}

/* The request with its signature's headers, as the door would hand it over. */
static void call(struct sandbox_memory *memory, str service, str body)
{
    struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct secret secret = { 0 };
    struct http_header headers[2 + SIGV4_HEADERS_MAX] = {
        { STR("host"), STR("127.0.0.1") },
        { STR("content-type"), STR("application/x-www-form-urlencoded; charset=utf-8") },
    };
    struct sigv4_request request = { STR("POST"), STR("/"), STR(""), headers, 2, body };
    struct sigv4_credentials credentials = { STR("AKIASANDBOX111122"), &secret, NULL };
    struct sigv4_options options = { .service = service, .at_unix_s = NOW_S };
    options.region = str_is(service, "iam") ? STR("us-east-1") : STR("eu-west-1");
    struct sigv4_signed done;
    if (secret_set(&secret, STR("sandbox-secret-of-111122223333")) == ERR_OK
        && sigv4_sign(&arena, &request, &credentials, &options, &done) == ERR_OK) {
        for (uint32_t at = 0; at < done.headers_count; at++)
            headers[request.headers_count++] = done.headers[at];
        struct answer answer;
        sandbox_serve(memory, &request, (int64_t)NOW_S * 1000, &arena, &answer);
        check_xml(&answer);
        buf_release(&answer.body);
    }
    secret_release(&secret);
    arena_release(&arena);
}

static void control(struct sandbox_memory *memory, str body)
{
    struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct sigv4_request request = { STR("POST"), STR("/_sandbox/faults"), STR(""), NULL, 0, body };
    struct answer answer;
    sandbox_serve(memory, &request, (int64_t)NOW_S * 1000, &arena, &answer);
    buf_release(&answer.body);
    arena_release(&arena);
}

static void check_world(const struct sandbox_memory *memory)
{
    struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct world again = { 0 };
    const char *reason = NULL;
    char *text = json_dumps(memory->world.root, 0);
    if (text == NULL || world_load(str_from(text), &arena, &again, &reason) != ERR_OK
        || !json_equal(again.root, memory->world.root))
        abort();
    world_release(&again);
    free(text);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct sandbox_memory memory;
    const char *reason = NULL;
    int lines = 0;
    if (sandbox_memory_init(str_from(small_world), &arena, &memory, &reason) != ERR_OK)
        abort();
    for (str rest = { (const char *)data, size }; rest.len > 0 && lines++ < LINES_MAX;) {
        str line = str_first(rest, str_find(rest, '\n'));
        str body = str_skip(line, str_find(line, ' ') + 1);
        rest = str_skip(rest, line.len + 1);
        if (str_startswith(line, STR("faults ")))
            control(&memory, body);
        else
            call(&memory, str_first(line, str_find(line, ' ')), body);
    }
    check_world(&memory);
    sandbox_memory_release(&memory);
    arena_release(&arena);
    return 0;
}
