#!/usr/bin/env bash
# soak.sh BUILD - the tests that find more the longer they run, with bounds that take minutes.
#
# MODEL_DEPTH: events around a held step, in every order. INTERLEAVINGS: random orders of events
# over a real journal, governor and executor. Every allocation of a run and its undo
# fails. FLIPS: bits turned in signed messages. STORM: alerts at once, each wanting another change.
# Every call of every step of CrowdStrike and Microsoft goes wrong in every way, and kills who makes it.
# REPLAYS of messages of a webhook, over restarts.
# KILLS of the daemon at random moments, DUPLICATES: posts of alerts that it knows.
# CUTS of the power, and as many LIES of a disk that forgets what it acknowledged.
# What surrounds the daemon fails: disk, descriptors, memory, clocks, others who have its journal.
# BAD_RULES: rule sets while alerts come in, half of them bad.
# MATCH_PAIRS of a random rule and a random alert, and all real events, by index and by full scan.
# STEADY: seconds of 20 alerts each, while all around the daemon goes wrong; nothing grows.
set -eu
build=$1
export TEST_TIMEOUT=${TEST_TIMEOUT:-3600}
exec tests/run.sh model_holds "$build/tests/model/model_holds" "${MODEL_DEPTH:-20}" -- \
    fault_interleavings "$build/tests/fault/fault_interleavings" "${INTERLEAVINGS:-10000}" -- \
    diff_match "$build/tests/diff/diff_match" "${MATCH_PAIRS:-100000000}" "${MATCH_SEED:-1000}" -- \
    real_events tests/diff/real_events.sh "$build/tests/diff/diff_events" 1 3000 -- \
    fault_journal "$build/tests/fault/fault_journal" 1 -- \
    test_signature env "FLIPS=${FLIPS:-1000000}" "$build/tests/unit/test_signature" -- \
    test_edr_in_journal env EDR_CALLS=0 "$build/tests/unit/test_edr_in_journal" -- \
    crash_edr.sh env EDR_KILLS=0 "CDR=$PWD/$build/cdr" tests/cli/crash_edr.sh -- \
    storm.sh env "STORM=${STORM:-100000}" "CDR=$PWD/$build/cdr" tests/cli/storm.sh -- \
    soak_daemon python3 -B tests/soak/daemon.py --cdr "$PWD/$build/cdr" --kills "${KILLS:-1000}" --step 1 --duplicates "${DUPLICATES:-10000}" -- \
    soak_power python3 -B tests/soak/power.py --cdr "$PWD/$build/cdr" --cuts "${CUTS:-200}" --lies "${LIES:-20}" -- \
    soak_faults python3 -B tests/soak/faults.py --cdr "$PWD/$build/cdr" --minute -- \
    soak_replays python3 -B tests/soak/replays.py --cdr "$PWD/$build/cdr" --replays "${REPLAYS:-100000}" --kills 10 -- \
    soak_crossing python3 -B tests/soak/crossing.py --cdr "$PWD/$build/cdr" -- \
    soak_rules python3 -B tests/soak/bad_rules.py --cdr "$PWD/$build/cdr" --sets "${BAD_RULES:-1000}" -- \
    soak_steady python3 -B tests/soak/steady.py --cdr "$PWD/$build/cdr" --seconds "${STEADY:-1800}"
