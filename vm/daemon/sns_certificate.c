/* sns_certificate.c - see sns.h: certificates, over OpenSSL. */
#include "daemon/sns.h"

#include "arn.h"
#include "base/limits.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { SIGNATURE_BYTES_MAX = 1024 /* RSA of 8192 bits */ };

struct sns_trust {
    X509_STORE *authorities;
};

struct sns_certificate {
    X509 *own;
    STACK_OF(X509) * between;
};

/* ---- authorities ---- */

enum err sns_trust_new(const char *ca_file, struct sns_trust **ret_trust)
{
    struct sns_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL)
        return ERR_MEMORY;
    trust->authorities = X509_STORE_new();
    enum err err = trust->authorities == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK
        && (ca_file == NULL ? X509_STORE_set_default_paths(trust->authorities)
                            : X509_STORE_load_file(trust->authorities, ca_file))
               != 1)
        err = ERR_IO;
    if (err == ERR_OK)
        *ret_trust = trust;
    else
        sns_trust_free(trust);
    return err;
}

void sns_trust_free(struct sns_trust *trust)
{
    if (trust != NULL)
        X509_STORE_free(trust->authorities);
    free(trust);
}

/* ---- reading ---- */

enum err sns_certificate_add(struct sns_certificate *certificate, str bytes)
{
    if (sk_X509_num(certificate->between) >= SNS_CHAIN_MAX)
        return ERR_LIMIT;
    BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    if (bio == NULL)
        return ERR_MEMORY;
    X509 *one = str_startswith(bytes, STR("-----")) ? PEM_read_bio_X509(bio, NULL, NULL, NULL)
                                                    : d2i_X509_bio(bio, NULL);
    BIO_free(bio);
    if (one == NULL)
        return ERR_INVALID;
    if (sk_X509_push(certificate->between, one) > 0)
        return ERR_OK;
    X509_free(one);
    return ERR_MEMORY;
}

