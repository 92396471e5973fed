#!/usr/bin/env bash
# operations_page.sh - docs/operations.md, followed to the letter on the sandbox: its config, its
# rules, its command lines, in the order in which they stand.
#
# What a reader puts in place of a placeholder is put there by `as_here`; a line that is not run
# stands in `not_run` with the reason. A command line that is in neither fails.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$root/docs/operations.md
if ! command -v curl >/dev/null || ! command -v openssl >/dev/null; then
    skip "the page is followed" "no curl or no openssl"
    finish
    exit
fi
cp -r "$root/docs" "$root/rules" .
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# The config and the rules of the page, each in the file that the words before it name.
awk '/In `[a-z\/_]+\.cdr`:/ { match($0, /In `[a-z\/_]+\.cdr/); file = substr($0, RSTART + 4, RLENGTH - 4) }
    /^```$/ && inside { inside = 0; file = "" }
    inside && file != "" { print > file }
    /^```cdr$/ { inside = 1 }' <(mkdir -p rules; cat "$page")
mkdir -p mine/rules
ln -s ../docs mine/docs
mv daemon.cdr mine/
mv rules/instances.cdr mine/rules/
run fmt --check mine
exits 0 "the config and the rules are laid out as cdr does"
sed -i "s/\"your-login\"/\"$(id -un)\"/; s/127.0.0.1:8080/127.0.0.1:$port/" mine/daemon.cdr

# The command lines of the sections that are ours, continued ones as one, without what they are for.
awk '/^## / { ours = index("|On the sandbox|The config|Secrets|Before it starts|Rules from git|Stop everything|Backup and restore|Upgrade|", "|" substr($0, 4) "|") }
    /^```/ { fence = !fence } fence || !ours { next }
    /^    / { line = line substr($0, 5)
        if (sub(/\\$/, "", line)) next
        sub(/ +# .*/, "", line); print line }
    { line = "" }' "$page" >lines

as_here() { # LINE
    sed -e "s|127.0.0.1:8080|127.0.0.1:$port|g" -e 's|openssl rand -hex 16|echo cdr-sandbox|' <<<"$1"
}

# A daemon, until it says that it is ready; the one before is ended first.
serve() { # LINE
    stop_daemon
    eval "exec_serve() { exec $CDR ${1#cdr }; }"
    (exec_serve) >"$work/served" 2>"$work/said" &
    daemon=$!
    children+=("$daemon")
    for _ in $(seq 100); do
        grep -q '^ready ' "$work/served" && return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/served" "$work/said" >&2
    return 1
}
daemon=
stop_daemon() {
    [ -n "$daemon" ] || return 0
    kill "$daemon" 2>/dev/null
    wait "$daemon"
    ended=$?
    daemon=
}

wait_until() { # SENTENCE CMD ..: at most 20 s
    local sentence=$1
    shift
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && break
        sleep 0.2
    done
    holds "$sentence" "$@"
}
stopped() { ! approvals && cdr runs --data data | grep -q "stop_instance  *done"; }
says_run() { cdr runs --data data | grep -q "$1"; }
approvals() { cdr approvals --data data | grep -q "stop_instance"; }

start_sandbox
serves=0
while IFS= read -r line; do
    here=$(as_here "$line")
    case $line in
    'cdr serve '*)
        serves=$((serves + 1))
        if [ "$serves" = 2 ]; then
            here="$here --sandbox $AWS_ENDPOINT_URL"
        fi
        holds "$line" serve "$here"
        continue
        ;;
    'cdr check daemon.cdr '*) cd "$work/mine" || exit 2 ;;
    esac
    set +u
    eval "$here" >"$out" 2>"$err" </dev/null
    status=$?
    set -u
    exits 0 "$line"
    case $line in
    'curl '*)
        prints '"new":1' "the alert is taken, and has a number"
        if [ "$serves" = 1 ]; then
            wait_until "its rule fires, and all is done" says_run "done"
        else
            wait_until "its rule fires, and waits for a person" approvals
        fi
        ;;
    'cdr doctor '*) prints "compile, and their tests pass" "doctor finds the rules in order" ;;
    'cdr approve '*) wait_until "what was approved is done" stopped ;;
    'cdr undo '*)
        [ "$serves" = 1 ] && {
            stop_daemon
            holds "the daemon ends when it is told" test "$ended" = 0
        }
        ;;
    'cdr restore '*) prints "It is paused" "what is restored is paused" ;;
    'cdr audit verify '*) prints "is whole" "and its log is whole" ;;
    esac
done <lines
stop_daemon
holds "the page has the commands that it should" test "$(grep -c '^cdr ' "$work/lines")" -ge 15
finish
