#!/usr/bin/env bash
# match.sh - alerts that are counted in passing, by one thread or several, and alerts that are read
# one by one come to the same: the same words, the same numbers, the same exit code.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Run with these arguments without an index, then in every other way: nothing may differ.
agrees() { # SENTENCE ARG ..
    local sentence=$1 way
    shift
    run run "$@" --no-index
    local wanted=$status
    cp "$out" plain.out
    cp "$err" plain.err
    for way in "" "--jobs 1" "--jobs 2" "--jobs 4"; do
        # shellcheck disable=SC2086 # a way is several words, or none
        run run "$@" $way
        if [ "$status" != "$wanted" ] || ! cmp -s "$out" plain.out || ! cmp -s "$err" plain.err; then
            diff plain.out "$out" | head -n 10
            diff plain.err "$err" | head -n 10
            report "not ok" "$sentence (${way:-as it is}; exit code $status for $wanted)"
            return
        fi
    done
    report ok "$sentence"
}

# How many alerts were counted in passing, of how many.
passed() { # WANTED SENTENCE ARG ..
    local wanted=$1 sentence=$2
    shift 2
    run run "$@" --verbose
    says "$wanted alerts were counted in passing" "$sentence"
}

cat >rules.cdr <<'CDR'
cdr 1
rule plain { when raw["x"] = 1 then open case }
rule text { when raw["y"] contains "quick" then open case }
rule field { when source = webhook and severity >= high then open case }
rule acts { when raw["x"] = 2 then respond isolate_role }
rule excused { when raw["x"] = 3 unless raw["y"] = "quick" then open case }
rule doubtful { when raw["x"] = 3 unless raw["z"] = 1 then open case }
rule grouped { when raw["x"] = 4 dedup by raw["y"] for 1h then open case }
rule found { when raw["y"] matches /^(a+)+$/ then open case }
rule negated { when not (raw["x"] in [0, 1, 2, 3, 4]) then open case }
CDR
cat >sound.ndjson <<'JSON'
{"x": 1}
{"x": 1, "y": "the quick fox"}
{"x": 2, "y": null}

{"x": 3, "y": "quick", "z": [1, 2]}
{"x": 3}
   {"x": 4, "y": "a"}  
{"x": 4, "y": "a"}
{"y": "\u0071uick", "deep": {"x": 1, "list": [{"x": 2}, []]}}
{"source": "webhook", "severity": "high", "alert": {"id": "w-1"}}
{"source": "webhook", "severity": "high", "stranger": true}
{"Records": 1, "x": 1}
{}
JSON
sed '/grouped\|found\|excused\|doubtful\|acts/d' rules.cdr >counted.cdr
# Lines that are no alert, alerts that are no line, and what is sound after them.
{
    cat sound.ndjson
    printf '{"x": 1,}\n{"x": 01}\nnonsense\n12\n"a line"\nnull\n]\n{"x": 1} {"x": 1}\n'
    printf '{"x": 1, "y": "no end\n{"x": 1}\n'
    printf '{"wide": {\n{"x": 1}\n}\n{"x": 1}\n'
    printf '{\n  "x": 1,\n  "inner":\n  {"x": 1}\n}\n{"x": 1}\n'
    printf '[\n{"x": 1},\n{"x": 1}\n]\n[{"x": 1}, {"x": 2}]\n[]\n'
    printf '{"Records": [{"x": 1}, {"x": 2}, 7]}\n{"Findings": [\n{"x": 1}\n]}\n'
    printf '{"x": 1, "detail": {"findings": [{"a": 1}, {"a": 2}]}}\n'
    printf '{"x": 1, "detail": {"findings": [%s{}]}}\n' "$(printf '{},%.0s' {1..100})"
    printf '{"x": 1, "x": 2}\n{"x": 1, "y": "\\ud800 quick"}\n{"x": 1, "y": "\xff quick"}\n'
    printf '\xef\xbb\xbf{"x": 1}\r\n{"x": 1}\r\n\r\n'
    printf '[]\n\xef\xbb\xbf{"x": 1}\n{"x": 1},\n\n{"x": 1},\n\n,\n\n]\n{"x": tru}\n'
    printf '[\n{"x": 1}\n"a line"\n\n{"x": 2}\n{"x": 1, "y": "quick"}\n{"x": 2},\n{"x": 1}\n]\n'
    printf '{"x": 1, "y": "%s!"}\n' "$(printf 'a%.0s' {1..40})"
    printf 'CEF:0|v|p|1|c|n|5|src=192.0.2.1\n'
    printf '{"deep": %s1%s, "x": 1}\n' "$(printf '[%.0s' {1..80})" "$(printf ']%.0s' {1..80})"
    printf '{"x": 1}'
} >odd.ndjson
# Several blocks; what is odd comes to lie at their ends too.
for _ in {1..200}; do cat odd.ndjson && printf '\n'; done >many.ndjson
awk 'BEGIN { for (i = 0; i < 40000; i++) printf "{\"x\": %d, \"y\": \"alert %d\"}\n", i % 7, i }' >long.ndjson
{
    printf '{"x": 1, "y": "'
    head -c 2097000 /dev/zero | tr '\0' 'b'
    printf '"}\n{"x": 1}\n{"x": 1, "y": "'
    head -c 2200000 /dev/zero | tr '\0' 'b'
    printf '"}\n{"x": 1}\n'
} >wide.ndjson
{
    echo '{"Records": ['
    sed 's/$/,/' long.ndjson
    echo '{"x": 1}]}'
} >records.json
{
    echo '['
    sed 's/$/,/' long.ndjson
} >endless.json
# One line that is broken, in every way, before many that are sound.
breaks=('{"x": 1,}' '{"x": 1, "y": "no end' '{"x": {' '[' '[[' ']' ',' '"' '{"Records": [' '[{"x": 1},' '[{"x": 1}')
for i in "${!breaks[@]}"; do
    { head -n 3 long.ndjson && printf '%s\n' "${breaks[i]}" && tail -n +4 long.ndjson; } >"break$i.ndjson"
