#!/usr/bin/env bash
# syslog.sh - lines of syslog and CEF over TCP, from logger where it is installed; a kill -9.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$root/tests/cli/serve_lib.sh"

cat >config.cdr <<'END'
cdr 1

daemon {
  rules = ["rules"]
  sandbox = on
  canary = 1h
  syslog hosts { listen = "127.0.0.1:0" }
  syslog wall { listen = "127.0.0.1:0" format = cef }
}

rule high "An alert that matters" {
  when severity >= critical and exists instance.id
  then collect snapshot
}
END
mkdir rules
port_of() { sed -n "s/.*senders may connect.*syslog $1.*port=\"\{0,1\}\([0-9]*\).*/\1/p" said | tail -n 1; }
sent() { # PORT, from standard input
    cat >"/dev/tcp/127.0.0.1/$1"
}
serve
printf '<14>1 2026-01-02T03:04:05Z host app 7 id - first\n' | sent "$(port_of hosts)"
eventually "a line becomes an alert" \
    alerts '(.items | length) == 1 and .items[0].way == "syslog hosts" and .items[0].state == "evaluated"'
printf '43 <14>1 2026-01-02T03:04:05Z h a 7 id - two\nx49 <14>1 2026-01-02T03:04:06Z host app 7 id - third' |
    sent "$(port_of hosts)"
eventually "so do counted messages, which may hold line ends" alerts '(.items | length) == 3'
printf 'CEF:0|acme|wall|1|7|drop|5|src=192.0.2.7\n' | sent "$(port_of wall)"
eventually "so does CEF" alerts 'any(.items[]; .way == "syslog wall" and .source == "cef")'
if command -v logger >/dev/null; then
    logger -n 127.0.0.1 -P "$(port_of hosts)" -T "by logger"
    logger -n 127.0.0.1 -P "$(port_of hosts)" -T --octet-count "by logger, counted"
    eventually "logger is understood, both ways" alerts '(.items | length) == 6'
else
    skip "logger is understood, both ways" "no logger"
fi
printf 'no header here\n' | sent "$(port_of wall)"
no_header() { run deadletter --data data; grep -q 'it cannot be read: no CEF header' "$out"; }
eventually "what is no CEF is set aside, and why" no_header
end_daemon KILL
serve
holds "what was taken is there after a kill -9" alerts '[.items[] | select(.source == "syslog" or .source == "cef")] | length >= 4'
end_daemon TERM
finish
