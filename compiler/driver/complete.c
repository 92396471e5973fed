/* complete.c - see complete.h. */
#include "driver/complete.h"

#include "diag.h"
#include "driver/state_pages.h"
#include "registry.h"

/* What a word in capitals stands for, in operands and after flags. */
enum stands_for {
    FOR_ANYTHING, /* nothing can be offered */
    FOR_RULES,
    FOR_FILE,
    FOR_DIRECTORY,
    FOR_SOURCE,
    FOR_CODE,
    FOR_STATE,
    FOR_STEP,
    FOR_COMMAND,
    FOR_COUNT
};

static const struct {
    const char *word;
    enum stands_for is;
} placeholders[] = {
    { "PATH", FOR_RULES },
    { "FILE", FOR_FILE },
    { "DIR", FOR_DIRECTORY },
    { "SOURCE", FOR_SOURCE },
    { "CODE", FOR_CODE },
    { "STATE", FOR_STATE },
    { "STEP", FOR_STEP },
    { "COMMAND", FOR_COMMAND },
    { "ADDRESS", FOR_ANYTHING },
    { "PATTERN", FOR_ANYTHING },
    { "PERCENT", FOR_ANYTHING },
    { "PORT", FOR_ANYTHING },
    { "HASH", FOR_ANYTHING },
    { "ID", FOR_ANYTHING },
    { "N", FOR_ANYTHING },
    { "NAME", FOR_ANYTHING },
    { "PARAMETER", FOR_ANYTHING },
    { "VALUE", FOR_ANYTHING },
    { "ARN", FOR_ANYTHING },
    { "REGION", FOR_ANYTHING },
    { "ACCOUNT", FOR_ANYTHING },
    { "RULE", FOR_ANYTHING },
    { "RUN", FOR_ANYTHING },
    { "HOLD", FOR_ANYTHING },
    { "CASE", FOR_ANYTHING },
    { "TEXT", FOR_ANYTHING },
    { "TIME", FOR_ANYTHING },
    { "URL", FOR_ANYTHING },
    { "WORD", FOR_ANYTHING },
};

struct completion {
    const struct command *const *commands;
    const struct command *command;
    str prefix; /* what every word begins with: "--format=", or empty */
    str begun;  /* what was typed of it, without the prefix */
    struct buf *out;
    enum complete_files files;
};

const char *complete_files_name(enum complete_files files)
{
    switch (files) {
    case COMPLETE_NOTHING:
        return "none";
    case COMPLETE_FILES:
        return "files";
    case COMPLETE_DIRECTORIES:
        return "directories";
    case COMPLETE_RULES:
        return "rules";
    }
    return "";
}

static enum stands_for find_placeholder(str word)
{
    for (size_t i = 0; i < COUNT_OF(placeholders); i++)
        if (str_is(word, placeholders[i].word))
            return placeholders[i].is;
    return FOR_COUNT;
}

bool complete_knows(str placeholder)
{
    return find_placeholder(placeholder) != FOR_COUNT;
}

/* A word that may stand there, if it goes on as was begun. */
static void offer(struct completion *completion, str word, const char *is)
{
    if (!str_startswith(word, completion->begun))
        return;
    buf_add(completion->out, completion->prefix);
    buf_add(completion->out, word);
    buf_addf(completion->out, "\t%s\n", is);
}

static void offer_commands(struct completion *completion)
{
    for (const struct command *const *at = completion->commands; *at != NULL; at++)
        offer(completion, str_from((*at)->name), (*at)->summary);
}

static void offer_sources(struct completion *completion)
{
    struct shipped_source source;
    for (size_t i = 0; (source = shipped_source_at(i)).file != NULL; i++) {
        str name = str_from(source.file);
        name = str_skip(name, str_find_last(name, '/') + 1);
        offer(completion, str_first(name, str_find(name, '.')), "source");
    }
}

static void offer_states(struct completion *completion)
{
    const struct state_page *page;
    for (size_t at = 0; (page = state_page_at(at)) != NULL; at++)
        offer(completion, str_from(page->name), page->means);
}

static void offer_codes(struct completion *completion)
{
    for (int id = 0; id < DIAG_COUNT; id++)
        offer(completion, str_from(diag_code((enum diag_id)id)), diag_summary((enum diag_id)id));
}

static void offer_steps(struct completion *completion)
{
    const struct builtin *row;
    for (size_t i = 0; (row = builtin_at(i)) != NULL; i++)
        offer(completion, str_from(row->name), row->doc);
}

