#!/usr/bin/env bash
# fix.sh - cdr fix: what it repairs, what it leaves alone, and what else stays.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Two mistakes of which one hides behind the other, a guess, and a line end of Windows.
printf '\xef\xbb\xbf# first\r\nrule a {\twhen severity == high && source = defender  # odd   spaces\r\n then respond isolate_role respond isolate_rol }\r\n' >a.cdr
cp a.cdr as-it-was.cdr.txt
printf '\xef\xbb\xbf# first\r\nrule a {\twhen severity = high and source = defender  # odd   spaces\r\n then respond isolate_role; respond isolate_rol }\r\n' >wanted

run fix --check a.cdr
exits 1 "--check ends with 1 when something would change"
holds "and writes nothing" cmp a.cdr as-it-was.cdr.txt
prints "would fix 3" "and counts"
run fix --diff a.cdr
exits 1 "--diff ends with 1 when something would change"
holds "and writes nothing" cmp a.cdr as-it-was.cdr.txt
cp as-it-was.cdr.txt patched.cdr
tr -d '\r' <"$out" | grep -q '^+.*severity = high and source' && verdict=0 || verdict=1
holds "and shows the line" test $verdict = 0
cp a.cdr patched.cdr
patch -s --binary patched.cdr <"$out"
holds "and is a patch" cmp patched.cdr wanted
cdr fix - <a.cdr >"$out" 2>"$err"
status=$?
exits 1 "- repairs standard input"
holds "to standard output, and nothing else goes there" cmp "$out" wanted
says "did you mean" "what is left is told on standard error"
chmod 640 a.cdr
run fix a.cdr
exits 1 "a mistake that is left makes 1"
holds "what is certain is repaired, and every other byte stays" cmp a.cdr wanted
holds "the permissions stay" test "$(stat -c %a a.cdr)" = 640
prints "a.cdr:2:24: fixed[CDR0014]: \`==\` is not of this language" "each repair is told with its place"
prints "there is no step \`respond isolate_rol\`" "so is what is left"
prints "--suggestions would take the nearest name for 1 more" "and that a guess is at hand"
inode=$(stat -c %i a.cdr)
run fix a.cdr
holds "a second time nothing is written" test "$(stat -c %i a.cdr)" = "$inode"
run fix --suggestions a.cdr
exits 0 "--suggestions takes the nearest name"
sed 's/isolate_rol /isolate_role /' wanted >wanted-too
holds "and only that" cmp a.cdr wanted-too
run check a.cdr
exits 0 "what was repaired passes"

echo 'when severity >= critical then respond delete_security_group' >consent.cdr
cp consent.cdr consent.txt
run fix --suggestions consent.cdr
exits 1 "a word that is a person's consent is never added"
holds "the file stays" cmp consent.cdr consent.txt
printf 'when severity >= high then respond isolate_role\xff' >latin.cdr
cp latin.cdr latin.txt
run fix latin.cdr
exits 1 "a file that is no UTF-8 is a finding"
holds "and stays" cmp latin.cdr latin.txt
run fix nowhere.cdr
exits 2 "a file that is not there is unreadable"
mkdir none
run fix none
exits 3 "a directory without rules is no match"

# Signs for which a word is written, with nothing around them.
echo 'when (severity=high|severity=low)&&!exists host.name||process.cmdline|contains "-enc" then open case' >signs.cdr
echo 'when (severity=high or severity=low) and not exists host.name or process.cmdline|contains "-enc" then open case' >wanted
run fix signs.cdr
exits 1 "a modifier of Sigma is left to its author"
holds "words are put apart from what stands beside them" cmp signs.cdr wanted

echo 'when severity = high and process.cmdline like "%mimikatz%" then open case' >sql.cdr
cp sql.cdr sql.txt
run fix sql.cdr
holds "a wildcard of SQL is not taken for text by itself" cmp sql.cdr sql.txt
run fix --suggestions sql.cdr
holds "the suggestion is a star" grep -qF 'like "*mimikatz*" then' sql.cdr

# Of the fixtures, whatever they are: repairing ends, and no fix of the named file is left. Files that
# it uses are not touched.
cp -r "$root/tests/lang/errors" .
for file in errors/*.cdr; do
    cdr fix "$file" >"$out" 2>"$err"
    [ $? -le 1 ] || echo "$file"
    cp "$file" once
    cdr fix --suggestions "$file" >"$out" 2>"$err"
    [ $? -le 1 ] || echo "$file --suggestions"
    cdr check --format json "$file" 2>/dev/null | jq -e --arg file "$file" '[.diagnostics[].fix | select(. != null and .file == $file)] == []' >/dev/null || echo "$file: a fix is left"
done >left
holds "every fixture can be repaired as far as its fixes go" test ! -s left
sed 's/^/# /' left
finish
