/* test_doubt.c - excuses have three values: against an evaluator that says so in one page. */
#include "compiled.h"
#include "decide.h"

enum { CONDITIONS = 400, CONDITION_BYTES_MAX = 4096, NODES_MAX = 64 };

/* ---- alerts: each field in each state ---- */

enum state { STATE_ABSENT, STATE_NULL, STATE_A, STATE_B, STATE_COUNT };
enum number {
    NUMBER_ABSENT,
    NUMBER_NULL,
    NUMBER_WORD,
    NUMBER_SMALL,
    NUMBER_BIG,
    NUMBER_OBJECT,
    NUMBER_EMPTY,  /* [] */
    NUMBER_PARTLY, /* [{}, 7] */
    NUMBER_OTHERS, /* [{}, 3] */
    NUMBER_COUNT
};
/* host.ip: a mapped list, of which what does not fit is lost. */
enum ips {
    IPS_ABSENT,
    IPS_EMPTY,
    IPS_NONE_FITS,
    IPS_INSIDE,
    IPS_LOST_INSIDE,
    IPS_LOST_OUTSIDE,
    IPS_MIXED,
    IPS_COUNT
};

struct alert {
    enum state fields[2]; /* user.name, host.name */
    enum number number;   /* raw["n"] */
    enum ips ips;
};

static const char *const field_names[] = { "user.name", "host.name" };
static const char *const members[2][STATE_COUNT] = {
    { "", ",\"u\":null", ",\"u\":\"a\"", ",\"u\":\"b\"" },
    { "", ",\"h\":null", ",\"h\":\"a\"", ",\"h\":\"b\"" },
};
static const char *const numbers[NUMBER_COUNT] = { "", ",\"n\":null", ",\"n\":\"many\"", ",\"n\":3",
    ",\"n\":\"7\"", ",\"n\":{\"v\":7}", ",\"n\":[]", ",\"n\":[{},7]", ",\"n\":[{},3]" };
static const char *const addresses[IPS_COUNT] = { "", ",\"i\":[]", ",\"i\":[\"x\"]",
    ",\"i\":[\"10.0.0.1\",null]", ",\"i\":[\"x\",\"10.0.0.1\"]", ",\"i\":[\"x\",\"11.0.0.1\"]",
    ",\"i\":[\"11.0.0.1\",\"10.0.0.1\"]" };

/* ---- conditions ---- */

enum kind {
    IS_A,     /* f = "a" */
    IS_NOT_B, /* f != "b" */
    IN_LIST,  /* f in ["b", "c"] */
    NOT_IN,   /* f not in ["a", "c"] */
    SAME,     /* f = g */
    LOWER,    /* lower(f) startswith "A" */
    EXISTS,
    MISSING,
    IS_NULL,
    FIRST,     /* first(f, g) = "a" */
    MORE,      /* raw["n"] > 5 */
    ALL_MORE,  /* all raw["n"] > 5 */
    SEVEN,     /* raw["n"] = 7 */
    NOT_SEVEN, /* raw["n"] != 7 */
    WORD,      /* raw["n"] = "many" */
    HAS_WORD,  /* raw["n"] contains "man" */
    TRUTH,     /* raw["n"] = true */
    RAW_NULL,  /* raw["n"] is null */
    INSIDE,    /* host.ip in "10.0.0.0/8" */
    ALL_INSIDE,
    OUTSIDE,   /* host.ip not in "10.0.0.0/8" */
    LET_FALSE, /* said = false, where `let said = user.name = "a"` */
    MACRO,     /* called(f): a condition with `not` in it */
    LEAF_KINDS,
    NOT = LEAF_KINDS,
    AND,
    OR,
};

struct node {
    enum kind kind;
    int field;
    const struct node *left;
    const struct node *right;
};

struct forest {
    struct node nodes[NODES_MAX];
    size_t count;
    uint64_t random;
};

static uint32_t next_random(struct forest *forest, uint32_t below)
{
    forest->random = forest->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(forest->random >> 33) % below;
}

static const struct node *grow(struct forest *forest, int depth)
{
    struct node *node = &forest->nodes[forest->count++];
    assert_true(forest->count <= NODES_MAX);
    uint32_t choice = depth == 0 ? 3 : next_random(forest, 6);
    node->field = (int)next_random(forest, 2);
    if (choice > 2) {
        node->kind = (enum kind)next_random(forest, LEAF_KINDS);
        return node;
    }
    node->kind = (enum kind)(NOT + (int)choice);
    node->left = grow(forest, depth - 1);
    node->right = node->kind == NOT ? NULL : grow(forest, depth - 1);
    return node;
}

