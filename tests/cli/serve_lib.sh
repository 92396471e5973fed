#!/usr/bin/env bash
# serve_lib.sh - what tests of the daemon's ways in share; after lib.sh.
#
#   serve                the daemon with config.cdr and the data directory `data`; its words are in
#                        `said`. Ends the test when it does not start.
#   end_daemon SIGNAL    send it that, and wait
#   alerts JQ            whether JQ is true of GET /v1/alerts
#   eventually SENTENCE CMD ..   CMD succeeds within a minute
if ! command -v curl >/dev/null || ! command -v jq >/dev/null; then
    skip "the daemon's ways in" "no curl or no jq"
    finish
    exit
fi
daemon='' url=''
cdr_serve() { exec $CDR serve --config config.cdr --listen 127.0.0.1:0 --data data; }
serve() {
    : >ready
    (cdr_serve) >ready 2>>said </dev/null &
    daemon=$!
    children+=("$daemon")
    for _ in $(seq 600); do
        grep -q '^ready ' ready && break
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    url=$(sed -n 's/^ready //p' ready)
    if [ -z "$url" ]; then
        sed 's/^/# /' said
        echo 'Bail out! the daemon does not start'
        exit 1
    fi
}
end_daemon() { # SIGNAL
    kill "-$1" "$daemon"
    wait "$daemon" 2>/dev/null
    local child others=() # who else there is ends with the test: left behind, it would hold its output open
    for child in "${children[@]}"; do
        [ "$child" = "$daemon" ] || others+=("$child")
    done
    children=(${others[@]+"${others[@]}"})
}
alerts() { # JQ
    curl -sS -m 20 -o "$out" -H "Authorization: Bearer $(cat data/admin.token)" \
        "$url/v1/alerts?limit=1000" 2>"$err" && jq -e "$1" "$out" >/dev/null
}
metric() { curl -sS -m 20 "$url/metrics" -H "Authorization: Bearer $(cat data/admin.token)" 2>"$err" | grep -qF "$1"; }
eventually() { # SENTENCE CMD ..
    local sentence=$1
    shift
    for _ in $(seq 300); do
        "$@" >/dev/null && break
        sleep 0.2
    done
    holds "$sentence" "$@"
}
