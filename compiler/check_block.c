/* check_block.c - the blocks of a configuration: channel, collector, connection, daemon, profile,
 * role. Which keys  * there are, and what they take, is in settings.def. */
#include "check_pass.h"

#include "base/limits.h"
#include "host/url.h"
#include "registry.h"
#include "settings.h"

#include <ctype.h>
#include <stdlib.h>

/* One block, or one within it. */
struct frame {
    const struct item *item;
    str keyword;  /* "connection", "daemon", "daemon tls" */
    str provider; /* of a connection; empty while it is not known */
    span at;      /* where what is missing is reported */
    const struct ast_line *lines;
};

/* How a secret is named, so that it is nowhere written. */
static const char *const secret_ways[] = { "env", "file", "credential" };

/* ---- values ---- */

static bool is_secret_way(str name)
{
    for (size_t at = 0; at < COUNT_OF(secret_ways); at++)
        if (str_is(name, secret_ways[at]))
            return true;
    return false;
}

static bool is_text(const struct expr *expr)
{
    return expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_TEXT;
}

static bool is_variable(str name)
{
    for (size_t at = 0; at < name.len; at++)
        if (!isalnum((unsigned char)name.ptr[at]) && name.ptr[at] != '_')
            return false;
    return name.len > 0 && !isdigit((unsigned char)name.ptr[0]);
}

/* env("NAME"), file("path"), credential("name"): true when it is one, right or told wrong. */
static bool check_way(struct check *check, const struct expr *expr)
{
    if (expr->kind != EXPR_CALL || !is_secret_way(expr->call.name))
        return false;
    const struct expr *argument = expr->call.arguments;
    bool is_one = argument != NULL && argument->next == NULL && is_text(argument);
    str text = is_one ? value_str(argument->literal.value) : STR("");
    bool is_right = text.len > 0 && memchr(text.ptr, '\0', text.len) == NULL
                    && (!str_is(expr->call.name, "env") || is_variable(text));
    if (is_right)
        return true;
    struct diag *diag = diag_add(check->diags, DIAG_SETTING_VALUE, expr->at,
        "`%.*s` takes one text: what it is called", STR_ARG(expr->call.name));
    diag_help(check->diags, diag,
        "write `env(\"TOKEN\")`, `file(\"/run/secrets/token\")` or "
        "`credential(\"token\")`");
    return true;
}

/* The name under which the secret may be kept: CONNECTION_KEY. */
static const char *variable_name(
    struct check *check, const struct frame *frame, const struct ast_line *line)
{
    const char *made = frame->item->name.len == 0
                           ? arena_format(check->arena, "CDR_%.*s", STR_ARG(line->key))
                           : arena_format(check->arena, "%.*s_%.*s", STR_ARG(frame->item->name),
                               STR_ARG(line->key));
    if (!check_ok(check, made == NULL ? ERR_MEMORY : ERR_OK))
        return "TOKEN";
    str copy = arena_copy(check->arena, str_from(made));
    char *upper = ARENA_ARRAY(check->arena, char, copy.len + 1);
    if (!check_ok(check, upper == NULL ? ERR_MEMORY : ERR_OK))
        return "TOKEN";
    for (size_t at = 0; made[at] != '\0'; at++)
        upper[at] = isalnum((unsigned char)made[at]) ? (char)toupper((unsigned char)made[at]) : '_';
    return upper;
}

static void check_secret(
    struct check *check, const struct frame *frame, const struct ast_line *line)
{
    if (check_way(check, line->value))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_INLINE_SECRET, line->value->at,
        "`%.*s` is a secret, and a file of rules is no place for one", STR_ARG(line->key));
    diag_help(check->diags, diag,
        "write `%.*s = env(\"%s\")`, `file(\"path\")` or `credential(\"name\")`; and renew it if "
        "anybody has seen it",
        STR_ARG(line->key), variable_name(check, frame, line));
}

