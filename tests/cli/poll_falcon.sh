#!/usr/bin/env bash
# poll_falcon.sh - alerts that the daemon fetches from Falcon: through what goes wrong there and kill -9,
# each version is there once, and one that only its time tells from the last is none.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/cli/serve_lib.sh
. "$root/tests/cli/serve_lib.sh"

start_sandbox
export FALCON_SECRET=sandbox-secret-of-cdr-falcon
cat >config.cdr <<END
connection falcon {
  provider = crowdstrike url = "$AWS_ENDPOINT_URL/_crowdstrike"
  client_id = "c0ffee00111122223333444455556666" client_secret = env("FALCON_SECRET")
}
daemon { rules = ["rules"] poll falcon { provider = crowdstrike every = 1s since = 20000d } }
END
mkdir rules
echo 'rule seen { when source = crowdstrike then notify log text="{alert.title}" }' >rules/seen.cdr
run check config.cdr
exits 0 "the config is one"

first=$(sandbox_ask state | jq '.crowdstrike.alerts | length')
one=$(sandbox_ask state | jq -c '.crowdstrike.alerts[0]')
serve
eventually "what is there comes in" alerts "(.items | length) == $first"

# ---- new, changed, and moved ----
now() { date -u +%Y-%m-%dT%H:%M:%S.123456789Z; }
tell() { # JQ: an alert made of the first
    sandbox_tell alerts "$(jq -c --arg now "$(now)" "[$1]" <<<"$one")"
}
tell '.composite_id += "-2" | .created_timestamp = $now | .updated_timestamp = $now'
eventually "a new one does" alerts "(.items | length) == $first + 1"
tell '.status = "in_progress" | .updated_timestamp = $now'
eventually "one that was changed long after it was made does too" alerts "(.items | length) == $first + 2"
looks() { sandbox_ask calls | jq '[.[] | select(.operation == "PostCombinedAlertsV1")] | length'; }
looked() { # COUNT more calls
    [ "$(looks)" -ge $((before + $1)) ]
}
before=$(looks)
tell '.status = "in_progress" | .updated_timestamp = $now | .device.last_seen = $now'
eventually "it is looked again" looked 12
holds "one that only its time tells from the last is none" alerts "(.items | length) == $first + 2"

# ---- what goes wrong ----
for kind in throttle fail_before html lose_reply expire deny; do
    sandbox_tell faults "[{\"operation\":\"PostCombinedAlertsV1\",\"kind\":\"$kind\",\"times\":3}]"
    tell ".composite_id += \"-$kind\" | .created_timestamp = \$now | .updated_timestamp = \$now"
    sleep 1
done
end_daemon KILL
serve
eventually "after all of it each is there once" alerts "(.items | length) == $first + 8"
holds "and no id twice but that which was changed" alerts \
    "[.items[].alert] | (unique | length) == $first + 7"

# ---- who may not ----
end_daemon TERM
sed -i 's/poll falcon {/poll falcon { region = "eu-west-1"/' config.cdr
run serve --config config.cdr --listen 127.0.0.1:0 --data data
holds "a region is none of Falcon's" test "$status" != 0
says "is asked as a whole: leave \`region\` out" "and that is said"

# ---- its hosts ----
run hosts --provider crowdstrike --rules config.cdr
exits 0 "its hosts are listed"
prints "web-1" "those that can be collected from"
says "2 more cannot be collected from: --all lists them, and says why" "the others are counted"
run hosts --provider crowdstrike --all --format json --rules config.cdr
holds "of each that cannot it is said why" json -s 'map(select(.platform == "Mac"))[0].refusal | test("macOS")'
run hosts --provider crowdstrike --platform windows --online --rules config.cdr
holds "those of a platform" bash -c '! grep -q Linux "$0" && grep -q fin-ws-7 "$0"' "$out"
sandbox_tell faults '[{"operation":"getRTResponsePolicies","kind":"deny","times":9}]'
run hosts --provider crowdstrike --rules config.cdr
exits 0 "policies that may not be read keep no host back"
says "response-policies:read" "and the scope is named"
sandbox_tell faults '[{"operation":"CombinedDevicesByFilter","kind":"deny","times":9}]'
run hosts --provider crowdstrike --rules config.cdr
exits 1 "hosts that may not be read end with 1"
finish
