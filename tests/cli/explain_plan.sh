#!/usr/bin/env bash
# explain_plan.sh - cdr explain --plan: by which test each rule is found, the costliest first, and
# what is said of those that have none. Shares are guesses and left out of what is compared.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

is() { # SENTENCE, what is printed but for shares, on standard input
    cat >expected
    sed -E 's/(guessed: |  |; )(about|nearly|fewer|one is) .*/\1SHARE/; s/^the rules and .*/TESTS/; s/^shares are .*/GUESSED/' "$out" >shown
    holds "$1" diff expected shown
}

mkdir rules
cat >rules/cheap.cdr <<'RULES'
rule ransom { when source = defender and alert.title like "*ransomware*" then open case }
rule listed { when src.ip in ["192.0.2.1", "192.0.2.2"] or dst.ip in ["192.0.2.1", "192.0.2.2"] then open case }
rule partly { when alert.title = "Beacon" and len(host.name) > 3 then open case }
RULES
cat >rules/dear.cdr <<'RULES'
rule lacking { when not host.name = "web-1" and missing user.name then open case }
rule nightly { when hour(time) in 0..6 then open case }
rule either { when alert.title = "Beacon" or not (user.name in ["root", "admin"]) then open case }
rule confirmed { when not raw["path"] like "*users*temp*" and not raw["path"] matches /x+y/ then open case }
rule present { when host.name != "web-1" then open case }
RULES

run explain --plan rules/dear.cdr
exits 0 "the rules of a file are planned"
is "the costliest first, each with its test, or with why it has none and the way out" <<'RULES'
nightly  rules/dear.cdr:2  every alert
  warning: it can hold by what is computed from the alert (a function, a field beside a field)
  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`, or ask the field itself; of an `or` each side needs one
lacking  rules/dear.cdr:1  every alert
  warning: it can hold by what an alert lacks: not host.name = "web-1" and missing user.name
  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`; of an `or` each side needs one
either  rules/dear.cdr:3  every alert
  warning: it can hold by what an alert lacks: not alert.title = "Beacon" and not user.name in ["root", "admin"]
  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`; of an `or` each side needs one
confirmed  rules/dear.cdr:4  every alert
  warning: it can hold by what an alert lacks: not raw["path"] like "*users*temp*" and not raw["path"] matches /x+y/
  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`; of an `or` each side needs one
present  rules/dear.cdr:5  SHARE
  when exists host.name

5 rules, 4 of them looked at for every alert; SHARE
TESTS
GUESSED
RULES

run explain --plan rules
exits 0 "and those of a directory"
prints 'when src.ip in [192.0.2.1, 192.0.2.2] or dst.ip in [192.0.2.1, 192.0.2.2]' "alternatives are told all"
prints 'when alert.title like "*ransomware*"' "of tests that all must hold the rarest is told"
prints "then the machine computes the rest" "what the tests do not decide is told"
prints "8 rules, 4 of them looked at for every alert" "with totals"

cat >>rules/dear.cdr <<'RULES'
rule mended { when source = defender and not host.name = "web-1" and missing user.name then open case }
RULES
run explain --plan mended --rules rules
is "what the warning says to add gives the rule a test" <<'RULES'
mended  rules/dear.cdr:6  SHARE
  when source = defender

TESTS
GUESSED
RULES

run explain --plan ransom nightly rules
exits 0 "rules by name, of the paths beside them"
prints "2 rules, 1 of them looked at for every alert" "and no others"
(cd rules && run explain --plan ransom && exits 0 "without paths those of the current directory")
count=$((count + 1))
run explain --plan ransm rules
exits 3 "an unknown rule is not found"
says "did you mean ransom?" "and the nearest one is offered"
run explain --plan missing.cdr
exits 2 "a file that is not there is unreadable"
run explain --plan rules --alert a.json
exits 2 "a plan is of all alerts of a file"
says "of a file: --alerts FILE" "and the way out is said"
run explain --plan rules --source webhook
exits 2 "without alerts there is nothing to read as a source's"
says "it needs --alerts" "and that is said"
run explain mended --rules rules --alerts a.json
exits 2 "one rule is explained for one alert"
says "go with --plan" "and that is said"
echo '# nothing' >empty.cdr
run explain --plan empty.cdr
exits 3 "files without a rule have no plan"
says "there is no rule" "and it is said"

prints_not() { # TEXT SENTENCE
    if grep -qF -- "$1" "$out"; then report "not ok" "$2"; else report ok "$2"; fi
}