static void report_value(
    struct check *check, const struct expr *expr, const struct setting *row, const char *wanted)
{
    struct diag *diag =
        diag_add(check->diags, DIAG_SETTING_VALUE, expr->at, "`%s` takes %s", row->key, wanted);
    if (row->meaning[0] != '\0')
        diag_help(check->diags, diag, "it is: %s", row->meaning);
}

/* A text in quotes, or one that is looked up when the daemon starts: then it is empty and there
 * is nothing more to check. */
static bool text_of(struct check *check, const struct expr *expr, const struct setting *row,
    const char *wanted, str *ret_text)
{
    *ret_text = STR("");
    if (check_way(check, expr))
        return true;
    if (is_text(expr) && value_str(expr->literal.value).len > 0) {
        *ret_text = value_str(expr->literal.value);
        return true;
    }
    report_value(check, expr, row, wanted);
    return false;
}

/* The next word of *words, which gets shorter; empty at the end. */
static str next_word(str *words)
{
    str word = str_first(*words, str_find(*words, ' '));
    *words = str_skip(*words, word.len + 1);
    return word;
}

static void check_choice(
    struct check *check, const struct expr *expr, const struct setting *row, str word)
{
    struct suggestion near = { .word = word };
    str choices = str_from(row->choices);
    for (str choice = next_word(&choices); choice.len > 0; choice = next_word(&choices)) {
        if (str_equal(choice, word))
            return;
        suggest(&near, choice);
    }
    struct diag *diag = diag_add(check->diags, DIAG_SETTING_VALUE, expr->at,
        "`%s` cannot be `%.*s`", row->key, STR_ARG(word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else
        diag_help(check->diags, diag, "it is one of: %s", row->choices);
}

/* A word, in quotes or not; empty and told when it is none. */
static str word_of(struct check *check, const struct expr *expr, const struct setting *row)
{
    if (path_is_word(expr) && !expr->path->is_index)
        return expr->path->text;
    if (is_text(expr) && value_str(expr->literal.value).len > 0)
        return value_str(expr->literal.value);
    report_value(check, expr, row, "a word");
    return STR("");
}

static void check_one_word(struct check *check, const struct expr *expr, const struct setting *row)
{
    str word = word_of(check, expr, row);
    if (word.len == 0)
        return;
    if (row->choices != NULL)
        check_choice(check, expr, row, word);
    else if (str_is(str_from(row->key), "source") && source_item(check, word) == NULL
             && !check_is_lost(check, UINT32_MAX, word)) {
        struct diag *diag = diag_add(
            check->diags, DIAG_UNKNOWN_VALUE, expr->at, "`%.*s` is no source", STR_ARG(word));
        help_with_text(check, diag, expr->at, word, TYPE_SOURCE);
    }
}

static void check_url(struct check *check, const struct expr *expr, const struct setting *row)
{
    str text;
    if (!text_of(check, expr, row, "a URL in quotes", &text) || text.len == 0)
        return;
    bool is_plain = str_startswith(text, STR("http://"));
    str host = str_skip(text, is_plain ? strlen("http://") : strlen("https://"));
    if (host.len == 0 || (!is_plain && !str_startswith(text, STR("https://"))))
        report_value(check, expr, row, "a URL that begins with https://");
    else if (is_plain && !url_is_to_this_machine(text) && !str_is(str_from(row->key), "proxy"))
        report_value(check, expr, row, "https:// (http:// only to this machine)");
    else if (str_find(str_first(host, str_find(host, '/')), '@') < str_find(host, '/'))
        report_value(check, expr, row, "a URL without a user or password in it");
}

static void check_address(struct check *check, const struct expr *expr, const struct setting *row)
{
    str text;
    if (!text_of(check, expr, row, "an address with a port: \"127.0.0.1:8080\"", &text)
        || text.len == 0)
        return;
    size_t colon = str_find_last(text, ':');
    str port = str_skip(text, colon + 1);
    long number = 0;
    for (size_t at = 0; at < port.len && number <= UINT16_MAX; at++)
        number = isdigit((unsigned char)port.ptr[at]) ? number * 10 + (port.ptr[at] - '0')
                                                      : (long)UINT16_MAX + 1;
    if (colon == text.len || port.len == 0 || number > UINT16_MAX)
        report_value(check, expr, row, "an address with a port: \"127.0.0.1:8080\"");
}

static void check_typed(
    struct check *check, const struct expr *expr, const struct setting *row, enum type type)
{
    str text;
    value v;
    const char *wanted = type == TYPE_ROLE      ? "the ARN of a role, in quotes"
                         : type == TYPE_ACCOUNT ? "twelve digits in quotes: \"111122223333\""
                                                : "a region in quotes: \"eu-west-1\"";
    if (!text_of(check, expr, row, wanted, &text) || text.len == 0)
        return;
    if (!check_ok(check, value_convert(check->arena, value_text(text), type, &v)))
        return;
    if (v.kind == VALUE_ABSENT || (type == TYPE_ROLE && !str_startswith(text, STR("arn:"))))
        report_value(check, expr, row, wanted);
    else if (type == TYPE_REGION)
        check_region_known(check, expr->at, text);
}

/* The name of a role of IAM, with its path where it has one; empty: looked up later. An ARN is no
 * file: a path has no empty part, and none that is "." or "..". */
static bool is_role_path(str text)
{
    for (str rest = text; rest.len > 0;) {
        str part = str_first(rest, str_find(rest, '/'));
        if (part.len == 0 || str_is(part, ".") || str_is(part, ".."))
            return false;
        rest = str_skip(rest, part.len < rest.len ? part.len + 1 : part.len);
    }
    for (size_t at = 0; at < text.len; at++)
        if (!isalnum((unsigned char)text.ptr[at])
            && memchr("_+=,.@-/", text.ptr[at], sizeof("_+=,.@-/") - 1) == NULL)
            return false;
    return !str_startswith(text, STR("/")) && !str_endswith(text, STR("/"));
}

static bool is_secret_call(const struct expr *expr)
{
    return expr->kind == EXPR_CALL && is_secret_way(expr->call.name);
}

/* Each of a list, or the one value that stands alone. */
static void check_each(struct check *check, const struct expr *expr, const struct setting *row)
{
    str text;
    const struct expr *one = expr->kind == EXPR_LIST ? expr->elements : expr;
    if (one == NULL)
        report_value(check, expr, row, "one value or more");
    for (; one != NULL; one = expr->kind == EXPR_LIST ? one->next : NULL) {
        if (row->kind == SETTING_WORDS)
            check_one_word(check, one, row);
        else if (is_secret_call(one) && str_startswith(str_from(row->block), STR("role")))
            report_value(check, one, row, "names in quotes: who may approve stands in the rules");
        else
            (void)text_of(check, one, row, "text in quotes, or a list of it", &text);
    }
}

static void check_value(struct check *check, const struct frame *frame, const struct ast_line *line,
    const struct setting *row)
{
    const struct expr *expr = line->value;
    str text;
    switch (row->kind) {
    case SETTING_TEXT:
    case SETTING_PATH:
        if (text_of(check, expr, row, "text in quotes", &text) && text.len > 0
            && strcmp(row->key, "evidence") == 0)
            check_evidence_place(
                check, expr->at, row->key, text, strcmp(row->block, "connection aws") != 0);
        return;
    case SETTING_TEXTS:
    case SETTING_WORDS:
        check_each(check, expr, row);
        return;
    case SETTING_WORD:
        check_one_word(check, expr, row);
        return;
    case SETTING_URL:
        check_url(check, expr, row);
        return;
    case SETTING_ADDRESS:
        check_address(check, expr, row);
        return;
    case SETTING_DURATION:
        if (expr->kind != EXPR_LITERAL || expr->literal.type != TYPE_DURATION
            || expr->literal.value.milliseconds <= 0)
            report_value(check, expr, row, "a time above zero: 30s");
        return;
    case SETTING_REGION:
        check_typed(check, expr, row, TYPE_REGION);
        return;
    case SETTING_ACCOUNT:
        check_typed(check, expr, row, TYPE_ACCOUNT);
        return;
    case SETTING_ROLE:
        check_typed(check, expr, row, TYPE_ROLE);
        return;
    case SETTING_ROLE_NAME:
        if (text_of(check, expr, row, "the name of a role: \"cdr-responder\"", &text)
            && !is_role_path(text))
            report_value(check, expr, row, "the name of a role, not its ARN: \"cdr-responder\"");
        return;
    case SETTING_SECRET:
        check_secret(check, frame, line);
        return;
    case SETTING_NUMBER:
    case SETTING_SECONDS:
    case SETTING_ARTIFACTS:
    case SETTING_PATTERNS:
    case SETTING_COMMAND:
    case SETTING_SHA256:
        check_profile_value(check, frame->keyword, expr, row);
        return;
    case SETTING_BLOCK:
    case SETTING_BLOCKS:
        return; /* check_line has told */
    }
}

/* Whether it stands for a parameter of steps; the parameter, or NULL. */
static const struct param *param_of(const struct frame *frame, const struct setting *row)
{
    const struct builtin *builtin;
    for (size_t at = 0; (builtin = builtin_at(at)) != NULL; at++) {
        const struct builtin *part = builtin;
        for (uint32_t p = 0; (part = builtin_part(builtin, p)) != NULL; p++) {
            if (part->provider != NULL && str_is(frame->provider, part->provider))
                break;
        }
        if (part == NULL)
            continue;
        for (uint32_t i = 0; i < builtin_param_count(part); i++) {
            const char *setting = part->params[i].setting;
            if (setting != NULL && strcmp(setting, row->key) == 0)
                return &part->params[i];
        }
    }
    return NULL;
}

static void check_of_steps(struct check *check, const struct frame *frame,
    const struct ast_line *line, const struct setting *row)
{
    const struct param *param = param_of(frame, row);
    value v = VALUE_NONE;
    if (param == NULL)
        return;
    if (is_secret_call(line->value)) {
        struct diag *diag = diag_add(check->diags, DIAG_SETTING_OF_STEPS, line->value->at,
            "`%s` is given to steps, so it stands here as it is", row->key);
        diag_help(check->diags, diag, "write `%s = \"..\"`", row->key);
        return;
    }
    if (is_text(line->value)
        && check_ok(check, value_convert(check->arena, line->value->literal.value, param->type, &v))
        && v.kind == VALUE_ABSENT)
        report_value(check, line->value, row, type_name(param->type));
}

/* ---- lines ---- */

static const struct setting *find_row(const struct frame *frame, str key)
{
    const struct setting *row;
    for (size_t at = 0; (row = setting_at(at))->key != NULL; at++)
        if (str_is(key, row->key) && setting_is_in(row, frame->keyword, frame->provider))
            return row;
    return NULL;
}

/* A key that only another provider has, or no block at all. */
static void report_key(struct check *check, const struct frame *frame, const struct ast_line *line)
{
    const struct setting *row;
    struct suggestion near = { .word = line->key };
    str all = STR("");
    for (size_t at = 0; (row = setting_at(at))->key != NULL; at++) {
        if (!setting_is_in(row, frame->keyword, frame->provider))
            continue;
        suggest(&near, str_from(row->key));
        const char *longer = arena_format(
            check->arena, "%.*s%s%s", STR_ARG(all), all.len == 0 ? "" : ", ", row->key);
        if (!check_ok(check, longer == NULL ? ERR_MEMORY : ERR_OK))
            return;
        all = str_from(longer);
    }
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_SETTING, line->key_at,
        "%s%.*s has no setting `%.*s`", frame->provider.len == 0 ? "a block " : "a connection to ",
        STR_ARG(frame->provider.len == 0 ? frame->keyword : frame->provider), STR_ARG(line->key));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, line->key_at, near.best);
    } else
        diag_help(check->diags, diag, "it has %.*s", STR_ARG(all));
}

