#!/usr/bin/env bash
# uses.sh - rule files that use others, lists from files, and a configuration; what is read is
# kept with a run, so that it can go on when the files have changed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- files that use files ----

mkdir -p rules/lists elsewhere
cat >rules/main.cdr <<'RULES'
use "lists/hosts.cdr"
rule jewel { when host.name in jewels and severity >= high then open case }
RULES
printf 'list jewels : text from "jewels.txt"\n' >rules/lists/hosts.cdr
printf '\xef\xbb\xbf# our crown jewels\r\n\r\npay-db-1  # payments\r\ndc-01\r\n' >rules/lists/jewels.txt
echo '{"source":"guardduty","severity":"high","host":{"name":"PAY-DB-1"}}' >alert.json
run check rules/main.cdr
exits 0 "a file may use another, whose list is in a third"
run check rules
exits 0 "also when the directory is named"
cd elsewhere || exit 2
run run --rules ../rules/main.cdr --alerts ../alert.json --format summary --offline
prints "jewel	1" "paths are relative to the file that says them, not to where cdr runs"
cd ..
cd rules || exit 2
cdr check - <main.cdr >"$out" 2>"$err"
status=$?
exits 0 "standard input uses files of the current directory"
cd ..
ln -s rules linked
run check rules linked/main.cdr --format concise
exits 0 "a file that is reached by two names is there once"

echo 'use "b.cdr"' >a.cdr
echo 'use "a.cdr"' >b.cdr
run check --format concise a.cdr
exits 1 "a circle is a mistake"
prints "a.cdr -> b.cdr -> a.cdr" "and its way is shown"
echo 'use "mian.cdr"' >rules/typo.cdr
run check rules/typo.cdr
exits 1 "a file that is not there is a mistake of the rule file"
prints 'did you mean "main.cdr"?' "with a file that is"
mkfifo rules/pipe.cdr
echo 'use "pipe.cdr"' >rules/typo.cdr
run check rules/typo.cdr
exits 1 "a pipe is refused and not waited for"
rm rules/pipe.cdr rules/typo.cdr

printf 'dc-01\n198.51.100.7\n' >bad.txt
echo 'list bad : ip from "bad.txt" rule r { when src.ip in bad then open case }' >bad.cdr
run check --format concise bad.cdr
exits 1 "a line that is no value is a mistake"
prints "bad.txt:1:1: error[CDR0126]" "at the line of the list's file"

# ---- large and hostile ----

# A reader sees one file or the other, never half of each, when a writer renames.
seq 1 200000 >one.txt
seq 300001 500000 >two.txt
cp one.txt n.txt
echo 'list n : integer from "n.txt" rule r { when raw["n"] in n then open case }' >n.cdr
(
    for _ in $(seq 40); do
        cp two.txt new.txt && mv new.txt n.txt
        cp one.txt new.txt && mv new.txt n.txt
    done
) &
writer=$!
children+=("$writer")
{
    echo '{"source":"guardduty","alert":{"id":"1"},"n":1}'
    echo '{"source":"guardduty","alert":{"id":"2"},"n":200000}'
    echo '{"source":"guardduty","alert":{"id":"3"},"n":300001}'
    echo '{"source":"guardduty","alert":{"id":"4"},"n":500000}'
} >n.json
torn=0
for _ in 1 2 3 4 5; do
    run run --rules n.cdr --alerts n.json --format summary --offline
    grep -qx 'r	2' "$out" || torn=$((torn + 1))
done
wait "$writer" 2>/dev/null
holds "a list that is replaced while it is read is the old one or the new one" test "$torn" = 0
if [ -r /proc/self/status ]; then
    echo 'use "/proc/self/status"' >grows.cdr
    run check grows.cdr
    exits 1 "a file that is not as long as it says is refused"
    prints "changed while it was read" "and it is said why"
else
    skip "a file that is not as long as it says is refused" "no /proc here"
fi

