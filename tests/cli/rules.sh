#!/usr/bin/env bash
# rules.sh - cdr rules: what it writes was tried, is whole, and is committed where git has it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

git() { command git -c user.name=somebody -c user.email=somebody@example.com "$@" 2>/dev/null; }
export GIT_AUTHOR_NAME=somebody GIT_AUTHOR_EMAIL=somebody@example.com
export GIT_COMMITTER_NAME=somebody GIT_COMMITTER_EMAIL=somebody@example.com
commits() { git -C repo rev-list --count HEAD 2>/dev/null || echo 0; }
is_clean() { [ -z "$(git -C repo status --porcelain)" ]; }
rules=repo/rules
git init -q -b main repo
mkdir -p "$rules"

run rules
exits 2 "an action is asked for"
says "list, enable, disable, new, edit or delete" "and named"
run rules list
exits 2 "so are the rules: no setting says what is rewritten"
run rules lst --rules "$rules"
exits 2 "an unknown action is usage"

run rules new noisy --rules "$rules"
exits 0 "a new rule is written"
prints "Committed: Add rule noisy" "and committed"
holds "alone" test "$(git -C repo show --name-only --format=%s | tr '\n' ' ')" = "Add rule noisy  rules/noisy.cdr "
run check "$rules"
exits 0 "it passes cdr check"
run test "$rules"
exits 0 "and its own tests"
run fmt --check "$rules"
exits 0 "and is in its canonical form"
run rules new noisy --rules "$rules" --file "$rules/other.cdr"
exits 1 "its name is taken now"
says "there is a rule noisy at $rules/noisy.cdr:" "which is told, with where"
holds "so nothing is written" test ! -e "$rules/other.cdr"
run rules new 'x { } rule y' --rules "$rules"
exits 2 "what is no name is none"
run rules new out --rules "$rules" --file out.cdr
exits 2 "a rule that no path would find is not written"
holds "nor left there" test ! -e out.cdr
run rules new quiet --rules "$rules" --file "$rules/noisy.cdr"
exits 0 "a rule may go into a file that is there"

run rules list --rules "$rules"
exits 0 "rules are listed"
prints "noisy      shadow    $rules/noisy.cdr:2  Say here what happened" "with state, place and title"
run rules list --rules "$rules" --format json
holds "as JSON too" json -s 'length == 2 and all(.[]; .state == "shadow" and .disabled_by == null)'

run rules disable noisy --rules "$rules"
exits 2 "switching off wants a reason"
run rules disable nosy --rules "$rules" --reason x
exits 1 "an unknown rule is told"
says "did you mean noisy" "with the nearest"
run rules disable noisy --rules "$rules" --reason $'CHG-1\nrule evil { when severity = low then open case }'
exits 0 "a rule is switched off, its tests notwithstanding"
holds "the reason stays a comment" grep -q '^# disabled: CHG-1 rule evil' "$rules/noisy.cdr"
run rules list --rules "$rules" --format json
holds "the list says by what" json -s '.[0].state == "disabled" and (.[0].disabled_by | endswith("noisy.cdr:15"))'
holds "git has the reason" grep -q CHG-1 <(git -C repo log -1 --format=%b)
run rules disable noisy --rules "$rules" --reason again
prints "disabled already" "twice is once"
run rules enable noisy --rules "$rules"
exits 0 "it is switched on again"
holds "without a trace" git -C repo diff --quiet HEAD~2 HEAD
holds "and nothing is left over" is_clean

echo '# mine' >>"$rules/noisy.cdr"
before=$(commits)
run rules disable noisy --rules "$rules" --reason x
exits 2 "what somebody did not commit is not committed under our words"
says "not committed" "which is said"
holds "and not written over" test "$(tail -n 1 "$rules/noisy.cdr") $(commits)" = "# mine $before"
run rules disable noisy --rules "$rules" --reason x --no-commit
exits 0 "unless git is left alone"
holds "as it is then" test "$(commits)" = "$before"
git -C repo checkout -q .

echo other >repo/other.txt
git -C repo add other.txt
run rules disable noisy --rules "$rules" --reason x
exits 0 "what else is staged"
holds "stays staged" grep -q '^A  other.txt' <(git -C repo status --porcelain)
holds "and out of the commit" test -z "$(git -C repo show --name-only --format= HEAD | grep other)"
git -C repo reset -q other.txt
rm repo/other.txt
run rules enable noisy --rules "$rules"

