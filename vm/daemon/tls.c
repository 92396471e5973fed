#include "daemon/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>

enum { CHAIN_MAX = 10, SUBJECT_BYTES_MAX = 1024 };

struct authority {
    char *name;
    gnutls_x509_trust_list_t list;
};

struct tls {
    char *certificate;
    char *key;
    char *trust; /* all authorities: clients are told of them; NULL without any */
    struct authority *authorities;
    size_t count;
};

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    for (size_t at = 0; tls->authorities != NULL && at < tls->count; at++) {
        free(tls->authorities[at].name);
        if (tls->authorities[at].list != NULL)
            gnutls_x509_trust_list_deinit(tls->authorities[at].list, 1);
    }
    free(tls->authorities);
    free(tls->certificate);
    free(tls->trust);
    wipe(tls->key);
    free(tls);
}

static gnutls_datum_t datum_of(str text)
{
    return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text.ptr, (unsigned)text.len };
}

/* Whether certificate and key are that, and of each other: libmicrohttpd would not say why it does not
 * start. */
static enum err check_pair(
    const struct server_options *options, struct arena *arena, const char **reterr_reason)
{
    gnutls_certificate_credentials_t pair;
    gnutls_datum_t certificate = datum_of(options->certificate);
    gnutls_datum_t key = datum_of(options->key);
    if (gnutls_certificate_allocate_credentials(&pair) != GNUTLS_E_SUCCESS)
        return ERR_MEMORY;
    int fault = gnutls_certificate_set_x509_key_mem(pair, &certificate, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(pair);
    if (fault == GNUTLS_E_SUCCESS)
        return ERR_OK;
    *reterr_reason =
        arena_format(arena, "the certificate and the key do not serve: %s", gnutls_strerror(fault));
    return ERR_INVALID;
}

static enum err add_authority(const struct client_ca *ca, struct arena *arena,
    struct authority *authority, const char **reterr_reason)
{
    gnutls_datum_t pem = datum_of(ca->pem);
    authority->name = strndup(ca->name.ptr == NULL ? "" : ca->name.ptr, ca->name.len);
    if (authority->name == NULL
        || gnutls_x509_trust_list_init(&authority->list, 0) != GNUTLS_E_SUCCESS)
        return ERR_MEMORY;
    if (gnutls_x509_trust_list_add_trust_mem(authority->list, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0)
        > 0)
        return ERR_OK;
    *reterr_reason =
        arena_format(arena, "%s holds no certificate of an authority", authority->name);
    return ERR_INVALID;
}

static enum err add_authorities(const struct server_options *options, struct tls *tls,
    struct arena *arena, const char **reterr_reason)
{
    struct buf all = BUF_INIT(16 * 1024 * 1024);
    tls->count = options->client_ca_count;
    if (tls->count == 0)
        return ERR_OK;
    tls->authorities = calloc(tls->count, sizeof(*tls->authorities));
    if (tls->authorities == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < tls->count; at++) {
        enum err err =
            add_authority(&options->client_cas[at], arena, &tls->authorities[at], reterr_reason);
        if (err != ERR_OK) {
            buf_release(&all);
            return err;
        }
        buf_add(&all, options->client_cas[at].pem);
        buf_add_byte(&all, '\n');
    }
    tls->trust = all.ptr; /* owned from here; NULL when an append failed */
    return tls->trust == NULL ? ERR_MEMORY : ERR_OK;
}

enum err tls_new(const struct server_options *options, struct arena *arena, struct tls **ret_tls,
    const char **reterr_reason)
{
    *ret_tls = NULL;
    if (options->certificate.len == 0)
        return ERR_OK;
    TRY(check_pair(options, arena, reterr_reason));
    struct tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return ERR_MEMORY;
    tls->certificate = strndup(options->certificate.ptr, options->certificate.len);
    tls->key = strndup(options->key.ptr, options->key.len);
    enum err err = tls->certificate == NULL || tls->key == NULL
                       ? ERR_MEMORY
                       : add_authorities(options, tls, arena, reterr_reason);
    if (err != ERR_OK) {
        tls_free(tls);
        return err;
    }
    *ret_tls = tls;
    return ERR_OK;
}

void tls_options(const struct tls *tls, struct MHD_OptionItem options[static TLS_OPTIONS])
{
    static const char PRIORITIES[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    size_t count = 0;
    if (tls != NULL) {
        options[count++] =
            (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate };
        options[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key };
        options[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
            (void *)(uintptr_t)PRIORITIES };
        if (tls->trust != NULL)
            options[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->trust };
    }
    options[count] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

/* Whether the chain goes back to that authority, for a client. */
static bool goes_back_to(
    const struct authority *authority, gnutls_x509_crt_t *chain, unsigned count)
{
    unsigned faults = 1;
    gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
        (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
    return gnutls_x509_trust_list_verify_crt2(
               authority->list, chain, count, &purpose, 1, 0, &faults, NULL)
               == GNUTLS_E_SUCCESS
           && faults == 0;
}

/* Several may know one certificate: a file of two authorities, one that has signed the other. */
static enum err name_peer(
    const struct tls *tls, gnutls_x509_crt_t *chain, unsigned count, struct exchange *exchange)
{
    char subject[SUBJECT_BYTES_MAX];
    size_t size = sizeof(subject);
    str *names = ARENA_ARRAY(exchange->arena, str, tls->count + 1);
    size_t found = 0;
    if (names == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < tls->count; at++)
        if (goes_back_to(&tls->authorities[at], chain, count))
            names[found++] = str_from(tls->authorities[at].name);
    if (found == 0 || gnutls_x509_crt_get_dn(chain[0], subject, &size) != GNUTLS_E_SUCCESS)
        return ERR_OK;
    str copy = arena_copy(exchange->arena, (str){ subject, size });
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    exchange->peer_subject = copy;
    exchange->peer_cas = names;
    exchange->peer_ca_count = found;
    return ERR_OK;
}

enum err tls_peer(const struct tls *tls, struct MHD_Connection *mhd, struct exchange *exchange)
{
    exchange->peer_subject = STR("");
    exchange->peer_ca_count = 0;
    const union MHD_ConnectionInfo *info =
        tls == NULL ? NULL : MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL)
        return ERR_OK;
    unsigned count = 0;
    const gnutls_datum_t *raw = gnutls_certificate_get_peers(info->tls_session, &count);
    gnutls_x509_crt_t chain[CHAIN_MAX];
    if (raw == NULL || count == 0 || count > CHAIN_MAX)
        return ERR_OK;
    unsigned read = 0;
    while (read < count && gnutls_x509_crt_init(&chain[read]) == GNUTLS_E_SUCCESS) {
        read++;
        if (gnutls_x509_crt_import(chain[read - 1], &raw[read - 1], GNUTLS_X509_FMT_DER)
            != GNUTLS_E_SUCCESS)
            break;
    }
    enum err err = read == count ? name_peer(tls, chain, count, exchange) : ERR_OK;
    while (read > 0)
        gnutls_x509_crt_deinit(chain[--read]);
    return err;
}
