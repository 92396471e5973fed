/* cmd_fix.c - cdr fix: repairs that are certain, made in the files.
 *
 * A repair may uncover the next mistake, so the files are compiled again until none is
 * left. Only when that has ended are they written.
 */
#include "compile.h"
#include "diag_print.h"
#include "driver/command.h"
#include "driver/diff.h"
#include "driver/files.h"
#include "fix.h"
#include "lint/lint.h"

#include <errno.h>
#include <string.h>

/* A repair that calls for itself again would never end. */
enum { ROUNDS_MAX = 64 };

static const char byte_order_mark[] = "\xEF\xBB\xBF";

static const struct option options[] = {
    { OPTION_CHECK, OPTION_FLAG, NULL, NULL, NULL,
        "write nothing, name the files that would change, exit 1 for any" },
    { OPTION_DIFF, OPTION_FLAG, NULL, NULL, NULL,
        "write nothing, show what would change, exit 1 for any" },
    { OPTION_SUGGESTIONS, OPTION_FLAG, NULL, NULL, NULL,
        "take the nearest name too where one is unknown; read what it did" },
    { 0 },
};

static const struct example examples[] = {
    { "cdr fix rules", "repair what has one right form, in every file below rules" },
    { "cdr fix --diff --suggestions rules/a.cdr", "show what it and the nearest names would do" },
    { 0 },
};

/* A file as it is and as it becomes. */
struct fixed_file {
    const char *name;
    struct buf before;
    struct buf after; /* without a byte order mark */
    bool has_mark;
    uint32_t number; /* in the newest compilation */
    uint32_t count;  /* of repairs */
};

struct fix_job {
    struct driver *driver;
    struct output *words; /* where it says what it did */
    bool is_check;
    bool is_diff;
    bool takes_guesses;
    struct fixed_file *files;
    size_t file_count;
    uint32_t count; /* of repairs in all */
};

static void job_release(struct fix_job *job)
{
    for (size_t i = 0; i < job->file_count; i++) {
        buf_release(&job->files[i].before);
        buf_release(&job->files[i].after);
    }
}

static enum exit_code read_file(struct fix_job *job, const char *name)
{
    struct fixed_file *file = &job->files[job->file_count++];
    *file = (struct fixed_file){
        .name = name, .before = BUF_INIT(SOURCE_BYTES_MAX), .after = BUF_INIT(SOURCE_BYTES_MAX)
    };
    enum err err = file_read(name, &file->before);
    if (err == ERR_IO) {
        driver_message(job->driver, "%s cannot be read: %s", name, strerror(errno));
        return EXIT_USAGE;
    }
    str text = buf_str(&file->before);
    file->has_mark = str_startswith(text, STR("\xEF\xBB\xBF"));
    buf_add(&file->after, str_skip(text, file->has_mark ? strlen(byte_order_mark) : 0));
    if (err == ERR_OK)
        err = file->after.err;
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(job->driver, name, err);
}

static enum exit_code read_files(struct fix_job *job, const struct arguments *arguments)
{
    struct driver *driver = job->driver;
    struct files files = { 0 };
    size_t count = arguments->operand_count;
    for (size_t i = 0; i < (count == 0 ? 1 : count); i++) {
        const char *reason = "out of memory";
        const char *path = count == 0 ? "." : arguments->operands[i];
        enum err err = files_add(&files, path, &driver->arena, &reason);
        if (err != ERR_OK) {
            driver_message(driver, "%s", reason);
            return err == ERR_IO ? EXIT_USAGE : EXIT_INTERNAL;
        }
    }
    if (files.count == 0) {
        driver_message(
            driver, count == 0 ? "there is no .cdr file below the current directory; name the files"
                               : "there is no .cdr file in the paths");
        return EXIT_NOTHING;
    }
    job->files = ARENA_ARRAY(&driver->arena, struct fixed_file, files.count);
    if (job->files == NULL)
        return driver_failure(driver, "reading the files", ERR_MEMORY);
    for (size_t i = 0; i < files.count; i++) {
        enum exit_code code = read_file(job, files.items[i].name);
        if (code != EXIT_CLEAN)
            return code;
    }
    return EXIT_CLEAN;
}

/* Compile the files as they have become. */
static enum err compile(struct fix_job *job, struct compilation *compilation)
{
    compile_release(compilation);
    TRY(compile_begin(compilation));
    for (size_t i = 0; i < job->file_count; i++) {
        struct fixed_file *file = &job->files[i];
        file->number = compilation->sources.count;
        str text = arena_copy(&compilation->arena, buf_str(&file->after));
        if (text.ptr == NULL)
            return ERR_MEMORY;
        TRY(compile_text(compilation, str_from(file->name), text));
    }
    TRY(compile_program(compilation));
    diag_sort(&compilation->diags);
    return lint_program(compilation, NULL);
}

static void tell(struct fix_job *job, const struct source *source, const struct fixes *fixes)
{
    for (uint32_t i = 0; i < fixes->count; i++) {
        const struct diag *diag = fixes->items[i];
        struct place place = source_place(source, diag->fix->at.start);
        output_text(job->words, source->file);
        output_addf(
            job->words, ":%u:%u: fixed[%s]: ", place.line, place.column, diag_code(diag->id));
        output_text(job->words, diag->message);
        output_add(job->words, STR("\n"));
    }
}

