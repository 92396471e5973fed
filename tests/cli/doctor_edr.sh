#!/usr/bin/env bash
# doctor_edr.sh - cdr doctor on connections to CrowdStrike and Microsoft: the secret, the token, what the
# client may, the folder for evidence, exclusions.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
export FALCON_SECRET=sandbox-secret-of-cdr-falcon DEFENDER_SECRET=sandbox-secret-of-cdr-defender
tenant=5a5db0c5-0000-4000-8000-0000000c0ffe
cat >rules.cdr <<END
connection falcon {
  provider = crowdstrike url = "$AWS_ENDPOINT_URL/_crowdstrike"
  client_id = "c0ffee00111122223333444455556666" client_secret = env("FALCON_SECRET") evidence = "$work/evidence"
}
connection defender {
  provider = defender url = "$AWS_ENDPOINT_URL/_microsoft" tenant = "$tenant"
  client_id = "0c0ffee0-0000-4000-8000-00000000c001" client_secret = env("DEFENDER_SECRET")
}
rule shell { when source = crowdstrike then collect triage; respond isolate_host; respond alert_status status="closed" }
rule phished { when source = defender then collect triage; respond disable_user }
END
doctor() {
    run doctor --rules rules.cdr "$@"
}
calls() { curl -fsS "$AWS_ENDPOINT_URL/_sandbox/calls" | jq "[.[] | select($1)] | length"; }

# ---- nothing is sent ----
doctor
prints "rules.cdr:1 says how it is reached; not tried: give --online" "without --online nobody is asked"
holds "really" test "$(calls true)" = 0
prints "install -d -m 700 $work/evidence" "a folder that is not there is told, with the way out"
prints "connection to defender names no folder" "so is one that is not named"
mkdir -m 755 evidence
doctor
prints "others may enter $work/evidence (mode 755)" "one that others may enter is a problem"
chmod 700 evidence
doctor
prints "$work/evidence, private, " "a private one is well"
prints "machine learning exclusion" "exclusions that collectors need are printed"

# ---- asked ----
doctor --online
exits 0 "a client that may do all has no problem"
prints "$AWS_ENDPOINT_URL/_crowdstrike gives us a token: we are crowdstrike:c0ffee00111122223333444455556666" "it is said who we are, and where"
prints "none of 5 of crowdstrike is missing" "a read was tried for each scope"
prints "not tried, because it would change something: Alerts: Write, Hosts: Write" "those that none needs are named"
prints "we are microsoft:$tenant/" "Microsoft gives one too"
prints "none of 5 of defender is missing" "whose roles are compared"
prints "that of crowdstrike is 0 s" "clocks are compared"
holds "nothing was changed" test "$(calls '.applied and (.operation | test("oken") | not)')" = 0
holds "no host was asked for a session" test "$(calls '.operation == "RTR_InitSession"')" = 0
holds "no secret is shown" bash -c '! grep -q "sandbox-secret" "$@"' _ "$out" "$err"

# ---- who may less ----
sed -e 's/c0ffee00111122223333444455556666/c0ffee00111122223333444400000000/' \
    -e 's/0000c001/0000c002/' -i rules.cdr
FALCON_SECRET=sandbox-secret-of-cdr-reader DEFENDER_SECRET=sandbox-secret-of-cdr-reader doctor --online
exits 1 "what is missing is a problem"
prints "missing Real time response (admin): Write, for shell: triage" "as the console names it, with the rule"
prints "missing WindowsDefenderATP: Machine.LiveResponse, for phished: triage" "of Microsoft too"
prints "missing Microsoft Graph: User.EnableDisableAccount.All, for phished: disable_user" "of both APIs"
holds "and what is there is not" bash -c '! grep -qE "missing (Hosts: Read|WindowsDefenderATP: Machine.Read.All)" "$1"' _ "$out"
prints "then grant admin consent anew" "and what to do"

# ---- no token ----
doctor --online
exits 1 "a wrong secret is a problem"
prints "CrowdStrike does not accept the connection's client_id and client_secret" "of CrowdStrike"
prints "AADSTS7000215" "of Microsoft, with its words"
(unset FALCON_SECRET DEFENDER_SECRET && cdr doctor --rules rules.cdr --online >"$out" 2>"$err")
prints "FALCON_SECRET" "a secret that is not there is named"

# ---- a daemon's ----
sed -i -e 's/c0ffee00111122223333444400000000/c0ffee00111122223333444455556666/' -e 's/0000c002/0000c001/' rules.cdr
grep -v ^rule rules.cdr >daemon.cdr
grep ^rule rules.cdr >daemon_rules.cdr
echo 'daemon { rules = ["daemon_rules.cdr"] data = "data" poll falcon { provider = crowdstrike } poll ms { provider = defender } }' >>daemon.cdr
run doctor --config daemon.cdr
exits 0 "a daemon's connections are always tried"
prints "none of 5 of crowdstrike is missing" "with what the polls ask with"
prints "none of 6 of defender is missing" "of both"
holds "and AWS is not, which nothing goes to" bash -c '! grep -q "AWS credentials" "$1"' _ "$out"
sandbox_tell() { curl -fsS -d "$2" "$AWS_ENDPOINT_URL/_sandbox/$1" >/dev/null; }
sandbox_tell faults '[{"operation":"GetQueriesAlertsV2","kind":"fail_before","times":9}]'
run doctor --config daemon.cdr
prints "alerts:read is not known" "where Falcon does not answer that is said"
finish
