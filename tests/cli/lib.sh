#!/usr/bin/env bash
# lib.sh - what the shell tests share: a temporary home, the command, TAP.
#
#   run [ARG ...]          runs cdr; its exit code is in $status, its words in $out and $err
#   exits CODE SENTENCE    the last run ended with CODE
#   prints TEXT SENTENCE   it said TEXT on standard output; says: on standard error
#   holds SENTENCE CMD ..  CMD succeeds
#   skip SENTENCE REASON
#   finish                 the plan; last line of every test
#
# CDR is the command under test and may be several words. Tests run in $work, which is
# theirs, with HOME there and no AWS settings of whoever runs them.
set -u
: "${CDR:?which command? CDR=/path/to/cdr}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
shared=$root/../shared/data
work=$(mktemp -d)
children=()
stop_children() {
    local child
    for child in ${children[@]+"${children[@]}"}; do
        kill "$child" 2>/dev/null
        wait "$child" 2>/dev/null
    done
    children=()
}
trap 'stop_children; rm -rf "$work"' EXIT
cd "$work" || exit 2
for name in $(env | sed -n 's/^\(AWS_[A-Z_0-9]*\)=.*/\1/p') NO_COLOR CLICOLOR_FORCE; do
    unset "$name"
done
for name in $(env | sed -n 's/^\(CDR_[A-Z_]*\)=.*/\1/p'); do
    [ "$name" = CDR_IS_SLOW ] || unset "$name"
done
export HOME=$work AWS_EC2_METADATA_DISABLED=true TERM=dumb LC_ALL=C.UTF-8
out=$work/.out err=$work/.err
status=0 count=0

# shellcheck disable=SC2086 # CDR may be several words
cdr() { $CDR "$@"; }

run() {
    cdr "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

report() { # VERDICT SENTENCE
    count=$((count + 1))
    printf '%s %d - %s\n' "$1" "$count" "$2"
    if [ "$1" != ok ]; then
        printf '# exit code %s\n' "$status"
        sed 's/^/# out: /' "$out" 2>/dev/null | cut -c 1-400 | head -n 25
        sed 's/^/# err: /' "$err" 2>/dev/null | cut -c 1-400 | head -n 25
    fi
}

exits() {
    if [ "$status" = "$1" ]; then report ok "$2"; else report "not ok" "$2 (wanted exit code $1)"; fi
}
prints() {
    if grep -qF -- "$1" "$out"; then report ok "$2"; else report "not ok" "$2 (wanted: $1)"; fi
}
says() {
    if grep -qF -- "$1" "$err"; then report ok "$2"; else report "not ok" "$2 (wanted: $1)"; fi
}
holds() {
    local sentence=$1
    shift
    if "$@"; then report ok "$sentence"; else report "not ok" "$sentence"; fi
}
skip() {
    count=$((count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$count" "$1" "$2"
}
finish() { printf '1..%d\n' "$count"; }

# Whether the JSON in the last output, line by line, meets a jq condition.
json() { jq -e "$@" "$out" >/dev/null 2>&1; }

# Start the sandbox on a free port and put what it prints into the environment.
# shellcheck disable=SC2086 # CDR may be several words
start_sandbox() {
    : >"$work/.sandbox" # one that was started before may stand there
    $CDR sandbox --listen 127.0.0.1:0 "$@" >"$work/.sandbox" 2>&1 &
    children+=($!)
    for _ in $(seq 600); do # a loaded machine may take its time; one that has ended takes none
        grep -q _sandbox/calls "$work/.sandbox" && break
        kill -0 "${children[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    if ! grep -q _sandbox/calls "$work/.sandbox"; then
        sed 's/^/# /' "$work/.sandbox"
        kill -0 "${children[-1]}" 2>/dev/null || { wait "${children[-1]}"; echo "# it ended with $?"; }
        echo 'Bail out! the sandbox does not start'
        exit 1
    fi
    . "$work/.sandbox"
}
sandbox_ask() { curl -fsS "$AWS_ENDPOINT_URL/_sandbox/$1"; }
sandbox_tell() { curl -fsS -o /dev/null --data-binary "$2" "$AWS_ENDPOINT_URL/_sandbox/$1"; }
