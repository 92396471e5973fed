#!/usr/bin/env bash
# sources.sh - cdr sources, and alerts of every source through cdr run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run sources
exits 0 "sources are listed"
for name in cef cloudtrail crowdstrike datadog defender guardduty ocsf securityhub sentinelone \
    syslog webhook wiz; do
    holds "$name among them, in a line" grep -q "^$name  *[A-Z]" "$out"
done
holds "and no others" test "$(wc -l <"$out")" = 12

run sources guardduty
exits 0 "one has a page"
prints "detail.service.action.networkConnectionAction.remoteIpDetails.ipAddressV4" "with its paths"
prints "an attacker may have written it" "what an attacker may write"
prints "Lacks:" "and what it lacks"
run sources gardduty
exits 2 "an unknown name is a usage error"
says "did you mean guardduty?" "and the nearest one is offered"

run sources --format json
exits 0 "programs get an array"
holds "of objects with all members" json '
    length == 12 and all(.[]; .shipped and (.accepts | length > 0) and (.about | length > 0)
      and (.fields | length > 0)
      and all(.fields[]; has("field") and has("type") and has("untrusted") and has("paths")))'
holds "a field is mapped or lacking, never both" json '
    all(.[]; ([.fields[].field] - .lacks | length) == (.fields | length))'

cat >alerts.json <<'EOF'
{ "source": "defender", "severity": "high", "host": { "name": "web\u001b[31m" }, "alert.id": "a1" }
{ "gw": 1, "strange": { "x": 2 } }
EOF
run sources --alert alerts.json
exits 1 "--alert fails where no source takes an alert"
prints "alerts.json:1: defender" "it says which source takes one"
prints 'host.name         "web\u{1b}[31m"  (an attacker may have written it)' "what a field holds, safe for a terminal"
prints "severity          high" "in cdr's words"
prints "lacks: alert.title" "and what is lacking, in one line"
prints "alerts.json:2: no source takes it" "or that none does"
prints "its keys: gw, strange" "with the keys of that alert"
head -n 1 "$root/tests/alerts/securityhub.synthetic.ndjson" >hub.json
run sources --alert hub.json --format json
exits 0 "an alert in a vendor's own JSON"
holds "has the path that each field came from" json \
    '.source == "securityhub" and any(.fields[]; .field == "severity" and (.paths | length > 0)) and (.lacks | length > 0)'
run sources --alert - --source guardduty
exits 3 "an empty input has no alert"
run sources --alert hub.json --source gardduty
exits 2 "a source that is none is a usage error"
says "there is no source gardduty" "and named"
run sources guardduty --alert hub.json
exits 2 "so is a name besides --alert"
cat >own.cdr <<'EOF'
# Our mail gateway.
source mail_gateway { accept exists raw["gw"] alert.id = raw["gw"] }
when source = mail_gateway then open case
EOF
run sources --rules own.cdr
prints "mail_gateway  (own.cdr) Our mail gateway" "a rule file's source is listed with its file"
run sources --rules own.cdr mail_gateway --format json
holds "and told from the shipped ones" json '.[0].shipped == false and .[0].file == "own.cdr"'
echo 'source guardduty { accept exists raw["mine"] }' >mine.cdr
run sources --rules mine.cdr
prints "guardduty     (mine.cdr)" "one that takes the place of a shipped one stands for it"
holds "once" test "$(grep -c '^guardduty' "$out")" = 1
echo 'source broken {' >broken.cdr
run sources --rules broken.cdr
exits 2 "mistakes are told"

