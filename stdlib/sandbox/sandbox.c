#include "sandbox/sandbox.h"
#include "base/limits.h"
#include "host/clock.h"
#include "sandbox/call.h"
#include "sandbox/host_run.h"
#include "sandbox/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, IDLE_S_MAX = 60, BACKLOG = 64, UPLOAD_BYTES_MAX = 9 * 1024 * 1024 };

struct sandbox {
    struct MHD_Daemon *daemon;
    int stop_fd; /* readable once the sandbox shall end */
    uint16_t port;
    struct sandbox_memory memory; /* the daemon's thread alone touches it */
};

/* A request while its body comes in. */
struct upload {
    char *address; /* path and query as they came: what is signed */
    struct buf body;
    bool is_begun; /* its headers were seen */
};

/* Wait, but not longer than the sandbox lives. */
static void pause_ms(const struct sandbox *sandbox, uint32_t duration_ms)
{
    struct pollfd stop = { .fd = sandbox->stop_fd, .events = POLLIN };
    if (duration_ms > 0)
        (void)poll(&stop, 1, (int)duration_ms);
}

struct headers {
    struct http_header *list;
    uint32_t count;
    uint32_t room;
};

static enum MHD_Result add_header(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct headers *headers = context;
    if (headers->count == headers->room)
        return MHD_NO;
    headers->list[headers->count++] = (struct http_header){ str_from(name), str_from(value) };
    return MHD_YES;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *answer)
{
    str body = buf_str(&answer->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    bool is_built =
        MHD_add_response_header(response, "Content-Type", answer->content_type) == MHD_YES
        && (answer->request_id[0] == '\0'
            || MHD_add_response_header(response, "x-amzn-RequestId", answer->request_id) == MHD_YES)
        && (answer->error_type == NULL
            || MHD_add_response_header(response, "x-amzn-errortype", answer->error_type)
                   == MHD_YES);
    for (uint32_t at = 0; is_built && at < answer->headers_count; at++)
        is_built = MHD_add_response_header(
                       response, answer->headers[at].name.ptr, answer->headers[at].value.ptr)
                   == MHD_YES;
    enum MHD_Result result =
        is_built ? MHD_queue_response(connection, (unsigned)answer->status, response) : MHD_NO;
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *sentence)
{
    struct answer answer = {
        .status = status, .content_type = "text/plain", .request_id = "", .body = BUF_INIT(256)
    };
    buf_add(&answer.body, str_from(sentence));
    enum MHD_Result result = send_answer(connection, &answer);
    buf_release(&answer.body);
    return result;
}

/* The whole request is here: answer it. */
static enum MHD_Result serve(struct sandbox *sandbox, struct MHD_Connection *connection,
    const char *method, const struct upload *upload)
{
    if (upload->body.err == ERR_LIMIT)
        return refuse(connection, 413, "the body is too long\n");
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct headers headers = { .room = SIGV4_REQUEST_HEADERS_MAX };
    headers.list = ARENA_ARRAY(&arena, struct http_header, headers.room);
    int there = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    if (headers.list == NULL || upload->body.err != ERR_OK)
        return refuse(connection, 500, "out of memory\n");
    if (there > SIGV4_REQUEST_HEADERS_MAX)
        return refuse(connection, 431, "too many headers\n");
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &headers);
    str address = str_from(upload->address);
    str path = str_first(address, str_find(address, '?'));
    struct sigv4_request request = { str_from(method), path, str_skip(address, path.len + 1),
        headers.list, headers.count, buf_str(&upload->body) };
    struct clock *clock = clock_system();
    struct answer answer;
    sandbox_serve(&sandbox->memory, &request, clock->now_ms(clock), &arena, &answer);
    pause_ms(sandbox, answer.delay_ms);
    enum MHD_Result result = answer.status == 0 ? MHD_NO : send_answer(connection, &answer);
    buf_release(&answer.body);
    return result;
}