/* Repair one file once. */
static enum err repair(
    struct fix_job *job, const struct compilation *compilation, struct fixed_file *file)
{
    const struct source *source = &compilation->sources.items[file->number];
    struct fixes fixes;
    TRY(fixes_choose(
        &compilation->diags, file->number, source->text.len, job->takes_guesses, &fixes));
    if (fixes.count == 0)
        return ERR_OK;
    if (!job->is_diff)
        tell(job, source, &fixes);
    buf_clear(&file->after);
    fixes_apply(&fixes, source->text, &file->after);
    file->count += fixes.count;
    job->count += fixes.count;
    return file->after.err;
}

/* Repair until a round finds nothing; `compilation` is then of the files as they are. */
static enum err repair_all(struct fix_job *job, struct compilation *compilation)
{
    TRY(compile(job, compilation));
    for (int round = 0; round < ROUNDS_MAX; round++) {
        uint32_t before = job->count;
        for (size_t i = 0; i < job->file_count; i++)
            TRY(repair(job, compilation, &job->files[i]));
        if (job->count == before)
            break;
        TRY(compile(job, compilation));
    }
    return ERR_OK;
}

/* What becomes of one file: written, shown or named. */
static enum exit_code finish_file(struct fix_job *job, const struct fixed_file *file)
{
    struct driver *driver = job->driver;
    CLEANUP(buf_release) struct buf whole = BUF_INIT(2 * SOURCE_BYTES_MAX);
    if (file->has_mark)
        buf_add(&whole, str_from(byte_order_mark));
    buf_add(&whole, buf_str(&file->after));
    if (whole.err != ERR_OK)
        return driver_failure(driver, file->name, whole.err);
    if (job->is_diff) {
        enum err err =
            diff_print(file->name, buf_str(&file->before), buf_str(&whole), &driver->out.buf);
        return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, file->name, err);
    }
    if (strcmp(file->name, "-") == 0 && !job->is_check) {
        output_add(&driver->out, buf_str(&whole));
        return EXIT_CLEAN;
    }
    if (file->count == 0 || job->is_check)
        return EXIT_CLEAN;
    CLEANUP(buf_release) struct buf now = BUF_INIT(SOURCE_BYTES_MAX);
    if (file_read(file->name, &now) != ERR_OK
        || !str_equal(buf_str(&now), buf_str(&file->before))) {
        driver_message(
            driver, "%s was changed by somebody else meanwhile: nothing was written", file->name);
        return EXIT_USAGE;
    }
    if (file_replace(file->name, buf_str(&whole), &driver->arena) == ERR_OK)
        return EXIT_CLEAN;
    driver_message(driver, "%s cannot be written: %s", file->name, strerror(errno));
    return EXIT_USAGE;
}

static uint32_t count_guesses(const struct diag_list *diags)
{
    uint32_t count = 0;
    for (const struct diag *diag = diags->first; diag != NULL; diag = diag->next)
        count += diag->fix != NULL && diag->fix->is_guess;
    return count;
}

/* What is left for a person. */
static void print_rest(struct fix_job *job, const struct compilation *compilation)
{
    const struct diag_list *diags = &compilation->diags;
    struct output *words = job->words;
    diags_print(diags, &compilation->sources, DIAG_FORMAT_TEXT, words->has_color, &words->buf);
    uint32_t guesses = job->takes_guesses ? 0 : count_guesses(diags);
    output_addf(words, "%s %u; %u error%s and %u warning%s left.\n",
        job->is_check ? "would fix" : "fixed", job->count, diags->error_count,
        diags->error_count == 1 ? "" : "s", diags->warning_count,
        diags->warning_count == 1 ? "" : "s");
    if (guesses > 0)
        output_addf(words, "--suggestions would take the nearest name for %u more.\n", guesses);
}

static enum exit_code fix(
    struct fix_job *job, const struct arguments *arguments, struct compilation *compilation)
{
    enum exit_code worst = read_files(job, arguments);
    if (worst != EXIT_CLEAN)
        return worst;
    enum err err = repair_all(job, compilation);
    if (err != ERR_OK)
        return driver_failure(job->driver, "repairing the rules", err);
    for (size_t i = 0; i < job->file_count; i++) {
        enum exit_code code = finish_file(job, &job->files[i]);
        worst = code > worst ? code : worst;
    }
    if (!job->is_diff)
        print_rest(job, compilation);
    bool would_change = job->count > 0 && (job->is_check || job->is_diff);
    bool is_found = would_change || compilation->diags.error_count > 0;
    return worst == EXIT_CLEAN && is_found ? EXIT_FINDINGS : worst;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    bool is_input = false;
    for (size_t i = 0; i < arguments->operand_count; i++)
        is_input |= strcmp(arguments->operands[i], "-") == 0;
    CLEANUP(job_release)
    struct fix_job job = {
        .driver = driver,
        .words = is_input ? &driver->log : &driver->out,
        .is_check = option_is_given(arguments, OPTION_CHECK),
        .is_diff = option_is_given(arguments, OPTION_DIFF),
        .takes_guesses = option_is_given(arguments, OPTION_SUGGESTIONS),
    };
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    return fix(&job, arguments, &compilation);
}

const struct command fix_command = {
    .name = "fix",
    .operands = "[PATH..]",
    .summary = "repair what has one right form",
    .help =
        "PATH is a rule file, a directory (every .cdr file below it), or - for standard input,\n"
        "which is then written to standard output; without one it is the current directory. Only\n"
        "the repair itself changes: comments, spaces and line ends stay. What is left is told as\n"
        "cdr check tells it, and the exit code is its.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .writes_files = true,
    .run = run,
};
