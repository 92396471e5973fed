#!/usr/bin/env bash
# slow_http.sh URL - slow heads, slow bodies, ranges and slow readers, many at once, while a probe asks
# as everybody does: it is answered within a second each time, or this fails.
#
# CONNECTIONS (1000) at once, SECONDS_EACH (15) of each kind. Only at this machine: it is an attack.
set -u
url=${1:?slow_http.sh: which URL of the daemon, for example http://127.0.0.1:8740/healthz}
connections=${CONNECTIONS:-1000}
seconds=${SECONDS_EACH:-15}
case $url in
http://127.0.0.1:* | http://localhost:* | 'http://[::1]:'*) ;;
*) echo "slow_http.sh: '$url' is not on this machine" >&2; exit 2 ;;
esac
command -v slowhttptest >/dev/null || { echo 'slow_http.sh: install slowhttptest (tests/setup.sh test)' >&2; exit 2; }
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
ulimit -n "$(ulimit -Hn)" 2>/dev/null
failed=0

# Ask until the process ends; what took too long or failed is counted in `bad`.
probe_while() {
    asked=0 bad=0 longest=0
    while kill -0 "$1" 2>/dev/null; do
        asked=$((asked + 1))
        took=$(curl -s -o /dev/null -m 1 -w '%{time_total}' "$url") || bad=$((bad + 1))
        longest=$(printf '%s\n%s\n' "$took" "$longest" | sort -g | tail -n 1)
        sleep 0.2
    done
}

for kind in H:heads B:bodies R:ranges X:readers; do
    slowhttptest "-${kind%%:*}" -c "$connections" -r 500 -i 2 -l "$seconds" -p 1 -s 8192 -u "$url" -v 1 \
        >"$logs/$kind" 2>&1 &
    attack=$!
    probe_while "$attack"
    wait "$attack"
    printf 'slow %-8s %s connections, %s s: %s probes, %s failed, the longest %s s\n' \
        "${kind##*:}" "$connections" "$seconds" "$asked" "$bad" "$longest"
    # An attack that did not run proves nothing.
    [ "$bad" -eq 0 ] && [ "$asked" -gt 2 ] && continue
    failed=$((failed + 1))
    sed 's/\x1b\[[0-9;]*m//g' "$logs/$kind" | tail -n 20
done
[ "$failed" -eq 0 ]