static const struct ast_line *find_line(const struct frame *frame, const char *key)
{
    const struct ast_line *line = frame->lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    return line;
}

static void check_repeated(struct check *check, const struct frame *frame,
    const struct ast_line *line, const struct setting *row)
{
    for (const struct ast_line *before = frame->lines; before != line; before = before->next) {
        if (!str_equal(before->key, line->key)
            || (row->kind == SETTING_BLOCKS && !str_equal(before->label, line->label)))
            continue;
        struct diag *diag = diag_add(check->diags, DIAG_GIVEN_TWICE, line->key_at,
            "`%.*s` is said twice", STR_ARG(line->key));
        diag_note(check->diags, diag, before->key_at, "it is said here first");
        return;
    }
}

static void check_missing(struct check *check, const struct frame *frame)
{
    const struct setting *row;
    const char *one_of = NULL;
    bool has_one = false;
    for (size_t at = 0; (row = setting_at(at))->key != NULL; at++) {
        bool is_there = find_line(frame, row->key) != NULL;
        if (!setting_is_in(row, frame->keyword, frame->provider))
            continue;
        if (row->need == SETTING_REQUIRED && !is_there) {
            struct diag *diag = diag_add(
                check->diags, DIAG_MISSING_SETTING, frame->at, "the block needs `%s`", row->key);
            if (row->meaning[0] != '\0')
                diag_help(check->diags, diag, "it is: %s", row->meaning);
        }
        if (row->need != SETTING_ONE_OF)
            continue;
        has_one = has_one || is_there;
        one_of = one_of == NULL ? arena_format(check->arena, "`%s`", row->key)
                                : arena_format(check->arena, "%s or `%s`", one_of, row->key);
        if (!check_ok(check, one_of == NULL ? ERR_MEMORY : ERR_OK))
            return;
    }
    if (one_of != NULL && !has_one)
        diag_add(check->diags, DIAG_MISSING_SETTING, frame->at, "the block needs %s", one_of);
}

