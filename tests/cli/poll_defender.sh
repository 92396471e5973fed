#!/usr/bin/env bash
# poll_defender.sh - alerts that the daemon fetches from Defender, by both of its APIs: through faults and
# kill -9 each is there once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/cli/serve_lib.sh
. "$root/tests/cli/serve_lib.sh"
start_sandbox
export CDR_TEST_SECRET=sandbox-secret-of-cdr-defender
mkdir rules
echo 'rule kept { when source = defender and severity >= high then open case }' >rules/kept.cdr
cat >config.cdr <<END
connection edr {
  provider = defender
  tenant = "5a5db0c5-0000-4000-8000-0000000c0ffe"
  client_id = "0c0ffee0-0000-4000-8000-00000000c001"
  client_secret = env("CDR_TEST_SECRET")
  url = "$AWS_ENDPOINT_URL/_microsoft"
}
daemon {
  rules = ["rules"]
  poll graph { provider = defender every = 1s since = 20000d }
  poll mde { provider = defender api = endpoint every = 1s since = 20000d }
}
END
run check config.cdr
exits 0 "the config is one"
sandbox_tell faults '[{"operation":"ListAlerts","kind":"throttle"},{"operation":"ListAlerts","kind":"html","after":1},
    {"operation":"ListAlerts","kind":"lose_reply","after":2}]'
serve
eventually "alerts of Graph come in" alerts '[.items[] | select(.way == "poll graph")] | length > 0'
eventually "and of Defender for Endpoint" alerts '[.items[] | select(.way == "poll mde")] | length > 0'
end_daemon KILL
serve
eventually "none comes in twice" alerts '[.items[] | .way + .alert] | length == (unique | length)'
holds "each is Defender's" alerts 'all(.items[]; .source == "defender" or .source == null)'
end_daemon TERM
finish
