# collector.sh - what a Linux host shows of itself, packed once and uploaded once.
# shellcheck shell=sh disable=SC2317,SC3045,SC2094
#
# POSIX sh on coreutils or busybox, with find, tar and gzip; curl, wget or python3 to upload.
# As root it sees everything, as anybody else what they may see. Before it stand lines that set
#   CDR_PUT      the presigned address to upload to; empty: pack only
#   CDR_PROFILE  what the collection is called
#   CDR_TAKE     artifacts.def's names of what to take, a line each; not set: all of them
#   CDR_FILES    patterns of files to take too, a line each, with * and ?; CDR_MOST of them
#   CDR_SECONDS, CDR_TOTAL_MAX, CDR_FILE_MAX (bytes), CDR_SINCE (seconds), CDR_SENT (the sender's clock)
#   CDR_TOOL, CDR_TOOL_SUM, CDR_TOOL_NAME, own_tool()  a collector of the user's own, its SHA-256, what
#                it is called there, how it is run
# started detached also CDR_DIR (of place.sh: status.json and the archive go there) and, for tests,
# CDR_ROOT (look below there instead of /) and CDR_KEEP (copy the archive there).
#
# It runs nothing that it finds: only tools of the system's own folders, by a PATH of its own. It
# opens regular files only, never through a link that somebody else may have laid, and what it
# writes goes to a fresh folder that it removes. All is bounded: seconds, bytes, entries. What is
# there and was not taken is in manifest.json, with the reason; so is what was cut to its newest
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
takes_all=${CDR_TAKE+no}
: "${CDR_PUT:=}" "${CDR_PROFILE:=quick}" "${CDR_ROOT:=}" "${CDR_KEEP:=}" "${CDR_DIR:=}" "${CDR_TAKE:=}"
: "${CDR_FILES:=}" "${CDR_TOOL:=}" "${CDR_TOOL_SUM:=}" "${CDR_TOOL_NAME:=}" "${CDR_SENT:=0}"
seconds=${CDR_SECONDS:-240} total_max=${CDR_TOTAL_MAX:-67108864} file_max=${CDR_FILE_MAX:-1048576}
days=$(((${CDR_SINCE:-604800} + 86399) / 86400)) most=${CDR_MOST:-500}
entries_max=10000 hashes_max=300
if test "$seconds" -gt 400; then
    entries_max=50000 hashes_max=2000
fi
began=$(date +%s)
offset=0
test "$CDR_SENT" -eq 0 || offset=$((began - CDR_SENT))
total=0 files=0 skipped=0 cut=0 number=0 work='' why=''
unread=0 limited=0 out_of_time=0 refused=0 broken=0
newline='
'

told() { # state uploaded sha256 bytes error
    printf '{"cdr":"triage","version":2,"profile":"%s","state":"%s","uploaded":"%s","sha256":"%s","bytes":%d,"files":%d,"skipped":%d,"cut":%d,"seconds":%d,"clock_offset":%d,"why":"%s","error":"%s"}\n' \
        "$CDR_PROFILE" "$1" "$2" "$3" "$4" "$files" "$skipped" "$cut" $(($(date +%s) - began)) "$offset" "$why" "$5"
}
status() { # the same
    test -n "$CDR_DIR" || return 0
    told "$@" >"$CDR_DIR/status.tmp" && mv -f -- "$CDR_DIR/status.tmp" "$CDR_DIR/status.json"
}
at_work() { status running no '' 0 ''; }
finish() { # uploaded sha256 bytes error
    state=complete
    test -z "$why" || state=partial
    if test -z "$2" || { test -n "$4" && test -z "$CDR_DIR"; }; then
        state=failed why=$4
    elif test -n "$4"; then
        why=${why:+$why, }$4
    fi
    clean
    status "$state" "$@"
    told "$state" "$@"
    test -z "$4"
    exit
}
clean() { test -z "$work" || rm -rf -- "$work"; }
trap clean EXIT
trap 'exit 143' HUP INT TERM

if test -n "$CDR_DIR"; then
    work=$CDR_DIR/work
    mkdir -m 700 -- "$work" || work=