static void offer_kind(struct completion *completion, enum stands_for is)
{
    switch (is) {
    case FOR_RULES:
        completion->files = COMPLETE_RULES;
        break;
    case FOR_FILE:
        completion->files = COMPLETE_FILES;
        break;
    case FOR_DIRECTORY:
        completion->files = COMPLETE_DIRECTORIES;
        break;
    case FOR_SOURCE:
        offer_sources(completion);
        break;
    case FOR_CODE:
        offer_codes(completion);
        break;
    case FOR_STATE:
        offer_states(completion);
        break;
    case FOR_STEP:
        offer_steps(completion);
        break;
    case FOR_COMMAND:
        offer_commands(completion);
        break;
    case FOR_ANYTHING:
    case FOR_COUNT:
        break;
    }
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* The next word of letters in `*rest`, or an empty one at its end. */
static str next_word(str *rest)
{
    size_t start = 0;
    while (start < rest->len && !is_upper(rest->ptr[start]) && !is_lower(rest->ptr[start]))
        start++;
    size_t end = start;
    while (end < rest->len && (is_upper(rest->ptr[end]) || is_lower(rest->ptr[end])))
        end++;
    str word = str_first(str_skip(*rest, start), end - start);
    *rest = str_skip(*rest, end);
    return word;
}

/* "[PATH..]", "FILE|-", "bash|zsh|fish": words in capitals are kinds, others are themselves. */
static void offer_form(struct completion *completion, const char *form)
{
    str rest = str_from(form);
    str word;
    while ((word = next_word(&rest)).len > 0) {
        if (is_upper(word.ptr[0]))
            offer_kind(completion, find_placeholder(word));
        else
            offer(completion, word, "");
    }
}

static void offer_value(struct completion *completion, const struct option *row)
{
    if (row->kind != OPTION_CHOICE) {
        offer_form(completion, row->value);
        return;
    }
    for (str rest = str_from(row->choices); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        offer(completion, str_first(rest, end), row->doc);
        rest = str_skip(rest, end + 1);
    }
}

static const struct option *find_flag(const struct command *command, str word)
{
    const struct option *row;
    str name = str_first(word, str_find(word, '='));
    if (!str_startswith(name, STR("--")))
        return NULL;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        if (str_is(str_skip(name, 2), option_name(row->id)))
            return row;
    return NULL;
}

/* Whether the flag stands among the words before the last. */
static bool is_used(const struct option *row, const char *const *words, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        str word = str_first(str_from(words[i]), str_find(str_from(words[i]), '='));
        if (str_startswith(word, STR("--")) && str_is(str_skip(word, 2), option_name(row->id)))
            return true;
    }
    return false;
}

static void offer_flags(struct completion *completion, const char *const *words, size_t count)
{
    const struct option *row;
    str typed = completion->begun;
    completion->prefix = STR("--");
    completion->begun = str_skip(typed, 2);
    for (size_t i = 0; (row = option_at(completion->command, i)) != NULL; i++)
        if (row->kind == OPTION_TEXTS || !is_used(row, words, count))
            offer(completion, str_from(option_name(row->id)), row->doc);
}

/* The flag whose value the last word is, by what stands before it; NULL: of none.
 * *ret_only_operands: a `--` came before. */
static const struct option *flag_before(
    const struct command *command, const char *const *words, size_t count, bool *ret_only_operands)
{
    const struct option *open = NULL;
    *ret_only_operands = false;
    for (size_t i = 0; i + 1 < count; i++) {
        str word = str_from(words[i]);
        if (open != NULL && str_is(word, "="))
            continue;
        if (open != NULL) {
            open = NULL;
            continue;
        }
        if (str_is(word, "--"))
            *ret_only_operands = true;
        const struct option *row = *ret_only_operands ? NULL : find_flag(command, word);
        bool is_whole = str_find(word, '=') < word.len;
        open = row != NULL && row->kind != OPTION_FLAG && !is_whole ? row : NULL;
    }
    return open;
}

static void complete_word(struct completion *completion, const char *const *words, size_t count)
{
    bool only_operands = false;
    const struct option *open = flag_before(completion->command, words, count, &only_operands);
    str last = completion->begun;
    if (open != NULL) {
        if (str_is(last, "="))
            completion->begun = STR("");
        offer_value(completion, open);
    } else if (only_operands || !str_startswith(last, STR("-"))) {
        offer_form(completion, completion->command->operands);
    } else if (str_find(last, '=') < last.len) {
        const struct option *row = find_flag(completion->command, last);
        completion->prefix = str_first(last, str_find(last, '=') + 1);
        completion->begun = str_skip(last, completion->prefix.len);
        if (row != NULL && row->kind != OPTION_FLAG)
            offer_value(completion, row);
    } else if (last.len < 2 || str_startswith(last, STR("--"))) {
        offer_flags(completion, words, count);
    }
}

enum complete_files complete(
    const struct command *const *commands, const char *const *words, size_t count, struct buf *out)
{
    struct completion completion = {
        .commands = commands, .begun = str_from(words[count - 1]), .prefix = STR(""), .out = out
    };
    if (count == 1) {
        offer_commands(&completion);
        offer(&completion, STR("--help"), "every command");
        offer(&completion, STR("--version"), "which build this is");
        return completion.files;
    }
    for (const struct command *const *at = commands; *at != NULL; at++)
        if (str_is(str_from(words[0]), (*at)->name))
            completion.command = *at;
    if (completion.command != NULL)
        complete_word(&completion, words + 1, count - 1);
    return completion.files;
}
