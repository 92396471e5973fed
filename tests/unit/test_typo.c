/* test_typo.c - how often "did you mean" finds the word that was meant, over 1,000 seeded
 * typos of one letter. A text goes through the compiler, a command line through its reader, so
 * the message that an author gets is what is judged. */
#include "compiled.h"
#include "driver/command.h"
#include "registry.h"

enum {
    TYPOS = 1000,
    WORDS_MAX = 2000,
    TEXT_BYTES = 512,
    WORD_BYTES = 64,
    WANTED_PERCENT = 95,
    SEED = 20260101
};

enum kind { STEP, FIELD, VALUE, FUNCTION, KEYWORD, PARAMETER, COMMAND, FLAG, DECLARED, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = { "steps", "fields", "values", "functions",
    "keywords", "parameters", "commands", "flags", "declared names" };

/* A right word with what stands around it; for a flag `command` has it. */
struct word {
    enum kind kind;
    str before;
    str text;
    str after;
    const struct command *command;
};

struct words {
    struct arena arena;
    struct word items[WORDS_MAX];
    size_t count;
};

static void add(
    struct words *words, enum kind kind, const char *before, str text, const char *after)
{
    assert_true(words->count < WORDS_MAX);
    words->items[words->count++] = (struct word){
        .kind = kind, .before = str_from(before), .text = text, .after = str_from(after)
    };
}

/* `@word@` in a text is the word. */
static void add_marked(struct words *words, enum kind kind, const char *text)
{
    str all = str_from(text);
    size_t start = str_find(all, '@');
    str rest = str_skip(all, start + 1);
    size_t len = str_find(rest, '@');
    assert_true(len < rest.len);
    const char *before = arena_format(&words->arena, "%.*s", (int)start, text);
    assert_non_null(before);
    add(words, kind, before, str_first(rest, len), rest.ptr + len + 1);
}

static void add_steps(struct words *words)
{
    const struct builtin *builtin;
    for (size_t at = 0; (builtin = builtin_at(at)) != NULL; at++) {
        if (builtin->verb >= VERB_UNDO)
            continue;
        const char *before =
            arena_format(&words->arena, "when severity >= high then %s ", verb_name(builtin->verb));
        assert_non_null(before);
        add(words, STEP, before, str_from(builtin->name), "");
        for (uint32_t i = 0; i < builtin_param_count(builtin); i++) {
            const struct param *param = &builtin->params[i];
            bool is_final = builtin->effect == EFFECT_DESTROYS;
            const char *step = arena_format(&words->arena, "%s%s ", before, builtin->name);
            add(words, PARAMETER, step, str_from(param->name),
                is_final ? "=\"x\" irreversible" : "=\"x\"");
            if (param->choices == NULL)
                continue;
            step = arena_format(&words->arena, "%s%s=", step, param->name);
            str choices = str_from(param->choices);
            for (; choices.len > 0; choices = str_skip(choices, str_find(choices, ' ') + 1))
                add(words, VALUE, step, str_first(choices, str_find(choices, ' ')), "");
        }
    }
}

static void add_names(struct words *words)
{
    for (int at = 0; at < FIELD_COUNT; at++)
        add(words, FIELD, "when exists ", str_from(field_info((enum field)at)->name),
            " then collect triage");
    for (int at = 0; at < SEVERITY_COUNT; at++)
        add(words, VALUE, "when severity >= ", str_from(severity_name((enum severity)at)),
            " then collect triage");
    for (int at = 0; at < VERDICT_COUNT; at++)
        add(words, VALUE, "when severity > low then collect triage as t; if t.verdict = ",
            str_from(verdict_name((enum verdict)at)), " then { open case }");
    for (size_t at = 0; shipped_source_at(at).file != NULL; at++) {
        str file = str_from(shipped_source_at(at).file);
        str name = str_skip(file, str_find_last(file, '/') + 1);
        add(words, VALUE, "when source = ", str_first(name, str_find(name, '.')),
            " then collect triage");
    }
    for (size_t at = 0; function_at(at) != NULL; at++)
        add(words, FUNCTION, "when exists raw[\"a\"] and ", str_from(function_at(at)->name),
            "(raw[\"x\"]) = raw[\"y\"] then collect triage");
}

static void add_keywords(struct words *words)
{
    static const char *const texts[] = {
        "@list@ bad : text = [\"a\"]",
        "@let@ late = severity >= high",
        "@macro@ m(a : text) = a = \"x\"",
        "@rule@ r { when severity >= high then collect triage }",
        "@source@ mine { accept exists raw[\"x\"] }",
        "source mine { @accept@ exists raw[\"x\"] }",
        "source mine { accept exists raw[\"x\"] src.ip = raw[\"y\"] : ip @untrusted@ }",
        "@environment@ e { aws }",
        "@defaults@ { limit 3 targets per 1h }",
        "defaults { @limit@ 3 targets per 1h }",
        "defaults { limit 3 @targets@ per 1h }",
        "defaults { @never@ target host.name = \"a\" }",
        "@disable@ rule old",
        "disable @rule@ old",
        "@exception@ e for r when severity = low until 2027-01-31 reason \"x\"",
        "exception e @for@ r when severity = low until 2027-01-31 reason \"x\"",
        "exception e for r @when@ severity = low until 2027-01-31 reason \"x\"",
        "exception e for r when severity = low @until@ 2027-01-31 reason \"x\"",
        "exception e for r when severity = low until 2027-01-31 @reason@ \"x\"",
        "@never@ respond isolate_role \"x\"",
        "never @respond@ isolate_role \"x\"",
        "@always@ severity = high implies collect any \"x\"",
        "always severity = high @implies@ collect any \"x\"",
        "@test@ \"x\" { alert \"a.json\"; expect quiet }",
        "test \"x\" { @alert@ \"a.json\"; expect quiet }",
        "test \"x\" { alert {\"source\": \"guardduty\"}; @expect@ quiet }",
        "test \"x\" { alert {\"source\": \"guardduty\"}; expect @quiet@ }",
        "test \"x\" { alert {\"source\": \"guardduty\"} @times@ 3 every 1s; expect quiet }",
        "test \"x\" { alert {\"source\": \"guardduty\"} times 3 @every@ 1s; expect quiet }",
        "test \"x\" { alert {\"source\": \"guardduty\"} @after@ 1m; expect quiet }",
        "test \"x\" { @wait@ 1m; expect quiet }",
        "test \"x\" { @result@ triage {}; expect quiet }",
        "@connection@ c { type = \"aws\" }",
        "@daemon@ { listen = \"x\" }",
        "@when@ severity = high then collect triage",
        "rule r { @when@ severity = high then collect triage }",
        "rule r { when severity = high @then@ collect triage }",
        "when severity = high @then@ respond isolate_role",
        "rule r { when severity = high @unless@ host.name = \"a\" then collect triage }",
        "rule r { when severity = high unless host.name = \"a\" @until@ 2027-01-31 reason \"x\" "
        "then collect triage }",
        "rule r { when severity = high @limit@ 3 targets per 1h then collect triage }",
        "rule r { when severity = high @dedup@ by host.id for 6h then collect triage }",
        "rule r { when severity = high @followed@ by (severity = low) by host.id within 1h then "
        "collect triage }",
        "rule r { when severity = high followed by (severity = low) by host.id @within@ 1h then "
        "collect triage }",
        "when severity = high then @collect@ triage",
        "when severity = high then @respond@ isolate_role",
        "when severity = high then @notify@ slack channel=\"#a\" text=\"x\"",
        "when severity = high then @open@ case",
        "when severity = high then collect triage; @respond@ isolate_role",
        "when severity = high then collect triage as t; if t.complete then { open case } @else@ { "
        "open case }",
        "when severity = high then collect triage as t; if t.complete @then@ { open case }",
        "when severity = high then collect triage @timeout@ 5m",
        "when severity = high then collect triage @from@ host.id",
        "when severity = high then respond isolate_role @approve@ by \"x\" within 5m",
        "when severity = high then respond isolate_role approve by \"x\" @within@ 5m",
        "when severity = high then respond isolate_role @for@ 5m",
        "when severity = high then respond delete_security_group @irreversible@",
        "when severity = high then collect triage on @failure@ stop",
        "when severity = high then collect triage on failure @stop@",
        "when host.name @contains@ \"a\" then collect triage",
        "when host.name @startswith@ \"a\" then collect triage",
        "when host.name @endswith@ \"a\" then collect triage",
        "when host.name @like@ \"a*\" then collect triage",
        "when host.name @matches@ /a/ then collect triage",
        "when host.name contains @any@ [\"a\", \"b\"] then collect triage",
        "when host.name is @null@ then collect triage",
        "when host.name = \"a\" @cased@ then collect triage",
        "when host.name = \"a\" @and@ severity = high then collect triage",
        "when @not@ (severity = low) then collect triage",
        "when @exists@ host.name then collect triage",
        "when @missing@ host.name then collect triage",
        "when @anywhere@ contains \"a\" then collect triage",
        "when severity = low and @count@ >= 5 by user.id within 10m then collect triage",
        "when severity = low and count >= 5 by user.id @within@ 10m then collect triage",
        "when severity = low and count of @distinct@ src.ip >= 5 by user.id within 10m then "
        "collect triage",
        "when severity = low and @percentile@ 95 of raw[\"a\"] >= 5 by user.id within 10m then "
        "collect triage",
        "when severity = low and new src.ip by user.id @learn@ 7d then collect triage",
        "when severity = low and new src.ip by user.id learn 7d @forget@ 7d then collect triage",
        "when severity = low and @spike@ of count by user.id within 1h over 7d then collect triage",
        "when severity = low and @travel@ faster than 900 by user.id within 24h then collect "
        "triage",
        "when severity = low and travel @faster@ than 900 by user.id within 24h then collect "
        "triage",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_marked(words, KEYWORD, texts[i]);
}

static void add_declared(struct words *words)
{
#define RULE                                                                                       \
    "list crown_jewels : text = [\"a\"] list vpn_ranges : cidr = [\"10.0.0.0/8\"]\n"               \
    "let night = hour(time) in 0..6 let weekend = weekday(time) in 6..7\n"                         \
    "macro office(addr : ip) = addr in \"10.0.0.0/8\" macro admin(who : text) = who like "         \
    "\"adm*\"\n"
    static const char *const texts[] = {
        RULE "when host.name in @crown_jewels@ then collect triage",
        RULE "when src.ip in @vpn_ranges@ then collect triage",
        RULE "when @night@ then collect triage",
        RULE "when @weekend@ and severity = high then collect triage",
        RULE "when @office@(src.ip) then collect triage",
        RULE "when @admin@(user.name) then collect triage",
        RULE "macro near(address : ip) = @address@ in \"10.0.0.0/8\"",
        RULE "when severity = high then collect triage as evidence; if @evidence@.complete then { "
             "open case }",
        RULE "list bad : @text@ = [\"a\"]",
        RULE "list bad : @duration@ = [1h]",
        RULE "list bad : @security_group@ = [\"sg-0123456789abcdef0\"]",
        RULE "list bad : @access_key@ = [\"x\"]",
        "when severity = high then collect triage as t; if t.@complete@ then { open case }",
        "when severity = high then collect triage as t; if t.@partial@ then { open case }",
        "when severity = high then collect triage as t; if t.@verdict@ = clean then { open case }",
    };
#undef RULE
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_marked(words, DECLARED, texts[i]);
}

static void add_command_line(struct words *words)
{
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        add(words, COMMAND, "", str_from((*at)->name), "");
        const struct option *row;
        for (size_t i = 0; (row = option_at(*at, i)) != NULL; i++) {
            add(words, FLAG, "--", str_from(option_name(row->id)), "");
            words->items[words->count - 1].command = *at;
        }
    }
}

/* ---- typos ---- */

/* Numerical Recipes' generator: the same typos on every machine. */
static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* One letter more, less, another, or two neighbours swapped. */
static str mistype(uint32_t *state, str word, char room[static WORD_BYTES])
{
    uint32_t len = (uint32_t)word.len;
    uint32_t at = draw(state, len);
    char letter = (char)('a' + draw(state, 26));
    assert_true(len + 1 < WORD_BYTES);
    memcpy(room, word.ptr, len);
    switch (draw(state, 4)) {
    case 0:
        memmove(room + at + 1, room + at, len - at);
        room[at] = letter;
        return (str){ room, len + 1 };
    case 1:
        memmove(room + at, room + at + 1, len - at - 1);
        return (str){ room, len - 1 };
    case 2:
        room[at] = letter;
        return (str){ room, len };
    default:
        at = at + 1 < len ? at : at - 1;
        room[at] = word.ptr[at + 1];
        room[at + 1] = word.ptr[at];
        return (str){ room, len };
    }
}

enum outcome { FOUND, NOT_FOUND, NO_TYPO };

/* Whether `help` offers `right` first: "did you mean `right`?", by itself or in a path. */
static bool offers(str help, str right)
{
    str rest = str_skip(help, str_find(help, '`') + 1);
    str offered = str_first(rest, str_find(rest, '`'));
    size_t rest_len = offered.len - (offered.len < right.len ? offered.len : right.len);
    bool is_after_dot = rest_len > 0 && offered.ptr[rest_len - 1] == '.';
    return str_equal(offered, right) || (is_after_dot && str_endswith(offered, right))
           || (str_startswith(offered, right) && offered.len > right.len
               && offered.ptr[right.len] == '.');
}

static enum outcome judge_text(const char *text, str right)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    compile_rules(&compilation, text);
    diag_sort(&compilation.diags);
    const struct diag *diag = compilation.diags.first;
    while (diag != NULL && diag_severity(diag->id) != DIAG_ERROR)
        diag = diag->next;
    if (diag == NULL)
        return NO_TYPO; /* the word means something else */
    bool is_fixed = diag->fix != NULL && str_equal(diag->fix->text, right);
    return is_fixed || offers(diag->help, right) ? FOUND : NOT_FOUND;
}