else
    for folder in /var/tmp /tmp /dev/shm; do
        work=$(mktemp -d "$folder/cdr-XXXXXXXXXX" 2>/dev/null) && break
        work=
    done
fi
test -n "$work" || finish no '' 0 'no folder to write to'
out=$work/triage
mkdir "$out" || finish no '' 0 'no folder to write to'
at_work
renice -n 19 -p $$ >/dev/null 2>&1
ionice -c 3 -p $$ >/dev/null 2>&1
ulimit -t $((seconds + 60)) 2>/dev/null
ulimit -c 0 2>/dev/null

if timeout -k 10 5 true 2>/dev/null; then
    within() { timeout -k 10 "$@"; }
elif timeout 5 true 2>/dev/null; then
    within() { timeout "$@"; }
elif timeout -t 5 true 2>/dev/null; then
    within() { limit=$1 && shift && timeout -t "$limit" "$@"; }
else
    within() { shift && "$@"; }
fi
# At most 60 seconds, and no longer than there is time.
briefly() {
    span=$((began + seconds - $(date +%s)))
    test "$span" -ge 1 || span=1
    test "$span" -le 60 || span=60
    within "$span" "$@"
}
gnu_dd='' gnu_find=''
dd if=/dev/null iflag=nofollow,nonblock,skip_bytes,count_bytes of=/dev/null 2>/dev/null && gnu_dd=1
find / -maxdepth 0 -printf '' 2>/dev/null && gnu_find=1

# Whether the profile takes it.
takes() { # artifact
    test -n "$takes_all" || return 0
    case "$newline$CDR_TAKE" in
    *"$newline$1$newline"*) at_work ;;
    *) return 1 ;;
    esac
}
# One line each: no control character of a name stays as it is, so nobody writes lines of ours.
shown() {
    case $1 in
    *[[:cntrl:]]*) printf '%s' "$1" | tr '\000-\037\177' '?' ;;
    *) printf '%s' "$1" ;;
    esac
}
# A member of JSON. What is no printable ASCII is shown as ?, and then stands as NAME_hex too.
member() { # name text
    case $2 in
    *[!\ -~]*)
        printf ',"%s":"%s","%s_hex":"%s"' "$1" "$(printf '%s' "$2" | tr '\000-\037\177-\377' '?' | sed 's/[\\"]/\\&/g')" \
            "$1" "$(printf '%s' "$2" | od -An -v -tx1 | tr -d ' \n')"
        ;;
    *[\\\"]*) printf ',"%s":"%s"' "$1" "$(printf '%s' "$2" | sed 's/[\\"]/\\&/g')" ;;
    *) printf ',"%s":"%s"' "$1" "$2" ;;
    esac
}
sum_of() {
    sum=$(sha256sum <"$1" 2>/dev/null)
    printf '%s' "${sum%% *}"
}
note() { # state name-in-archive bytes source why
    {
        printf '{"state":"%s","bytes":%d,"sha256":"%s"' "$1" "$3" "$(sum_of "$out/$2")"
        member path "$2"
        member from "$4"
        test -z "$5" || member note "$5"
        echo '},'
    } >>"$work/kept"
}
skip() { # source why kind
    skipped=$((skipped + 1))
    case ${3:-} in
    limit) limited=$((limited + 1)) ;;
    late) out_of_time=$((out_of_time + 1)) ;;
    link) refused=$((refused + 1)) ;;
    tool) broken=$((broken + 1)) ;;
    *) unread=$((unread + 1)) ;;
    esac
    test "$skipped" -gt "$entries_max" || {
        printf '{"why":"%s"' "${3:-unread}"
        member from "$1"
        member note "$2"
        echo '},'
    } >>"$work/skipped"
}
absent() { # what a profile asks for, and this host has not
    printf '{"why":"absent"%s},\n' "$(member from "$1")" >>"$work/absent"
}
late() { test $(($(date +%s) - began)) -ge "$seconds"; }
full() { test "$total" -ge "$total_max"; }
size_of() { stat -c %s -- "$1" 2>/dev/null || echo 0; }

