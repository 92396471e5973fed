"""match_parts.py - the parts of match.py: what is measured against whom, and with which target."""

import os
import shutil
import statistics
import subprocess
import time

import contest
import features
import hostile
import workloads

JQ_TIMES = 10  # times the stream: 1 GB
SIZES = [10, 100, 1000, 10_000, 100_000]
QUAMINA = {"lots": 6, "e-10000": 40, "ew-1000": 100}
EVENT_RULER = {"lots": 15, "e-10000": 20, "ew-1000": 50}
# How many alerts both sides look at for the counts, where all would take the peer minutes.
FEW = {"ew-10000": 5_000, "ew-100000": 1_000}
# Rows that cost minutes and end in nothing, as was tried once.
LEFT_OUT = {("e-100000", "rsigma"): "left out, an alert takes it milliseconds",
            ("ew-100000", "rsigma"): "left out, an alert takes it milliseconds",
            ("ew-100000", "event-ruler"): "left out, it does not build in two minutes",
            ("ew-100000", "Quamina"): "left out, it does not build in two minutes"}


def lots(bench):
    bench.table.heading("W1: lots of a city, 213,068 of 712 bytes (synthetic, of the shape of citylots2)")
    alerts = workloads.lots(bench.data)
    for name, rules in workloads.lot_sets(bench.data).items():
        is_exact = name == "EXACT"
        with bench.ours(alerts, rules) as ours:
            bench.against(f"{name}, event-ruler", ours, lambda: bench.event_ruler(alerts, rules),
                          EVENT_RULER["lots"] if is_exact else None)
            bench.against(f"{name}, Quamina", ours, lambda: bench.quamina(alerts, rules),
                          QUAMINA["lots"] if is_exact else None)


def curve(bench):
    alerts = workloads.stream(bench.data)
    sets = workloads.curve(bench.data, alerts, SIZES)
    bench.table.heading("W2, W3: 100 MB of alerts of three vendors, 2.2 KB each")
    peers = {"event-ruler": (bench.event_ruler, EVENT_RULER, FEW.get),
             "Quamina": (bench.quamina, QUAMINA, lambda name: FEW.get(name, 20_000)),
             "rsigma": (bench.rsigma, {}, lambda name: FEW.get(name, 5_000))}
    for name, rules in sets.items():
        with bench.ours(alerts, rules) as ours:
            for peer, (open_peer, targets, alerts_for) in peers.items():
                if (name, peer) in LEFT_OUT:
                    bench.table.not_measured(f"{name}, {peer}", LEFT_OUT[name, peer])
                else:
                    bench.against(f"{name}, {peer}", ours, lambda: open_peer(alerts, rules), targets.get(name),
                                  alerts_for(name))
    for kind, target in (("e", 1.1), ("ew", 1.2)):
        slope(bench, alerts, sets, kind, target)


def slope(bench, alerts, sets, kind, target):
    """How much longer an alert takes with 10,000 rules than with 10, and with 100,000."""
    for most, bound in ((10_000, target), (100_000, None)):
        with bench.ours(alerts, sets[f"{kind}-10"]) as few, bench.ours(alerts, sets[f"{kind}-{most}"]) as many:
            result = contest.contest(contest.Turns(few, "pass", "strict"), contest.Turns(many, "pass", "strict"), 9)
        low, high = result.ratios[0], result.ratios[-1]
        bench.table.row(f"{kind.upper()}: ns({most:,}) / ns(10)", contest.time_text(result.peer),
                        contest.time_text(result.ours), f"{result.ratio:.2f} ({low:.2f}-{high:.2f})",
                        contest.bound_text(bound, "<="),
                        contest.verdict(bound is None or result.ratio <= bound, bound, "both are ours"))


class Fastest:
    """Of two ways to do the same, the one that is faster."""

    def __init__(self, ways):
        self.ways = ways

    def take(self):
        return min(way.take() for way in self.ways)


def readers(peer, ways=("text", "raw")):
    return Fastest([contest.Turns(peer, "pass", way) for way in ways])


