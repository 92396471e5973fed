#include "rest/oauth.h"

#include "base/limits.h"
#include "base/percent.h"

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum {
    FORM_BYTES_MAX = 64 * 1024,
    JWT_BYTES_MAX = 16 * 1024,
    ASSERTION_LIFE_S = 300,
    RSA_BITS_MIN = 2048,
    JTI_BYTES = 16,
    REFUSAL_BYTES_MAX = 300,
};

/* --- the assertion --- */

/* A certificate and its key. */
struct pair {
    EVP_PKEY *key;
    X509 *certificate;
};

static void pair_release(struct pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->certificate);
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int is_writing, void *self)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)self;
    return 0;
}

static const char *pair_fault(const struct pair *pair)
{
    if (pair->key == NULL)
        return "the certificate of the connection has no private key that can be read: put both "
               "into "
               "one PEM, the key without a passphrase";
    if (pair->certificate == NULL)
        return "the certificate of the connection holds a key and no certificate: put both into "
               "one "
               "PEM";
    if (EVP_PKEY_get_base_id(pair->key) != EVP_PKEY_RSA
        || EVP_PKEY_get_bits(pair->key) < RSA_BITS_MIN)
        return "the key of the connection's certificate is no RSA key of at least 2048 bits";
    if (X509_check_private_key(pair->certificate, pair->key) != 1)
        return "the key and the certificate of the connection do not belong together";
    return NULL;
}

static enum err pair_read(
    const struct secret *pem, struct pair *ret_pair, const char **reterr_reason)
{
    BIO *key = BIO_new_mem_buf(pem->bytes, (int)pem->len);
    BIO *certificate = BIO_new_mem_buf(pem->bytes, (int)pem->len);
    if (key != NULL)
        ret_pair->key = PEM_read_bio_PrivateKey(key, NULL, no_passphrase, NULL);
    if (certificate != NULL)
        ret_pair->certificate = PEM_read_bio_X509(certificate, NULL, no_passphrase, NULL);
    bool is_memory = key == NULL || certificate == NULL;
    BIO_free(key);
    BIO_free(certificate);
    ERR_clear_error();
    if (is_memory)
        return ERR_MEMORY;
    *reterr_reason = pair_fault(ret_pair);
    return *reterr_reason == NULL ? ERR_OK : ERR_CREDENTIALS;
}

/* Base64 as JWT has it: - and _ for + and /, nothing at the end. */
static void add_base64url(struct buf *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t at = 0; at < len; at += 3) {
        uint32_t three = (uint32_t)bytes[at] << 16;
        size_t have = len - at < 3 ? len - at : 3;
        three |= have > 1 ? (uint32_t)bytes[at + 1] << 8 : 0;
        three |= have > 2 ? (uint32_t)bytes[at + 2] : 0;
        for (size_t digit = 0; digit <= have; digit++)
            buf_add_byte(out, digits[three >> (18 - 6 * digit) & 63]);
    }
}

static void add_base64url_text(struct buf *out, str text)
{
    add_base64url(out, (const unsigned char *)text.ptr, text.len);
}

/* "header.claims", which are signed. ERR_MEMORY. */
static enum err claims_write(const struct oauth_client *client, const X509 *certificate,
    str token_url, int64_t now_s, struct buf *out)
{
    unsigned char print[EVP_MAX_MD_SIZE], jti[JTI_BYTES];
    unsigned int print_len = 0;
    CLEANUP(buf_release) struct buf part = BUF_INIT(JWT_BYTES_MAX);
    if (X509_digest(certificate, EVP_sha256(), print, &print_len) != 1
        || RAND_bytes(jti, JTI_BYTES) != 1)
        return ERR_MEMORY;
    buf_add(&part, STR("{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\""));
    add_base64url(&part, print, print_len);
    buf_add(&part, STR("\"}"));
    add_base64url_text(out, buf_str(&part));
    buf_clear(&part);
    buf_addf(&part,
        "{\"aud\":\"%.*s\",\"iss\":\"%.*s\",\"sub\":\"%.*s\",\"nbf\":%lld,\"iat\":%lld,\"exp\":%"
        "lld,"
        "\"jti\":\"",
        STR_ARG(token_url), STR_ARG(client->client_id), STR_ARG(client->client_id),
        (long long)now_s, (long long)now_s, (long long)now_s + ASSERTION_LIFE_S);
    add_base64url(&part, jti, JTI_BYTES);
    buf_add(&part, STR("\"}"));
    buf_add_byte(out, '.');
    add_base64url_text(out, buf_str(&part));
    return part.err != ERR_OK ? part.err : out->err;
}

/* ".signature" of what is there. */
static enum err claims_sign(EVP_PKEY *key, struct buf *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    unsigned char signature[1024];
    size_t len = sizeof(signature);
    bool is_signed =
        context != NULL && EVP_PKEY_get_size(key) <= (int)sizeof(signature)
        && EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key) == 1
        && EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1
        && EVP_DigestSign(context, signature, &len, (const unsigned char *)out->ptr, out->len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (!is_signed)
        return ERR_MEMORY;
    buf_add_byte(out, '.');
    add_base64url(out, signature, len);
    return out->err;
}

