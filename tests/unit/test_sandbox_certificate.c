/* Client assertions at the sandbox's login: made here with OpenSSL, verified there. */
#include "microsoft_client.h"

#include "defender/connection.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <time.h>

#define CLIENT "0c0ffee0-0000-4000-8000-00000000c001"
#define AUDIENCE "https://login.microsoftonline.com/" TENANT "/oauth2/v2.0/token"

struct key {
    EVP_PKEY *key;
    X509 *certificate;
};

/* A key with a certificate that it signed itself. */
static struct key key_new(void)
{
    struct key key = { EVP_RSA_gen(2048), X509_new() };
    assert_non_null(key.key);
    X509_set_version(key.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(key.certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(key.certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(key.certificate), 3600);
    X509_set_pubkey(key.certificate, key.key);
    X509_NAME *name = X509_get_subject_name(key.certificate);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, (const unsigned char *)"cdr of a test", -1, -1, 0);
    X509_set_issuer_name(key.certificate, name);
    assert_true(X509_sign(key.certificate, key.key, EVP_sha256()) > 0);
    return key;
}

static void key_free(struct key *key)
{
    EVP_PKEY_free(key->key);
    X509_free(key->certificate);
}

/* The certificate as PEM; to be freed. */
static char *pem_of(const struct key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    PEM_write_bio_X509(bio, key->certificate);
    long size = BIO_get_mem_data(bio, &data);
    char *pem = strndup(data, (size_t)size);
    BIO_free(bio);
    return pem;
}

/* base64url, into `out`. */
static void encode(const void *bytes, size_t size, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);
    for (char *at = out; *at != '\0'; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
        if (*at == '=')
            *at-- = '\0';
    }
}

/* What an assertion says; the defaults are good. */
struct says {
    const char *algorithm; /* NULL: RS256 */
    bool by_sha256;        /* x5t#S256 and not x5t */
    const char *audience;
    const char *issuer;
    const char *id; /* "jti"; "": none */
    long long from_s;
    long long until_s;
};

static void sign(const struct key *key, bool is_pss, const char *text, char *out)
{
    unsigned char signature[512];
    size_t size = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    assert_int_equal(EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key->key), 1);
    if (is_pss) {
        EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
    }
    assert_int_equal(
        EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)), 1);
    encode(signature, size, out);
    EVP_MD_CTX_free(context);
}

/* A JWT of the key; 4096 bytes. */
static void assertion_make(const struct key *key, const struct says *says, char *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char thumbprint[128], header[512], claims[1024], signature[1024];
    long long now_s = (long long)time(NULL);
    const char *algorithm = says->algorithm == NULL ? "RS256" : says->algorithm;
    X509_digest(key->certificate, says->by_sha256 ? EVP_sha256() : EVP_sha1(), digest, &size);
    encode(digest, size, thumbprint);
    snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"%s\":\"%s\"}", algorithm,
        says->by_sha256 ? "x5t#S256" : "x5t", thumbprint);
    snprintf(claims, sizeof(claims),
        "{\"aud\":\"%s\",\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"nbf\":%lld,\"exp\":%lld}",
        says->audience == NULL ? AUDIENCE : says->audience,
        says->issuer == NULL ? CLIENT : says->issuer, CLIENT, says->id == NULL ? "1" : says->id,
        says->from_s == 0 ? now_s : says->from_s, says->until_s == 0 ? now_s + 300 : says->until_s);
    encode(header, strlen(header), out);
    strcat(out, ".");
    encode(claims, strlen(claims), out + strlen(out));
    sign(key, strcmp(algorithm, "PS256") == 0, out, signature);
    strcat(out, ".");
    strcat(out, signature);
}

/* A client of a sandbox whose application knows the certificate. */
struct desk {
    struct client *client;
    struct key key;
};

static int desk_setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct client *first = client_new(STR(""));
    json_t *world = control_get(first, "state");
    desk->key = key_new();
    char *pem = pem_of(&desk->key);
    json_t *application =
        json_array_get(json_object_get(json_object_get(world, "microsoft"), "clients"), 0);
    json_object_set_new(application, "certificates", json_pack("[s]", pem));
    char *text = json_dumps(world, 0);
    desk->client = client_new(str_from(text));
    json_decref(world);
    free(text);
    free(pem);
    client_free(first);
    *state = desk;
    return 0;
}

static int desk_teardown(void **state)
{
    struct desk *desk = *state;
    client_free(desk->client);
    key_free(&desk->key);
    free(desk);
    return 0;
}

static long log_in_with(struct client *client, const char *assertion, const char *more)
{
    return microsoft_login(client, TENANT,
        arena_format(&client->arena, "grant_type=client_credentials&scope=%s&client_assertion=%s%s",
            GRAPH_SCOPE, assertion, more));
}

#define TYPE                                                                                       \
    "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

