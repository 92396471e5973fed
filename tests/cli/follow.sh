#!/usr/bin/env bash
# follow.sh - a file that grows as a way in: each line is an alert, once, through a rotation and a
# kill -9; a way that brings nothing is told.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$root/tests/cli/serve_lib.sh"

cat >config.cdr <<'END'
cdr 1

daemon {
  rules = ["rules"]
  sandbox = on
  canary = 1s
  follow file { path = "in.ndjson" source = webhook silent_after = 2s }
}

rule high "An alert that matters" {
  when severity >= high and exists instance.id
  then collect snapshot
}
END
mkdir rules
line() { printf '{"id":"a-%d","title":"seen","severity":"low"}\n' "$1"; }

line 1 >in.ndjson
line 2 >>in.ndjson
serve
eventually "lines that were there become alerts" \
    alerts '(.items | length) == 2 and all(.items[]; .state == "evaluated" and .way == "follow file")'
line 3 >>in.ndjson
mv in.ndjson in.ndjson.1
line 4 >>in.ndjson.1
line 5 >in.ndjson
eventually "a file that is rotated is read to its end, then the new one" \
    alerts '[.items[].alert] == ["a-1","a-2","a-3","a-4","a-5"]'
end_daemon KILL
line 6 >>in.ndjson
serve
eventually "after a kill -9 no line is lost" alerts '(.items | length) == 6'
holds "and none comes twice" alerts 'all(.items[]; (.copies // 0) == 0)'
eventually "a way that brings nothing is told" grep -q 'a way in brings no alerts' said
eventually "and by a metric" metric 'cdr_way_silent{way="follow file"} 1'
health() { curl -sS -m 20 "$url/healthz" -H "Authorization: Bearer $(cat data/admin.token)" 2>"$err" | jq -e "$1" >/dev/null; }
holds "whose health names it" health '.checks.ways.detail == "1 bring nothing for longer than they may: follow file"'
line 7 >>in.ndjson
eventually "so is its return" grep -q 'a way in brings alerts again' said
eventually "an alert of our own takes the whole way" metric 'cdr_canary_last_success_timestamp_seconds 1'
holds "and is not among the alerts" alerts 'all(.items[]; .way != "canary")'
end_daemon TERM
run audit --data data
prints way_silent "the audit log tells of the silence"
prints way_heard "and of its end"
finish
