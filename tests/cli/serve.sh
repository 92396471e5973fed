#!/usr/bin/env bash
# serve.sh - the daemon from alert to effect: one target changed once by many runs at once, an update
# that fires nothing, neither after an undo; a provider that is away for a while; an end and a new
# start in the middle; a config that is wrong.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$root/tests/cli/serve_lib.sh"

start_sandbox
sandbox=$AWS_ENDPOINT_URL
cdr_serve() { exec $CDR serve --config config.cdr --listen 127.0.0.1:0 --data data --sandbox "$sandbox"; }

mkdir rules
cat >config.cdr <<'END'
cdr 1

daemon {
  rules = ["rules"]
}

connection sandbox { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }

environment ours { aws accounts organization }
END
cat >rules/role.cdr <<'END'
cdr 1

rule contain "An instance works for somebody else" (author = "detection") {
  when source = guardduty and severity >= high and exists instance.id
  then respond isolate_role
}
END

id=$(jq -r .detail.id "$root/docs/tour/member.json")
finding() { sed "s/$id/$1/" "$root/docs/tour/member.json"; }
token() { printf 'Authorization: Bearer %s' "$(cat data/admin.token)"; }
post() { curl -sS -m 20 -o "$out" -H "$(token)" --data-binary @- "$url/v1/alerts/any"; }
runs() { # JQ
    curl -sS -m 20 -o "$out" -H "$(token)" "$url/v1/runs?limit=1000" && jq -e "$1" "$out" >/dev/null
}
changes() { # OPERATION: how many there were
    curl -sS -m 20 "$sandbox/_sandbox/calls" |
        jq --arg operation "$1" '[.[] | select(.applied and .operation == $operation)] | length'
}
is_changed() { [ "$(changes "$1")" = "$2" ]; }

serve
for at in $(seq 40); do finding "same-target-$at"; done >many.ndjson
post <many.ndjson
holds "many alerts at once are taken" json '.new == 40'
eventually "each has its run, and each run ends" \
    runs '(.items | length) == 40 and all(.items[]; .state == "done")'
holds "and the one target was changed once" is_changed PutRolePolicy 1

finding same-target-1 | jq -c '.detail.updatedAt = "2026-02-02T02:02:02Z"' | post
eventually "an update is known as one" alerts '[.items[] | select(.update_of == "1" or .update_of == "2")] | length == 1'
holds "and fires nothing" runs '(.items | length) == 40'

# One of them made the change, and the others rely on it: they are given up first.
for run in $(seq 40) $(seq 40); do
    cdr undo "$run" --data data >"$out" 2>"$err"
done
holds "all of it is taken back while the daemon runs" is_changed DeleteRolePolicy 1
finding same-target-1 | jq -c '.detail.updatedAt = "2026-03-03T03:03:03Z"' | post
eventually "another update is evaluated" alerts '[.items[] | select(.state == "evaluated")] | length == 42'
holds "and what was taken back stays so" runs '[.items[] | select(.undoes == null)] | length == 40'
holds "at the provider too" is_changed PutRolePolicy 1

# A provider that answers nothing: the step stays open, and goes on by itself.
curl -sS -o /dev/null -d '[{"operation":"*","kind":"fail_before","times":100000}]' "$sandbox/_sandbox/faults"
finding after-the-outage | post
eventually "without its provider a run stays open" runs '[.items[] | select(.state == "open")] | length == 1'
end_daemon KILL
curl -sS -o /dev/null -X DELETE "$sandbox/_sandbox/faults"
serve
eventually "and is gone on with, over a new start" \
    runs '[.items[] | select(.undoes == null and .state == "done" and .alert == "after-the-outage")] | length == 1'
holds "once" is_changed PutRolePolicy 2

# A second one, and one that cannot listen, leave the first alone and act on nothing.
run serve --config config.cdr --data data --listen 127.0.0.1:0 --sandbox "$sandbox"
exits 2 "a second daemon is refused"
holds "and the first is still found by commands" test -e data/daemon.json
finding never-acted-on | jq -c . >in.ndjson
mkdir other
sed 's/rules = .*/rules = ["rules"]\n  follow file { path = "in.ndjson" }/' config.cdr >follow.cdr
run serve --config follow.cdr --data other --listen "${url#http://}" --sandbox "$sandbox"
exits 2 "a port that is taken is told"
holds "before anything was done" is_changed PutRolePolicy 2

end_daemon TERM
holds "it ends as it is told to" test ! -e data/daemon.json
run audit verify --data data
exits 0 "and its audit log is whole"

# ---- what is wrong is said before it begins ----

run serve --data data
exits 2 "a daemon needs a config"
says "which config? Give --config FILE" "and says so"
printf 'cdr 1\n\nrule r { when source = guardduty then respond isolate_role }\n' >norules.cdr
run serve --config norules.cdr --data data
exits 2 "a config has a daemon block"
says 'has no `daemon { .. }` block' "and says so"
run serve --config config.cdr --data data --listen nonsense
exits 2 "an address is checked"
says "an address and a port" "and says so"
run serve --config config.cdr --data data --listen 127.0.0.1:0 --sandbox https://example.com
exits 2 "a sandbox is on this machine"
printf 'cdr 1\n\nrule broken { when severity >= hgh then respond isolate_role }\n' >rules/broken.cdr
run serve --config config.cdr --data data --listen 127.0.0.1:0 --sandbox "$sandbox"
exits 2 "rules that do not compile keep it from starting"
says "broken.cdr" "and it says where"
finish
