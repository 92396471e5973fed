/* A triage by Real Time Response of which the process is killed at every request.
 *
 * The process that has the journal is a child; its requests go to the parent, which is the host behind
 * Falcon and kills it (SIGKILL) before or after it has done the n-th. The next child goes on from the
 * journal alone. */
#include "rtr_host.h"

#include "act/executor.h"
#include "act/governor.h"
#include "journal.h"

#include <sys/socket.h>

/* What goes over the socket before the texts. */
struct message {
    uint32_t operation_len;
    uint32_t body_len;
    uint32_t keep_as_len;
    int32_t status;
    int32_t kind;
};

static void read_all(int socket, void *bytes, size_t size, bool *ret_is_over)
{
    *ret_is_over = size > 0 && recv(socket, bytes, size, MSG_WAITALL) != (ssize_t)size;
}

static void write_all(int socket, const void *bytes, size_t size)
{
    if (size > 0 && send(socket, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        _exit(9);
}

/* ---- the child ---- */

struct wire {
    struct transport transport; /* first */
    int socket;
};

static enum err wire_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct wire *wire = (struct wire *)transport;
    bool is_over = false;
    struct message message = { .operation_len = (uint32_t)strlen(request->operation),
        .body_len = (uint32_t)request->body.len,
        .keep_as_len = (uint32_t)request->keep_as.len };
    (void)is_change;
    (void)reterr_reason;
    write_all(wire->socket, &message, sizeof(message));
    write_all(wire->socket, request->operation, message.operation_len);
    write_all(wire->socket, request->body.ptr, message.body_len);
    write_all(wire->socket, request->keep_as.ptr, message.keep_as_len);
    read_all(wire->socket, &message, sizeof(message), &is_over);
    char *body = arena_alloc(arena, message.body_len + 1, 1);
    if (is_over || body == NULL)
        _exit(8);
    read_all(wire->socket, body, message.body_len, &is_over);
    *ret_reply =
        (struct reply){ (enum reply_kind)message.kind, message.status, { body, message.body_len } };
    return ERR_OK;
}

static struct transport *wire_connect(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    (void)provider;
    (void)account;
    (void)reterr_reason;
    return executor->self;
}

static int64_t hasty_now_ms(struct clock *clock)
{
    (void)clock;
    return BEGAN_MS;
}

static void hasty_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

/* Go on with run 1, and say how it ended: exit code is the turn, or 100 and more. */
static void child(const char *directory, const struct host *host, int socket)
{
    struct arena arena = ARENA_INIT(0);
    struct store *store = journal_open(directory, &arena);
    struct wire wire = { { .send = wire_send }, socket };
    struct clock clock = { .now_ms = hasty_now_ms, .sleep_ms = hasty_sleep_ms };
    struct executor executor = {
        .mode = MODE_APPLY, .store = store, .clock = &clock, .connect = wire_connect, .self = &wire
    };
    struct event event = { .text = STR("{}") };
    struct rule_code rule = { .name = STR("r") };
    struct step_cause cause = { .rule = &rule, .event = &event, .alert = STR("a-1") };
    struct step_order order = {
        .row = host->row, .args = host->args, .run = 1, .found = STR(""), .cause = &cause
    };
    struct step_outcome outcome;
    enum err err = step_execute(&executor, &order, &arena, &outcome);
    store_close(store);
    if (err == ERR_OK && outcome.turn != STEP_DONE)
        fprintf(stderr, "%s\n", outcome.reason);
    _exit(err == ERR_OK ? (int)outcome.turn : 100 + (int)err);
}

/* ---- the parent ---- */

static bool read_text(struct host *host, int socket, uint32_t len, str *ret_text)
{
    bool is_over;
    char *text = arena_alloc(&host->arena, len + 1, 1);
    assert_non_null(text);
    read_all(socket, text, len, &is_over);
    *ret_text = (str){ text, len };
    return !is_over;
}

/* False: the child has ended. */
static bool read_request(struct host *host, int socket, struct request *ret_request)
{
    struct message message;
    bool is_over;
    str operation, body, keep_as;
    read_all(socket, &message, sizeof(message), &is_over);
    if (is_over || !read_text(host, socket, message.operation_len, &operation)
        || !read_text(host, socket, message.body_len, &body)
        || !read_text(host, socket, message.keep_as_len, &keep_as))
        return false;
    *ret_request = (struct request){ .operation = operation.ptr, .body = body, .keep_as = keep_as };
    return true;
}

/* Serve one child until it ends, or is killed at the request `kill_at` (from 0 over all of them);
 * its exit code, or -1. */
static int serve_child(
    struct host *host, const char *directory, size_t kill_at, bool is_after, size_t *count)
{
    int sockets[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(sockets[0]);
        child(directory, host, sockets[1]);
    }
    close(sockets[1]);
    struct request request;
    while (read_request(host, sockets[0], &request)) {
        bool is_killed = (*count)++ == kill_at;
        if (is_killed && !is_after)
            break;
        struct reply reply = serve(host, &request);
        if (is_killed)
            break;
        struct message message = {
            .body_len = (uint32_t)reply.body.len, .status = reply.status, .kind = reply.kind
        };
        write_all(sockets[0], &message, sizeof(message));
        write_all(sockets[0], reply.body.ptr, reply.body.len);
    }
    bool is_killed = kill_at != SIZE_MAX && *count == kill_at + 1;
    int status;
    if (is_killed)
        kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(sockets[0]);
    return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

static struct host *world(size_t number)
{
    struct host *host = host_new(&crowdstrike_triage, "/evidence");
    host->key = NULL;
    host->is_offline = number == 1;
    host->offline_looks = number == 1 ? 6 : 0;
    return host;
}

/* How many requests it took; at `kill_at` it was killed. */
static size_t play_killed(size_t number, size_t kill_at, bool is_after)
{
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct host *host = world(number);
    struct store *store = journal_open(scratch.path, &arena);
    assert_int_equal(journal_run_new(store), 1);
    store_close(store);
    size_t count = 0;
    int end = serve_child(host, scratch.path, kill_at, is_after, &count);
    if (end == -1)
        end = serve_child(host, scratch.path, SIZE_MAX, false, &count);
    if (end != STEP_DONE)
        fail_msg("world %zu, killed %s request %zu: ended as %d", number,
            is_after ? "after" : "before", kill_at, end);
    assert_int_equal(host->starts, 1);
    assert_true(host->is_cleaned);
    assert_true(host->downloads >= 1);
    host_free(host);
    return count;
}

static void killed_at_every_request_it_goes_on_and_starts_once(void **state)
{
    (void)state;
    for (size_t number = 0; number < 2; number++) {
        size_t count = play_killed(number, SIZE_MAX - 1, false);
        assert_true(count > 15);
        for (size_t at = 0; at < count; at++)
            for (int is_after = 0; is_after < 2; is_after++)
                play_killed(number, at, is_after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_request_it_goes_on_and_starts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
