#!/usr/bin/env bash
# explain.sh - cdr explain RULE: every leaf with its value, the smallest change, hostile
# alerts; and cdr test --cover, which counts the same leaves.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

is() { # SENTENCE, the whole of standard output on standard input
    cat >expected
    holds "$1" diff expected "$out"
}

cat >r.cdr <<'EOF'
list jewels : text = ["pay-db-1", "dc-01"]
macro office(a : ip) = a in "198.51.100.0/24" or a = "192.0.2.7"
let loud = severity >= high
rule ransomware {
  when source = defender and loud and alert.title like "*ransom*"
    and not (host.name in jewels or office(host.ip))
  then collect snapshot as t;
    if t.complete and severity = critical then { collect snapshot }
}
rule forty { when source = defender and count >= 3 by host.id within 5m then collect snapshot }
EOF
cat >medium.json <<'EOF'
{"source":"defender","severity":"medium","alert":{"id":"d1","title":"Ransomware"},"host.ip":"10.1.2.3"}
EOF
cat >high.json <<'EOF'
{"source":"defender","severity":"high","alert":{"id":"d2","title":"Ransomware"},"host.ip":"10.1.2.3"}
EOF

run explain ransomware --rules r.cdr --alert medium.json
exits 0 "a rule that did not fire is explained"
is "with every leaf, whatever the rule never reached" <<'EOF'
ransomware did not fire for alert d1 of defender (medium.json:1)

when  r.cdr:5
  false      all of
  true         source = defender                             source is "defender"
  false        loud                                          let, r.cdr:3
  false          severity >= high                            severity is medium
  true         alert.title like "*ransom*"                   alert.title is "Ransomware"
  true         not
  false          any of
  absent           host.name in jewels                       host.name is absent
  false            office(host.ip)                           macro, r.cdr:2
  false              any of
  false                a in "198.51.100.0/24"                host.ip is 10.1.2.3
  false                a = "192.0.2.7"                       host.ip is 10.1.2.3

if  r.cdr:8
  false      all of
  undecided    t.complete                                    known when its steps have run
  false        severity = critical                           severity is medium

would fire with: severity = high
EOF
run explain ransomware --rules r.cdr --alert high.json
exits 0 "so is one that fired"
prints "ransomware fired for alert d2 of defender (high.json:1)" "in its first line"
prints "would not fire with: source = \"" "with the smallest change that stops it"
prints "its steps: cdr run --rules r.cdr --alerts high.json" "and where its steps are told"
run explain forty --rules r.cdr --alert high.json
prints "forty waits for more alerts" "a rule over several alerts says what it waits for"

run explain ransomware --alert high.json
exits 0 "rules are those of the current directory"
run explain ransomwar --alert high.json
exits 3 "an unknown rule is not found"
says "did you mean ransomware?" "and the nearest one is offered"
run explain ransomware
exits 2 "a rule without alerts is no code"
says "add --alert FILE" "and the way out is said"
run explain ransomware two --alert high.json
exits 2 "one rule at a time"
run explain ransomware --alert high.json --source defendr
exits 2 "an unknown source is a usage error"
: >none.json
run explain ransomware --alert none.json
exits 3 "no alert is nothing"
run explain ransomware --alert missing.json
exits 2 "a file that is not there is unreadable"
{ echo '{"a":'; cat high.json; } >half.json
run explain ransomware --alert half.json
exits 1 "an alert that cannot be read is a finding"
prints "ransomware fired" "and the others are explained"
echo '{"severity":"high"}' >nobody.json
run explain ransomware --alert nobody.json
prints "no source accepts this alert" "an alert that no source takes is told apart"
cdr explain ransomware --rules r.cdr --alert - <medium.json >"$out" 2>"$err"
prints "would fire with: severity = high" "alerts come from standard input too"
cat medium.json high.json >both.json
run explain ransomware --alert both.json --format json
holds "JSON is one object an alert" bash -c '[ "$(jq -s length "$1")" = 2 ]' - "$out"
holds "with the leaves" bash -c 'jq -se ".[0].leaves | length == 8 and (.[1] | .file == \"r.cdr\" and .line == 3 and .column == 12 and .text == \"severity >= high\" and .value == \"false\" and .actual == \"medium\")" "$1"' - "$out"
holds "and the change" bash -c 'jq -se ".[0].flip == [{\"field\":\"severity\",\"change\":\"set\",\"from\":\"medium\",\"to\":\"high\"}]" "$1"' - "$out"
holds "outcomes are words" bash -c '[ "$(jq -r .outcome "$1" | tr "\n" " ")" = "not_fired fired " ]' - "$out"