static void write_node(struct buf *out, const struct node *node)
{
    const char *f = field_names[node->field];
    const char *g = field_names[1 - node->field];
    static const char *const leaves[LEAF_KINDS] = {
        [IS_A] = "%s = \"a\"",
        [IS_NOT_B] = "%s != \"b\"",
        [IN_LIST] = "%s in [\"b\", \"c\"]",
        [NOT_IN] = "%s not in [\"a\", \"c\"]",
        [LOWER] = "lower(%s) startswith \"A\"",
        [EXISTS] = "exists %s",
        [MISSING] = "missing %s",
        [IS_NULL] = "%s is null",
        [MACRO] = "called(%s)",
    };
    static const char *const whole[LEAF_KINDS] = {
        [MORE] = "raw[\"n\"] > 5",
        [ALL_MORE] = "all raw[\"n\"] > 5",
        [SEVEN] = "raw[\"n\"] = 7",
        [NOT_SEVEN] = "raw[\"n\"] != 7",
        [WORD] = "raw[\"n\"] = \"many\"",
        [HAS_WORD] = "raw[\"n\"] contains \"man\"",
        [TRUTH] = "raw[\"n\"] = true",
        [RAW_NULL] = "raw[\"n\"] is null",
        [LET_FALSE] = "said = false",
        [INSIDE] = "host.ip in \"10.0.0.0/8\"",
        [ALL_INSIDE] = "all host.ip in \"10.0.0.0/8\"",
        [OUTSIDE] = "host.ip not in \"10.0.0.0/8\"",
    };
    if (node->kind == AND || node->kind == OR || node->kind == NOT) {
        buf_addf(out, node->kind == NOT ? "not (" : "(");
        write_node(out, node->left);
        if (node->right != NULL) {
            buf_addf(out, node->kind == AND ? " and " : " or ");
            write_node(out, node->right);
        }
        buf_addf(out, ")");
        return;
    }
    if (node->kind == SAME)
        buf_addf(out, "%s = %s", f, g);
    else if (node->kind == FIRST)
        buf_addf(out, "first(%s, %s) = \"a\"", f, g);
    else if (whole[node->kind] != NULL)
        buf_addf(out, "%s", whole[node->kind]);
    else {
        const char *leaf = leaves[node->kind];
        size_t hole = (size_t)(strstr(leaf, "%s") - leaf);
        buf_addf(out, "%.*s%s%s", (int)hole, leaf, f, leaf + hole + 2);
    }
}

/* ---- what they mean ---- */

enum truth { IS_FALSE, IS_UNKNOWN, IS_TRUE };

static enum truth truth_if(bool is_known, bool holds)
{
    return !is_known ? IS_UNKNOWN : holds ? IS_TRUE : IS_FALSE;
}

/* In a mapped field null is what a vendor writes for nothing. */
static enum state field_state(const struct alert *alert, int field)
{
    return alert->fields[field] == STATE_NULL ? STATE_ABSENT : alert->fields[field];
}

/* A test of raw["n"]: the outcome for each way it may stand in the alert. `o` is open. */
static enum truth number_truth(enum kind kind, enum number number)
{
    static const char *const outcomes[LEAF_KINDS] = {
        /* absent null "many" 3 "7" {} [] [{},7] [{},3] */
        [MORE] = "ooo-+oo+o",
        [ALL_MORE] = "ooo-+oooo",
        [SEVEN] = "ooo-+oo+o",
        [NOT_SEVEN] = "ooo+-oooo",
        [WORD] = "oo+--oooo",
        [HAS_WORD] = "oo+o-oooo",
        [TRUTH] = "ooooooooo",
        [RAW_NULL] = "o+-------",
    };
    char outcome = outcomes[kind][number];
    return outcome == 'o' ? IS_UNKNOWN : outcome == '+' ? IS_TRUE : IS_FALSE;
}

static enum truth ips_truth(enum kind kind, enum ips ips)
{
    static const char *const outcomes[LEAF_KINDS] = {
        /* absent, empty, none, inside, lost and inside, lost and outside, mixed */
        [INSIDE] = "ooo++o+",
        [ALL_INSIDE] = "ooo+oo-",
        [OUTSIDE] = "ooo-oo-",
    };
    char outcome = outcomes[kind][ips];
    return outcome == 'o' ? IS_UNKNOWN : outcome == '+' ? IS_TRUE : IS_FALSE;
}