done
: >empty.ndjson
printf '\xef\xbb\xbf{"x": 1}\n{"x": 1}' >marked.ndjson
printf '\xff\xfe{\0' >wide16.json

for file in sound.ndjson odd.ndjson many.ndjson long.ndjson wide.ndjson records.json endless.json \
    empty.ndjson marked.ndjson wide16.json none.ndjson .; do
    agrees "$file: a summary is the same in every way" \
        --rules rules.cdr --alerts "$file" --offline --format summary
done
for file in sound.ndjson odd.ndjson wide.ndjson marked.ndjson; do
    agrees "$file: a story too" --rules rules.cdr --alerts "$file" --offline
    agrees "$file: JSON too" --rules rules.cdr --alerts "$file" --offline --format json
    agrees "$file: a summary of a plan that could ask" --rules rules.cdr --alerts "$file" --format summary
    agrees "$file: alerts of a source that is forced" \
        --rules rules.cdr --alerts "$file" --offline --format summary --source webhook
    agrees "$file: alerts that may be lines" \
        --rules rules.cdr --alerts "$file" --offline --format summary --source cef
done
# Whose an alert is decides whether it is read at all, also where no rule asks.
cat >own.cdr <<'CDR'
cdr 1
source mine { accept raw["x"] matches /.*.*[0-9]/ }
rule r { when raw["a"] = "evil" then notify log }
CDR
printf '{"a":"evil","x":"%s"}\n{"a":"evil","x":"a1"}\n' "$(printf 'a%.0s' {1..3000})" >own.ndjson
agrees "a source that reaches its limit" --rules own.cdr --alerts own.ndjson --offline --format summary
says "a condition of a source reached its limit" "is told"
agrees "several files are one after the other" --rules rules.cdr --offline --format summary \
    --alerts sound.ndjson --alerts odd.ndjson --alerts long.ndjson
for i in "${!breaks[@]}"; do
    agrees "what follows ${breaks[i]} is the same in every way" \
        --rules counted.cdr --alerts "break$i.ndjson" --offline --format summary
    run run --rules counted.cdr --alerts "break$i.ndjson" --offline --format summary --verbose
    holds "and is counted in passing" test \
        "$(sed -n 's/^cdr: \([0-9]*\) of .* in passing.*/\1/p' "$err")" -gt 39990
done
{
    cat rules.cdr
    echo 'always raw["x"] = 1 implies collect triage'
} >always.cdr
agrees "what has to be planned is planned: always" \
    --rules always.cdr --alerts sound.ndjson --offline --format summary