# What excuses a rule is part of the answer.
mkdir excused
cat >excused/e.cdr <<'EOF'
rule held {
  when source = defender and severity >= high
  unless host.name = "lab-1" until 2099-01-31 reason "CHG-1"
  then collect snapshot; respond stop_instance
}
exception pentest for held when user.name = "pentester" until 2099-12-15 reason "CHG-8812"
exception old for held when severity = high until 2020-12-15 reason "CHG-0"
rule off { when severity = low then collect snapshot }
disable rule off
EOF
defender='{"source":"defender","severity":"high","alert":{"id":"e1"}'
echo "$defender,\"host.name\":\"web\",\"user.name\":\"pentester\"}" >e1.json
run explain held --rules excused --alert e1.json
prints "held is excused for alert e1 of defender" "an excused rule says so"
prints "exception pentest (excused/e.cdr:6): CHG-8812" "with what excuses it, and why"
prints 'would fire with: user.name = "other" (for example)' "and with the change that would make it fire"
prints "until 2020-12-15, which has passed: it counts for nothing" "a date that has passed is told"
echo "$defender,\"host.name\":\"web\"}" >e2.json
run explain held --rules excused --alert e2.json
prints "held fired for alert e1" "what is in doubt fires"
prints "in doubt, so its responses are held: the alert has no user.name" "and says what holds its responses"
run explain held --rules excused --alert e1.json --format json
holds "so does JSON" json '.outcome == "excused" and (.why | startswith("exception pentest")) and ([.leaves[].condition] == ["when", "when", "unless", "exception", "exception"]) and .leaves[3].exception == "pentest"'
run explain off --rules excused --alert e1.json
exits 3 "a rule that is switched off is not there"
says "rule off is switched off (excused/e.cdr:9)" "and says where"

# What an attacker wrote must not act on the terminal, nor fill it.
mkdir hostile
cat >hostile/h.cdr <<'EOF'
rule title { when alert.title = "x" and raw["n"] > 5 or host.name in ["a"] then collect snapshot }
EOF
{
    printf '{"source":"defender","alert":{"title":"\\u001b[2J\\u202eevil\\nnew line\\u0007'
    head -c 100000 /dev/zero | tr '\0' A
    printf '"},"host.name":["\\ud800",null,"\\u0000"]}\n'
} >hostile.json
run explain title --rules hostile --alert hostile.json
exits 0 "a hostile alert is explained"
holds "without control characters" bash -c '! LC_ALL=C grep -q "[^[:print:]]" <(tr -d "\n" <"$1" | sed "s/\xef\xbf\xbd//g")' - "$out"
prints '\u{1b}[2J\u{202e}evil\nnew line\u{7}' "but with their names"
prints ".. (100" "and cut"
holds "on a page" test "$(wc -c <"$out")" -lt 2000
run explain title --rules hostile --alert hostile.json --format json
holds "JSON of it is JSON, and cut too" bash -c 'jq -e ".leaves[0].actual | length < 2000" "$1"' - "$out"

# Large rules are instant.
mkdir large
{
    printf 'list many : text = ['
    seq -f '"host-%g",' -s '' 1 10000
    printf '"last"]\nrule large { when host.name in many or ('
    for i in $(seq 1 1000); do printf 'alert.title = "t%s" and ' "$i"; done
    printf 'exists host.id) then collect snapshot }\n'
} >large/l.cdr
before=$(date +%s%N)
run explain large --rules large --alert high.json
holds "a rule with 1,000 leaves and a list of 10,000 is explained within seconds" \
    test $((($(date +%s%N) - before) / 1000000)) -lt "${CDR_IS_SLOW:+60}4000"
prints 'would fire with: host.name = "host-1"' "with its change"

