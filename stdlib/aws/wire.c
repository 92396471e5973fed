#include "aws/wire.h"

#include "aws/service.h"
#include "base/percent.h"

enum { URL_BYTES_MAX = 8192 };

#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789-"

struct rest {
    const char *service;
    const char *operation;
    const char *method;
    const char *path;
};

static const struct rest operations[] = {
#define REST(service, operation, method, path) { service, #operation, method, path },
#include "aws/rest.def"
#undef REST
};

static const struct rest *rest_find(const struct request *request)
{
    for (size_t at = 0; at < COUNT_OF(operations); at++)
        if (strcmp(operations[at].service, request->service) == 0
            && strcmp(operations[at].operation, request->operation) == 0)
            return &operations[at];
    return NULL;
}

static enum err refuse(const char *sentence, const char **reterr_reason)
{
    *reterr_reason = sentence;
    return sentence == NULL ? ERR_MEMORY : ERR_INVALID;
}

static void header_add(struct wire *wire, str name, str text)
{
    wire->headers[wire->headers_count++] = (struct http_header){ name, text };
}

/* ---- protocols at one address ---- */

static enum err post_make(const struct request *request, const struct aws_service_info *info,
    const struct aws_endpoint *endpoint, struct arena *arena, struct wire *wire)
{
    static const char *const types[] = {
        [AWS_PROTOCOL_QUERY] = "application/x-www-form-urlencoded; charset=utf-8",
        [AWS_PROTOCOL_JSON_1_0] = "application/x-amz-json-1.0",
        [AWS_PROTOCOL_JSON_1_1] = "application/x-amz-json-1.1",
    };
    wire->url = endpoint->url;
    wire->request.method = STR("POST");
    wire->request.path = endpoint->path;
    wire->request.query = STR("");
    header_add(wire, STR("Host"), endpoint->host);
    header_add(wire, STR("Content-Type"), str_from(types[info->protocol]));
    if (info->protocol == AWS_PROTOCOL_QUERY)
        return ERR_OK;
    const char *target = arena_format(arena, "%s.%s", info->version, request->operation);
    header_add(wire, STR("X-Amz-Target"), str_from(target));
    return target == NULL ? ERR_MEMORY : ERR_OK;
}

/* ---- REST ---- */

/* An address in the making: host, then path. */
struct place {
    str host;
    struct buf *path;
};

/* `target` into the path of `rest`. */
static void path_fill(struct buf *path, const char *pattern, str target)
{
    const char *mark = strstr(pattern, "{target");
    if (mark == NULL) {
        buf_add(path, str_from(pattern));
        return;
    }
    bool is_path = mark[7] == '+';
    buf_add(path, str_first(str_from(pattern), (size_t)(mark - pattern)));
    percent_encode(path, target, is_path ? "/" : "");
    buf_add(path, str_from(mark + (is_path ? 9 : 8)));
}

/* "https://id.execute-api.REGION.SUFFIX/stage/path" for the endpoint "execute-api.REGION.SUFFIX":
 * whatever else it says, what is signed for that service goes nowhere else. */
static enum err place_of_url(str url, const struct aws_endpoint *endpoint, struct arena *arena,
    struct place *place, const char **reterr_reason)
{
    str rest = str_skip(url, 8);
    str host = str_first(rest, str_find(rest, '/'));
    str path = str_skip(rest, host.len);
    size_t dot = str_find(host, '.');
    bool is_ours = str_startswith(url, STR("https://")) && dot > 0 && dot < host.len
                   && str_all_of(str_first(host, dot), LABEL)
                   && (endpoint->is_replaced || str_equal(str_skip(host, dot + 1), endpoint->host));
    if (!is_ours || str_find(path, '?') < path.len || str_find(path, '#') < path.len
        || str_find(path, '%') < path.len)
        return refuse(arena_format(arena,
                          "%.*s is no address like https://ID.%.*s/STAGE/PATH without a query",
                          STR_ARG(str_first(url, 200)), STR_ARG(endpoint->host)),
            reterr_reason);
    place->host = endpoint->is_replaced ? endpoint->host : host;
    percent_encode(place->path, path.len > 0 ? path : STR("/"), "/");
    return ERR_OK;
}

/* Such a bucket may be the first label of a host name. */
static bool is_label(str bucket)
{
    return bucket.len >= 3 && bucket.len <= 63 && str_all_of(bucket, LABEL);
}

