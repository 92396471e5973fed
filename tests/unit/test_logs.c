/* collect logs, told by a scripted CloudTrail and S3. */
#include "base/sha256.h"
#include "script.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define BY(attribute, text)                                                                        \
    "\"AttributeKey\":\"" attribute "\"\n\"AttributeValue\":\"" text "\"\n"                        \
    "\"StartTime\":1767139200\n\"EndTime\":1767225600\n\"MaxResults\":50"
#define RECORD(id) "{\\\"eventID\\\":\\\"" id "\\\"}"
#define EVENT(id)                                                                                  \
    "{\"EventId\":\"" id "\",\"EventName\":\"RunInstances\",\"CloudTrailEvent\":\"" RECORD(id) "\"}"
#define ASSUMED_ROLE(id, key)                                                                      \
    "{\"EventId\":\"" id "\",\"EventName\":\"AssumeRole\",\"Resources\":["                         \
    "{\"ResourceType\":\"AWS::IAM::Role\",\"ResourceName\":\"arn:aws:iam::1:role/x\"},"            \
    "{\"ResourceType\":\"AWS::IAM::AccessKey\",\"ResourceName\":\"" key "\"}],"                    \
    "\"CloudTrailEvent\":\"" RECORD(id) "\"}"
#define EVENTS(events) "{\"Events\":[" events "]}"
#define LOOKUP(attribute, text, events) ASK("LookupEvents", BY(attribute, text), EVENTS(events))
#define DENIED                                                                                     \
    ASK_ERROR("LookupEvents", "", 400,                                                             \
        "{\"__type\":\"AccessDeniedException\",\"message\":\"you may not\"}")
#define KEY "AKIAIOSFODNN7EXAMPLE"
#define PLACE "s3://evidence-bucket/cases/"
#define NAME "0badcafe-run-1-step-0/cloudtrail-1.ndjson"
#define PUT(body) CHANGE("PutObject", body, "")
#define S3_ERROR(code, message) "<Error><Code>" code "</Code><Message>" message "</Message></Error>"
#define OBJECT(size)                                                                               \
    ASK("ListObjectsV2", "list-type=2&prefix=cases%2F0badcafe-run-1-step-0%2Fcloudtrail-1.ndjson", \
        "<ListBucketResult><Contents><Key>cases/" NAME "</Key><Size>" size                         \
        "</Size></Contents></ListBucketResult>")
#define OTHER_OBJECT                                                                               \
    ASK("ListObjectsV2", "list-type=2",                                                            \
        "<ListBucketResult><Contents><Key>cases/" NAME ".old</Key><Size>16</Size></Contents>"      \
        "</ListBucketResult>")
#define NO_OBJECT ASK("ListObjectsV2", "list-type=2", "<ListBucketResult></ListBucketResult>")
#define LINE_A "{\"eventID\":\"a\"}\n"
#define LINE_B "{\"eventID\":\"b\"}\n"

static void begin(struct script *script, const char *param, const char *text)
{
    script_begin(script, VERB_COLLECT, "logs");
    script->is_elsewhere = true;
    script_set(script, param, text);
    script_set(script, "to", PLACE);
    script_set(script, "region", "eu-west-1");
}

static void assert_logs(struct script *script, const struct exchange *exchanges, size_t count,
    enum step_turn end, const char *reason)
{
    assert_int_equal(script_play(script, exchanges, count), end);
    assert_reason(script, reason);
    script_starve(script, exchanges, count, end);
}

#define ASSERT_LOGS(script, exchanges, end, reason)                                                \
    assert_logs(script, exchanges, COUNT_OF(exchanges), end, reason)

static void what_a_key_did_is_kept_in_both_regions_once(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        LOOKUP("AccessKeyId", KEY, EVENT("a") "," EVENT("b")),
        LOOKUP("AccessKeyId", KEY, EVENT("b")), PUT(LINE_A LINE_B) };
    struct script script;
    char hex[SHA256_HEX_SIZE];
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, exchanges, STEP_DONE,
        "2 events about access key " KEY ", of the 1d before the step began are kept as "
        "s3://evidence-bucket/cases/" NAME);
    assert_int_equal(sha256_hex(STR(LINE_A LINE_B), hex), ERR_OK);
    assert_true(str_is(value_str(script.step.results.sha256), hex));
    assert_true(str_is(value_str(script.step.results.url), "s3://evidence-bucket/cases/" NAME));
    assert_true(str_is(script.step.request.target, "evidence-bucket/cases/" NAME));
    assert_true(script.waited_ms >= 500); /* two lookups a second */
    script_end(&script);
}

static void pages_are_read_with_the_same_question(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        ASK("LookupEvents", BY("AccessKeyId", KEY),
            "{\"Events\":[" EVENT("a") "],\"NextToken\":\"more\"}"),
        ASK("LookupEvents", BY("AccessKeyId", KEY) "\n\"NextToken\":\"more\"", EVENTS(EVENT("b"))),
        LOOKUP("AccessKeyId", KEY, ""), PUT(LINE_A LINE_B) };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, exchanges, STEP_DONE, "2 events");
    script_end(&script);
}

