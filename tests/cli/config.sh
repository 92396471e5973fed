#!/usr/bin/env bash
# config.sh - cdr.json and CDR_* variables: found, checked, outranked, and never dangerous.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p repo/.git repo/rules repo/a/b other
cd repo || exit 2
echo 'when source=defender and severity >= high then notify email' >rules/good.cdr
echo '{"source":"defender","severity":"high","alert":{"id":"x"}}' >alert.json
settings() { printf '%s\n' "$1" >"$work/repo/cdr.json"; }

settings '{"rules": ["rules"], "format": "json"}'
cd a/b || exit 2
run check
exits 0 "the file is found from below"
prints '{"diagnostics"' "and its format is used"
run check --format text
prints "The one rule" "a flag outranks the file; paths are relative to the file"
CDR_FORMAT=concise run check
prints "info[CDR0214]" "the environment outranks the file"
CDR_FORMAT=concise run check --format text
prints "The one rule" "and a flag the environment"
run run --alerts ../../alert.json --offline
prints '"alert":"x"' "rules and format of the file serve run too"
run check --isolated
exits 3 "--isolated reads none"
run check ../../rules/good.cdr --format text
prints "in 1 file" "operands take the place of rules in the file"
for command in fmt fix; do
    run $command
    holds "$command, which writes, takes no rules from the file" test "$status" -ge 2
    holds "and blames nothing on it" bash -c '! grep -q -- "--rules" "$1"' - "$err"
    says "ame " "but wants the files named"
done
cd ../.. || exit 2
echo '{"check": {"format": "concise"}, "format": "json"}' >special.json
run check --config special.json rules
prints "info[CDR0214]" "a command's own object counts more"
CDR_CONFIG=special.json run check rules
prints "info[CDR0214]" "CDR_CONFIG names a file too"
run check --config nowhere.json rules
exits 2 "a file that is named and missing is an error"
says "nowhere.json" "that names it"
mkdir -p "$work/repo/sub/.git"
(cd sub && cdr check --format text >"$out" 2>"$err")
status=$?
exits 3 "the search ends at the root of the repository"

wrong() { # JSON WORDS SENTENCE
    settings "$1"
    run check
    exits 2 "$3"
    says "$2" "and it is said which and where"
}
wrong '{"ruls": ["rules"]}' 'cdr.json:1: "ruls": no such setting; did you mean "rules"?' "an unknown key is an error"
wrong '{
  "check": {
    "fail-levl": "error"
  }
}' 'cdr.json:3: "fail-levl": no such setting; did you mean "fail-level"?' "so is one of a command"
wrong '{"chek": {}}' 'did you mean "check"?' "and a misspelt command"
wrong '{"check": {"format": 3}}' 'wants a text' "and another type"
wrong '{"check": {"format": "jsn"}}' 'did you mean json?' "and another value"
wrong '{"rules": [1]}' 'wants an array of texts' "also within an array"
wrong '{"runs": {"last": "1"}}' 'wants a whole number' "a number is one"
wrong '{"run": {"offline": 1}}' 'wants true or false' "a switch is true or false"
wrong '{"check": 1}' 'wants an object' "a command has an object"
wrong '{"lint": {"CDR01": "off"}}' 'did you mean "CDR0001"?' "codes are checked"
wrong '{"lint": {"CDR0001": "on"}}' '"off", "info", "warning" or "error"' "and so is what they are taken for"
wrong '{"lint": []}' 'wants an object' "lint is an object"
wrong '{"color": "never", "color": "always"}' 'cdr.json:1' "a key that stands twice is an error"
wrong '{"color": "never",}' 'not JSON' "JSON is strict"
wrong '[]' 'one object is wanted' "and one object"
wrong "$(printf '{"x":"%70000d"}' 1)" 'larger than 64 KiB' "a huge file is not read"
rm cdr.json
mkdir cdr.json
run check
exits 2 "a directory of that name is an error"
rmdir cdr.json
wrong '{"lint": {"CDR0101": "off"}}' '"CDR0101": is an error and stays one' "an error cannot be taken for less"
settings '{"lint": {"CDR0301": "off"}}'
run check rules
exits 0 "a right lint map is taken"

for key in mode again listen data alerts source config; do
    settings "{\"$key\": \"apply\"}"
    run check rules
    exits 2 "\"$key\" in a file is refused"
    says "is not read from a file" "and it is said why"
done
settings '{"rules": ["rules"]}'
run run --alerts alert.json --mode apply --data d
exits 2 "apply takes no rules from a file that was found"
says "on the command line or in CDR_RULES" "and says what to give"
holds "and has begun nothing" test ! -e d
CDR_MODE=apply run run --alerts alert.json --data d
exits 2 "nor a mode from the environment"
says "CDR_MODE: is not read" "and it is said"
holds "and nothing was begun" test ! -e d
CDR_RULES=rules:nowhere run check
exits 2 "rules of the environment are paths between colons"
says "nowhere cannot be read" "each is read"
says "comes from CDR_RULES" "and it is said where a wrong one comes from"
settings '{"rules": ["gone"]}'
run check
exits 2 "a path that is gone is an error"
says "--rules gone comes from cdr.json:1" "and it is said where it comes from"
settings '{"broken"'
run help
exits 0 "help works whatever the file says"
run check --help
exits 0 "also as a flag"
run version
exits 0 "and so does version"
run check --isolated rules
exits 0 "and everything with --isolated"
CDR_OFFLINE=maybe run run --isolated --rules rules --alerts alert.json
exits 2 "a switch in the environment is 1 or 0"
CDR_OFFLINE=1 run run --isolated --rules rules --alerts alert.json
exits 0 "and works"
CDR_FORMAT=concise run run --isolated --rules rules --alerts alert.json --offline
exits 0 "a format that another command has is left to it"
CDR_FORMAT=nonsense run run --isolated --rules rules --alerts alert.json --offline
exits 2 "one that none has is an error"
says "CDR_FORMAT" "that names the variable"
run check - - --isolated
exits 2 "standard input is read once"
run run --rules - --alerts - --isolated
exits 2 "be it by an operand or a flag"
says "cannot be read twice" "and it is said"
finish