/* The first of the file is its own; those behind it are authorities between. */
static enum err read_all(BIO *bio, struct sns_certificate *certificate)
{
    certificate->own = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    certificate->between = sk_X509_new_null();
    if (certificate->own == NULL)
        return ERR_INVALID;
    if (certificate->between == NULL)
        return ERR_MEMORY;
    for (X509 *next = NULL; (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        bool is_over = sk_X509_num(certificate->between) >= SNS_CHAIN_MAX;
        if (is_over || sk_X509_push(certificate->between, next) <= 0) {
            X509_free(next);
            return is_over ? ERR_INVALID : ERR_MEMORY;
        }
    }
    return ERR_OK;
}

enum err sns_certificate_read(str pem, struct sns_certificate **ret_certificate)
{
    if (pem.len > REPLY_BYTES_MAX)
        return ERR_INVALID;
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    struct sns_certificate *certificate = calloc(1, sizeof *certificate);
    enum err err = bio == NULL || certificate == NULL ? ERR_MEMORY : read_all(bio, certificate);
    BIO_free(bio);
    if (err == ERR_OK)
        *ret_certificate = certificate;
    else
        sns_certificate_free(certificate);
    return err;
}

void sns_certificate_free(struct sns_certificate *certificate)
{
    if (certificate != NULL) {
        X509_free(certificate->own);
        sk_X509_pop_free(certificate->between, X509_free);
    }
    free(certificate);
}

/* ---- whose it is ---- */

/* The names that SNS's certificates have, by region: most have the first, newer regions one of the
 * others. Both regions of GovCloud use that of us-gov-west-1. */
static bool is_of_sns(X509 *certificate, const struct arn *topic)
{
    static const char *const forms[] = { "sns.", "sns-signing.", "sns-" };
    bool is_china = str_is(topic->partition, "aws-cn");
    const char *suffix = is_china ? "amazonaws.com.cn" : "amazonaws.com";
    str region = topic->region;
    if (str_is(topic->partition, "aws-us-gov"))
        region = STR("us-gov-west-1");
    if (!is_china && X509_check_host(certificate, "sns.amazonaws.com", 0, 0, NULL) == 1)
        return true;
    for (size_t at = 0; at < COUNT_OF(forms); at++) {
        struct buf text = BUF_INIT(NAME_BYTES_MAX);
        buf_addf(&text, "%s%.*s.%s", forms[at], STR_ARG(region), suffix);
        bool is_it =
            text.err == ERR_OK && X509_check_host(certificate, text.ptr, text.len, 0, NULL) == 1;
        buf_release(&text);
        if (is_it)
            return true;
    }
    return false;
}

/* "http://crt.ANY.amazontrust.com/ANY.cer", without user, port and query. */
static bool is_issuer_url(str url)
{
    if (!str_startswith(url, STR("http://crt.")) || url.len > NAME_BYTES_MAX)
        return false;
    str rest = str_skip(url, STR("http://").len);
    str host = str_first(rest, str_find(rest, '/'));
    str path = str_skip(rest, host.len);
    return str_endswith(host, STR(".amazontrust.com"))
           && str_all_of(host, "abcdefghijklmnopqrstuvwxyz0123456789-.")
           && str_endswith(path, STR(".cer"))
           && str_all_of(path, "/abcdefghijklmnopqrstuvwxyz0123456789-.");
}

/* Where the authority that signed it is published: at Amazon's own address, over HTTP as all such
 * are, for what is fetched is signed itself. NULL: nowhere that is followed. */
static const char *find_issuer_url(const X509 *certificate, struct arena *arena)
{
    const char *found = NULL;
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    for (int at = 0; access != NULL && at < sk_ACCESS_DESCRIPTION_num(access); at++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, at);
        if (OBJ_obj2nid(one->method) != NID_ad_ca_issuers || one->location->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = one->location->d.uniformResourceIdentifier;
        str url = { (const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri) };
        if (found == NULL && is_issuer_url(url))
            found = arena_copy(arena, url).ptr;
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return found;
}

/* X509_V_OK, or why it leads to no authority at that moment. */
static int verify(
    const struct sns_certificate *certificate, const struct sns_trust *trust, int64_t now_ms)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int error = X509_V_ERR_OUT_OF_MEM;
    if (context != NULL
        && X509_STORE_CTX_init(context, trust->authorities, certificate->own, certificate->between)
               == 1) {
        X509_STORE_CTX_set_time(context, 0, (time_t)(now_ms / 1000));
        error = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
        /* An answer of no with no reason is still no. */
        if (error == X509_V_OK && X509_STORE_CTX_get0_chain(context) == NULL)
            error = X509_V_ERR_UNSPECIFIED;
    }
    X509_STORE_CTX_free(context);
    return error;
}

enum err sns_certificate_check(const struct sns_certificate *certificate,
    const struct sns_trust *trust, str topic, int64_t now_ms, struct arena *arena,
    const char **ret_url, const char **reterr_reason)
{
    struct arn arn;
    int between = sk_X509_num(certificate->between);
    X509 *last = between == 0 ? certificate->own : sk_X509_value(certificate->between, between - 1);
    *reterr_reason = "its certificate is none of SNS for the topic's region";
    if (!arn_read(topic, &arn) || X509_check_ca(certificate->own) != 0
        || !is_of_sns(certificate->own, &arn))
        return ERR_INVALID;
    int error = verify(certificate, trust, now_ms);
    bool is_cut = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
                  || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
                  || error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
    *ret_url = is_cut && between < SNS_CHAIN_MAX ? find_issuer_url(last, arena) : NULL;
    *reterr_reason = is_cut ? "its certificate leads to no authority that this system trusts"
                            : X509_verify_cert_error_string(error);
    if (error == X509_V_OK)
        return ERR_OK;
    if (error == X509_V_ERR_OUT_OF_MEM || arena->is_full)
        return ERR_MEMORY;
    return *ret_url != NULL ? ERR_NEEDED : ERR_INVALID;
}

/* ---- signatures ---- */

/* The bytes of strict base64; 0: it is none, or too long. */
static size_t decode(str text, unsigned char bytes[static SIGNATURE_BYTES_MAX])
{
    size_t end = text.len;
    while (end > 0 && text.len - end < 2 && text.ptr[end - 1] == '=')
        end--;
    if (text.len == 0 || text.len % 4 != 0 || text.len / 4 * 3 > SIGNATURE_BYTES_MAX
        || !str_all_of(str_first(text, end),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
        return 0;
    int len = EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
    return len < 0 ? 0 : (size_t)len - (text.len - end);
}

bool sns_is_signed(const struct sns_message *message, const struct sns_certificate *certificate)
{
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t len = decode(message->signature, signature);
    struct buf text = BUF_INIT((size_t)16 * ALERT_BYTES_MAX);
    EVP_PKEY *key = X509_get0_pubkey(certificate->own);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *digest = str_is(message->version, "2") ? EVP_sha256() : EVP_sha1();
    sns_signed_text(message, &text);
    bool is_signed =
        len > 0 && key != NULL && context != NULL && text.err == ERR_OK
        && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
        && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1
        && EVP_DigestVerify(context, signature, len, (const unsigned char *)text.ptr, text.len)
               == 1;
    EVP_MD_CTX_free(context);
    buf_release(&text);
    return is_signed;
}
