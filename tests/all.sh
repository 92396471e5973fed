#!/usr/bin/env bash
# all.sh - what `make test` runs: lint, gcc and clang with warnings as errors, ASan, UBSan
# and LSan, valgrind on the command suite, moto as a second opinion on AWS, and Prism on
# the EDRs. Ends with one line that adds up all of them.
set -u
cd "$(dirname "$0")/.." || exit 2
make=("${MAKE:-make}" --no-print-directory -s "-j$(nproc)")
passed=0 failed=0 skipped=0

# part TITLE COMMAND ...: run it, show what it says, add its last line.
part() {
    local title=$1 out status line began=$SECONDS
    shift
    printf '\n== %s\n' "$title"
    out=$(mktemp)
    "$@" 2>&1 | tee "$out"
    status=${PIPESTATUS[0]}
    printf 'took %s s\n' "$((SECONDS - began))"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out" | tail -n 1)
    rm -f "$out"
    if [ -z "$line" ]; then
        [ "$status" -eq 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
        return
    fi
    read -r p _ f _ s _ <<<"${line//,/}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    # A part that ended badly without naming a failed test is one.
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
}

part 'lint' tests/lint.sh
# What one build tries of every call, the slow ones try of some.
export CRASH_STRIDE=1 ACTIONS_STRIDE=1 ALLOCATION_STRIDE=1
part 'gcc, warnings are errors' "${make[@]}" DEVELOPER=1 check
part 'instructions of an alert' sh -c '"$@" build/tests/bench/bench_match && tests/bench/instructions.py build/tests/bench/bench_match' \
    sh "${make[@]}" DEVELOPER=1
export CRASH_STRIDE=3 ACTIONS_STRIDE=3 ALLOCATION_STRIDE=7
part 'clang, warnings are errors' env ONLY=unit "${make[@]}" CC=clang DEVELOPER=1 check
# Samples of the soak are as long as it takes to come by everything once. What is left out touches no
# memory of ours that other scripts do not: a collector in shell, and pages and formats that are judged
# by other programs.
export KILLS=3 DUPLICATES=300 REPLAYS=200 BAD_RULES=8 STEADY=15 CUTS=2 LIES=1
part 'ASan, UBSan, LSan' env LEAVE_OUT='collector.sh formats.sh least.sh aws_page.sh language_page.sh operations_page.sh readme.sh' \
    "${make[@]}" SANITIZE=1 check
# Where memory is at stake that the sanitizers do not see: what was never written. Each way through
# the command once, and the daemon; all scripts would take half an hour.
part 'valgrind on the command suite' env ONLY=cli LOGS=build/valgrind-logs \
    CDR="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect $PWD/build/cdr" \
    SCRIPTS='api.sh check.sh fmt.sh run.sh seed.sh' \
    CDR_IS_SLOW=1 tests/check.sh build
part 'moto, an AWS we did not write' tests/providers/moto.sh
part "Prism, requests by the vendors' descriptions" tests/providers/prism.sh

printf '\ntook %s s\n' "$SECONDS"
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
