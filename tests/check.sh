#!/usr/bin/env bash
# check.sh BUILD - the unit, fault and command-line tests of one build folder.
#
# CDR is the command under test for tests/cli and may be several words
# (CDR="valgrind -q build/cdr"). ONLY=unit|cli runs a part.
set -eu
build=$1
export CDR=${CDR:-$PWD/$build/cdr} CMOCKA_MESSAGE_OUTPUT=TAP
# 99 is no exit code of cdr: a test that expects a failure must not take a report for it.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:exitcode=99}
export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=99}
command=()
if [ "${ONLY:-unit}" = unit ]; then
    for source in tests/unit/test_*.c tests/fault/fault_*.c; do
        [ -f "$source" ] || continue
        program=$build/${source%.c}
        command+=("$(basename "$program")" "$program" --)
    done
    command+=(model_holds "$build/tests/model/model_holds" --)
    command+=(diff_evaluate "$build/tests/diff/diff_evaluate" "${DIFF_PAIRS:-1000000}" --)
fi
if [ "${ONLY:-cli}" = cli ]; then
    for script in tests/cli/*.sh; do
        case $script in */lib.sh | */serve_lib.sh | *'*'*) continue ;; esac
        # LEAVE_OUT: the names of those that are not.
        case " ${LEAVE_OUT:-} " in *" $(basename "$script") "*) continue ;; esac
        # SCRIPTS: the names of those that are wanted; all if not said.
        case " ${SCRIPTS:-$(basename "$script")} " in *" $(basename "$script") "*) ;; *) continue ;; esac
        command+=("$(basename "$script")" bash "$script" --)
    done
fi
exec tests/run.sh "${command[@]}"
