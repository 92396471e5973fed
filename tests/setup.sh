#!/bin/sh
# setup.sh - installs the Debian packages that are missing; asks for root only then.
#
#   tests/setup.sh build     what `make` and `make run` need
#   tests/setup.sh test      and what `make test` needs
#   tests/setup.sh bench     and what the peers of `make bench` are built with
set -eu
build="gcc make flex bison gawk unicode-data tzdata libcurl4-openssl-dev libssl-dev libjansson-dev libpcre2-dev
 libsqlite3-dev libmicrohttpd-dev libgnutls28-dev zlib1g-dev libxml2-dev libicu-dev curl jq ca-certificates"
test="clang libclang-rt-14-dev clang-format libcmocka-dev valgrind python3 python3-venv shellcheck procps sqlite3 patch
 dash busybox zsh fish mandoc man-db python3-jsonschema python3-yaml faketime slowhttptest zstd"
# Rust is not among them: Debian's is too old for rsigma. Where there is no cargo, its rows say so.
bench="g++ openjdk-17-jdk-headless maven libvectorscan-dev"
# Node.js of another source brings its own npm, which Debian's does not go with.
command -v npm >/dev/null || test="$test nodejs npm"
case ${1:-build} in
build) wanted=$build ;;
test) wanted="$build $test" ;;
bench) wanted="$build $test $bench" ;;
*) echo "setup.sh: build, test or bench, not '$1'" >&2; exit 2 ;;
esac
missing=
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup.sh: as root, run: apt-get install$missing" >&2; exit 2; }
    root=sudo
fi
echo "  APT  $missing"
export DEBIAN_FRONTEND=noninteractive
# A package list that is missing or old is the usual reason for a failed install.
# shellcheck disable=SC2086
$root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    $root apt-get update -qq
    $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