def read(bench):
    alerts = workloads.stream(bench.data)
    bench.table.heading("simdjson reading the same fields, and deciding nothing")
    sets = workloads.curve(bench.data, alerts, [10_000])
    for kind, target in (("e", 1.3), ("ew", 1.0)):
        rules = sets[f"{kind}-10000"]
        paths, count = workloads.paths_file(rules, bench.data)
        # Like for like: On-Demand checks no more of what it skips than lax does, and the DOM checks all of it.
        on_demand = ("text", "raw")
        for way, peer_ways, bound in (("lax", on_demand, target), ("strict", ("dom",), None),
                                      ("strict", on_demand, None)):
            name = "DOM" if peer_ways == ("dom",) else "On-Demand"
            what = f"{kind.upper()}, 10,000 rules, {way}; {name} reads {count} fields"
            try:
                with bench.simdjson(alerts, paths) as peer, bench.ours(alerts, rules) as ours:
                    sums_are_equal(peer, ours, paths)
                    bench.table.result(what, contest.contest(
                        contest.Turns(ours, "pass", way), readers(peer, peer_ways), 9), bound)
            except (LookupError, RuntimeError) as reason:
                bench.table.not_measured(what, reason, bound)
    read_alone(bench, alerts, sets["e-10000"])


def sums_are_equal(peer, ours, paths):
    """Both read the same values: as many, and of the same bytes."""
    theirs = peer.ask("pass", "text", 0, peer.alerts)
    own = ours.ask("fields", paths, "strict", 0, ours.alerts)
    if own[1:3] != theirs[1:3]:
        raise contest.Differs(f"the values differ: {own[1:3]} and {theirs[1:3]}")


def read_alone(bench, alerts, rules):
    few, _ = workloads.paths_file(rules, bench.data)
    many = os.path.join(bench.data, "many.paths")
    ten = os.path.join(bench.data, "ten.paths")
    with open(few) as lines, open(ten, "w") as out:
        out.write(lines.read() + "event.FileName\nevent.CommandLine\n")
    with open(many, "w") as out:
        out.writelines(path + "\n" for path in workloads.MANY_PATHS)
    for what, paths in (("10", ten), ("25", many)):
        for way in ("strict", "lax"):
            try:
                with bench.simdjson(alerts, paths) as peer, bench.ours(alerts, rules) as ours:
                    sums_are_equal(peer, ours, paths)
                    bench.table.result(f"reading {what} fields alone, {way}", contest.contest(
                        contest.Turns(ours, "fields", paths, way), readers(peer), 9))
            except (LookupError, RuntimeError) as reason:
                bench.table.not_measured(f"reading {what} fields alone, {way}", reason)


def strings(bench):
    """Rows of bench_literals, which has its own turns."""
    bench.table.heading("W5: literals in 60,000 command lines, caseless, Vectorscan in its faster way")
    done = subprocess.run(["taskset", "-c", "0", bench.program("bench_literals"), workloads.stream(bench.data)],
                          capture_output=True, text=True)
    for line in done.stdout.splitlines():
        word, *cells = line.split("\t")
        if word == "row":
            string_row(bench, cells)
    if done.returncode != 0:
        bench.table.not_measured("literals", done.stderr.strip() or "it ended badly", 2)


def string_row(bench, cells):
    count, own, other, ratio, own_build, other_build, build_ratio, found, _ = cells
    target = 2 if int(count) == 10_000 else None
    what = f"{int(count):,} literals"
    if not is_number(ratio):
        bench.table.not_measured(what, other, target)
        return
    bench.table.row(what, f"{own} ns", f"{other} ns", ratio, contest.bound_text(target, ">="),
                    contest.verdict(target is None or float(ratio) >= target, target, f"{found} found"))
    bench.table.row(f"{what}, compiled", f"{own_build} ms", f"{other_build} ms", build_ratio)


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def feature_mix(bench):
    alerts = workloads.stream(bench.data)
    bench.table.heading("W6: features, over the stream of W2")
    for name, rules in features.sets(alerts, bench.data).items():
        with bench.ours(alerts, rules) as ours:
            if rules.patterns is None:
                bench.table.figure(f"{name}, ours alone", latest(ours) / 1e3, "us")
            else:
                bench.against(f"{name}, event-ruler", ours, lambda: bench.event_ruler(alerts, rules), None, 20_000)


def latest(ours):
    turns = contest.Turns(ours, "pass", "strict")
    return statistics.median(turns.take() for _ in range(contest.PAIRS))


