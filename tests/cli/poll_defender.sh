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

# ---- its machines ----
sandbox_tell faults '[]'
run hosts --provider defender --rules config.cdr
exits 0 "its machines are listed"
prints "LAST SEEN" "with when each was last heard of"
prints "Active" "and how it is"
says "cannot be collected from: --all lists them, and says why" "the others are counted"
run hosts --provider defender --all --format json --rules config.cdr
holds "of each that cannot it is said why" json -s \
    'map(select(.platform == "macOS"))[0].refusal | test("the collectors are for Windows and Linux")'
holds "what is not onboarded is among them" json -s 'map(select(.onboarding != "Onboarded")) | all(.refusal | test("not onboarded"))'
run hosts --provider defender --platform linux --online --all --format json --rules config.cdr
holds "those of a platform" json -s 'length > 0 and all(.platform == "Linux" and .health == "Active")'
run hosts --provider defender --group g --rules config.cdr
exits 2 "host groups are Falcon's"
run hosts --provider defender --environment e --rules config.cdr
exits 2 "and environments AWS's"
sandbox_tell faults '[{"operation":"ListMachines","kind":"deny","times":9}]'
run hosts --provider defender --rules config.cdr
exits 1 "machines that may not be read end with 1"
says "Machine.Read.All" "and the permission is named"
sandbox_ask state | jq '.microsoft.machines |= [range(0; 500) as $n | (map(select(.osPlatform == "Linux")))[0]
    + {id: ("00000000000000000000000000000000000" + ("00000\($n)" | .[-5:]))}]' >world.json
stop_children
start_sandbox --world world.json
sed -i "s|url = .*|url = \"$AWS_ENDPOINT_URL/_microsoft\"|" config.cdr
run hosts --provider defender --rules config.cdr
exits 0 "a page that is full is not the last, and none after it is no error"
says "500 hosts" "all are there"
holds "in pages" test "$(sandbox_ask calls | jq '[.[] | select(.operation == "ListMachines")] | length')" = 2
jq '.microsoft.machines = []' world.json >none.json
stop_children
start_sandbox --world none.json
sed -i "s|url = .*|url = \"$AWS_ENDPOINT_URL/_microsoft\"|" config.cdr
run hosts --provider defender --rules config.cdr
exits 0 "no machine is an empty list"
says "0 hosts" "which is said"
finish