static void the_sessions_of_a_role_are_found_by_their_keys(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO,
        LOOKUP("ResourceName", "arn:aws:iam::111122223333:role/app/web",
            ASSUMED_ROLE("a", "ASIAEXAMPLE")),
        LOOKUP("ResourceName", "arn:aws:iam::111122223333:role/app/web", ""),
        LOOKUP("ResourceName", "web", ""), LOOKUP("ResourceName", "web", ""),
        LOOKUP("AccessKeyId", "ASIAEXAMPLE", EVENT("b")), LOOKUP("AccessKeyId", "ASIAEXAMPLE", ""),
        PUT(LINE_A LINE_B) };
    struct script script;
    begin(&script, "role", "arn:aws:iam::111122223333:role/app/web");
    ASSERT_LOGS(&script, exchanges, STEP_DONE, "2 events about role arn:aws:iam::");
    script_end(&script);
}

static void a_session_is_looked_up_by_its_name(void **state)
{
    (void)state;
#define SESSION "arn:aws:sts::111122223333:assumed-role/web/i-0abc"
    static const struct exchange exchanges[] = { WHO, LOOKUP("ResourceName", SESSION, ""),
        LOOKUP("ResourceName", SESSION, ""), LOOKUP("Username", "i-0abc", EVENT("a")),
        LOOKUP("Username", "i-0abc", ""), LOOKUP("ResourceName", "web", ""),
        LOOKUP("ResourceName", "web", ""), PUT(LINE_A) };
    struct script script;
    begin(&script, "role", SESSION);
    ASSERT_LOGS(&script, exchanges, STEP_DONE, "1 events");
    script_end(&script);
}

static void an_instance_is_looked_up_as_resource_and_as_session(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOKUP("Username", "i-0abc", ""),
        LOOKUP("Username", "i-0abc", ""), LOOKUP("ResourceName", "i-0abc", "") };
    struct script script;
    begin(&script, "instance", "i-0abc");
    ASSERT_LOGS(&script, exchanges, STEP_DONE,
        "nothing to collect: CloudTrail has no event about instance i-0abc");
    assert_int_equal(script.changes, 0);
    script_end(&script);
}

static void a_lookup_that_is_denied_makes_it_partial(void **state)
{
    (void)state;
    static const struct exchange one[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")), DENIED,
        PUT(LINE_A) };
    static const struct exchange all[] = { WHO, DENIED, DENIED };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, one, STEP_PARTIAL,
        "1 of 2 lookups failed: AWS does not allow cloudtrail:LookupEvents on " KEY);
    script_end(&script);
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, all, STEP_FAILED, "AWS does not allow cloudtrail:LookupEvents on " KEY);
    script_end(&script);
}

static void a_lost_object_is_looked_for(void **state)
{
    (void)state;
    static const struct exchange applied[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""), CHANGE_WITHOUT("PutObject", LINE_A, LOST), OBJECT("16") };
    static const struct exchange not_applied[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""), CHANGE_WITHOUT("PutObject", LINE_A, LOST), OTHER_OBJECT,
        NO_OBJECT, NO_OBJECT, PUT(LINE_A) };
    static const struct exchange there[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""),
        CHANGE_ERROR("PutObject", "", 412, S3_ERROR("PreconditionFailed", "exists")),
        OBJECT("16") };
    static const struct exchange others[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""),
        CHANGE_ERROR("PutObject", "", 412, S3_ERROR("PreconditionFailed", "exists")),
        OBJECT("17") };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, applied, STEP_DONE, "1 events");
    ASSERT_LOGS(&script, not_applied, STEP_DONE, "1 events");
    ASSERT_LOGS(&script, there, STEP_DONE, "1 events");
    ASSERT_LOGS(&script, others, STEP_FAILED, "there is another object of 17 bytes already");
    script_end(&script);
}

static void the_bucket_may_be_in_another_region(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""),
        CHANGE_ERROR("PutObject", "", 400,
            S3_ERROR(
                "AuthorizationHeaderMalformed", "the region 'x' is wrong; expecting 'eu-north-1'")),
        PUT(LINE_A) };
    static const struct exchange denied[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""),
        CHANGE_ERROR("PutObject", "", 403, S3_ERROR("AccessDenied", "no")) };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, exchanges, STEP_DONE, "1 events");
    assert_true(str_is(script.step.request.region, "eu-north-1"));
    ASSERT_LOGS(
        &script, denied, STEP_FAILED, "AWS does not allow s3:PutObject on evidence-bucket/cases/");
    script_end(&script);
}

