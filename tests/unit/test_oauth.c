/* Tokens: what is shown for one, and what is read of the answer. */
#include "rest/oauth.h"

#include "base/percent.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define URL "https://login.example/t/oauth2/v2.0/token"
enum { NOW_S = 1800000000, PEM_BYTES = 16 * 1024 };

/* A key and a certificate of its own, in PEM one after the other. */
struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct identity identity_new(unsigned bits)
{
    struct identity made = { EVP_RSA_gen(bits), X509_new() };
    assert_non_null(made.key);
    assert_non_null(made.certificate);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), 3600);
    assert_int_equal(X509_set_pubkey(made.certificate, made.key), 1);
    assert_true(X509_sign(made.certificate, made.key, EVP_sha256()) > 0);
    return made;
}

static void identity_free(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

static void pem_write(EVP_PKEY *key, X509 *certificate, const char *passphrase, struct secret *out)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes;
    if (certificate != NULL)
        assert_int_equal(PEM_write_bio_X509(memory, certificate), 1);
    if (key != NULL)
        assert_int_equal(
            PEM_write_bio_PrivateKey(memory, key, passphrase == NULL ? NULL : EVP_aes_128_cbc(),
                NULL, 0, NULL, (void *)(uintptr_t)passphrase),
            1);
    long length = BIO_get_mem_data(memory, &bytes);
    assert_int_equal(secret_set(out, (str){ bytes, (size_t)length }), ERR_OK);
    BIO_free(memory);
}

/* The value of `name` in the form, decoded. */
static str form_value(str form, const char *name, struct arena *arena)
{
    while (form.len > 0) {
        str pair = str_first(form, str_find(form, '&')), text;
        size_t equals = str_find(pair, '=');
        if (str_is(str_first(pair, equals), name)) {
            assert_int_equal(
                percent_decode(arena, str_skip(pair, equals + 1), true, &text), ERR_OK);
            return text;
        }
        form = str_skip(form, pair.len + 1);
    }
    return STR("");
}

/* Base64 with - and _ and without an end, undone. */
static size_t base64url_read(str text, unsigned char *out)
{
    char whole[4096];
    size_t length = 0;
    assert_true(text.len + 4 < sizeof(whole));
    for (; length < text.len; length++)
        whole[length] = text.ptr[length] == '-'   ? '+'
                        : text.ptr[length] == '_' ? '/'
                                                  : text.ptr[length];
    size_t missing = (4 - length % 4) % 4;
    memset(whole + length, '=', missing);
    int got = EVP_DecodeBlock(out, (const unsigned char *)whole, (int)(length + missing));
    assert_true(got >= 0);
    return (size_t)got - missing;
}