/* It calls check_lines again, once: no row is of a block within a block within a block. */
static void check_inner(struct check *check, const struct frame *frame,
    const struct ast_line *block, const struct setting *row);

static void check_lines(struct check *check, const struct frame *frame)
{
    for (const struct ast_line *line = frame->lines; line != NULL; line = line->next) {
        const struct setting *row = find_row(frame, line->key);
        if (row == NULL) {
            report_key(check, frame, line);
            continue;
        }
        bool is_block = row->kind == SETTING_BLOCK || row->kind == SETTING_BLOCKS;
        check_repeated(check, frame, line, row);
        if (is_block != (line->value == NULL))
            diag_add(check->diags, DIAG_SETTING_VALUE, line->at,
                is_block ? "`%s` is a block: write `%s { .. }`"
                         : "`%s` is no block: write `%s = ..`",
                row->key, row->key);
        else if (is_block)
            check_inner(check, frame, line, row);
        else {
            uint32_t errors = check->diags->error_count;
            check_value(check, frame, line, row);
            if (check->diags->error_count == errors)
                check_of_steps(check, frame, line, row);
        }
    }
    check_missing(check, frame);
}

static void check_inner(struct check *check, const struct frame *frame,
    const struct ast_line *block, const struct setting *row)
{
    const char *keyword = arena_format(check->arena, "%.*s %s", STR_ARG(frame->keyword), row->key);
    if (!check_ok(check, keyword == NULL ? ERR_MEMORY : ERR_OK))
        return;
    if ((row->kind == SETTING_BLOCKS) != (block->label.len > 0)) {
        struct diag *diag = diag_add(check->diags, DIAG_BLOCK_NAME, block->key_at,
            row->kind == SETTING_BLOCKS ? "`%s` needs a name" : "`%s` has no name", row->key);
        diag_help(check->diags, diag,
            row->kind == SETTING_BLOCKS ? "write `%s NAME { .. }`" : "write `%s { .. }`", row->key);
    }
    const struct frame inner = { .item = frame->item,
        .keyword = str_from(keyword),
        .at = block->key_at,
        .lines = block->lines };
    check_lines(check, &inner);
}

