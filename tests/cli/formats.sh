#!/usr/bin/env bash
# formats.sh - cdr check --format: each form whole and valid, on every fixture and on hostile
# names, and the same as its golden file. UPDATE=1 writes the golden files anew.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

golden=$root/tests/golden/check
cp "$golden/findings.cdr" .
for form in text concise json sarif junit github gitlab; do
    run check --format "$form" findings.cdr
    exits 1 "$form ends with 1 for findings, and is written whole"
    if [ "$form" = sarif ]; then # the pages of codes and the version may change freely
        jq '.runs[].tool.driver |= (del(.version) | .rules[] |= del(.help))' "$out" >sarif && mv sarif "$out"
    fi
    [ -n "${UPDATE:-}" ] && cp "$out" "$golden/findings.$form"
    holds "$form is as its golden file" diff -u "$golden/findings.$form" "$out"
done

# The finding keeps its fingerprint when lines move, and loses it when it changes.
fingerprints() { jq -r '.[].fingerprint' "$out" | sort; }
run check --format gitlab findings.cdr
fingerprints >before
{ printf '\n# a line more\n\n' && sed 's/^rule/  rule/' "$golden/findings.cdr"; } >findings.cdr
run check --format gitlab findings.cdr
fingerprints >after
holds "fingerprints stay when lines move" cmp before after
sed -i 's/sverity/sverety/' findings.cdr
run check --format gitlab findings.cdr
fingerprints >after
holds "and change with the line" test "$(comm -12 before after | wc -l)" -lt "$(wc -l <before)"

# Files whose names say things.
printf 'rule a { when sverity >= high then collect triage }\n' >'a b.cdr'
for name in 'x::error file=y,line=1::z.cdr' $'new\nline.cdr' $'bell\a\e[31m.cdr' '%41<&">.cdr' $'latin-\xe9.cdr' 'ü—.cdr' $'\u202egnp.cdr' 'c:x.cdr' '-dash.cdr' '#?.cdr'; do
    cp -- 'a b.cdr' "$name"
done
printf 'rule "\x01<]]>&" {\n::error::\n when "%%0A::" = {0} [a](b) then\n' >'broken.cdr'

hostile=(*.cdr 'not::there,.cdr')
cp -r "$root/tests/lang" .
schema=$shared/schema/sarif/sarif-schema-2.1.0.json
if [ ! -f "$schema" ]; then
    skip "SARIF is valid by its schema" "no ../shared/data"
    schema=
elif ! python3 -c 'import jsonschema' 2>/dev/null; then
    skip "SARIF is valid by its schema" "no python3-jsonschema"
    schema=
fi
holds "every form of every fixture is valid" \
    python3 "$root/tests/cli/formats_judge.py" "$schema" lang/ok/*.cdr lang/errors/*.cdr lang/syntax/*.cdr
holds "every form is valid for files with hostile names, with hostile text and that cannot be read" \
    python3 "$root/tests/cli/formats_judge.py" "$schema" "${hostile[@]}"

mkdir none
for form in json sarif junit github gitlab; do
    run check --format "$form" none
    exits 3 "$form without a file ends with 3"
    case $form in
    json | sarif | gitlab) holds "and is valid" json . ;;
    junit) prints '<testsuites name="cdr check" tests="0"' "and is valid" ;;
    github) holds "and is empty" test ! -s "$out" ;;
    esac
done
run check nowhere.cdr findings.cdr
exits 2 "a file that cannot be read makes 2"
prints "findings.cdr:" "and the others are checked all the same"
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "let a%d = nope%d\n", i, i }' >much.cdr
run check --format sarif much.cdr
exits 1 "three thousand mistakes end with 1"
holds "the report says how many are left out" json '.runs[0] | (.results | length) == 1000
    and (.invocations[0].toolExecutionNotifications[0].message.text | startswith("2000 more"))'
run check --format json much.cdr
holds "json has the number" json '.omitted == 2000'
run check --fail-level warning --format junit findings.cdr
prints 'type="warning"' "a warning fails its case when the level says so"
finish
