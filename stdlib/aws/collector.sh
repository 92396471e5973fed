# collector.sh - what a Linux host shows of itself, packed once and uploaded once.
# shellcheck shell=sh disable=SC2317,SC3045,SC2094
#
# POSIX sh on coreutils or busybox, with find, tar and gzip; curl, wget or python3 to upload.
# As root it sees everything, as anybody else what they may see. Before it stand lines that set
#   CDR_PUT      the presigned address to upload to; empty: pack only
#   CDR_PROFILE  quick or full
# and, for tests, CDR_ROOT (look below there instead of /) and CDR_KEEP (copy the archive there).
#
# It runs nothing that it finds: only tools of the system's own folders, by a PATH of its own. It
# opens regular files only, never through a link that somebody else may have laid, and what it
# writes goes to a fresh folder that it removes. All is bounded: seconds, bytes, entries. What is
# there and was not taken is in manifest.tsv, with the reason; so is what was cut to its newest
# part. Environments of processes, key files and password hashes are not looked for.
#
# The last line of its output is one JSON object of numbers and fixed words.
set -u
set +e
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset IFS CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH GZIP TAR_OPTIONS POSIXLY_CORRECT
unalias -a
: "${CDR_PUT:=}" "${CDR_PROFILE:=quick}" "${CDR_ROOT:=}" "${CDR_KEEP:=}"

case $CDR_PROFILE in
full) seconds=900 total_max=402653184 file_max=16777216 entries_max=50000 days=30 hashes_max=2000 ;;
*) CDR_PROFILE=quick seconds=240 total_max=67108864 file_max=1048576 entries_max=10000 days=7 hashes_max=300 ;;
esac
began=$(date +%s)
total=0 files=0 skipped=0 cut=0 number=0 work=

finish() { # uploaded sha256 bytes error
    printf '{"cdr":"triage","version":1,"profile":"%s","uploaded":"%s","sha256":"%s","bytes":%d,"files":%d,"skipped":%d,"cut":%d,"seconds":%d,"error":"%s"}\n' \
        "$CDR_PROFILE" "$1" "$2" "$3" "$files" "$skipped" "$cut" $(($(date +%s) - began)) "$4"
    test -z "$4"
    exit
}
clean() { test -z "$work" || rm -rf -- "$work"; }
trap clean EXIT
trap 'exit 143' HUP INT TERM

for folder in /var/tmp /tmp /dev/shm; do
    work=$(mktemp -d "$folder/cdr-XXXXXXXXXX" 2>/dev/null) && break
    work=
done
test -n "$work" || finish no '' 0 'no folder to write to'
out=$work/triage
mkdir "$out" || finish no '' 0 'no folder to write to'
manifest=$out/manifest.tsv
renice -n 19 -p $$ >/dev/null 2>&1
ionice -c 3 -p $$ >/dev/null 2>&1
ulimit -t 300 2>/dev/null
ulimit -c 0 2>/dev/null

if timeout 5 true 2>/dev/null; then
    within() { timeout "$@"; }
elif timeout -t 5 true 2>/dev/null; then
    within() { limit=$1 && shift && timeout -t "$limit" "$@"; }
else
    within() { shift && "$@"; }
fi
gnu_dd='' gnu_find=''
dd if=/dev/null iflag=nofollow,nonblock,skip_bytes,count_bytes of=/dev/null 2>/dev/null && gnu_dd=1
find / -maxdepth 0 -printf '' 2>/dev/null && gnu_find=1

# One line each: no control character of a name stays as it is, so nobody writes lines of ours.
shown() {
    case $1 in
    *[[:cntrl:]]*) printf '%s' "$1" | tr '\000-\037\177' '?' ;;
    *) printf '%s' "$1" ;;
    esac
}
note() { # state name-in-archive bytes source why
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(shown "$4")" "$(shown "$5")" >>"$manifest"
}
skip() { # source why
    skipped=$((skipped + 1))
    test "$skipped" -gt "$entries_max" || note skipped - - "$1" "$2"
}
late() { test $(($(date +%s) - began)) -ge "$seconds"; }
full() { test "$total" -ge "$total_max"; }
size_of() { stat -c %s -- "$1" 2>/dev/null || echo 0; }

