#!/usr/bin/env bash
# run.sh - cdr run without a provider: what fires, what is unreadable, what is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo 'when source=defender and severity>=high then collect triage; respond isolate_role' >s.cdr
cat >high.json <<'JSON'
{"source": "defender", "severity": "high",
 "alert": {"id": "a-1", "title": "Ransomware"}, "host": {"id": "d1", "name": "web-1"}}
JSON
echo '{"source":"defender","severity":"medium","alert":{"id":"a-2"}}' >medium.json

run run --rules s.cdr --alerts high.json --offline
exits 0 "a plan ends well"
prints "a-1" "the alert is named"
prints "Ransomware" "with its title"
prints "collect triage" "and its steps"
prints "nothing was changed" "and it says that it is a plan"
run run s.cdr --alerts medium.json --offline
exits 0 "an alert that matches nothing is well"
prints "1 alert, 0 matched" "and is counted"
prints "cdr explain RULE" "with who tells why"
run run --rules s.cdr --alerts high.json --format json
exits 0 "json ends well"
holds "one line an alert" test "$(wc -l <"$out")" = 1
holds "with the members that are promised" json \
    '.alert == "a-1" and .source == "defender" and .severity == "high" and (.matched | length) == 1'
holds "rules have steps in order" json \
    '.matched[0].steps | map([.step, .name]) == [["collect", "triage"], ["respond", "isolate_role"]]'
holds "a step without a connection is unresolved and says why" json \
    '.matched[0].steps[0] | .state == "unresolved" and (.reason | startswith("no connection"))'
holds "each step has target, requests and permissions" json \
    '.matched[0].steps | all(.[]; (.target | type == "object") and (.requests | type == "array") and (.permissions.apply | type == "array"))'
run run --rules s.cdr --alerts medium.json --format json
holds "an alert that matches nothing has a line too" json '.alert == "a-2" and .matched == []'
echo '{"what": 1}' >unknown.json
run run --rules s.cdr --alerts unknown.json --format json
holds "an alert of no source has a null source and a name" json \
    '.source == null and .severity == null and (.alert | startswith("sha256:"))'
run run --rules s.cdr --alerts unknown.json
exits 0 "in text it is no failure"
prints "1 alert, 0 matched, 1 of no known source." "but it is counted"
says "unknown.json:1: no source takes this alert" "and its place is told"
run run --rules s.cdr --alerts unknown.json --format summary
exits 0 "in a summary neither"
says "1 alert is of no known source" "and it is told there too"
echo '{"source": "guardduty", "severity": "high", "note": "x"}' >stranger.json
for form in text json summary; do
    run run --rules s.cdr --alerts unknown.json --alerts stranger.json --format "$form"
    exits 1 "$form: an alert that names its source and is not read is a finding"
    says 'stranger.json:1: no source takes this alert: `note` is no canonical name' "$form: with the reason"
done
cat >tagged.cdr <<'CDR'
rule r { when severity = high and resource.tags["env"] = "prod" then open case }
CDR
cat >tagged.json <<'JSON'
{"source": "guardduty", "severity": "high", "resource": {"tags": {"x": {"y": 1}, "env": "prod"}}}
{"source": "guardduty", "severity": "high", "resource": {"tags": [{"key": "env", "value": "prod"}]}}
JSON
run run --rules tagged.cdr --alerts tagged.json --format summary
exits 0 "a tag that is no text costs nothing else"
prints "r	2" "and tags may be a list of keys and values"

# Several alerts: one a line, an array, several files, standard input.
{ jq -c . high.json; cat medium.json; jq -c . high.json; } >three.ndjson
run run --rules s.cdr --alerts three.ndjson --format summary
exits 0 "one alert a line"
holds "the summary has a line per rule and one for the alerts" test "$(cat "$out")" = "s	2
alerts	3"
jq -s . three.ndjson >array.json
run run --rules s.cdr --alerts array.json --alerts medium.json --format summary
prints "alerts	4" "an array, and several files"
cdr run --rules s.cdr --format summary <three.ndjson >"$out" 2>"$err"
status=$?
prints "alerts	3" "standard input"
run run --rules s.cdr --alerts /dev/null --format summary
exits 0 "no alert at all is well"