static enum truth leaf_truth(const struct node *node, const struct alert *alert)
{
    enum state f = field_state(alert, node->field);
    enum state g = field_state(alert, 1 - node->field);
    bool is_known = f > STATE_NULL;
    switch ((int)node->kind) {
    case IS_A:
    case LOWER:
    case FIRST:
        return truth_if(is_known, f == STATE_A);
    case IS_NOT_B:
    case MACRO: /* not (f = "b") */
        return truth_if(is_known, f != STATE_B);
    case IN_LIST:
    case NOT_IN:
        return truth_if(is_known, f == STATE_B);
    case SAME:
        return truth_if(is_known && g > STATE_NULL, f == g);
    case EXISTS:
        return truth_if(true, f != STATE_ABSENT);
    case MISSING:
        return truth_if(true, f == STATE_ABSENT);
    case IS_NULL:
        return truth_if(f != STATE_ABSENT, f == STATE_NULL);
    case MORE:
    case ALL_MORE:
    case SEVEN:
    case NOT_SEVEN:
    case WORD:
    case HAS_WORD:
    case TRUTH:
    case RAW_NULL:
        return number_truth(node->kind, alert->number);
    case INSIDE:
    case ALL_INSIDE:
    case OUTSIDE:
        return ips_truth(node->kind, alert->ips);
    case LET_FALSE:
        return truth_if(alert->fields[0] > STATE_NULL, alert->fields[0] != STATE_A);
    default:
        fail();
        return IS_UNKNOWN;
    }
}

static enum truth truth_of(const struct node *node, const struct alert *alert)
{
    if (node->kind < LEAF_KINDS)
        return leaf_truth(node, alert);
    enum truth left = truth_of(node->left, alert);
    if (node->kind == NOT)
        return (enum truth)(IS_TRUE - left);
    enum truth right = truth_of(node->right, alert);
    if (node->kind == AND)
        return left < right ? left : right;
    return left > right ? left : right;
}

/* ---- the comparison ---- */

struct case_table {
    struct forest forests[CONDITIONS];
    const struct node *roots[CONDITIONS];
};

static const char prelude[] =
    "source mine { accept exists raw[\"x\"] severity = raw[\"s\"] user.name = raw[\"u\"]\n"
    "  host.name = raw[\"h\"] host.ip = raw[\"i\"] }\n"
    "let said = user.name = \"a\"\n"
    "macro called(name : text) = not (name = \"b\")\n";

static void write_rules(struct case_table *table, struct buf *rules)
{
    buf_addf(rules, "%s", prelude);
    for (int i = 0; i < CONDITIONS; i++) {
        table->forests[i] = (struct forest){ .random = (uint64_t)i * 7919 + 1 };
        table->roots[i] = grow(&table->forests[i], 4);
        buf_addf(rules, "rule r%d { when severity >= low unless ", i);
        write_node(rules, table->roots[i]);
        buf_addf(rules, " then open case }\n");
    }
}

/* How often each of the three came out, so that the test is known to have met them all. */
static void compare(const struct program *program, const struct case_table *table,
    const struct alert *alert, size_t counts[3])
{
    static const enum rule_outcome outcomes[] = { RULE_FIRES, RULE_FIRES_IN_DOUBT, RULE_EXCUSED };
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    char json[256];
    snprintf(json, sizeof json, "{\"x\":1,\"s\":\"high\"%s%s%s%s}", members[0][alert->fields[0]],
        members[1][alert->fields[1]], numbers[alert->number], addresses[alert->ips]);
    struct event event = read_alert(program, &arena, json);
    for (int i = 0; i < CONDITIONS; i++) {
        struct rule_decision decision;
        const struct rule_code *rule = &program->rules[i];
        enum truth truth = truth_of(table->roots[i], alert);
        assert_int_equal(rule_decide(program, rule, &event, &arena, &decision), ERR_OK);
        if (decision.outcome != outcomes[truth])
            print_error("unless %.*s: %d, not %d, for %s\n", STR_ARG(rule->excuses[0].text),
                (int)decision.outcome, (int)outcomes[truth], json);
        assert_int_equal(decision.outcome, outcomes[truth]);
        counts[truth]++;
        if (truth != IS_UNKNOWN)
            continue;
        const char *reason = NULL;
        assert_int_equal(excuse_doubt(program, decision.excuse, &event, &arena, &reason), ERR_OK);
        assert_null(strstr(reason, "lacks what it asks for")); /* it names what is missing */
    }
}

