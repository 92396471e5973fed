/* Messages of SNS: what is read, which addresses are followed, what is signed, whose certificate it
 * is. The authority is made here; the one between answers at an address of Amazon's, as the real
 * one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/sns.h"
#include "daemon/sns_courier.h"

#include "fake_time.h"
#include "scratch.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#define TOPIC "arn:aws:sns:eu-central-1:111122223333:findings"
#define HOST "https://sns.eu-central-1.amazonaws.com/"
#define CERT_URL HOST "SimpleNotificationService-0123456789abcdef.pem"
#define SUB_URL                                                                                    \
    HOST "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:111122223333:findings"     \
         "&Token=2336412f37"
#define ISSUER_URL "http://crt.r2m99.amazontrust.com/r2m99.cer"
#define SENT "2023-11-14T22:13:20.000Z" /* what fake_time begins with */

/* ---- an authority ---- */

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* One certificate, signed by `issuer`, or by itself; `host` NULL: it is an authority. */
static struct authority make_certificate(const struct authority *issuer, const char *name,
    const char *host, const char *issuer_url, time_t from, time_t until)
{
    struct authority one = { .key = EVP_RSA_gen(2048), .certificate = X509_new() };
    assert_non_null(one.key);
    X509_set_version(one.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one.certificate), (long)from + name[0]);
    ASN1_TIME_set(X509_getm_notBefore(one.certificate), from);
    ASN1_TIME_set(X509_getm_notAfter(one.certificate), until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one.certificate), "CN", MBSTRING_ASC,
        (const unsigned char *)name, -1, -1, 0);
    X509 *by = issuer == NULL ? one.certificate : issuer->certificate;
    X509_set_issuer_name(one.certificate, X509_get_subject_name(by));
    X509_set_pubkey(one.certificate, one.key);
    add_extension(one.certificate, by, NID_basic_constraints,
        host == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (host != NULL)
        add_extension(one.certificate, by, NID_subject_alt_name, host);
    if (issuer_url != NULL)
        add_extension(one.certificate, by, NID_info_access, issuer_url);
    assert_true(
        X509_sign(one.certificate, issuer == NULL ? one.key : issuer->key, EVP_sha256()) > 0);
    return one;
}

static void authority_release(struct authority *one)
{
    EVP_PKEY_free(one->key);
    X509_free(one->certificate);
}

/* Each in PEM, and the one between in DER too. */
static void write_pem(const struct authority *one, struct buf *out)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, one->certificate), 1);
    long len = BIO_get_mem_data(bio, &text);
    buf_add(out, (str){ text, (size_t)len });
    BIO_free(bio);
}

static void write_der(const struct authority *one, struct buf *out)
{
    unsigned char *bytes = NULL;
    int len = i2d_X509(one->certificate, &bytes);
    assert_true(len > 0);
    buf_add(out, (str){ (const char *)bytes, (size_t)len });
    OPENSSL_free(bytes);
}

/* ---- a world ---- */

struct world {
    struct http http; /* first: what the courier fetches with */
    struct fake_time time;
    struct scratch scratch;
    char ca_file[96];
    struct authority root, between, own, stranger;
    struct buf own_pem, between_der, stranger_pem;
    str served; /* at CERT_URL */
    int status; /* of all */
    unsigned certificates, issuers, confirmations, others;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned done;
    enum err err;
    char reason[256];
};

static enum err world_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct world *world = (struct world *)http;
    str url = str_from(request->url);
    (void)arena;
    *reterr_reason = "there is no connection";
    *ret_reply = (struct http_reply){ .status = world->status, .body = STR("") };
    if (world->status == 0)
        return ERR_REFUSED;
    if (str_startswith(url, STR(HOST "SimpleNotificationService-"))) {
        world->certificates++;
        ret_reply->body = world->served;
    } else if (str_is(url, ISSUER_URL)) {
        world->issuers++;
        ret_reply->body = buf_str(&world->between_der);
    } else if (str_is(url, SUB_URL)) {
        world->confirmations++;
    } else {
        world->others++;
    }
    return ERR_OK;
}