nest() { # DEPTH
    printf 'when '
    printf '(%.0s' $(seq "$1")
    printf 'severity = high'
    printf ')%.0s' $(seq "$1")
    printf ' then open case\n'
}
nest 64 >deep.cdr
run check deep.cdr
exits 0 "64 levels of parentheses are allowed"
nest 65 >deep.cdr
run check --format concise deep.cdr
exits 1 "one more is not"
prints "CDR0016" "and is told as that"
{
    echo 'macro m0(a : text) = host.name = a'
    for level in 1 2 3 4 5 6 7 8 9; do
        printf 'macro m%d(a : text) = ' "$level"
        for part in 1 2 3 4 5 6 7 8 9; do printf 'm%d(a) or ' $((level - 1)); done
        echo "m$((level - 1))(a)"
    done
    echo 'rule bomb { when m9("x") then open case }'
} >bomb.cdr
run check --format concise bomb.cdr
exits 1 "ten levels of macros that grow tenfold are refused"
prints "CDR0115" "before they have grown"
printf 'rule p\xd0\xb0y { when severity = high then open case }\n' >twin.cdr
run check --format concise twin.cdr
exits 1 "a name has no letters of another alphabet"
printf 'rule r { when host.name = "p\xd0\xb0y-db" then open case }\n' >twin.cdr
run check --format concise twin.cdr
prints "warning[CDR0135]" "in text they are a warning when they look like Latin ones"

# ---- the configuration ----

cat >config.cdr <<'CONFIG'
daemon { listen = "127.0.0.1:8080" data = "/var/lib/cdr" rules = "rules" }
connection ir { provider = slack token = env("IR_TOKEN") channel = "#ir" }
role lead { members = ["ana"] may = [read, approve] }
CONFIG
run check config.cdr
exits 0 "a good configuration passes"
run run --rules config.cdr rules/main.cdr --alerts alert.json --format summary --offline
prints "jewel	1" "and cdr run reads over it"
echo 'connection ir { provider = slack token = "not-a-real-token" }' >config.cdr
run check config.cdr
exits 1 "a secret that is written out is refused"
prints 'env("IR_TOKEN")' "with the way out"

# ---- a run goes on with what it began with ----

start_sandbox
cat >act.cdr <<'RULES'
use "who.cdr"
rule r { when instance.id in ours and exists instance.id then respond isolate_role }
RULES
echo 'list ours : instance from "ours.txt"' >who.cdr
echo i-01111e1c0ffee0002 >ours.txt
echo '{"source":"guardduty","alert":{"id":"k1"},"instance":{"id":"i-01111e1c0ffee0002"}}' >k1.json
sandbox_tell faults '[{"operation":"GetRolePolicy","kind":"slow","milliseconds":4000,"times":1}]'
# shellcheck disable=SC2086 # CDR may be several words
$CDR run --rules act.cdr --alerts k1.json --mode apply --data kept >"$out" 2>"$err" &
child=$!
for _ in $(seq 600); do
    sqlite3 -readonly kept/journal.db "select 1 from call where operation = 'GetRolePolicy'" 2>/dev/null | grep -q 1 && break
    sleep 0.05
done
kill -9 "$child" 2>/dev/null
wait "$child" 2>/dev/null
sandbox_tell faults '[]'
rm act.cdr who.cdr
echo 'i-0000000000000dead' >ours.txt
run resume --data kept
exits 0 "a run goes on when its rules are gone and its list has changed"
holds "and does what it began" bash -c 'curl -fsS "$0/_sandbox/state" | jq -e "[.accounts[].roles[] | select(.policies[\"cdr-isolation\"])] | length == 1" >/dev/null' "$AWS_ENDPOINT_URL"

# ---- nothing of a file from elsewhere gets into a log ----
mkdir -p elsewhere repository/rules
echo CONFIDENTIAL >elsewhere/l.txt
echo 'rule CONFIDENTIAL when {' >elsewhere/u.cdr
echo shown-to-all >repository/l.txt
ln -s ../../elsewhere/l.txt repository/rules/link.txt
cat >repository/rules/r.cdr <<'CDR'
use "../../elsewhere/u.cdr"
list a : ip from "../../elsewhere/l.txt"
list b : ip from "link.txt"
list c : ip from "../l.txt"
rule r { when src.ip in a or src.ip in b or src.ip in c then collect logs }
CDR
cd repository || exit 1
for form in text concise json sarif github gitlab junit; do
    run check --format "$form" rules
    exits 1 "$form: findings in files from elsewhere are told"
    holds "$form: and nothing of what stands there" bash -c '! grep -q CONFIDENTIAL "$1" "$2"' - "$out" "$err"
done
run check rules
prints "rules/../../elsewhere/l.txt:1:1" "but where"
prints "shown-to-all" "a file below the current folder is shown"
finish
