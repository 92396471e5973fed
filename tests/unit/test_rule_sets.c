/* test_rule_sets.c - rules come into force whole and tested, or not at all. */
#include "driver/git.h"
#include "fake_time.h"
#include "serve/rule_sets.h"
#include "store_fixture.h"

#include "store/audit.h"

#include <pthread.h>
#include <sys/stat.h>

#define CONFIG "daemon { rules = [\"rules\"] }\n"
#define RULE "rule one { when severity = high then respond isolate_role }\n"

/* A daemon's directory, its journal, and what it says. */
struct daemon_rules {
    struct fixture fixture;
    struct log log;
    struct fake_time time;
    char config[128];
    struct rule_sets_options options;
    struct metrics *metrics;
    struct rule_sets *sets;
};

static void path_of(const struct daemon_rules *d, const char *name, char path[static 256])
{
    snprintf(path, 256, "%s/%s", d->fixture.scratch.path, name);
}

static void put(const struct daemon_rules *d, const char *name, const char *text)
{
    char path[256];
    path_of(d, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void begin(struct daemon_rules *d)
{
    char rules[256];
    *d = (struct daemon_rules){ .fixture = fixture_new() };
    path_of(d, "rules", rules);
    assert_int_equal(mkdir(rules, 0700), 0);
    snprintf(d->config, sizeof d->config, "%s/cdr.cdr", d->fixture.scratch.path);
    d->time = (struct fake_time){ .clock = *clock_system() };
    path_of(d, "log", rules);
    d->log = (struct log){ .fd = open(rules, O_CREAT | O_APPEND | O_RDWR | O_CLOEXEC, 0600),
        .most = LOG_LEVEL_INFO,
        .clock = clock_system() };
    assert_int_equal(metrics_new(&d->metrics), ERR_OK);
    d->options = (struct rule_sets_options){ .config = d->config,
        .store = d->fixture.store,
        .clock = &d->time.clock,
        .log = &d->log,
        .metrics = d->metrics };
    put(d, "cdr.cdr", CONFIG);
    put(d, "rules/one.cdr", RULE);
}

static void open_sets(struct daemon_rules *d)
{
    char text[4096];
    if (rule_sets_open(&d->options, &d->sets) == ERR_OK)
        return;
    ssize_t got = pread(d->log.fd, text, sizeof text, 0);
    fail_msg("%.*s", (int)got, text);
}

static void end(struct daemon_rules *d)
{
    rule_sets_close(d->sets);
    metrics_free(d->metrics);
    close(d->log.fd);
    fixture_release(&d->fixture);
}

static bool look(struct daemon_rules *d)
{
    bool is_new = false;
    assert_int_equal(rule_sets_look(d->sets, true, &is_new), ERR_OK);
    return is_new;
}

static str fault_of(struct daemon_rules *d)
{
    str fault;
    assert_int_equal(rule_sets_fault(d->sets, &d->fixture.arena, &fault), ERR_OK);
    return fault;
}

static bool has(str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static bool log_has(const struct daemon_rules *d, const char *part)
{
    char text[64 * 1024];
    ssize_t got = pread(d->log.fd, text, sizeof text, 0);
    return got > 0 && has((str){ text, (size_t)got }, part);
}

static double figure(const struct daemon_rules *d, enum metric metric)
{
    return metrics_get(d->metrics, metric, STR(""));
}

static void hash_in_force(struct daemon_rules *d, char ret_hash[static SHA256_HEX_SIZE])
{
    struct rule_set *set = rule_sets_current(d->sets);
    snprintf(ret_hash, SHA256_HEX_SIZE, "%.*s", STR_ARG(set->program->hash));
    rule_set_release(d->sets, set);
}

/* ---- */

static void a_set_is_in_force_and_in_the_audit_log(void **state)
{
    (void)state;
    struct daemon_rules d;
    char hash[SHA256_HEX_SIZE];
    struct audit_entry entry;
    bool is_there;
    begin(&d);
    open_sets(&d);
    hash_in_force(&d, hash);
    assert_int_equal(
        audit_entry_get(d.fixture.store, 1, &d.fixture.arena, &entry, &is_there), ERR_OK);
    assert_true(is_there);
    assert_string_equal(entry.event, "rules_loaded");
    assert_true(str_is(entry.program_hash, hash));
    assert_true(figure(&d, METRIC_RULES_LOADED) == 1);
    assert_true(fault_of(&d).len == 0);
    end(&d);
}

static void the_same_files_again_are_nothing_new(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin(&d);
    open_sets(&d);
    assert_false(look(&d));
    put(&d, "rules/one.cdr", RULE); /* touched */
    assert_false(look(&d));
    assert_true(figure(&d, METRIC_RULES_LOADED) == 1);
    end(&d);
}

static void what_has_mistakes_does_not_begin(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *text;
        const char *told;
    } rows[] = {
        { "rules/one.cdr", "rule one { when severity = hihg then open case }", "CDR" },
        { "rules/one.cdr", "rule one {", "CDR" },
        { "rules/one.cdr",
            RULE "test \"no\" { alert { \"source\": \"guardduty\", \"severity\": \"low\" }; expect "
                 "rule one }",
            " fails: " },
        { "rules/one.cdr", "use \"gone.cdr\"\n" RULE, "gone.cdr" },
        { "cdr.cdr", "daemon { rules = [\"elsewhere\"] }", "elsewhere cannot be read" },
        { "rules/one.cdr", RULE "role boss { members = [\"me\"] may = [approve] }",
            "`role` block" },
        { "rules/one.cdr", RULE "connection a { provider = aws url = \"https://192.0.2.1\" }",
            "`connection` block" },
        { "rules/one.cdr", RULE "channel a { url = \"https://192.0.2.1\" secret = env(\"A\") }",
            "`channel` block" },
        { "cdr.cdr", "channel a { url = \"https://192.0.2.1\" secret = env(\"A\") }",
            "no `daemon` block" },
        { "cdr.cdr", "connection a { provider = aws }", "no `daemon` block" },
        { "cdr.cdr", CONFIG CONFIG, "cdr.cdr:2:" },
    };
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct daemon_rules d;
        begin(&d);
        put(&d, rows[row].file, rows[row].text);
        assert_int_equal(rule_sets_open(&d.options, &d.sets), ERR_INVALID);
        if (!log_has(&d, rows[row].told))
            fail_msg("row %zu does not tell %s", row, rows[row].told);
        end(&d);
    }
}

static void a_bad_set_leaves_the_old_one_and_says_why_once(void **state)
{
    (void)state;
    struct daemon_rules d;
    char before[SHA256_HEX_SIZE];
    char after[SHA256_HEX_SIZE];
    begin(&d);
    open_sets(&d);
    hash_in_force(&d, before);
    put(&d, "rules/two.cdr", "rule two { when nonsense = 1 then open case }");
    assert_false(look(&d));
    assert_false(look(&d));
    hash_in_force(&d, after);
    assert_string_equal(before, after);
    assert_true(has(fault_of(&d), "two.cdr:1:"));
    assert_true(figure(&d, METRIC_RULES_REFUSED) == 1);
    assert_true(figure(&d, METRIC_RULES_STALE) == 1);
    put(&d, "rules/two.cdr", "rule two { when severity = low then respond isolate_role }");
    assert_true(look(&d));
    hash_in_force(&d, after);
    assert_string_not_equal(before, after);
    assert_true(fault_of(&d).len == 0);
    assert_true(figure(&d, METRIC_RULES_STALE) == 0);
    end(&d);
}

static void no_rules_at_all_take_nobodys_place(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin(&d);
    open_sets(&d);
    put(&d, "rules/one.cdr", "");
    assert_false(look(&d));
    assert_true(has(fault_of(&d), "no rule in these files"));
    put(&d, "rules/one.cdr", RULE "disable rule one\n");
    assert_true(look(&d));
    end(&d);
}

static void a_bad_set_taken_back_is_no_news(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin(&d);
    open_sets(&d);
    put(&d, "rules/one.cdr", "rule");
    assert_false(look(&d));
    put(&d, "rules/one.cdr", RULE);
    assert_false(look(&d));
    assert_true(fault_of(&d).len == 0);
    assert_true(figure(&d, METRIC_RULES_LOADED) == 1);
    end(&d);
}

static void a_file_that_is_being_written_is_left_for_later(void **state)
{
    (void)state;
    struct daemon_rules d;
    bool is_new = true;
    begin(&d);
    open_sets(&d);
    put(&d, "rules/two.cdr", "rule two { when severity = low then respond isolate_role }");
    assert_int_equal(rule_sets_look(d.sets, false, &is_new), ERR_OK);
    assert_false(is_new);
    usleep(1100 * 1000);
    assert_int_equal(rule_sets_look(d.sets, false, &is_new), ERR_OK);
    assert_true(is_new);
    end(&d);
}

static void an_older_set_is_at_hand_or_compiled_from_the_journal(void **state)
{
    (void)state;
    struct daemon_rules d;
    char hashes[8][SHA256_HEX_SIZE];
    struct rule_set *set;
    const char *why;
    begin(&d);
    open_sets(&d);
    for (int at = 0; at < 8; at++) {
        char text[256];
        snprintf(text, sizeof text, "%s# %d\n", RULE, at);
        put(&d, "rules/one.cdr", text);
        assert_true(look(&d));
        hash_in_force(&d, hashes[at]);
    }
    for (int turn = 0; turn < 2; turn++)
        for (int at = 0; at < 8; at++) {
            assert_int_equal(rule_sets_of(d.sets, str_from(hashes[at]), &set, &why), ERR_OK);
            assert_non_null(set);
            assert_true(str_is(set->program->hash, hashes[at]));
            rule_set_release(d.sets, set);
        }
    assert_int_equal(rule_sets_of(d.sets, STR("nothing"), &set, &why), ERR_OK);
    assert_null(set);
    assert_non_null(why);
    end(&d);
}

static void a_file_that_the_config_uses_is_part_of_it(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin(&d);
    put(&d, "people.cdr", "role boss { members = [\"me\"] may = [approve] }\n");
    put(&d, "cdr.cdr", "use \"people.cdr\"\n" CONFIG);
    open_sets(&d);
    end(&d);
}

static void what_only_a_start_can_change_is_told(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin(&d);
    open_sets(&d);
    put(&d, "cdr.cdr", "daemon { rules = [\"rules\"] listen = \"127.0.0.1:9999\" }\n");
    assert_true(look(&d));
    assert_true(log_has(&d, "next start"));
    end(&d);
}

/* ---- rules from git ---- */

#define GIT_CONFIG "daemon { rules = [\"work/rules\"] rules_ref = \"main\" }\n"
#define GIT "git -c user.name=somebody -c user.email=somebody@example.com "

/* Run a line of the shell in the directory; the test fails with it. */
static void shell(const struct daemon_rules *d, const char *line)
{
    char command[1024];
    snprintf(
        command, sizeof command, "cd %s && { %s; } >/dev/null 2>&1", d->fixture.scratch.path, line);
    if (system(command) != 0)
        fail_msg("%s", line);
}

static void begin_git(struct daemon_rules *d)
{
    begin(d);
    put(d, "cdr.cdr", GIT_CONFIG);
    shell(d, "git init -q -b main work && mkdir work/rules work/lists");
    put(d, "work/lists/bad.txt", "192.0.2.1\n");
    put(d, "work/rules/alert.json",
        "{\"id\":\"1\",\"severity\":8,\"type\":\"A:EC2/"
        "B\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\"}\n");
    put(d, "work/rules/one.cdr",
        "list bad : ip from \"../lists/bad.txt\"\n" RULE
        "test \"it fires\" { alert guardduty \"alert.json\"; expect rule one }\n");
    shell(d, "cd work && git add -A && " GIT "commit -qm one");
}

static bool sets_text(struct daemon_rules *d, const char *part)
{
    bool is_there = false;
    struct rule_set *set = rule_sets_current(d->sets);
    for (uint32_t at = 0; at < set->program->text_count; at++)
        is_there =
            is_there
            || (!set->program->texts[at].is_shipped && has(set->program->texts[at].text, part));
    rule_set_release(d->sets, set);
    return is_there;
}

static bool is_there(const struct daemon_rules *d, const char *name)
{
    char path[256];
    path_of(d, name, path);
    return access(path, F_OK) == 0;
}

static void run_git(const struct daemon_rules *d, bool is_quiet, const char *const *arguments)
{
    struct git_answer answer = GIT_ANSWER(64 * 1024);
    char folder[256];
    path_of(d, "work", folder);
    assert_int_equal(git_run(folder, is_quiet, arguments, STR(""), &answer), ERR_OK);
    if (answer.code != 0)
        fail_msg("git %s: %.*s", arguments[0], STR_ARG(buf_str(&answer.error)));
    git_answer_release(&answer);
}

/* Whoever may write into a repository does not run a program as whoever reads its rules. */
static void a_repository_that_is_read_runs_nothing(void **state)
{
    (void)state;
    static const char *const status[] = { "status", NULL };
    static const char *const checkout[] = { "checkout", "-q", "--detach", NULL };
    struct daemon_rules d;
    begin_git(&d);
    shell(&d, "printf '#!/bin/sh\ntouch \"%s/monitored\"\n' \"$PWD\" >monitor && "
              "printf '#!/bin/sh\ntouch \"%s/hooked\"\n' \"$PWD\" >work/.git/hooks/post-checkout "
              "&& chmod +x monitor work/.git/hooks/post-checkout && "
              "git -C work config core.fsmonitor \"$PWD/monitor\"");
    run_git(&d, true, status);
    run_git(&d, true, checkout);
    assert_false(is_there(&d, "monitored"));
    assert_false(is_there(&d, "hooked"));
    run_git(&d, false, status);
    run_git(&d, false, checkout);
    assert_true(is_there(&d, "monitored")); /* it would show */
    assert_true(is_there(&d, "hooked"));
    end(&d);
}

/* As in a hook of git, or for whoever has set it once and forgot. */
static void the_environment_says_nothing_about_the_repository(void **state)
{
    (void)state;
    static const char *const names[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_PARAMETERS" };
    struct daemon_rules d;
    begin_git(&d);
    for (size_t at = 0; at < COUNT_OF(names); at++) {
        assert_int_equal(setenv(names[at], "/proc/nowhere", 1), 0);
        open_sets(&d);
        assert_true(sets_text(&d, "rule one"));
        rule_sets_close(d.sets);
        d.sets = NULL;
        assert_int_equal(unsetenv(names[at]), 0);
    }
    end(&d);
}

static void rules_of_a_ref_are_those_of_its_commit(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin_git(&d);
    /* What is not committed counts for nothing, and what is there need not be checked out. */
    put(&d, "work/rules/one.cdr", "rule");
    put(&d, "work/lists/bad.txt", "198.51.100.1\n");
    shell(&d, "rm work/rules/alert.json");
    open_sets(&d);
    assert_true(sets_text(&d, "192.0.2.1"));
    assert_true(log_has(&d, "main = "));
    shell(&d,
        "cd work && git checkout -q . && git checkout -qb other && echo '# two' >>rules/one.cdr "
        "&& " GIT "commit -qam two");
    assert_false(look(&d));
    shell(&d, "cd work && git checkout -q main && git merge -q other");
    assert_true(look(&d));
    assert_true(sets_text(&d, "# two"));
    end(&d);
}

static void a_bad_commit_leaves_the_rules_before(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin_git(&d);
    open_sets(&d);
    static const struct {
        const char *does;
        const char *told;
    } rows[] = {
        { "echo 'rule' >rules/two.cdr", "two.cdr:" },
        { "echo 'use \"/etc/hostname\"' >rules/two.cdr", "not in the tree of git" },
        { "echo 'use \"../../../cdr.cdr\"' >rules/two.cdr", "not in the tree of git" },
        { "echo '# x' >out.cdr; ln -s ../out.cdr rules/two.cdr", "a link or a submodule" },
        { "echo 'list a : ip from \"../lists/gone.txt\"' >rules/two.cdr", "gone.txt" },
        { "git rm -qr rules; echo >x", "no .cdr file" },
    };
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        char line[512];
        snprintf(line, sizeof line, "cd work && %s; git add -A && " GIT "commit -qm bad",
            rows[row].does);
        shell(&d, line);
        assert_false(look(&d));
        if (!has(fault_of(&d), rows[row].told))
            fail_msg("row %zu says %.*s", row, STR_ARG(fault_of(&d)));
        shell(&d, "cd work && git reset -q --hard HEAD^");
        assert_false(look(&d));
        assert_true(fault_of(&d).len == 0);
    }
    shell(&d, "mv work gone");
    assert_false(look(&d));
    assert_true(has(fault_of(&d), "cannot be read from git"));
    end(&d);
}

static void a_bare_repository_will_do(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin_git(&d);
    shell(&d, "git clone -q --bare work bare.git");
    put(&d, "cdr.cdr", "daemon { rules = [\"bare.git/rules\"] rules_ref = \"main\" }\n");
    open_sets(&d);
    assert_true(sets_text(&d, "192.0.2.1"));
    shell(&d, "cd work && echo '# two' >>rules/one.cdr && " GIT
              "commit -qam two && git push -q ../bare.git main");
    assert_true(look(&d));
    assert_true(sets_text(&d, "# two"));
    end(&d);
}

static void a_ref_is_never_an_option(void **state)
{
    (void)state;
    struct daemon_rules d;
    begin_git(&d);
    put(&d, "cdr.cdr", "daemon { rules = [\"work/rules\"] rules_ref = \"--git-dir=/x\" }\n");
    assert_int_equal(rule_sets_open(&d.options, &d.sets), ERR_INVALID);
    assert_true(log_has(&d, "cannot be read from git"));
    end(&d);
}

/* ---- many threads ---- */

enum { READERS = 4, SETS = 1000, KNOWN_MAX = SETS + 1 };

struct crowd {
    struct daemon_rules *d;
    pthread_mutex_t lock;
    char known[KNOWN_MAX][SHA256_HEX_SIZE]; /* of every set that was ever in force */
    int known_count;
    int is_over;
    long strange;
    long seen;
};

/* The journal has each set before it decides anything. */
static bool is_known(const struct crowd *crowd, str hash)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str texts;
    return store_program_get(crowd->d->fixture.store, hash, &arena, &texts) == ERR_OK;
}