def hostile_mix(bench):
    bench.table.heading("W8: made to be slow. Ours alone: p50, p99, p99.9 and the worst of one alert")
    for name, alerts, rules in hostile.cases(bench.data):
        with bench.ours(alerts, rules) as ours:
            ours.ask("latency", "strict", 0, ours.alerts)
            spread(bench, name, ours.ask("latency", "strict", 0, max(ours.alerts, 2_000)))
            if rules.patterns is not None:
                bench.against(f"{name}, event-ruler", ours, lambda: bench.event_ruler(alerts, rules), None, 200)
    alerts = workloads.stream(bench.data)
    rules = workloads.curve(bench.data, alerts, [10_000])["e-10000"]
    with bench.ours(alerts, rules, cores=(0, 1)) as ours:
        spread(bench, "10,000 rules, no change", ours.ask("latency", "strict", 0, 10 * ours.alerts))
        answer = ours.ask("reload", 1000, "strict", 0, 200 * ours.alerts)
        spread(bench, f"10,000 rules, compiled anew every second ({answer[4]} times)", answer)


def spread(bench, what, answer):
    p50, p99, p999, worst = (contest.time_text(int(ns)) for ns in answer[:4])
    bench.table.row(what, p50, "", f"p99 {p99}, p99.9 {p999}", "", f"worst {worst}")


def process(bench):
    bench.table.heading("Whole processes, compiling, two cores")
    alerts = workloads.stream(bench.data)
    rules = workloads.curve(bench.data, alerts, [10_000])["e-10000"]
    against_jq(bench, alerts, rules)
    compiling(bench, alerts)
    with bench.ours(alerts, rules, cores=(0, 1)) as ours:
        for threads in (1, 2):
            ours.ask("threads", threads, "strict", 0, 5 * ours.alerts)
        turns = [[int(ours.ask("threads", threads, "strict", 0, 20 * ours.alerts)[0]) / (20 * ours.alerts)
                  for threads in (2, 1)] for _ in range(9)]
        bench.table.result("two cores: 2 threads beside 1, 10,000 rules",
                           contest.Result([two for two, _ in turns], [one for _, one in turns]), 1.9,
                           "both are ours")


class Process:
    """A whole process as one side of a contest, its output thrown away."""

    def __init__(self, command, core=0):
        self.command, self.core, self.resident_mb = command, core, 0

    def take(self):
        began = time.monotonic_ns()
        with subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                              preexec_fn=lambda: os.sched_setaffinity(0, {self.core})) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{self.command[0]} ended with {process.returncode}")
        self.resident_mb = max(self.resident_mb, usage.ru_maxrss / 1024)
        return time.monotonic_ns() - began


def against_jq(bench, alerts, rules):
    large = workloads.repeated(alerts, JQ_TIMES, bench.data)
    ours = {way: Process([bench.cdr, "run", "--offline", "--isolated", "--format", "summary", "--json-check", way,
                          "--rules", *rules.sources, "--alerts", large]) for way in ("strict", "lax")}
    jq = Process(["jq", "-c", 'select(.eventName == "DescribeInstances" and .userIdentity.type == "AssumedRole")',
                  large])
    what = f"10,000 rules over {os.path.getsize(large) / 1e9:.2g} GB; jq, one filter"
    if shutil.which("jq") is None:
        bench.table.not_measured(what, "there is no jq", 40)
        return
    # jq takes half a minute: once for both ways.
    taken = [(jq.take(), ours["strict"].take(), ours["lax"].take()) for _ in range(contest.PAIRS)]
    theirs, *own = zip(*taken)
    for way, each in zip(ours, own):
        bench.table.result(f"{what}; ours {way}", contest.Result(each, theirs), 40)
    bench.table.figure("resident at most: ours", ours["strict"].resident_mb, "MB")
    bench.table.figure("resident at most: jq", jq.resident_mb, "MB")
    os.remove(large)


def compiling(bench, alerts):
    sets = workloads.curve(bench.data, alerts, [10_000])
    for name, rules in sets.items():
        both, imaged = [], []
        for _ in range(5):
            with bench.ours(alerts, rules) as ours:
                compile_ns, held_kb, _, image_ns, image_kb = map(int, ours.ready[:5])
                imaged.append(image_ns / 1e6)
                both.append((compile_ns + image_ns) / 1e6)
        bench.table.figure(f"{name}: from text to the image", statistics.median(both), "ms", 300)
        bench.table.figure(f"{name}: the image of that", statistics.median(imaged), "ms")
        bench.table.figure(f"{name}: texts, trees, program, image", held_kb / 1024, "MB", 20)
        bench.table.figure(f"{name}: the image of that", image_kb / 1024, "MB")


PARTS = {"lots": lots, "curve": curve, "read": read, "strings": strings, "features": feature_mix,
         "hostile": hostile_mix, "process": process}
