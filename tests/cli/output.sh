#!/usr/bin/env bash
# output.sh - where output goes: full disks, readers that leave, colours, hostile text.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cdr builtins >/dev/full 2>"$err"
status=$?
exits 4 "a full disk is an error"
says "No space left" "with the reason"
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
finish