# ---- coverage ----
mkdir cover
cat >cover/c.cdr <<'EOF'
macro office(a : ip) = a in "198.51.100.0/24"
rule two {
  when source = defender and severity >= high and not office(host.ip)
  then collect snapshot as s;
    if s.verdict >= malicious then { collect snapshot as b } else { collect snapshot as c }
}
rule unasked { when source = guardduty and severity = low then collect snapshot }
test "fires" {
  alert { "source": "defender", "severity": "high", "host": {"ip": "10.0.0.1"} };
  expect rule two
}
test "quiet" { alert { "source": "defender", "severity": "low" }; expect quiet }
EOF
run test cover --cover
exits 0 "coverage does not change how tests end"
is "what no alert tried is told with its place" <<'EOF'
2 passed, 0 failed, 0 skipped

cover/c.cdr: 1/6 leaves, 16 %
  cover/c.cdr:3: never false: source = defender  (two)
  cover/c.cdr:1: never true: a in "198.51.100.0/24"  (two, office(host.ip) in line 3)
  cover/c.cdr:5: never true: s.verdict >= malicious  (two)
  cover/c.cdr:5: never run: collect snapshot as b
  cover/c.cdr:7: never fired: rule unasked
  cover/c.cdr:7: never true: source = guardduty  (unasked)
  cover/c.cdr:7: never reached: severity = low  (unasked)
covered: 1/6 leaves, 16 %
EOF
run test cover --cover-min 16
exits 0 "enough is enough"
run test cover --cover-min 17
exits 1 "too little is a finding"
says "17 % are asked for" "which is said"
cat >several.cdr <<'EOF'
rule many { when source = defender and severity >= high and count >= 3 by user.id within 10m then open case }
test "one" { alert { "source": "defender", "severity": "high" }; expect no collect }
test "none" { alert { "source": "guardduty", "severity": "high" }; expect quiet }
EOF
run test several.cdr --cover
exits 0 "a rule that waits for several alerts has coverage"
holds "and is not called one that never fired, or was never quiet" bash -c '! grep -q "never fired\|never quiet" "$1"' - "$out"
prints "never false: severity >= high  (many)" "its parts are told as any other"
run test several.cdr --cover --run one
holds "nor when every alert reached it" bash -c '! grep -q "never fired\|never quiet" "$1"' - "$out"
run test several.cdr --cover --format json
holds "JSON says what it needs" json -s '.[-1].coverage.rules[0] | (.needs | startswith("count")) and .fired == 0'
echo 'test "nothing" { alert guardduty { "a": 1 }; expect quiet }' >leafless.cdr
run test leafless.cdr --cover
exits 0 "a file without rules has coverage"
prints "covered: no leaves" "of nothing, which is not all of it"
run test leafless.cdr --cover-min 1
exits 1 "and never enough of it"
run test cover --cover-min 101
exits 2 "there are no more than 100 percent"
run test cover --cover --format json
holds "JSON has the tests and the coverage, an object each" bash -c \
    'jq -se "length == 2 and .[1].coverage.percent == 16 and .[1].coverage.covered == 1 and (.[1].coverage.rules[0].leaves[1] | .true == 1 and .false == 1)" "$1"' - "$out"
run test cover --cover --format tap
holds "in TAP it is comment" bash -c 'grep -q "^# covered: 1/6" "$1" && ! grep -q "^covered" "$1"' - "$out"
run test cover --cover --format junit
holds "JUnit stays XML" python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$out"
says "covered: 1/6" "and coverage is on standard error"
# ---- a change that leaves an excuse in doubt ----

echo 'rule iso { when severity = high unless host.name = "dc-01" then respond stop_instance }' >doubt.cdr
echo '{"source":"guardduty","severity":"low"}' >doubt.json
run explain iso --alert doubt.json --rules doubt.cdr
prints 'would fire with: severity = high; an excuse is in doubt then, so its `respond` steps would be held' \
    "a rule that would fire in doubt is said to be held"
echo '{"source":"guardduty","severity":"low","host.name":"web-1"}' >doubt.json
run explain iso --alert doubt.json --rules doubt.cdr
holds "and one that is decided is not" test "$(grep -c "would fire" "$out") $(grep -c "in doubt then" "$out")" = "1 0"

finish
