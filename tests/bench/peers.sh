#!/usr/bin/env bash
# peers.sh - builds what the matcher is measured against, from the package registries, into a folder.
#
#     tests/bench/peers.sh build/bench-peers
#
# Their versions are pinned in peers/: pom.xml, Cargo.toml, go.mod. A peer whose tools or packages are
# not to be had is told and left out: its rows say "not measured". What was built is not built again.
# Where the Go module proxy refuses Quamina, QUAMINA_SOURCE=DIR names a checkout of it to build from.
set -u
here=$(cd "$(dirname "$0")/peers" && pwd)
quamina_checkout=${QUAMINA_SOURCE:+$(realpath "$QUAMINA_SOURCE")}
mkdir -p "$1" && cd "$1" || exit 2

# peer NAME TOOL FUNCTION FILE ..: build NAME unless what was built is newer than its files.
peer() {
    local name=$1 tool=$2 build=$3
    shift 3
    [ -e "$name.version" ] && [ -z "$(cd "$here" && find "$@" -newer "$OLDPWD/$name.version" -type f)" ] && return
    if ! command -v "$tool" >/dev/null; then
        echo "  PEER $name: not built, there is no $tool"
        return
    fi
    echo "  PEER $name"
    rm -f "$name.version"
    (set -e; "$build") >"$name.log" 2>&1
    [ -e "$name.version" ] || { echo "  PEER $name: not built, its log ends so:"; tail -n 3 "$name.log" | sed 's/^/       /'; }
}

event_ruler() {
    mvn -q -B -f "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$PWD/jars"
    javac -cp 'jars/*' -d ruler "$here/Ruler.java"
    echo "event-ruler $(basename jars/event-ruler-*.jar .jar | sed 's/.*-//'), $(java -version 2>&1 | head -n 1 | tr -d '"')" >event-ruler.version
}

simdjson() {
    local source
    rm -rf simdjson-source && mkdir simdjson-source && cp "$here/simdjson/"* simdjson-source && : >simdjson-source/none.rs
    (cd simdjson-source && cargo vendor -q vendor)
    source=$(dirname "$(find simdjson-source/vendor -name simdjson.h | head -n 1)")
    g++ -O3 -march=native -DNDEBUG -std=c++20 -I"$source" -o parse_fields "$here/parse_fields.cpp" "$source/simdjson.cpp"
    echo "simdjson $(sed -n 's/.*define SIMDJSON_VERSION "\(.*\)".*/\1/p' "$source/simdjson.h" | head -n 1), g++ $(g++ -dumpfullversion) -O3 -march=native" >simdjson.version
}

rsigma() {
    rm -rf rsigma-source && cp -r "$here/rsigma" rsigma-source
    # Packages that ask for a newer compiler than there is are taken in an older version.
    (cd rsigma-source && CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback cargo build -q --release)
    cp rsigma-source/target/release/rsigma_peer .
    echo "rsigma $(sed -n 's/^rsigma-eval.*"=\([0-9.]*\)".*/\1/p' rsigma-source/Cargo.toml), $(rustc --version | cut -d ' ' -f 1,2)" >rsigma.version
}

quamina() {
    local version
    rm -rf quamina-source && cp -r "$here/quamina" quamina-source
    version=$(sed -n 's/^require .* //p' "$here/quamina/go.mod")
    if [ -n "$quamina_checkout" ]; then
        version=$(git -C "$quamina_checkout" describe --always)
        go mod edit -replace "quamina.net/go/quamina/v2=$quamina_checkout" quamina-source/go.mod
    fi
    (cd quamina-source && go build -mod=mod -buildvcs=false -o ../quamina_peer .)
    echo "Quamina $version, $(go version | cut -d ' ' -f 3)" >quamina.version
}

peer event-ruler mvn event_ruler Ruler.java pom.xml
peer simdjson cargo simdjson parse_fields.cpp simdjson
peer rsigma cargo rsigma rsigma
peer quamina go quamina quamina
exit 0
