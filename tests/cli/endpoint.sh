#!/usr/bin/env bash
# endpoint.sh - an address that is down, is no AWS, or does not answer.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE00000000 AWS_SECRET_ACCESS_KEY=no-such-secret AWS_REGION=eu-west-1
echo 'when exists instance.id then respond isolate_role' >role.cdr
echo '{"source":"guardduty","severity":"high","alert":{"id":"g-1"},"instance":{"id":"i-0abc0000000000001"},"cloud":{"account":"111122223333","region":"eu-west-1"}}' >a.json

# serve KIND: a server on a free port that answers HTML, or never.
serve() {
    rm -f port # of the server before: its number must not be taken for the new one
    python3 - "$1" >port <<'PY' &
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
held = []
while True:
    connection, _ = server.accept()
    if sys.argv[1] == "html":
        connection.recv(65536)
        body = b"<html><body><h1>It works!</h1></body></html>"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        connection.close()
    elif sys.argv[1] == "reset":
        connection.close()
    else:
        held.append(connection)
PY
    children+=($!)
    for _ in $(seq 100); do
        [ -s port ] && break
        sleep 0.05
    done
    AWS_ENDPOINT_URL=http://127.0.0.1:$(cat port)
}

export AWS_ENDPOINT_URL=http://127.0.0.1:9
run run --rules role.cdr --alerts a.json
prints "127.0.0.1" "an address where nothing listens is named in a plan"
run run --rules role.cdr --alerts a.json --mode apply --data down
exits 1 "apply there does not end well"
run runs --data down --format json
holds "and changed nothing" json '[.steps[].requests[] | select(.effect == "changes")] == []'

serve html
run run --rules role.cdr --alerts a.json
exits 1 "an address that answers HTML does not end well"
prints "failed" "the step failed"
holds "and says that this is no AWS" grep -qiE 'html|xml|not .*AWS|understood|unexpected' "$out"
stop_children

serve reset
run run --rules role.cdr --alerts a.json
prints "because" "a connection that breaks has a reason"
stop_children

export AWS_ENDPOINT_URL=not-a-url
run run --rules role.cdr --alerts a.json
prints "not-a-url" "an address that is none is named"

if [ -n "${CDR_IS_SLOW:-}" ]; then
    skip "an address that never answers" "the command under test is slow itself"
else
    serve never
    # shellcheck disable=SC2086 # CDR may be several words
    $CDR run --rules role.cdr --alerts a.json --mode apply --data stopped >"$out" 2>"$err" &
    child=$!
    sleep 1
    kill -INT "$child"
    SECONDS=0
    wait "$child" 2>/dev/null
    status=$?
    holds "Ctrl-C ends a command that waits for an answer" test "$SECONDS" -lt 4
    exits 1 "which is not well"
    says "cdr resume --data stopped" "and says how to go on"
    stop_children
fi
finish
