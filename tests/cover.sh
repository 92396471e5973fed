#!/usr/bin/env bash
# cover.sh BUILD - lines covered by the tests that just ran in BUILD, by folder, and the
# files that are covered worst.
set -eu
build=$1
find "$build" -name '*.gcda' | while read -r data; do
    gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
done | awk '
    /^File / { file = $2; gsub(/\x27/, "", file) }
    /^Lines executed/ {
        split($0, part, /[:% ]+/); percent = part[3]; lines = part[5]
        if (file ~ /^(vm|stdlib|compiler)\// && lines > best[file]) { best[file] = lines; hit[file] = percent * lines / 100 }
    }
    END {
        for (file in best) { folder = file; sub(/\/[^\/]*$/, "", folder); l[folder] += best[file]; h[folder] += hit[file]; L += best[file]; H += hit[file]
            printf "worst %5.1f %% of %4d lines  %s\n", 100 * hit[file] / best[file], best[file], file }
        for (folder in l) printf "folder %5.1f %% of %5d lines  %s\n", 100 * h[folder] / l[folder], l[folder], folder
        printf "total %5.1f %% of %d lines\n", 100 * H / L, L
    }' | sort -k1,1r -k2,2n | awk '$1 != "worst" || n++ < 15'
