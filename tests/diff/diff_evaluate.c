/* diff_evaluate.c - compiler and machine against the naive evaluator, and fmt against
 * itself, over random rules and alerts. Speaks TAP.
 *
 *   diff_evaluate [PAIRS [SEED]]        PAIRS of a rule and an alert, 1,000,000 if not said
 */
#include "compile.h"
#include "event.h"
#include "fmt.h"
#include "interp.h"
#include "parse.h"

#include "model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RULES = 60, ALERTS = 100, DEPTH = 4 };

#define RECEIVED_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static const char source_text[] = "source diff {\n"
                                  "  accept raw[\"kind\"] = \"diff\"\n"
                                  "  host.name = raw[\"hn\"]\n"
                                  "  alert.title = raw[\"ti\"]\n"
                                  "  user.name = raw[\"un\"]\n"
                                  "  process.cmdline = raw[\"cl\"]\n"
                                  "  src.ip = raw[\"si\"] : ip\n"
                                  "  host.ip = raw[\"hi\"] : ip\n"
                                  "  severity = raw[\"se\"]\n"
                                  "  alert.time = raw[\"at\"]\n"
                                  "  attack.technique = raw[\"te\"]\n"
                                  "}\n";

struct tally {
    uint64_t pairs;
    uint64_t fired;
    uint64_t different;
    uint64_t unstable; /* files that fmt does not keep */
    uint64_t refused;
};

/* ---- fmt ---- */

struct parsed_text {
    struct arena arena;
    struct sources sources;
    struct diag_list diags;
    struct tree *tree;
};

static bool parse_text(struct parsed_text *parsed, const char *text, size_t len)
{
    uint32_t file;
    *parsed = (struct parsed_text){ .arena = { .limit = 64U << 20 } };
    parsed->sources.arena = &parsed->arena;
    parsed->diags.arena = &parsed->arena;
    if (sources_add(&parsed->sources, STR("diff.cdr"), (str){ text, len }, false, &file) != ERR_OK)
        return false;
    struct parse parse = {
        .sources = &parsed->sources, .file = file, .arena = &parsed->arena, .diags = &parsed->diags
    };
    if (parse_source(&parse) != ERR_OK || parsed->diags.error_count > 0)
        return false;
    parsed->tree = parse.tree;
    return true;
}

/* fmt(fmt(x)) = fmt(x), and parse(fmt(x)) = parse(x). */
static bool fmt_keeps(const char *text, size_t len)
{
    struct parsed_text first;
    struct parsed_text second;
    CLEANUP(buf_release) struct buf once = BUF_INIT(16U << 20);
    CLEANUP(buf_release) struct buf twice = BUF_INIT(16U << 20);
    CLEANUP(buf_release) struct buf tree = BUF_INIT(64U << 20);
    CLEANUP(buf_release) struct buf tree_again = BUF_INIT(64U << 20);
    bool is_kept = parse_text(&first, text, len);
    if (is_kept) {
        tree_format(&first.sources, first.tree, &once);
        is_kept = parse_text(&second, once.ptr, once.len);
    }
    if (is_kept) {
        tree_format(&second.sources, second.tree, &twice);
        tree_dump(first.tree, &tree);
        tree_dump(second.tree, &tree_again);
        is_kept = str_equal(buf_str(&once), buf_str(&twice))
                  && str_equal(buf_str(&tree), buf_str(&tree_again));
        arena_release(&second.arena);
    }
    arena_release(&first.arena);
    return is_kept;
}

/* ---- rules ---- */

static void print_rules(struct node **nodes, FILE *out)
{
    int declared = 0;
    fputs(source_text, out);
    for (int i = 0; i < RULES; i++) {
        node_declare(nodes[i], &declared, out);
        fprintf(out, "rule r%d { when source = diff and (", i);
        node_print(nodes[i], out);
        fputs(") then open case }\n", out);
    }
}

