/* Who sent it: secrets, Standard Webhooks, plain HMAC, tokens; and that one bit more or less is
 * never accepted. The oracle is OpenSSL's own HMAC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/signature.h"

#include "base/buf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define NOW INT64_C(1614265330000)
/* The example of the specification. */
#define SPEC_KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SPEC_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SPEC_BODY "{\"test\": 2432232314}"
#define SPEC_SIGN "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void take_key(bool is_standard, const char *text, struct secret *key)
{
    const char *reason = NULL;
    assert_int_equal(signature_key(is_standard, str_from(text), key, &reason), ERR_OK);
}

static const char *refusal(bool is_standard, const char *text)
{
    CLEANUP(secret_release) struct secret key = { 0 };
    const char *reason = NULL;
    assert_int_equal(signature_key(is_standard, str_from(text), &key, &reason), ERR_INVALID);
    assert_int_equal(key.len, 0);
    return reason;
}

static void hmac_bytes(const char *key, str text, unsigned char digest[static 32])
{
    unsigned len = 0;
    assert_non_null(HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text.ptr,
        text.len, digest, &len));
    assert_int_equal(len, 32);
}

static void sign_base64(const char *key, str text, char out[static 45])
{
    unsigned char digest[32];
    hmac_bytes(key, text, digest);
    EVP_EncodeBlock((unsigned char *)out, digest, 32);
}

static void sign_hex(const char *key, str text, const char *digits, char out[static 65])
{
    unsigned char digest[32];
    hmac_bytes(key, text, digest);
    for (size_t at = 0; at < 32; at++) {
        out[2 * at] = digits[digest[at] >> 4];
        out[2 * at + 1] = digits[digest[at] & 15];
    }
    out[64] = '\0';
}

static bool standard(const struct signature_keys *keys, const char *id, const char *timestamp,
    const char *signatures, const char *body, int64_t now_ms)
{
    const char *reason = NULL;
    struct signature_standard headers = {
        .id = str_from(id), .timestamp = str_from(timestamp), .signatures = str_from(signatures)
    };
    bool is_right = signature_standard_is_right(keys, &headers, str_from(body), now_ms, &reason);
    assert_non_null(reason);
    return is_right;
}

static void a_secret_that_can_be_guessed_is_refused(void **state)
{
    (void)state;
    CLEANUP(secret_release) struct secret key = { 0 };
    assert_string_equal(refusal(false, ""), "it is empty");
    assert_string_equal(refusal(true, ""), "it is empty");
    assert_non_null(strstr(refusal(false, "fifteen bytes.."), "16 bytes"));
    assert_non_null(strstr(refusal(true, "sixteen bytes..."), "24 bytes"));
    assert_non_null(strstr(refusal(true, KEY OTHER "x"), "64 bytes"));
    take_key(false, "sixteen bytes...", &key);
    assert_int_equal(key.len, 16);
    take_key(true, KEY OTHER, &key);
    assert_int_equal(key.len, 64);
}