/* Keys take long to make, so all tests share one world, and only what they count begins anew. */
static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    time_t now = 1700000000;
    *world = (struct world){ .http = { world_send },
        .time = FAKE_TIME,
        .scratch = scratch_new(),
        .own_pem = BUF_INIT(65536),
        .between_der = BUF_INIT(65536),
        .stranger_pem = BUF_INIT(65536) };
    world->root = make_certificate(NULL, "root", NULL, NULL, now - 9000, now + 900000);
    world->between =
        make_certificate(&world->root, "between", NULL, NULL, now - 9000, now + 900000);
    world->own = make_certificate(&world->between, "own", "DNS:sns.amazonaws.com",
        "caIssuers;URI:" ISSUER_URL, now - 9000, now + 800000);
    world->stranger =
        make_certificate(NULL, "stranger", "DNS:sns.amazonaws.com", NULL, now - 9000, now + 900000);
    write_pem(&world->own, &world->own_pem);
    write_pem(&world->stranger, &world->stranger_pem);
    write_der(&world->between, &world->between_der);
    snprintf(world->ca_file, sizeof world->ca_file, "%s/ca.pem", world->scratch.path);
    CLEANUP(buf_release) struct buf root = BUF_INIT(65536);
    write_pem(&world->root, &root);
    FILE *file = fopen(world->ca_file, "w");
    fwrite(root.ptr, 1, root.len, file);
    fclose(file);
    pthread_mutex_init(&world->lock, NULL);
    pthread_cond_init(&world->changed, NULL);
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;
    authority_release(&world->root);
    authority_release(&world->between);
    authority_release(&world->own);
    authority_release(&world->stranger);
    buf_release(&world->own_pem);
    buf_release(&world->between_der);
    buf_release(&world->stranger_pem);
    scratch_release(&world->scratch);
    free(world);
    return 0;
}

static struct world *begin(void **state)
{
    struct world *world = *state;
    world->time = (struct fake_time)FAKE_TIME;
    world->served = buf_str(&world->own_pem);
    world->status = 200;
    world->certificates = world->issuers = world->confirmations = world->others = world->done = 0;
    return world;
}

/* ---- messages ---- */

static struct sns_message plain(void)
{
    return (struct sns_message){ .kind = SNS_NOTIFICATION,
        .id = STR("22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"),
        .topic = STR(TOPIC),
        .message = STR("{\"id\":\"1\"}"),
        .timestamp = STR(SENT),
        .version = STR("2"),
        .certificate_url = STR(CERT_URL) };
}

static void sign(const struct authority *by, struct sns_message *message, char out[static 512])
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
    unsigned char bytes[256];
    size_t len = sizeof bytes;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    sns_signed_text(message, &text);
    assert_int_equal(EVP_DigestSignInit(context, NULL,
                         str_is(message->version, "2") ? EVP_sha256() : EVP_sha1(), NULL, by->key),
        1);
    assert_int_equal(
        EVP_DigestSign(context, bytes, &len, (const unsigned char *)text.ptr, text.len), 1);
    EVP_MD_CTX_free(context);
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    message->signature = str_from(out);
}

static void a_message_is_read_whole(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
    struct sns_message message;
    const char *reason = NULL;
    str body = STR("{\"Type\":\"Notification\",\"MessageId\":\"m-1\",\"TopicArn\":\"" TOPIC "\","
                   "\"Subject\":\"s\",\"Message\":\"a\\n\\u00e9\\u0000b\",\"Timestamp\":\"" SENT
                   "\",\"SignatureVersion\":\"1\",\"Signature\":\"c2ln\",\"SigningCertURL\":"
                   "\"" CERT_URL "\",\"UnsubscribeURL\":\"https://example.test\"}");
    assert_int_equal(sns_read(body, &arena, &message, &reason), ERR_OK);
    assert_int_equal(message.kind, SNS_NOTIFICATION);
    assert_true(str_equal(message.message, STR("a\n\xC3\xA9\0b")));
    assert_true(sns_is_plausible(&message, STR(TOPIC), INT64_C(1700000000000), &reason));
    CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
    sns_signed_text(&message, &text);
    assert_true(str_equal(
        buf_str(&text), STR("Message\na\n\xC3\xA9\0b\nMessageId\nm-1\nSubject\ns\nTimestamp\n" SENT
                            "\nTopicArn\n" TOPIC "\nType\nNotification\n")));
}

