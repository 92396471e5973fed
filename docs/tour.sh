#!/usr/bin/env bash
# tour.sh - three alerts from detection to undo on the sandbox; what `make run` shows.
#
# Two are of EDRs, which take their time: they begin at once, beside the first (docs/tour/case.sh).
#
# CDR is the command. Everything it writes goes to a folder under the system's temporary
# directory, which is removed at the end. Nothing outside this machine is reached.
set -euo pipefail
cd "$(dirname "$0")/.."
cdr=$(realpath "${CDR:-build/cdr}")
alert=member.json rules=organization.cdr
work=$(mktemp -d)
sandbox=''
daemon=''
defender=''
falcon=''
one=''
trap 'for one in $daemon $sandbox $defender $falcon; do kill "$one" 2>/dev/null; done; wait; rm -rf "$work"' EXIT
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
# A command as it is typed: what has a blank is in quotes.
typed() {
    local word
    printf '  $ cdr'
    for word; do
        case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
}
show() { typed "$@"; "$cdr" "$@" | sed 's/^/    /'; }

mkdir "$work/defender" "$work/falcon"
CDR=$cdr docs/tour/case.sh defender "$work/defender" >"$work/defender.txt" 2>&1 &
defender=$!
CDR=$cdr docs/tour/case.sh falcon "$work/falcon" >"$work/falcon.txt" 2>&1 &
falcon=$!

"$cdr" sandbox --listen 127.0.0.1:0 >"$work/sandbox.txt" 2>&1 &
sandbox=$!
for _ in $(seq 50); do
    grep -q AWS_ENDPOINT_URL= "$work/sandbox.txt" 2>/dev/null && break
    kill -0 "$sandbox" 2>/dev/null || { cat "$work/sandbox.txt"; exit 1; }
    sleep 0.1
done
# The first account's lines are what a person would paste.
eval "$(grep -oE 'export AWS_[A-Z_]+=[^ ]+' "$work/sandbox.txt" | awk '!seen[substr($2, 1, index($2, "=") - 1)]++')"
export HOME=$work

export CDR_EXTERNAL_ID=cdr-sandbox
sed "s/\"ME\"/\"$(id -un)\"/" docs/tour/$rules >"$work/$rules"
cp docs/tour/$alert docs/tour/daemon.cdr "$work"
cd "$work"
id=$(jq -r .detail.id $alert)