static enum err assertion_make(const struct oauth_client *client, str token_url, int64_t now_s,
    struct buf *out, const char **reterr_reason)
{
    CLEANUP(pair_release) struct pair pair = { NULL, NULL };
    TRY(pair_read(&client->certificate, &pair, reterr_reason));
    TRY(claims_write(client, pair.certificate, token_url, now_s, out));
    return claims_sign(pair.key, out);
}

/* --- the form --- */

static void add_pair(struct buf *form, const char *name, str text)
{
    buf_addf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    percent_encode(form, text, "");
}

/* Its memory is not moved while it grows: no copy of a secret is left behind. */
static bool form_begin(struct buf *form)
{
    form->ptr = calloc(1, FORM_BYTES_MAX + 1);
    form->size = form->ptr == NULL ? 0 : FORM_BYTES_MAX + 1;
    return form->ptr != NULL;
}

static enum err form_write(const struct oauth_client *client, str scope, str token_url,
    int64_t now_s, struct buf *form, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf jwt = BUF_INIT(JWT_BYTES_MAX);
    if (scope.len > 0)
        add_pair(form, "grant_type", STR("client_credentials"));
    add_pair(form, "client_id", client->client_id);
    if (client->certificate.len > 0) {
        TRY(assertion_make(client, token_url, now_s, &jwt, reterr_reason));
        add_pair(form, "client_assertion_type",
            STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        add_pair(form, "client_assertion", buf_str(&jwt));
    } else
        add_pair(form, "client_secret", secret_bytes(&client->client_secret));
    if (scope.len > 0)
        add_pair(form, "scope", scope);
    if (client->member_cid.len > 0)
        add_pair(form, "member_cid", client->member_cid);
    return form->err;
}

enum err oauth_form(const struct oauth_client *client, str scope, str token_url, int64_t now_s,
    struct arena *arena, str *ret_form, const char **reterr_reason)
{
    struct buf form = BUF_INIT(FORM_BYTES_MAX);
    if (!form_begin(&form))
        return ERR_MEMORY;
    enum err err = form_write(client, scope, token_url, now_s, &form, reterr_reason);
    if (err == ERR_OK) {
        *ret_form = arena_copy(arena, buf_str(&form));
        err = ret_form->ptr == NULL ? ERR_MEMORY : ERR_OK;
    }
    if (form.ptr != NULL)
        explicit_bzero(form.ptr, form.size);
    buf_release(&form);
    return err;
}

/* --- the answer --- */

/* A number, or a text of digits as older endpoints have it; 0: neither. */
static int64_t life_read(const json_t *json)
{
    int64_t life_s = json_is_integer(json) ? json_integer_value(json) : 0;
    const char *text = json_string_value(json);
    if (text != NULL && strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text))
        life_s = strtoll(text, NULL, 10);
    if (life_s < 0)
        return 0;
    return life_s > OAUTH_LIFE_S_MAX ? OAUTH_LIFE_S_MAX : life_s;
}

/* Nothing that could end a header. */
static bool is_bearer(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~')
            return false;
    return text.len > 0 && text.len <= OAUTH_TOKEN_BYTES_MAX;
}

enum err oauth_token_read(str body, struct oauth_token *ret_token)
{
    json_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *member = json_object_get(json, "access_token");
    int64_t life_s = life_read(json_object_get(json, "expires_in"));
    str bearer = { json_string_value(member), json_string_length(member) };
    enum err err = ERR_INVALID;
    if (bearer.ptr != NULL && is_bearer(bearer) && life_s > 0) {
        err = secret_set(&ret_token->bearer, bearer);
        ret_token->life_s = life_s;
    }
    if (bearer.ptr != NULL)
        explicit_bzero((void *)(uintptr_t)bearer.ptr, bearer.len);
    json_decref(json);
    return err;
}

/* Whether `text` holds the secret: a server that quotes it is not quoted. */
static bool tells(const struct secret *secret, const char *text)
{
    return secret->len > 0 && memmem(text, strlen(text), secret->bytes, secret->len) != NULL;
}

const char *oauth_refusal(const struct oauth_client *client, str body, struct arena *arena)
{
    json_auto_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *first = json_array_get(json_object_get(json, "errors"), 0);
    const char *code = json_string_value(json_object_get(json, "error"));
    const char *words = json_string_value(json_object_get(json, "error_description"));
    if (words == NULL)
        words = json_string_value(json_object_get(first, "message"));
    if (words == NULL && code == NULL)
        return "";
    str shown = str_first(str_from(words), strcspn(words == NULL ? "" : words, "\r\n"));
    const char *all = arena_format(arena, "%s%s%.*s", code == NULL ? "" : code,
        code == NULL || words == NULL ? "" : ": ", STR_ARG(str_first(shown, REFUSAL_BYTES_MAX)));
    if (all == NULL)
        return NULL;
    return tells(&client->client_secret, all) ? "" : all;
}

void oauth_client_release(struct oauth_client *client)
{
    secret_release(&client->client_secret);
    secret_release(&client->certificate);
}
