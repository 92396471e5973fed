#!/usr/bin/env bash
# crash.sh - the shipped rule on the sandbox, killed before, in and after every single call
# of apply and of undo; resumed, and taken back. A proxy in front of the sandbox counts
# the calls and kills (tests/providers/).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ -n "${CDR_IS_SLOW:-}" ]; then
    skip "killed at every call" "the command under test is slow"
    finish
    exit
fi
# shellcheck disable=SC2086 # CDR may be several words
PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/providers/sandbox_case.py" $CDR
