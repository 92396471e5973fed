#!/usr/bin/env bash
# steady.sh - a sample of tests/soak/steady.py: alerts by every way at a steady rate while everything
# around the daemon goes wrong; at the end the counts agree.
: "${CDR:?which command? CDR=/path/to/cdr}"
if ! command -v python3 >/dev/null; then
    echo "ok 1 - alerts at a steady rate # SKIP no python3"
    echo 1..1
    exit
fi
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/steady.py" --cdr "$CDR" \
    --seconds "${STEADY:-$([ -n "${CDR_IS_SLOW:-}" ] && echo 15 || echo 60)}"
