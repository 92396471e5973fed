#!/usr/bin/env bash
# moto.sh - AWS steps against moto (PyPI, moto[server]) on loopback, signatures and policies
# checked: the shipped rule with kill -9 at every call, then each step with exactly the permissions
# that `cdr permissions` prints, and without any one of them; then the daemon at a queue. Skipped
# with its reason where PyPI cannot be reached. CASES=NAME: only those steps.
set -u
cd "$(dirname "$0")/../.." || exit 2
cdr=${CDR:-$PWD/build/cdr}
venv=build/moto-venv version=5.2.5
log=build/test-logs/moto-server.log
mkdir -p build/test-logs

if ! "$venv/bin/python" -c "import moto, sys; sys.exit(moto.__version__ != '$version')" 2>/dev/null; then
    rm -rf "$venv"
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" -q install "moto[server,ec2,iam,sts]==$version"; } >"$log" 2>&1; then
        echo "skipped: moto $version could not be installed from PyPI: $(tail -n 1 "$log")"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
fi

# Most of a case is waiting, so several worlds run at once, each in a server of its own.
ports=() servers=()
trap 'kill "${servers[@]}" 2>/dev/null' EXIT
for _ in 1 2 3 4; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # Loading the default images would make every reset ten times slower.
    MOTO_EC2_LOAD_DEFAULT_AMIS=false "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >>"$log" 2>&1 &
    ports+=("$port") servers+=("$!")
done
for port in "${ports[@]}"; do
    for _ in $(seq 150); do
        curl -fs "http://127.0.0.1:$port/moto-api/" >/dev/null 2>&1 && break
        sleep 0.2
    done
done
export PYTHONPATH=tests/providers PYTHONDONTWRITEBYTECODE=1
worlds=$(IFS=,; echo "${ports[*]}")
# One after the other: they share the servers.
# shellcheck disable=SC2086
LOGS=build/test-logs TEST_TIMEOUT=900 TEST_JOBS=1 tests/run.sh \
    moto "$venv/bin/python" tests/providers/moto_case.py "$worlds" $cdr -- \
    moto_permissions "$venv/bin/python" tests/providers/moto_permissions.py "$worlds" $cdr -- \
    moto_queue "$venv/bin/python" tests/providers/moto_queue.py "$worlds" $cdr
