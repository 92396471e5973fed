#include "host/http.h"

#include "base/buf.h"
#include "base/limits.h"

#include <curl/curl.h>
#include <stdlib.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    TOTAL_TIMEOUT_MS = 20000,
    HEADER_BYTES_MAX = 128,
    SECRET_BYTES_MAX = 64 * 1024,
};
static const long STALL_S_MAX = 60;

struct http_curl {
    struct http http; /* first: the interface is the object */
    CURL *easy;       /* keeps connections between exchanges */
    struct curl_slist *headers;
    struct buf body;
    int64_t date_unix_s;
    uint32_t retry_after_ms;
    char error_type[HEADER_BYTES_MAX];
    long connect_timeout_ms;
    long total_timeout_ms;
    char *ca_file;                      /* owned; may be NULL */
    char *proxy;                        /* the same */
    const volatile int *stop;           /* of the exchange; may be NULL */
    const struct http_request *request; /* the same */
    struct buf wanted;                  /* lines of its headers */
    char problem[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t size, size_t count, void *self)
{
    struct http_curl *curl = self;
    struct http_sink *sink = curl->request->sink;
    long status = 0;
    if (sink != NULL && curl_easy_getinfo(curl->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK
        && status >= 200 && status < 300)
        return sink->take(sink, (str){ bytes, size * count }) ? size * count : 0;
    buf_add(&curl->body, (str){ bytes, size * count });
    return curl->body.err == ERR_OK ? size * count : 0;
}

/* The value of the header line if it is of `name`, in `text` of `size` bytes; else "". */
static void header_read(str line, const char *name, char *text, size_t size)
{
    size_t length = strlen(name);
    text[0] = '\0';
    if (line.len <= length || line.len - length >= size || strncasecmp(line.ptr, name, length) != 0)
        return;
    while (length < line.len && line.ptr[length] == ' ')
        length++;
    while (line.len > length && strchr(" \r\n", line.ptr[line.len - 1]) != NULL)
        line.len--;
    memcpy(text, line.ptr + length, line.len - length);
    text[line.len - length] = '\0';
}

/* Keep the line if its header is wanted and there is room. Another status line is another reply:
 * a proxy has one of its own before. */
static void wanted_keep(struct http_curl *curl, str line)
{
    const char *const *name = curl->request->wanted;
    if (str_startswith(line, STR("HTTP/")))
        buf_clear(&curl->wanted);
    str own = str_first(line, str_find(line, ':'));
    for (; name != NULL && *name != NULL; name++)
        if (own.len == strlen(*name) && own.len < line.len
            && strncasecmp(own.ptr, *name, own.len) == 0
            && line.len < HTTP_WANTED_BYTES_MAX - curl->wanted.len) {
            buf_add(&curl->wanted, str_trim(line, " \t\r\n"));
            buf_add_byte(&curl->wanted, '\n');
        }
}

static size_t on_header(char *bytes, size_t size, size_t count, void *self)
{
    struct http_curl *curl = self;
    str line = { bytes, size * count };
    char text[HEADER_BYTES_MAX];
    header_read(line, "Date:", text, sizeof(text));
    if (text[0] != '\0') {
        time_t seconds = curl_getdate(text, NULL);
        curl->date_unix_s = seconds < 0 ? 0 : (int64_t)seconds;
    }
    header_read(line, "x-amz-retry-after:", text, sizeof(text));
    if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text))
        curl->retry_after_ms = strlen(text) < 9 ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX;
    header_read(line, "x-amzn-errortype:", text, sizeof(text));
    if (text[0] != '\0')
        memcpy(curl->error_type, text, sizeof(text));
    wanted_keep(curl, line);
    return line.len;
}

/* libcurl asks at least once a second; anything but 0 ends the exchange. */
static int on_progress(void *self, curl_off_t download_total, curl_off_t downloaded,
    curl_off_t upload_total, curl_off_t uploaded)
{
    const struct http_curl *curl = self;
    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    return *curl->stop != 0;
}

static enum err header_add(struct http_curl *curl, const char *line)
{
    struct curl_slist *longer = line == NULL ? NULL : curl_slist_append(curl->headers, line);
    if (longer == NULL)
        return ERR_MEMORY;
    curl->headers = longer;
    return ERR_OK;
}

static enum err headers_set(
    struct http_curl *curl, const struct http_request *request, struct arena *arena)
{
    for (uint32_t at = 0; at < request->headers_count; at++) {
        const struct http_header *header = &request->headers[at];
        TRY(header_add(curl,
            arena_format(arena, "%.*s: %.*s", STR_ARG(header->name), STR_ARG(header->value))));
    }
    /* libcurl would ask leave before it sends a long body, and wait a second for it. */
    return header_add(curl, "Expect:");
}