static void an_excuse_is_true_false_or_in_doubt(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(buf_release) struct buf rules = BUF_INIT(CONDITIONS * CONDITION_BYTES_MAX);
    struct case_table *table = calloc(1, sizeof *table);
    size_t counts[3] = { 0 };
    assert_non_null(table);
    write_rules(table, &rules);
    buf_addf(&rules, "%c", '\0');
    const struct program *program = compile_good(&compilation, buf_str(&rules).ptr);
    assert_int_equal(program->rule_count, CONDITIONS);
    for (int u = 0; u < STATE_COUNT; u++)
        for (int h = 0; h < STATE_COUNT; h++)
            for (int n = 0; n < NUMBER_COUNT * IPS_COUNT; n++) {
                struct alert alert = { { (enum state)u, (enum state)h },
                    (enum number)(n % NUMBER_COUNT), (enum ips)(n / NUMBER_COUNT) };
                compare(program, table, &alert, counts);
            }
    for (int truth = IS_FALSE; truth <= IS_TRUE; truth++)
        assert_true(counts[truth] > 1000);
    free(table);
}

/* ---- several excuses, and their dates ---- */

#define ALERT(rest) "{\"source\":\"defender\",\"severity\":\"high\"" rest "}"

static struct rule_decision decide(
    struct compilation *compilation, const char *json, int64_t received_ms)
{
    const struct projection *projection;
    const struct program *program = compilation->program;
    struct event event;
    struct rule_decision decision;
    struct json_fault fault;
    struct arena *arena = &compilation->arena;
    assert_int_equal(
        projection_new(arena, program->paths, program->path_count, &projection), ERR_OK);
    assert_int_equal(event_read(program, projection, str_from(json), STR(""), received_ms, arena,
                         &event, &fault),
        ERR_OK);
    assert_int_equal(rule_decide(program, &program->rules[0], &event, arena, &decision), ERR_OK);
    return decision;
}

static void one_certain_excuse_is_enough_and_the_first_is_told(void **state)
{
    (void)state;
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_good(&compilation, "rule r { when severity >= high unless host.name = \"a\"\n"
                               "  unless user.name = \"b\" then open case }\n"
                               "exception pentest for r when src.ip in \"198.51.100.0/24\"\n"
                               "  until 2027-01-31 reason \"CHG-1\"");
    struct rule_decision d = decide(&compilation, ALERT(",\"user\":{\"name\":\"b\"}"), 0);
    assert_int_equal(d.outcome, RULE_EXCUSED);
    assert_true(str_is(d.excuse->text, "user.name = \"b\""));
    d = decide(&compilation, ALERT(",\"src\":{\"ip\":\"198.51.100.7\"}"), 0);
    assert_int_equal(d.outcome, RULE_EXCUSED);
    assert_true(str_is(d.excuse->name, "pentest"));
    assert_true(str_is(d.excuse->reason, "CHG-1"));
    d = decide(&compilation, ALERT(",\"host\":{\"name\":\"x\"}"), 0);
    assert_int_equal(d.outcome, RULE_FIRES_IN_DOUBT);
    assert_true(str_is(d.excuse->text, "user.name = \"b\""));
    d = decide(&compilation, "{\"source\":\"defender\",\"severity\":\"low\"}", 0);
    assert_int_equal(d.outcome, RULE_SILENT);
    assert_null(d.excuse);
}

static void a_date_counts_whole_and_a_moment_counts_itself(void **state)
{
    (void)state;
    static const int64_t day_after = 1801440000000; /* 2027-02-01T00:00:00Z */
    static const struct {
        const char *until;
        int64_t received_ms;
        enum rule_outcome outcome;
    } cases[] = {
        { "2027-01-31", day_after - 1, RULE_EXCUSED },
        { "2027-01-31", day_after, RULE_FIRES },
        { "2027-02-01T00:00:00Z", day_after, RULE_EXCUSED },
        { "2027-02-01T00:00:00Z", day_after + 1, RULE_FIRES },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        char text[256];
        snprintf(text, sizeof text,
            "rule r { when severity >= high unless host.name = \"a\" until %s reason \"CHG-1\"\n"
            "  then open case }",
            cases[i].until);
        compile_good(&compilation, text);
        const char *excused = ALERT(",\"host\":{\"name\":\"a\"}");
        struct rule_decision d = decide(&compilation, excused, cases[i].received_ms);
        assert_int_equal(d.outcome, cases[i].outcome);
        /* What is over leaves no doubt either. */
        d = decide(&compilation, ALERT(""), cases[i].received_ms);
        assert_int_equal(
            d.outcome, cases[i].outcome == RULE_FIRES ? RULE_FIRES : RULE_FIRES_IN_DOUBT);
    }
}

