#!/usr/bin/env bash
# usage.sh - the command line itself: help, flags, mistakes in them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run
exits 2 "no command is a usage error"
says "--help" "and says where to read more"
run help
exits 0 "help ends well"
prints "cdr COMMAND" "and shows how to call it"
for command in check fmt run runs resume undo explain builtins disasm sandbox version help; do
    run "$command" --help
    exits 0 "$command --help ends well"
    prints "usage: cdr $command" "$command --help shows its usage"
    cp "$out" "$work/flag"
    run help "$command"
    holds "help $command says the same" cmp -s "$out" "$work/flag"
done
run --help
exits 0 "--help alone is help"
run --version
prints "cdr " "--version alone is version"

run chekc
exits 2 "an unknown command is a usage error"
says "did you mean 'check'?" "and the nearest one is offered"
run frobnicate
says "there is no command 'frobnicate'" "one like no other is only named"
run replay
exits 2 "a command of a later build is a usage error"
says "not in this build" "and is called that"

run check --formt json
exits 2 "an unknown flag is a usage error"
says "did you mean --format?" "and the nearest one is offered"
run check --mode apply
exits 2 "so is a flag of another command"
says "cdr check has no flag --mode; cdr run has one" "and it is said whose it is"
run --format json check
exits 2 "and one before the command"
says "flags stand after the command" "and it is said where they stand"
run check --format=jsn
exits 2 "an unknown choice is a usage error"
says "did you mean json?" "and the nearest one is offered"
run check --format
exits 2 "a flag without its value is a usage error"
run builtins --json=yes
exits 2 "a value for a flag that takes none is a usage error"
run check -x
exits 2 "short flags do not exist"
run runs --last 0 --data d
exits 2 "a number from 1 is one"
run runs --last 1x --data d
exits 2 "a number is all digits"
run run --rules
exits 2 "run --rules without a path is a usage error"
run run
exits 2 "run without rules is a usage error"
run run --rules . --mode apply
exits 2 "apply without --data is a usage error"
says "--data" "and says what is missing"
run run --rules . --mode apply --data d --offline
exits 2 "apply and offline exclude each other"
run run --rules -
exits 2 "rules and alerts cannot both be standard input"
run undo --data d
exits 2 "undo of nothing in particular is a usage error"
run undo nine --data d
exits 2 "undo of no number is a usage error"
run undo 1 --alert x --data d
exits 2 "undo of a run and an alert is a usage error"
for command in runs resume "undo 1"; do
    # shellcheck disable=SC2086 # a command and its operand
    run $command
    exits 2 "$command without --data is a usage error"
    # shellcheck disable=SC2086
    run $command --data nowhere
    exits 2 "$command where no journal is, is an error"
    holds "and makes none" test ! -e nowhere
done
printf 'when source=defender then notify slack channel="#ir" text="x"\n' >./--odd.cdr
run check -- --odd.cdr
exits 0 "after -- everything is a path"
run lint
says "did you mean 'check'?" "what other tools call a command leads to ours"
run help validate
says "did you mean 'check'?" "also in help"
run run --dry-run
says "cdr run only plans, unless it gets --mode apply" "there is no --dry-run, and it is said why"
echo 'when source = guardduty and exists instance.id then collect snapshot' >rule.cdr
run run --rules rule.cdr --alerts /dev/null --source nosuchthing
exits 2 "a source that is not there is an error"
says "cloudtrail, " "that names those that are"
finish