# What cannot be read.
{ cat medium.json; echo '{"broken": '; jq -c . high.json; echo 'no json'; cat medium.json; } >mixed.ndjson
run run --rules s.cdr --alerts mixed.ndjson --data letters
exits 1 "an unreadable alert makes exit code 1"
says "mixed.ndjson:2:" "its place is told"
says "mixed.ndjson:4:" "each one's"
prints "a-1" "the others are evaluated"
prints "2 unreadable" "they are counted"
holds "they are kept" test "$(wc -l <letters/dead-letter.ndjson)" = 2
cp letters/dead-letter.ndjson "$out"
holds "with reason, place and text" json '.reason and .line and .file == "mixed.ndjson" and (.text | length) > 0'
holds "without the ends of lines around them" bash -c '! grep -q "\"text\": *\"\\\\n" "$0"' letters/dead-letter.ndjson
holds "for nobody else to read" test "$(stat -c %a letters/dead-letter.ndjson)" = 600
awk 'BEGIN { printf "{\"id\":\""; for (i = 0; i < 2200000; i++) printf "x"; print "\"}" }' >large.json
run run --rules s.cdr --alerts large.json
exits 1 "an alert past 2 MiB is unreadable"
{ cat medium.json; head -c 12000000 /dev/zero; echo; printf 'ab'; yes é | head -n 24000000 | tr -d '\n'; echo; jq -c . high.json; } >long.ndjson
run run --rules s.cdr --alerts long.ndjson --data long
exits 1 "a line of many megabytes is unreadable, and no more than that"
prints "2 unreadable" "each of them"
prints "4 alerts, 1 matched" "the others are evaluated"
says "its first 65536 bytes are kept" "it is told how much of it is kept"
cp long/dead-letter.ndjson "$out"
holds "its beginning, its length and its hash" json '(.beginning | utf8bytelength) <= 65536 and .bytes > 10000000 and (.sha256 | length) == 64 and (has("text") | not)'
holds "of all of it" test "$(head -n 1 "$out" | jq -r .sha256)" = "$(head -c 12000000 /dev/zero | sha256sum | cut -d ' ' -f 1)"
mkdir -m 700 pipe linked
mkfifo pipe/dead-letter.ndjson
run run --rules s.cdr --alerts mixed.ndjson --data pipe
exits 2 "a pipe for the unreadable alerts is refused"
says "no regular file" "in words"
holds "before an alert is evaluated" test ! -s "$out"
echo kept >elsewhere
ln -s ../elsewhere linked/dead-letter.ndjson
run run --rules s.cdr --alerts mixed.ndjson --mode apply --data linked
exits 2 "and a link"
says "no regular file" "in words too"
holds "nothing is written through it, and no journal begun" test "$(cat elsewhere)-$(ls linked)" = kept-dead-letter.ndjson
run run --rules s.cdr --alerts nowhere.json
exits 2 "a file that is not there is an error"
says "No such file" "with the reason"

# A text that ends in the middle of an array, without a newline.
for text in '[{"source":"defender","alert.id":"1"}' '[1' '[{},{}' '[' '[{},'; do
    printf '%s' "$text" >cut.json
    run run --rules s.cdr --alerts cut.json --offline
    exits 1 "an array that is cut off is unreadable: $text"
    says "cut.json:1: " "and has its place: $text"
done

# Nothing is half done in a command that changes nothing: a signal ends it at once.
mkfifo silent
exec 3<>silent
for args in 'fmt -' 'run --rules s.cdr --offline'; do
    # shellcheck disable=SC2086 # both are several words
    timeout --preserve-status -s TERM -k 10 1 $CDR $args <silent 3>&- >"$out" 2>"$err"
    status=$?
    exits 143 "cdr $args ends by the signal"
    holds "and says nothing of a stop" test ! -s "$err"
done
exec 3>&-

# What is refused.
run run --rules s.cdr --alerts high.json --source defnder
exits 2 "an unknown source is a usage error"
says "did you mean defender?" "and the nearest one is offered"
run run --rules s.cdr --alerts high.json --source guardduty --format json
holds "a forced source is used" json '.source == "guardduty"'
echo 'when sorce=x then collect triage' >bad.cdr
run run --rules bad.cdr --alerts high.json
exits 2 "rules with mistakes are not run"
mkdir empty
run run --rules empty --alerts high.json
exits 3 "no rules is no match"
cat >pinned.cdr <<'CDR'
rule careful {
  when source = defender and exists instance.id
  then respond isolate_role via=two
}
connection one { provider = aws  region = "eu-west-1" }
connection two { provider = aws  region = "us-east-1" }
CDR
run run --rules pinned.cdr --alerts high.json
exits 0 "a clause that is not enforced may be planned"
run run --rules pinned.cdr --alerts high.json --mode apply --data data
exits 2 "but not applied"
says "pinned.cdr:3" "its place is told"
says "via" "its name is told"
holds "nothing was begun" test ! -e data
echo '{"source":"defender","alert":{"id":"a-3","title":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}}' >regex.json
echo 'when alert.title matches /^(a+)+$/ then collect triage' >regex.cdr
run run --rules regex.cdr --alerts regex.json --format json
exits 1 "a rule past its limit is undecided"
holds "and is named" json '.undecided == ["regex"] and .matched == []'