/* ---- blocks ---- */

/* The provider of a connection; empty when it is missing or was told. */
static str provider_of(struct check *check, const struct frame *frame)
{
    const struct ast_line *line = find_line(frame, "provider");
    if (line == NULL || line->value == NULL)
        return STR("");
    const struct expr *expr = line->value;
    str word = path_is_word(expr) ? expr->path->text
               : is_text(expr)    ? value_str(expr->literal.value)
                                  : STR("");
    if (word.len == 0 || provider_is(word))
        return word;
    struct suggestion near = { .word = word };
    for (size_t at = 0; provider_at(at) != NULL; at++)
        suggest(&near, str_from(provider_at(at)));
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_PROVIDER, expr->at,
        "no provider is called `%.*s`", STR_ARG(word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
        return STR("");
    }
    const char *all = "";
    for (size_t at = 0; provider_at(at) != NULL && all != NULL; at++)
        all = arena_format(check->arena, "%s%s%s", all, at == 0 ? "" : ", ", provider_at(at));
    if (check_ok(check, all == NULL ? ERR_MEMORY : ERR_OK))
        diag_help(check->diags, diag, "providers are %s", all);
    return STR("");
}

/* `approve by "ir-lead"`: a text that a line can show. */
static bool is_role_name(str name)
{
    for (size_t at = 0; at < name.len; at++)
        if ((unsigned char)name.ptr[at] <= ' ' || name.ptr[at] == 0x7F)
            return false;
    return name.len <= NAME_BYTES_MAX;
}

