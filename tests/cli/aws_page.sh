#!/usr/bin/env bash
# aws_page.sh - docs/aws.md, followed to the letter on the sandbox: its rules, its command lines.
#
# What a reader puts in place of a placeholder is put there by `as_here`; a line that is not run
# stands in `not_run` with the reason. A command line that is in neither fails.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$root/docs/aws.md
start_sandbox

# The rules of the page, each in the file that the words before it name.
mkdir -p rules
awk '/^In `rules\/.*\.cdr`/ { match($0, /rules\/[a-z_]+\.cdr/); file = substr($0, RSTART, RLENGTH) }
    /^```$/ && inside { inside = 0; file = "" }
    inside { print > (file == "" ? "rules/nameless.cdr" : file) }
    /^```cdr$/ { inside = 1 }' "$page"
holds "each block of rules says its file" test ! -e rules/nameless.cdr
holds "there are two" test "$(find rules -name '*.cdr' | wc -l)" = "$(grep -c '^```cdr$' "$page")"
sed -i "s/\"your-login\"/\"$(id -un)\"/" rules/*.cdr
cp "$root/docs/tour/member.json" finding.json
run fmt --check rules
exits 0 "the rules are laid out as cdr does"
run check rules --fail-level warning
exits 0 "and pass the check, with no warning"

# ---- what the page has a reader type ----

# The command lines in the order of the page, continued ones as one, without what they are for.
awk '/^```/ { fence = !fence } fence { next }
    /^    / { line = line substr($0, 5)
        if (sub(/\\$/, "", line)) next
        sub(/ +# .*/, "", line); gsub(/ +/, " ", line); print line }
    { line = "" }' "$page" >lines

not_run() { # LINE; why, in $why
    case $1 in
    'for arn in '* | ' version='* | ' aws iam '* | done) why="is for the AWS command line, which is not needed here" ;;
    *'--compare %s'*) why="compares what the AWS command line wrote; tests/cli/permissions.sh has such files" ;;
    *) return 1 ;;
    esac
}

# Before some lines the page asks for something in words.
before() { # LINE
    case $1 in
    'cdr approvals '*)
        sed -i '/^  shadow$/d' rules/instances.cdr # "Take `shadow` out"
        run run --rules rules --alerts finding.json --mode apply --data data
        exits 1 "in earnest the alert is acted on, and waits for a person"
        prints "1 run that waits for a person" "which is said"
        ;;
    'cdr collect triage '*)
        run resume --data data --lift-pause --reason over
        exits 0 "the pause is over"
        sed -i 's|^  provider = aws$|&\n  evidence = "s3://cdr-evidence-111122223333/cases"|' rules/organization.cdr
        ;;
    esac
}

# The line with what it is here.
as_here() { # LINE
    sed -e "s|/var/lib/cdr|data|; s|resume --watch|resume|; s|undo RUN|undo 2|; s|cdr pause|& --reason test|" \
        -e "s|i-0123456789abcdef0|i-01111e1c0ffee0001|" <<<"$1"
}

while IFS= read -r line; do
    if not_run "$line"; then
        printf '# not run, because it %s: %s\n' "$why" "$line"
        continue
    fi
    before "$line"
    case $line in
    cdr\ *)
        (
            set -eo pipefail
            eval "$(as_here "$line")"
        ) >"$out" 2>"$err" </dev/null
        status=$?
        exits 0 "$line"
        ;;
    *) holds "it is known how to run: $line" false ;;
    esac
    case $line in
    *'doctor --online --rules'*) prints "444455556666 lets us in" "the role can be taken" ;;
    'cdr hosts '*) prints "i-04444e1c0ffee0002" "the instance of the finding is in it" ;;
    'cdr run '*'--mode apply'*)
        prints "shadowed" "the rule is in shadow"
        holds "and nothing was changed" test "$(sandbox_ask calls | jq '[.[] | select(.applied and .service != "sts")] | length')" = 0
        ;;
    'cdr run '*) prints "1 alert, 1 matched." "the rule fires, and finds its targets" ;;
    'cdr resume '*) prints "StopInstances" "what was approved is done" ;;
    'cdr undo '*)
        holds "the group that isolated is gone" test "$(sandbox_ask state | jq '[.accounts[].regions[].securityGroups[] | select(.groupName | startswith("cdr-isolation"))] | length')" = 0
        ;;
    'cdr collect triage '*) prints "s3://cdr-evidence-111122223333/cases/" "what was collected is kept" ;;
    *'--remove') prints "0 of 2 removed." "snapshots without an end stay" ;;
    esac
done <lines
holds "the page has the commands that it should" test "$(grep -c '^cdr ' lines)" -ge 18

# ---- what else the page names ----

grep -oE '`(collect|respond)? ?[a-z]+_[a-z_]+`|`collect [a-z]+' "$page" | tr -d '`' | sed 's/^[a-z]* //' | sort -u |
    grep -vE '^(cut|untrack|ip_set|member_role|external_id)' >names
while IFS= read -r name; do
    run builtins "$name"
    exits 0 "there is a step called $name"
done <names
finish
