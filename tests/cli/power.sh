#!/usr/bin/env bash
# power.sh - a sample of tests/soak/power.py: the power is cut, and nothing that was acknowledged is
# lost; on a disk that lies it is, and the test sees it.
: "${CDR:?which command? CDR=/path/to/cdr}"
if ! command -v python3 >/dev/null; then
    echo "ok 1 - power cuts # SKIP no python3"
    echo 1..1
    exit
fi
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/power.py" --cdr "$CDR" --cuts "${CUTS:-5}" --lies "${LIES:-3}"