static enum outcome judge_command(str typo, str right)
{
    struct driver driver = { .commands = all_commands };
    if (command_find(&driver, typo) != NULL || command_is_later(typo))
        return NO_TYPO;
    return str_equal(command_suggest(&driver, typo), right) ? FOUND : NOT_FOUND;
}

static enum outcome judge_flag(const struct command *command, const char *flag, str right)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 16);
    struct arguments arguments;
    const char *reason = "";
    char *argv[] = { (char *)(uintptr_t)flag, NULL };
    const char *wanted = arena_format(&arena, "did you mean --%.*s?", STR_ARG(right));
    if (options_parse(command, 1, argv, &arena, &arguments, &reason) != ERR_INVALID
        || strstr(reason, "there is no flag") == NULL)
        return NO_TYPO;
    return strstr(reason, wanted) != NULL ? FOUND : NOT_FOUND;
}

static enum outcome judge(const struct words *words, const struct word *word, str typo, char *text)
{
    (void)snprintf(text, TEXT_BYTES, "%.*s%.*s%.*s", STR_ARG(word->before), STR_ARG(typo),
        STR_ARG(word->after));
    if (typo.len == 0 || str_equal(typo, word->text))
        return NO_TYPO;
    for (size_t i = 0; i < words->count; i++) /* another right word */
        if (words->items[i].kind == word->kind && str_equal(words->items[i].text, typo))
            return NO_TYPO;
    if (word->kind == COMMAND)
        return judge_command(typo, word->text);
    if (word->kind == FLAG)
        return judge_flag(word->command, text, word->text);
    return judge_text(text, word->text);
}