cat >told.cdr <<'CDR'
cdr 1
never notify log on raw["x"] = 1 "nobody reads it"
rule bare { when raw["x"] = 1 then notify log }
rule said { when raw["x"] in [1, 2] then notify log text="seen" }
rule read { when raw["x"] in [3, 6] then notify log text=raw["y"] }
rule twice { when raw["x"] = 3 then notify log; notify log text=raw["deep.list"] }
rule many { when raw["x"] = 4 then notify log; notify log; notify log; notify log; notify log }
rule both { when raw["x"] = 5 then notify log; open case; notify log text="it" }
rule filled { when raw["x"] = 6 then notify log text="seen {instance.id}" }
CDR
for file in odd.ndjson long.ndjson wide.ndjson; do
    agrees "$file: steps that reach nobody" --rules told.cdr --alerts "$file" --offline --format summary
done
agrees "rules that are only counted" --rules counted.cdr --alerts many.ndjson --offline --format summary
agrees "shipped rules on odd alerts" --rules "$root/rules" --alerts odd.ndjson --offline --format summary
if [ -d "$shared/alerts" ]; then
    find "$shared/alerts" -type f -name '*.json*' | sort >files
    mapfile -t files < <(sed 's/^/--alerts=/' files)
    agrees "shipped rules on real alerts" --rules "$root/rules" "${files[@]}" --offline --format summary
    agrees "and their story" --rules "$root/rules" "${files[@]}" --offline
else
    skip "shipped rules on real alerts" "no ../shared/data"
fi

# That the way in passing is taken at all, and where it is not.
passed "40000 of 40000" "rules that nothing is told of are counted in passing" \
    --rules counted.cdr --alerts long.ndjson --offline --format summary --jobs 2
passed "22858 of 40000" "few steps that reach nobody, and tell what is constant, are nothing to plan" \
    --rules told.cdr --alerts long.ndjson --offline --format summary
passed "0 of 40000" "without an index no alert is" \
    --rules counted.cdr --alerts long.ndjson --offline --format summary --no-index
passed "34286 of 40000" "where rules act, alerts that they fire for are planned" \
    --rules <(sed -n '1p; /acts/p' rules.cdr) --alerts long.ndjson --offline --format summary
passed "0 of 40000" "in JSON each alert is told" \
    --rules counted.cdr --alerts long.ndjson --offline --format json
cat long.ndjson long.ndjson | cdr run --rules counted.cdr --offline --format summary --jobs 2 >"$out" 2>"$err"
prints "$(printf 'alerts\t80000')" "a pipe is read to its end"

# What is wanted no more is not waited for: here nobody ever writes more, nor closes the pipe.
if [ -w /dev/full ]; then
    mkfifo silent
    exec 9<>silent
    cat long.ndjson >silent 9<&- &
    children+=($!)
    timeout 60 $CDR run --rules rules.cdr --offline --alerts silent --format text --jobs 3 >/dev/full 2>"$err"
    holds "a run that cannot be told ends at once, whatever its threads wait for" test $? = 4
    exec 9<&-
else
    skip "a run that cannot be told ends at once" "no /dev/full"
fi

# What is passed over unchecked, when that is asked for.
echo '{"x": 1, "other": tru}' >broken.ndjson
run run --rules rules.cdr --alerts broken.ndjson --offline --format summary
exits 1 "JSON that is broken where no rule reads it is a finding"
says "broken.ndjson:1: the alert cannot be read" "with its place"
run run --rules rules.cdr --alerts broken.ndjson --offline --format summary --json-check lax
exits 1 "also where that is not asked for, when a rule fires for it"
says "broken.ndjson:1: the alert cannot be read" "whatever its steps"
echo '{"x": 77, "other": tru}' >broken.ndjson
echo 'when raw["x"] = 1 then notify log' >one.cdr
run run --rules one.cdr --alerts broken.ndjson --offline --format summary --json-check lax
exits 0 "one that no rule fires for is not looked at there"

run run --rules rules.cdr --alerts sound.ndjson --no-index --jobs 2
exits 2 "threads go with the index"
says "--no-index asks every rule about one alert after the other" "which is said"
run run --rules rules.cdr --alerts sound.ndjson --mode apply --data d --jobs 2
exits 2 "and with a plan"
says "--jobs goes with --mode plan" "which is said too"
run run --rules rules.cdr --alerts sound.ndjson --jobs 1000
exits 2 "there is a limit to threads"
finish