# Whether there is no more room or time; says so of `source`.
over() { # source
    if late; then
        skip "$1" 'out of time'
    elif full; then
        skip "$1" 'the archive is full'
    else
        return 1
    fi
}
# What was just written to $out/name: count it, or take an empty one away.
kept() { # name source state why
    bytes=$(size_of "$out/$1")
    if test "$bytes" -eq 0; then
        rm -f -- "$out/$1"
        return
    fi
    total=$((total + bytes)) files=$((files + 1))
    test "$3" != cut || cut=$((cut + 1))
    note "$3" "$1" "$bytes" "$2" "$4"
}

# Standard input to $out/name, at most file_max bytes.
store() { # name source
    mkdir -p "$out/${1%/*}"
    head -c $((file_max + 1)) | tr '\000-\010\013-\037\177' '?' >"$out/$1"
    if test "$(size_of "$out/$1")" -gt "$file_max"; then
        kept "$1" "$2" cut "the first $file_max bytes"
    else
        kept "$1" "$2" kept ''
    fi
}
# The output of a tool of the system, if it is installed.
tool() { # name command..
    name=$1 && shift
    command -v "$1" >/dev/null 2>&1 || return 0
    over "$*" && return
    within 20 "$@" </dev/null 2>&1 | store "$name" "$*"
}

# The newest part of a regular file as $out/name. dd does not follow a link that was laid since
# we looked, nor wait for a pipe; where it cannot say so, the time is bounded.
copy() { # source name
    size=$(size_of "$1") state=kept why='' from=0
    if test "$size" -gt "$file_max"; then
        from=$((size - file_max)) state=cut why="the last $file_max of $size bytes"
    fi
    mkdir -p "$out/${2%/*}"
    if test -n "$gnu_dd"; then
        within 30 dd if="$1" iflag=nofollow,nonblock,skip_bytes,count_bytes,fullblock bs=65536 \
            skip="$from" count="$file_max" of="$out/$2" 2>/dev/null </dev/null
    else
        within 30 tail -c "$file_max" "$1" >"$out/$2" 2>/dev/null </dev/null
    fi
    if test $? -eq 0; then
        kept "$2" "$1" "$state" "$why"
    else
        rm -f -- "$out/$2"
        skip "$1" 'it cannot be read'
    fi
}
# A file, through no link at all; with `own`, which is for places where people may write, through
# no hard link either. Its content goes under a number, so that no name of theirs becomes one of
# ours.
take() { # folder-in-archive source own
    if test -L "$2"; then
        skip "$2" "a link to $(readlink -- "$2")"
    elif test ! -e "$2"; then
        return 0
    elif test ! -f "$2"; then
        skip "$2" 'no regular file'
    elif test "${3:-}" = own && test "$(stat -c %h -- "$2" 2>/dev/null)" != 1; then
        skip "$2" 'it has another name, perhaps as a file that is not theirs'
    elif test "$(readlink -f -- "$2")" != "$2"; then
        skip "$2" "through a link to $(readlink -f -- "$2")"
    elif test ! -r "$2"; then
        skip "$2" 'no permission'
    elif ! over "$2"; then
        number=$((number + 1))
        copy "$2" "$1/$number"
    fi
}
# A file of the system: a link is followed into the system's own folders only.
system() { # folder-in-archive source
    real=$2
    if test -L "$2"; then
        real=$(readlink -f -- "$2")
        case $real in
        "$CDR_ROOT"/etc/* | "$CDR_ROOT"/usr/* | "$CDR_ROOT"/lib/* | "$CDR_ROOT"/run/systemd/*) ;;
        /dev/null) return 0 ;; # how systemd masks
        *)
            skip "$2" "a link to $(readlink -- "$2")"
            return
            ;;
        esac
    fi
    take "$1" "$(readlink -f -- "$real" || echo "$real")"
}
# Every file below a folder of the system, at most 500 and three deep.
folder() { # folder-in-archive source
    test -d "$2" || return 0
    if test ! -r "$2"; then
        skip "$2" 'no permission'
        return
    fi
    at=0
    for found in "$2"/* "$2"/.[!.]* "$2"/*/* "$2"/*/*/*; do
        test -e "$found" || test -L "$found" || continue
        test -d "$found" && test ! -L "$found" && continue
        test -L "$found" && test -d "$found" && continue
        at=$((at + 1))
        if test "$at" -gt 500; then
            skip "$2" 'it has more than 500 files'
            return
        fi
        system "$1" "$found"
    done
}

