#!/usr/bin/env bash
# prism.sh - every request to CrowdStrike, Defender for Endpoint and Graph, as the command makes them at the
# sandbox, judged by Prism (npm, @stoplight/prism-cli) with the vendors' descriptions in ../shared/data/openapi.
# Prism's version and all that it needs are those of prism/package-lock.json. Skipped with its reason where npm,
# the descriptions or the package cannot be had.
set -u
cd "$(dirname "$0")/../.." || exit 2
cdr=${CDR:-$PWD/build/cdr}
folder=build/prism descriptions=../shared/data/openapi
log=build/test-logs/prism-install.log
mkdir -p build/test-logs "$folder"

leave_out() {
    echo "skipped: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
[ -d "$descriptions" ] || leave_out "no ../shared/data"
command -v npm >/dev/null && command -v node >/dev/null || leave_out "no npm: tests/setup.sh test installs it"
command -v faketime >/dev/null || leave_out "no faketime: tests/setup.sh test installs it"
if ! cmp -s tests/providers/prism/package-lock.json "$folder/installed"; then
    cp tests/providers/prism/package.json tests/providers/prism/package-lock.json "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1) >"$log" 2>&1 ||
        leave_out "Prism could not be installed by npm: $(grep -v '^npm warn' "$log" | head -n 1)"
    cp "$folder/package-lock.json" "$folder/installed"
fi
export PYTHONPATH=tests/providers PYTHONDONTWRITEBYTECODE=1
# shellcheck disable=SC2086
LOGS=build/test-logs TEST_TIMEOUT=300 tests/run.sh prism python3 tests/providers/prism_case.py "$descriptions" "$PWD/$folder/node_modules/.bin/prism" $cdr
status=$?
sed -n 's/^# \(weak\|not judged\): /      \1: /p' build/test-logs/prism.log
exit "$status"
