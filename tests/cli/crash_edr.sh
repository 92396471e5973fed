#!/usr/bin/env bash
# crash_edr.sh - a rule with triage, containment and a comment on an alert of Falcon and one of Defender,
# killed before, in and after some calls of apply and of undo; resumed, and taken back (tests/providers/).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

brief=$(dirname "${CDR%% *}")/tests/soak/brief_sleep.so
if [ -n "${CDR_IS_SLOW:-}" ] || [ ! -e "$brief" ]; then
    skip "killed at calls to CrowdStrike and Microsoft" "the command under test is slow, or no build with its tests"
    finish
    exit
fi
# shellcheck disable=SC2086 # CDR may be several words
PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/providers/edr_case.py" "$brief" $CDR
