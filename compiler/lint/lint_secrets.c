/* lint_secrets.c - secrets written into rule files, where git keeps them for ever. */
#include "lint/lint_pass.h"

/* How the secrets of common services begin, as their vendors say; `least` is the length
 * under which it is only talked about. */
static const struct {
    const char *prefix;
    size_t least;
    const char *name;
} kinds[] = {
    { "xoxb-", 20, "a Slack token" },
    { "xoxp-", 20, "a Slack token" },
    { "https://hooks.slack.com/services/T", 50, "a Slack webhook" },
    { "ghp_", 40, "a GitHub token" },
    { "github_pat_", 40, "a GitHub token" },
    { "glpat-", 20, "a GitLab token" },
    { "sk_live_", 20, "a Stripe key" },
    { "Bearer ey", 30, "a bearer token" },
    { "eyJhbGciOi", 40, "a JSON Web Token" },
    { "-----BEGIN ", 20, "a private key" },
};

void lint_secrets(struct lint *lint, const struct expr *expr)
{
    if (expr->kind != EXPR_LITERAL || expr->literal.type != TYPE_TEXT)
        return;
    str text = value_str(expr->literal.value);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (text.len < kinds[i].least || !str_startswith(text, str_from(kinds[i].prefix)))
            continue;
        struct diag *diag =
            LINT(lint, DIAG_SECRET, expr->at, "this looks like %s, written out", kinds[i].name);
        LINT_HELP(lint, diag,
            "keep it in the environment or a file of the daemon: "
            "`env(\"NAME\")`, `file(\"path\")`; and renew it, git has seen it");
        return;
    }
}
