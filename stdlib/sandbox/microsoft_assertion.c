/* Client assertions: a JWT that a client signs with the key of a certificate that Entra knows.
 * https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials */
#include "sandbox/microsoft.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { SKEW_S = 300, SEEN_MAX = 1000, ASSERTION_BYTES_MAX = 16 * 1024 };

str microsoft_base64url(struct arena *arena, str bytes)
{
    size_t size = (bytes.len + 2) / 3 * 4 + 1;
    char *text = arena_alloc(arena, size, 1);
    if (text == NULL)
        return (str){ NULL, 0 };
    int len =
        EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.ptr, (int)bytes.len);
    while (len > 0 && text[len - 1] == '=')
        len--;
    for (int at = 0; at < len; at++)
        text[at] = text[at] == '+' ? '-' : text[at] == '/' ? '_' : text[at];
    text[len] = '\0';
    return (str){ text, (size_t)len };
}

/* The bytes of such text; ptr NULL: it is none, or there is no memory. */
static str decode(struct arena *arena, str text)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char *bytes = arena_alloc(arena, text.len + 1, 1);
    uint32_t held = 0;
    size_t len = 0, bits = 0;
    if (bytes == NULL || text.len % 4 == 1)
        return (str){ NULL, 0 };
    for (size_t at = 0; at < text.len; at++) {
        const char *sign = memchr(signs, text.ptr[at], sizeof(signs) - 1);
        if (sign == NULL)
            return (str){ NULL, 0 };
        held = held << 6 | (uint32_t)(sign - signs);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[len++] = (unsigned char)(held >> bits & 0xff);
        }
    }
    return (str){ (const char *)bytes, len };
}

/* A JWT taken apart; the texts borrow from it. */
struct jwt {
    str signed_text; /* header.payload */
    json_t *header;
    json_t *claims;
    str signature;
};

static json_t *json_of(struct arena *arena, str part)
{
    str text = decode(arena, part);
    return text.ptr == NULL ? NULL : json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
}

static void jwt_release(struct jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
}

static bool jwt_read(struct arena *arena, str text, struct jwt *ret_jwt)
{
    str header = str_first(text, str_find(text, '.'));
    str rest = str_skip(text, header.len + 1);
    str claims = str_first(rest, str_find(rest, '.'));
    str signature = str_skip(rest, claims.len + 1);
    *ret_jwt = (struct jwt){ .signed_text = str_first(text, header.len + 1 + claims.len) };
    if (text.len > ASSERTION_BYTES_MAX || signature.len == 0)
        return false;
    ret_jwt->header = json_of(arena, header);
    ret_jwt->claims = json_of(arena, claims);
    ret_jwt->signature = decode(arena, signature);
    return json_is_object(ret_jwt->header) && json_is_object(ret_jwt->claims)
           && ret_jwt->signature.ptr != NULL;
}

const char *microsoft_assertion_subject(struct edr_call *call, str assertion)
{
    CLEANUP(jwt_release) struct jwt jwt = { 0 };
    const char *subject = "";
    if (jwt_read(call->arena, assertion, &jwt))
        subject = arena_copy(call->arena, str_from(world_text(jwt.claims, "sub"))).ptr;
    return subject == NULL ? "" : subject;
}

/* ---- the certificate ---- */

static X509 *certificate_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

/* Whether the header names the certificate: x5t by SHA-1, or x5t#S256. */
static bool names(struct arena *arena, const json_t *header, const X509 *certificate)
{
    const char *sha1 = world_text(header, "x5t");
    const char *sha256 = world_text(header, "x5t#S256");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    bool is_sha1 = sha256[0] == '\0';
    if (X509_digest(certificate, is_sha1 ? EVP_sha1() : EVP_sha256(), digest, &size) != 1)
        return false;
    str thumbprint = microsoft_base64url(arena, (str){ (const char *)digest, size });
    return thumbprint.ptr != NULL && str_is(thumbprint, is_sha1 ? sha1 : sha256);
}

