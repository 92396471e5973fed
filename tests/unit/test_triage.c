/* collect triage, told by a scripted AWS. */
#include "fronts.h"
#include "script.h"

#include "fronts.h"

#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define INSTANCE                                                                                   \
    ASK("DescribeInstances", "InstanceId.1=i-0abc", INSTANCE_REPLY(OURS, "i-0abc", "running", ""))
#define KEY "cases/" OURS "/i-0abc/triage-0badcafe-run-1-step-0.tar.gz"
#define S3_LIST(contents)                                                                          \
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" contents                \
    "</ListBucketResult>"
#define LIST_PARAMS "prefix=cases%2F" OURS "%2Fi-0abc%2Ftriage-0badcafe-run-1-step-0.tar.gz"
#define BUCKET ASK("ListObjectsV2", LIST_PARAMS, S3_LIST(""))
#define OBJECT(size)                                                                               \
    ASK("ListObjectsV2", LIST_PARAMS,                                                              \
        S3_LIST("<Contents><Key>" KEY "</Key><Size>" size "</Size></Contents>"))
#define S3_ERROR(code, message) "<Error><Code>" code "</Code><Message>" message "</Message></Error>"
#define AGENT_SAYS(members)                                                                        \
    ASK("DescribeInstanceInformation",                                                             \
        "{\"Filters\":[{\"Key\":\"InstanceIds\",\"Values\":[\"i-0abc\"]}]}",                       \
        "{\"InstanceInformationList\":[" members "]}")
#define AGENT                                                                                      \
    AGENT_SAYS("{\"PingStatus\":\"Online\",\"PlatformType\":\"Linux\",\"AgentVersion\":\"3.3\"}")
#define SEND_PARAMS                                                                                \
    "\"cdr-late-put:evidence-bucket/" KEY ":eu-west-1:1020\"\n\"CDR_PROFILE=quick\"\n"             \
    "\"InstanceIds\":[\"i-0abc\"]\n\"Comment\":\"cdr 0badcafe-run-1-step-0\"\n"                    \
    "\"executionTimeout\":[\"420\"]"
#define SEND CHANGE("SendCommand", SEND_PARAMS, "{\"Command\":{\"CommandId\":\"c-1\"}}")
#define COMMANDS(list) ASK("ListCommands", "\"InstanceId\":\"i-0abc\"", "{\"Commands\":[" list "]}")
#define OURS_SENT "{\"CommandId\":\"c-1\",\"Comment\":\"cdr 0badcafe-run-1-step-0\"}"
#define OTHERS_SENT "{\"CommandId\":\"c-0\",\"Comment\":\"cdr 0badcafe-run-1-step-1\"}"
#define POLL(status, output)                                                                       \
    ASK("GetCommandInvocation", "{\"CommandId\":\"c-1\",\"InstanceId\":\"i-0abc\"}",               \
        "{\"Status\":\"" status "\",\"StatusDetails\":\"" status                                   \
        "\",\"StandardOutputContent\":\"" output "\"}")
#define NOT_YET                                                                                    \
    ASK_ERROR("GetCommandInvocation", "", 400, "{\"__type\":\"InvocationDoesNotExist\"}")
#define TOLD(uploaded, skipped, error)                                                             \
    "noise\\n{\\\"cdr\\\":\\\"triage\\\",\\\"state\\\":\\\"complete\\\",\\\"uploaded\\\":"         \
    "\\\"" uploaded "\\\",\\\"sha256\\\":\\\"" SUM                                                 \
    "\\\",\\\"bytes\\\":77,\\\"files\\\":5,\\\"skipped\\\":" skipped ",\\\"why\\\":\\\"" error     \
    "\\\"}\\n"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define URL "s3://evidence-bucket/" KEY
#define BEGIN WHO, INSTANCE, BUCKET, AGENT

static void collect(struct script *script)
{
    script_begin_row(script, &aws_triage);
    script_set(script, "instance", "i-0abc");
    script_set(script, "region", "eu-west-1");
    script_set(script, "to", "s3://evidence-bucket/cases/");
}

static void assert_collect(const struct exchange *exchanges, size_t count, enum step_turn end,
    const char *reason, uint32_t changes)
{
    struct script script;
    collect(&script);
    assert_int_equal(script_play(&script, exchanges, count), end);
    assert_reason(&script, reason);
    assert_int_equal(script.changes, changes);
    bool is_kept = end == STEP_PARTIAL || strstr(reason, "are kept as") != NULL;
    assert_int_equal(script.step.results.url.kind, is_kept ? VALUE_TEXT : VALUE_ABSENT);
    if (is_kept) {
        assert_true(str_is(value_str(script.step.results.url), URL));
        assert_true(str_is(value_str(script.step.results.sha256), SUM));
        assert_int_equal(script.step.results.verdict.integer, VERDICT_UNKNOWN);
    }
    for (uint32_t at = 0; at < script.undos_count; at++)
        assert_null(script.undos[at].builtin);
    script_starve(&script, exchanges, count, end);
    script_end(&script);
}

