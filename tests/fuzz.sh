#!/usr/bin/env bash
# fuzz.sh - runs each fuzz target of build-clang-fuzz for FUZZ_SECONDS, seeded with the
# rules and alerts of the repository, and with ../shared/data/alerts where that folder is; one target a core at a time.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=${FUZZ_SECONDS:-600}
passed=0 failed=0
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
# One target, seeded; how it ended is in NAME.status.
fuzz_one() {
    local program=$1 name corpus seeds
    name=$(basename "$program")
    corpus=build-clang-fuzz/corpus/$name seeds=build-clang-fuzz/seeds/$name
    mkdir -p "$corpus" "$seeds"
    find rules stdlib/sources tests/lang tests/fuzz/"$name".seeds ../shared/data/alerts -type f -size -64k 2>/dev/null |
        while read -r file; do cp "$file" "$seeds/$(printf '%s' "$file" | tr / _)"; done
    "$program" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="build-clang-fuzz/$name-" "$corpus" "$seeds" >"build-clang-fuzz/$name.log" 2>&1
    echo $? >"build-clang-fuzz/$name.status"
}

names=()
for program in build-clang-fuzz/tests/fuzz/fuzz_*; do
    case $program in *.o | *.d) continue ;; esac
    names+=("$(basename "$program")")
    fuzz_one "$program" &
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
done
wait
for name in "${names[@]}"; do
    printf '== %s, %s s: ' "$name" "$seconds"
    if [ "$(cat "build-clang-fuzz/$name.status")" -eq 0 ]; then
        passed=$((passed + 1))
        sed -n 's/stat::number_of_executed_units: */executions /p' "build-clang-fuzz/$name.log"
    else
        failed=$((failed + 1))
        printf 'failed\n'
        tail -n 40 "build-clang-fuzz/$name.log"
    fi
done
printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