/* RS256 and PS256. */
static bool verifies(X509 *certificate, const char *algorithm, const struct jwt *jwt)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    bool is_pss = strcmp(algorithm, "PS256") == 0;
    bool is_good =
        context != NULL && key != NULL && EVP_PKEY_is_a(key, "RSA") == 1
        && EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, key) == 1
        && (!is_pss
            || (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1))
        && EVP_DigestVerify(context, (const unsigned char *)jwt->signature.ptr, jwt->signature.len,
               (const unsigned char *)jwt->signed_text.ptr, jwt->signed_text.len)
               == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

/* Why none of the client's certificates made the signature, or NULL. */
static const char *signature_fault(
    struct edr_call *call, const struct jwt *jwt, const json_t *client)
{
    const char *algorithm = world_text(jwt->header, "alg");
    const char *fault = "AADSTS700027: The certificate with identifier used to sign the client "
                        "assertion is not registered on application.";
    size_t index;
    json_t *pem;
    if (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "PS256") != 0)
        return "AADSTS5002738: Invalid JWT token. The signature algorithm is not supported.";
    json_array_foreach(json_object_get(client, "certificates"), index, pem)
    {
        X509 *certificate = certificate_of(json_string_value(pem));
        if (certificate != NULL && names(call->arena, jwt->header, certificate))
            fault = verifies(certificate, algorithm, jwt)
                        ? NULL
                        : "AADSTS700027: Client assertion contains an invalid signature.";
        X509_free(certificate);
        if (fault == NULL)
            return NULL;
    }
    return fault;
}

/* ---- the claims ---- */

static const char *times_fault(const struct edr_call *call, const json_t *claims)
{
    long long now_s = call->now_ms / 1000;
    if (!json_is_integer(json_object_get(claims, "exp"))
        || !json_is_integer(json_object_get(claims, "nbf")))
        return "AADSTS50027: JWT token is invalid or malformed: exp and nbf are numbers.";
    if (world_number(claims, "exp") <= now_s || world_number(claims, "nbf") > now_s + SKEW_S)
        return "AADSTS700024: Client assertion is not within its valid time range.";
    return NULL;
}

/* An assertion is good once. */
static bool is_seen(struct edr_call *call, const char *id)
{
    json_t *seen = json_object_get(call->tenant, "assertions");
    if (world_holds(call->tenant, "assertions", id))
        return true;
    if (json_array_size(seen) >= SEEN_MAX)
        json_array_remove(seen, 0);
    json_array_append_new(seen, json_string(id));
    return false;
}

static const char *claims_fault(
    struct edr_call *call, const json_t *claims, const json_t *client, const char *audience_end)
{
    const char *client_id = world_text(client, "clientId");
    str audience = str_from(world_text(claims, "aud"));
    if (!str_startswith(audience, STR("http")) || !str_endswith(audience, str_from(audience_end)))
        return "AADSTS700023: Client assertion audience claim does not match Realm issuer.";
    if (strcmp(world_text(claims, "iss"), client_id) != 0
        || strcmp(world_text(claims, "sub"), client_id) != 0)
        return "AADSTS700021: Client assertion application identifier doesn't match 'client_id' "
               "parameter.";
    const char *fault = times_fault(call, claims);
    if (fault != NULL)
        return fault;
    if (world_text(claims, "jti")[0] == '\0')
        return "AADSTS50027: JWT token is invalid or malformed: jti is missing.";
    return NULL;
}

const char *microsoft_assertion_fault(
    struct edr_call *call, str assertion, const json_t *client, const char *audience_end)
{
    CLEANUP(jwt_release) struct jwt jwt = { 0 };
    if (!jwt_read(call->arena, assertion, &jwt))
        return "AADSTS50027: JWT token is invalid or malformed.";
    const char *fault = signature_fault(call, &jwt, client);
    if (fault == NULL)
        fault = claims_fault(call, jwt.claims, client, audience_end);
    if (fault == NULL && is_seen(call, world_text(jwt.claims, "jti")))
        return "AADSTS50027: JWT token is invalid or malformed: its jti was used before.";
    return fault;
}
