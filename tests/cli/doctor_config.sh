#!/usr/bin/env bash
# doctor_config.sh - cdr doctor --config FILE.cdr, and the configs that docs/examples has.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

examples=$root/docs/examples
for name in sandbox daemon edr; do
    run check "$examples/$name.cdr" "$root/rules"
    exits 0 "$name.cdr compiles together with the shipped rules"
    prints "All " "without a finding that counts"
    run fmt --check "$examples/$name.cdr"
    exits 0 "and is laid out as cdr does"
done
run run --rules "$examples/sandbox.cdr" --rules "$root/rules" --mode apply --data applied --alerts /dev/null
exits 0 "apply takes the sandbox's"

run doctor --config "$examples/sandbox.cdr" --data data
exits 0 "the sandbox's config has no problem"
prints "compile, and their tests pass" "its rules are tried"
prints "every provider is the sandbox" "its connections are not"
prints "warning  ways in" "that no way in is named is told"
run doctor --config "$examples/sandbox.cdr" --data data --format json
exits 0 "in JSON too"
holds "which has the same" json '[.checks[] | select(.name == "rules")][0].state == "ok"'

# In earnest, on the sandbox.
start_sandbox
mkdir creds data
chmod 700 data
config() { # [SED]: the example with its paths here
    sed -e "s|/etc/cdr/|$work/|; s|\"../../rules\"|\"$root/rules/aws\"|; s|/var/lib/cdr|$work/data|" \
        -e "s|127.0.0.1:8443|127.0.0.1:0|; s|127.0.0.1:6514|127.0.0.1:0|" ${1:+-e "$1"} "$examples/daemon.cdr" >daemon.cdr
}
config 's|hooks.example.com|hooks.invalid|'
run doctor --config daemon.cdr
prints "hooks.invalid is not found" "a channel whose host has no address is a warning"
config 's|https://hooks.example.com|http://127.0.0.1:9|'
run doctor --config daemon.cdr
exits 1 "without its credentials there are problems"
prints "CREDENTIALS_DIRECTORY is not set" "which are told"
export CREDENTIALS_DIRECTORY=$work/creds
openssl req -x509 -newkey ed25519 -keyout creds/tls.key -nodes -out tls.pem -subj /CN=localhost -days 300 2>/dev/null
printf 'whsec_%s\n' "$(openssl rand -base64 32)" >creds/hook
echo short >creds/night
run doctor --config daemon.cdr
prints "\`secret\`, credential(\"night\"): it is" "a channel's secret that can be guessed is a problem"
printf 'whsec_%s\n' "$(openssl rand -base64 32)" >creds/night
echo cdr-sandbox >creds/external-id
run doctor --config daemon.cdr
prints "\`secret\` is there, by credential(\"hook\")" "a secret is looked up"
holds "and never shown" bash -c "! grep -qF \"\$(cut -c7-20 creds/hook)\" '$out' '$err'"
prints "is good for" "the certificate is looked at"
prints "127.0.0.1:0 is free" "addresses are tried"
prints "we are arn:aws:iam::111122223333:user/cdr" "who we are is asked"
prints "0 s ahead of ours" "whose clock is off, too"
prints "444455556666: we are arn:aws:sts::444455556666:assumed-role/cdr-responder" "each account is entered"
prints "permissions" "and what we may there is compared"

openssl genpkey -algorithm ed25519 -out creds/tls.key 2>/dev/null
run doctor --config daemon.cdr
exits 1 "another key than the certificate's is a problem"
prints "is not the key of the certificate" "which is said"
echo short >creds/hook
run doctor --config daemon.cdr
exits 1 "a short secret is a problem"
prints "make one: printf 'whsec_" "with a way to make one"
openssl req -x509 -newkey ed25519 -keyout creds/tls.key -nodes -out tls.pem -subj /CN=localhost -days 5 2>/dev/null
run doctor --config daemon.cdr
prints "renew it soon" "a certificate that is soon over is a warning"
echo nothing >tls.pem
run doctor --config daemon.cdr
prints "has no certificate in it" "a file without one is told"