# What the rule could change, in the other account.
world() {
    curl -fs "$AWS_ENDPOINT_URL/_sandbox/state" | jq -r '
        .accounts[] | select(.account == "444455556666") | . as $a | .regions[] | select(.region == "eu-west-1") |
        (.instances[] | select(.instanceId == "i-04444e1c0ffee0002") | "instance " + .instanceId + ": " + .state),
        (.networkInterfaces[] | select(.instanceId == "i-04444e1c0ffee0002") | .networkInterfaceId + ": " + (.groups | join(", "))),
        "role payments: " + ([$a.roles[] | select(.roleName == "payments") | .policies | keys[]] | join(", ")),
        "snapshots: " + ((.snapshots // []) | length | tostring)' | sed 's/^/    /'
}
# What stands of step $1 in the story on standard input, under its head.
step() { sed -n "1,2p; /^ *$1\\. /,/^ *$(($1 + 1))\\. /{/^ *$(($1 + 1))\\. /!p}"; }

title "1. An alert comes in: GuardDuty saw an instance talk to a command and control server."
jq -r '.detail | "    \(.type)  severity \(.severity)  instance \(.resource.instanceDetails.instanceId)  account \(.accountId)"' $alert
title "2. The rules: how the organization is reached, what is production, and what is done"
sed -n '/^connection/,$p' $rules | sed 's/^/    /'
title "3. What is in production now, in all accounts of the organization"
show hosts --rules $rules --environment production
title "4. The plan: reads are sent, writes are only printed. The account is another one than ours."
echo "    (asked: reads that were sent; would send: changes, only shown; held: it would wait for a person)"
show run --rules $rules --alerts $alert
title "5. Before"
world
title "6. Apply: every change is in the journal before it is sent; the last step waits for a person."
show run --rules $rules --alerts $alert --mode apply --data data || true
title "7. Somebody who may looks at the plan and says yes."
show approve 1 --data data --reason 'seen, and told to the owner'
typed resume --data data
"$cdr" resume --data data | step 4 | sed 's/^/    /'
title "8. After"
world
title "9. The story, as the journal tells it (of one step; the others are told alike)"
typed runs --data data
"$cdr" runs --data data | step 3 | sed 's/^/    /'
title "10. Take it back, newest change first, comparing before restoring."
show undo --alert "$id" --data data
title "11. As it was, and the evidence is kept"
world

title "12. The daemon: the same rules, and the next alert comes in by a webhook, signed."
sed -n '/^daemon/,$p' daemon.cdr | sed 's/^/    /'
GUARDDUTY_SECRET=whsec_$(head -c 32 /dev/urandom | base64)
export GUARDDUTY_SECRET
typed serve --config daemon.cdr --data daemon --listen 127.0.0.1:0
"$cdr" serve --config daemon.cdr --data daemon --listen 127.0.0.1:0 >ready.txt 2>daemon.log &
daemon=$!
for _ in $(seq 100); do
    grep -q '^ready ' ready.txt && break
    kill -0 "$daemon" 2>/dev/null || { cat daemon.log; exit 1; }
    sleep 0.1
done
sed 's/^/    /' ready.txt
url=$(sed -n 's/^ready //p' ready.txt)
sed "s/$id/another-$id/" $alert >next.json
sent=$(date +%s)
signature=$({ printf 'msg_1.%s.' "$sent"; cat next.json; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(base64 -d <<<"${GUARDDUTY_SECRET#whsec_}" | od -An -v -tx1 | tr -d ' \n')" -binary | base64)
echo "  \$ curl $url/hooks/guardduty -H 'webhook-id: ..' -H 'webhook-timestamp: ..' -H 'webhook-signature: v1,..' -d @next.json"
curl -fsS "$url/hooks/guardduty" -H 'webhook-id: msg_1' -H "webhook-timestamp: $sent" \
    -H "webhook-signature: v1,$signature" --data-binary @next.json | sed 's/^/    /'
echo
echo "    (202: it is on disk. Sent again it is known, with another body or signature it is refused.)"
for _ in $(seq 300); do
    "$cdr" approvals --data daemon --format json 2>/dev/null | grep -q '"hold"' && break
    sleep 0.1
done
title "13. What the daemon made of it: three steps are done, the fourth waits for a person."
typed runs --data daemon
"$cdr" runs --data daemon | step 4 | sed 's/^/    /'
typed approve 1 --data daemon --reason 'seen, and told to the owner'
"$cdr" approve 1 --data daemon --reason 'seen, and told to the owner' | tail -n 2 | sed 's/^/    /'
for _ in $(seq 300); do
    curl -fsS -H "Authorization: Bearer $(cat daemon/admin.token)" "$url/v1/runs/1" | jq -e '.state == "done"' >/dev/null && break
    sleep 0.1
done
echo "  \$ curl $url/v1/runs/1 -H \"Authorization: Bearer \$(cat daemon/admin.token)\""
curl -fsS -H "Authorization: Bearer $(cat daemon/admin.token)" "$url/v1/runs/1" |
    jq -r '"run \(.id): \(.state)", (.steps[] | "  \(.name) \(.target): \(.state)")' | sed 's/^/    /'
title "14. It is taken back while the daemon runs: the command asks it to."
show undo 1 --data daemon
kill "$daemon" && wait "$daemon" || true
daemon=''

# What a case that began at the start has told.
told() { # PID FILE
    echo "    (it began beside the first case, and takes its time: hosts are asked in the pace of the EDR)"
    wait "$1" || { cat "$2"; return 1; }
    cat "$2"
}
title "15. A case of Defender on EC2: collect, isolate the host, isolate the role of its instance, let go."
told "$defender" "$work/defender.txt"
defender=''
title "16. A case of CrowdStrike: triage on Linux and Windows, contain, comment, lift."
told "$falcon" "$work/falcon.txt"
falcon=''

title "What to try next"
cat <<NEXT
    cdr check rules/                          what a typo looks like: change a word in a rule first
    cdr run --rules rules/aws --alerts docs/tour/guardduty.json --offline
    cdr permissions docs/tour/organization.cdr                  the least that these rules need
    cdr setup aws docs/tour/organization.cdr --trust 111122223333   the role for the other accounts
    cdr sandbox --listen 127.0.0.1:4599       an AWS to play with; paste what it prints
    cdr builtins; cdr builtins isolate_role   what rules can do, and the permissions each needs
    docs/operations.md                        the daemon, from nothing to alerts of a real provider
    docs/aws.md                               from nothing to a governed rule on your organization
    docs/edr.md                               the same for CrowdStrike and Defender
    docs/language.md                          ten minutes to a rule of your own
    (cdr is build/cdr here; make install puts it into /usr/local/bin)
NEXT
