#!/usr/bin/env bash
# channel.sh - people are told: a way that falls silent once, that it is heard again, a step that
# waits for somebody, and all of it later where nobody was there to take it. The receiver checks
# each signature by itself. A receiver that hangs keeps nobody from ending the daemon.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$root/tests/cli/serve_lib.sh"

if ! command -v python3 >/dev/null; then
    skip "channels" "no python3"
    finish
    exit
fi
export NIGHT_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
export DESK_SECRET=whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=

cat >receiver.py <<'END'
"""receiver.py PORT - take what is signed with the secret of its path; a line of `told` each. Who asks
for /stuck is never answered."""
import base64, hashlib, hmac, http.server, json, os, sys, time


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.strip("/")
        if name == "stuck":
            open("is_stuck", "w", encoding="utf-8").close()
            time.sleep(60)
        key = base64.b64decode(os.environ[name.upper() + "_SECRET"].removeprefix("whsec_"))
        sent = self.headers["webhook-timestamp"]
        signed = f"{self.headers['webhook-id']}.{sent}.".encode() + body
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        is_right = hmac.compare_digest("v1," + digest, self.headers["webhook-signature"])
        is_right = is_right and abs(time.time() - int(sent)) < 60
        line = json.dumps({"to": name, "signed": is_right, **json.loads(body)})
        with open("told", "a", encoding="utf-8") as file:
            file.write(line + "\n")
        self.send_response(204 if is_right else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
with open("port.new", "w", encoding="utf-8") as file:
    file.write(str(server.server_port))
os.rename("port.new", "port")
server.serve_forever()
END
receiver=''
receive() { # PORT
    rm -f port
    python3 receiver.py "$1" &
    receiver=$!
    children+=("$receiver")
    for _ in $(seq 200); do
        [ -e port ] && return
        sleep 0.05
    done
    echo 'Bail out! the receiver does not start'
    exit 1
}
# Whether JQ is true of all that was told, in its order.
told() { jq -se "$1" told >/dev/null 2>&1; }

: >told
receive 0
port=$(cat port)
me=$(id -un)
config() { # SETTINGS
    cat <<END
cdr 1

daemon {
  rules = ["rules"]
  sandbox = on
  reload = 1s
  follow file { path = "in.ndjson" silent_after = 3s }
}
connection sandbox {
  provider = aws
  member_role = "cdr-responder"
  external_id = "cdr-sandbox"
}
role ir { members = ["$me"] may = [read, approve, reject] }
$1
END
}
config "
channel night { url = \"http://127.0.0.1:$port/night\" secret = env(\"NIGHT_SECRET\") }
channel desk { url = \"http://127.0.0.1:$port/desk\" secret = env(\"DESK_SECRET\") about = approvals }
channel far { url = \"https://hooks.example.com/cdr\" secret = env(\"NIGHT_SECRET\") }
" >config.cdr
mkdir rules
rule='cdr 1

rule asks "A role is asked about" {
  when severity >= high
  then respond isolate_role approve by ir within 1h
}'
printf '%s\n' "$rule" >rules/all.cdr
alert() { # ID SEVERITY
    printf '{"source":"guardduty","severity":"%s","alert":{"id":"%s","title":"t"},"instance":{"id":"i-01111e1c0ffee0002"}}\n' "$2" "$1"
}

alert a-1 low >in.ndjson
serve
holds "on the sandbox nobody out there is told" grep -q 'channel=far' said
eventually "a way that falls silent is told" \
    told 'any(.type == "cdr.alarm" and .what == "way_silent" and .name == "follow file")'
sleep 3
holds "once" told '[.[] | select(.what == "way_silent")] | length == 1'
holds "and not to who wants approvals" told 'all(.to == "night")'
alert a-2 low >>in.ndjson
eventually "that it is heard again is told" told 'any(.type == "cdr.alarm_over" and .what == "way_silent")'

run pause --data data --reason drill
exits 0 "a pause is taken"
eventually "which is told" told 'any(.type == "cdr.alarm" and .what == "paused")'
run resume --data data --lift-pause --reason "it is over"
exits 0 "a pause is lifted"
eventually "and its end is told" told 'any(.type == "cdr.alarm_over" and .what == "paused")'

kill "$receiver"
wait "$receiver" 2>/dev/null
printf 'rule broken {\n' >rules/all.cdr
eventually "a receiver that is away is tried again" grep -q 'does not take a message.*channel=night' said
receive "$port"
eventually "and told later" told 'any(.type == "cdr.alarm" and .what == "rules_refused" and (.detail | contains("all.cdr")))'
printf '%s\n' "$rule" >rules/all.cdr
eventually "that they are in force again is told too" told 'any(.type == "cdr.alarm_over" and .what == "rules_refused")'

alert a-3 high >>in.ndjson
eventually "a step that waits for somebody is told" told 'any(.type == "cdr.approval" and .to == "desk")'
holds "with what it is about" told 'map(select(.type == "cdr.approval"))[0]
    | .hold == 1 and .run == 1 and .rule == "asks" and .step == "isolate_role" and (.until | endswith("Z"))
      and .look == "cdr approvals 1" and (.target | contains("role"))'
holds "once to each" told '[.[] | select(.type == "cdr.approval") | .to] | sort == ["desk", "night"]'
holds "every message was signed, with the secret of its channel" told 'all(.signed)'
holds "no secret is in the log" bash -c '! grep -q whsec_ said'
holds "figures tell how many" metric 'cdr_channel_told_total{channel="night"}'
end_daemon TERM

: >told
config "
channel night { url = \"http://127.0.0.1:$port/night\" secret = env(\"NIGHT_SECRET\") }
channel stuck { url = \"http://127.0.0.1:$port/stuck\" secret = env(\"NIGHT_SECRET\") timeout = 30s }
" >config.cdr
serve
eventually "a start tells once more what waits" told 'any(.type == "cdr.approval" and .to == "night")'
eventually "another receiver hangs" test -e is_stuck
before=${EPOCHREALTIME/./}
end_daemon TERM
took_ms=$(((${EPOCHREALTIME/./} - before) / 1000))
holds "which does not delay the end ($took_ms ms)" test "$took_ms" -lt 3000
holds "what it was not told is counted" grep -q 'not told of everything before the end' said

config "channel night { url = \"http://127.0.0.1:$port/night\" secret = env(\"NOWHERE\") }" >config.cdr
CDR="timeout 20 $CDR" run serve --config config.cdr --listen 127.0.0.1:0 --data data
exits 2 "a channel without its secret does not begin"
says "channel night: secret: " "and is named"
NOWHERE=short CDR="timeout 20 $CDR" run serve --config config.cdr --listen 127.0.0.1:0 --data data
exits 2 "nor does one whose secret can be guessed"
says "channel night: secret: it is shorter" "and it is said why"
finish