/* Takes what is in force, and what was, and looks that it is whole. */
static void *reader(void *given)
{
    struct crowd *crowd = given;
    for (unsigned turn = 0; !__atomic_load_n(&crowd->is_over, __ATOMIC_ACQUIRE); turn++) {
        struct rule_set *set = rule_sets_current(crowd->d->sets);
        struct rule_set *old = NULL;
        const char *why;
        char hash[SHA256_HEX_SIZE] = "";
        usleep(turn % 300);
        pthread_mutex_lock(&crowd->lock);
        if (crowd->known_count > 0)
            memcpy(hash, crowd->known[turn % (unsigned)crowd->known_count], sizeof hash);
        pthread_mutex_unlock(&crowd->lock);
        bool is_well = set->program->rule_count == 1 && set->program == set->compilation.program
                       && is_known(crowd, set->program->hash);
        if (turn % 50 == 0 && hash[0] != '\0')
            is_well = is_well && rule_sets_of(crowd->d->sets, str_from(hash), &old, &why) == ERR_OK
                      && old != NULL && str_is(old->program->hash, hash);
        rule_set_release(crowd->d->sets, old);
        rule_set_release(crowd->d->sets, set);
        pthread_mutex_lock(&crowd->lock);
        crowd->strange += !is_well;
        crowd->seen++;
        pthread_mutex_unlock(&crowd->lock);
    }
    return NULL;
}

