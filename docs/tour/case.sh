#!/usr/bin/env bash
# case.sh - a case on a simulated EDR from the alert to undo, for `make run`; beside docs/tour.sh.
#
#   case.sh defender|falcon WORK     the story on standard output; 1 when something is not as told
#
# The sandbox is one of its own, below WORK, an empty folder. A Linux host of it runs what it is sent:
# the collector really runs, on this machine, in WORK/hosts.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cdr=$(realpath "${CDR:?}")
what=$1 work=$2
cd "$work"
mkdir -m 0700 hosts evidence
export HOME=$work
unset AWS_PROFILE AWS_SESSION_TOKEN
sandbox=''
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true' EXIT
sorry() {
    printf '\nThis is not as told: %s\n' "$1"
    exit 1
}
told() { sed 's/^/    /'; }
ask() { curl -fsS "$AWS_ENDPOINT_URL/_sandbox/$1"; }
# The story of the command, which has to end as $1 says.
does() {
    local wanted=$1 status=0
    shift
    printf '  $ cdr'
    printf ' %s' "$@"
    printf '\n'
    "$cdr" "$@" >story.txt 2>&1 || status=$?
    told <story.txt
    [ "$status" = "$wanted" ] || sorry "the exit code is $status, not $wanted"
}
says() { tr -s ' \n' ' ' <story.txt | grep -qF -- "$1" || sorry "nothing says: $1"; }

open_sandbox() { # [FLAG ..]
    "$cdr" sandbox --listen 127.0.0.1:0 "$@" >sandbox.txt 2>&1 &
    sandbox=$!
    for _ in $(seq 200); do
        grep -q _sandbox/calls sandbox.txt && break
        kill -0 "$sandbox" 2>/dev/null || sorry "$(cat sandbox.txt)"
        sleep 0.1
    done
    . "$work/sandbox.txt"
}

# An archive of the Linux collector is what its manifest says: every file is in it, has that length and
# that SHA-256, and no other file is; partial has a reason.
verified() { # ARCHIVE
    local bytes sum path state files=0
    mkdir -p opened
    tar -xzf "$1" -C opened --no-same-owner
    local manifest=opened/triage/manifest.json
    state=$(jq -r .state $manifest)
    case $state in
    complete) ;;
    partial) [ -n "$(jq -r .why $manifest)" ] || sorry "partial, and no reason" ;;
    *) sorry "the manifest calls it $state" ;;
    esac
    while IFS=$'\t' read -r bytes sum path; do
        [ "$(stat -c %s "opened/triage/$path")" = "$bytes" ] || sorry "$path has another length"
        [ "$(sha256sum <"opened/triage/$path")" = "$sum  -" ] || sorry "$path has another SHA-256"
        files=$((files + 1))
    done < <(jq -r '.files[] | [.bytes, .sha256, .path] | @tsv' $manifest)
    [ "$files" -gt 5 ] || sorry "there are $files files"
    [ "$(find opened/triage -type f ! -name manifest.json | wc -l)" = "$files" ] || sorry "the archive has files that its manifest does not name"
    echo "    $files files, each with the length and the SHA-256 of the manifest; it calls itself $state$(jq -r 'if .why == "" or .why == null then "" else ": " + .why end' $manifest)"
}

# What the case may change, without what is only remembered of it.
world() {
    ask state | jq -S '{
        machines: [.microsoft.machines[] | {computerDnsName, isolation, restricted}],
        library: .microsoft.libraryFiles,
        devices: [.crowdstrike.devices[] | {hostname, status}],
        roles: [.accounts[].roles[] | {roleName, policies}]}'
}

rules() { sed "s|http://127.0.0.1:8470|$AWS_ENDPOINT_URL|; s|/var/lib/cdr/evidence|$work/evidence|" "$here/$1" >rules.cdr; }