static const struct word *draw_word(const struct words *words, enum kind kind, uint32_t *state)
{
    for (;;) {
        const struct word *word = &words->items[draw(state, (uint32_t)words->count)];
        if (word->kind == kind)
            return word;
    }
}

static void the_right_word_is_offered_first_for_typos_of_one_letter(void **state)
{
    (void)state;
    static struct words words;
    words.arena = (struct arena)ARENA_INIT(1 << 22);
    add_steps(&words);
    add_names(&words);
    add_keywords(&words);
    add_declared(&words);
    add_command_line(&words);

    unsigned found[KIND_COUNT] = { 0 };
    unsigned tried[KIND_COUNT] = { 0 };
    unsigned all = 0;
    uint32_t seed = SEED;
    for (unsigned count = 0; count < TYPOS;) {
        enum kind kind = (enum kind)(count % KIND_COUNT);
        const struct word *word = draw_word(&words, kind, &seed);
        char room[WORD_BYTES];
        char text[TEXT_BYTES];
        str typo = mistype(&seed, word->text, room);
        enum outcome outcome = judge(&words, word, typo, text);
        if (outcome == NO_TYPO)
            continue;
        tried[kind]++;
        found[kind] += outcome == FOUND;
        all += outcome == FOUND;
        count++;
        if (outcome == NOT_FOUND)
            print_message("# not found: `%.*s` for `%.*s`: %.*s\n", STR_ARG(typo),
                STR_ARG(word->text), 150, text);
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        print_message("# %u of %u %s\n", found[kind], tried[kind], kind_names[kind]);
    print_message("# %u of %u typos: the right word is offered first\n", all, TYPOS);
    arena_release(&words.arena);
    assert_true(all * 100 >= TYPOS * WANTED_PERCENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_word_is_offered_first_for_typos_of_one_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
