#!/usr/bin/env bash
# doctor.sh - cdr doctor: what it finds, and what it says to do.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p repo/.git repo/rules repo/sub
cd repo/sub || exit 2
echo 'when source=guardduty and severity >= high and exists instance.id then collect snapshot' >../rules/a.cdr
run doctor
exits 0 "without settings and credentials there is no problem"
prints "ok       cdr              version" "it says which build this is"
prints "openssl" "with which libraries"
prints "regexes          " "how regular expressions run"
prints "no cdr.json from here up" "that there is no configuration"
prints "warning  AWS credentials  " "and that there are no credentials"
prints "nothing can be applied" "and what that means"
printf '{\n"rules": ["rules"],\n"check": {"format": "concise"},\n"lint": {"CDR0301": "off"}}\n' >../cdr.json
CDR_FORMAT=text run doctor
prints "configuration    ../cdr.json" "the configuration is found"
prints "rules = ../rules (../cdr.json:2)" "each value is told with its place"
prints "check.format = concise (../cdr.json:3; outranked by CDR_FORMAT)" "and what outranks it"
prints "lint: CDR0301 off" "lint is told"
prints "1 file in ../rules" "rules are counted"
run doctor --rules nowhere
exits 1 "rules that are not there are a problem"
prints "problem  rules" "that is called one"
echo '{"ruls": 1}' >../cdr.json
run doctor
exits 1 "a broken configuration is a problem"
prints 'did you mean "rules"?' "told as by every command"
run doctor --isolated
exits 0 "unless it is not read"
rm ../cdr.json
CDR_MODE=apply run doctor
exits 1 "a variable that is not read is a problem"
CDR_EXTERNAL_ID=very-own-id run doctor
exits 0 "what connections read is no problem"
prints "external-id is set (CDR_EXTERNAL_ID)" "it is told to be there"
holds "and not what it is" bash -c "! grep -q very-own-id '$out' '$err'"
CDR_DTA=x run doctor
exits 0 "a misspelt one is a warning"
prints "did you mean CDR_DATA?" "with the right one"

mkdir -m 700 ../data
run doctor --data ../data
exits 0 "an empty data directory is well"
prints "none yet" "and has no journal"
prints "MiB in ../data" "free space is told"
CDR_DATA=../data run doctor
prints "../data, writable" "the environment can name it"
chmod 777 ../data
run doctor --data ../data
exits 1 "one that everybody may write to is a problem"
chmod 700 ../data
run doctor --data ../nowhere
prints "warning  data directory" "one that is not there is a warning"
echo x >../data/journal.db
run doctor --data ../data
exits 1 "a journal that is none is a problem"
prints "problem  journal" "that is called one"
rm ../data/journal.db

export AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=very-secret-very-secret AWS_REGION=eu-west-1
run doctor
prints "from the environment, region eu-west-1; not tried" "credentials are told by where they are"
holds "never by what they are" bash -c "! grep -q very-secret '$out' '$err'"
AWS_ENDPOINT_URL=http://127.0.0.1:9 run doctor --online
exits 1 "an AWS that does not answer is a problem"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
start_sandbox
run doctor
holds "without --online nothing is sent" bash -c \
    "[ \"\$(curl -fsS '$AWS_ENDPOINT_URL/_sandbox/calls' | jq length)\" = 0 ]"
run doctor --online
exits 0 "with it AWS is asked"
prints "we are arn:aws:" "and says who we are"
cat >alert.json <<'J'
{"source":"guardduty","severity":"high","alert":{"id":"a1"},"instance":{"id":"i-0123456789abcdef0"},"cloud":{"account":"111122223333","region":"eu-west-1"}}
J
run run --rules ../rules --alerts alert.json --mode apply --data ../data
run doctor --data ../data --format json
exits 0 "a journal is read"
holds "as JSON it is one object" json '[.checks[] | select(.name == "journal")][0].state == "ok"'
run doctor extra
exits 2 "it takes no operand"
finish
