/* test_protect_many.c - a thousand protected things under every alias, and as many neighbours.
 *
 * A neighbour differs in one letter or digit from what is protected, and no clause is about it:
 * so that protecting everything is no way to pass. */
#include "act/protect.h"
#include "compiled.h"

#include <unicode/uspoof.h>

enum { PER_KIND = 200, ALIASES_MAX = 64, RULES_BYTES_MAX = 512 * 1024 };

#define ACCOUNT "111122223333"
#define REGION "eu-west-1"

/* ---- what is protected: names that look nothing like each other ---- */

/* Of number `n` of its kind: a protected thing and its neighbour. */
enum which { PROTECTED, NEIGHBOUR };

static const char *host_name(struct arena *arena, uint32_t n, enum which which)
{
    return arena_format(arena, "srv%03u-%s", n, which == PROTECTED ? "pay" : "way");
}

static const char *role_name(struct arena *arena, uint32_t n, enum which which)
{
    return arena_format(arena, "%s-role-%03u", which == PROTECTED ? "glass" : "grass", n);
}

static const char *ec2_id(struct arena *arena, const char *prefix, uint32_t n, enum which which)
{
    return arena_format(arena, "%s0abc0000%05x%s", prefix, n, which == PROTECTED ? "aaaa" : "aaab");
}

/* 198.18.0.0/15 is for tests of networks (RFC 2544); each protected network has four addresses. */
static const char *address(struct arena *arena, uint32_t n, enum which which)
{
    uint32_t host = n * 8 + (which == PROTECTED ? 2 : 6);
    return arena_format(arena, "198.18.%u.%u", host / 256, host % 256);
}

static const char *owner(struct arena *arena, uint32_t n, enum which which)
{
    return arena_format(arena, "team-%03u-%s", n, which == PROTECTED ? "core" : "cote");
}

/* ---- the clauses ---- */

static void add_list(struct buf *out, struct arena *arena, const char *name, const char *type,
    const char *(*text)(struct arena *arena, uint32_t n))
{
    buf_addf(out, "list %s: %s = [", name, type);
    for (uint32_t n = 0; n < PER_KIND; n++)
        buf_addf(out, "%s\"%s\"", n == 0 ? "" : ", ", text(arena, n));
    buf_addf(out, "]\n");
}

static const char *protected_host(struct arena *arena, uint32_t n)
{
    return host_name(arena, n, PROTECTED);
}

static const char *protected_role(struct arena *arena, uint32_t n)
{
    const char *name = role_name(arena, n, PROTECTED);
    return n % 2 == 0 ? name : arena_format(arena, "arn:aws:iam::" ACCOUNT ":role/app/%s", name);
}

static const char *protected_instance(struct arena *arena, uint32_t n)
{
    const char *id = ec2_id(arena, "i-", n, PROTECTED);
    return n % 2 == 0 ? id
                      : arena_format(arena, "arn:aws:ec2:" REGION ":" ACCOUNT ":instance/%s", id);
}

static const char *protected_network(struct arena *arena, uint32_t n)
{
    return arena_format(arena, "198.18.%u.%u/30", n * 8 / 256, n * 8 % 256);
}

static const char *protected_owner(struct arena *arena, uint32_t n)
{
    return owner(arena, n, PROTECTED);
}

static const struct program *compile_clauses(struct compilation *compilation, struct arena *arena)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(RULES_BYTES_MAX);
    add_list(&out, arena, "hosts", "text", protected_host);
    add_list(&out, arena, "roles", "text", protected_role);
    add_list(&out, arena, "instances", "text", protected_instance);
    add_list(&out, arena, "networks", "cidr", protected_network);
    add_list(&out, arena, "owners", "text", protected_owner);
    buf_addf(&out, "%s",
        "never target host.name in hosts \"hosts\"\n"
        "never target role.name in roles or role.arn in roles \"roles\"\n"
        "never target instance.id in instances or resource.id in instances \"instances\"\n"
        "never target host.ip in networks \"networks\"\n"
        "never target resource.tags[\"owner\"] in owners \"owners\"\n"
        "rule r { when severity >= low then respond stop_instance instance=\"i-0a0a0a0a\" }\n");
    assert_int_equal(out.err, ERR_OK);
    return compile_good(compilation, arena_copy(arena, buf_str(&out)).ptr); /* which is borrowed */
}