static void a_certificate_gives_a_token(void **state)
{
    static const struct says says[] = { { .id = "1" }, { .id = "2", .by_sha256 = true },
        { .id = "3", .algorithm = "PS256", .by_sha256 = true } };
    struct desk *desk = *state;
    char assertion[4096];
    for (size_t at = 0; at < COUNT_OF(says); at++) {
        assertion_make(&desk->key, &says[at], assertion);
        if (log_in_with(desk->client, assertion, TYPE "&client_id=" CLIENT) != 200)
            fail_msg("%s", desk->client->body.ptr);
    }
    struct client *client = desk->client;
    client->header = arena_format(
        &client->arena, "Authorization: Bearer %s", reply_text(client, "access_token"));
    assert_int_equal(microsoft(client, "GET", "/v1.0/security/alerts_v2", ""), 200);
}

static void an_assertion_is_refused_for_what_is_wrong_with_it(void **state)
{
    const long long now_s = (long long)time(NULL);
    const struct {
        struct says says;
        const char *code;
    } cases[] = {
        { { .audience = "https://login.microsoftonline.com/other/oauth2/v2.0/token" },
            "AADSTS700023" },
        { { .audience = "https://graph.microsoft.com" }, "AADSTS700023" },
        { { .issuer = "another" }, "AADSTS700021" },
        { { .from_s = now_s - 7200, .until_s = now_s - 3600 }, "AADSTS700024" },
        { { .from_s = now_s + 3600, .until_s = now_s + 7200 }, "AADSTS700024" },
        { { .id = "" }, "AADSTS50027" },
    };
    struct desk *desk = *state;
    struct client *client = desk->client;
    char assertion[4096];
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        assertion_make(&desk->key, &cases[at].says, assertion);
        log_in_with(client, assertion, TYPE "&client_id=" CLIENT);
        assert_microsoft_refused(401, "invalid_client", cases[at].code);
    }
}

static void a_signature_is_that_of_the_certificate(void **state)
{
    struct desk *desk = *state;
    struct client *client = desk->client;
    struct key other = key_new();
    char assertion[4096], forged[4096];
    assertion_make(&other, &(struct says){ .id = "1" }, assertion);
    log_in_with(client, assertion, TYPE "&client_id=" CLIENT);
    assert_microsoft_refused(401, "invalid_client", "is not registered on application");
    assertion_make(&desk->key, &(struct says){ .id = "2" }, assertion);
    /* The same head and claims, signed by somebody else. */
    struct key mixed = { other.key, desk->key.certificate };
    assertion_make(&mixed, &(struct says){ .id = "2" }, forged);
    log_in_with(client, forged, TYPE "&client_id=" CLIENT);
    assert_microsoft_refused(401, "invalid_client", "AADSTS700027: Client assertion contains");
    assert_int_equal(log_in_with(client, assertion, TYPE "&client_id=" CLIENT), 200);
    key_free(&other);
}

static void an_assertion_is_good_once(void **state)
{
    struct desk *desk = *state;
    struct client *client = desk->client;
    char assertion[4096];
    assertion_make(&desk->key, &(struct says){ .id = "once" }, assertion);
    assert_int_equal(log_in_with(client, assertion, TYPE), 200); /* the client is in it */
    log_in_with(client, assertion, TYPE "&client_id=" CLIENT);
    assert_microsoft_refused(401, "invalid_client", "jti was used before");
    log_in_with(client, assertion, "&client_id=" CLIENT);
    assert_microsoft_refused(400, "invalid_request", "client_assertion_type");
    log_in_with(client, "a.b.c", TYPE "&client_id=" CLIENT);
    assert_microsoft_refused(401, "invalid_client", "AADSTS50027");
}

/* What cdr signs is what is verified here: two strangers. */
static void the_connection_logs_in_with_its_certificate(void **state)
{
    struct desk *desk = *state;
    struct client *client = desk->client;
    struct http_curl *curl = NULL;
    struct rest_connection *connection = NULL;
    const char *reason = NULL;
    struct secret certificate = { 0 };
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    assert_int_equal(PEM_write_bio_X509(bio, desk->key.certificate), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, desk->key.key, NULL, NULL, 0, NULL, NULL), 1);
    long size = BIO_get_mem_data(bio, &pem);
    assert_int_equal(secret_set(&certificate, (str){ pem, (size_t)size }), ERR_OK);
    struct defender_settings settings = { .tenant = STR(TENANT),
        .client_id = STR(CLIENT),
        .certificate = &certificate,
        .url = str_from(arena_format(
            &client->arena, "http://127.0.0.1:%u/_microsoft", sandbox_port(client->sandbox))) };
    assert_int_equal(http_curl_new(&(struct http_curl_options){ 0 }, &curl), ERR_OK);
    enum err err = defender_connection_open(&settings, http_curl_interface(curl), 1, clock_system(),
        &client->arena, &connection, &reason);
    if (err == ERR_OK)
        err = rest_connection_try(connection, &client->arena, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason == NULL ? "" : reason);
    json_t *calls = control_get(client, "calls");
    assert_int_equal(json_array_size(calls), 2); /* a token of each service */
    json_decref(calls);
    rest_connection_close(connection);
    http_curl_free(curl);
    secret_release(&certificate);
    BIO_free(bio);
}

#define desk_test(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        desk_test(a_certificate_gives_a_token),
        desk_test(an_assertion_is_refused_for_what_is_wrong_with_it),
        desk_test(a_signature_is_that_of_the_certificate),
        desk_test(an_assertion_is_good_once),
        desk_test(the_connection_logs_in_with_its_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