cat >editor.sh <<'END'
#!/bin/sh
sed 's/severity >= high/severity = critical/' "$1" >"$1.new" && mv "$1.new" "$1"
END
cat >bad.sh <<'END'
#!/bin/sh
echo 'rule' >>"$1"
END
chmod +x editor.sh bad.sh
VISUAL=$work/editor.sh run rules edit noisy --rules "$rules"
exits 1 "a change that its tests do not like is not written"
says "fails" "which is said"
says "what you wrote is in" "and kept"
before=$(cat "$rules/noisy.cdr")
VISUAL=$work/bad.sh run rules edit noisy --rules "$rules" --reason why
exits 1 "nor is one with mistakes"
holds "the file is as it was" test "$before" = "$(cat "$rules/noisy.cdr")"
VISUAL='sed -i s/nobody-yet/cloud-ir/' run rules edit noisy --rules "$rules" --reason 'who owns it'
exits 0 "a good one is"
prints "Committed: Change rule noisy" "and committed"
VISUAL=true run rules edit noisy --rules "$rules"
prints "Nothing changes." "no change is none"
VISUAL=false run rules edit noisy --rules "$rules"
exits 2 "an editor that fails changes nothing"

echo 'exception pentest for noisy, quiet when client.ip in "198.51.100.0/24" until 2099-12-31 reason "CHG-2"' >"$rules/except.cdr"
git -C repo add -A
git -C repo commit -qm exception
run rules delete noisy --rules "$rules" --reason old
exits 1 "a rule that others name stays"
says "except.cdr:1: exception pentest" "and they are named"
says "--force" "with the way"
run rules delete noisy --rules "$rules" --reason old --force
exits 1 "an exception for others too is for a person to change"
sed -i 's/noisy, //' "$rules/except.cdr"
git -C repo commit -qam less
run rules delete noisy --rules "$rules" --reason old --force
exits 0 "then it goes, its tests with it"
holds "and the other one stays" test "$(grep -c '^rule\|^test' "$rules/noisy.cdr")" = 3
holds "committed" is_clean

# What the environment says about another repository is not meant for the rules.
git init -q -b main elsewhere
GIT_DIR=$work/elsewhere/.git run rules new told --rules "$rules"
exits 0 "a rule goes into the repository where it lies, whatever GIT_DIR says"
holds "and is committed there" grep -q 'Add rule told' <(git -C repo log -1 --format=%s)
holds "and nowhere else" test "$(git -C elsewhere rev-list --all --count)" = 0
run rules delete told --rules "$rules" --reason gone --force
exits 0 "it goes again"

mkdir plain
run rules new one --rules plain
exits 0 "without git they are files"
prints "this is no work tree of git" "which is said"
cat >cdr.cdr <<'END'
daemon { rules = ["plain"] }
END
run rules list --config cdr.cdr
prints "plain/one.cdr:2" "the daemon's config names its rules"
run rules disable one --config cdr.cdr --reason x
exits 0 "which are changed by it"
run rules list --config cdr.cdr --rules plain
exits 2 "both are one too many"
echo 'rule x {' >plain/bad.cdr
run rules enable one --rules plain
exits 1 "rules with mistakes stay refused when one of them is switched off"
holds "nothing was left behind" test -z "$(find plain "$rules" ! -name '*.cdr' -type f)"
# A rule is switched off also while another file is bad: that cannot wait.
mkdir -p emergency
echo 'rule loud { when severity >= high then open case }' >emergency/loud.cdr
echo 'rule typo { when severty >= high then open case }' >emergency/typo.cdr
run rules list --rules emergency
exits 1 "a set with mistakes is listed as far as it goes"
prints "loud " "with its rules"
says "severty" "and its mistakes"
run rules disable loud --rules emergency --reason CHG-9
exits 1 "a rule is switched off beside a bad file, and that the set stays bad is a finding"
says "refused before, and still are (1 mistake" "which is said"
says "git revert takes out what brought it; cdr pause stops all changes at once" "with a way out"
holds "it is written" grep -q 'disable rule loud' emergency/loud.cdr
run rules disable loud --rules emergency --reason again
prints "loud is disabled already" "and known the next time"
run rules enable loud --rules emergency
holds "the same with its return" bash -c "! grep -q 'disable rule' emergency/loud.cdr"
echo 'rule broken { when' >emergency/typo.cdr
run rules disable loud --rules emergency --reason CHG-9
holds "a file that cannot be parsed is no hindrance either" grep -q 'disable rule loud' emergency/loud.cdr
finish
