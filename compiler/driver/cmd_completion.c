/* cmd_completion.c - cdr completion: the script that teaches a shell to complete.
 *
 * A script only asks `cdr completion words`, so that what is offered is always what this
 * build has; complete.c answers.
 */
#include "driver/complete.h"

static const char bash[] =
    "# bash completion of cdr. Try: source <(cdr completion bash)\n"
    "# To keep it: cdr completion bash > ~/.local/share/bash-completion/completions/cdr\n"
    "_cdr() {\n"
    "    local line kind='' cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    [[ $cur == '=' ]] && cur=''\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :*) kind=${line#:} ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"$1\" completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "    [[ $kind == none ]] && return\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(\n"
    "        case $kind in\n"
    "        files) compgen -f -- \"$cur\" ;;\n"
    "        directories) compgen -d -- \"$cur\" ;;\n"
    "        rules) compgen -d -- \"$cur\"; compgen -f -X '!*.cdr' -- \"$cur\" ;;\n"
    "        esac\n"
    "    )\n"
    "}\n"
    "complete -F _cdr cdr\n";

static const char zsh[] =
    "#compdef cdr\n"
    "# zsh completion of cdr. To keep it, put it as _cdr into a folder of $fpath.\n"
    "_cdr() {\n"
    "    local line kind\n"
    "    local -a candidates\n"
    "    for line in \"${(@f)$($words[1] completion words -- \"${(@)words[2,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "        case $line in\n"
    "        :*) kind=${line#:} ;;\n"
    "        ?*) candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#candidates )) && _describe -t values cdr candidates\n"
    "    [[ $PREFIX == --*=* && $kind != none ]] && compset -P '--*='\n"
    "    case $kind in\n"
    "    files) _files ;;\n"
    "    directories) _files -/ ;;\n"
    "    rules) _files -g '*.cdr(-.)' ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] == _cdr ]]; then _cdr \"$@\"; else compdef _cdr cdr; fi\n";

static const char fish[] =
    "# fish completion of cdr. To keep it:\n"
    "# cdr completion fish > ~/.config/fish/completions/cdr.fish\n"
    "function __cdr_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    set -l kind none\n"
    "    set -l prefix ''\n"
    "    for line in (command $words[1] completion words -- $words[2..-1] \"$current\" "
    "2>/dev/null)\n"
    "        if string match -q -- ':*' $line\n"
    "            set kind (string sub -s 2 -- $line)\n"
    "        else\n"
    "            echo $line\n"
    "        end\n"
    "    end\n"
    "    set -l value \"$current\"\n"
    "    if string match -q -- '--*=*' \"$current\"\n"
    "        set prefix (string replace -r -- '=.*' '=' $current)\n"
    "        set value (string replace -r -- '^[^=]*=' '' $current)\n"
    "    end\n"
    "    switch $kind\n"
    "        case files\n"
    "            printf '%s\\n' $prefix(__fish_complete_path \"$value\")\n"
    "        case directories\n"
    "            printf '%s\\n' $prefix(__fish_complete_directories \"$value\" '')\n"
    "        case rules\n"
    "            printf '%s\\n' $prefix(__fish_complete_path \"$value\" | string match -r -- "
    "'^.*(?:/|\\\\.cdr)(?:\\\\t.*)?$')\n"
    "    end\n"
    "end\n"
    "complete -c cdr -f -a '(__cdr_complete)'\n";

static enum exit_code print_words(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count < 2)
        return driver_usage(driver, &completion_command,
            "give the words of the command line: cdr completion words -- check --for");
    enum complete_files files = complete(
        driver->commands, arguments->operands + 1, arguments->operand_count - 1, &driver->out.buf);
    output_addf(&driver->out, ":%s\n", complete_files_name(files));
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    static const struct {
        const char *shell;
        const char *script;
    } scripts[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    if (arguments->operand_count == 0)
        return driver_usage(driver, &completion_command, "of which shell? bash, zsh or fish");
    str shell = str_from(arguments->operands[0]);
    if (str_is(shell, "words"))
        return print_words(driver, arguments);
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        if (!str_is(shell, scripts[i].shell))
            continue;
        output_add(&driver->out, str_from(scripts[i].script));
        return EXIT_CLEAN;
    }
    return driver_usage(driver, &completion_command,
        "there is no completion for %s, only for bash, zsh and fish", arguments->operands[0]);
}

static const struct example examples[] = {
    { "cdr completion bash", "the script; try it with: source <(cdr completion bash)" },
    { "cdr completion words -- check --for", "what every script asks: the words so far" },
    { 0 },
};

const struct command completion_command = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "the script that teaches a shell to complete",
    .help = "It completes commands, flags, their values, rule files, sources, codes and steps.\n"
            "`make install` puts the scripts where the shells look for them.",
    .examples = examples,
    .group = GROUP_CDR,
    .reads_no_settings = true,
    .run = run,
};