static void a_confirmation_is_signed_with_its_token(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
    struct sns_message message = plain();
    message.kind = SNS_SUBSCRIBE;
    message.subscribe_url = STR(SUB_URL);
    message.token = STR("2336412f37");
    sns_signed_text(&message, &text);
    assert_string_equal(text.ptr,
        "Message\n{\"id\":\"1\"}\nMessageId\n22b80b92-fdea-4c2c-8f9d-"
        "bdfb0c7bf324\nSubscribeURL\n" SUB_URL "\nTimestamp\n" SENT
        "\nToken\n2336412f37\nTopicArn\n" TOPIC "\nType\nSubscriptionConfirmation\n");
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "[]",
        "{\"id\":\"1\"}",
        "{\"Type\":\"Notification\"}",
        "{\"Type\":\"Other\",\"MessageId\":\"1\",\"TopicArn\":\"t\",\"Message\":\"m\","
        "\"Timestamp\":"
        "\"t\",\"SignatureVersion\":\"1\",\"Signature\":\"s\",\"SigningCertURL\":\"u\"}",
        /* no text */
        "{\"Type\":\"Notification\",\"MessageId\":1,\"TopicArn\":\"t\",\"Message\":\"m\","
        "\"Timestamp\":\"t\",\"SignatureVersion\":\"1\",\"Signature\":\"s\",\"SigningCertURL\":"
        "\"u\"}",
        /* twice: which of them is signed? */
        "{\"Type\":\"Notification\",\"MessageId\":\"1\",\"TopicArn\":\"t\",\"Message\":\"m\","
        "\"Message\":\"n\",\"Timestamp\":\"t\",\"SignatureVersion\":\"1\",\"Signature\":\"s\","
        "\"SigningCertURL\":\"u\"}",
        /* no SubscribeURL */
        "{\"Type\":\"SubscriptionConfirmation\",\"MessageId\":\"1\",\"TopicArn\":\"t\",\"Message\":"
        "\"m\",\"Timestamp\":\"t\",\"SignatureVersion\":\"1\",\"Signature\":\"s\","
        "\"SigningCertURL\":\"u\",\"Token\":\"t\"}",
    };
    for (size_t at = 0; at < COUNT_OF(bodies); at++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
        struct sns_message message;
        const char *reason = NULL;
        assert_int_equal(sns_read(str_from(bodies[at]), &arena, &message, &reason), ERR_INVALID);
    }
}

static void a_message_of_many_values_takes_no_memory(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1024 * 1024);
    CLEANUP(buf_release) struct buf body = BUF_INIT(1024 * 1024);
    struct sns_message message;
    const char *reason = NULL;
    buf_add(&body, STR("{\"Type\":\"Notification\",\"MessageId\":\"m\",\"TopicArn\":\"" TOPIC
                       "\",\"Message\":\"[[[[,,\\\"{{\",\"Timestamp\":\"" SENT
                       "\",\"SignatureVersion\":\"1\",\"Signature\":\"c2ln\","
                       "\"SigningCertURL\":\"" CERT_URL "\",\"MessageAttributes\":["));
    for (size_t at = 0; at < 100; at++)
        buf_addf(&body, "%s{\"Type\":\"String\"}", at == 0 ? "" : ",");
    size_t modest = body.len;
    buf_add(&body, STR("]}"));
    assert_int_equal(sns_read(buf_str(&body), &arena, &message, &reason), ERR_OK);
    assert_true(str_is(message.message, "[[[[,,\"{{"));
    body.len = modest;
    for (size_t at = 0; at < 100; at++)
        buf_add(&body, STR(",{}"));
    buf_add(&body, STR("]}"));
    assert_int_equal(sns_read(buf_str(&body), &arena, &message, &reason), ERR_INVALID);
}

