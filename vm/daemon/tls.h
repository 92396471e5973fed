/* tls.h - what the server needs of GnuTLS: its certificate, and who the client is. */
#pragma once

#include "daemon/server.h"

#include <microhttpd.h>

struct tls;

/* Check and keep what the options say of TLS; *ret_tls is NULL where they have no certificate.
 * ERR_INVALID with a sentence; ERR_MEMORY. */
MUST_CHECK enum err tls_new(const struct server_options *options, struct arena *arena,
    struct tls **ret_tls, const char **reterr_reason);
/* Wipe and free; NULL is fine. */
void tls_free(struct tls *tls);

enum { TLS_OPTIONS = 5 };
/* The options of libmicrohttpd, borrowed; the last is MHD_OPTION_END. NULL tls: that alone. */
void tls_options(const struct tls *tls, struct MHD_OptionItem options[static TLS_OPTIONS]);

/* Whose certificate the client showed and which authorities it goes back to: peer_subject, peer_cas; none
 * without a certificate, or when it is not good. In the exchange's arena. ERR_MEMORY. */
MUST_CHECK enum err tls_peer(
    const struct tls *tls, struct MHD_Connection *mhd, struct exchange *exchange);
