#!/usr/bin/env bash
# lint.sh - the rules of the house that a machine can check. Prints each break with its
# place, ends with the line of all tests.
set -u
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0

# rule WORDS: breaks of it on standard input, one a line.
rule() {
    local breaks
    breaks=$(cat)
    if [ -z "$breaks" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'lint: %s\n%s\n' "$1" "$(printf '%s\n' "$breaks" | sed 's/^/      /' | head -n 20)"
    fi
}

files() { git ls-files -co --exclude-standard -- "$@" | while read -r file; do [ -f "$file" ] && echo "$file"; done; }
but() { printf '%s\n' "${product[@]}" | grep -vE "$1"; }
mapfile -t product < <(files 'vm/*.[ch]' 'stdlib/*.[ch]' 'compiler/*.[ch]')
mapfile -t all_c < <(files '*.c' '*.h')
mapfile -t grammar < <(files '*.l' '*.y')
mapfile -t scripts < <(files '*.sh' .ci/run)
mapfile -t texts < <(files 'tests/*' 'docs/*' 'rules/*' README.md Makefile)
mapfile -t libraries < <(but '^compiler/driver/')
mapfile -t timeless < <(but '^compiler/driver/|^vm/host/|^stdlib/aws/environment|^stdlib/sandbox/|^compiler/serve/serve_sandbox.c')
mapfile -t stateless < <(but '^compiler/driver/main.c|\.h$')

rule 'layout: run make format' < <(clang-format --dry-run "${all_c[@]}" 2>&1 | grep -E 'warning|error' | sed 's/:[0-9]*:[0-9]*: .*//' | sort | uniq -c)
rule 'no include climbs out of its folder: layers are include paths' < <(grep -nE '#include "\.\./' "${all_c[@]}")
rule 'banned calls: they overflow, keep state, or reach a shell' < <(grep -nE \
    '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|localtime|gmtime|asctime|ctime|rand|srand|system|popen|mktemp|tmpnam)\(' "${product[@]}")
rule 'a library neither prints nor exits' < <(grep -nE '\b(printf|puts|putchar|perror|fprintf|exit|abort|_exit)\(' "${libraries[@]}")
# The sandbox of a daemon is an environment, too: what it sets is what AWS's own tools read.
rule 'environment and time are handed in' < <(grep -nE '\b(getenv|secure_getenv|setenv|time|gettimeofday|clock_gettime)\(' "${timeless[@]}")
rule 'no globals: state has an owner' < <(grep -nE \
    '^(static )?(volatile |struct |enum |unsigned |signed )*[a-z_0-9]+ \**[a-z_0-9]+(\[[^]]*\])?( = .*)?;' "${stateless[@]}" | grep -vE '\b(const|extern|typedef|return)\b')
rule 'no goto: CLEANUP and early return' < <(grep -nE '^\s*goto\b' "${product[@]}")
rule 'nothing is left open in the text' < <(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "${product[@]}" "${texts[@]}" | grep -v '^tests/lint.sh')
rule 'a file has at most 700 lines' < <(wc -l "${all_c[@]}" "${grammar[@]}" | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }')
rule 'a function has at most 80 lines (but the interpreter loop)' < <(awk '
    FNR == 1 { start = 0 }
    /^[a-zA-Z_]/ && /\(/ && !/;$/ { name = $0 }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start > 81 && name !~ /interp_run/) print FILENAME ":" start ": " FNR - start - 1 " lines: " name; start = 0 }' "${product[@]}")
rule 'a header says first what it is for' < <(awk 'FNR == 1 && !/^\/\*/ { print FILENAME ": no head comment" }' "${product[@]}" | grep '\.h:')
rule 'shell scripts pass shellcheck' < <(shellcheck -S warning -f gcc "${scripts[@]}")
rule 'every diagnostic has a failing example, or a test that names it' < <(sed -n 's/^DIAG(\([A-Z_0-9]*\), "\(CDR[0-9]*\)".*/\1 \2/p' compiler/diagnostics.def compiler/lint/lint.def | while read -r name code; do
    compgen -G "tests/lang/*/$code-*.cdr" >/dev/null || grep -rqsE "DIAG_$name|$code" tests/unit || echo "$code has none in tests/lang"
done)

printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