# Without credentials.
echo 'when exists instance.id then respond isolate_role' >role.cdr
echo '{"source":"guardduty","severity":"high","alert":{"id":"g-1"},"instance":{"id":"i-0abc0000000000001"},"cloud":{"account":"111122223333","region":"eu-west-1"}}' >instance.json
run run --rules role.cdr --alerts instance.json --format json
exits 0 "a plan without credentials ends well"
holds "it says what is missing" json '.matched[0].steps[0] | .state == "unresolved" and (.reason | test("AWS_ACCESS_KEY_ID|credential"))'
run run --rules role.cdr --alerts instance.json --mode apply --data data
exits 1 "apply without credentials does not end well"
run runs --data data
exits 0 "and the journal knows"
prints "unresolved" "how it ended"
run run --rules role.cdr --alerts instance.json --offline --format json
holds "offline sends nothing, and plans what it can" json '.matched[0].steps[0].requests | length > 0'
holds "it binds the target" json '.matched[0].steps[0].target.instance == "i-0abc0000000000001"'
cat >ways.cdr <<'CDR'
rule ways "Two ways" {
  when source = guardduty and exists instance.id
  then collect snapshot as s;
       if s.complete then { respond isolate_role } else { respond stop_instance }
}
CDR
run run --rules ways.cdr --alerts instance.json --offline --format json
holds "a plan shows both ways, each with its condition" json \
    '[.matched[0].steps[] | [.name, .if, .else]] == [["snapshot", null, null], ["isolate_role", "s.complete", null], ["stop_instance", null, "s.complete"]]'
run run --rules ways.cdr --alerts instance.json --offline
prints "unless s.complete:" "the text too"
echo 'rule told { when source = guardduty then notify log text="{instance.id} again"; notify log }' >told.cdr
run run --rules told.cdr --alerts instance.json --mode apply --data told.d
exits 0 "what reaches nobody is done without a connection"
prints " again" "its message stands in the story"
holds "both are done" test "$(grep -c 'notify log .* done$' "$out")" = 2
cat >lacking.cdr <<'CDR'
rule lacking { when source = guardduty then notify log text=raw["nope"]; notify log }
CDR
run run --rules lacking.cdr --alerts instance.json --mode apply --data lacking.d
exits 0 "a message of what the alert lacks is told all the same"
prints "result      -" "as a dash"
holds "and without a message it is the alert's title" test \
    "$(grep -c 'result ' "$out")" = 2
printf 'rule long { when source = guardduty then notify log text="%s" }\n' "$(printf 'é%.0s' $(seq 3000))" >long.cdr
run run --rules long.cdr --alerts instance.json --offline
prints "of 6000 bytes; --format json has all" "a long message is cut for people"
holds "in the words of the rule too" test "$(wc -c <"$out")" -lt 6000
run run --rules long.cdr --alerts instance.json --offline --format json
holds "and whole for programs, once" test "$(grep -o 'é' "$out" | wc -l)" = 3000

cat >nested.cdr <<'CDR'
rule nested {
  when source = guardduty and exists instance.id
  then collect snapshot as s;
       if s.complete then {
         respond isolate_role as r;
         if r.failed then { respond stop_instance } else { respond isolate_security_group };
         notify slack channel="#ir" text="done"
       };
       open case
}
CDR
run run --rules nested.cdr --alerts instance.json --offline
exits 0 "an if in an if is planned"
grep -nE '^ *(if|unless|[0-9]+\.) ' "$out" | sed -E 's/^[0-9]+://; s/  +(planned|unresolved)$//' >shown
cat >wanted <<'TEXT'
    1. collect snapshot as s
     if s.complete:
      2. respond isolate_role as r
       if r.failed:
        3. respond stop_instance
       unless r.failed:
        4. respond isolate_security_group
      5. notify slack channel="#ir" text="done"
    6. open case
TEXT
holds "its steps stand in it, what follows does not" cmp shown wanted
run run --rules nested.cdr --alerts instance.json --offline --format json
holds "JSON has what is around the innermost if" json \
    '[.matched[0].steps[] | [.if, .else, .within]] == [[null, null, null], ["s.complete", null, null], ["r.failed", null, [{"if": "s.complete"}]], [null, "r.failed", [{"if": "s.complete"}]], ["s.complete", null, null], [null, null, null]]'
run run --rules ways.cdr --alerts instance.json
exits 0 "two steps without credentials"
holds "why is said once" test "$(grep -c 'AWS_ACCESS_KEY_ID' "$out")" = 1
prints "no connection, see above" "and referred to then"
finish