static void the_headers_announce_what_comes(void **state)
{
    (void)state;
    const char *reason = NULL;
    assert_true(sns_announces(STR(TOPIC), STR("Notification"), STR(TOPIC), &reason));
    assert_true(sns_announces(STR(TOPIC), STR("UnsubscribeConfirmation"), STR(TOPIC), &reason));
    assert_false(sns_announces(STR(""), STR("Notification"), STR(TOPIC), &reason));
    assert_false(sns_announces(STR(TOPIC "2"), STR("Notification"), STR(TOPIC), &reason));
    assert_false(sns_announces(STR(TOPIC), STR("Other"), STR(TOPIC), &reason));
    assert_false(sns_announces(STR(TOPIC), STR(""), STR(TOPIC), &reason));
}

static bool follows(const char *certificate_url, const char *subscribe_url)
{
    const char *reason = NULL;
    struct sns_message message = plain();
    message.certificate_url = str_from(certificate_url);
    if (subscribe_url != NULL) {
        message.kind = SNS_SUBSCRIBE;
        message.subscribe_url = str_from(subscribe_url);
    }
    return sns_is_plausible(&message, STR(TOPIC), INT64_C(1700000000000), &reason);
}

static void only_addresses_of_sns_in_the_region_of_the_topic_are_followed(void **state)
{
    (void)state;
    static const char *const strange[] = {
        "",
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com.example.test/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com@example.test/SimpleNotificationService-1.pem",
        "https://user@sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://example.test/sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem?a=b",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem#.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-../x.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-%2e.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-.pem",
        "https://sns.eu-central-1.amazonaws.com/bucket/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com/other.pem",
        "HTTPS://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://169.254.169.254/SimpleNotificationService-1.pem",
        "file:///SimpleNotificationService-1.pem",
    };
    assert_true(follows(CERT_URL, NULL));
    assert_true(follows(CERT_URL, SUB_URL));
    for (size_t at = 0; at < COUNT_OF(strange); at++)
        if (follows(strange[at], NULL))
            fail_msg("%s is followed", strange[at]);
    assert_false(follows(CERT_URL, "https://example.test/?Action=ConfirmSubscription&Token=1"));
    assert_false(follows(CERT_URL, HOST "?Action=Unsubscribe&Token=1"));
    assert_false(follows(CERT_URL, HOST "other?Action=ConfirmSubscription&Token=1"));
    assert_false(follows(CERT_URL, HOST "?Action=ConfirmSubscription&Token=1 HTTP/1.1"));
    assert_false(follows(CERT_URL, HOST "?Action=ConfirmSubscription&Token=1\r\nX: y"));
}

static void only_our_topic_of_the_last_hour_counts(void **state)
{
    (void)state;
    const char *reason = NULL;
    struct sns_message message = plain();
    const int64_t now_ms = INT64_C(1700000000000);
    assert_true(sns_is_plausible(&message, STR(TOPIC), now_ms + 3600000, &reason));
    assert_false(sns_is_plausible(&message, STR(TOPIC), now_ms + 3600001, &reason));
    assert_true(sns_is_plausible(&message, STR(TOPIC), now_ms - 300000, &reason));
    assert_false(sns_is_plausible(&message, STR(TOPIC), now_ms - 300001, &reason));
    assert_false(sns_is_plausible(&message, STR(TOPIC "-2"), now_ms, &reason));
    message.version = STR("3");
    assert_false(sns_is_plausible(&message, STR(TOPIC), now_ms, &reason));
    assert_true(sns_is_topic(STR(TOPIC)));
    assert_false(sns_is_topic(STR("arn:aws:sqs:eu-central-1:111122223333:findings")));
    assert_false(sns_is_topic(STR("arn:aws:sns:eu.example.test/:111122223333:findings")));
    assert_false(sns_is_topic(STR("arn:aws:sns::111122223333:findings")));
}