static void an_assertion_is_signed_by_the_key_of_the_certificate(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct identity own = identity_new(2048);
    struct oauth_client client = { .client_id = STR("0123abcd"), .member_cid = STR("") };
    const char *reason = NULL;
    str form;
    pem_write(own.key, own.certificate, NULL, &client.certificate);
    assert_int_equal(oauth_form(&client, STR("https://graph.example/.default"), STR(URL), NOW_S,
                         &arena, &form, &reason),
        ERR_OK);
    assert_true(str_is(form_value(form, "client_assertion_type", &arena),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    assert_true(str_is(form_value(form, "grant_type", &arena), "client_credentials"));
    assert_int_equal(form_value(form, "client_secret", &arena).len, 0);
    str jwt = form_value(form, "client_assertion", &arena);
    size_t first = str_find(jwt, '.'), last = str_find_last(jwt, '.');
    unsigned char part[4096];
    size_t length = base64url_read(str_first(jwt, first), part);
    part[length] = '\0';
    assert_non_null(strstr((char *)part, "\"alg\":\"PS256\""));
    assert_non_null(strstr((char *)part, "\"x5t#S256\":\""));
    length = base64url_read((str){ jwt.ptr + first + 1, last - first - 1 }, part);
    part[length] = '\0';
    assert_non_null(strstr((char *)part,
        "\"aud\":\"" URL "\",\"iss\":\"0123abcd\",\"sub\":\"0123abcd\",\"nbf\":1800000000,"
        "\"iat\":1800000000,\"exp\":1800000300,\"jti\":\""));
    length = base64url_read(str_skip(jwt, last + 1), part);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    assert_int_equal(EVP_DigestVerifyInit(context, &options, EVP_sha256(), NULL, own.key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(
        EVP_DigestVerify(context, part, length, (const unsigned char *)jwt.ptr, last), 1);
    EVP_MD_CTX_free(context);
    oauth_client_release(&client);
    identity_free(&own);
}

static void a_certificate_that_cannot_sign_is_told_and_not_used(void **state)
{
    (void)state;
    struct identity own = identity_new(2048), other = identity_new(2048), weak = identity_new(1024);
    const struct {
        EVP_PKEY *key;
        X509 *certificate;
        const char *passphrase;
        const char *reason;
    } rows[] = {
        { own.key, NULL, NULL, "holds a key and no certificate" },
        { NULL, own.certificate, NULL, "no private key" },
        { own.key, own.certificate, "secret", "without a passphrase" },
        { other.key, own.certificate, NULL, "do not belong together" },
        { weak.key, weak.certificate, NULL, "at least 2048 bits" },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
        struct oauth_client client = { .client_id = STR("a"), .member_cid = STR("") };
        const char *reason = NULL;
        str form;
        pem_write(rows[at].key, rows[at].certificate, rows[at].passphrase, &client.certificate);
        assert_int_equal(oauth_form(&client, STR("s"), STR(URL), NOW_S, &arena, &form, &reason),
            ERR_CREDENTIALS);
        assert_non_null(reason);
        if (strstr(reason, rows[at].reason) == NULL)
            fail_msg("%s", reason);
        oauth_client_release(&client);
    }
    identity_free(&own);
    identity_free(&other);
    identity_free(&weak);
}

static void a_child_tenant_is_asked_for_by_its_id(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct oauth_client client = { .client_id = STR("a"), .member_cid = STR("cid") };
    const char *reason = NULL;
    str form;
    assert_int_equal(secret_set(&client.client_secret, STR("x&y=z")), ERR_OK);
    assert_int_equal(oauth_form(&client, STR(""), STR(URL), NOW_S, &arena, &form, &reason), ERR_OK);
    assert_true(str_is(form, "client_id=a&client_secret=x%26y%3Dz&member_cid=cid"));
    oauth_client_release(&client);
}

static void an_answer_is_a_token_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum err err;
        int64_t life_s;
    } rows[] = {
        { "{\"access_token\":\"a.b-c\",\"expires_in\":1799}", ERR_OK, 1799 },
        { "{\"access_token\":\"a\",\"expires_in\":\"3599\"}", ERR_OK, 3599 },
        { "{\"access_token\":\"a\",\"expires_in\":99999999}", ERR_OK, OAUTH_LIFE_S_MAX },
        { "{\"access_token\":\"a\",\"expires_in\":-1}", ERR_INVALID, 0 },
        { "{\"access_token\":\"a\",\"expires_in\":\"1e9\"}", ERR_INVALID, 0 },
        { "{\"access_token\":\"a\"}", ERR_INVALID, 0 },
        { "{\"access_token\":\"\",\"expires_in\":9}", ERR_INVALID, 0 },
        { "{\"access_token\":\"a\\nb\",\"expires_in\":9}", ERR_INVALID, 0 },
        { "{\"access_token\":7,\"expires_in\":9}", ERR_INVALID, 0 },
        { "{\"expires_in\":9}", ERR_INVALID, 0 },
        { "[]", ERR_INVALID, 0 },
        { "", ERR_INVALID, 0 },
        { "<html>", ERR_INVALID, 0 },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        struct oauth_token token = { .life_s = 0 };
        if (oauth_token_read(str_from(rows[at].body), &token) != rows[at].err)
            fail_msg("%s", rows[at].body);
        assert_true(rows[at].err != ERR_OK || token.life_s == rows[at].life_s);
        secret_release(&token.bearer);
    }
}

static void a_refusal_never_quotes_the_secret(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
    struct oauth_client client = { .client_id = STR("a"), .member_cid = STR("") };
    assert_int_equal(secret_set(&client.client_secret, STR("hush")), ERR_OK);
    assert_string_equal(
        oauth_refusal(
            &client, STR("{\"error\":\"invalid_client\",\"error_description\":\"hush\"}"), &arena),
        "");
    assert_string_equal(
        oauth_refusal(&client, STR("{\"error\":\"invalid_client\"}"), &arena), "invalid_client");
    assert_string_equal(oauth_refusal(&client, STR("no"), &arena), "");
    oauth_client_release(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_is_signed_by_the_key_of_the_certificate),
        cmocka_unit_test(a_certificate_that_cannot_sign_is_told_and_not_used),
        cmocka_unit_test(a_child_tenant_is_asked_for_by_its_id),
        cmocka_unit_test(an_answer_is_a_token_or_nothing),
        cmocka_unit_test(a_refusal_never_quotes_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
