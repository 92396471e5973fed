/* stream.h - a connection that bytes come in by: TCP, or TLS over it. It never waits. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <openssl/ssl.h>

/* How TLS is spoken: 1.2 or newer, with the certificate of the file and its key (PEM); with
 * `client_ca`, a file, only to who shows a certificate that goes back to it. The key is wiped by
 * who has it. ERR_INVALID with a sentence in `arena`; ERR_MEMORY. */
MUST_CHECK enum err stream_tls_new(const char *certificate, str key, const char *client_ca,
    struct arena *arena, SSL_CTX **ret_tls, const char **reterr_reason);

struct stream {
    int fd;
    SSL *ssl;     /* NULL: plain TCP */
    bool is_open; /* TLS has been agreed on; always true of plain TCP */
    short events; /* what to wait for (poll) before the next try */
};

/* Take over `fd`, which does not block; `tls` may be NULL. ERR_MEMORY: it is closed. */
MUST_CHECK enum err stream_open(struct stream *stream, int fd, SSL_CTX *tls);
void stream_close(struct stream *stream);

enum stream_state {
    STREAM_BYTES,
    STREAM_NOTHING, /* for now */
    STREAM_END,     /* the other end has closed it as it should */
    STREAM_BROKEN,  /* reset, or no TLS that is spoken here, or no certificate that is taken */
};
/* Read what is there, at most `size` bytes. */
MUST_CHECK enum stream_state stream_read(
    struct stream *stream, char *bytes, size_t size, size_t *ret_count);
/* What OpenSSL says of a broken one; static, or NULL. */
const char *stream_failure(void);
