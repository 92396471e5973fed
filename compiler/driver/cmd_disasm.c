/* cmd_disasm.c - cdr disasm: the program that rules compile to, one instruction a line. */
#include "driver/command.h"
#include "driver/rules.h"

static const struct option options[] = {
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL, "the sources of the binary too" },
    { 0 },
};

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (paths[0] == NULL)
        return driver_usage(driver, &disasm_command, "which rules? Name a file or a directory");
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum exit_code code = rules_load(driver, paths, &compilation);
    if (code == EXIT_CLEAN)
        program_disassemble(
            compilation.program, option_is_given(arguments, OPTION_ALL), &driver->out.buf);
    return code;
}

static const struct example examples[] = {
    { "cdr disasm rules/first.cdr", "the instructions of a rule" },
    { 0 },
};

const struct command disasm_command = {
    .name = "disasm",
    .operands = "PATH..",
    .summary = "the program that rules compile to",
    .help = "Without --all it lists what the named files declare.",
    .options = options,
    .examples = examples,
    .group = GROUP_INSIDE,
    .run = run,
};
