#!/usr/bin/env bash
# bad_rules.sh - a sample of tests/soak/bad_rules.py: rule sets come while alerts do, half of them bad,
# and only whole and good ones are in force.
: "${CDR:?which command? CDR=/path/to/cdr}"
if ! command -v python3 >/dev/null; then
    echo "ok 1 - rule sets come while alerts do # SKIP no python3"
    echo 1..1
    exit
fi
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/../soak/bad_rules.py" --cdr "$CDR" \
    --sets "${BAD_RULES:-$([ -n "${CDR_IS_SLOW:-}" ] && echo 6 || echo 30)}"
