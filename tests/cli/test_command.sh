#!/usr/bin/env bash
# test_command.sh - cdr test: how tests end, in which form that is told, and what is no test.
# UPDATE=1 writes the golden files anew.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

golden=$root/tests/golden/test
cp -r "$golden/results.cdr" "$golden/fixtures" .
for form in text json tap junit; do
    run test --format "$form" results.cdr
    exits 1 "$form ends with 1 for a failure"
    [ -n "${UPDATE:-}" ] && cp "$out" "$golden/results.$form"
    holds "$form is as its golden file" diff -u "$golden/results.$form" "$out"
    holds "$form has no control character" bash -c '! LC_ALL=C grep -q "[^[:print:][:space:]]" "$1"' - \
        <(iconv -f UTF-8 -t ASCII//TRANSLIT "$out")
done
run test --format json results.cdr
holds "json is one object with a test each" json \
    '(.tests | length) == 10 and .passed == 3 and .failed == 6 and .skipped == 1 and .notRun == 0'
holds "with a place for what was not met" json \
    'all(.tests[] | select(.state == "failed"); .reason and .at.line > 0 and .at.column > 0 and (.happened | length) > 0)'
run test --format junit results.cdr
holds "junit is XML" python3 -c '
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
suite = root.find("testsuite")
cases = suite.findall("testcase")
assert root.tag == "testsuites" and len(cases) == 10 == int(suite.get("tests")), len(cases)
assert len(suite.findall("testcase/failure")) == 6 == int(suite.get("failures"))
assert len(suite.findall("testcase/skipped")) == 1 == int(suite.get("skipped"))
' "$out"
run test --format tap results.cdr
holds "TAP has a plan and a line each" bash -c \
    'sed -n 2p "$1" | grep -qx "1..10" && [ "$(grep -cE "^(not )?ok [0-9]+ - " "$1")" = 10 ]' - "$out"
run test --verbose results.cdr
prints "PASS a medium alert stays quiet" "--verbose tells of tests that passed"

run test --run "HIGH one" results.cdr
exits 0 "--run takes those with the words in the title"
prints "1 passed, 0 failed, 0 skipped" "and no other"
run test --run "a*one*" results.cdr
prints "1 passed, 2 failed, 0 skipped" "a glob is about the whole title"
run test --run "*one" results.cdr
exits 3 "so one that ends too early takes nothing"
says 'none of 10 tests has "*one" in its title' "and that is said"
run test --fail-fast results.cdr
exits 1 "--fail-fast fails too"
prints "2 passed, 1 failed, 0 skipped, 7 not run" "at the first failure"
run test --fail-fast --format tap results.cdr
holds "TAP keeps its plan" test "$(grep -c '# SKIP not run' "$out")" = 7

cat >wide.cdr <<'CDR'
rule near { when source = defender and severity >= high then collect triage }
rule wide { when source = defender and count >= 3 by user.id within 10m then open case }
test "a" { alert { "source": "defender", "severity": "low" }; expect quiet }
test "b" { alert { "source": "defender", "severity": "high" }; expect rule wide }
CDR
run test wide.cdr
exits 0 "a test that is skipped is no failure"
prints "0 passed, 0 failed, 2 skipped: every test was skipped, so nothing was tested" "but that nothing was tested is said"
run test --fail-on-skip wide.cdr
exits 1 "--fail-on-skip makes it one"
echo '{ "test": { "fail-on-skip": true } }' >cdr.json
run test wide.cdr
exits 1 "so does cdr.json"
rm cdr.json
run test --fail-on-skip --run "medium" results.cdr
exits 0 "and not where none was skipped"
echo 'test "c" { alert { "source": "defender", "severity": "high" }; expect no rule wide; expect no rule near }' >>wide.cdr
run test wide.cdr
exits 1 "a wrong expectation fails, whatever the rule does that is not run"
prints "FAIL c: rule near must not fire" "and is told"
rm wide.cdr

run test
exits 1 "without a path the current directory is tested"
mkdir alone && echo 'when source = defender and severity >= high then open case' >alone/a.cdr
run test alone
exits 3 "rules without a test are nothing to run"
says "there is no test" "and that is said"
run test nowhere.cdr
exits 2 "a path that is not there is a mistake"
echo 'test "x" { alert { "source": "defender", "severity": "hi" }; expect quiet }' >alone/a.cdr
run test alone
exits 2 "a mistake in a test is one in the rules"
says "CDR0185" "told as any other"
run test --format yaml alone
exits 2 "an unknown form is a usage error"
cat >alone/a.cdr <<'CDR'
rule r { when source = defender and severity >= high then open case }
test "gone" { alert "gone.json"; expect quiet }
CDR
run check alone
exits 1 "check looks whether files are there"
prints "CDR0187" "and says which is not"
run run --rules alone --offline --alerts fixtures/medium.json
exits 0 "rules run without the files of their tests"
echo '{"source":"defender","severity":"medium"' >alone/gone.json
run check alone
exits 0 "that a file is JSON"
run test alone
exits 1 "is seen by the test"
prints "alone/gone.json: the alert cannot be read" "which names it"
mkdir used && cat >used/b.cdr <<'CDR'
rule other { when source = defender and severity >= medium then open case }
test "never run by the way" { alert { "source": "defender" }; expect rule other }
CDR
cat >used/a.cdr <<'CDR'
use "b.cdr"
test "a rule of a used file is seen" { alert "../fixtures/medium.json"; expect rule other }
CDR
run test used/a.cdr
exits 0 "a test sees the rules that its file uses"
prints "1 passed" "and the tests of used files are not run"
run test used
exits 1 "unless they are named too"
cat >alone/stdin.cdr <<'CDR'
rule r { when source = defender and severity >= high then open case }
test "from here" { alert "fixtures/medium.json"; expect quiet }
CDR
cdr test - <alone/stdin.cdr >"$out" 2>"$err"
status=$?
exits 0 "rules on standard input find files from the current directory"

# The long example of the language, with all that it uses. What this build refuses is taken out.
mkdir long && cp -r "$root/tests/lang/ok/lists" "$root/tests/lang/ok/fixtures" long
cp "$root"/tests/lang/*/every-item.cdr long/soc.cdr
run check long/soc.cdr
if grep -q 'CDR090[15]' "$out"; then # environments, tags, and what names one
    sed -i '/^environment/,/^}/d; /^always/d; s/; never target resource.*"protected"//' long/soc.cdr
fi
run test long/soc.cdr
exits 0 "the tests of the long example do not fail"
prints "2 passed, 0 failed, 1 skipped" "the third one needs several alerts"
prints "SKIP fifteen failures within ten minutes: rule card_fraud needs" "and says so"

{
    for i in $(seq 50); do echo "rule r$i { when source = defender and severity >= high and host.name = \"h$i\" then collect triage; open case }"; done
    for i in $(seq 1000); do
        printf 'test "t%d" { alert { "source": "defender", "severity": "high", "host": { "id": "d1", "name": "h%d" } }; expect collect triage }\n' "$i" $((i % 50 + 1))
    done
} >many.cdr
begin=$(date +%s%N)
run test many.cdr
spent=$((($(date +%s%N) - begin) / 1000000))
exits 0 "a thousand tests pass"
prints "1000 passed" "all of them"
printf '# a thousand tests took %s ms\n' "$spent"
finish
