/* A conversation with the simulated AWS, letting one allocation more succeed each time, until
 * none fails. The sandbox may answer that it failed; it may not fall, leak, answer what is
 * no XML or end with a world that cannot be loaded again. */
#include "allocation.h"
#include "sandbox/call.h"
#include "sandbox/serve.h"
#include "small_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW_S = 1750000000 };

#define EC2(form)                                                                                  \
    {                                                                                              \
        "ec2", "Version=2016-11-15&" form                                                          \
    }
#define IAM(form)                                                                                  \
    {                                                                                              \
        "iam", "Version=2010-05-08&" form                                                          \
    }
#define POLICY                                                                                     \
    "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22%2A%22%2C"              \
    "%22Resource%22%3A%22%2A%22%7D%7D"

static const struct {
    const char *service; /* NULL: faults are set */
    const char *body;
} conversation[] = {
    EC2("Action=DescribeInstances&Filter.1.Name=tag-key&Filter.1.Value.1=x"),
    EC2("Action=CreateTags&ResourceId.1=i-00000001&Tag.1.Key=x&Tag.1.Value=y"),
    EC2("Action=CreateSecurityGroup&GroupName=iso&GroupDescription=d&VpcId=vpc-00000001"
        "&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=k"),
    EC2("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id"
        "&Filter.1.Value.1=sg-0c0de000000000001"),
    EC2("Action=RevokeSecurityGroupEgress&GroupId=sg-0c0de000000000001"
        "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"),
    EC2("Action=AuthorizeSecurityGroupIngress&GroupId=sg-00000001&IpPermissions.1.IpProtocol=tcp"
        "&IpPermissions.1.FromPort=1&IpPermissions.1.ToPort=2"
        "&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0"),
    EC2("Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=eni-00000001"
        "&SecurityGroupId.1=sg-0c0de000000000001"),
    EC2("Action=CreateSnapshots&InstanceSpecification.InstanceId=i-00000001"
        "&CopyTagsFromSource=volume"),
    EC2("Action=DescribeSnapshots"),
    EC2("Action=StopInstances&InstanceId.1=i-00000001"),
    EC2("Action=DescribeInstances"),
    { NULL, "[{\"kind\":\"fail_after\"}]" },
    IAM("Action=PutRolePolicy&RoleName=web&PolicyName=p&PolicyDocument=" POLICY),
    IAM("Action=GetRolePolicy&RoleName=web&PolicyName=p"),
    IAM("Action=GetInstanceProfile&InstanceProfileName=web-profile"),
};

static void check(bool holds, const char *what, long number)
{
    if (holds)
        return;
    fprintf(stderr, "allocation %ld: %s\n", number, what);
    exit(1);
}

enum { LINES = COUNT_OF(conversation) };

/* A line of the conversation as the door hands it over. */
struct line {
    struct http_header headers[2 + SIGV4_HEADERS_MAX];
    struct sigv4_request request;
};

/* Add the signature's headers; what they hold lives in `arena`. */
static void sign(struct arena *arena, const char *service, struct line *line)
{
    struct secret secret = { 0 };
    struct sigv4_credentials credentials = { STR("AKIASANDBOX111122"), &secret, NULL };
    bool is_iam = strcmp(service, "iam") == 0;
    struct sigv4_options options = { .service = str_from(service),
        .region = is_iam ? STR("us-east-1") : STR("eu-west-1"),
        .at_unix_s = NOW_S };
    struct sigv4_signed done;
    if (secret_set(&secret, STR("sandbox-secret-of-111122223333")) != ERR_OK
        || sigv4_sign(arena, &line->request, &credentials, &options, &done) != ERR_OK)
        exit(2);
    for (uint32_t at = 0; at < done.headers_count; at++)
        line->headers[line->request.headers_count++] = done.headers[at];
    secret_release(&secret);
}

/* All lines, signed while there is still memory. */
static void prepare(struct arena *arena, struct line lines[static LINES])
{
    for (size_t at = 0; at < LINES; at++) {
        const char *service = conversation[at].service;
        struct line *line = &lines[at];
        line->headers[0] = (struct http_header){ STR("host"), STR("127.0.0.1") };
        line->headers[1] =
            (struct http_header){ STR("content-type"), STR("application/x-www-form-urlencoded") };
        line->request = (struct sigv4_request){ STR("POST"),
            service == NULL ? STR("/_sandbox/faults") : STR("/"), STR(""), line->headers, 2,
            str_from(conversation[at].body) };
        if (service != NULL)
            sign(arena, service, line);
    }
}

/* Say one line; the answer's status. */
static int say(struct sandbox_memory *memory, const struct line *line)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(CALL_ARENA_BYTES_MAX);
    struct answer answer;
    sandbox_serve(memory, &line->request, (int64_t)NOW_S * 1000, &arena, &answer);
    buf_release(&answer.body);
    return answer.status;
}

static void check_world(const struct sandbox_memory *memory, long number)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    CLEANUP(world_release) struct world again = { 0 };
    const char *reason = NULL;
    char *text = json_dumps(memory->world.root, 0);
    enum err err = text == NULL ? ERR_MEMORY : world_load(str_from(text), &arena, &again, &reason);
    check(err == ERR_OK, reason == NULL ? err_text(err) : reason, number);
    free(text);
}

/* One conversation; with a number from 0 on, that allocation fails. */
static bool survives(const struct line *lines, long number)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct sandbox_memory memory;
    const char *reason = NULL;
    if (number >= 0)
        allocation_fail(number, false);
    enum err err = sandbox_memory_init(str_from(small_world), &arena, &memory, &reason);
    check(err == ERR_OK || err == ERR_MEMORY || err == ERR_JSON, err_text(err), number);
    for (size_t at = 0; err == ERR_OK && at < LINES; at++) {
        int status = say(&memory, &lines[at]);
        bool is_failing = strstr(conversation[at].body, "PutRolePolicy") != NULL;
        check(number >= 0 || status == (is_failing ? 500 : 200), conversation[at].body, number);
    }
    bool has_failed = allocation_heal();
    check(has_failed || err == ERR_OK, "an error without a failure", number);
    if (err == ERR_OK)
        check_world(&memory, number);
    sandbox_memory_release(&memory);
    return has_failed;
}

int main(void)
{
    allocation_libraries();
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct line lines[LINES];
    prepare(&arena, lines);
    survives(lines, -1);
    long number = 0;
    while (survives(lines, number))
        number++;
    printf("ok 1 - a conversation with the sandbox: %ld allocations\n1..1\n", number);
    return 0;
}