/* The options of all exchanges. */
static bool options_set(struct http_curl *curl)
{
    CURL *easy = curl->easy;
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, curl->connect_timeout_ms)
                  == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, curl->total_timeout_ms) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl->problem) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_WRITEDATA, curl) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_HEADERDATA, curl) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_USERAGENT, "cdr") == CURLE_OK
           && (curl->ca_file == NULL
               || curl_easy_setopt(easy, CURLOPT_CAINFO, curl->ca_file) == CURLE_OK);
}

static bool stop_set(struct http_curl *curl)
{
    CURL *easy = curl->easy;
    return curl->stop == NULL
           || (curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK
               && curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK
               && curl_easy_setopt(easy, CURLOPT_XFERINFODATA, curl) == CURLE_OK);
}

/* A file may be hours on its way, but not stand still. */
static bool pace_set(CURL *easy, const struct http_request *request)
{
    return request->sink == NULL
           || (curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK
               && curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALL_S_MAX) == CURLE_OK);
}

/* By which way, and how long it may take. */
static bool way_set(struct http_curl *curl, const struct http_request *request)
{
    CURL *easy = curl->easy;
    bool is_plain = strncasecmp(request->url, "http:", 5) == 0;
    const char *proxy = is_plain || request->is_direct ? "" : curl->proxy;
    long timeout_ms = (long)request->timeout_ms;
    return (proxy == NULL || curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK)
           && (timeout_ms == 0
               || (curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK));
}

/* The options of this one. */
static bool request_set(struct http_curl *curl, const struct http_request *request)
{
    CURL *easy = curl->easy;
    bool has_body = request->body.len > 0 || strcmp(request->method, "POST") == 0
                    || strcmp(request->method, "PUT") == 0;
    curl_easy_reset(easy);
    if (has_body
        && (curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len)
                != CURLE_OK
            || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr) != CURLE_OK))
        return false;
    return options_set(curl) && stop_set(curl)
           && curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK /* as it was signed */
           && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl->headers) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)request->is_change) == CURLE_OK
           && pace_set(easy, request) && way_set(curl, request);
}

/* Whether not a byte of the request can have left. */
static bool nothing_was_sent(CURL *easy)
{
    long request_bytes = 1;
    curl_off_t began_us = 1;
    return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes) == CURLE_OK
           && curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &began_us) == CURLE_OK
           && request_bytes == 0 && began_us == 0;
}

/* What a reason names of the address: no user, password or query, which may be secrets; of one
 * that hands secrets out neither the path. NULL when the arena is full. */
static const char *shown_url(const struct http_request *request, struct arena *arena)
{
    str url = str_from(request->url);
    const char *scheme = strstr(request->url, "://");
    str rest = scheme == NULL ? url : str_from(scheme + strlen("://"));
    str host = str_first(rest, strcspn(rest.ptr, "/?#"));
    str path = str_first(str_skip(rest, host.len), strcspn(rest.ptr + host.len, "?#"));
    size_t at = str_find_last(host, '@');
    bool is_short = request->is_direct || request->is_secret;
    return arena_format(arena, "%.*s%.*s%.*s", (int)(url.len - rest.len), url.ptr,
        STR_ARG(at == host.len ? host : str_skip(host, at + 1)), is_short ? 0 : (int)path.len,
        path.ptr);
}

/* Why, in libcurl's words where they quote no setting: it prints a proxy's address whole. */
static const char *problem_of(const struct http_curl *curl, CURLcode code, bool is_secret)
{
    if (curl->body.err == ERR_LIMIT)
        return is_secret ? "the reply is over 64 KiB" : "the reply is over 4 MiB";
    if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY
        || strstr(curl->problem, "nsupported proxy") != NULL)
        return "the proxy that is set cannot be used or reached";
    bool is_quoting = strstr(curl->problem, "://") != NULL || strchr(curl->problem, '@') != NULL;
    return curl->problem[0] != '\0' && !is_quoting ? curl->problem : curl_easy_strerror(code);
}

static enum err failure(struct http_curl *curl, const struct http_request *request, CURLcode code,
    struct arena *arena, const char **reterr_reason)
{
    bool is_refused = nothing_was_sent(curl->easy);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return ERR_STOPPED;
    bool is_late = !is_refused && code == CURLE_OPERATION_TIMEDOUT;
    if (code == CURLE_OUT_OF_MEMORY || curl->body.err == ERR_MEMORY)
        return ERR_MEMORY;
    const char *url = shown_url(request, arena);
    if (url == NULL)
        return ERR_MEMORY;
    *reterr_reason = arena_format(arena, "%s %s: %s", url,
        is_refused ? "could not be reached"
        : is_late  ? "did not answer in time"
                   : "did not answer as it should",
        problem_of(curl, code, request->is_secret));
    if (*reterr_reason == NULL)
        return ERR_MEMORY;
    return is_refused ? ERR_REFUSED : is_late ? ERR_TIMEOUT : ERR_TRANSPORT;
}

