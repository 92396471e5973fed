/* diff_match.c - the matcher against a full scan, over random rules and alerts. Speaks TAP.
 *
 *   diff_match [PAIRS [SEED]]        PAIRS of a rule and an alert, 1,000,000 if not said
 */
#include "both_ways.h"
#include "compile.h"
#include "wide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RULES_LEAST = 60, RULES_MORE = 140, ALERTS = 120, DEPTH = 3 };

static const char diff_source[] = "source diff {\n"
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
                                  "  cloud.provider = \"gcp\"\n"
                                  "  resource.tags = raw[\"tags\"]\n"
                                  "}\n";

struct tally {
    struct both_counts ordinary;
    struct both_counts hostile;
    uint64_t refused; /* files of rules */
    uint64_t rules, always, exact;
};

static FILE *text_open(char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    if (out == NULL)
        abort();
    return out;
}

/* ---- rules ---- */

/* Half are the model's trees, half of many kinds. */
static void print_rules(struct random *random, FILE *out)
{
    uint32_t count = RULES_LEAST + draw(random, RULES_MORE);
    int declared = 0;
    fputs(diff_source, out);
    fputs(wide_head, out);
    for (uint32_t i = 0; i < count; i++) {
        bool is_wide = draw(random, 2) == 0;
        struct node *node = is_wide ? NULL : node_make(random, DEPTH);
        node_declare(node, &declared, out);
        fprintf(out, "rule r%u { when %s(", i, draw(random, 3) == 0 ? "source = diff and " : "");
        if (is_wide)
            wide_condition(random, (int)draw(random, DEPTH + 1), out);
        else
            node_print(node, out);
        fputs(") then open case }\n", out);
        node_free(node);
    }
}

static void tell_refusal(const struct compilation *compilation)
{
    for (const struct diag *diag = compilation->diags.first; diag != NULL; diag = diag->next)
        if (diag_severity(diag->id) == DIAG_ERROR)
            printf("# refused: %s %.*s: %.*s\n", diag_code(diag->id), STR_ARG(diag->message),
                STR_ARG(sources_text(&compilation->sources, diag->at)));
}

/* ---- alerts ---- */

static char *random_alert(struct random *random, size_t *ret_len)
{
    char *text = NULL;
    FILE *out = text_open(&text, ret_len);
    if (draw(random, 3) == 0) {
        struct alert alert;
        alert_make(random, &alert);
        alert_print(&alert, out);
    } else {
        wide_alert(random, out);
    }
    fclose(out);
    return text;
}

static void judge_alerts(struct both_ways *both, struct random *random, struct tally *tally)
{
    for (int i = 0; i < ALERTS; i++) {
        size_t len;
        char *text = random_alert(random, &len);
        if (draw(random, 3) == 0) {
            char *hostile = hostile_alert(random, text, len, &len);
            free(text);
            text = hostile;
            both->counts = &tally->hostile;
        } else {
            both->counts = &tally->ordinary;
        }
        /* A copy of its own size, so that a sanitizer sees what is read behind it. */
        char *exact = malloc(len + 1);
        if (exact == NULL)
            abort();
        exact = realloc(memcpy(exact, text, len), len > 0 ? len : 1);
        both_ways_judge(both, (str){ exact, len });
        free(exact);
        free(text);
    }
}

static void one_round(struct random *random, struct tally *tally)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = text_open(&text, &len);
    print_rules(random, out);
    fclose(out);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    if (compile_begin(&compilation) != ERR_OK
        || compile_text(&compilation, STR("diff.cdr"), (str){ text, len }) != ERR_OK
        || compile_program(&compilation) != ERR_OK)
        abort();
    if (compilation.program == NULL) {
        tell_refusal(&compilation);
        tally->refused++;
    } else {
        struct both_ways both;
        both_ways_begin(&both, compilation.program, &tally->ordinary);
        struct match_figures figures = match_image_figures(both.image);
        tally->rules += compilation.program->rule_count;
        tally->always += figures.always_rules;
        tally->exact += figures.exact_rules;
        judge_alerts(&both, random, tally);
        both_ways_end(&both);
    }
    free(text);
}

/* ---- telling ---- */

static void tell_counts(const char *what, const struct both_counts *counts)
{
    printf("# %s: %" PRIu64 " alerts read, %" PRIu64 " refused; of %" PRIu64 " pairs %" PRIu64
           " hold, %" PRIu64 " reach a limit, %" PRIu64 " are undecided; %" PRIu64
           " candidates, %" PRIu64 " certain; %" PRIu64 " of %" PRIu64 " texts unsure\n",
        what, counts->alerts, counts->refused, counts->pairs, counts->holding, counts->limited,
        counts->undecided, counts->listed, counts->certain, counts->unsure, counts->asked);
}

static void result(int number, bool is_good, const char *what)
{
    printf("%sok %d - %s\n", is_good ? "" : "not ", number, what);
}

static uint64_t different(const struct tally *tally)
{
    return tally->ordinary.different + tally->hostile.different;
}

static bool is_telling(const struct both_counts *counts)
{
    return counts->holding > counts->pairs / 20 && counts->holding < counts->pairs / 20 * 19;
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct random random = { argc > 2 ? strtoull(argv[2], NULL, 10) : 1 };
    struct tally tally = { 0 };
    while (tally.ordinary.pairs + tally.hostile.pairs < wanted && tally.refused < 3
           && different(&tally) < 10)
        one_round(&random, &tally);
    tell_counts("ordinary", &tally.ordinary);
    tell_counts("hostile", &tally.hostile);
    printf("# %" PRIu64 " rules, %" PRIu64 " always looked at, %" PRIu64 " exact\n", tally.rules,
        tally.always, tally.exact);
    bool is_rarely_unsure = tally.ordinary.unsure < tally.ordinary.asked / 10;
    result(1, tally.refused == 0, "every random rule is accepted");
    result(2, different(&tally) == 0, "the matcher agrees with a full scan");
    result(3, is_telling(&tally.ordinary) && is_telling(&tally.hostile),
        "the pairs are no trivial ones: both outcomes are common");
    result(4, tally.ordinary.listed < tally.ordinary.pairs / 4 * 3, "the matcher leaves rules out");
    result(5, is_rarely_unsure, "the fast way knows most ordinary alerts");
    puts("1..5");
    return tally.refused > 0 || different(&tally) > 0 || !is_rarely_unsure;
}
