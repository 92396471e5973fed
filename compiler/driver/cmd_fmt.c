/* cmd_fmt.c - cdr fmt: files in their one canonical form. */
#include "diag_print.h"
#include "driver/command.h"
#include "driver/diff.h"
#include "driver/files.h"
#include "fmt.h"
#include "parse.h"

#include <errno.h>
#include <string.h>

enum { FORMATTED_BYTES_MAX = 4 * SOURCE_BYTES_MAX };

static const struct option options[] = {
    { OPTION_CHECK, OPTION_FLAG, NULL, NULL, NULL,
        "write nothing, name the files that would change, exit 1 for any" },
    { OPTION_DIFF, OPTION_FLAG, NULL, NULL, NULL,
        "write nothing, show what would change, exit 1 for any" },
    { 0 },
};

struct format_job {
    struct driver *driver;
    bool is_check;
    bool is_diff;
    uint32_t changed;
};

/* Do with the canonical text what the flags ask for. */
static enum exit_code use_text(
    struct format_job *job, const char *name, str before, str after, struct arena *arena)
{
    struct driver *driver = job->driver;
    bool is_input = strcmp(name, "-") == 0;
    job->changed += !str_equal(before, after);
    if (job->is_diff) {
        enum err err = diff_print(name, before, after, &driver->out.buf);
        return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, name, err);
    }
    if (is_input && !job->is_check) {
        output_add(&driver->out, after);
        return EXIT_CLEAN;
    }
    if (str_equal(before, after))
        return EXIT_CLEAN;
    output_addf(&driver->out, job->is_check ? "would change %s\n" : "changed %s\n", name);
    if (job->is_check || file_replace(name, after, arena) == ERR_OK)
        return EXIT_CLEAN;
    driver_message(driver, "%s cannot be written: %s", name, strerror(errno));
    return EXIT_USAGE;
}

/* Parse `text` and append its canonical form; mistakes are told. */
static enum exit_code canonical(
    struct driver *driver, const char *name, str text, struct arena *arena, struct buf *out)
{
    struct sources sources = { .arena = arena };
    struct diag_list diags = { .arena = arena };
    struct parse parse = { .sources = &sources, .arena = arena, .diags = &diags };
    enum err err = sources_add(&sources, str_from(name), text, false, &parse.file);
    if (err == ERR_OK)
        err = parse_source(&parse);
    if (err != ERR_OK)
        return driver_failure(driver, name, err);
    if (diags.error_count > 0) {
        diag_sort(&diags);
        diags_print(&diags, &sources, DIAG_FORMAT_TEXT, driver->log.has_color, &driver->log.buf);
        driver_message(driver, "%s has syntax mistakes, so it was left as it is", name);
        return EXIT_USAGE;
    }
    tree_format(&sources, parse.tree, out);
    return out->err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, name, out->err);
}

static enum exit_code format_file(struct format_job *job, const char *name)
{
    struct driver *driver = job->driver;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    CLEANUP(buf_release) struct buf formatted = BUF_INIT(FORMATTED_BYTES_MAX);
    CLEANUP(buf_release) struct buf text = BUF_INIT(SOURCE_BYTES_MAX);
    enum err err = file_read(name, &text);
    if (err == ERR_IO) {
        driver_message(driver, "%s cannot be read: %s", name, strerror(errno));
        return EXIT_USAGE;
    }
    if (err != ERR_OK)
        return driver_failure(driver, name, err);
    enum exit_code code = canonical(driver, name, buf_str(&text), &arena, &formatted);
    if (code != EXIT_CLEAN)
        return code;
    return use_text(job, name, buf_str(&text), buf_str(&formatted), &arena);
}

static enum exit_code find_files(
    struct driver *driver, const struct arguments *arguments, struct files *files)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const char *reason = "out of memory";
        enum err err = files_add(files, arguments->operands[i], &driver->arena, &reason);
        if (err != ERR_OK) {
            driver_message(driver, "%s", reason);
            return err == ERR_IO ? EXIT_USAGE : EXIT_INTERNAL;
        }
    }
    if (files->count > 0)
        return EXIT_CLEAN;
    driver_message(driver, "there is no .cdr file in the paths");
    return EXIT_NOTHING;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count == 0)
        return driver_usage(driver, &fmt_command,
            "which files? Name them, `.` for all below here, or - for standard input");
    struct files files = { 0 };
    enum exit_code worst = find_files(driver, arguments, &files);
    if (worst != EXIT_CLEAN)
        return worst;
    struct format_job job = {
        .driver = driver,
        .is_check = option_is_given(arguments, OPTION_CHECK),
        .is_diff = option_is_given(arguments, OPTION_DIFF),
    };
    for (size_t i = 0; i < files.count; i++) {
        enum exit_code code = format_file(&job, files.items[i].name);
        worst = code > worst ? code : worst;
    }
    if (worst == EXIT_CLEAN && job.changed > 0 && (job.is_check || job.is_diff))
        return EXIT_FINDINGS;
    return worst;
}

static const struct example examples[] = {
    { "cdr fmt rules", "rewrite what is not canonical" },
    { "cdr fmt --check rules", "in CI: name the files that would change" },
    { "cdr fmt -", "standard input to standard output, for an editor" },
    { 0 },
};

const struct command fmt_command = {
    .name = "fmt",
    .operands = "PATH..|-",
    .summary = "write rules in their canonical form",
    .help = "Files are rewritten in place; - reads standard input and writes standard output.\n"
            "Only the syntax has to be right: a file with syntax mistakes is left as it is, other\n"
            "mistakes are found by cdr check.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .writes_files = true,
    .run = run,
};