static void the_reason_names_the_clause_the_field_and_a_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *unless;
        const char *alert;
        const char *parts[3];
    } cases[] = {
        { "host.name in [\"dc-01\"]", ALERT(""),
            { "has no host.name", "`unless host.name in [\"dc-01\"]` (test.cdr:1)",
                "`exists host.name and ..`" } },
        { "host.name = \"a\"", ALERT(",\"host\":{\"name\":null}"),
            { "the alert's host.name is null", "a person must look", "host.name is null or" } },
        /* what the condition asks `exists` of is not what leaves it open */
        { "(exists user.id and user.id = \"u\") or host.name = \"a\"", ALERT(""),
            { "has no host.name", "to have it decided", "missing host.name or" } },
        { "resource in prod", ALERT(""),
            { "has no cloud.provider, so", "unless resource in prod",
                "exists cloud.provider and" } },
        { "resource in prod",
            ALERT(",\"cloud\":{\"provider\":\"aws\",\"account\":\"111122223333\"}"),
            { "has no resource.tags[\"env\"], so", "`unless resource",
                "missing resource.tags[\"env\"] or" } },
        { "len(host.name) > 3", ALERT(""),
            { "has no host.name, so", "unless len", "exists host.name and" } },
        { "host.ip in \"10.0.0.0/8\"", ALERT(",\"host.ip\":[]"),
            { "the alert's host.ip does not fit", "cannot be decided", "beside `host.ip`" } },
        { "raw[\"n\"] > 5", ALERT(""),
            { "has no raw[\"n\"], so", "a person must look", "exists raw[\"n\"] and" } },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        char text[256];
        const char *reason = "";
        snprintf(text, sizeof text,
            "rule r { when severity >= high unless %s then open case }\n"
            "environment prod { aws accounts [\"111122223333\"] tags { env = \"prod\" } }",
            cases[i].unless);
        const struct program *program = compile_good(&compilation, text);
        struct event event = read_alert(program, &compilation.arena, cases[i].alert);
        struct rule_decision d = decide(&compilation, cases[i].alert, 0);
        assert_int_equal(d.outcome, RULE_FIRES_IN_DOUBT);
        assert_int_equal(
            excuse_doubt(program, d.excuse, &event, &compilation.arena, &reason), ERR_OK);
        for (size_t part = 0; part < COUNT_OF(cases[i].parts); part++) {
            if (strstr(reason, cases[i].parts[part]) == NULL)
                print_error("%s\n", reason);
            assert_non_null(strstr(reason, cases[i].parts[part]));
        }
    }
}

static void what_every_alert_decides_has_no_second_form(void **state)
{
    (void)state;
    static const struct {
        const char *unless;
        bool is_decided;
    } cases[] = {
        { "exists host.name", true }, { "not (missing host.name or exists user.id)", true },
        { "hour(time) in 7..20", true }, { "anywhere contains \"drill\"", true },
        { "exists host.name and hour(received) in 7..20", true }, { "host.name = \"a\"", false },
        { "exists host.name and host.name = \"a\"", false }, /* it may be null */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(compile_release) struct compilation compilation = { 0 };
        char text[256];
        snprintf(text, sizeof text, "rule r { when severity >= high unless %s then open case }",
            cases[i].unless);
        const struct program *program = compile_good(&compilation, text);
        assert_int_equal(program->rules[0].excuse_count, 1);
        assert_int_equal(program->rules[0].excuses[0].possible == NO_INDEX, cases[i].is_decided);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_excuse_is_true_false_or_in_doubt),
        cmocka_unit_test(one_certain_excuse_is_enough_and_the_first_is_told),
        cmocka_unit_test(a_date_counts_whole_and_a_moment_counts_itself),
        cmocka_unit_test(the_reason_names_the_clause_the_field_and_a_way_out),
        cmocka_unit_test(what_every_alert_decides_has_no_second_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