/* The first that is seen of a request. */
static void *on_address(void *context, const char *address, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    struct upload *upload = calloc(1, sizeof(*upload));
    if (upload == NULL)
        return NULL;
    /* What calls operations is small; what is put into a bucket (/BUCKET/KEY) is not. */
    const char *slash = strchr(address, '/');
    bool is_deep = slash != NULL && strchr(slash + 1, '/') != NULL;
    upload->body.limit = is_deep ? UPLOAD_BYTES_MAX : REQUEST_BYTES_MAX;
    upload->address = strdup(address);
    return upload;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version, const char *data, size_t *size,
    void **request)
{
    (void)version;
    (void)path;
    struct upload *upload = *request;
    if (upload == NULL || upload->address == NULL)
        return MHD_NO;
    if (!upload->is_begun) {
        upload->is_begun = true;
        return MHD_YES;
    }
    if (*size > 0) {
        buf_add(&upload->body, (str){ data, *size });
        *size = 0;
        return MHD_YES;
    }
    return serve(context, connection, method, upload);
}

static void on_end(void *context, struct MHD_Connection *connection, void **request,
    enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct upload *upload = *request;
    if (upload == NULL)
        return;
    buf_release(&upload->body);
    free(upload->address);
    free(upload);
    *request = NULL;
}

/* A socket that listens on loopback; its port in *port. -1 with errno. */
static int listen_on(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = { htonl(INADDR_LOOPBACK) }
    };
    socklen_t size = sizeof(address);
    if (fd >= 0
        && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
            || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0
            || getsockname(fd, (struct sockaddr *)&address, &size) != 0)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static enum err open_door(struct sandbox *sandbox, struct arena *arena, const char **reterr_reason)
{
    uint16_t wanted = sandbox->port;
    sandbox->stop_fd = eventfd(0, EFD_CLOEXEC);
    int fd = sandbox->stop_fd < 0 ? -1 : listen_on(&sandbox->port);
    if (fd < 0) {
        *reterr_reason = arena_format(
            arena, "cannot listen on 127.0.0.1:%u: %s", (unsigned)wanted, strerror(errno));
        return ERR_IO;
    }
    sandbox->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
        NULL, on_request, sandbox, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S_MAX,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_address, NULL,
        MHD_OPTION_END);
    if (sandbox->daemon != NULL)
        return ERR_OK;
    close(fd);
    *reterr_reason = "the HTTP server cannot start";
    return ERR_IO;
}

/* The folder of hosts that run, if there is to be one. */
static enum err open_hosts(const struct sandbox_options *options, struct sandbox *sandbox,
    struct arena *arena, const char **reterr_reason)
{
    if (options->hosts == NULL)
        return ERR_OK;
    enum err err = host_runs_open(options->hosts, &sandbox->memory.hosts);
    if (err == ERR_INVALID)
        *reterr_reason = arena_format(arena,
            "the folder for hosts, %s, has files that are not of a sandbox: name one that is empty "
            "or new",
            options->hosts);
    if (err == ERR_IO)
        *reterr_reason =
            arena_format(arena, "the folder for hosts, %s: %s", options->hosts, strerror(errno));
    return err;
}

enum err sandbox_start(const struct sandbox_options *options, struct arena *arena,
    struct sandbox **ret_sandbox, const char **reterr_reason)
{
    *reterr_reason = NULL;
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (sandbox == NULL)
        return ERR_MEMORY;
    sandbox->port = options->port;
    sandbox->stop_fd = -1;
    enum err err = sandbox_memory_init(options->world, arena, &sandbox->memory, reterr_reason);
    if (err == ERR_OK)
        err = open_hosts(options, sandbox, arena, reterr_reason);
    if (err == ERR_OK)
        err = open_door(sandbox, arena, reterr_reason);
    if (err != ERR_OK) {
        sandbox_stop(sandbox);
        return err;
    }
    *ret_sandbox = sandbox;
    return ERR_OK;
}

uint16_t sandbox_port(const struct sandbox *sandbox)
{
    return sandbox->port;
}

void sandbox_stop(struct sandbox *sandbox)
{
    if (sandbox == NULL)
        return;
    if (sandbox->stop_fd >= 0)
        (void)eventfd_write(sandbox->stop_fd, 1);
    if (sandbox->daemon != NULL)
        MHD_stop_daemon(sandbox->daemon);
    if (sandbox->stop_fd >= 0)
        close(sandbox->stop_fd);
    host_runs_close(sandbox->memory.hosts);
    sandbox_memory_release(&sandbox->memory);
    free(sandbox);
}