static void tell_refusal(const struct compilation *compilation, const char *text)
{
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next)
        if (diag_severity(diag->id) == DIAG_ERROR)
            printf("# refused: %s %.*s: %.*s\n", diag_code(diag->id), STR_ARG(diag->message),
                STR_ARG(sources_text(&compilation->sources, diag->at)));
    (void)text;
}

static void tell_difference(struct node *node, const char *json, bool expected)
{
    int declared = 0;
    node_declare(
        node, &declared, stdout); /* numbered anew, so that they can be read by themselves */
    printf("# the naive evaluator says %s: ", expected ? "true" : "false");
    node_print(node, stdout);
    printf("\n#   %s\n", json);
}

/* ---- one alert against every rule ---- */

static void judge(const struct program *program, const struct projection *projection,
    struct node **nodes, const struct alert *alert, struct tally *tally)
{
    char *json = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&json, &len);
    alert_print(alert, out);
    fclose(out);
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    struct event event;
    struct json_fault fault = { 0 };
    if (event_read(
            program, projection, (str){ json, len }, STR(""), RECEIVED_MS, &arena, &event, &fault)
        != ERR_OK) {
        printf("# no alert: %s\n", json);
        tally->refused++;
    }
    for (int i = 0; i < RULES && event.text.ptr != NULL; i++) {
        bool matches = false;
        enum err err = rule_matches(program, &program->rules[i], &event, &arena, &matches);
        bool expected = node_holds(nodes[i], alert);
        tally->pairs++;
        tally->fired += matches;
        if (err == ERR_OK && matches == expected)
            continue;
        tally->different++;
        tell_difference(nodes[i], json, expected);
        break; /* the others of this alert may have been numbered anew */
    }
    free(json);
}

static void judge_rules(
    const struct program *program, struct node **nodes, struct random *random, struct tally *tally)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    const struct projection *projection;
    if (projection_new(&arena, program->paths, program->path_count, &projection) != ERR_OK)
        abort();
    for (int i = 0; i < ALERTS; i++) {
        struct alert alert;
        alert_make(random, &alert);
        judge(program, projection, nodes, &alert, tally);
    }
}

static void one_round(struct random *random, struct tally *tally)
{
    struct node *nodes[RULES];
    char *text = NULL;
    size_t len = 0;
    for (int i = 0; i < RULES; i++)
        nodes[i] = node_make(random, DEPTH);
    FILE *out = open_memstream(&text, &len);
    print_rules(nodes, out);
    fclose(out);

    CLEANUP(compile_release) struct compilation compilation = { 0 };
    if (compile_begin(&compilation) != ERR_OK
        || compile_text(&compilation, STR("diff.cdr"), (str){ text, len }) != ERR_OK
        || compile_program(&compilation) != ERR_OK)
        abort();
    if (compilation.program == NULL) {
        tell_refusal(&compilation, text);
        tally->refused++;
    } else {
        judge_rules(compilation.program, nodes, random, tally);
    }
    if (!fmt_keeps(text, len) && tally->unstable++ < 3)
        printf("# fmt does not keep:\n%s\n", text);
    for (int i = 0; i < RULES; i++)
        node_free(nodes[i]);
    free(text);
}

static void result(int number, bool is_good, const char *what)
{
    printf("%sok %d - %s\n", is_good ? "" : "not ", number, what);
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct random random = { argc > 2 ? strtoull(argv[2], NULL, 10) : 1 };
    struct tally tally = { 0 };
    while (tally.pairs < wanted && tally.refused < 3 && tally.different < 10)
        one_round(&random, &tally);
    printf("# %" PRIu64 " pairs of a rule and an alert, %" PRIu64 " fired\n", tally.pairs,
        tally.fired);
    result(1, tally.refused == 0, "every random rule and alert is accepted");
    result(2, tally.different == 0, "compiler and machine agree with the naive evaluator");
    result(3, tally.unstable == 0, "fmt keeps every random file and is idempotent on it");
    result(4, tally.fired > tally.pairs / 20 && tally.fired < tally.pairs / 20 * 19,
        "the pairs are no trivial ones: both outcomes are common");
    puts("1..4");
    return tally.refused + tally.different + tally.unstable > 0;
}