defender() {
    # Actions of Defender take a minute in truth; here they are over when they are first looked at.
    open_sandbox
    ask state | jq '.microsoft.limits.actionLooks = 0' >world.json
    kill "$sandbox" && wait "$sandbox" || true
    open_sandbox --world world.json --hosts hosts
    rules edr.cdr
    ask state | jq -c '.microsoft.alerts[] | select(.id == "da638816000000000001_1001")' >alert.json
    jq -r '"    \(.title): machine \(.machineId), \(.computerDnsName)"' alert.json
    sed -n '/^rule/,$p' rules.cdr | told
    world >before.json
    does 0 run --rules rules.cdr --alerts alert.json --mode plan
    says "MAC, address agree"
    world | cmp -s before.json - || sorry "a plan changed something"
    local status=0
    "$cdr" run --rules rules.cdr --alerts alert.json --mode apply --data data >story.txt 2>&1 || status=$?
    echo "  \$ cdr run --rules rules.cdr --alerts alert.json --mode apply --data data"
    told <story.txt
    # Partial is the usual end on a real host, and not called well: then the exit code is 1.
    local wanted=0
    grep -qE '^ *1\. collect triage.* partial$' story.txt && wanted=1
    [ "$status" = "$wanted" ] || sorry "the exit code is $status, not $wanted"
    says "is isolated: it reaches Defender alone"
    says "MAC, address agree"
    says "is denied everything"
    echo "  What the collector took from this very machine, in a scratch directory:"
    verified evidence/*/triage-*.tar.gz
    world | jq -r '(.machines[] | select(.isolation == "Full") | "isolated now: " + .computerDnsName),
        (.roles[] | select(.policies | has("cdr-isolation")) | "denied everything now: role " + .roleName)' | tee now.txt | told
    [ "$(grep -cE "ip-10-11-1-11|web-prod" now.txt)" = 2 ] || sorry "the world does not show it"
    does 0 undo 1 --data data
    world | cmp -s before.json - || sorry "something is not as it was"
    echo "    machine, role and Defender's library are as before; the evidence is kept"
}

falcon() {
    open_sandbox --hosts hosts
    rules falcon.cdr
    ask state | jq -c '.crowdstrike.alerts[:2][]' >alerts.json
    jq -r '"    \(.display_name): \(.device.hostname), \(.platform)"' alerts.json
    sed -n '/^# What/,$p' rules.cdr | told
    world >before.json
    echo "  \$ cdr run --rules rules.cdr --alerts alerts.json --mode apply --data data"
    local status=0
    "$cdr" run --rules rules.cdr --alerts alerts.json --mode apply --data data >story.txt 2>&1 || status=$?
    told <story.txt
    local wanted=0
    grep -qE '^ *1\. collect triage.* partial$' story.txt && wanted=1
    [ "$status" = "$wanted" ] || sorry "the exit code is $status, not $wanted"
    says "is contained: it reaches Falcon's cloud alone"
    says "the alert has the comment"
    echo "  The Linux host ran the collector on this very machine, in a scratch directory:"
    verified evidence/1111000000000000c0ffee0000000001/triage-*.tar.gz
    echo "    (Falcon hands files out as 7z with the password \"infected\"; the sandbox as they were, and cdr names them so.)"
    echo "  The Windows host is SIMULATED: no PowerShell runs here, what it sent is made up by the sandbox:"
    unzipped evidence/1111000000000000c0ffee0000000002/triage-*.zip
    [ "$(ask state | jq '[.crowdstrike.devices[] | select(.hostname == "web-1" or .hostname == "fin-ws-7") | select(.status == "contained")] | length')" = 2 ] ||
        sorry "the two are not contained"
    [ "$(ask state | jq '[.crowdstrike.alerts[:2][] | select(tostring | contains("collected and contained by cdr"))] | length')" = 2 ] ||
        sorry "the comments are not there"
    does 0 undo 1 2 --data data
    says "is not contained any more"
    world | cmp -s before.json - || sorry "something is not as it was"
    echo "    both hosts are as before; comments and evidence stay"
}

# The manifest of a ZIP that the sandbox made: it stands in it as it is.
unzipped() { # ARCHIVE
    grep -aoE '\{"cdr":"triage".*\}' "$1" >simulated.json || sorry "there is no manifest in it"
    jq -e '.host == "fin-ws-7" and (.files | length) == 0' simulated.json >/dev/null || sorry "the manifest is another one"
    echo "    a ZIP of $(stat -c %s "$1") bytes with a manifest of host fin-ws-7 and no files"
}

case $what in
defender | falcon) "$what" ;;
*) sorry "defender or falcon, not $what" ;;
esac
