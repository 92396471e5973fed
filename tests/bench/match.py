#!/usr/bin/env python3
"""match.py - the matcher beside its peers: a table of ratios, with the targets that some rows have.

    match.py BUILD [PART ..]

  lots      W1: the rule sets of event-ruler's own benchmark over lots of a city
  curve     W2, W3: 10 to 100,000 rules over 100 MB of alerts of three vendors; equality alone (E), and a
            fifth with wildcards (EW), which are `contains` to us
  read      reading the same fields and nothing else: simdjson, and our reader
  strings   W5: many literals in command lines, beside Vectorscan
  features  W6: long lists, networks, ranges, absence, arrays, regular expressions
  hostile   W8: rules and alerts made to be slow, and rules that change all the time
  process   whole processes: jq with one filter, ours with 10,000 rules; two cores; compiling

All ratios are those of turns in one run on one core (contest.py), and a number is printed only when both
sides found the same for each rule. BUILD/bench-peers has the peers (peers.sh); a row whose peer is missing
says so. The table also goes to BUILD/bench.md. Ends with 1 when a target is missed.
"""

import os
import platform
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import contest  # noqa: E402
import match_parts  # noqa: E402
from contest import Contestant, Table  # noqa: E402

# What a pattern of Quamina may ask beside equality.
QUAMINA_TESTS = {"wildcard", "prefix", "anything-but", "equals-ignore-case", "exists"}
HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    """Where things are, and who is there."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.data = os.path.join(self.build, "bench-data")
        self.peers = os.path.join(self.build, "bench-peers")
        self.cdr = os.path.join(self.build, "cdr")
        self.table = Table()
        os.makedirs(self.data, exist_ok=True)

    def version(self, peer):
        path = os.path.join(self.peers, f"{peer}.version")
        if not os.path.exists(path):
            return None
        with open(path) as text:
            return text.read().strip()

    def program(self, name):
        return os.path.join(self.build, "tests", "bench", name)

    def ours(self, alerts, rules, cores=(0,)):
        return Contestant("cdr", [self.program("bench_match"), alerts, *rules.sources], cores, sys.stderr)

    def event_ruler(self, alerts, rules):
        classes = f"{self.peers}/ruler:{self.peers}/jars/*"
        return self.peer("event-ruler", rules.patterns, [
            "java", "-Xmx4g", "-XX:+UseSerialGC", "-cp", classes, "Ruler", alerts, rules.patterns])

    def rsigma(self, alerts, rules):
        return self.peer("rsigma", rules.sigma, [f"{self.peers}/rsigma_peer", alerts, rules.sigma])

    def quamina(self, alerts, rules):
        patterns = rules.patterns if rules.tests <= QUAMINA_TESTS else None
        return self.peer("quamina", patterns, [f"{self.peers}/quamina_peer", alerts, rules.patterns])

    def simdjson(self, alerts, paths):
        return self.peer("simdjson", paths, [f"{self.peers}/parse_fields", alerts, paths])

    def peer(self, name, rules, command):
        if self.version(name) is None:
            raise LookupError(f"{name} was not built, {self.peers}/{name}.log says why")
        if rules is None:
            raise LookupError(f"{name} has no words for these rules")
        return Contestant(name, command)

    def counts(self, contestant, way, count):
        return contestant.counts(os.path.join(self.data, "counts"), way, count)

    def against(self, what, ours, open_peer, target=None, alerts=None):
        """A row: our contestant against a peer, over `alerts` of them once for the counts. With a target two, as
        lax is what compares with a peer that does not check what it passes over."""
        ways = ("strict",) if target is None else ("strict", "lax")
        try:
            with open_peer() as peer:
                count = min(alerts or ours.alerts, ours.alerts)
                other = self.counts(peer, "strict", count)
                for way in ways:
                    own = self.counts(ours, way, count)
                    if own != other:
                        rule = next(i for i, pair in enumerate(zip(own, other)) if pair[0] != pair[1])
                        raise contest.Differs(f"counts differ: {sum(own)} and {sum(other)}, first rule {rule}")
                    result = contest.contest(contest.Turns(ours, "pass", way), contest.Turns(peer, "pass", "strict"))
                    note = f"{sum(own):,} matches" + (f" in {count:,} alerts" if count < ours.alerts else "")
                    self.table.result(what if way == "strict" else f"{what}, lax", result, target, note)
        except (LookupError, RuntimeError) as reason:
            self.table.not_measured(what, reason, target)


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    return [f"{os.cpu_count()} cores, {model}", f"Linux {platform.release()}", compiler]


def versions(bench):
    lines = [bench.version(peer) or f"{peer}: not there" for peer in ("event-ruler", "quamina", "simdjson", "rsigma")]
    for package in ("libvectorscan-dev", "jq"):
        shown = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
        lines.append(f"{package} {shown.stdout}" if shown.returncode == 0 else f"{package}: not there")
    return lines


def write_page(bench, seconds):
    with open(os.path.join(bench.build, "bench.md"), "w") as out:
        for line in machine() + versions(bench):
            out.write(f"- {line}\n")
        out.write(f"- {seconds / 60:.0f} minutes\n\n{bench.table.markdown()}")


def main():
    bench, began = Bench(sys.argv[1]), time.monotonic()
    for line in machine() + versions(bench):
        print(line)
    try:
        for part in sys.argv[2:] or match_parts.PARTS:
            match_parts.PARTS[part](bench)
    finally:
        write_page(bench, time.monotonic() - began)
    print(f"\ntook {time.monotonic() - began:.0f} s, {bench.table.missed} missed")
    sys.exit(1 if bench.table.missed else 0)


if __name__ == "__main__":
    main()