# Whether there is no more room or time; says so of `source`.
over() { # source
    if late; then
        skip "$1" 'out of time' late
    elif full; then
        skip "$1" 'the archive is full' limit
    else
        return 1
    fi
}
# What was just written to $out/name: count it. That there was nothing in it is told too.
kept() { # name source state why
    bytes=$(size_of "$out/$1")
    total=$((total + bytes)) files=$((files + 1))
    test "$3" != cut || cut=$((cut + 1))
    if test "$bytes" -eq 0; then
        note empty "$1" 0 "$2" "$4"
    else
        note "$3" "$1" "$bytes" "$2" "$4"
    fi
}
# In a pipe nothing can be counted: what is to be skipped is written down there, and counted after.
mark() { # source why kind; ours, without tabs
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$work/marks"
}
marks() {
    test -f "$work/marks" || return 0
    while IFS='	' read -r marked marked_why marked_kind; do
        skip "$marked" "$marked_why" "$marked_kind"
    done <"$work/marks"
    rm -f -- "$work/marks"
}
# How `find` ended, of what it looked through.
found_all() { # source
    read -r code <"$work/code"
    case $code in
    0 | 141) ;; # 141: there were more than we read, which is told
    124 | 137 | 143) skip "$1" 'it took too long to look through' late ;;
    *) skip "$1" 'not all of it can be looked through' ;;
    esac
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
# What comes through a pipe, for `store` to read: behind a pipe nothing can be counted.
bounded() { head -c $((file_max + 1)) >"$work/text"; }
# The output of a tool of the system, if it is installed.
tool() { # name command..
    name=$1 && shift
    if ! command -v "$1" >/dev/null 2>&1; then
        absent "$1"
        return
    fi
    over "$*" && return
    {
        within 20 "$@" </dev/null 2>&1
        echo $? >"$work/code"
    } | bounded
    store "$name" "$*" <"$work/text"
    read -r code <"$work/code"
    case $code in
    124 | 137 | 143) skip "$*" 'it took longer than 20 seconds' late ;;
    0 | 141) ;;
    *) skip "$*" "it ended with status $code: what it printed is there" tool ;;
    esac
}

# The newest part of a regular file, by a shell that stands in its folder, so that nobody lays a link
# where the folder was. dd does not follow one in place of the file, nor wait for a pipe; where it cannot
# say so, the kernel tells what was opened, and the time is bounded. The same file must be there after.
# shellcheck disable=SC2016 # the inner shell expands
copy_file='
    at=${1%/*} name=./${1##*/}
    cd -P -- "${at:-/}" && test "$(readlink /proc/self/cwd)" = "${at:-/}" || exit 3
    test -f "$name" && test ! -L "$name" || exit 3
    checked=$(stat -c %d:%i:%h -- "$name")
    test -z "$2" || test "${checked##*:}" = 1 || exit 3
    if test -n "$3"; then
        dd if="$name" iflag=nofollow,nonblock,skip_bytes,count_bytes,fullblock bs=65536 skip="$4" count="$5" || exit 1
    else
        exec 3<"$name" || exit 1
        test "$(readlink /proc/self/fd/3)" = "$1" || exit 3
        tail -c "$5" <&3 || exit 1
    fi
    test "$(stat -c %d:%i:%h -- "$name")" = "$checked" || exit 3'