# --- the system ---
tool system/uname uname -a
tool system/date date -u
tool system/id id
tool system/uptime uptime
tool system/disks df -P
tool system/kernel-messages dmesg
for item in version cmdline modules mounts self/mountinfo sys/kernel/tainted loadavg meminfo cgroups; do
    test ! -r "/proc/$item" || over "/proc/$item" || store "system/proc-$(printf %s "$item" | tr / -)" "/proc/$item" <"/proc/$item"
done
for item in os-release hostname hosts resolv.conf passwd group sudoers ld.so.preload ld.so.conf \
    crontab anacrontab rc.local profile bash.bashrc bashrc environment ssh/sshd_config \
    nsswitch.conf pam.conf issue machine-id; do
    system etc "$CDR_ROOT/etc/$item"
done

# --- who is and was here ---
tool logins/who who -a
tool logins/last last -n 500
tool logins/lastb lastb -n 500
tool logins/lastlog lastlog
for item in wtmp btmp lastlog auth.log auth.log.1 secure audit/audit.log cloud-init.log \
    amazon/ssm/amazon-ssm-agent.log; do
    system log "$CDR_ROOT/var/log/$item"
done
if test "$CDR_PROFILE" = full; then
    for item in messages syslog cron dpkg.log yum.log dnf.log kern.log cloud-init-output.log; do
        system log "$CDR_ROOT/var/log/$item"
    done
    tool log/journal journalctl --no-pager -n 20000
else
    tool log/journal-auth journalctl --no-pager -n 3000 SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10
fi

# --- what starts by itself ---
for item in cron.d cron.hourly cron.daily cron.weekly cron.monthly systemd/system profile.d \
    ld.so.conf.d sudoers.d init.d rc.d update-motd.d modules-load.d udev/rules.d xdg/autostart; do
    folder autostart "$CDR_ROOT/etc/$item"
done
folder autostart "$CDR_ROOT/var/spool/cron"
folder autostart "$CDR_ROOT/var/spool/at"
folder autostart "$CDR_ROOT/var/spool/cron/crontabs"
tool autostart/units systemctl --no-pager --all --full list-units
tool autostart/unit-files systemctl --no-pager --full list-unit-files
tool autostart/timers systemctl --no-pager --all list-timers
tool autostart/atq atq

