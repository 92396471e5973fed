#!/usr/bin/env bash
# language_page.sh - runs docs/language.md as its reader would, block by block.
#
#   ```cdr file=NAME       is written to NAME, append=NAME added to it; so for json, text
#   ```sh                  is run, and must end with 0, or with status=N
#   ```text                behind a ```sh is what that prints: on both outputs, `...` for what is cut
#   ```sh skip=REASON      is not run
#
# Each `##` heading begins in an empty directory. Blocks of cdr without a file stand alone:
# tests/unit/test_language_doc.c compiles them; those that have tests are run here.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$root/docs/language.md
mkdir bin
printf '#!/bin/sh\nexec %s "$@"\n' "$CDR" >bin/cdr
chmod +x bin/cdr
export PATH=$work/bin:$PATH

# The page as one folder a block: its line, its info string, its text; headings too.
mkdir blocks
awk '
    function next_block(kind) { folder = sprintf("blocks/%04d", ++blocks); system("mkdir " folder); print kind > (folder "/info"); close(folder "/info"); print NR > (folder "/line"); close(folder "/line"); }
    inside && /^```/ { inside = 0; close(folder "/text"); next }
    inside           { print > (folder "/text"); next }
    /^```/           { inside = 1; next_block(substr($0, 4)); printf "" > (folder "/text"); next }
    /^## /           { next_block("heading") }
' "$page"

option() { # NAME: its value in $info
    local word
    for word in $info; do
        case $word in "$1="*) printf '%s' "${word#*=}" ;; esac
    done
}

# Whether $out is as the file says; `...` stands for any text.
is_as_shown() {
    local rest part pattern=''
    rest=$(cat "$1")
    while [[ $rest == *...* ]]; do
        part=${rest%%...*}
        rest=${rest#*...}
        pattern+=$(printf '%s' "$part" | sed 's/[][*?\\]/\\&/g' && printf x)
        pattern="${pattern%x}*"
    done
    pattern+=$(printf '%s' "$rest" | sed 's/[][*?\\]/\\&/g')
    # shellcheck disable=SC2053 # a pattern
    [[ $(cat "$out") == $pattern ]] || {
        diff "$1" "$out" | sed 's/^/# /' | head -n 40
        return 1
    }
}

ran=0 section=0 previous=''
for block in "$work"/blocks/*; do
    info=$(cat "$block/info")
    at="docs/language.md:$(cat "$block/line")"
    language=${info%% *}
    file=$(option file)
    append=$(option append)
    if [ "$info" = heading ]; then
        section=$((section + 1))
        mkdir "$work/section$section"
        cd "$work/section$section" || exit 2
    elif [ -n "$file$append" ]; then
        mkdir -p "$(dirname "$file$append")"
        [ -z "$file" ] || cp "$block/text" "$file"
        [ -z "$append" ] || cat "$block/text" >>"$append"
    elif [ "$language" = sh ] && [ -z "$(option skip)" ]; then
        bash "$block/text" >"$out" 2>&1 </dev/null
        status=$?
        : >"$err"
        wanted=$(option status)
        exits "${wanted:-0}" "$at ends with ${wanted:-0}"
        ran=$((ran + 1))
    elif [ "$language" = text ] && [ "${previous%% *}" = sh ]; then
        holds "$at is what is printed" is_as_shown "$block/text"
    elif [ "$language" = cdr ] && [[ $info != *error=* ]] && grep -q '^test ' "$block/text"; then
        run test "$block/text"
        exits 0 "$at: its tests pass"
    fi
    previous=$info
done

# Links lead somewhere: to a heading of the page, to a file.
sed -n 's/^##* //p' "$page" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g' >"$work/anchors"
while read -r link; do
    case $link in
    http*) ;;
    '#'*) holds "the link $link has its heading" grep -qx -- "${link#?}" "$work/anchors" ;;
    *) holds "the link $link has its file" test -e "$root/docs/${link%%#*}" ;;
    esac
done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | sort -u)

# The table of lint is the one of the compiler.
cd "$work" || exit 2
run explain
while read -r code level what; do
    holds "the page has $code" grep -qF -- "| $code | $level | $what |" "$page"
done < <(grep '^CDR03' "$out")
holds "the page was found" test "$ran" -ge 10
finish