# Every fixture, through the command.
echo 'when severity >= informational or missing severity then open case' >any.cdr
for file in "$root"/tests/alerts/*.ndjson; do
    run run --offline --rules any.cdr --alerts "$file" --format json
    exits 0 "$(basename "$file") is read"
    holds "each with a source" json -s 'length > 0 and all(.[]; .source | length > 0)'
done

# Lines of text, files of records, and files that are neither.
echo 'when source in [cef, syslog, cloudtrail] then open case' >lines.cdr
run run --offline --rules lines.cdr --source cef --alerts "$root/tests/alerts/cef.synthetic.log" --format json
exits 0 "lines of CEF are read"
holds "each with its fields" json -s 'map([.alert[0:5], .severity, (.matched | length)])
    == [["cef-1", "critical", 1], ["cef-2", "medium", 1], ["sha25", "low", 1]]'
run run --offline --rules lines.cdr --source syslog --alerts "$root/tests/alerts/syslog.synthetic.log" --format json
exits 0 "lines of syslog are read"
holds "with the severity of their priority" json -s 'map(.severity) == ["critical", "low", "critical", "low"]'
run run --offline --rules lines.cdr --alerts "$root/tests/alerts/cloudtrail-records.synthetic.json" --format json
exits 0 "a file of CloudTrail's records is read"
holds "record by record" json -s 'map(.source) == ["cloudtrail", "cloudtrail"]'
printf 'CEF:0|a|b|c|d|e|9|\nnonsense\n' >mixed.log
run run --offline --rules lines.cdr --source cef --alerts mixed.log --data letters
exits 1 "a line that is no CEF is unreadable"
says "mixed.log:2: the alert cannot be read: a line of CEF begins with CEF:" "and told with its place"
holds "and kept" grep -q '"text": *"nonsense"' letters/dead-letter.ndjson
echo '{"source": "webhook", "id": "w"}' | gzip >packed.json.gz
run run --offline --rules lines.cdr --alerts packed.json.gz
exits 2 "a compressed file is refused"
says "zcat" "with what to do"
echo '{"source": "webhook", "id": "w"}' | iconv -f UTF-8 -t UTF-16 >wide.json
run run --offline --rules lines.cdr --alerts wide.json
exits 2 "so is one in UTF-16"
says "iconv" "with what to do"

# Findings of one event do not mix.
finding() { # ID SEVERITY INSTANCE
    printf '{"ProductArn":"p","GeneratorId":"g","Id":"%s","AwsAccountId":"111122223333","Region":"eu-west-1","Severity":{"Label":"%s"},"Resources":[{"Id":"arn:aws:ec2:eu-west-1:111122223333:instance/%s"}]}' "$@"
}
printf '{"source":"aws.securityhub","detail-type":"Security Hub Findings - Imported","detail":{"findings":[%s,\n%s]}}\n' \
    "$(finding a LOW i-0aaaaaaaaaaaaaaaa)" "$(finding b CRITICAL i-0bbbbbbbbbbbbbbbb)" >several.json
cat >several.cdr <<'EOF'
rule stop { when source = securityhub and severity >= high and exists instance.id then respond stop_instance }
test "the finding that is high" {
  alert "several.json";
  expect rule stop;
  expect respond stop_instance instance="i-0bbbbbbbbbbbbbbbb"
}
EOF
run run --offline --rules several.cdr --alerts several.json --format json
exits 0 "an event of two findings is read"
holds "as two alerts, each with its own severity and its own instance" json -s '
    map([.alert, .severity, (.matched | length)]) == [["a", "low", 0], ["b", "critical", 1]]'
holds "and nothing is done to the other's instance" bash -c "! grep -q 'instance.*i-0aaaaaaaaaaaaaaaa' '$out'"
run test several.cdr
exits 0 "so it is in a test's fixture"

# Tags of the resource.
echo 'when resource.tags["env"] = "prod" then open case' >tags.cdr
tagged() { # SENTENCE JSON
    printf '%s\n' "$2" >tags.json
    run run --offline --rules tags.cdr --alerts tags.json --format json
    holds "$1" json '.matched | length == 1'
}
tagged "Wiz's tags are read" '{"id":"1","severity":"HIGH","entitySnapshot":{"id":"1","tags":{"env":"prod"}}}'

# Whose an alert is.
echo 'when severity >= informational or missing severity then open case' >any.cdr
taken() { # SENTENCE SOURCE JSON: SOURCE is empty where none may take it
    printf '%s\n' "$3" >whose.json
    run run --offline --rules any.cdr --alerts whose.json --format json
    holds "$1" json --arg source "$2" '(.source // "") == $source'
}
detector='"detail":{"id":"1","severity":9,"type":"a:b/c","service":{"detectorId":"x"},"resource":{"resourceType":"Instance"}}'
asff='"detail":{"findings":[{"ProductArn":"p","GeneratorId":"g","class_uid":2004}]}'
call='"detail":{"eventVersion":"1","eventSource":"ec2.amazonaws.com","eventID":"1"}'
taken "GuardDuty's event is GuardDuty's" guardduty '{"source":"aws.guardduty",'"$detector}"
taken "an application's event that looks like it is not" "" '{"source":"myapp.orders","detail-type":"Order placed",'"$detector}"
taken "one that names no source is as good as a bare finding" guardduty "{$detector}"
taken "Security Hub's event is Security Hub's" ocsf '{"source":"aws.securityhub",'"$asff}"
taken "an application's event of findings is nobody's" "" '{"source":"myapp","detail-type":"x",'"$asff}"
taken "a call in an event of AWS is CloudTrail's" cloudtrail '{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail",'"$call}"
taken "a call in another event is not" "" '{"source":"myapp","detail-type":"AWS API Call via CloudTrail",'"$call}"
taken "nor is what AWS does not call one" "" '{"source":"aws.ec2","detail-type":"EC2 State Change",'"$call}"
for look in '"threatInfo":{"threatId":"1"}' '"SECURITY_SIGNAL_ID":"1"' '"composite_id":"1"' '"service":{"detectorId":"1"}' \
    '"ProductArn":"p","GeneratorId":"g"' '"class_uid":1,"metadata":{"version":"1"}' '"syslog":{"x":1},"message":"m"' \
    '"deviceVendor":"v","deviceEventClassId":"1"' '"entitySnapshot":{"id":1},"severity":"HIGH"' \
    '"eventVersion":"1","eventSource":"e","eventID":"1"' '"detectionSource":"d","alertCreationTime":"t"'; do
    taken "what says webhook is one, with $look too" webhook '{"source":"webhook",'"$look}"
done

# A hostile field beside a benign one: the rule about the benign one fires all the same.
echo 'when source = webhook and severity >= high and host.name = "web-1" then open case' >benign.cdr
hostile() { # SENTENCE JSON-MEMBER
    printf '{"source":"webhook","severity":"high","host":"web-1","title":"t",%b}\n' "$2" >hostile.json
    run run --offline --rules benign.cdr --alerts hostile.json --format json
    exits 0 "$1 is no reason to refuse the alert"
    holds "$1: the rule fires" json '.matched | length == 1'
}
hostile "an escaped NUL" '"file_name":"a\\u0000b"'
hostile "a lone surrogate" '"file_name":"\\ud800"'
hostile "a broken pair" '"file_name":"\\udc00\\ud800x"'
hostile "invalid UTF-8" '"file_name":"\0377\0376"'
hostile "an overlong form" '"file_name":"\0300\0257"'
hostile "a number past 64 bits" '"file_name":99999999999999999999999'
hostile "a number past every decimal" '"file_name":1e400'
hostile "a duplicate key behind" '"severity":"low","host":"other"'
hostile "a key in other case" '"SEVERITY":"low"'
hostile "an object for a text" '"file_name":{"a":[1,{}]}'
hostile "a list for a text" '"file_name":[null,"",[[]]]'
hostile "a deep value" "\"file_name\":$(printf '[%.0s' {1..500})$(printf ']%.0s' {1..500})"
hostile "a string of a megabyte" "\"file_name\":\"$(head -c 1048576 /dev/zero | tr '\0' x)\""
hostile "100,000 members" "\"more\":{$(seq -f '"k%.0f":1' -s , 100000)}"
hostile "100,000 elements" "\"file_name\":[$(seq -f '%.0f' -s , 100000)]"
hostile "what looks like another vendor's alert" '"Service":{"x":1},"type":"Recon:EC2/x"'
printf '{"source":"webhook","severity":"high","host":"web-1","file_name":"\\ud800","title":"\\ud800"}\n' >hostile.json
run run --offline --rules benign.cdr --alerts hostile.json --format json
holds "repairs are counted" json '.repairs == 2'
run run --offline --rules benign.cdr --alerts hostile.json
prints "had to be mended in 2 places" "and told"
finish