# --- people's own files: histories, keys that let somebody in, what their shells read ---
homes=0
while IFS=: read -r _ _ _ _ _ home _; do
    case $home in
    '' | / | /proc* | /sys* | /dev* | /nonexistent* | [!/]*) continue ;;
    esac
    test -d "$CDR_ROOT$home" || continue
    base=$(readlink -f -- "$CDR_ROOT$home") || continue
    case " ${seen_homes:=} " in
    *" $base "*) continue ;;
    esac
    seen_homes="$seen_homes $base"
    homes=$((homes + 1))
    if test "$homes" -gt 200; then
        skip "$CDR_ROOT$home" 'there are more than 200 homes'
        break
    fi
    if test ! -x "$base"; then
        skip "$base" 'no permission'
        continue
    fi
    for item in .bash_history .ash_history .sh_history .zsh_history .history .python_history \
        .mysql_history .psql_history .viminfo .lesshst .ssh/authorized_keys .ssh/authorized_keys2 \
        .ssh/known_hosts .ssh/rc .bashrc .bash_profile .bash_login .bash_logout .profile .zshrc \
        .zprofile .zshenv .kshrc .forward; do
        take home "$base/$item" own
    done
    for found in "$base"/.config/systemd/user/*.service "$base"/.config/systemd/user/*.timer \
        "$base"/.config/autostart/*; do
        take home "$found" own
    done
done <"$CDR_ROOT/etc/passwd"

# --- processes: from /proc itself, since ps may lie as easily as anything ---
of_process() { # pid
    parent=- uid=- state=- title=-
    while read -r key first _; do
        case $key in
        Name:) title=$first ;;
        State:) state=$first ;;
        PPid:) parent=$first ;;
        Uid:)
            uid=$first
            break
            ;;
        esac
    done <"/proc/$1/status"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t' "$1" "$parent" "$uid" "$state" "$(shown "$title")" \
        "$(shown "$(readlink "/proc/$1/exe")")" "$(shown "$(readlink "/proc/$1/cwd")")"
    head -c 4096 "/proc/$1/cmdline" | tr '\000\n' '  '
    echo
}
fds_of() { # pid
    echo "== $1"
    within 5 ls -ln "/proc/$1/fd" | head -n 500
}
each_process() { # function source
    done_processes=0
    for pid in /proc/[0-9]*; do
        pid=${pid#/proc/}
        test -r "/proc/$pid/status" || continue
        if late; then
            echo 'cut: out of time'
            return
        fi
        done_processes=$((done_processes + 1))
        if test "$done_processes" -gt "$entries_max"; then
            echo "cut: more than $entries_max processes"
            return
        fi
        "$1" "$pid"
    done
}
maps_of() { # pid
    grep -E ' /(memfd:|dev/shm/|tmp/|var/tmp/)|\(deleted\)' "/proc/$1/maps" | sed "s/^/$1 /" | head -n 200
}
big=$file_max && file_max=16777216
over /proc || each_process of_process 2>/dev/null | store processes/list.tsv '/proc (pid, parent, uid, state, name, exe, cwd, command line)'
over /proc/fd || each_process fds_of 2>/dev/null | store processes/open-files '/proc/PID/fd'
over /proc/maps || test "$CDR_PROFILE" = quick || each_process maps_of 2>/dev/null | store processes/maps '/proc/PID/maps: deleted and temporary'
file_max=$big
tool processes/ps ps -ef

# Each running program once, also one whose file was deleted: of that the kernel still has the
# content, and we keep it.
: >"$work/programs"
hashed=0 rescued=0
mkdir -p "$out/processes"
for pid in /proc/[0-9]*; do
    exe=$pid/exe
    link=$(readlink "$exe" 2>/dev/null) || continue
    over "$exe" && break
    id=$(stat -L -c %d:%i "$exe" 2>/dev/null) || { skip "$exe" 'no permission' && continue; }
    grep -qxF "$id" "$work/programs" && continue
    echo "$id" >>"$work/programs"
    hashed=$((hashed + 1))
    if test "$hashed" -gt "$hashes_max"; then
        skip /proc/PID/exe "more than $hashes_max programs"
        break
    fi
    if test "$(stat -L -c %s "$exe" 2>/dev/null || echo 0)" -gt 536870912; then
        skip "$exe" 'over 512 MB'
        continue
    fi
    sum=$(within 30 sha256sum <"$exe" 2>/dev/null) || { skip "$exe" 'it cannot be read' && continue; }
    printf '%s\t%s\t%s\n' "${sum%% *}" "${pid#/proc/}" "$(shown "$link")" >>"$out/processes/programs.tsv"
    case $link in
    *' (deleted)' | /memfd:*)
        rescued=$((rescued + 1))
        if test "$rescued" -gt 20; then
            skip "$exe" 'more than 20 deleted programs'
        else
            within 30 head -c 16777216 <"$exe" >"$out/processes/deleted-${pid#/proc/}" 2>/dev/null
            kept "processes/deleted-${pid#/proc/}" "$exe" kept 'its file is gone'
        fi
        ;;
    esac
done
test ! -f "$out/processes/programs.tsv" || kept processes/programs.tsv '/proc/PID/exe (sha256, a pid, file)' kept ''

# --- the network ---
for item in tcp tcp6 udp udp6 raw raw6 unix packet arp route ipv6_route dev; do
    test ! -r "/proc/net/$item" || over "/proc/net/$item" || store "network/proc-$item" "/proc/net/$item" <"/proc/net/$item"
done
tool network/sockets ss -tuwxanp
tool network/addresses ip addr
tool network/routes ip route
tool network/neighbours ip neigh
tool network/nftables nft list ruleset
tool network/iptables iptables-save
tool system/modules lsmod

# --- containers, as those who run them list them ---
tool containers/docker docker ps -a --no-trunc
tool containers/docker-images docker images --no-trunc
tool containers/podman podman ps -a --no-trunc
tool containers/crictl crictl ps -a
tool containers/containerd ctr --namespace k8s.io containers ls

# --- what was put where anybody may write ---
listed() { # folder
    if test -n "$gnu_find"; then
        within 60 find "$1" -xdev -path "$work" -prune -o -mtime "-$days" \
            -printf '%T@\t%C@\t%m\t%U\t%G\t%s\t%y\t%p -> %l\0'
    else
        within 60 find "$1" -xdev -path "$work" -prune -o -mtime "-$days" -exec stat -c '%Y	%Z	%a	%u	%g	%s	%F	%N' '{}' + |
            tr '\n' '\000'
    fi | tr '\n\000' '?\n' | head -n $((entries_max * 10 + 1)) | sort -rn
}
# shellcheck disable=SC2016 # the inner shell expands
hash_files='
    late=$1 left=$2 && shift 2
    for file do
        left=$((left - 1))
        test "$left" -ge 0 && test "$(date +%s)" -lt "$late" || exit 0
        test -f "$file" && test ! -L "$file" && sha256sum -- "$file"
    done'
for item in tmp var/tmp dev/shm; do
    place=$CDR_ROOT/$item
    test -d "$place" || continue
    over "$place" && continue
    name=$(printf %s "$item" | tr / -)
    big=$file_max && file_max=16777216
    listed "$place" 2>/dev/null >"$work/listing"
    count=$(wc -l <"$work/listing")
    test "$count" -le "$entries_max" ||
        skip "$place" "only the newest $entries_max of $count changed entries (or more) are listed"
    head -n "$entries_max" "$work/listing" |
        store "recent/$name.tsv" "$place (changed, status changed, mode, uid, gid, bytes, type, name)"
    file_max=$big
    over "$place" && continue
    within 60 find "$place" -xdev -path "$work" -prune -o -type f -mtime "-$days" \
        -size -32768k -exec sh -c "$hash_files" sh $((began + seconds)) "$hashes_max" '{}' + 2>/dev/null |
        head -n "$hashes_max" | store "recent/$name.sha256" "$place (sha256 of at most $hashes_max files)"
    test "$CDR_PROFILE" = full || continue
    # Their content too, the small ones; under numbers, through no link.
    find "$place" -xdev -path "$work" -prune -o -type f -mtime "-$days" -size -1024k -print0 2>/dev/null |
        tr '\n\000' '\001\n' | head -n 500 >"$work/small"
    while IFS= read -r file; do
        case $file in
        *"$(printf '\001')"*) skip "$file" 'a newline in its name' ;;
        *) take "recent/$name" "$(readlink -f -- "${file%/*}")/${file##*/}" own ;;
        esac
    done <"$work/small"