listener='import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open(sys.argv[1], "w").write(str(s.getsockname()[1])); time.sleep(60)'
python3 -c "$listener" "$work/port" &
children+=($!)
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s port ] || sleep 0.2; done
config "s|listen = \"127.0.0.1:0\"|listen = \"127.0.0.1:$(cat port)\"|"
run doctor --config daemon.cdr
prints "Address already in use" "an address that somebody has is a problem"
echo 'cdr 1
daemon { rules = ["bad.cdr"] }' >broken.cdr
echo 'rule r { when severty >= high then respond isolate_role }' >bad.cdr
run doctor --config broken.cdr
exits 1 "rules with a mistake are a problem"
prints "severty" "which is told"
printf 'cdr 1\ndaemon { rules = ["bad.cdr"] data = "data" webhook hook { secret = file("gone") } }
connection c { provider = aws member_role = "r" external_id = env("CDR_NOT_SET") }\n' >half.cdr
run doctor --config half.cdr
prints "severty" "with a bad rule the rest of the config is looked at all the same"
prints "data, writable" "its directory"
prints "\`secret\` cannot be read from gone" "its secrets"
holds "and a webhook's is not a connection's" bash -c "! grep -q 'of the connection' '$out'"
prints "the daemon starts, and steps in other accounts fail" "an external id is needed by steps, and not by the start"
prints "not tried: what they must permit is what the rules want" "connections wait for the rules"
run doctor --config nowhere.cdr
exits 1 "so is a config that is not there"
echo 'cdr 1' >empty.cdr
run doctor --config empty.cdr
exits 1 "or one without a daemon"

# ---- the one with CrowdStrike and Microsoft, on the sandbox ----
mkdir -p evidence
chmod 700 evidence
openssl req -x509 -newkey ed25519 -keyout creds/tls.key -nodes -out tls.pem -subj /CN=localhost -days 300 2>/dev/null
printf %s sandbox-secret-of-cdr-falcon >creds/falcon
printf %s sandbox-secret-of-cdr-defender >creds/defender.secret
sed -e "s|/etc/cdr/|$work/|; s|\"../../rules\"|\"edr_rules.cdr\"|; s|\"/var/lib/cdr\"|\"$work/data\"|" \
    -e "s|/var/lib/cdr/evidence|$work/evidence|; s|127.0.0.1:8443|127.0.0.1:0|" \
    -e "s|cloud = eu1|url = \"$AWS_ENDPOINT_URL/_crowdstrike\"|; s|0123456789abcdef0123456789abcdef|c0ffee00111122223333444455556666|" \
    -e "s|certificate = credential(\"defender.pem\")|url = \"$AWS_ENDPOINT_URL/_microsoft\" client_secret = credential(\"defender.secret\")|" \
    "$examples/edr.cdr" >edr.cdr
echo 'rule shell { when source in [crowdstrike, defender] then collect triage; respond isolate_host }' >edr_rules.cdr
run doctor --config edr.cdr
exits 0 "the example with EDRs has no problem where all is there"
prints "we are crowdstrike:c0ffee00111122223333444455556666" "Falcon takes us for its client"
prints "we are microsoft:5a5db0c5-0000-4000-8000-0000000c0ffe/" "and Microsoft for its application"
prints "of defender is missing" "app roles are compared"

# The unit that goes with it.
if command -v systemd-analyze >/dev/null &&
    systemd-analyze security --offline=true "$examples/cdr.service" >"$out" 2>&1; then
    score=$(grep -oE 'exposure level for cdr.service: [0-9.]+' "$out" | grep -oE '[0-9.]+$')
    holds "systemd finds the service well enclosed ($score)" awk -v score="$score" 'BEGIN { exit !(score != "" && score <= 2.0) }'
else
    skip "the service is well enclosed" "no systemd-analyze that can look at a file"
fi
holds "what it loads as credentials is what the config names" test \
    "$(grep -oE '^LoadCredential=[^:]+' "$examples/cdr.service" | cut -d= -f2 | sort)" = \
    "$(grep -oE 'credential\("[^"]+' "$examples/daemon.cdr" | cut -d'"' -f2 | sort -u)"
finish