/* ---- certificates ---- */

static enum err check(struct world *world, const struct authority *one, const char *topic,
    int64_t now_ms, bool with_between)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(65536);
    CLEANUP(buf_release) struct buf pem = BUF_INIT(65536);
    struct sns_trust *trust = NULL;
    struct sns_certificate *certificate = NULL;
    const char *url = NULL;
    const char *reason = NULL;
    write_pem(one, &pem);
    assert_int_equal(sns_trust_new(world->ca_file, &trust), ERR_OK);
    assert_int_equal(sns_certificate_read(buf_str(&pem), &certificate), ERR_OK);
    if (with_between)
        assert_int_equal(sns_certificate_add(certificate, buf_str(&world->between_der)), ERR_OK);
    enum err err =
        sns_certificate_check(certificate, trust, str_from(topic), now_ms, &arena, &url, &reason);
    if (err == ERR_NEEDED)
        assert_string_equal(url, ISSUER_URL);
    sns_certificate_free(certificate);
    sns_trust_free(trust);
    return err;
}

static void a_certificate_must_lead_to_an_authority_of_the_system(void **state)
{
    struct world *world = begin(state);
    const int64_t now_ms = world->time.now_ms;
    assert_int_equal(check(world, &world->own, TOPIC, now_ms, true), ERR_OK);
    assert_int_equal(check(world, &world->own, TOPIC, now_ms, false), ERR_NEEDED);
    assert_int_equal(check(world, &world->stranger, TOPIC, now_ms, true), ERR_INVALID);
    assert_int_equal(check(world, &world->root, TOPIC, now_ms, true), ERR_INVALID);
    assert_int_equal(check(world, &world->own, TOPIC, now_ms + 800001000, true), ERR_INVALID);
    assert_int_equal(check(world, &world->own, TOPIC, now_ms - 9001000, true), ERR_INVALID);
}

static void a_certificate_must_be_one_of_sns(void **state)
{
    struct world *world = begin(state);
    static const struct {
        const char *host;
        const char *topic;
        enum err err;
    } cases[] = {
        { "DNS:sns.example.test", TOPIC, ERR_INVALID },
        { "DNS:sns.amazonaws.com.example.test", TOPIC, ERR_INVALID },
        { "DNS:s3.amazonaws.com", TOPIC, ERR_INVALID },
        { "DNS:sns-signing.af-south-1.amazonaws.com,DNS:sns.af-south-1.amazonaws.com",
            "arn:aws:sns:af-south-1:111122223333:findings", ERR_OK },
        { "DNS:sns-signing.af-south-1.amazonaws.com", TOPIC, ERR_INVALID },
        { "DNS:sns-cn-north-1.amazonaws.com.cn", "arn:aws-cn:sns:cn-north-1:111122223333:findings",
            ERR_OK },
        { "DNS:sns-us-gov-west-1.amazonaws.com",
            "arn:aws-us-gov:sns:us-gov-east-1:111122223333:findings", ERR_OK },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct authority one =
            make_certificate(&world->between, "one", cases[at].host, NULL, 1699990000, 1700800000);
        assert_int_equal(
            check(world, &one, cases[at].topic, world->time.now_ms, true), cases[at].err);
        authority_release(&one);
    }
}

/* An alert of whoever it is decides nothing about what is fetched: an authority that is said to be
 * elsewhere is not asked for. */