/* ---- aliases ---- */

struct alias {
    enum field field;
    const char *key; /* of a tag */
    const char *text;
};

struct aliases {
    struct arena *arena;
    struct alias items[ALIASES_MAX];
    uint32_t count;
};

static void add_alias(struct aliases *aliases, enum field field, const char *key, const char *text)
{
    assert_true(aliases->count < ALIASES_MAX);
    assert_non_null(text);
    aliases->items[aliases->count++] = (struct alias){ field, key, text };
}

static const char *capitals(struct arena *arena, const char *text)
{
    char *copy = ARENA_ARRAY(arena, char, strlen(text) + 1);
    assert_non_null(copy);
    for (size_t at = 0; text[at] != '\0'; at++)
        copy[at] = text[at] >= 'a' && text[at] <= 'z' ? (char)(text[at] - 'a' + 'A') : text[at];
    return copy;
}

/* Look-alikes of letters: what each is, and as ICU must agree, confusable with. */
static const struct {
    char letter;
    const char *alike[3];
} look_alikes[] = {
    { 'a', { "\u0430", "\uFF41", "\U0001D41A" } }, /* Cyrillic, full width, mathematical */
    { 'c', { "\u0441", "\uFF43", "\U0001D41C" } },
    { 'e', { "\u0435", "\uFF45", "\U0001D41E" } },
    { 'i', { "\u0456", "\uFF49", "\U0001D422" } },
    { 'o', { "\u043E", "\u03BF", "\U0001D428" } },
    { 'p', { "\u0440", "\u03C1", "\U0001D429" } },
    { 's', { "\u0455", "\uFF53", "\U0001D42C" } },
    { 'y', { "\u0443", "\uFF59", "\U0001D432" } },
    { '-', { "\u2010", "\u2212", "\u2013" } },
};

/* `text` with every letter that has one replaced by its look-alike of that kind; only those
 * from `first` on. */
static const char *spoof(struct arena *arena, const char *text, size_t kind, size_t first)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
    for (size_t at = 0; text[at] != '\0'; at++) {
        str part = { text + at, 1 };
        for (size_t row = 0; at >= first && row < COUNT_OF(look_alikes); row++)
            if (look_alikes[row].letter == text[at])
                part = str_from(look_alikes[row].alike[kind]);
        buf_add(&out, part);
    }
    assert_int_equal(out.err, ERR_OK);
    return arena_copy(arena, buf_str(&out)).ptr;
}

/* A name as it is, in capitals, and as four look-alikes. */
static void add_spellings(
    struct aliases *aliases, enum field field, const char *key, const char *name)
{
    struct arena *arena = aliases->arena;
    add_alias(aliases, field, key, name);
    add_alias(aliases, field, key, capitals(arena, name));
    for (size_t kind = 0; kind < 3; kind++)
        add_alias(aliases, field, key, spoof(arena, name, kind, 0));
    add_alias(aliases, field, key, spoof(arena, name, 0, 6));
    add_alias(aliases, field, key, arena_format(arena, "\u200B%s\u00AD", name));
}

static void host_aliases(struct aliases *aliases, uint32_t n, enum which which)
{
    struct arena *arena = aliases->arena;
    const char *name = host_name(arena, n, which);
    add_spellings(aliases, FIELD_HOST_NAME, "", name);
    add_alias(aliases, FIELD_HOST_NAME, "", arena_format(arena, "%s.", name));
    add_alias(aliases, FIELD_HOST_NAME, "", arena_format(arena, "%s.corp.example.org", name));
    add_alias(aliases, FIELD_HOST_NAME, "",
        capitals(arena, arena_format(arena, "%s.corp.example.org.", name)));
    add_alias(aliases, FIELD_HOST_NAME, "",
        arena_format(arena, "%s.example.org", spoof(arena, name, 0, 0)));
}

