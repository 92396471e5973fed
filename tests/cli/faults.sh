#!/usr/bin/env bash
# faults.sh - a sample of tests/soak/faults.py: no room, no descriptors, no memory, another who has the
# journal, a clock that is set, a machine that stands still, an end under load; all at once, a daemon each.
: "${CDR:?which command? CDR=/path/to/cdr}"
skip() {
    echo "ok 1 - what surrounds the daemon fails # SKIP $1"
    echo 1..1
    exit
}
command -v python3 >/dev/null || skip "no python3"
[ -z "${CDR_IS_SLOW:-}" ] || skip "the command under test is slow"
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/faults.py" --cdr "$CDR" --together --locked 12 \
    --stopped 3 --rounds 1 --clock "+1d -1h" --clock-wait 2