static void a_secret_of_standard_webhooks_is_base64(void **state)
{
    (void)state;
    CLEANUP(secret_release) struct secret key = { 0 };
    assert_non_null(strstr(refusal(true, "whsec_"), "base64"));
    assert_non_null(strstr(refusal(true, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"), "base64"));
    assert_non_null(strstr(refusal(true, "whsec_MfKQ9r8GKYqrTwjU-D8ILPZIo2LaLaSw"), "base64"));
    assert_non_null(strstr(refusal(true, "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa"), "base64"));
    assert_non_null(strstr(refusal(true, "whsec_MfKQ9r8GKYqr"), "24 bytes"));
    take_key(true, SPEC_KEY, &key);
    assert_int_equal(key.len, 24);
    /* Padding is no bytes of the key. */
    take_key(true, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", &key);
    assert_true(str_is(secret_bytes(&key), KEY));
    /* Elsewhere the same text is no base64. */
    take_key(false, SPEC_KEY, &key);
    assert_true(str_is(secret_bytes(&key), SPEC_KEY));
}

static void the_example_of_the_specification_is_accepted(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    take_key(true, SPEC_KEY, &keys.now);
    assert_true(standard(&keys, SPEC_ID, "1614265330", SPEC_SIGN, SPEC_BODY, NOW));
    assert_true(standard(&keys, SPEC_ID, "1614265330", "v1,AAAA " SPEC_SIGN, SPEC_BODY, NOW));
    assert_true(standard(&keys, SPEC_ID, "1614265330", SPEC_SIGN " v1a,AAAA", SPEC_BODY, NOW));
}

static void headers_that_are_not_as_agreed_are_refused(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    take_key(true, SPEC_KEY, &keys.now);
    static const char *const headers[][3] = {
        { "", "1614265330", SPEC_SIGN },
        { SPEC_ID, "", SPEC_SIGN },
        { SPEC_ID, "1614265330", "" },
        { SPEC_ID, "+1614265330", SPEC_SIGN },
        { SPEC_ID, "1614265330 ", SPEC_SIGN },
        { SPEC_ID, "1614265330.0", SPEC_SIGN },
        { SPEC_ID, "16142653300000000000000", SPEC_SIGN },
        { SPEC_ID, "1614265330", "v2" },
        { SPEC_ID, "1614265330", "v1," },
        { SPEC_ID, "1614265330", " " },
        { SPEC_ID, "1614265330", SPEC_SIGN "," },
        { SPEC_ID ".1614265330", "1614265330", SPEC_SIGN },
    };
    for (size_t at = 0; at < COUNT_OF(headers); at++)
        assert_false(
            standard(&keys, headers[at][0], headers[at][1], headers[at][2], SPEC_BODY, NOW));
    assert_false(standard(&keys, SPEC_ID, "1614265330", &SPEC_SIGN[3], SPEC_BODY, NOW));
}

static void a_timestamp_counts_for_five_minutes(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    take_key(true, SPEC_KEY, &keys.now);
    static const struct {
        int64_t apart_ms;
        bool is_right;
    } cases[] = { { 300000, true }, { 300001, false }, { -300000, true }, { -300001, false } };
    for (size_t at = 0; at < COUNT_OF(cases); at++)
        assert_int_equal(
            standard(&keys, SPEC_ID, "1614265330", SPEC_SIGN, SPEC_BODY, NOW + cases[at].apart_ms),
            cases[at].is_right);
}

/* An id with a full stop could move bytes of the body into the timestamp: the same signed text. */
static void what_is_signed_is_read_in_one_way_alone(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    char sign[48] = "v1,";
    take_key(true, KEY, &keys.now);
    sign_base64(KEY, STR("a.1614265330.1614265331.{}"), sign + 3);
    assert_true(standard(&keys, "a", "1614265330", sign, "1614265331.{}", NOW));
    assert_false(standard(&keys, "a.1614265330", "1614265331", sign, "{}", NOW));
}

static void both_secrets_count_while_senders_change_over(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    const char *reason = NULL;
    char sign[48] = "v1,";
    char hex[65];
    take_key(true, KEY, &keys.now);
    sign_base64(OTHER, STR("a.1614265330.{}"), sign + 3);
    sign_hex(OTHER, STR("{}"), "0123456789abcdef", hex);
    assert_false(standard(&keys, "a", "1614265330", sign, "{}", NOW));
    assert_false(signature_hmac_is_right(&keys, str_from(hex), STR("{}"), &reason));
    assert_false(signature_token_is_right(&keys, STR(OTHER), &reason));
    take_key(true, OTHER, &keys.former);
    assert_true(standard(&keys, "a", "1614265330", sign, "{}", NOW));
    assert_true(signature_hmac_is_right(&keys, str_from(hex), STR("{}"), &reason));
    assert_true(signature_token_is_right(&keys, STR(OTHER), &reason));
    assert_true(signature_token_is_right(&keys, STR(KEY), &reason));
}

static void without_a_key_nothing_is_accepted(void **state)
{
    (void)state;
    struct signature_keys keys = { 0 };
    const char *reason = NULL;
    char sign[48] = "v1,";
    char hex[65];
    sign_base64("", STR("a.1614265330.{}"), sign + 3);
    sign_hex("", STR("{}"), "0123456789abcdef", hex);
    assert_false(standard(&keys, "a", "1614265330", sign, "{}", NOW));
    assert_false(signature_hmac_is_right(&keys, str_from(hex), STR("{}"), &reason));
    assert_false(signature_token_is_right(&keys, STR(""), &reason));
}

/* RFC 4231, test cases 1 and 6. */
static void the_vectors_of_rfc_4231_are_accepted(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    const char *reason = NULL;
    char bytes[131];
    memset(bytes, 0x0b, sizeof bytes);
    assert_int_equal(secret_set(&keys.now, (str){ bytes, 20 }), ERR_OK);
    assert_true(signature_hmac_is_right(&keys,
        STR("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"), STR("Hi There"),
        &reason));
    memset(bytes, 0xaa, sizeof bytes);
    assert_int_equal(secret_set(&keys.now, (str){ bytes, sizeof bytes }), ERR_OK);
    assert_true(signature_hmac_is_right(&keys,
        STR("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        STR("Test Using Larger Than Block-Size Key - Hash Key First"), &reason));
}

static void an_hmac_is_read_as_senders_write_it(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    const char *reason = NULL;
    char text[80] = "sha256=";
    take_key(false, KEY, &keys.now);
    sign_hex(KEY, STR("{}"), "0123456789abcdef", text + 7);
    assert_true(signature_hmac_is_right(&keys, str_from(text), STR("{}"), &reason));
    assert_true(signature_hmac_is_right(&keys, str_from(text + 7), STR("{}"), &reason));
    sign_hex(KEY, STR("{}"), "0123456789ABCDEF", text + 7);
    assert_true(signature_hmac_is_right(&keys, str_from(text), STR("{}"), &reason));
    sign_base64(KEY, STR("{}"), text + 7);
    assert_true(signature_hmac_is_right(&keys, str_from(text), STR("{}"), &reason));
    assert_false(signature_hmac_is_right(&keys, str_from(text), STR("{} "), &reason));
    assert_false(signature_hmac_is_right(&keys, str_first(str_from(text), 50), STR("{}"), &reason));
    assert_false(signature_hmac_is_right(&keys, STR("sha256="), STR("{}"), &reason));
    assert_false(signature_hmac_is_right(&keys, STR(""), STR("{}"), &reason));
}

static void what_we_sign_is_what_the_specification_and_our_own_reading_accept(void **state)
{
    (void)state;
    struct signature_keys keys = { .now = { 0 } };
    char text[SIGNATURE_TEXT_MAX];
    char wanted[45];
    take_key(true, SPEC_KEY, &keys.now);
    assert_true(
        signature_standard_make(&keys.now, STR(SPEC_ID), STR("1614265330"), STR(SPEC_BODY), text));
    assert_string_equal(text, SPEC_SIGN);
    take_key(true, KEY, &keys.now);
    assert_true(
        signature_standard_make(&keys.now, STR("cdr-1"), STR("1614265330"), STR("{}"), text));
    sign_base64(KEY, STR("cdr-1.1614265330.{}"), wanted);
    assert_string_equal(text + strlen("v1,"), wanted);
    assert_true(standard(&keys, "cdr-1", "1614265330", text, "{}", NOW));
    assert_false(standard(&keys, "cdr-2", "1614265330", text, "{}", NOW));
    /* What could be read in two ways, and what anybody could sign, is not signed. */
    assert_false(
        signature_standard_make(&keys.now, STR("cdr.1"), STR("1614265330"), STR("{}"), text));
    assert_false(signature_standard_make(&keys.now, STR(""), STR("1614265330"), STR("{}"), text));
    assert_false(
        signature_standard_make(&keys.former, STR("cdr-1"), STR("1614265330"), STR("{}"), text));
    signature_keys_release(&keys);
}

static void a_token_is_the_whole_token(void **state)
{
    (void)state;
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    const char *reason = NULL;
    take_key(false, KEY, &keys.now);
    assert_true(signature_token_is_right(&keys, STR(KEY), &reason));
    assert_false(signature_token_is_right(&keys, STR(KEY "x"), &reason));
    assert_false(signature_token_is_right(&keys, str_first(STR(KEY), 31), &reason));
    assert_false(signature_token_is_right(&keys, STR(""), &reason));
    assert_false(signature_token_is_right(&keys, STR(OTHER), &reason));
}

/* ---- bits ---- */

/* A message, all of whose parts are in one text, so that any bit of it can be turned: the body,
 * what it is signed with, the timestamp. */
enum { BODY_LEN = 62, TEXT_LEN_MAX = BODY_LEN + 47 + 10 };

struct message {
    char text[TEXT_LEN_MAX];
    size_t signature_len; /* 47 of Standard Webhooks, whose timestamp follows, or 44 */
};

static str body_of(const struct message *message)
{
    return (str){ message->text, BODY_LEN };
}

static str signature_of(const struct message *message)
{
    return (str){ message->text + BODY_LEN, message->signature_len };
}

static void message_make(bool is_standard, size_t round, struct message *message)
{
    char base64[45];
    char signed_text[128];
    int len = snprintf(signed_text, sizeof signed_text,
        "a.1614265330.{\"id\": \"%010zu\", \"severity\": \"high\", \"host\": \"web-1.test\"}",
        round);
    assert_int_equal(len, 13 + BODY_LEN);
    *message = (struct message){ .signature_len = is_standard ? 47 : 44 };
    memcpy(message->text, signed_text + 13, BODY_LEN);
    sign_base64(KEY, str_skip((str){ signed_text, (size_t)len }, is_standard ? 0 : 13), base64);
    memcpy(message->text + BODY_LEN, is_standard ? "v1," : base64, 3);
    memcpy(message->text + BODY_LEN + (is_standard ? 3 : 0), base64, 44);
    memcpy(message->text + BODY_LEN + message->signature_len, "1614265330", 10);
}

static bool is_right(
    bool is_standard, const struct message *message, const struct signature_keys *keys)
{
    const char *reason = NULL;
    struct signature_standard headers = { .id = STR("a"),
        .timestamp = { message->text + BODY_LEN + message->signature_len, 10 },
        .signatures = signature_of(message) };
    return is_standard
               ? signature_standard_is_right(keys, &headers, body_of(message), NOW, &reason)
               : signature_hmac_is_right(keys, signature_of(message), body_of(message), &reason);
}

/* Each bit of one message after the other: `count` of them. */
static void turn_bits(bool is_standard, size_t count)
{
    CLEANUP(signature_keys_release) struct signature_keys keys = { 0 };
    struct message message;
    const size_t bits = 8 * (size_t)(BODY_LEN + (is_standard ? 47 + 10 : 44));
    size_t accepted = 0;
    take_key(true, KEY, &keys.now);
    for (size_t at = 0; at < count; at++) {
        if (at % bits == 0) {
            message_make(is_standard, at / bits, &message);
            assert_true(is_right(is_standard, &message, &keys));
        }
        char *byte = &message.text[at % bits / 8];
        *byte = (char)(*byte ^ (1 << at % 8));
        accepted += is_right(is_standard, &message, &keys);
        *byte = (char)(*byte ^ (1 << at % 8));
    }
    assert_int_equal(accepted, 0);
}

/* How many the environment asks for, of both schemes together; else a sample. */
static void one_bit_more_or_less_is_never_accepted(void **state)
{
    (void)state;
    const char *asked = getenv("FLIPS");
    size_t count = asked == NULL ? 20000 : (size_t)strtoull(asked, NULL, 10);
    assert_true(count >= 2000);
    turn_bits(true, count / 2);
    turn_bits(false, count / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_that_can_be_guessed_is_refused),
        cmocka_unit_test(a_secret_of_standard_webhooks_is_base64),
        cmocka_unit_test(the_example_of_the_specification_is_accepted),
        cmocka_unit_test(headers_that_are_not_as_agreed_are_refused),
        cmocka_unit_test(a_timestamp_counts_for_five_minutes),
        cmocka_unit_test(what_is_signed_is_read_in_one_way_alone),
        cmocka_unit_test(both_secrets_count_while_senders_change_over),
        cmocka_unit_test(without_a_key_nothing_is_accepted),
        cmocka_unit_test(the_vectors_of_rfc_4231_are_accepted),
        cmocka_unit_test(an_hmac_is_read_as_senders_write_it),
        cmocka_unit_test(what_we_sign_is_what_the_specification_and_our_own_reading_accept),
        cmocka_unit_test(a_token_is_the_whole_token),
        cmocka_unit_test(one_bit_more_or_less_is_never_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