static enum err wanted_hand_over(
    struct http_curl *curl, struct arena *arena, struct http_reply *reply)
{
    str lines = arena_copy(arena, buf_str(&curl->wanted));
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, HTTP_WANTED_MAX);
    if (curl->wanted.err != ERR_OK || lines.ptr == NULL || headers == NULL)
        return ERR_MEMORY;
    while (lines.len > 0 && reply->headers_count < HTTP_WANTED_MAX) {
        str line = str_first(lines, str_find(lines, '\n'));
        size_t colon = str_find(line, ':');
        headers[reply->headers_count++] = (struct http_header){ str_first(line, colon),
            str_trim(str_skip(line, colon + 1), " \t") };
        lines = str_skip(lines, line.len + 1);
    }
    reply->headers = headers;
    return ERR_OK;
}

str http_reply_header(const struct http_reply *reply, const char *name)
{
    for (uint32_t at = 0; at < reply->headers_count; at++) {
        str found = reply->headers[at].name;
        if (found.len == strlen(name) && strncasecmp(found.ptr, name, found.len) == 0)
            return reply->headers[at].value;
    }
    return STR("");
}

static enum err exchange(struct http_curl *curl, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    TRY(headers_set(curl, request, arena));
    if (!request_set(curl, request))
        return ERR_MEMORY;
    CURLcode code = curl_easy_perform(curl->easy);
    if (code != CURLE_OK)
        return failure(curl, request, code, arena, reterr_reason);
    long status = 0;
    curl_easy_getinfo(curl->easy, CURLINFO_RESPONSE_CODE, &status);
    str body = arena_copy(arena, buf_str(&curl->body));
    str error_type = arena_copy(arena, str_from(curl->error_type));
    if (body.ptr == NULL || error_type.ptr == NULL)
        return ERR_MEMORY;
    *ret_reply = (struct http_reply){ .status = (int)status,
        .date_unix_s = curl->date_unix_s,
        .error_type = error_type,
        .body = body,
        .retry_after_ms = curl->retry_after_ms };
    return wanted_hand_over(curl, arena, ret_reply);
}

static enum err http_curl_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct http_curl *curl = (struct http_curl *)http;
    curl->problem[0] = '\0';
    curl->date_unix_s = 0;
    curl->retry_after_ms = 0;
    curl->error_type[0] = '\0';
    curl->stop = request->stop;
    curl->request = request;
    curl->wanted = (struct buf)BUF_INIT(HTTP_WANTED_BYTES_MAX + 1);
    curl->body = (struct buf)BUF_INIT(request->is_secret ? SECRET_BYTES_MAX : REPLY_BYTES_MAX);
    if (request->is_secret)
        curl->body.ptr = malloc(curl->body.size = SECRET_BYTES_MAX + 1); /* never moved */
    if (request->is_secret && curl->body.ptr == NULL)
        return ERR_MEMORY;
    enum err err = exchange(curl, request, arena, ret_reply, reterr_reason);
    /* The handle may not keep what is about to go. */
    curl_easy_reset(curl->easy);
    for (struct curl_slist *line = curl->headers; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data)); /* a session token among them */
    curl_slist_free_all(curl->headers);
    curl->headers = NULL;
    if (curl->body.ptr != NULL && request->is_secret)
        explicit_bzero(curl->body.ptr, curl->body.size);
    buf_release(&curl->body);
    buf_release(&curl->wanted);
    curl->request = NULL;
    return err;
}

enum err http_curl_new(const struct http_curl_options *options, struct http_curl **ret_curl)
{
    static const struct http_curl_options standard = { 0, 0, NULL, NULL };
    const struct http_curl_options *given = options == NULL ? &standard : options;
    /* Counted and locked by libcurl itself; http_curl_free takes it back. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_MEMORY;
    struct http_curl *curl = calloc(1, sizeof(*curl));
    if (curl == NULL) {
        curl_global_cleanup();
        return ERR_MEMORY;
    }
    curl->http.send = http_curl_send;
    curl->connect_timeout_ms =
        given->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_MS : (long)given->connect_timeout_ms;
    curl->total_timeout_ms =
        given->total_timeout_ms == 0 ? TOTAL_TIMEOUT_MS : (long)given->total_timeout_ms;
    curl->ca_file = given->ca_file == NULL ? NULL : strdup(given->ca_file);
    curl->proxy = given->proxy == NULL ? NULL : strdup(given->proxy);
    curl->easy = curl_easy_init();
    if (curl->easy == NULL || (given->ca_file != NULL && curl->ca_file == NULL)
        || (given->proxy != NULL && curl->proxy == NULL)) {
        http_curl_free(curl);
        return ERR_MEMORY;
    }
    *ret_curl = curl;
    return ERR_OK;
}

struct http *http_curl_interface(struct http_curl *curl)
{
    return &curl->http;
}

void http_curl_free(struct http_curl *curl)
{
    if (curl == NULL)
        return;
    curl_easy_cleanup(curl->easy);
    free(curl->ca_file);
    free(curl->proxy);
    free(curl);
    curl_global_cleanup();
}