static void readers_see_whole_sets_alone_while_bad_ones_come(void **state)
{
    (void)state;
    static struct crowd crowd;
    struct daemon_rules d;
    pthread_t threads[READERS];
    unsigned random = 7;
    int loaded = 0;
    begin(&d);
    open_sets(&d);
    crowd = (struct crowd){ .d = &d, .lock = PTHREAD_MUTEX_INITIALIZER };
    hash_in_force(&d, crowd.known[crowd.known_count++]);
    for (int at = 0; at < READERS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, reader, &crowd), 0);
    int sets = getenv("CDR_SOAK") == NULL ? SETS / 5 : SETS;
    for (int at = 0; at < sets; at++) {
        char text[512];
        int length = snprintf(text, sizeof text,
            "rule one { when severity = high and alert.id = \"%d\" then respond isolate_role }\n",
            at);
        bool is_bad = rand_r(&random) % 2 == 0;
        if (is_bad)
            text[(unsigned)rand_r(&random) % (unsigned)(length - 12)] = '\0';
        put(&d, "rules/one.cdr", text);
        bool is_new = look(&d);
        pthread_mutex_lock(&crowd.lock);
        if (is_new)
            hash_in_force(&d, crowd.known[crowd.known_count++]);
        pthread_mutex_unlock(&crowd.lock);
        loaded += is_new;
    }
    __atomic_store_n(&crowd.is_over, 1, __ATOMIC_RELEASE);
    for (int at = 0; at < READERS; at++)
        pthread_join(threads[at], NULL);
    print_message("%d sets, %d came into force, %ld looks\n", sets, loaded, crowd.seen);
    assert_int_equal(crowd.strange, 0);
    assert_true(loaded > sets / 4 && loaded < sets);
    assert_true(crowd.seen > 100);
    end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_in_force_and_in_the_audit_log),
        cmocka_unit_test(the_same_files_again_are_nothing_new),
        cmocka_unit_test(what_has_mistakes_does_not_begin),
        cmocka_unit_test(a_bad_set_leaves_the_old_one_and_says_why_once),
        cmocka_unit_test(no_rules_at_all_take_nobodys_place),
        cmocka_unit_test(a_bad_set_taken_back_is_no_news),
        cmocka_unit_test(a_file_that_is_being_written_is_left_for_later),
        cmocka_unit_test(an_older_set_is_at_hand_or_compiled_from_the_journal),
        cmocka_unit_test(a_file_that_the_config_uses_is_part_of_it),
        cmocka_unit_test(what_only_a_start_can_change_is_told),
        cmocka_unit_test(a_repository_that_is_read_runs_nothing),
        cmocka_unit_test(the_environment_says_nothing_about_the_repository),
        cmocka_unit_test(rules_of_a_ref_are_those_of_its_commit),
        cmocka_unit_test(a_bad_commit_leaves_the_rules_before),
        cmocka_unit_test(a_bare_repository_will_do),
        cmocka_unit_test(a_ref_is_never_an_option),
        cmocka_unit_test(readers_see_whole_sets_alone_while_bad_ones_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
