#!/usr/bin/env bash
# doc.sh - cdr doc: pages about rules and about the language.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir rules
cat >rules/b.cdr <<'R'
list crown_jewels : text = ["pay-db-1", "dc-01"]
rule ransomware "Ransomware <on> an *endpoint*" (owner = "ir [x](y)", attack = "T1486", runbook = "https://wiki.example/ir/7") {
  when source = defender and severity >= high and host.name in crown_jewels
  then collect triage as t;
       if t.complete and t.verdict >= malicious
         then { respond isolate_host }
         else { open case project="IR" }
}
R
cat >rules/a.cdr <<'R'
rule miner (attack = "T1496.001 or so", runbook = "javascript:alert(1)") {
  when source = guardduty and exists instance.id and alert.title contains "```"
  then collect snapshot; respond isolate_role; respond stop_instance
}
R
run doc rules
exits 0 "doc ends well"
cp "$out" page.md
prints "2 rules." "it counts the rules"
prints "## ransomware: Ransomware \\<on\\> an \\*endpoint\\*" "a title is shown as text"
prints "- **Owner:** ir \\[x\\](y)" "so is an owner"
prints "(https://attack.mitre.org/techniques/T1486/)" "a technique is a link"
prints "- **ATT&CK:** T1496.001 or so" "what is none is text"
prints "<https://wiki.example/ir/7>" "a runbook is a link"
prints "- **Runbook:** javascript:alert(1)" "unless it is no address of the web"
prints '````cdr' "code cannot be left by what is in it"
prints "source = defender and severity >= high and host.name in crown_jewels" "the condition is there in its own words"
prints '2. If `t.complete and t.verdict >= malicious`:' "steps are in order, with what they depend on"
prints '   Otherwise:' "and their other way"
prints '*changes*; `cdr undo` takes it back (release_role)' "it is said how a step is taken back"
prints 'Permissions at aws: `ec2:CreateSnapshots`' "and what it needs"
prints '| crown\_jewels | text | 2 |' "lists have type and size"
holds "rules are sorted by name" bash -c \
    "[ \"\$(grep -n '^## miner' page.md | cut -d: -f1)\" -lt \"\$(grep -n '^## ransomware' page.md | cut -d: -f1)\" ]"
run doc rules/b.cdr rules/a.cdr
holds "whatever the order of the paths" cmp -s "$out" page.md
run doc --format json rules
holds "as JSON it is one object" json '.rules | map(.name) == ["miner", "ransomware"]'
holds "with sources" json '.rules[0].sources == ["guardduty"]'
holds "and permissions of all steps together" json \
    '.rules[0].permissions.aws.apply | index("ec2:StopInstances") and index("iam:PutRolePolicy")'
holds "and lists" json '.lists[0] | .name == "crown_jewels" and .count == 2'
(cd rules && cdr doc >"$out" 2>"$err")
prints "2 rules." "without a path it is about the current directory"
run doc - <rules/a.cdr
exits 0 "an empty standard input is an empty set"
cdr doc - <rules/a.cdr >"$out" 2>"$err"
prints "1 rule." "- is standard input"
echo 'rule broken { when sorce = defender then collect triage }' >rules/c.cdr
run doc rules
exits 1 "mistakes are findings"
says "did you mean" "and told"
prints "## miner" "and the page is there all the same"
run doc nowhere
exits 2 "a path that is not there is an error"
mkdir all
cat >all/all.cdr <<'R'
list bad_ips : ip from "bad_ips.txt"
environment production {
  aws accounts ["111122223333"] regions ["eu-west-1"] tags { env = "prod" }
}
defaults { limit 20 targets per 1h }
rule one {
  when source in [defender, guardduty]
  unless host.name = "x" until 2027-01-31 reason "CHG-1"
  then collect snapshot
}
disable rule one
exception pentest for one when src.ip in bad_ips until 2026-12-15 reason "CHG-8812"
never respond isolate_role on role.arn like "*:role/break-glass*" "break-glass must stay usable"
test "a | b" { alert { "source": "defender" }; expect quiet }
R
echo 192.0.2.1 >all/bad_ips.txt
# Whether every kind of item is enforced by this build or not: the page has it.
run doc all
prints "**This rule is switched off.**" "a rule that is switched off is called that"
prints '`defender`, `guardduty`' "sources in a list are found"
prints 'Not when `host.name = "x"`, until 2027-01-31: CHG-1' "so is what excuses, with its end"
prints "Not by exception pentest, until 2026-12-15: CHG-8812" "be it an exception"
prints '- **pentest** for `one` when `src.ip in bad_ips`' "exceptions have a part"
prints "break-glass must stay usable" "and invariants"
prints '  aws accounts ["111122223333"] regions ["eu-west-1"] tags { env = "prod" }' "and environments"
prints "defaults { limit 20 targets per 1h }" "and defaults"
prints "bad\_ips.txt" "and lists from files"
prints '- a \| b (`all/all.cdr:' "and tests"
run doc --language
holds "docs/reference.md is what cdr doc --language prints: run make docs" \
    cmp -s "$out" "$root/docs/reference.md"
for name in crowdstrike defender; do
    run doc --provider $name
    holds "docs/steps-$name.md is what cdr doc --provider $name prints: run make docs" \
        cmp -s "$out" "$root/docs/steps-$name.md"
done
prints "- Needs WindowsDefenderATP: Machine.Isolate, Machine.Read.All." "steps say what they need"
prints '`cdr undo` takes it back by `release_machine`' "and what takes them back"
run doc --provider crowdstrike rules
exits 2 "it is about no rules"
run doc --provider aws
exits 2 "another provider has no such page"
finish
