# clean.sh - after place.sh: end what is still at work, and remove the directory.
# shellcheck shell=sh disable=SC2154
if ours; then
    if alive; then
        kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null
        sleep 1
    fi
    rm -rf -- "$dir"
fi
if test -e "$dir" || test -L "$dir"; then
    echo 'cdr-collector refused: the directory is not ours, or stays'
    exit 1
fi
echo 'cdr-collector clean'