copy() { # source name own
    size=$(size_of "$1") kind=kept part='' from=0
    if test "$size" -gt "$file_max"; then
        from=$((size - file_max)) kind=cut part="the last $file_max of $size bytes"
    fi
    mkdir -p "$out/${2%/*}"
    within 30 sh -c "$copy_file" sh "$1" "$3" "$gnu_dd" "$from" "$file_max" >"$out/$2" 2>/dev/null </dev/null
    code=$?
    if test "$code" -eq 0; then
        kept "$2" "$1" "$kind" "$part"
        return
    fi
    rm -f -- "$out/$2"
    case $code in
    3) skip "$1" 'it became another file while it was looked at' link ;;
    124 | 137 | 143) skip "$1" 'it took longer than 30 seconds' late ;;
    *) skip "$1" 'it cannot be read' ;;
    esac
}
# A file, through no link at all; with `own`, which is for places where people may write, through
# no hard link either. Its content goes under a number, so that no name of theirs becomes one of
# ours.
take() { # folder-in-archive source own
    if test -L "$2"; then
        skip "$2" "a link to $(readlink -- "$2")" link
    elif test ! -e "$2"; then
        return 0
    elif test ! -f "$2"; then
        skip "$2" 'no regular file' link
    elif test "${3:-}" = own && test "$(stat -c %h -- "$2" 2>/dev/null)" != 1; then
        skip "$2" 'it has another name, perhaps as a file that is not theirs' link
    elif test "$(readlink -f -- "$2")" != "$2"; then
        skip "$2" "through a link to $(readlink -f -- "$2")" link
    elif test ! -r "$2"; then
        skip "$2" 'no permission'
    elif ! over "$2"; then
        number=$((number + 1))
        copy "$2" "$1/$number" "${3:-}"
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
            skip "$2" "a link to $(readlink -- "$2")" link
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
            skip "$2" 'it has more than 500 files' limit
            return
        fi
        over "$2" && return
        system "$1" "$found"
    done
}

# --- the system ---
if takes system; then
    tool system/uname uname -a
    tool system/date date -u
    tool system/id id
    tool system/uptime uptime
    tool system/disks df -P
    tool system/kernel-messages dmesg
    for item in version cmdline modules mounts self/mountinfo sys/kernel/tainted loadavg meminfo cgroups; do
        test ! -r "/proc/$item" || over "/proc/$item" || store "system/proc-$(printf %s "$item" | tr / -)" "/proc/$item" <"/proc/$item"
    done
    for item in os-release hostname hosts resolv.conf nsswitch.conf pam.conf issue machine-id; do
        system etc "$CDR_ROOT/etc/$item"
    done
    tool system/modules lsmod
fi
if takes users; then
    for item in passwd group sudoers ssh/sshd_config; do
        system etc "$CDR_ROOT/etc/$item"
    done
    folder users "$CDR_ROOT/etc/sudoers.d"
fi

# --- who is and was here ---
if takes logins; then
    tool logins/who who -a
    tool logins/last last -n 500
    tool logins/lastb lastb -n 500
    tool logins/lastlog lastlog
    for item in wtmp btmp lastlog; do
        system log "$CDR_ROOT/var/log/$item"
    done
fi
if takes logs; then
    for item in auth.log auth.log.1 secure audit/audit.log cloud-init.log \
        amazon/ssm/amazon-ssm-agent.log; do
        system log "$CDR_ROOT/var/log/$item"
    done
fi
if takes journal; then
    if test "$file_max" -gt 4194304; then
        tool log/journal journalctl --no-pager -n 20000
    else
        tool log/journal-auth journalctl --no-pager -n 3000 SYSLOG_FACILITY=4 + SYSLOG_FACILITY=10
    fi
fi

# --- what starts by itself ---
if takes autostart; then
    for item in ld.so.preload ld.so.conf rc.local profile bash.bashrc bashrc environment; do
        system etc "$CDR_ROOT/etc/$item"
    done
    for item in profile.d ld.so.conf.d init.d rc.d update-motd.d modules-load.d udev/rules.d xdg/autostart; do
        folder autostart "$CDR_ROOT/etc/$item"
    done
fi
if takes services; then
    folder autostart "$CDR_ROOT/etc/systemd/system"
    tool autostart/units systemctl --no-pager --all --full list-units
    tool autostart/unit-files systemctl --no-pager --full list-unit-files
fi
if takes scheduled_tasks; then
    for item in crontab anacrontab; do
        system etc "$CDR_ROOT/etc/$item"
    done
    for item in etc/cron.d etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly \
        var/spool/cron var/spool/at var/spool/cron/crontabs; do
        folder autostart "$CDR_ROOT/$item"
    done
    tool autostart/timers systemctl --no-pager --all list-timers
    tool autostart/atq atq
fi

