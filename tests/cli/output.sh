#!/usr/bin/env bash
# output.sh - where output goes: full disks, readers that leave, colours, hostile text.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cdr builtins >/dev/full 2>"$err"
status=$?
exits 4 "a full disk is an error"
says "No space left" "with the reason"
echo 'rule quiet { when source = guardduty and exists instance.id then collect snapshot }' >quiet.cdr
for line in "help" "help --man" "version --json" "completion bash" "explain" "check quiet.cdr" \
    "check --format json quiet.cdr" "check --format sarif quiet.cdr" "disasm quiet.cdr" "doc quiet.cdr" \
    "doc --language" "doctor" "doctor --format json" "run --rules quiet.cdr --alerts quiet.json --offline"; do
    echo '{"source":"guardduty","instance":{"id":"i-0123456789abcdef0"}}' >quiet.json
    # shellcheck disable=SC2086 # a command line
    cdr $line >/dev/full 2>"$err"
    status=$?
    exits 4 "so it is to cdr $line"
done
(
    set +o pipefail
    cdr builtins 2>"$err"
    echo $? >code
) | true
: >"$out"
holds "a reader that leaves is no complaint" test ! -s "$err"

esc=$(printf '\033')
echo 'when sorce=x then collect triage' >bad.cdr
colour() { grep -q "$esc\\[" "$out"; }
run check bad.cdr
holds "no colour where there is no terminal" bash -c "! grep -q '$esc' '$out'"
run check --color always bad.cdr
holds "--color always colours" colour
CLICOLOR_FORCE=1 run check bad.cdr
holds "CLICOLOR_FORCE colours" colour
CLICOLOR_FORCE=0 run check bad.cdr
holds "unless it is 0" bash -c "! grep -q '$esc' '$out'"
on_terminal() { # TERM: whether the command colours a terminal of that kind
    TERM=$1 script -qec "$CDR check bad.cdr" /dev/null >"$out" 2>"$err" </dev/null
}
if command -v script >/dev/null; then
    on_terminal xterm
    holds "a terminal is coloured" colour
    on_terminal dumb
    holds "a dumb one is not" bash -c "! grep -q '$esc' '$out'"
    NO_COLOR=1 on_terminal xterm
    holds "nor one of somebody who wants none" bash -c "! grep -q '$esc' '$out'"
else
    skip "a terminal is coloured" "no script(1)"
fi
CDR_COLOR=always run check bad.cdr
holds "CDR_COLOR is as the flag" colour
NO_COLOR=1 CLICOLOR_FORCE=1 run check bad.cdr
holds "NO_COLOR wins over it" bash -c "! grep -q '$esc' '$out'"
CLICOLOR_FORCE=1 run check --color never bad.cdr
holds "a flag wins over the environment" bash -c "! grep -q '$esc' '$out'"

echo 'when severity >= low then collect triage' >any.cdr
printf '{"source":"defender","severity":"high","alert":{"id":"x\\u001b[2J\\u202e","title":"\\u001b]0;owned\\u0007 \\u009b31m\\nnew line \\u2066"},"host":{"name":"\xff\xfe"}}\n' >evil.json
run run --rules any.cdr --alerts evil.json --offline
exits 0 "a hostile alert is evaluated"
holds "and none of its control characters reaches the terminal" bash -c \
    "! LC_ALL=C grep -qP '[\\x00-\\x08\\x0b-\\x1f\\x7f]|\\xc2[\\x80-\\x9f]|\\xe2\\x80[\\xaa-\\xae]|\\xe2\\x81[\\xa6-\\xa9]' '$out' '$err'"
run run --rules any.cdr --alerts evil.json --offline --format json
holds "as JSON it is one line" test "$(wc -l <"$out")" = 1
holds "that is JSON" json '.alert | startswith("x\u001b[2J")'
# - is standard input wherever a file is read.
for line in "check -" "fmt -" "disasm -" "doc -" "fix -" "run --rules - --alerts quiet.json --offline"; do
    # shellcheck disable=SC2086 # a command line
    cdr $line <quiet.cdr >"$out" 2>"$err"
    status=$?
    exits 0 "cdr $line reads standard input"
done
cdr run --rules quiet.cdr --alerts - --offline <quiet.json >"$out" 2>"$err"
status=$?
exits 0 "and so do alerts"
prints "quiet" "which are evaluated"
run check - quiet.cdr -
exits 2 "standard input is named once"
says "cannot be read twice" "and it is said"

# 0 1 2 3 4 mean the same everywhere.
mkdir -p empty
for line in "check" "doc" "test" "disasm" "run --alerts quiet.json --offline --rules"; do
    # shellcheck disable=SC2086
    run $line empty
    exits 3 "cdr $line on nothing is 3"
    # shellcheck disable=SC2086
    run $line nowhere
    exits 2 "cdr $line on what is not there is 2"
done
# Names of others break no line of a message, and commands to paste are quoted.
run run --rules missing.cdr --alerts $'x\n::error::y.json'
holds "no line of a message begins with a part of a name" bash -c '! grep -qE "^ *::error" "$1"' - "$err"
printf 'rule r { when severity = high then open case }\n' >quoted.cdr
echo junk >$'x\n::error::y.json'
run run --rules quoted.cdr --alerts $'x\n::error::y.json' --offline
exits 1 "a name with a line break is read"
says '::error::y.json:1' "and told"
holds "on the line of the message" bash -c '! grep -qE "^ *::error" "$1" "$2"' - "$out" "$err"
cp quoted.cdr 'a;b $(c).cdr'
echo '{"source": "guardduty", "severity": "high"}' >"it's.json"
run explain r --rules 'a;b $(c).cdr' --alert "it's.json"
prints "cdr run --rules 'a;b \$(c).cdr' --alerts 'it'\\''s.json'" "a command to paste is quoted"

finish
