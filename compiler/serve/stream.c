/* stream.c - see stream.h. */
#include "serve/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <unistd.h>

/* ---- how TLS is spoken ---- */

/* A key with a password would make a daemon ask its terminal. */
static int no_password(char *text, int size, int is_write, void *self)
{
    (void)text, (void)size, (void)is_write, (void)self;
    return -1;
}

static bool use_key(SSL_CTX *tls, str text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    bool is_used = key != NULL && SSL_CTX_use_PrivateKey(tls, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return is_used;
}

static bool use_client_ca(SSL_CTX *tls, const char *path)
{
    if (SSL_CTX_load_verify_locations(tls, path, NULL) != 1)
        return false;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL)
        return false;
    SSL_CTX_set_client_CA_list(tls, names);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

/* What cannot be used; NULL: nothing. */
static const char *set_up(SSL_CTX *tls, const char *certificate, str key, const char *client_ca)
{
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Sessions are not resumed: each connection shows its certificate. */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(tls, 0);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1)
        return "TLS 1.2";
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
        return "certificate";
    if (!use_key(tls, key) || SSL_CTX_check_private_key(tls) != 1)
        return "key";
    if (client_ca[0] != '\0' && !use_client_ca(tls, client_ca))
        return "client_ca";
    return NULL;
}

enum err stream_tls_new(const char *certificate, str key, const char *client_ca,
    struct arena *arena, SSL_CTX **ret_tls, const char **reterr_reason)
{
    ERR_clear_error();
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL)
        return ERR_MEMORY;
    const char *failed = set_up(tls, certificate, key, client_ca);
    if (failed == NULL) {
        *ret_tls = tls;
        return ERR_OK;
    }
    const char *why = stream_failure();
    *reterr_reason =
        arena_format(arena, "`%s` cannot be used: %s", failed, why == NULL ? "it is not PEM" : why);
    SSL_CTX_free(tls);
    return ERR_INVALID;
}

const char *stream_failure(void)
{
    unsigned long code = ERR_peek_last_error();
    return code == 0 ? NULL : ERR_reason_error_string(code);
}

/* ---- a connection ---- */

enum err stream_open(struct stream *stream, int fd, SSL_CTX *tls)
{
    *stream = (struct stream){ .fd = fd, .is_open = tls == NULL, .events = POLLIN };
    if (tls == NULL)
        return ERR_OK;
    stream->ssl = SSL_new(tls);
    if (stream->ssl != NULL && SSL_set_fd(stream->ssl, fd) == 1) {
        SSL_set_accept_state(stream->ssl);
        return ERR_OK;
    }
    stream_close(stream);
    return ERR_MEMORY;
}

void stream_close(struct stream *stream)
{
    if (stream->ssl != NULL && stream->is_open)
        (void)SSL_shutdown(stream->ssl);
    SSL_free(stream->ssl);
    close(stream->fd);
    stream->ssl = NULL;
}

static enum stream_state read_plain(
    struct stream *stream, char *bytes, size_t size, size_t *ret_count)
{
    ssize_t got = read(stream->fd, bytes, size);
    if (got > 0) {
        *ret_count = (size_t)got;
        return STREAM_BYTES;
    }
    if (got == 0)
        return STREAM_END;
    return errno == EAGAIN || errno == EINTR ? STREAM_NOTHING : STREAM_BROKEN;
}

static enum stream_state state_of(struct stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        stream->events = POLLIN;
        return STREAM_NOTHING;
    case SSL_ERROR_WANT_WRITE:
        stream->events = POLLOUT;
        return STREAM_NOTHING;
    case SSL_ERROR_ZERO_RETURN:
        return STREAM_END;
    default:
        return STREAM_BROKEN;
    }
}

enum stream_state stream_read(struct stream *stream, char *bytes, size_t size, size_t *ret_count)
{
    if (stream->ssl == NULL)
        return read_plain(stream, bytes, size, ret_count);
    ERR_clear_error();
    if (!stream->is_open) {
        int result = SSL_accept(stream->ssl);
        if (result != 1)
            return state_of(stream, result);
        stream->is_open = true;
    }
    int got = SSL_read_ex(stream->ssl, bytes, size, ret_count);
    stream->events = POLLIN;
    return got == 1 ? STREAM_BYTES : state_of(stream, got);
}