static void an_authority_between_is_only_asked_of_amazon(void **state)
{
    struct world *world = begin(state);
    static const char *const urls[] = {
        "caIssuers;URI:http://crt.example.test/r2m99.cer",
        "caIssuers;URI:https://crt.r2m99.amazontrust.com/r2m99.cer",
        "caIssuers;URI:http://crt.r2m99.amazontrust.com.example.test/r2m99.cer",
        "caIssuers;URI:http://crt.a@amazontrust.com/r2m99.cer",
        "caIssuers;URI:http://crt.r2m99.amazontrust.com:81/r2m99.cer",
        "caIssuers;URI:http://169.254.169.254/r2m99.cer",
        "OCSP;URI:http://crt.r2m99.amazontrust.com/r2m99.cer",
    };
    for (size_t at = 0; at < COUNT_OF(urls); at++) {
        struct authority one = make_certificate(
            &world->between, "one", "DNS:sns.amazonaws.com", urls[at], 1699990000, 1700800000);
        assert_int_equal(check(world, &one, TOPIC, world->time.now_ms, false), ERR_INVALID);
        authority_release(&one);
    }
}

/* ---- the courier ---- */

static void told(struct sns_job *job, enum err err, const char *reason)
{
    struct world *world = job->self;
    pthread_mutex_lock(&world->lock);
    world->done++;
    world->err = err;
    snprintf(world->reason, sizeof world->reason, "%s", reason);
    pthread_cond_signal(&world->changed);
    pthread_mutex_unlock(&world->lock);
}

static struct sns_courier *start(struct world *world)
{
    struct sns_courier *courier = NULL;
    const struct sns_courier_options options = {
        .http = &world->http, .clock = &world->time.clock, .ca_file = world->ca_file
    };
    assert_int_equal(sns_courier_start(&options, &courier), ERR_OK);
    return courier;
}

static enum err deliver(
    struct world *world, struct sns_courier *courier, const struct sns_message *message)
{
    struct sns_job job = { .message = *message, .done = told, .self = world };
    unsigned before = world->done;
    assert_int_equal(sns_courier_submit(courier, &job), ERR_OK);
    pthread_mutex_lock(&world->lock);
    while (world->done == before)
        pthread_cond_wait(&world->changed, &world->lock);
    pthread_mutex_unlock(&world->lock);
    return world->err;
}

