#!/usr/bin/env bash
# daemon.sh - a sample of tests/soak/daemon.py: the daemon is killed, told everything again, and
# nothing is lost or done twice.
: "${CDR:?which command? CDR=/path/to/cdr}"
if ! command -v python3 >/dev/null; then
    echo "ok 1 - the daemon is killed # SKIP no python3"
    echo 1..1
    exit
fi
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/daemon.py" --cdr "$CDR" \
    --kills "${KILLS:-$([ -n "${CDR_IS_SLOW:-}" ] && echo 3 || echo 20)}" --duplicates "${DUPLICATES:-2000}"