static void role_aliases(struct aliases *aliases, uint32_t n, enum which which)
{
    struct arena *arena = aliases->arena;
    const char *name = role_name(arena, n, which);
    const char *arn = arena_format(arena, "arn:aws:iam::" ACCOUNT ":role/app/%s", name);
    add_alias(aliases, FIELD_ROLE_ARN, "", arn);
    add_alias(aliases, FIELD_RESOURCE_ID, "", arn);
    if (n % 2 != 0) /* the list has an ARN with a path, which a name alone does not have */
        return;
    add_alias(aliases, FIELD_ROLE_NAME, "", name);
    add_alias(aliases, FIELD_ROLE_NAME, "", capitals(arena, name));
    add_alias(aliases, FIELD_RESOURCE_ID, "",
        arena_format(arena, "arn:aws:sts::" ACCOUNT ":assumed-role/%s/i-0abc0abc", name));
    add_alias(
        aliases, FIELD_ROLE_ARN, "", arena_format(arena, "arn:aws:iam::" ACCOUNT ":role/%s", name));
}

static void instance_aliases(struct aliases *aliases, uint32_t n, enum which which)
{
    struct arena *arena = aliases->arena;
    const char *id = ec2_id(arena, "i-", n, which);
    const char *arn = arena_format(arena, "arn:aws:ec2:" REGION ":" ACCOUNT ":instance/%s", id);
    add_alias(aliases, FIELD_INSTANCE_ID, "", id);
    add_alias(aliases, FIELD_RESOURCE_ID, "", id);
    add_alias(aliases, FIELD_RESOURCE_ID, "", arn);
}

static void address_aliases(struct aliases *aliases, uint32_t n, enum which which)
{
    struct arena *arena = aliases->arena;
    const char *text = address(arena, n, which);
    uint32_t host = n * 8 + (which == PROTECTED ? 2 : 6);
    add_alias(aliases, FIELD_HOST_IP, "", text);
    add_alias(aliases, FIELD_HOST_IP, "", arena_format(arena, "::ffff:%s", text));
    add_alias(aliases, FIELD_HOST_IP, "", arena_format(arena, "0:0:0:0:0:FFFF:C612:%04x", host));
}

static void owner_aliases(struct aliases *aliases, uint32_t n, enum which which)
{
    struct arena *arena = aliases->arena;
    const char *text = owner(arena, n, which);
    add_spellings(aliases, FIELD_RESOURCE_TAGS, "owner", text);
    add_alias(aliases, FIELD_RESOURCE_TAGS, "OWNER", text);
    add_alias(aliases, FIELD_RESOURCE_TAGS, spoof(arena, "owner", 0, 0), text);
}

static void (*const kinds[])(struct aliases *aliases, uint32_t n, enum which which) = {
    host_aliases, role_aliases, instance_aliases, address_aliases, owner_aliases
};

/* ---- judging ---- */

static const struct builtin row = { .name = "stop_instance",
    .verb = VERB_RESPOND,
    .params = { { .name = "instance", .type = TYPE_INSTANCE, .need = PARAM_TARGET } },
    .effect = EFFECT_CHANGES };

