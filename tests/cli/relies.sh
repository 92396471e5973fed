#!/usr/bin/env bash
# relies.sh - what stands is lifted by no other step, and what only looks the same holds nobody.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_sandbox
role=arn:aws:iam::111122223333:role/ci-runner
ip='ip="203.0.113.9"'
number=0

banned() { sandbox_ask state | grep -qF '"203.0.113.9/32"'; }

# Two runs of two rules, in a journal of their own on a sandbox that is as new.
both() { # FIRST SECOND
    number=$((number + 1))
    sandbox_tell reset ''
    cat >both.cdr <<RULES
connection aws { provider = aws member_role = "cdr-responder" external_id = "cdr-sandbox" }
rule first { when source=guardduty and severity=high then respond $1 }
rule second { when source=guardduty and severity=low then respond $2 }
RULES
    for severity in high low; do
        printf '{"source":"guardduty","severity":"%s","alert":{"id":"%s","title":"t"}}\n' \
            "$severity" "$severity" >alert.json
        run run --rules both.cdr --alerts alert.json --mode apply --data "data$number"
        exits 0 "$([ "$severity" = high ] && echo "$1" || echo "then $2") is done"
    done
}
lets_go() { # FIRST SECOND: the first is taken back on its own
    both "$1" "$2"
    run undo 1 --data "data$number"
    exits 0 "and the first is taken back on its own"
}
holds_on() { # FIRST SECOND: the first is not taken back while the second stands
    both "$1" "$2"
    run undo 1 --data "data$number"
    exits 1 "and the first is not taken back while the second stands"
    says "relies on it" "which is said"
    run undo 2 --data "data$number"
    exits 0 "but the second is,"
    run undo 1 --data "data$number"
    exits 0 "and then the first"
}

waf="ban_ip $ip via=\"waf\" ip_set=\"blocklist\""
nacl="ban_ip $ip via=\"nacl\""
lets_go "$waf" "$nacl instance=\"i-01111e1c0ffee0003\""
lets_go "$waf" "$waf region=\"us-east-1\""
lets_go "$waf" "$waf account=\"444455556666\""
holds_on "$waf" "$waf account=\"111122223333\""
lets_go "ban_ip $ip via=\"iam\" role=\"$role\"" \
    "ban_ip ip=\"203.0.113.77\" via=\"iam\" role=\"$role\""
holds_on "$nacl instance=\"i-01111e1c0ffee0002\"" "$nacl acl=\"acl-01111e1c0ffee0001\""
group='group="sg-01111e1c0ffee0002"'
lets_go "close_security_group $group direction=\"ingress\"" \
    "close_security_group $group direction=\"egress\""
holds_on "close_security_group $group direction=\"ingress\"" \
    "close_security_group $group direction=\"both\""
holds_on "close_security_group $group direction=\"both\"" \
    "close_security_group $group direction=\"ingress\""

# Several actions change the same thing.
user='user="arn:aws:iam::111122223333:user/deploy"'
holds_on "disable_user $user" 'disable_access_key access_key="AKIASANDBOX1111DEPLOY"'
lets_go "disable_user $user" 'disable_access_key access_key="AKIASANDBOX1111BACKUP"'

# What names the place as well is protected by its own name all the same.
sandbox_tell reset ''
printf '%s\n' 'never target resource.id = "203.0.113.9" "a partner"' \
    "when source=guardduty then respond $waf" >never.cdr
run run --rules never.cdr --alerts alert.json --mode apply --data never
exits 1 "an address that is never a target"
prints "a partner" "is not banned, wherever it would be"
holds "and the set is as it was" eval '! banned'

# Their times are as much their own.
if ! command -v sqlite3 >/dev/null; then
    skip "times of what looks the same" "sqlite3 is not installed"
    finish
    exit
fi
minute_passes() {
    sqlite3 -cmd '.timeout 5000' "data$number/journal.db" "UPDATE timer
        SET set_ms = set_ms - 60000, due_ms = due_ms - 60000 WHERE ended_ms IS NULL"
    run resume --data "data$number"
}
key_is() { # STATUS
    sandbox_ask state | jq -e --arg status "$1" '[.. | objects
        | select(.accessKeyId? == "AKIASANDBOX1111DEPLOY" and .status? == $status)] | length > 0' >/dev/null
}
both "$waf for 1m" "ban_ip $ip via=\"iam\" role=\"$role\""
holds "the set has the address" banned
minute_passes
exits 0 "a minute passes"
holds "and it has not: that a role denies it as well holds nothing" eval '! banned'
both "disable_user $user for 1m" 'disable_access_key access_key="AKIASANDBOX1111DEPLOY" for 1h'
holds "the key is inactive" eval '! key_is Active'
minute_passes
holds "a key that another wants inactive for an hour stays so" key_is Inactive
finish
