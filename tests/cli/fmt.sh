#!/usr/bin/env bash
# fmt.sh - cdr fmt: one canonical form.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

text='when   source=defender
   and severity>=high then collect triage;respond isolate_role  # why'
printf '%s\n' "$text" >a.cdr
cp a.cdr before
run fmt --check a.cdr
exits 1 "a file that would change is a finding"
prints "a.cdr" "it is named"
holds "--check writes nothing" cmp -s a.cdr before
run fmt --diff a.cdr
exits 1 "--diff has the same exit code"
prints "+++ a.cdr" "and shows a diff"
cp "$out" diff
holds "--diff writes nothing" cmp -s a.cdr before
cdr fmt - <a.cdr >canonical 2>"$err"
status=$?
exits 0 "- formats standard input"
run fmt a.cdr
exits 0 "formatting ends well"
holds "the file has what - printed" cmp -s a.cdr canonical
holds "comments are kept" grep -q '# why' a.cdr
cp before patched
holds "the diff leads from the old text to the new" patch -s patched diff
holds "exactly" cmp -s patched a.cdr
run fmt --check a.cdr
exits 0 "what was formatted stays"
run check a.cdr
exits 0 "and still passes"
chmod 640 a.cdr
printf '%s\n' "$text" >a.cdr
run fmt a.cdr
holds "the file keeps its mode" test "$(stat -c %a a.cdr)" = 640
ln -s a.cdr link.cdr
printf '%s\n' "$text" >a.cdr
run fmt link.cdr
holds "a link stays a link" test -L link.cdr
holds "and what it leads to is formatted" cmp -s a.cdr canonical
holds "nothing is left over" test -z "$(find . -name 'a.cdr.*')"

echo 'when then' >bad.cdr
cp bad.cdr before
run fmt bad.cdr
exits 2 "a file with mistakes cannot be formatted"
holds "and stays as it is" cmp -s bad.cdr before
run fmt
exits 2 "no path is a usage error"
mkdir empty
run fmt empty
exits 3 "a directory without rules is no match"
run fmt nowhere.cdr
exits 2 "a file that is not there is unreadable"
# Formatting needs the syntax alone.
printf 'when   nobody = 3 then collect triage\n' >meaning.cdr
run fmt meaning.cdr
exits 0 "a file with a mistake that is none of syntax is formatted"
holds "in place" test "$(cat meaning.cdr)" = "when nobody = 3 then collect triage"
run fmt --help
prints "syntax mistakes" "and the help says so"

finish