#define ASSERT_COLLECT(exchanges, end, reason, changes)                                            \
    assert_collect((exchanges), COUNT_OF(exchanges), (end), (reason), (changes))

static void what_the_collector_uploaded_is_looked_at(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { BEGIN, SEND, NOT_YET, POLL("Pending", ""),
        POLL("InProgress", ""), POLL("Success", TOLD("yes", "0", "")), OBJECT("77") };
    ASSERT_COLLECT(exchanges, STEP_DONE, "5 files of instance i-0abc are kept as " URL, 1);
}

static void what_was_not_taken_makes_it_partial(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { BEGIN, SEND,
        POLL("Success", TOLD("yes", "3", "1 over a limit")), OBJECT("77") };
    ASSERT_COLLECT(exchanges, STEP_PARTIAL,
        "3 things were there and not taken (1 over a limit): manifest.json", 1);
}

static void an_object_of_another_size_is_not_ours(void **state)
{
    (void)state;
    static const struct exchange other[] = { BEGIN, SEND, POLL("Success", TOLD("exists", "0", "")),
        OBJECT("12") };
    static const struct exchange none[] = { BEGIN, SEND, POLL("Success", TOLD("yes", "0", "")),
        BUCKET, BUCKET, BUCKET, BUCKET, BUCKET };
    static const struct exchange before[] = { BEGIN, SEND, POLL("Success", TOLD("exists", "0", "")),
        OBJECT("77") };
    ASSERT_COLLECT(other, STEP_FAILED, "what lies there is not from it", 1);
    ASSERT_COLLECT(before, STEP_PARTIAL, "was there already when the collector", 1);
    ASSERT_COLLECT(none, STEP_FAILED, "says that it uploaded 77 bytes, and S3 shows no " URL, 1);
}

static void what_could_not_be_uploaded_is_said(void **state)
{
    (void)state;
    static const struct exchange refused[] = { BEGIN, SEND,
        POLL("Failed", TOLD("no", "0", "the upload did not reach S3")) };
    static const struct exchange silent[] = { BEGIN, SEND, POLL("TimedOut", "") };
    static const struct exchange garbage[] = { BEGIN, SEND,
        POLL("Success", "{\\\"uploaded\\\":1}") };
    ASSERT_COLLECT(refused, STEP_FAILED, "kept nothing: the upload did not reach S3", 1);
    ASSERT_COLLECT(silent, STEP_FAILED, "ended as TimedOut and told nothing", 1);
    ASSERT_COLLECT(garbage, STEP_FAILED, "ended as Success and told nothing", 1);
}

static void a_lost_command_is_found_by_its_comment(void **state)
{
    (void)state;
    static const struct exchange found[] = { BEGIN,
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, LOST), COMMANDS(OTHERS_SENT "," OURS_SENT),
        POLL("Success", TOLD("yes", "0", "")), OBJECT("77") };
    static const struct exchange not_there[] = { BEGIN,
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, LOST), COMMANDS(OTHERS_SENT), COMMANDS(""),
        COMMANDS(""), SEND, POLL("Success", TOLD("yes", "0", "")), OBJECT("77") };
    static const struct exchange never[] = { BEGIN,
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, LOST), COMMANDS(""), COMMANDS(""), COMMANDS(""),
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, LOST), COMMANDS(""), COMMANDS(""), COMMANDS(""),
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, LOST), COMMANDS(""), COMMANDS(""),
        COMMANDS("") };
    ASSERT_COLLECT(found, STEP_DONE, "are kept as " URL, 1);
    ASSERT_COLLECT(not_there, STEP_DONE, "are kept as " URL, 2);
    ASSERT_COLLECT(never, STEP_UNKNOWN, "AWS neither answered nor shows it", 3);
}

static void a_bucket_that_may_not_be_looked_at_ends_it_before_anything_is_sent(void **state)
{
    (void)state;
    static const struct exchange told[] = { WHO, INSTANCE,
        ASK_ERROR("ListObjectsV2", "", 403, S3_ERROR("AccessDenied", "no list")) };
    ASSERT_COLLECT(told, STEP_FAILED, "AWS does not allow s3:ListBucket", 0);
}

