#!/usr/bin/env bash
# integrations.sh - the files for other tools do what they promise.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir bin rules
printf '#!/bin/sh\nexec %s "$@"\n' "$CDR" >bin/cdr
chmod +x bin/cdr
export PATH=$work/bin:$PATH
echo 'rule good { when source = guardduty and exists instance.id then collect snapshot }' >good.cdr
echo 'rule bad { when sorce = guardduty then collect snapshot }' >rules/bad.cdr
cat >tested.cdr <<'R'
rule seen {
  when source = guardduty and exists instance.id
  then collect snapshot
}

test "an alert of another source stays quiet" {
  alert { "source": "defender" };
  expect quiet
}
R

# pre-commit runs the entry with the changed files after it, but where the hook says that it
# looks for them itself.
hooks=$root/.pre-commit-hooks.yaml
for id in cdr-check cdr-fmt cdr-test; do
    holds "there is a hook $id" grep -qx -- "- id: $id" "$hooks"
done
entry_of() { sed -n "/^- id: $1\$/,/^- id:/s/^  entry: //p" "$hooks"; }
takes_files() { ! sed -n "/^- id: $1\$/,/^- id:/p" "$hooks" | grep -qx '  pass_filenames: false'; }
hook() { # ID CHANGED-FILE: in a repository, as pre-commit does
    local id=$1
    takes_files "$id" || shift
    # shellcheck disable=SC2046 # a command line
    (cd repository && $(entry_of "$id") "${@:2}") >"$out" 2>"$err"
    status=$?
}
mkdir -p repository/.git repository/rules
cp tested.cdr repository/rules
for id in cdr-check cdr-fmt cdr-test; do
    hook $id rules/tested.cdr
    exits 0 "the hook $id passes a right file"
done
echo '{ "rules": ["rules"] }' >repository/cdr.json
for id in cdr-check cdr-test; do
    hook $id
    exits 0 "$id finds the rules of cdr.json"
done
echo 'use "tested.cdr"
test "a machine is seen" { alert { "source": "guardduty", "instance.id": "i-0123456789abcdef0" }; expect rule seen }' >repository/rules/other.cdr
hook cdr-test rules/tested.cdr
exits 0 "tests of other files are run"
prints "2 passed" "with those of the changed one"
sed -i 's/exists instance.id/exists host.id/' repository/rules/tested.cdr
hook cdr-test rules/tested.cdr
exits 1 "so a change that breaks the test of another file is seen"
prints "rules/other.cdr" "and where"
hook cdr-check rules/tested.cdr
exits 0 "while check has nothing against it"
cp rules/bad.cdr repository/rules
hook cdr-check rules/tested.cdr
exits 1 "the hook cdr-check fails for a wrong file of the set"
prints "rules/bad.cdr" "which it names"

# The matcher reads every line of --format concise.
matcher=$root/docs/integrations/problem-matcher.json
pattern=$(jq -r '.problemMatcher[0].pattern[0].regexp' "$matcher")
run check --format concise good.cdr rules
holds "the problem matcher reads what is found" grep -qP -- "$pattern" "$out"
holds "in every line" bash -c "! grep -qvP -- '$pattern' '$out'"
holds "and gives file, line, severity and code" test \
    "$(sed -nE 's/^(.+):([0-9]+):([0-9]+): (error)\[(CDR[0-9]{4})\].*/\1 \2 \4/p' "$out" | head -n 1)" = "rules/bad.cdr 1 error"

# The script of the action, as GitHub would run it.
sed -n '/^      run: |/,$p' "$root/action.yml" | sed '1d; s/^        //' >action.sh
holds "the script of the action is one" bash -n action.sh
act() {
    INPUT_PATHS=$1 INPUT_FAIL_LEVEL=$2 INPUT_FMT=${3:-false} INPUT_TEST=${4:-false} \
        ACTION_FOLDER=$root bash -e action.sh >"$out" 2>"$err"
    status=$?
}
act "good.cdr" error
exits 0 "the action passes a right file"
act "good.cdr rules" error
exits 1 "and fails a wrong one among several"
prints "::error file=rules/bad.cdr,line=1" "with an annotation"
printf 'when   severity >= high then open case\n' >unformatted.cdr
act "unformatted.cdr" error true true
exits 1 "the action fails rules that are not in canonical form"
printf 'when severity >= high then open case\n\n' >formatted.cdr
$CDR fmt formatted.cdr >/dev/null
act "formatted.cdr" error true true
exits 0 "and passes those that are, without tests"
{ printf 'test "t" { alert { "source": "defender", "severity": "high" }; expect quiet }\n'; cat formatted.cdr; } >tested.cdr
act "tested.cdr" error false true
exits 1 "and fails a test that fails"
act '; touch owned' error
holds "what is in an input is no command" test ! -e owned

for form in vim textmate; do
    file=$root/docs/integrations/cdr.vim
    [ $form = vim ] || file=$root/docs/integrations/cdr.tmLanguage.json
    awk -v form=$form -f "$root/docs/integrations/highlight.awk" "$root/grammar/keywords.def" >made
    holds "$(basename "$file") is current: run make docs" cmp -s made "$file"
done
jq -e ".scopeName == \"source.cdr\"" "$root/docs/integrations/cdr.tmLanguage.json" >"$out" 2>"$err"
status=$?
exits 0 "the TextMate grammar is JSON"
holds "each of its patterns is a regular expression" python3 -c '
import json, re, sys
patterns = [p for p in json.load(open(sys.argv[1]))["patterns"]]
for p in patterns:
    for key in ("match", "begin", "end"):
        if key in p: re.compile(p[key])
named = {p["name"]: p["match"] for p in patterns if "match" in p}
assert re.search(named["keyword.control.cdr"], "then collect triage").group(1) == "collect"
assert re.search(named["keyword.declaration.cdr"], "rule a {").group(1) == "rule"
assert not re.search(named["keyword.declaration.cdr"], "when source = x")
assert not re.search(named["keyword.operator.word.cdr"], "host.in")
assert re.search(named["string.regexp.cdr"], r"x matches /a\/b/i").group(0) == r"/a\/b/i"
' "$root/docs/integrations/cdr.tmLanguage.json"
finish
