/* check_via.c - `via=NAME` on a step: which provider, or which connection, takes it.
 *
 * Connections may be declared in a file of the daemon that is not checked together with the
 * rules. Without any in the set, a name that is no provider may be one of those. */
#include "check_pass.h"

#include "act/way.h"
#include "settings.h"

str connection_provider(const struct item *connection)
{
    for (const struct ast_line *line = connection->block.lines; line != NULL; line = line->next) {
        const struct expr *written = line->value;
        if (written == NULL || !str_is(line->key, "provider"))
            continue;
        if (path_is_word(written))
            return written->path->text;
        if (written->kind == EXPR_LITERAL && written->literal.value.kind == VALUE_TEXT)
            return value_str(written->literal.value);
    }
    return STR("");
}

static void report_name(struct check *check, const struct expr *expr, str name)
{
    struct suggestion near = { .word = name };
    uint32_t at = 0;
    bool has_connections = false;
    for (const struct name *other; (other = scope_next(check->scope, &at)) != NULL;) {
        has_connections = has_connections || other->scope == SCOPE_CONNECTIONS;
        if (other->scope == SCOPE_CONNECTIONS)
            suggest(&near, other->text);
    }
    if (!has_connections || check_is_lost(check, UINT32_MAX, name))
        return;
    for (size_t i = 0; provider_at(i) != NULL; i++)
        suggest(&near, str_from(provider_at(i)));
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_PROVIDER, expr->at,
        "no connection and no provider is called `%.*s`", STR_ARG(name));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else
        diag_help(
            check->diags, diag, "declare it: `connection %.*s { provider = .. }`", STR_ARG(name));
}

/* Rows that say no provider are done by this program, or by nobody yet. */
static bool is_done_by(const struct builtin *builtin, str provider)
{
    bool is_said = false;
    const struct builtin *part;
    for (uint32_t at = 0; (part = builtin_part(builtin, at)) != NULL; at++) {
        if (part->provider != NULL && str_is(provider, part->provider))
            return true;
        is_said = is_said || part->provider != NULL;
    }
    return !is_said;
}

void check_via(struct check *check, const struct builtin *builtin, struct expr *expr)
{
    str name = STR("");
    if (path_is_word(expr))
        name = expr->path->text;
    else if (expr->kind == EXPR_LITERAL && expr->literal.value.kind == VALUE_TEXT)
        name = value_str(expr->literal.value);
    expr->type = TYPE_COUNT;
    if (name.len == 0) {
        struct diag *diag = diag_add(
            check->diags, DIAG_PARAMETER_VALUE, expr->at, "`via` takes the name of a connection");
        diag_help(check->diags, diag, "write `via=NAME`, or name a provider: `via=aws`");
        return;
    }
    expr->type = TYPE_TEXT;
    expr->means = MEANING_ENUM;
    expr->is.constant = value_text(name);
    const struct name *found = scope_find(check->scope, SCOPE_CONNECTIONS, name);
    str provider = found == NULL ? name : connection_provider(found->item);
    if (found == NULL && !provider_is(name))
        report_name(check, expr, name);
    else if (provider.len > 0 && !is_done_by(builtin, provider)) {
        const char *names =
            builtin->ways == NULL ? builtin->provider : way_names(builtin, check->arena);
        struct diag *diag = diag_add(check->diags, DIAG_PARAMETER_VALUE, expr->at,
            "`%s %s` is a step of %s and not of %.*s", verb_name(builtin->verb), builtin->name,
            names, STR_ARG(provider));
        diag_help(check->diags, diag, "leave `via` out, or name a connection to %s", names);
    }
}