static void a_signed_message_is_accepted_and_the_certificate_kept(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    static const char *const versions[] = { "1", "2" };
    char signature[512];
    for (size_t at = 0; at < 20; at++) {
        struct sns_message message = plain();
        message.version = str_from(versions[at % 2]);
        message.subject = at % 3 == 0 ? STR("") : (str){ NULL, 0 };
        sign(&world->own, &message, signature);
        assert_int_equal(deliver(world, courier, &message), ERR_OK);
    }
    assert_int_equal(world->certificates, 1);
    assert_int_equal(world->issuers, 1);
    fake_time_pass(&world->time, INT64_C(24) * 3600 * 1000);
    struct sns_message message = plain();
    sign(&world->own, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    assert_int_equal(world->certificates, 2);
    sns_courier_stop(courier);
}

static void a_changed_message_is_not_accepted(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    char signature[512];
    struct sns_message message = plain();
    sign(&world->own, &message, signature);
    struct sns_message changed = message;
    changed.message = STR("{\"id\":\"2\"}");
    assert_int_equal(deliver(world, courier, &changed), ERR_INVALID);
    changed = message;
    changed.version = STR("1");
    assert_int_equal(deliver(world, courier, &changed), ERR_INVALID);
    changed = message;
    changed.signature = STR("");
    assert_int_equal(deliver(world, courier, &changed), ERR_INVALID);
    changed.signature = STR("AAAA");
    assert_int_equal(deliver(world, courier, &changed), ERR_INVALID);
    sign(&world->stranger, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_INVALID);
    world->served = buf_str(&world->stranger_pem);
    fake_time_pass(&world->time, INT64_C(24) * 3600 * 1000);
    assert_int_equal(deliver(world, courier, &message), ERR_INVALID);
    sns_courier_stop(courier);
}

static void a_subscription_is_confirmed_only_when_sns_has_signed_it(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    char signature[512];
    struct sns_message message = plain();
    message.kind = SNS_SUBSCRIBE;
    message.subscribe_url = STR(SUB_URL);
    message.token = STR("2336412f37");
    sign(&world->stranger, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_INVALID);
    assert_int_equal(world->confirmations, 0);
    sign(&world->own, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    assert_int_equal(world->confirmations, 1);
    message.kind = SNS_UNSUBSCRIBE;
    sign(&world->own, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    assert_int_equal(world->confirmations, 1);
    assert_int_equal(world->others, 0);
    sns_courier_stop(courier);
}

static void without_a_connection_it_is_not_known_and_not_refused(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    char signature[512];
    struct sns_message message = plain();
    sign(&world->own, &message, signature);
    world->status = 0;
    assert_int_equal(deliver(world, courier, &message), ERR_REFUSED);
    world->status = 503;
    assert_int_equal(deliver(world, courier, &message), ERR_TRANSPORT);
    world->status = 200;
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    sns_courier_stop(courier);
}

static void made_up_certificates_do_not_keep_others_waiting(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    char signature[512];
    char url[128];
    struct sns_message message = plain();
    sign(&world->own, &message, signature);
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    struct sns_message made_up = message;
    world->served = STR("<Error>NoSuchKey</Error>");
    world->certificates = 0;
    for (unsigned at = 0; at < 100; at++) {
        snprintf(url, sizeof url, HOST "SimpleNotificationService-%u.pem", at);
        made_up.certificate_url = str_from(url);
        assert_int_not_equal(deliver(world, courier, &made_up), ERR_OK);
    }
    assert_int_equal(world->certificates, SNS_STRANGERS_MAX);
    assert_int_equal(deliver(world, courier, &message), ERR_OK);
    fake_time_pass(&world->time, 61000);
    assert_int_equal(deliver(world, courier, &made_up), ERR_INVALID);
    sns_courier_stop(courier);
}

static void the_queue_has_an_end_and_whoever_waits_is_told(void **state)
{
    struct world *world = begin(state);
    struct sns_courier *courier = start(world);
    const size_t most = SNS_WAITING_MAX + 2;
    struct sns_job *jobs = calloc(most, sizeof *jobs);
    assert_non_null(jobs);
    unsigned taken = 0;
    enum err err = ERR_OK;
    /* The thread cannot say that it is done, so it takes one at most. */
    pthread_mutex_lock(&world->lock);
    for (; taken < most && err == ERR_OK; taken += err == ERR_OK) {
        jobs[taken] = (struct sns_job){ .message = plain(), .done = told, .self = world };
        err = sns_courier_submit(courier, &jobs[taken]);
    }
    pthread_mutex_unlock(&world->lock);
    assert_int_equal(err, ERR_LIMIT);
    assert_in_range(taken, SNS_WAITING_MAX, SNS_WAITING_MAX + 1);
    sns_courier_stop(courier);
    assert_int_equal(world->done, taken);
    free(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_whole),
        cmocka_unit_test(a_confirmation_is_signed_with_its_token),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(a_message_of_many_values_takes_no_memory),
        cmocka_unit_test(the_headers_announce_what_comes),
        cmocka_unit_test(only_addresses_of_sns_in_the_region_of_the_topic_are_followed),
        cmocka_unit_test(only_our_topic_of_the_last_hour_counts),
        cmocka_unit_test(a_certificate_must_lead_to_an_authority_of_the_system),
        cmocka_unit_test(a_certificate_must_be_one_of_sns),
        cmocka_unit_test(an_authority_between_is_only_asked_of_amazon),
        cmocka_unit_test(a_signed_message_is_accepted_and_the_certificate_kept),
        cmocka_unit_test(a_changed_message_is_not_accepted),
        cmocka_unit_test(a_subscription_is_confirmed_only_when_sns_has_signed_it),
        cmocka_unit_test(without_a_connection_it_is_not_known_and_not_refused),
        cmocka_unit_test(made_up_certificates_do_not_keep_others_waiting),
        cmocka_unit_test(the_queue_has_an_end_and_whoever_waits_is_told),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
