#!/usr/bin/env bash
# check.sh - cdr check: what passes, what does not, and what cannot be read.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo 'when source=defender and severity>=high then notify email; respond isolate_role' >s.cdr
run check s.cdr
exits 0 "the smallest rule passes"
prints "not connected in this build" "a step that cannot be taken is said"
run check --fail-level info s.cdr
exits 1 "and is a finding when asked for"
prints "1 file" "and is counted"
run check
exits 0 "without a path the current directory is checked"
run check - <s.cdr
exits 0 "nothing on standard input is no rule, and no mistake"
cdr check - <s.cdr >"$out" 2>"$err"
status=$?
exits 0 "- is standard input"
echo 'when source=guardduty and severity>=high then respond isolate_role' >quiet.cdr
run check --format json quiet.cdr
exits 0 "json ends well"
holds "and is an object with an empty list" json '.diagnostics == []'

echo 'when sorce=defender then collect triage' >bad.cdr
run check bad.cdr
exits 1 "a rule with a mistake is a finding"
prints "bad.cdr" "the file is named"
prints "^" "the place is marked"
run check --format concise bad.cdr
holds "concise has file, line, column and code" grep -qE '^bad\.cdr:1:[0-9]+: error\[CDR[0-9]{4}\]: ' "$out"
run check --format json bad.cdr
exits 1 "json has the same exit code"
holds "and the members that are promised" json \
    '.diagnostics[0] | .code and .severity == "error" and .message and .file == "bad.cdr" and .line == 1 and .column and .endLine and .endColumn'
code=$(jq -r '.diagnostics[0].code' "$out")
run explain "$code"
exits 0 "the code has a page"
prints "$code" "that names it"
printf 'when severity >= then collect triage\nwhen source ~ 7\n' >syntax.cdr
run check syntax.cdr
exits 1 "a syntax error is a finding"

run check nowhere.cdr
exits 2 "a file that is not there is unreadable"
says "nowhere.cdr" "it is named"
says "No such file" "with the reason"
mkdir empty
run check empty
exits 3 "a directory without rules is no match"
says "empty" "and is named"
if [ "$(id -u)" != 0 ]; then
    echo >secret.cdr
    chmod 0 secret.cdr
    run check secret.cdr
    exits 2 "a file without permission is unreadable"
    says "Permission denied" "with the reason"
    rm -f secret.cdr
else
    skip "a file without permission is unreadable" "root may read everything"
fi
mkdir -p many/b many/.hidden many/a
cp s.cdr many/b/one.cdr
echo 'this is no rule' >many/.hidden/two.cdr
echo 'this is no rule' >many/a/notes.txt
run check many
exits 0 "hidden directories and other files are left out"
prints "1 file" "the one rule file is found"
run check many many/b/one.cdr
exits 0 "a file that is found twice is read once"
ln -s ../many many/b/loop
run check many
exits 0 "a link to a directory is not followed"

truncate -s 100M big.cdr
run check big.cdr
exits 2 "a file of 100 MB is refused"
says "larger than" "with the reason"
rm -f big.cdr
awk 'BEGIN { printf "when "; for (i = 0; i < 10000; i++) printf "("; printf "severity = high";
    for (i = 0; i < 10000; i++) printf ")"; print " then collect triage" }' >deep.cdr
run check deep.cdr
exits 1 "10,000 nested parentheses are a finding"
rm -f deep.cdr
printf 'when alert.title = "\xff\xfe" then collect triage\n' >utf.cdr
run check utf.cdr
exits 1 "text that is not UTF-8 is a finding"
printf 'when alert.title = "\033[31m" then collect trige\n' >esc.cdr
run check esc.cdr
holds "no control character of a rule reaches the terminal" bash -c '! grep -q "$(printf "\033")" "$0"' "$out"
echo '# nothing yet' >none.cdr
run check none.cdr
exits 0 "a file without rules passes"
prints "no rules in 1 file" "and says that there was nothing to check"


# ---- cdr-ignore ----
cat >ignore.cdr <<'CDR'
# cdr-ignore CDR0301, CDR0214: the analysts read it this way
rule a { when severity = low and host.name = "a" or severity = high then open case }
rule b { when severity = low and host.name = "b" or severity = high then open case }  # cdr-ignore CDR0301: so do they
CDR
run check --format concise ignore.cdr
holds "a comment before or behind a rule silences what is found in it" bash -c '! grep -q CDR0 "$1"' - "$out"
run fmt ignore.cdr
run check --format concise ignore.cdr
holds "and fmt, which breaks the lines, does not bring it back" bash -c '! grep -q CDR0 "$1"' - "$out"
printf '# cdr-ignore CDR0304 because I say so\nwhen severity >= high then collect snapshot\n' >ignore.cdr
run check ignore.cdr
prints 'write `# cdr-ignore CDR0304: why`' "the help for a missing reason has the code that was written"
printf '%s\n' 'when severity = high then notify email' 'when sverity = high then collect triage' >both.cdr
run check both.cdr
holds "what is wrong comes before what is only mentioned" \
    test "$(grep -oE '^(error|info)' "$out" | tr '\n' ' ')" = "error info "
run run --rules both.cdr --alerts /dev/null --offline
exits 2 "rules with a mistake are not run"
says "error[CDR0101]" "and the mistake is shown"
holds "and nothing else" bash -c '! grep -q "info\[" "$0"' "$err"

mkdir here
echo 'when sverity = high then collect triage' >here/main.cdr
(cd here && cdr check . >"$out" 2>"$err")
prints "--> main.cdr:1" "a file of the current directory is called by its name"

# What is called like a file of rules and cannot be read may have held an exception.
mkdir odd
cp s.cdr odd/a.cdr
ln -s nowhere odd/gone.cdr
run check odd
exits 2 "a link to nowhere that is called like a file of rules is an error"
says "odd/gone.cdr cannot be read" "and it is named"
rm odd/gone.cdr
mkfifo odd/pipe.cdr
run check odd
exits 2 "so is a pipe"
says "odd/pipe.cdr cannot be read: it is no regular file" "and it is named"
rm odd/pipe.cdr
mkdir odd/folder.cdr
run check odd
exits 2 "so is a directory"
says "odd/folder.cdr cannot be read" "and it is named"
ln -s .. odd/folder.cdr/up.cdr
run check odd/folder.cdr
exits 2 "so is a link to a directory"
rm -r odd/folder.cdr
ln -s someone@host.1 'odd/.#a.cdr'
run check odd
exits 0 "the lock that an editor leaves beside a file is none"

finish
