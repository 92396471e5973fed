#!/usr/bin/env bash
# webhook.sh - alerts over HTTP: who is let in, what is answered, and that what was acknowledged is
# there after a kill -9, once. The signatures are made by openssl.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v curl >/dev/null || ! command -v openssl >/dev/null; then
    skip "webhooks" "no curl or no openssl"
    finish
    exit
fi
export HOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
export HOOK_FORMER=fedcba9876543210fedcba9876543210 HOOK_TOKEN=0123456789abcdef
key=$(printf 0123456789abcdef0123456789abcdef | od -An -v -tx1 | tr -d ' \n')
former=$(printf %s "$HOOK_FORMER" | od -An -v -tx1 | tr -d ' \n')

# Authorities of clients, a certificate of each, and the daemon's own.
make_authority() { # NAME
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE 2>/dev/null
}
make_certificate() { # NAME AUTHORITY SUBJECT
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$3" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=IP:127.0.0.1") -out "$1.pem" 2>/dev/null
}

config() { # SETTINGS
    cat <<END
cdr 1

daemon {
  rules = ["rules"]
  sandbox = on
  canary = 1h
  webhook std { source = guardduty secret = env("HOOK_SECRET") former_secret = env("HOOK_FORMER") }
  webhook mac { scheme = hmac header = "x-signature" secret = env("HOOK_SECRET") }
  webhook bearer { token = env("HOOK_TOKEN") }
  webhook custom { header = "x-webhook-secret" token = env("HOOK_TOKEN") }
  $1
}
END
}
mkdir rules
cat >rules/all.cdr <<'END'
cdr 1

rule high "An alert that matters" {
  when severity >= high and exists instance.id
  then collect snapshot
}
END

daemon='' url=''
serve() { # CONFIG
    : >ready
    cdr_serve() { exec $CDR serve --config "$1" --listen 127.0.0.1:0 --data data; }
    (cdr_serve "$1") >ready 2>said &
    daemon=$!
    children+=("$daemon")
    for _ in $(seq 600); do
        grep -q '^ready ' ready && break
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    url=$(sed -n 's/^ready //p' ready)
    if [ -z "$url" ]; then
        sed 's/^/# /' said
        echo 'Bail out! the daemon does not start'
        exit 1
    fi
}
end_daemon() { # SIGNAL
    kill "-$1" "$daemon"
    wait "$daemon" 2>/dev/null
    children=()
}

ask() { # PATH [CURL OPTION ..]: the status is in $status, the body in $out
    local path=$1
    shift
    status=$(curl -sS -m 20 -o "$out" -w '%{http_code}' "$@" "$url$path" 2>"$err")
}
gets() { # STATUS SENTENCE
    if [ "$status" = "$1" ]; then report ok "$2"; else report "not ok" "$2 (wanted status $1)"; fi
}
sign() { # KEY ID AT BODY
    printf '%s.%s.%s' "$2" "$3" "$4" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | base64
}
signed() { # ID AT KEY BODY
    ask /hooks/std -H "webhook-id: $1" -H "webhook-timestamp: $2" \
        -H "webhook-signature: v1,$(sign "$3" "$1" "$2" "$4")" --data-binary "$4"
}
as_admin() { # PATH [CURL OPTION ..]
    local path=$1
    shift
    ask "$path" -H "Authorization: Bearer $(cat data/admin.token)" "$@"
}
alerts() { as_admin "/v1/alerts?limit=1000" && jq -e "(.items | length) == $1" "$out" >/dev/null; }
# Every alert, with how often it was looked at and when it was done.
looked_at() { jq -c '.items | map([.id, .state, .attempts, .evaluated])' "$out"; }
settled() { as_admin "/v1/alerts?limit=1000" && json '.items | all(.state != "waiting")'; }
eventually() { # SENTENCE CMD ..
    local sentence=$1
    shift
    for _ in $(seq 100); do
        "$@" && break
        sleep 0.1
    done
    holds "$sentence" "$@"
}

config "" >daemon.cdr
serve daemon.cdr
body='{"id":"1","severity":8}'
now=$(date +%s)

# ---- who is let in ----