static enum err place_of_bucket(str target, const struct rest *rest,
    const struct aws_endpoint *endpoint, struct arena *arena, struct place *place,
    const char **reterr_reason)
{
    str bucket = str_first(target, str_find(target, '/'));
    if (bucket.len == 0 || bucket.ptr[0] == '.')
        return refuse(arena_format(arena, "'%.*s' is no bucket, or no bucket/key",
                          STR_ARG(str_first(target, 200))),
            reterr_reason);
    if (endpoint->is_replaced || !is_label(bucket)) {
        place->host = endpoint->host;
        path_fill(place->path, rest->path, target);
        return ERR_OK;
    }
    const char *host = arena_format(arena, "%.*s.%.*s", STR_ARG(bucket), STR_ARG(endpoint->host));
    place->host = str_from(host);
    path_fill(place->path, rest->path, str_skip(target, bucket.len + 1));
    return host == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err place_find(const struct request *request, const struct rest *rest,
    const struct aws_endpoint *endpoint, struct arena *arena, struct place *place,
    const char **reterr_reason)
{
    if (strcmp(rest->service, "s3") == 0)
        return place_of_bucket(request->target, rest, endpoint, arena, place, reterr_reason);
    if (strcmp(rest->service, "execute-api") == 0)
        return place_of_url(request->target, endpoint, arena, place, reterr_reason);
    place->host = endpoint->host;
    path_fill(place->path, rest->path, request->target);
    return ERR_OK;
}

/* What an operation says beside its address. */
static void rest_headers(const struct request *request, struct wire *wire)
{
    char first = wire->request.body.len > 0 ? wire->request.body.ptr[0] : '\0';
    bool is_json = first == '{' || first == '[';
    bool is_free = strcmp(request->service, "execute-api") == 0; /* the body is the rule's own */
    if (wire->request.body.len > 0)
        header_add(wire, STR("Content-Type"),
            is_json || !is_free ? STR("application/json") : STR("text/plain; charset=utf-8"));
    if (request->once.len > 0)
        header_add(wire, STR("Idempotency-Key"), request->once);
    if (strcmp(request->service, "lambda") == 0) /* what it returns is for nobody here */
        header_add(wire, STR("X-Amz-Invocation-Type"), STR("Event"));
    if (strcmp(request->operation, "PutObject") == 0) /* evidence is written once */
        header_add(wire, STR("If-None-Match"), STR("*"));
}

/* Whether a segment is `.` or `..`: whatever stands on the way might make another path of it, and
 * of `bucket/../other` another bucket. */
static bool leads_elsewhere(str path)
{
    for (;;) {
        str segment = str_first(path, str_find(path, '/'));
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
        if (segment.len == path.len)
            return false;
        path = str_skip(path, segment.len + 1);
    }
}

static enum err rest_make(const struct request *request, const struct aws_endpoint *endpoint,
    struct arena *arena, struct wire *wire, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf path = BUF_INIT(URL_BYTES_MAX);
    const struct rest *rest = rest_find(request);
    if (rest == NULL)
        return refuse(arena_format(arena, "%s has no operation '%s' in this build",
                          request->service, request->operation),
            reterr_reason);
    if (leads_elsewhere(request->target))
        return refuse(
            arena_format(arena, "'%.*s' has a segment that is . or .., so nothing was sent",
                STR_ARG(str_first(request->target, 200))),
            reterr_reason);
    struct place place = { .path = &path };
    TRY(place_find(request, rest, endpoint, arena, &place, reterr_reason));
    TRY(path.err);
    bool is_get = strcmp(rest->method, "GET") == 0;
    bool is_tls = str_startswith(str_from(endpoint->url), STR("https://"));
    str base = str_is(endpoint->path, "/") ? STR("") : endpoint->path;
    wire->is_s3 = strcmp(rest->service, "s3") == 0;
    wire->request.method = str_from(rest->method);
    wire->request.query = is_get ? request->body : STR("");
    wire->request.body = is_get ? STR("") : request->body;
    const char *full = arena_format(arena, "%.*s%.*s", STR_ARG(base), STR_ARG(buf_str(&path)));
    wire->url =
        arena_format(arena, "%s://%.*s%s%s%.*s", is_tls ? "https" : "http", STR_ARG(place.host),
            full, wire->request.query.len > 0 ? "?" : "", STR_ARG(wire->request.query));
    if (full == NULL || wire->url == NULL)
        return ERR_MEMORY;
    wire->request.path = str_from(full);
    header_add(wire, STR("Host"), place.host);
    rest_headers(request, wire);
    return ERR_OK;
}

enum err wire_make(const struct request *request, const struct aws_endpoint *endpoint,
    struct arena *arena, struct wire *ret_wire, const char **reterr_reason)
{
    *ret_wire = (struct wire){ .request = { .body = request->body } };
    enum aws_service service = aws_service_find(request->service);
    const struct aws_service_info *info = aws_service_info(service);
    TRY(info->protocol == AWS_PROTOCOL_REST
            ? rest_make(request, endpoint, arena, ret_wire, reterr_reason)
            : post_make(request, info, endpoint, arena, ret_wire));
    ret_wire->request.headers = ret_wire->headers;
    ret_wire->request.headers_count = ret_wire->headers_count;
    return ERR_OK;
}
