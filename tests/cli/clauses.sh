#!/usr/bin/env bash
# clauses.sh - what a rule is held to, from its text to the account: limits, modes, shadow,
# protected targets and approvals.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

first=i-01111e1c0ffee0001
second=i-01111e1c0ffee0002
alert() { # ID INSTANCE
    printf '{"source":"guardduty","severity":"high","alert":{"id":"%s"},"instance":{"id":"%s"},"cloud":{"provider":"aws","account":"111122223333","region":"eu-west-1"}}\n' "$1" "$2"
}
stops() {
    sandbox_ask calls | jq '[.[] | select(.operation == "StopInstances")] | length'
}
# NAME: apply the rules that standard input has to one alert, in a fresh account, with a journal of their own.
apply() {
    cat >"$1.cdr"
    alert "$1" "$first" >"$1.json"
    sandbox_tell reset "{}"
    run run --rules "$1.cdr" --alerts "$1.json" --mode apply --data "$1"
}
states() { # DATA
    cdr runs --data "$1" --format json | jq -s -c 'map(.steps[].state)'
}

start_sandbox

apply free <<'CDR'
rule r { when severity >= high then respond stop_instance }
CDR
exits 0 "a rule without clauses acts"
holds "once" test "$(stops)" = 1

apply limited <<'CDR'
rule r { when severity >= high limit 1 targets per 1h then respond stop_instance }
CDR
exits 0 "the first target is within the limit"
alert limited2 "$second" >limited2.json
run run --rules limited.cdr --alerts limited2.json --mode apply --data limited
exits 1 "the second is over it"
holds "and held" test "$(states limited)" = '["done","held"]'
holds "and not stopped" test "$(stops)" = 1

apply below <<'CDR'
environment here { mode collect aws accounts ["111122223333"] }
rule r { when severity >= high then respond stop_instance }
CDR
exits 1 "an environment has a ceiling"
holds "which refuses the step" test "$(states below)" = '["refused"]'
holds "before a change" test "$(stops)" = 0
run runs --data below
prints "environment here { mode collect }" "and says by what"

apply connected <<'CDR'
connection aws { provider = aws mode = observe }
rule r { when severity >= high then respond stop_instance }
CDR
exits 1 "a connection has a ceiling"
holds "which refuses the step" test "$(states connected)" = '["refused"]'

apply shadowed <<'CDR'
defaults { shadow }
rule r { when severity >= high then respond stop_instance }
CDR
holds "a step in shadow is planned to the end" test "$(states shadowed)" = '["shadowed"]'
holds "and changes nothing" test "$(stops)" = 0
prints "would be stopped" "it says what it would have done"
run runs --data shadowed --format json
holds "and the journal keeps it, with what would have been sent" json \
    '.steps[0].reason | test("would be stopped.*; would send ec2 StopInstances ")'

# The usual rollout: the rule as it shall be, in shadow, beside the one that acts.
apply beside <<'CDR'
rule tried { when severity >= high shadow then respond stop_instance }
rule live { when severity >= high then respond stop_instance }
CDR
exits 0 "a rule in shadow beside itself holds nothing back"
holds "the one is shadowed and the other acts" test "$(states beside)" = '["shadowed","done"]'
holds "once" test "$(stops)" = 1

# Promoted: an alert that was only looked at is acted on when it comes again.
apply promoted <<'CDR'
rule r { when severity >= high shadow then respond stop_instance }
CDR
sed -i 's/ shadow / /' promoted.cdr
run run --rules promoted.cdr --alerts promoted.json --mode apply --data promoted
exits 0 "a rule that was taken out of shadow acts on what it had only seen"
holds "after the look" test "$(states promoted)" = '["shadowed","done"]'
run run --rules promoted.cdr --alerts promoted.json --mode apply --data promoted
prints "nothing was done again" "and not twice"
holds "so it stopped once" test "$(stops)" = 1

apply protected <<CDR
defaults { never target instance.id = "$first" "it is ours" }
rule r { when severity >= high then respond stop_instance }
CDR
exits 1 "a protected target"
holds "is refused" test "$(states protected)" = '["refused"]'
run runs --data protected
prints "it is ours" "with the reason of who wrote it"

apply forbidden <<'CDR'
never respond stop_instance on cloud.account = "111122223333" "not there"
rule r { when severity >= high then respond stop_instance }
CDR
holds "what is never done there is refused" test "$(states forbidden)" = '["refused"]'

apply evidence <<'CDR'
always severity = high implies collect any "evidence first"
rule r { when severity >= high then respond stop_instance }
CDR
holds "a change before the evidence waits" test "$(states evidence)" = '["held"]'
holds "and is not made" test "$(stops)" = 0

apply asked <<'CDR'
role lead { members = ["somebody"] may = [approve] }
rule r (author = "bo") { when severity >= high then respond stop_instance approve by lead within 15m }
CDR
exits 1 "who must be asked is asked"
holds "and the step is held until then" test "$(states asked)" = '["held"]'
holds "and nothing is stopped" test "$(stops)" = 0

apply timed <<'CDR'
rule r { when severity >= high dedup by instance.id for 6h then respond stop_instance timeout 5m }
CDR
exits 0 "a step within its time is taken"
holds "and ends well" test "$(states timed)" = '["done"]'

finish
