#!/usr/bin/env bash
# completion.sh - the scripts in the shells that they are for.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The scripts call the command that was typed: one word of that name.
mkdir bin rules other
printf '#!/bin/sh\nexec %s "$@"\n' "$CDR" >bin/cdr
chmod +x bin/cdr
export PATH=$work/bin:$PATH
echo 'when source=defender then collect triage' >rules/a.cdr
echo 'when source=defender then collect triage' >'rules/b c.cdr'
echo 'no rule' >rules/readme.md

for shell in bash zsh fish; do
    run completion $shell
    exits 0 "completion $shell ends well"
    cp "$out" "script.$shell"
done
run completion tcsh
exits 2 "there is none for other shells"
run completion
exits 2 "which shell has to be said"
run completion words
exits 2 "and so have the words"

# bash [WORD ...]: what bash would offer for the last word, sorted.
bash_offers() {
    bash --norc -c '
        . ./script.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        $(complete -p cdr | sed -n "s/.*-F \([^ ]*\) .*/\1/p") cdr "${COMP_WORDS[COMP_CWORD]}" x
        printf "%s\n" "${COMPREPLY[@]}" | sort' bash "$@" >"$out" 2>"$err"
}
offers() { # WANTED SENTENCE WORD ...
    local wanted=$1 sentence=$2
    shift 2
    bash_offers "$@"
    status=$?
    holds "bash: $sentence" test "$(cat "$out")" = "$(printf -- "$wanted")"
}
holds "bash reads the script" bash -n script.bash
offers 'check' "a command is completed" cdr chec
offers '--format' "so is a flag" cdr check --form
offers 'apply\nplan' "so is the value after =" cdr run --mode =
offers 'apply' "also when it was begun" cdr run --mode = a
offers 'apply' "also as a word of its own" cdr run --mode a
offers 'rules' "a directory may hold rules" cdr check ru
offers 'rules/a.cdr\nrules/b c.cdr' "of the files in it only rules are offered" cdr run --rules rules/
offers 'bin\nother\nrules' "a directory is offered where one is wanted" cdr runs --data ''
offers 'rules/readme.md' "any file where any may stand" cdr run --alerts rules/r
offers 'guardduty' "sources are offered" cdr run --source gu
offers 'CDR0101' "codes are offered" cdr explain CDR0101
holds "bash: nothing went to standard error" test ! -s "$err"

if command -v zsh >/dev/null; then
    holds "zsh reads the script" zsh -n script.zsh
    # The script in zsh itself; what it hands to the completion system is printed.
    zsh_offers() {
        zsh -f -c '
            compdef() { :; }
            _describe() { print -l -- "${candidates[@]}"; }
            _files() { print -- "files $*"; }
            compset() { :; }
            . ./script.zsh
            words=("$@") CURRENT=$#
            PREFIX=$words[CURRENT]
            _cdr' zsh "$@" >"$out" 2>"$err"
        status=$?
    }
    zsh_offers cdr chec
    prints "check:parse" "zsh: a command is completed, and said what it is"
    zsh_offers cdr run --mode=a
    prints "--mode=apply:" "zsh: so is a value"
    zsh_offers cdr check ''
    prints "files -g *.cdr" "zsh: rule files are asked for"
    zsh_offers cdr runs --data ''
    prints "files -/" "zsh: and directories"
    holds "zsh: nothing went to standard error" test ! -s "$err"
else
    skip "zsh completes" "no zsh"
fi

if command -v fish >/dev/null; then
    fish_offers() {
        fish --no-config -c 'source script.fish; complete -C "$argv[1]"' "$1" >"$out" 2>"$err"
        status=$?
    }
    holds "fish reads the script" fish --no-execute script.fish
    fish_offers 'cdr chec'
    prints "check	parse" "fish: a command is completed, and said what it is"
    fish_offers 'cdr run --mode=a'
    prints "--mode=apply" "fish: so is a value"
    fish_offers 'cdr run --mode '
    prints "apply" "fish: also as a word of its own"
    fish_offers 'cdr check rules/'
    prints "rules/a.cdr" "fish: rule files are offered"
    holds "fish: other files are not" bash -c "! grep -q readme '$out'"
    fish_offers 'cdr run --rules=rules/'
    prints "--rules=rules/a.cdr" "fish: also after ="
    fish_offers 'cdr runs --data '
    prints "rules/" "fish: and directories"
    holds "fish: nothing went to standard error" test ! -s "$err"
else
    skip "fish completes" "no fish"
fi
finish