mkdir true
cat >true/true.cdr <<'RULES'
rule each { when true then open case }
rule none { when false then open case }
rule both { when true and source = guardduty then open case }
RULES
run explain --plan true
exits 0 "written truths are planned"
is "and told as what they are" <<'RULES'
each  true/true.cdr:1  every alert
  warning: it holds whatever the alert has: its condition is `true`
  add with `and` what such an alert always has: `source = ..`, `alert.type = ..`; of an `or` each side needs one
both  true/true.cdr:3  SHARE
  when source = guardduty
none  true/true.cdr:2  no alert
  its condition is `false`

3 rules, 1 of them looked at for every alert; SHARE
TESTS
GUESSED
RULES

# Measured: the matcher says how often, and it agrees with a run.
cat >seen.ndjson <<'JSON'
{"kind": "a", "path": "/bin/xy"}
{"kind": "a", "path": "/bin/xxy", "kind": "b"}
{"kind": "b", "path": "/home/users/temp"}
{"kind": "b", "n": 3}
JSON
mkdir seen
cat >seen/seen.cdr <<'RULES'
rule kind_a { when raw["kind"] = "a" then open case }
rule long_path { when raw["kind"] = "b" and len(lower(raw["path"])) > 10 then open case }
rule seldom { when raw["kind"] = "a" and raw["path"] contains "xxy" then open case }
rule never_seen { when raw["kind"] = "c" then open case }
RULES
run explain --plan seen --alerts seen.ndjson
exits 0 "rules are measured over alerts"
is "how often each was looked at, and held, the costliest first" <<'RULES'
long_path  seen/seen.cdr:2  looked at for 2 of 4 alerts, held for 1; guessed: SHARE
  when raw["kind"] = "b"
  then the machine computes the rest
kind_a  seen/seen.cdr:1  looked at for 2 of 4 alerts, held for 2; guessed: SHARE
  when raw["kind"] = "a"
seldom  seen/seen.cdr:3  looked at for 1 of 4 alerts, held for 1; guessed: SHARE
  when raw["path"] contains "xxy"
never_seen  seen/seen.cdr:4  looked at for 0 of 4 alerts, held for 0; guessed: SHARE
  when raw["kind"] = "c"

4 rules, none of them looked at for every alert; SHARE
TESTS
measured over 4 alerts: rules looked at for an alert 1.25, held 1; 1 rule held for none
RULES
run explain --plan seen --alerts seen.ndjson --format json
holds "the same as JSON" json '
    .alerts == 4 and .unreadable == 0 and .undecided == 0
    and [.rules[].looked_at] == [2, 2, 1, 0] and [.rules[].held] == [1, 2, 1, 0]'
run run --rules seen --alerts seen.ndjson --offline --format summary
prints "kind_a	2" "what held is what a run counts"
prints "long_path	1" "also where the machine decides"
{ cat seen.ndjson && echo '{"kind": "a"'; } >broken.ndjson
run explain --plan never_seen seen --alerts broken.ndjson
exits 1 "an alert that cannot be read is a finding"
says "broken.ndjson:5: the alert cannot be read" "with its place"
prints "1 could not be read" "and it is counted"
run explain --plan seen --alerts nowhere.json
exits 2 "alerts that are not there are unreadable"
: >empty.ndjson
run explain --plan seen --alerts empty.ndjson
exits 3 "without an alert nothing is measured"

for i in $(seq 30); do echo "rule r$i { when raw[\"n\"] = $i then open case }"; done >many.cdr
run explain --plan many.cdr
prints "10 more rules that cost no more: --all" "of many rules the costliest are shown"
prints_not "r21  many.cdr" "and no others"
run explain --plan many.cdr --all
prints "r30  many.cdr:30" "all of them when that is wanted"
run explain --plan r30 many.cdr
prints "r30  many.cdr:30" "and each that is named"

run explain --plan rules --format json
exits 0 "as JSON"
holds "one object, rules costliest first" json '
    .rules[0].always and (.rules[-1].rule == "ransom") and (.rules | length == 9)
    and .tests >= .indexed and .indexed > 0 and .bytes > 0'
holds "with what stands in the way of a test" json '
    [.rules[] | select(.always) | .obstacle] | sort == ["absence", "absence", "absence", "computed"]'
holds "and shares between 0 and 1" json '
    [.rules[].share] | all(. >= 0 and . <= 1)'
finish
