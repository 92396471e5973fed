#!/usr/bin/env bash
# check.sh BUILD - the unit, fault and command-line tests of one build folder.
#
# CDR is the command under test for tests/cli and may be several words
# (CDR="valgrind -q build/cdr"). ONLY=unit|cli runs a part. SCRIPTS: the names of those of tests/cli
# that are wanted; all if not said. LEAVE_OUT: of those that are not.
set -eu
build=$1
export CDR=${CDR:-$PWD/$build/cdr} CMOCKA_MESSAGE_OUTPUT=TAP
# 99 is no exit code of cdr: a test that expects a failure must not take a report for it.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:exitcode=99}
export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=99}
# What takes longest comes first, so that the end does not wait for one alone.
scripts() { printf '%s\n' tests/cli/{crash,steady,collector,collect,sandbox,timers}.sh tests/cli/*.sh | awk '!seen[$0]++'; }
command=()
if [ "${ONLY:-cli}" = cli ]; then
    for script in $(scripts); do
        name=$(basename "$script")
        case $name in lib.sh | serve_lib.sh | '*.sh') continue ;; esac
        case " ${LEAVE_OUT:-} " in *" $name "*) continue ;; esac
        case " ${SCRIPTS:-$name} " in *" $name "*) ;; *) continue ;; esac
        command+=("$name" bash "$script" --)
    done
fi
if [ "${ONLY:-unit}" = unit ]; then
    for source in tests/unit/test_*.c tests/fault/fault_*.c; do
        [ -f "$source" ] || continue
        program=$build/${source%.c}
        command+=("$(basename "$program")" "$program" --)
    done
    command+=(model_holds "$build/tests/model/model_holds" --)
    command+=(diff_evaluate "$build/tests/diff/diff_evaluate" "${DIFF_PAIRS:-1000000}" --)
    command+=(diff_match "$build/tests/diff/diff_match" "${MATCH_PAIRS:-1000000}" --)
    command+=(real_events tests/diff/real_events.sh "$build/tests/diff/diff_events" "${EVENTS_EVERY:-50}" 1000 --)
fi
exec tests/run.sh "${command[@]}"