/* Whether a target is protected that has this alias and, around it, names of no interest. */
static bool is_protected(const struct program *program, const struct event *event,
    const struct alias *alias, bool is_of_alert)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct fact place = { .field = FIELD_CLOUD_ACCOUNT, .text = STR(ACCOUNT) };
    const struct fact region = { .next = &place, .field = FIELD_CLOUD_REGION, .text = STR(REGION) };
    const struct fact decoy = {
        .next = &region, .field = FIELD_RESOURCE_TAGS, .key = STR("Owner"), .text = STR("nobody")
    };
    const struct fact named = { .next = &decoy,
        .field = (uint32_t)alias->field,
        .key = str_from(alias->key),
        .text = str_from(alias->text) };
    const struct plan plan = { .facts = is_of_alert ? &region : &named };
    struct event alert = *event;
    if (is_of_alert)
        assert_int_equal(value_convert(&arena, value_text(named.text),
                             field_info(alias->field)->type, &alert.fields[alias->field]),
            ERR_OK);
    const struct step_cause cause = {
        .program = program, .rule = &program->rules[0], .event = &alert
    };
    struct protection protection;
    assert_int_equal(protect_judge(&cause, &row, &plan, &arena, &protection), ERR_OK);
    return protection.guard != NULL;
}

/* How many of the aliases of one thing are judged otherwise than `is_wanted`. */
static uint32_t count_wrong(const struct program *program, const struct event *event,
    const struct aliases *aliases, bool is_wanted)
{
    uint32_t wrong = 0;
    for (uint32_t at = 0; at < aliases->count; at++) {
        const struct alias *alias = &aliases->items[at];
        bool is_tag = alias->field == FIELD_RESOURCE_TAGS;
        bool is_right = is_protected(program, event, alias, false) == is_wanted
                        && (is_tag || is_protected(program, event, alias, true) == is_wanted);
        if (!is_right)
            print_error("%s %s %s: %s\n", field_info(alias->field)->name, alias->key, alias->text,
                is_wanted ? "is not protected" : "is protected");
        wrong += !is_right;
    }
    return wrong;
}

static uint32_t judge_all(enum which which, uint32_t *ret_aliases)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct program *program = compile_clauses(&compilation, &arena);
    struct event event =
        read_alert(program, &arena, "{\"source\":\"guardduty\",\"severity\":\"high\"}");
    uint32_t wrong = 0;
    *ret_aliases = 0;
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        for (uint32_t n = 0; n < PER_KIND; n++) {
            struct aliases aliases = { .arena = &arena };
            kinds[kind](&aliases, n, which);
            wrong += count_wrong(program, &event, &aliases, which == PROTECTED);
            *ret_aliases += aliases.count;
        }
    }
    return wrong;
}

static void a_thousand_protected_things_are_protected_under_every_alias(void **state)
{
    uint32_t aliases;
    (void)state;
    assert_int_equal(judge_all(PROTECTED, &aliases), 0);
    print_message("%d things, %u aliases: none let through\n", PER_KIND * 5, aliases);
    assert_true(aliases > 5000);
}

static void as_many_neighbours_are_not(void **state)
{
    uint32_t aliases;
    (void)state;
    assert_int_equal(judge_all(NEIGHBOUR, &aliases), 0);
    print_message("%d neighbours, %u aliases: none stopped\n", PER_KIND * 5, aliases);
}

/* The table of this test is no wish: ICU calls each pair confusable, or the same. */
static void the_look_alikes_of_this_test_are_unicodes(void **state)
{
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker *checker = uspoof_open(&status);
    (void)state;
    assert_true(U_SUCCESS(status));
    uspoof_setChecks(checker, USPOOF_CONFUSABLE, &status);
    for (size_t at = 0; at < COUNT_OF(look_alikes); at++)
        for (size_t kind = 0; kind < COUNT_OF(look_alikes[0].alike); kind++) {
            const char letter[] = { look_alikes[at].letter, '\0' };
            if (uspoof_areConfusableUTF8(
                    checker, letter, 1, look_alikes[at].alike[kind], -1, &status)
                == 0)
                fail_msg("%s is not confusable with %s", look_alikes[at].alike[kind], letter);
        }
    uspoof_close(checker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_look_alikes_of_this_test_are_unicodes),
        cmocka_unit_test(a_thousand_protected_things_are_protected_under_every_alias),
        cmocka_unit_test(as_many_neighbours_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