/* Two records that do not fit one object, and one that fits none. */
static void many_events_fill_several_objects(void **state)
{
    (void)state;
    enum { LONG = 200 * 1024, TOO_LONG = 300 * 1024 };
    struct script script;
    struct buf reply = BUF_INIT(2 * 1024 * 1024);
    const size_t sizes[] = { LONG, TOO_LONG, LONG };
    buf_add(&reply, STR("{\"Events\":["));
    for (size_t at = 0; at < COUNT_OF(sizes); at++) {
        buf_addf(&reply, "%s{\"EventId\":\"%zu\",\"CloudTrailEvent\":\"", at == 0 ? "" : ",", at);
        for (size_t n = 0; n < sizes[at]; n++)
            buf_add_byte(&reply, 'x');
        buf_add(&reply, STR("\"}"));
    }
    buf_add(&reply, STR("]}"));
    assert_int_equal(reply.err, ERR_OK);
    buf_add_byte(&reply, '\0');
    const struct exchange exchanges[] = { WHO, ASK("LookupEvents", "", reply.ptr),
        LOOKUP("AccessKeyId", KEY, ""), PUT("xxx"), PUT("xxx") };
    const struct exchange cut[] = { WHO, ASK("LookupEvents", "", reply.ptr),
        LOOKUP("AccessKeyId", KEY, ""), PUT("xxx"),
        CHANGE_ERROR("PutObject", "", 403, S3_ERROR("AccessDenied", "no")) };
    begin(&script, "access_key", KEY);
    assert_int_equal(PLAY(&script, exchanges), STEP_PARTIAL);
    assert_reason(&script, "2 events about");
    assert_reason(&script, "s3://evidence-bucket/cases/0badcafe-run-1-step-0/;");
    assert_reason(&script, "1 records are too long to be kept");
    assert_int_equal(PLAY(&script, cut), STEP_PARTIAL);
    assert_reason(&script, "only those of 1 objects are kept");
    buf_release(&reply);
    script_end(&script);
}

static void there_is_an_end_of_pages(void **state)
{
    (void)state;
    enum { PAGES = 60 };
    struct exchange exchanges[PAGES + 2] = { WHO };
    char pages[PAGES][256];
    for (size_t at = 0; at < PAGES; at++) {
        snprintf(pages[at], sizeof(pages[at]),
            "{\"Events\":[{\"EventId\":\"%zu\",\"CloudTrailEvent\":\"{}\"}],\"NextToken\":\"t\"}",
            at);
        exchanges[at + 1] = (struct exchange)ASK("LookupEvents", "", pages[at]);
    }
    exchanges[PAGES + 1] = (struct exchange)PUT("{}\n{}\n");
    struct script script;
    begin(&script, "access_key", KEY);
    assert_int_equal(PLAY(&script, exchanges), STEP_PARTIAL);
    assert_reason(&script, "there is more than a step reads: older events are missing");
    script_end(&script);
}

static void a_bucket_that_is_not_there_names_its_setting(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""),
        CHANGE_ERROR("PutObject", "", 404, S3_ERROR("NoSuchBucket", "not here")) };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, exchanges, STEP_FAILED,
        "there is no bucket evidence-bucket: `to=` of the step names it");
    script_end(&script);
}

static void without_a_place_nothing_is_asked(void **state)
{
    (void)state;
    static const char *const bad[] = { "http://x/y", "s3://", "s3://a", "s3://UPPER/x",
        "s3://bucket/a b", "s3://bucket//x", "s3://-bucket/x" };
    struct script script;
    begin(&script, "access_key", KEY);
    script.args[script_param(&script, "to")] = VALUE_NONE;
    assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
    assert_reason(&script, "the setting `evidence`");
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        script_set(&script, "to", bad[at]);
        assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
        assert_reason(&script, "is no place for logs");
    }
    script_end(&script);
}

static void logs_are_planned(void **state)
{
    (void)state;
    static const struct exchange plan[] = { WHO, LOOKUP("AccessKeyId", KEY, EVENT("a")),
        LOOKUP("AccessKeyId", KEY, ""), CHANGE_WITHOUT("PutObject", LINE_A, ASSUMED) };
    static const struct exchange offline[] = { ASK_WITHOUT("GetCallerIdentity", "", ASSUMED),
        ASK_WITHOUT("LookupEvents", "", ASSUMED), ASK_WITHOUT("LookupEvents", "", ASSUMED) };
    struct script script;
    begin(&script, "access_key", KEY);
    ASSERT_LOGS(&script, plan, STEP_DONE,
        "1 events about access key " KEY ", of the 1d before the "
        "step began would be kept as");
    ASSERT_LOGS(&script, offline, STEP_DONE, "would be kept");
    script_end(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_key_did_is_kept_in_both_regions_once),
        cmocka_unit_test(pages_are_read_with_the_same_question),
        cmocka_unit_test(the_sessions_of_a_role_are_found_by_their_keys),
        cmocka_unit_test(a_session_is_looked_up_by_its_name),
        cmocka_unit_test(an_instance_is_looked_up_as_resource_and_as_session),
        cmocka_unit_test(a_lookup_that_is_denied_makes_it_partial),
        cmocka_unit_test(a_lost_object_is_looked_for),
        cmocka_unit_test(the_bucket_may_be_in_another_region),
        cmocka_unit_test(many_events_fill_several_objects),
        cmocka_unit_test(there_is_an_end_of_pages),
        cmocka_unit_test(a_bucket_that_is_not_there_names_its_setting),
        cmocka_unit_test(without_a_place_nothing_is_asked),
        cmocka_unit_test(logs_are_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
