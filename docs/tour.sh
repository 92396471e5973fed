#!/usr/bin/env bash
# tour.sh - one alert from detection to undo on the sandbox; what `make run` shows.
#
# CDR is the command. Everything it writes goes to a folder under the system's temporary
# directory, which is removed at the end. Nothing outside this machine is reached.
set -eu
cd "$(dirname "$0")/.."
cdr=${CDR:-build/cdr}
rule=rules/aws/compromised_instance.cdr
alert=docs/tour/guardduty.json
id=$(jq -r .detail.id "$alert")

work=$(mktemp -d)
sandbox=''
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null; rm -rf "$work"' EXIT
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
show() { printf '  $ cdr %s\n' "$*"; "$cdr" "$@" | sed 's/^/    /'; }

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

# What a response could change: the role's policies, the instance's interfaces, the groups.
world() {
    curl -fs "$AWS_ENDPOINT_URL/_sandbox/state" | jq -r '
        .accounts[0] as $a | $a.regions[] | select(.region == "eu-west-1") |
        "role orders-api: " + ([$a.roles[] | select(.roleName == "orders-api") | .policies | keys[]] | join(", ")),
        (.networkInterfaces[] | select(.instanceId == "i-01111e1c0ffee0003") | .networkInterfaceId + ": " + (.groups | join(", "))),
        "snapshots: " + ((.snapshots // []) | length | tostring)' | sed 's/^/    /'
}

title "1. An alert comes in: GuardDuty saw an instance talk to a command and control server."
jq -r '.detail | "    \(.type)  severity \(.severity)  instance \(.resource.instanceDetails.instanceId)"' "$alert"
title "2. The rule that ships for it"
sed -n '/^rule/,$p' "$rule" | sed 's/^/    /'
title "3. The plan: reads are sent, writes are only printed."
show run --rules "$rule" --alerts "$alert"
title "4. Before"
world
title "5. Apply: every change is in the journal before it is sent."
show run --rules "$rule" --alerts "$alert" --mode apply --data "$work/data"
title "6. After"
world
title "7. The story, as the journal tells it (of one step; the others are told alike)"
printf '  $ cdr runs --data %s\n' "$work/data"
"$cdr" runs --data "$work/data" | sed -n '1,2p; /^ *2\. /,/^ *3\. /{/^ *3\. /!p}' | sed 's/^/    /'
title "8. Take it back, newest change first, comparing before restoring."
show undo --alert "$id" --data "$work/data"
title "9. As it was, and the evidence is kept"
world

title "What to try next"
cat <<NEXT
    cdr check rules/                          what a typo looks like: change a word in a rule first
    cdr run --rules $rule --alerts $alert --offline
    cdr sandbox --listen 127.0.0.1:4599       an AWS to play with; paste what it prints
    cdr builtins; cdr builtins isolate_role   what rules can do, and the permissions each needs
    docs/language.md                          ten minutes to a rule of your own
    (cdr is build/cdr here; make install puts it into /usr/local/bin)
NEXT
