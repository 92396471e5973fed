#!/usr/bin/env bash
# help.sh - pages made from the table of commands.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run help
prints "Writing rules" "help groups the commands by whom they are for"
run help check
prints "examples:" "help of a command has examples"
prints "cdr check rules" "that can be copied"
run help check run
exits 2 "help is about one command"
run help chekc
exits 2 "help of an unknown command is a usage error"
says "did you mean 'check'?" "and the nearest one is offered"

run help --man
exits 0 "the manual page is printed"
cp "$out" cdr.1
prints ".TH CDR 1" "as a page of section 1"
for command in check run undo completion; do
    prints ".SS cdr $command" "with a part about $command"
done
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning cdr.1 >"$out" 2>"$err"
    status=$?
    exits 0 "mandoc has no warning about it"
else
    skip "mandoc has no warning about it" "no mandoc"
fi
if command -v man >/dev/null; then
    MANWIDTH=80 man --warnings -l cdr.1 >"$out" 2>"$err"
    status=$?
    exits 0 "man shows it"
    holds "and has no warning about it" test ! -s "$err"
else
    skip "man shows it" "no man"
    skip "and has no warning about it" "no man"
fi

for command in serve doctor rules; do
    run $command --help
    holds "cdr $command lists --config once" test "$(grep -c '^  --config ' "$out")" = 1
done
run help --markdown
holds "docs/commands.md is what cdr help --markdown prints: run make docs" \
    cmp -s "$out" "$root/docs/commands.md"
built=${CDR##* }
env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" B="${built%/cdr}" -o "$built" install \
    DESTDIR="$work/image" PREFIX=/usr >"$out" 2>"$err"
status=$?
exits 0 "make install works into another root"
for file in bin/cdr share/man/man1/cdr.1 share/bash-completion/completions/cdr \
    share/zsh/site-functions/_cdr share/fish/vendor_completions.d/cdr.fish; do
    holds "with $file" test -s "image/usr/$file"
done
holds "with the shipped rules" bash -c 'find image/usr/share/cdr -name "*.cdr" | grep -q .'
finish
