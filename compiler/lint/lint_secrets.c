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

/* https://user:password@host/, RFC 3986 (3.2.1). */
static bool has_password(str text)
{
    str rest = str_startswith(text, STR("https://"))  ? str_skip(text, 8)
               : str_startswith(text, STR("http://")) ? str_skip(text, 7)
                                                      : STR("");
    str authority = str_first(rest, str_find(rest, '/'));
    size_t at = str_find_last(authority, '@');
    return at < authority.len && str_find(authority, ':') + 1 < at;
}

static const char *kind_of(str text)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (text.len >= kinds[i].least && str_startswith(text, str_from(kinds[i].prefix)))
            return kinds[i].name;
    return has_password(text) ? "a password in a URL" : NULL;
}

void lint_secrets(struct lint *lint, const struct expr *expr)
{
    if (expr->kind != EXPR_LITERAL || expr->literal.type != TYPE_TEXT)
        return;
    const char *kind = kind_of(value_str(expr->literal.value));
    if (kind == NULL)
        return;
    struct diag *diag = LINT(lint, DIAG_SECRET, expr->at, "this looks like %s, written out", kind);
    LINT_HELP(lint, diag,
        "keep it in the environment or a file of the daemon: "
        "`env(\"NAME\")`, `file(\"path\")`; and renew it, git has seen it");
}