ask /hooks/std --data-binary "$body"
gets 401 "without a signature nothing is taken"
ask /hooks/nobody --data-binary "$body"
gets 404 "nobody's webhook is none"
ask /hooks/std
gets 405 "alerts are posted"
ask /v1/alerts/any --data-binary "$body"
gets 401 "the API wants the token"
signed m-1 "$now" "${key/3/4}" "$body"
gets 401 "another secret is none"
signed m-1 "$((now - 400))" "$key" "$body"
gets 401 "a message counts for five minutes"
ask /hooks/bearer -H "Authorization: Bearer ${HOOK_TOKEN}x" --data-binary "$body"
gets 401 "another token is none"
head -c 9000000 /dev/zero >large
ask /hooks/bearer -H "Authorization: Bearer $HOOK_TOKEN" --data-binary @large
gets 413 "over 8 MiB is too much"
ask /hooks/bearer -H "Authorization: Bearer $HOOK_TOKEN" -H "Content-Encoding: br" --data-binary "$body"
gets 415 "what is compressed in another way than gzip is not read"
head -c 100000000 /dev/zero | gzip -9 >bomb
ask /hooks/bearer -H "Authorization: Bearer $HOOK_TOKEN" -H "Content-Encoding: gzip" --data-binary @bomb
gets 413 "a bomb does not go off"
holds "the log says who was refused, and no secret" grep -q 'webhook was refused.*webhook std' said
holds "no secret is in the log" test "$(grep -c "$HOOK_TOKEN\|MDEyMzQ1\|$HOOK_FORMER" said)" = 0
eventually "of all these there is no alert" alerts 0

# ---- what is taken ----

signed m-1 "$now" "$key" "$body"
gets 202 "what is signed is taken"
holds "and has a number" json '.new == 1 and (.ids | length) == 1'
first=$(jq -r '.ids[0]' "$out")
signed m-1 "$now" "$key" "$body"
gets 202 "the same message again is answered"
holds "and was known" json '.new == 0'
signed m-1 "$now" "$key" '{"id":"2","severity":8}'
gets 409 "with another body it is a conflict"
signed m-2 "$now" "$former" '{"id":"2","severity":8}'
gets 202 "the former secret still counts"
ask /hooks/mac -H "x-signature: sha256=$(printf %s "$body" | openssl dgst -sha256 \
    -hmac "$HOOK_SECRET" -r | cut -c 1-64)" --data-binary "$body"
gets 202 "a plain HMAC of the body counts"
ask /hooks/custom -H "X-Webhook-Secret: $HOOK_TOKEN" --data-binary '[{"id":"3"},{"id":"4"}]'
gets 202 "a token in a header of the block's choice counts"
holds "each of an array is an alert" json '.new == 2'
printf '%s\n' '{"id":"5"}' 'garbage' '{"id":"6"}' >lines
as_admin /v1/alerts/any --data-binary @lines
gets 202 "lines are taken, one by one"
holds "garbage too" json '.new == 3'
gzip lines
as_admin /v1/alerts/any -H "Content-Encoding: gzip" --data-binary @lines.gz
gets 202 "also compressed"
holds "and all of them were known" json '.new == 0 and .known == 3'
as_admin /v1/alerts/any --data-binary '[]'
gets 202 "no alerts are no mistake"
as_admin /v1/alerts/any --data-binary ''
gets 400 "nothing is one"
as_admin /v1/alerts/guarduty --data-binary "$body"
gets 404 "a source that is none is told"
prints "guardduty" "with the nearest"
eventually "there are as many alerts as were taken" alerts 8

# ---- what was acknowledged stays, once ----

eventually "each was evaluated or set aside" settled
holds "the garbage is what was set aside" json '[.items[] | select(.state == "dead")] | length == 1'
before=$(looked_at)
end_daemon 9
serve daemon.cdr
signed m-1 "$now" "$key" "$body"
gets 202 "after a kill -9 the message is still known"
holds "and not new" json '.new == 0'
signed m-1 "$now" "$key" '{"id":"7","severity":8}'
gets 409 "and its id is still taken"
as_admin "/v1/alerts/$first"
gets 200 "the alert is there"
eventually "and no other came" alerts 8
settled
holds "nothing was evaluated a second time" test "$before" = "$(looked_at)"
end_daemon TERM

# ---- certificates of clients ----

make_authority ca
make_authority other
make_certificate server ca 127.0.0.1
make_certificate client ca client
make_certificate stranger other stranger
config 'tls { certificate = "server.pem" key = file("server.key") }
  webhook mutual { client_ca = "ca.pem" }' >mutual.cdr
serve mutual.cdr
ask /hooks/mutual --cacert ca.pem --data-binary '{"id":"8"}'
gets 401 "without a certificate nothing is taken"
ask /hooks/mutual --cacert ca.pem --cert stranger.pem --key stranger.key --data-binary '{"id":"8"}'
holds "with one of another authority neither" test "$status" != 202
ask /hooks/mutual --cacert ca.pem --cert client.pem --key client.key --data-binary '{"id":"8"}'
gets 202 "with one of the webhook's authority it is"
end_daemon TERM

# ---- what does not start ----

HOOK_TOKEN=short
run serve --config daemon.cdr --listen 127.0.0.1:0 --data data
exits 2 "a token that can be guessed keeps the daemon from starting"
says "webhook bearer: token" "and it says which"
finish
