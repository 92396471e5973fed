#!/usr/bin/env bash
# cases.sh - alerts about one thing are one case, and `dedup` begins one run for a key.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

alert() { # ID HOST [USER]
    jq -cn --arg id "$1" --arg host "$2" --arg user "${3:-}" '{source: "crowdstrike",
        alert: {id: $id, title: "Odd \($id)"}, host: {id: $host, name: "web-1"}}
        + if $user == "" then {} else {user: {id: $user}} end'
}

run cases
exits 2 "cases needs the journal"
run cases --data none
exits 2 "which must be there"

# A rule that wants nothing of a provider: the case is what is looked at.
echo 'rule watch { when source = crowdstrike then if host.name = "db-1" then { open case } }' >watch.cdr
{ alert a1 h1; alert a2 h1; alert a3 h2; } >alerts.ndjson
run run --rules watch.cdr --alerts alerts.ndjson --mode apply --data d
exits 0 "three alerts are acted on"
run cases --data d
exits 0 "cases are told"
prints 'case 1 "Odd a1": 2 alerts, 2 runs' "two alerts of one host are one case"
prints 'case 2 "Odd a3": 1 alert, 1 run' "that of another host, of the same name, is another"
prints "about host.id h1 of crowdstrike" "what a case is about is told"
prints "run 2: rule watch, alert a2" "and its runs with their stories"
alert a4 h2 u1 >more.json
run run --rules watch.cdr --alerts more.json --mode apply --data d
run cases 2 --data d --format json
exits 0 "one case is told as JSON"
holds "with its alerts in the order they came" json '.case == 2 and [.alerts[].alert] == ["a3", "a4"]'
holds "with what it is about" json '[.entities[] | .field + "=" + .value] == ["host.id=h2", "user.id=u1"]'
holds "with its runs" json '[.runs[].run] == [3, 4] and all(.runs[]; .case == 2)'
alert a5 h1 u1 >both.json
run run --rules watch.cdr --alerts both.json --mode apply --data d
run cases 1 --data d
prints "alert a5 from crowdstrike" "an alert that fits two cases joins the older"
prints "related: case 2" "which tells the other"
run run --rules watch.cdr --alerts both.json --mode apply --data d
exits 0 "the same alert again"
run cases 1 --data d --format json
holds "is in its case once" json '[.alerts[].alert] == ["a1", "a2", "a5"] and (.runs | length) == 3'
run cases --data d --last 1
prints 'case 2' "the newest case alone"
holds "and no other" sh -c "! grep -q 'case 1 ' '$out'"
run cases 9 x --data d
exits 1 "a case that is not there"
says "there is no case 9 in d" "is told"
says "there is no case x in d" "and so is a word"

# An alert that no rule fires for is no case.
echo '{"source":"crowdstrike","alert":{"id":"q"},"host":{"id":"h1"}}' >quiet.json
echo 'rule never_fires { when source = defender then open case }' >quiet.cdr
run run --rules quiet.cdr --alerts quiet.json --mode apply --data q
run cases --data q
prints "There is no case in q yet." "a quiet alert makes no case"

# dedup: the first alert of a key begins the run, the others join it.
cat >dedup.cdr <<'RULE'
rule one { when source = crowdstrike dedup by host.id for 6h then if host.name = "db-1" then { open case } }
RULE
{ alert b1 h1; alert b2 h1; alert b3 h2; echo '{"source":"crowdstrike","alert":{"id":"b4"}}'; echo '{"source":"crowdstrike","alert":{"id":"b5"}}'; } >keys.ndjson
run run --rules dedup.cdr --alerts keys.ndjson --mode apply --data k
exits 0 "alerts with and without a key"
prints 'joined run 1 by `dedup by host.id for 6h`: done; nothing was done again' "a second alert of the key joins the run"
prints "1 joined by dedup" "which the last line counts"
run runs --data k --format json
holds "so four runs are begun: those without a key stand alone" sh -c "test \$(wc -l <'$out') = 4"
holds "and the first knows who joined it" sh -c "head -n 1 '$out' | jq -e '.joined_alerts == [\"b2\"]' >/dev/null"
run cases 1 --data k
prints "alert b2 joined run 1 by dedup: rule one" "the case tells it"
run run --rules dedup.cdr --alerts keys.ndjson --mode apply --data k --format json
exits 0 "the same alerts again"
holds "begin nothing" sh -c "test \$(jq -s '[.[].matched[].run] | max' '$out') = 4"
alert b6 h1 >later.json
run run --rules dedup.cdr --alerts later.json --mode apply --data k
prints "joined run 1" "another process knows the window"
run run --rules dedup.cdr --alerts later.json --mode apply --data k --again
prints "rule one (dedup.cdr:1), run 5" "--again acts again"
alert b7 h1 >latest.json
run run --rules dedup.cdr --alerts latest.json --mode apply --data k
prints "joined run 5" "and its run is the one to join from then on"
sed -i 's/db-1/db-2/' dedup.cdr
alert b8 h1 >changed.json
run run --rules dedup.cdr --alerts changed.json --mode apply --data k
prints "rule one (dedup.cdr:1), run 6" "a rule that was changed begins anew"
alert b9 h1 >ninth.json
run run --rules dedup.cdr --alerts ninth.json --mode apply --data k
sed -i 's/ dedup by host.id for 6h//' dedup.cdr
run run --rules dedup.cdr --alerts ninth.json --mode apply --data k
prints 'joined run 6 by a `dedup` that the rule no longer has: done' "an alert that joined before the rule lost its dedup still belongs to the run"

# A run that came to nothing is not joined: the target of the first alert does not exist.
start_sandbox
echo 'rule stop { when exists instance.id dedup by cloud.account for 6h then respond stop_instance }' >stop.cdr
for instance in i-0ffffffffffffffff i-01111e1c0ffee0001 i-01111e1c0ffee0002; do
    printf '{"source":"guardduty","severity":"high","alert.id":"%s","instance.id":"%s","cloud.account":"111122223333","cloud.region":"eu-west-1"}\n' \
        "$instance" "$instance"
done >targets.ndjson
run run --rules stop.cdr --alerts targets.ndjson --mode apply --data n
prints "run 2" "after a run that came to nothing the next alert of the key begins another"
prints "joined run 2" "which the one after it joins"
holds "and no other is begun" sh -c "! grep -q 'run 3' '$out'"
run run --rules stop.cdr --alerts targets.ndjson --mode apply --data n
prints "joined run 2" "the first alert again belongs to the run that does something"
finish