done

# --- packed once, sent once ---
note end - "$total" - "$files files, $skipped skipped, $cut cut, $(($(date +%s) - began)) seconds"
archive=$work/triage.tar.gz
tar -C "$work" -cf - triage 2>/dev/null | gzip -n -6 >"$archive" 2>/dev/null
sum=$(sha256sum <"$archive" 2>/dev/null)
sum=${sum%% *} bytes=$(size_of "$archive")
if test "$bytes" -lt 100 || ! gzip -t "$archive" 2>/dev/null; then
    finish no '' 0 'the archive cannot be written'
fi
test -z "$CDR_KEEP" || cp "$archive" "$CDR_KEEP"
test -n "$CDR_PUT" || finish no "$sum" "$bytes" ''

# The address goes through standard input: arguments are for everybody to see.
by_curl() {
    printf 'url = "%s"\n' "$CDR_PUT" | curl -K - -sS -f --max-time 600 --retry 3 --retry-delay 2 \
        -T "$archive" -H 'If-None-Match: *' -H 'Expect:' -o /dev/null -w '%{http_code}'
}
by_wget() {
    printf '%s\n' "$CDR_PUT" | wget -q -O /dev/null --timeout=120 --tries=3 --method=PUT \
        --body-file="$archive" --header='If-None-Match: *' -i - && echo 200
}
by_python() {
    printf '%s\n' "$CDR_PUT" | python3 -I -c '
import sys, urllib.error, urllib.request as u
data = open(sys.argv[1], "rb").read()
r = u.Request(sys.stdin.readline().strip(), data, {"If-None-Match": "*", "Content-Type": "application/gzip"}, method="PUT")
try:
    print(u.urlopen(r, timeout=600).status)
except urllib.error.HTTPError as e:
    print(e.code)' "$archive"
}
how=
for try in curl wget python3; do
    command -v "$try" >/dev/null 2>&1 || continue
    how=$try
    status=$("by_${try%3}" 2>/dev/null)
    case $status in
    200) finish yes "$sum" "$bytes" '' ;;
    412) finish exists "$sum" "$bytes" '' ;; # an earlier attempt arrived, or somebody was there first
    esac
done
test -n "$how" || finish no "$sum" "$bytes" 'there is none of curl, wget and python3 to upload with'
case ${status:-} in
[1-5][0-9][0-9]) finish no "$sum" "$bytes" "the upload was refused with status $status" ;;
*) finish no "$sum" "$bytes" 'the upload did not reach S3' ;;
esac