static void an_instance_that_cannot_be_reached_is_said_with_what_to_do(void **state)
{
    (void)state;
    static const struct exchange unknown[] = { WHO, INSTANCE, BUCKET, AGENT_SAYS("") };
    static const struct exchange lost[] = { WHO, INSTANCE, BUCKET,
        AGENT_SAYS("{\"PingStatus\":\"ConnectionLost\",\"PlatformType\":\"Linux\"}") };
    static const struct exchange windows[] = { WHO, INSTANCE, BUCKET,
        AGENT_SAYS("{\"PingStatus\":\"Online\",\"PlatformType\":\"Windows\"}") };
    static const struct exchange stopped[] = { WHO,
        ASK("DescribeInstances", "", INSTANCE_REPLY(OURS, "i-0abc", "stopped", "")) };
    static const struct exchange platform[] = { WHO,
        ASK("DescribeInstances", "",
            INSTANCE_REPLY(OURS, "i-0abc", "running", "<platform>windows</platform>")) };
    ASSERT_COLLECT(unknown, STEP_UNRESOLVED, "AmazonSSMManagedInstanceCore", 0);
    ASSERT_COLLECT(lost, STEP_UNRESOLVED, "an isolated instance cannot", 0);
    ASSERT_COLLECT(windows, STEP_FAILED, "the collector is for Linux", 0);
    ASSERT_COLLECT(stopped, STEP_FAILED, "i-0abc is stopped: triage runs on the instance", 0);
    ASSERT_COLLECT(platform, STEP_FAILED, "runs Windows", 0);
}

static void a_command_that_does_not_end_is_cancelled(void **state)
{
    (void)state;
    enum { POLLS = 501 };
    static struct exchange exchanges[4 + 1 + POLLS + 1 + 1];
    static const struct exchange begin[] = { BEGIN, SEND };
    static const struct exchange poll = POLL("InProgress", "");
    static const struct exchange cancel = CHANGE("CancelCommand", "{\"CommandId\":\"c-1\"}", "{}");
    static const struct exchange cancelled = POLL("Cancelled", "");
    size_t count = 0;
    for (; count < COUNT_OF(begin); count++)
        exchanges[count] = begin[count];
    for (size_t at = 0; at < POLLS; at++)
        exchanges[count++] = poll;
    exchanges[count++] = cancel;
    exchanges[count++] = cancelled;
    struct script script;
    collect(&script);
    assert_int_equal(script_play(&script, exchanges, count), STEP_FAILED);
    assert_reason(&script, "did not end in time and was cancelled");
    assert_int_equal(script.changes, 2);
    script_end(&script);
}

static void without_an_instance_or_a_place_nobody_is_asked(void **state)
{
    (void)state;
    struct script script;
    collect(&script);
    script.args[1] = VALUE_NONE;
    script_set(&script, "host", "laptop-7");
    assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
    assert_reason(&script, "triage needs a CrowdStrike or Defender connection");
    script_end(&script);
    collect(&script);
    script_set(&script, "to", "");
    assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
    assert_reason(&script, "nothing says where the evidence goes");
    script_end(&script);
    collect(&script);
    script_set(&script, "to", "https://example.com/x");
    assert_int_equal(script_play(&script, NULL, 0), STEP_FAILED);
    assert_reason(&script, "it does not begin with s3://");
    script_end(&script);
}

static void a_plan_sends_nothing(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { BEGIN,
        CHANGE_WITHOUT("SendCommand", SEND_PARAMS, ASSUMED) };
    ASSERT_COLLECT(exchanges, STEP_DONE, "would run on instance i-0abc and upload to " URL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_collector_uploaded_is_looked_at),
        cmocka_unit_test(what_was_not_taken_makes_it_partial),
        cmocka_unit_test(an_object_of_another_size_is_not_ours),
        cmocka_unit_test(what_could_not_be_uploaded_is_said),
        cmocka_unit_test(a_lost_command_is_found_by_its_comment),
        cmocka_unit_test(a_bucket_that_may_not_be_looked_at_ends_it_before_anything_is_sent),
        cmocka_unit_test(an_instance_that_cannot_be_reached_is_said_with_what_to_do),
        cmocka_unit_test(a_command_that_does_not_end_is_cancelled),
        cmocka_unit_test(without_an_instance_or_a_place_nobody_is_asked),
        cmocka_unit_test(a_plan_sends_nothing),
    };
    return cmocka_run_group_tests_name("triage", tests, NULL, NULL);
}
