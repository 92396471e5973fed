/* check_profile.c - `profile` and `collector` blocks, and the steps that name them. */
#include "check_pass.h"

#include "base/sha256.h"
#include "collector/artifacts.h"
#include "fixture.h"
#include "profile.h"
#include "rest/late.h"
#include "settings.h"

#include <errno.h>
#include <stdlib.h>

/* ---- values ---- */

static struct diag *report(
    struct check *check, const struct expr *expr, const struct setting *row, const char *wanted)
{
    struct diag *diag =
        diag_add(check->diags, DIAG_SETTING_VALUE, expr->at, "`%s` takes %s", row->key, wanted);
    diag_help(check->diags, diag, "it is: %s", row->meaning);
    return diag;
}

static bool is_text(const struct expr *expr)
{
    return expr->kind == EXPR_LITERAL && expr->literal.type == TYPE_TEXT
           && value_str(expr->literal.value).len > 0;
}

static bool has_control(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if ((unsigned char)text.ptr[at] < ' ' || text.ptr[at] == 0x7F)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void check_artifact(
    struct check *check, enum platform platform, const struct expr *expr, const struct setting *row)
{
    str word = profile_word(expr);
    const struct artifact *artifact = artifact_find(word);
    if (word.len == 0) {
        report(check, expr, row, "words: [processes, connections]");
        return;
    }
    if (artifact != NULL && artifact->is_on[platform])
        return;
    if (artifact != NULL) {
        enum platform other = platform == PLATFORM_LINUX ? PLATFORM_WINDOWS : PLATFORM_LINUX;
        struct diag *diag = diag_add(check->diags, DIAG_ARTIFACT_PLATFORM, expr->at,
            "the collector for %s has no `%s`", platform_name(platform), artifact->name);
        diag_help(
            check->diags, diag, "only the one for %s has it; leave it out", platform_name(other));
        return;
    }
    struct suggestion near = { .word = word };
    for (size_t at = 0; artifact_at(at) != NULL; at++)
        if (artifact_at(at)->is_on[platform])
            suggest(&near, str_from(artifact_at(at)->name));
    struct diag *diag = diag_add(
        check->diags, DIAG_UNKNOWN_ARTIFACT, expr->at, "no collector takes `%.*s`", STR_ARG(word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else
        diag_help(check->diags, diag, "take a file by its path: `files = [\"/..\"]`");
}

/* What is wrong with the path, or NULL. */
static const char *pattern_fault(enum platform platform, str text)
{
    bool is_windows = platform == PLATFORM_WINDOWS;
    bool is_whole = is_windows ? text.len > 3 && is_letter(text.ptr[0]) && text.ptr[1] == ':'
                                     && text.ptr[2] == '\\'
                               : text.len > 1 && text.ptr[0] == '/';
    if (!is_whole)
        return is_windows ? "it does not begin with a drive: \"C:\\\\ProgramData\\\\..\""
                          : "it does not begin with `/`";
    if (has_control(text))
        return "it has control characters";
    if (str_find(text, '[') != text.len || str_find(text, ']') != text.len)
        return "only `*` and `?` stand for other characters";
    if (!is_windows && str_find(text, '\\') != text.len)
        return "it has a backslash";
    for (str rest = text; rest.len > 0;) {
        size_t end = str_find(rest, is_windows ? '\\' : '/');
        if (str_is(str_first(rest, end), ".."))
            return "it has `..` in it";
        rest = str_skip(rest, end + 1);
    }
    return NULL;
}

static void check_pattern(
    struct check *check, enum platform platform, const struct expr *expr, const struct setting *row)
{
    if (!is_text(expr)) {
        report(check, expr, row, "paths in quotes");
        return;
    }
    const char *fault = pattern_fault(platform, value_str(expr->literal.value));
    if (fault == NULL)
        return;
    struct diag *diag = diag_add(
        check->diags, DIAG_FILE_PATTERN, expr->at, "this is no whole path of a host: %s", fault);
    diag_help(check->diags, diag, "write it from the root on: %s",
        platform == PLATFORM_WINDOWS ? "\"C:\\\\inetpub\\\\logs\\\\*\\\\*.log\""
                                     : "\"/var/log/nginx/*.log\"");
}

/* The program lies in what was sent. */
static const char *program_fault(enum platform platform, str text)
{
    if (platform == PLATFORM_LINUX && !str_startswith(text, STR("./")))
        return "it does not begin with `./`";
    str rest = platform == PLATFORM_LINUX ? str_skip(text, 2) : text;
    if (rest.len == 0 || rest.ptr[0] == '/' || rest.ptr[0] == '\\'
        || str_find(rest, ':') != rest.len)
        return "it is not in what was sent";
    for (; rest.len > 0;) {
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '\\')
            end++;
        if (str_is(str_first(rest, end), ".."))
            return "it has `..` in it";
        rest = str_skip(rest, end + 1);
    }
    return NULL;
}

static void check_command_word(struct check *check, enum platform platform, const struct expr *expr,
    const struct setting *row, bool is_first)
{
    if (expr->kind != EXPR_LITERAL || expr->literal.type != TYPE_TEXT) {
        report(check, expr, row, "a list of texts, one for each word");
        return;
    }
    str text = value_str(expr->literal.value);
    const char *fault = has_control(text) ? "it has control characters"
                        : is_first        ? program_fault(platform, text)
                                          : NULL;
    if (fault == NULL)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_COLLECTOR_COMMAND, expr->at,
        is_first ? "this is no program of what was sent: %s" : "no word of a command: %s", fault);
    diag_help(check->diags, diag, "write `command = [%s, \"{output}\"]`",
        platform == PLATFORM_WINDOWS ? "\"collect.exe\"" : "\"./collect\"");
}

/* Within "least most", which the row says. */
static void check_number(
    struct check *check, const struct expr *expr, const struct setting *row, bool is_time)
{
    char *end;
    long long least = strtoll(row->choices, &end, 10);
    long long most = strtoll(end, NULL, 10);
    enum type type = is_time ? TYPE_DURATION : TYPE_INTEGER;
    bool is_one = expr->kind == EXPR_LITERAL && expr->literal.type == type;
    long long written = !is_one   ? 0
                        : is_time ? expr->literal.value.milliseconds / 1000
                                  : expr->literal.value.integer;
    if (is_one && written >= least && written <= most)
        return;
    const char *wanted = arena_format(check->arena, "%s from %lld%s to %lld%s",
        is_time ? "a time" : "a whole number", least, is_time ? "s" : "", most, is_time ? "s" : "");
    if (check_ok(check, wanted == NULL ? ERR_MEMORY : ERR_OK))
        report(check, expr, row, wanted);
}

static void check_sha256(struct check *check, const struct expr *expr, const struct setting *row)
{
    str text = is_text(expr) ? value_str(expr->literal.value) : STR("");
    if (text.len != 64 || !str_all_of(text, "0123456789abcdef"))
        report(check, expr, row, "64 hex digits in lower case, in quotes: what `sha256sum` prints");
}

static void check_each(
    struct check *check, enum platform platform, const struct expr *expr, const struct setting *row)
{
    bool is_list = expr->kind == EXPR_LIST;
    const struct expr *one = is_list ? expr->elements : expr;
    if (one == NULL || (row->kind == SETTING_COMMAND && !is_list)) {
        report(check, expr, row, row->kind == SETTING_COMMAND ? "a list of texts" : "one or more");
        return;
    }
    for (bool is_first = true; one != NULL; one = is_list ? one->next : NULL, is_first = false) {
        if (row->kind == SETTING_ARTIFACTS)
            check_artifact(check, platform, one, row);
        else if (row->kind == SETTING_PATTERNS)
            check_pattern(check, platform, one, row);
        else
            check_command_word(check, platform, one, row, is_first);
    }
}

void check_profile_value(
    struct check *check, str keyword, const struct expr *expr, const struct setting *row)
{
    enum platform platform =
        str_endswith(keyword, STR(" windows")) ? PLATFORM_WINDOWS : PLATFORM_LINUX;
    if (row->kind == SETTING_NUMBER || row->kind == SETTING_SECONDS)
        check_number(check, expr, row, row->kind == SETTING_SECONDS);
    else if (row->kind == SETTING_SHA256)
        check_sha256(check, expr, row);
    else
        check_each(check, platform, expr, row);
}

/* ---- names ---- */

static const struct expr *value_of(const struct ast_line *block, const char *key)
{
    const struct ast_line *line = block->lines;
    while (line != NULL && !str_is(line->key, key))
        line = line->next;
    return line == NULL ? NULL : line->value;
}

/* Whether the file of a collector is the one that was meant: better said here than on the night. */
static void check_file(struct check *check, const struct ast_line *block)
{
    const struct expr *file = value_of(block, "file");
    const struct expr *sha256 = value_of(block, "sha256");
    char hash[SHA256_HEX_SIZE];
    if (file == NULL || sha256 == NULL || !is_text(file) || !is_text(sha256))
        return;
    CLEANUP(buf_release) struct buf text = BUF_INIT(REST_FILE_BYTES_MAX);
    str from = check->sources->items[file->at.file].file;
    str path = fixture_path(check->arena, from, value_str(file->literal.value));
    if (!check_ok(check, path.ptr == NULL ? ERR_MEMORY : ERR_OK))
        return;
    enum err err = fixture_read(check->sources, from, path.ptr, &text);
    int number = errno;
    if (err != ERR_OK) {
        struct diag *diag = diag_add(check->diags, DIAG_COLLECTOR_FILE, file->at,
            "the collector's file cannot be read: %s",
            err == ERR_LIMIT ? "it is larger than 128 MB, which is not sent"
                             : fixture_reason(err, number));
        diag_help(check->diags, diag, "put it there before a step needs it");
    } else if (sha256_hex(buf_str(&text), hash) == ERR_OK
               && !str_is(value_str(sha256->literal.value), hash)) {
        struct diag *diag = diag_add(check->diags, DIAG_COLLECTOR_HASH, sha256->at,
            "the collector's file has another SHA-256, so it would not be sent");
        diag_help(check->diags, diag, "it is %s", hash);
    }
}

void check_profile_item(struct check *check, const struct item *item)
{
    for (const struct ast_line *line = item->block.lines; line != NULL; line = line->next)
        if (str_is(item->block.keyword, "collector"))
            check_file(check, line);
    if (collector_profile(item->name).len == 0)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_PROFILE_NAME, item->name_at,
        "`%.*s` is part of cdr", STR_ARG(item->name));
    diag_help(check->diags, diag, "choose another name");
}

static void suggest_profiles(
    struct check *check, const struct param *param, struct suggestion *near)
{
    uint32_t at = 0;
    for (const struct name *other; (other = scope_next(check->scope, &at)) != NULL;)
        if (other->scope == SCOPE_PROFILES)
            suggest(near, other->text);
    for (str rest = str_from(param->choices); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        suggest(near, str_first(rest, end));
        rest = str_skip(rest, end + 1);
    }
}

void check_profile_name(
    struct check *check, const struct expr *expr, const struct param *param, str name)
{
    if (collector_profile(name).len > 0 || scope_find(check->scope, SCOPE_PROFILES, name) != NULL
        || check_is_lost(check, UINT32_MAX, name))
        return;
    struct suggestion near = { .word = name };
    suggest_profiles(check, param, &near);
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_PROFILE, expr->at,
        "no profile and no collector is called `%.*s`", STR_ARG(name));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else
        diag_help(check->diags, diag, "declare it: `profile %.*s { linux { take = [processes] } }`",
            STR_ARG(name));
}
