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

# Whatever the environment says of AWS, the sandbox is what is reached.
end_daemon TERM
export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true AWS_ENDPOINT_URL_STS=http://127.0.0.1:1 \
    AWS_ENDPOINT_URL_EC2=http://127.0.0.1:1 AWS_ENDPOINT_URL_IAM=http://127.0.0.1:1
serve
finding whatever-is-said | post
eventually "no variable of AWS's leads away from the sandbox" \
    runs '[.items[] | select(.undoes == null and .state == "done" and .alert == "whatever-is-said")] | length == 1'
unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_EC2 AWS_ENDPOINT_URL_IAM
holds "a sandbox that answers is no warning" bash -c "! grep -q 'no sandbox answers' said"
(exec timeout 10 $CDR serve --config config.cdr --listen 127.0.0.1:0 --data away --sandbox http://127.0.0.1:1) >away.out 2>&1 &
away=$!
children+=("$away")
eventually "a daemon starts without its sandbox too" grep -q '^ready ' away.out
holds "and warns that it is away" grep -q 'no sandbox answers at http://127.0.0.1:1 yet' away.out
kill "$away"

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
says "cannot listen on 127.0.0.1 port ${url##*:}: Address already in use" "and which, in a line of its own"
says "name another port" "with a way out"
last_line() { [ "$(tail -n 1 "$err")" = "$1" ]; }
holds "the last line says what came of it" last_line "cdr: the daemon did not start"
sed 's/rules = .*/rules = ["rules"] log = error/' config.cdr >error.cdr
run serve --config error.cdr --data other --listen "${url#http://}" --sandbox "$sandbox"
says "cdr: cannot listen on" "also where the log has errors alone"
sed 's/rules = .*/rules = ["rules"] log = error log_format = json/' config.cdr >json.cdr
run serve --config json.cdr --data other --listen "${url#http://}" --sandbox "$sandbox"
holds "in JSON it is an error, and the last" bash -c "tail -n 1 '$err' | jq -e '.level == \"error\" and .reason == \"the daemon did not start\"'"
holds "and so is the reason" bash -c "jq -se 'any(.[]; .level == \"error\" and (.reason | test(\"cannot listen\")))' '$err'"
run serve --config config.cdr --data nowhere/data --listen 127.0.0.1:0 --sandbox "$sandbox"
exits 2 "a directory without a parent is told"
says "its parent must be there" "with a way out"

end_daemon TERM
holds "it ends as it is told to" test ! -e data/daemon.json
run audit verify --data data
exits 0 "and its audit log is whole"

# ---- paths of the config are relative to it, wherever the daemon is started ----

mkdir -p etc/rules elsewhere
cp rules/role.cdr etc/rules
printf 'whsec_%s\n' "$(head -c 32 /dev/zero | base64)" >etc/hook.secret
chmod 600 etc/hook.secret
cat >etc/daemon.cdr <<'END'
cdr 1

daemon {
  rules = ["rules"]
  data = "state"
  webhook hook { secret = file("hook.secret") }
  follow log { path = "in.log" }
}
END
cdr_serve() { cd elsewhere && exec $CDR serve --config ../etc/daemon.cdr --listen 127.0.0.1:0 --sandbox "$sandbox"; }
serve
holds "its data directory is beside the config" test -e etc/state/journal.db
finding followed | jq -c . >>etc/in.log
followed() { curl -sS -m 20 -H "Authorization: Bearer $(cat etc/state/admin.token)" "$url/v1/alerts" | grep -q followed; }
eventually "so is the file that it follows" followed
end_daemon TERM
holds "a new data directory is told" grep -q 'info: a new data directory directory=../etc/state' said
holds "a secret that others may not read is not" bash -c "! grep -q 'open to others' said"
chmod 644 etc/hook.secret
sed -i 's/  data = "state"/  data = "state" listen = "0.0.0.0:0"/' etc/daemon.cdr
cdr_serve() { cd elsewhere && exec $CDR serve --config ../etc/daemon.cdr --sandbox "$sandbox"; }
serve
end_daemon TERM
holds "one that others may read is" grep -q 'warning: a secret is open to others .*chmod 600 ../etc/hook.secret' said
holds "so is an address without TLS that others reach" grep -q 'warning: it listens without TLS address=0.0.0.0' said
holds "the directory is new once" test "$(grep -c 'a new data directory directory=../etc' said)" = 1
run doctor --config etc/daemon.cdr
prints 'etc/hook.secret may be read by others (0644): chmod 600' "doctor says it too"
prints "whoever is on the way reads alerts and the admin's token" "and what an address is reached by"
if [ "$(id -u)" = 0 ]; then
    chown 65534 etc/state
    run serve --config etc/daemon.cdr --sandbox "$sandbox"
    exits 2 "root does not write in the directory of somebody else"
    says "sudo -u nobody cdr serve --config etc/daemon.cdr" "and says as whom to start it"
    run doctor --config etc/daemon.cdr
    prints "the daemon does not start as another user" "as doctor does"
    chown 0 etc/state
fi
run doctor --config etc/daemon.cdr
prints "etc/state, writable" "and where doctor looks"
prints '`secret` is there, by file("etc/hook.secret")' "secrets too"

# ---- an alert that ends the daemon ----

# As three daemons that ended while they tried it would have left it, with one behind it.
python3 - data/journal.db "$(finding poison | tr -d '\n')" "$(finding behind-it | tr -d '\n')" <<'END'
import hashlib, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for text, tries in ((sys.argv[2], 3), (sys.argv[3], 1)):
    db.execute("INSERT INTO alerts (way, forced_source, digest, received_ms, text, attempts) VALUES ('api', '', ?, 1, ?, ?)",
               (hashlib.sha256(text.encode()).digest(), text.encode(), tries))
db.commit()
END
cdr_serve() { exec $CDR serve --config config.cdr --listen 127.0.0.1:0 --data data --sandbox "$sandbox"; }
serve
eventually "an alert that was tried three times is set aside, with the cause" \
    alerts '[.items[] | select(.state == "dead" and (.reason | contains("three times")))] | length == 1'
holds "and the one behind it is evaluated" alerts '.items[-1].state == "evaluated"'
end_daemon TERM
run deadletter list --data data
prints "three times" "a person finds it"

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
for wrong in http://127.0.0.1:x@127.0.0.2:80 http://127.0.0.1:99999 http://127.0.0.1:0 http://127.0.0.1: \
    http://127.0.0.1:80/path http://127.0.0.1.example.com:80; do
    run serve --config config.cdr --data data --listen 127.0.0.1:0 --sandbox "$wrong"
    exits 2 "which is a loopback address, a port and no more: $wrong"
    says "takes the URL of a cdr sandbox on this machine" "and says so"
done
mkdir empty
for paths in '"empty"' '["empty", "rulez"]'; do
    printf 'cdr 1\n\ndaemon {\n  rules = %s\n}\n' "$paths" >none.cdr
    run serve --config none.cdr --data none --listen 127.0.0.1:0 --sandbox "$sandbox"
    exits 2 "rules that are none keep it from starting: $paths"
    says 'none.cdr:4: in `rules`: ' "and it says where they are named"
done
says "rulez cannot be read" "and what is not there"
git init -q -b trunk branch && cp rules/role.cdr branch
git -C branch -c user.name=t -c user.email=t@example.com add . &&
    git -C branch -c user.name=t -c user.email=t@example.com commit -q -m rules
printf 'cdr 1\n\ndaemon { rules = "branch" rules_ref = "main" }\n' >none.cdr
run serve --config none.cdr --data none --listen 127.0.0.1:0 --sandbox "$sandbox"
exits 2 "so does a branch that is not there"
says "no branch or commit main in branch; there is trunk" "and those that are are named"
printf 'cdr 1\n\nrule broken { when severity >= hgh then respond isolate_role }\n' >rules/broken.cdr
run serve --config config.cdr --data data --listen 127.0.0.1:0 --sandbox "$sandbox"
exits 2 "rules that do not compile keep it from starting"
says "broken.cdr" "and it says where"
finish
