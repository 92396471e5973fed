#!/usr/bin/env bash
# explain_plan.sh - cdr explain --plan: by which test each rule is found, the costliest first, and
# what is said of those that have none. Shares are guesses and left out of what is compared.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

is() { # SENTENCE, what is printed but for shares, on standard input
    cat >expected
    sed -E 's/(  |; )(about|nearly|fewer) .*/\1SHARE/; s/^the rules ask .*/TESTS/' "$out" >shown
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
shares are a guess, from what alerts usually hold: none of yours was looked at
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
  when source = "defender"

1 rule, 0 of them looked at for every alert; SHARE
TESTS
shares are a guess, from what alerts usually hold: none of yours was looked at
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
exits 2 "a plan is of no alert"
says "leave out --alert" "and the way out is said"
echo '# nothing' >empty.cdr
run explain --plan empty.cdr
exits 3 "files without a rule have no plan"
says "there is no rule" "and it is said"

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
