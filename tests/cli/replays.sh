#!/usr/bin/env bash
# replays.sh - a sample of tests/soak/replays.py: what a webhook brought once is sent again, over
# restarts, and nothing is evaluated or done a second time.
: "${CDR:?which command? CDR=/path/to/cdr}"
if ! command -v python3 >/dev/null; then
    echo "ok 1 - messages are sent again # SKIP no python3"
    echo 1..1
    exit
fi
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/replays.py" --cdr "$CDR" \
    --replays "${REPLAYS:-$([ -n "${CDR_IS_SLOW:-}" ] && echo 200 || echo 1000)}" --kills 2
