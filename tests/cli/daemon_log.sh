#!/usr/bin/env bash
# daemon_log.sh - what the daemon's log says of what people do: pause, approve, undo; each once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$root/tests/cli/serve_lib.sh"

start_sandbox
sandbox=$AWS_ENDPOINT_URL
cdr_serve() { trap "" XFSZ; exec $CDR serve --config config.cdr --listen 127.0.0.1:0 --data data --sandbox "$sandbox"; }
mkdir rules
me=$(id -un)
cat >config.cdr <<END
cdr 1

daemon {
  rules = ["rules"]
}

connection sandbox { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }

environment ours { aws accounts organization }

role soc { members = ["$me"] may = [read, approve, reject] }
END
cat >rules/role.cdr <<'END'
cdr 1

rule contain "An instance works for somebody else" (author = "detection") {
  when source = guardduty and severity >= high and exists instance.id
  then respond isolate_role approve by soc within 1h
}
END
post() { curl -sS -m 20 -o "$out" -H "Authorization: Bearer $(cat data/admin.token)" --data-binary @- "$url/v1/alerts/any"; }
told() { [ "$(grep -c "$1" said)" = "${2:-1}" ]; }

serve
sed 's/"id": *"[^"]*"/&/' "$root/docs/tour/member.json" | post
eventually "a step waits for a person" told 'state=held'
sleep 4
holds "which is told once, however often it is looked at" told 'state=held'
hold=1
run approve "$hold" --reason "seen with the owner" --data data
exits 0 "it is approved beside the daemon"
eventually "the step that goes on says by whom" told "state=done .*approved_by=\"*$me"

run pause --reason "wrong account" --data data
eventually "a pause is told" told 'warning: paused.*reason="wrong account"'
holds "with who threw the switch" told "warning: paused.* who=$me "
eventually "and the figure says it" metric 'cdr_paused 1'
run resume --lift-pause --reason mended --data data
eventually "that it is lifted is told" told 'info: the pause is lifted'
eventually "and the figure says it too" metric 'cdr_paused 0'
touch data/paused
eventually "a pause by hand is told" told 'warning: paused.*who="not said"'
id=$(jq -r .detail.id "$root/docs/tour/member.json")
for at in 1 2 3; do sed "s/$id/during-the-pause-$at/" "$root/docs/tour/member.json"; done | post
sleep 5
holds "a run that the pause keeps from its step is told at most once" \
    awk '/cut_off/ { n[$0 ~ /run=[0-9]+/ ? gensub(/.*run=([0-9]+).*/, "\\1", 1) : 0]++ } END { for (r in n) if (n[r] > 1) exit 1 }' said
rm data/paused
eventually "its end too" told 'info: the pause is lifted' 2

for run in 4 3 2; do
    $CDR undo "$run" --data data >/dev/null 2>&1
done
run undo 1 --data data
exits 0 "a run is taken back"
holds "that it begins is told, with who wants it and why" \
    told "an undo begins run=1 step=all who=\"*$me.*reason=\"cdr undo\""
holds "and what came of it" told 'an undo is over run=1 .*result=done'

# A disk without room: whoever fails, it is told once, and health says it.
prlimit --pid "$daemon" --fsize=100000: 2>/dev/null || { skip "a full disk" "no prlimit"; end_daemon TERM; finish; exit; }
eventually "a disk without room is seen, although nothing comes in" metric 'cdr_store_failed 1'
health() { # JQ
    curl -sS -m 20 -o "$out" -H "Authorization: Bearer $(cat data/admin.token)" "$url/healthz" && jq -e "$1" "$out" >/dev/null
}
eventually "and health says failing, and why" health '.status == "failing" and (.checks.store.detail // "" | test("cannot be written: "))'
sleep 5
holds "it is told once" told 'error: the journal cannot be written'
holds "and by nobody else" told 'the journal in ' 0
prlimit --pid "$daemon" --fsize=unlimited:
eventually "with room it is well again" metric 'cdr_store_failed 0'
holds "which is told" told 'info: the journal is written again'
end_daemon TERM
finish