static void check_name(struct check *check, const struct item *item, str provider)
{
    str keyword = item->block.keyword;
    bool wants_name = !str_is(keyword, "daemon");
    struct diag *diag = NULL;
    if (wants_name != (item->name.len > 0))
        diag =
            diag_add(check->diags, DIAG_BLOCK_NAME, item->name.len > 0 ? item->name_at : item->at,
                wants_name ? "a %.*s needs a name" : "the %.*s has no name", STR_ARG(keyword));
    else if (str_is(keyword, "role") ? !is_role_name(item->name)
                                     : wants_name && !is_variable(item->name))
        diag = diag_add(check->diags, DIAG_BLOCK_NAME, item->name_at,
            "a %.*s is called by one word", STR_ARG(keyword));
    else if (str_is(keyword, "connection") && provider.len > 0 && provider_is(item->name)
             && !str_equal(item->name, provider))
        diag = diag_add(check->diags, DIAG_BLOCK_NAME, item->name_at,
            "the connection is to %.*s and has the name of another provider", STR_ARG(provider));
    if (diag != NULL)
        diag_help(check->diags, diag,
            wants_name ? "write `%.*s my_name { .. }`" : "write `%.*s { .. }`", STR_ARG(keyword));
}

void check_block(struct check *check, struct item *item)
{
    if (item->is_partial)
        return; /* the parser has said it */
    struct frame frame = { .item = item,
        .keyword = item->block.keyword,
        .at = item->name_at.end > item->name_at.start ? item->name_at : item->at,
        .lines = item->block.lines };
    if (str_is(frame.keyword, "connection")) {
        frame.provider = provider_of(check, &frame);
        check_name(check, item, frame.provider);
        if (frame.provider.len == 0) { /* nothing is known of the other lines */
            if (find_line(&frame, "provider") == NULL)
                check_missing(check, &frame);
            return;
        }
    } else {
        check_name(check, item, STR(""));
    }
    check_lines(check, &frame);
    if (str_is(frame.keyword, "role"))
        check_role(check, item);
    else if (item_is_profile(item))
        check_profile_item(check, item);
}