# --- people's own files: histories, keys that let somebody in, what their shells read ---
of_homes() {
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
            skip "$CDR_ROOT$home" 'there are more than 200 homes' limit
            break
        fi
        over "$base" && break
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
        at=0
        for found in "$base"/.config/systemd/user/*.service "$base"/.config/systemd/user/*.timer \
            "$base"/.config/autostart/*; do
            at=$((at + 1))
            if test "$at" -gt 500; then
                skip "$base" 'it has more than 500 files that start by themselves' limit
                break
            fi
            over "$base" && break
            take home "$found" own
        done
    done <"$CDR_ROOT/etc/passwd"
}
! takes histories || of_homes

# --- processes: from /proc itself, since ps may lie as easily as anything ---
of_process() { # pid
    parent=- uid=- state=- title=- is_user=''
    while read -r key first _; do
        case $key in
        Name:) title=$first ;;
        State:) state=$first ;;
        PPid:) parent=$first ;;
        Uid:) uid=$first ;;
        VmSize:) # no thread of the kernel
            is_user=1
            break
            ;;
        esac
    done <"/proc/$1/status"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t' "$1" "$parent" "$uid" "$state" "$(shown "$title")" \
        "$(shown "$(readlink "/proc/$1/exe")")" "$(shown "$(readlink "/proc/$1/cwd")")"
    # Its pages may be of a file system that never answers.
    within 5 head -c 4096 "/proc/$1/cmdline" >"$work/of-process"
    test $? -lt 124 || mark "/proc/$1/cmdline" 'it took longer than 5 seconds' late
    tr '\000\n' '  ' <"$work/of-process"
    echo
    test -z "$is_user" || readlink "/proc/$1/exe" >/dev/null || test ! -d "/proc/$1" || blind=$((blind + 1))
}
# Text of a process that was just made, at most so many lines of it.
lines_of() { # pid status name most
    if test "$2" -ge 124; then
        mark "/proc/$1/$3" 'it took longer than 5 seconds' late
    elif test "$2" -ge 2 && test -d "/proc/$1" && test ! -s "$work/of-process"; then
        blind=$((blind + 1))
    elif test "$(wc -l <"$work/of-process")" -gt "$4"; then
        mark "/proc/$1/$3" "more than $4 lines" limit
    fi
    head -n "$4" "$work/of-process"
}
fds_of() { # pid
    echo "== $1"
    within 5 ls -ln "/proc/$1/fd" >"$work/of-process"
    lines_of "$1" $? fd 500
}
each_process() { # function source
    done_processes=0 blind=0
    for pid in /proc/[0-9]*; do
        pid=${pid#/proc/}
        test -r "/proc/$pid/status" || continue
        if late; then
            mark "$2" 'out of time' late
            break
        fi
        done_processes=$((done_processes + 1))
        if test "$done_processes" -gt "$entries_max"; then
            mark "$2" "more than $entries_max processes" limit
            break
        fi
        "$1" "$pid"
    done
    test "$blind" -eq 0 || mark "$2" "no permission for $blind processes" unread
}
maps_of() { # pid
    within 5 grep -E ' /(memfd:|dev/shm/|tmp/|var/tmp/)|\(deleted\)' "/proc/$1/maps" >"$work/of-process"
    lines_of "$1" $? maps 200 | sed "s/^/$1 /"
}
big=$file_max && file_max=16777216
if takes processes && ! over /proc; then
    each_process of_process /proc/PID/exe 2>/dev/null | bounded
    store processes/list.tsv '/proc (pid, parent, uid, state, name, exe, cwd, command line)' <"$work/text"
    tool processes/ps ps -ef
fi
if takes open_files && ! over /proc/fd; then
    each_process fds_of /proc/PID/fd 2>/dev/null | bounded
    store processes/open-files '/proc/PID/fd' <"$work/text"
fi
if takes memory_maps && ! over /proc/maps; then
    each_process maps_of /proc/PID/maps 2>/dev/null | bounded
    store processes/maps '/proc/PID/maps: deleted and temporary' <"$work/text"
fi
file_max=$big
marks

# Each running program once, also one whose file was deleted: of that the kernel still has the
# content, and we keep it.
of_programs() {
    : >"$work/programs"
    hashed=0 rescued=0
    mkdir -p "$out/processes"
    for pid in /proc/[0-9]*; do
        exe=$pid/exe
        over "$exe" && break
        link=$(readlink "$exe" 2>/dev/null) || {
            ! grep -qs '^VmSize:' "$pid/status" || skip "$exe" 'no permission'
            continue
        }
        id=$(stat -L -c %d:%i "$exe" 2>/dev/null) || { skip "$exe" 'no permission' && continue; }
        grep -qxF "$id" "$work/programs" && continue
        echo "$id" >>"$work/programs"
        hashed=$((hashed + 1))
        if test "$hashed" -gt "$hashes_max"; then
            skip /proc/PID/exe "more than $hashes_max programs" limit
            break
        fi
        if test "$(stat -L -c %s "$exe" 2>/dev/null || echo 0)" -gt 536870912; then
            skip "$exe" 'over 512 MB' limit
            continue
        fi
        sum=$(within 30 sha256sum <"$exe" 2>/dev/null) || { skip "$exe" 'it cannot be read' && continue; }
        printf '%s\t%s\t%s\n' "${sum%% *}" "${pid#/proc/}" "$(shown "$link")" >>"$out/processes/programs.tsv"
        case $link in
        *' (deleted)' | /memfd:*)
            rescued=$((rescued + 1))
            if test "$rescued" -gt 20; then
                skip "$exe" 'more than 20 deleted programs' limit
            else
                within 30 head -c 16777216 <"$exe" >"$out/processes/deleted-${pid#/proc/}" 2>/dev/null ||
                    skip "$exe" 'not all of it can be read'
                kept "processes/deleted-${pid#/proc/}" "$exe" kept 'its file is gone'
            fi
            ;;
        esac
    done
    test ! -f "$out/processes/programs.tsv" || kept processes/programs.tsv '/proc/PID/exe (sha256, a pid, file)' kept ''
}
! takes programs || of_programs

# --- the network ---
proc_net() {
    for item; do
        test ! -r "/proc/net/$item" || over "/proc/net/$item" || store "network/proc-$item" "/proc/net/$item" <"/proc/net/$item"
    done
}
if takes connections; then
    proc_net tcp tcp6 udp udp6 raw raw6 unix packet
    tool network/sockets ss -tuwxanp
fi
if takes network; then
    proc_net arp route ipv6_route dev
    tool network/addresses ip addr
    tool network/routes ip route
    tool network/neighbours ip neigh
fi
if takes firewall; then
    tool network/nftables nft list ruleset
    tool network/iptables iptables-save
fi

# --- containers, as those who run them list them ---
if takes containers; then
    tool containers/docker docker ps -a --no-trunc
    tool containers/docker-images docker images --no-trunc
    tool containers/podman podman ps -a --no-trunc
    tool containers/crictl crictl ps -a
    tool containers/containerd ctr --namespace k8s.io containers ls
fi

# --- what was put where anybody may write ---
listed() { # folder
    if test -n "$gnu_find"; then
        briefly find "$1" -xdev -path "$work" -prune -o -mtime "-$days" \
            -printf '%T@\t%C@\t%m\t%U\t%G\t%s\t%y\t%p -> %l\0'
    else
        briefly find "$1" -xdev -path "$work" -prune -o -mtime "-$days" -exec stat -c '%Y	%Z	%a	%u	%g	%s	%F	%N' '{}' + >"$work/stats"
        code=$?
        tr '\n' '\000' <"$work/stats"
        rm -f -- "$work/stats"
        (exit "$code")
    fi
    echo $? >"$work/code"
}
listed_lines() { # folder
    listed "$1" | tr '\n\000' '?\n' | head -n $((entries_max * 10 + 1)) | sort -rn
}
# shellcheck disable=SC2016 # the inner shell expands
hash_files='
    late=$1 left=$2 missed=$3 && shift 3
    for file do
        left=$((left - 1))
        test "$left" -ge 0 || exit 0
        test "$(date +%s)" -lt "$late" || { echo late >"$missed" && exit 0; }
        test ! -f "$file" || test -L "$file" || sha256sum -- "$file" || test ! -e "$file" || echo unread >"$missed"
    done'
of_place() { # folder-in-archive place
    big=$file_max && file_max=16777216
    listed_lines "$2" 2>/dev/null >"$work/listing"
    found_all "$2"
    count=$(wc -l <"$work/listing")
    test "$count" -le "$entries_max" ||
        skip "$2" "only the newest $entries_max of $count changed entries (or more) are listed" limit
    head -n "$entries_max" "$work/listing" | bounded
    store "recent/$1.tsv" "$2 (changed, status changed, mode, uid, gid, bytes, type, name)" <"$work/text"
    file_max=$big
    over "$2" && return
    rm -f -- "$work/missed"
    {
        briefly find "$2" -xdev -path "$work" -prune -o -type f -mtime "-$days" -size -32768k \
            -exec sh -c "$hash_files" sh $((began + seconds)) $((hashes_max + 1)) "$work/missed" '{}' + 2>/dev/null
        echo $? >"$work/code"
    } | head -n $((hashes_max + 1)) >"$work/hashes"
    found_all "$2"
    test "$(wc -l <"$work/hashes")" -le "$hashes_max" || skip "$2" "more than $hashes_max files to hash" limit
    test ! -f "$work/missed" || skip "$2" 'not all of its files could be hashed' "$(cat "$work/missed")"
    head -n "$hashes_max" "$work/hashes" | bounded
    store "recent/$1.sha256" "$2 (sha256 of at most $hashes_max files below 32 MB)" <"$work/text"
}
# Their content too, the small ones; under numbers, through no link.
contents_of() { # folder-in-archive place
    {
        briefly find "$2" -xdev -path "$work" -prune -o -type f -mtime "-$days" -size -1024k -print0 2>/dev/null
        echo $? >"$work/code"
    } | tr '\n\000' '\001\n' | head -n 501 >"$work/small"
    found_all "$2"
    at=0
    while IFS= read -r file; do
        at=$((at + 1))
        if test "$at" -gt 500; then
            skip "$2" 'it has more than 500 small files' limit
            return
        fi
        over "$2" && return
        case $file in
        *"$odd_byte"*) skip "$file" 'a newline in its name' link ;;
        *) take "recent/$1" "$file" own ;;
        esac
    done <"$work/small"
}
odd_byte=$(printf '\001')
for item in tmp var/tmp dev/shm; do
    # Found once; below it no link is followed.
    place=$(readlink -f -- "$CDR_ROOT/$item")
    test -d "$place" || continue
    name=$(printf %s "$item" | tr / -)
    ! takes recent_files || over "$place" || of_place "$name" "$place"
    ! takes recent_content || over "$place" || contents_of "$name" "$place"
done

# --- files by pattern: of the profile's words only * and ? mean anything ---
by_pattern() { # pattern
    IFS=
    for found in $CDR_ROOT$1; do
        unset IFS
        if test ! -e "$found" && test ! -L "$found"; then
            absent "$1"
        elif test "$asked" -ge "$most"; then
            skip "$1" "more than $most files" limit
            break
        elif over "$1"; then
            break
        else
            asked=$((asked + 1))
            take files "$found"
        fi
    done
    unset IFS
}
asked=0
set -f
IFS=$newline
# shellcheck disable=SC2086 # a line each
set -- $CDR_FILES
unset IFS
set +f
for pattern; do
    by_pattern "$pattern"
done

# --- the user's own collector: what was sent, if its hash is right, in a folder of its own ---
tool_told=null
# Of what it wrote only regular files are kept, whose names are one line; the archive has nothing that
# the manifest has not.
own_files() {
    find "$out/own" \( -name "*$newline*" -o ! -type f ! -type d \) -prune -print0 | tr '\n\000' '\001\n' >"$work/own-odd"
    while IFS= read -r file; do
        skip "$CDR_TOOL" "no regular file, or a newline in its name: ${file#"$out/"}" link
    done <"$work/own-odd"
    find "$out/own" \( -name "*$newline*" -o ! -type f ! -type d \) -prune -exec rm -rf -- '{}' +
    find "$out/own" -type f >"$work/own-files"
    at=0 left_out=0
    while IFS= read -r file; do
        at=$((at + 1))
        if test "$at" -gt "$entries_max" || test $((total + $(size_of "$file"))) -gt "$total_max"; then
            rm -f -- "$file"
            left_out=$((left_out + 1))
        else
            kept "${file#"$out/"}" "$CDR_TOOL" kept ''
        fi
    done <"$work/own-files"
    test "$left_out" -eq 0 ||
        skip "$CDR_TOOL" "$left_out of its files are left out: more than $entries_max, or over $total_max bytes" limit
}
run_own() {
    case $CDR_TOOL_NAME in
    '' | . | .. | */*) CDR_TOOL_NAME=${CDR_TOOL##*/} ;;
    esac
    own_output=$out/own tools=$work/tool file=$work/tool/$CDR_TOOL_NAME
    mkdir -p "$own_output" "$tools"
    cp -- "$CDR_TOOL" "$file" 2>/dev/null || finish no '' 0 'the tool is not there'
    tool_sum=$(sum_of "$file")
    test "$tool_sum" = "$CDR_TOOL_SUM" || finish no '' 0 'the tool has another hash than it should'
    tool_told="{\"sha256\":\"$tool_sum\"$(member path "$CDR_TOOL")}"
    case $file in
    *.tar.gz | *.tgz) tar -C "$tools" -xzf "$file" && rm -f -- "$file" ;;
    *.zip) unzip -q -d "$tools" "$file" </dev/null && rm -f -- "$file" ;;
    *) chmod 700 "$file" ;;
    esac >/dev/null 2>&1 || finish no '' 0 'the tool cannot be unpacked'
    set -- "$tools"/*
    if test $# -eq 1 && test -d "$1"; then
        tools=$1
    fi
    (
        cd "$tools" || exit 126
        ulimit -f $((total_max / 512))
        own_tool
    ) >"$work/own-told" 2>&1 </dev/null
    code=$?
    store tool/output "$CDR_TOOL (what it printed)" <"$work/own-told"
    case $code in
    0) ;;
    124 | 137 | 143) skip "$CDR_TOOL" "it was ended after $seconds seconds" late ;;
    *) skip "$CDR_TOOL" "it ended with status $code" tool ;;
    esac
    own_files
}
test -z "$CDR_TOOL" || run_own

# --- packed once, sent once ---
test "$total" -gt 0 || finish no '' 0 'nothing was collected'
because() { # count words
    test "$1" -eq 0 || why=${why:+$why, }"$1 $2"
}
because "$unread" 'could not be read'
because "$limited" 'over a limit'
because "$out_of_time" 'out of time'
because "$refused" 'behind links or no regular files'
because "$broken" 'tools that failed'
because "$cut" 'cut to a part'
state=complete
test -z "$why" || state=partial
lines() { test ! -f "$1" || sed '$s/,$//' "$1"; }
{
    printf '{"cdr":"triage","version":2,"state":"%s","why":"%s","clock_offset":%d,"began":%d,"ended":%d' \
        "$state" "$why" "$offset" "$began" "$(date +%s)"
    member profile "$CDR_PROFILE"
    member host "$(uname -n)"
    member kernel "$(uname -srm)"
    printf ',"limits":{"seconds":%d,"bytes":%d,"file_bytes":%d},"cut":%d,"tool":%s,"files":[\n' \
        "$seconds" "$total_max" "$file_max" "$cut" "$tool_told"
    lines "$work/kept"
    printf '],"skipped":[\n'
    lines "$work/skipped"
    printf '],"absent":[\n'
    lines "$work/absent"
    printf ']}\n'
} >"$out/manifest.json"
archive=$work/triage.tar.gz
{
    tar -C "$work" -cf - triage 2>/dev/null
    echo $? >"$work/code"
} | gzip -n -6 >"$archive" 2>/dev/null
read -r code <"$work/code" || code=1
sum=$(sum_of "$archive") bytes=$(size_of "$archive")
if test "$code" -ne 0 || test "$bytes" -lt 100 || ! gzip -t "$archive" 2>/dev/null; then
    finish no '' 0 'the archive cannot be written'
fi
test -z "$CDR_KEEP" || cp "$archive" "$CDR_KEEP"
if test -n "$CDR_DIR"; then
    mv -f -- "$archive" "$CDR_DIR/triage.tar.gz" || finish no '' 0 'the archive cannot be written'
    archive=$CDR_DIR/triage.tar.gz
fi
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
