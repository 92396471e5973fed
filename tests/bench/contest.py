"""contest.py - contestants that answer line by line, and turns between them.

Each contestant is a process that keeps the same alerts and rules in memory. It says `ready ..`, then answers
one line for each line it is given, of which two forms are common to all (peers/, bench_match.c):

    pass WAY FIRST COUNT           pass NS MATCHES ..      alerts FIRST, FIRST+1 .. against all rules
    counts FILE WAY FIRST COUNT    counts MATCHES          and how often each rule matched, into FILE

Turns: A B A B .. in one run on one core, so that a machine whose speed changes from minute to minute changes
for both. What counts is the median of the ratios of neighbours.
"""

import os
import statistics
import subprocess
import threading

PAIRS = 5
PATIENCE_S = 120  # with one answer
TURN_NS = 400e6  # about how long one turn takes


class Differs(LookupError):
    """Both sides did not find the same."""


class Contestant:
    def __init__(self, name, command, cores=(0,), log=None):
        self.name = name
        self.cores = set(cores)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log or subprocess.DEVNULL,
            text=True, preexec_fn=self.bind)
        self.ready = self.read("ready")
        self.alerts = int(self.ready[2])

    def bind(self):
        os.sched_setaffinity(0, self.cores & os.sched_getaffinity(0) or os.sched_getaffinity(0))

    def read(self, verb):
        patience = threading.Timer(PATIENCE_S, self.process.kill)
        patience.start()
        words = self.process.stdout.readline().split()
        is_late = not patience.is_alive()
        patience.cancel()
        if not words or words[0] != verb:
            self.close()
            raise RuntimeError(f"{self.name} gave no answer" + (f" in {PATIENCE_S} s" if is_late else ""))
        return words[1:]

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read(words[0])

    def turn(self, verb, first, count):
        """Nanoseconds of one alert."""
        return int(self.ask(*verb, first, count)[0]) / count

    def counts(self, path, way, count):
        """How often each rule matched, by rule."""
        self.ask("counts", path, way, 0, count)
        with open(path) as lines:
            return [int(line) for line in lines]

    def resident_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0

    def close(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(10)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Turns:
    """One side of a contest: takes as many alerts a turn as fill TURN_NS, from where the last turn ended."""

    def __init__(self, contestant, *verb):
        self.contestant, self.verb, self.first = contestant, verb, 0
        some = max(1, min(200, contestant.alerts))
        ns = contestant.turn(verb, 0, some)
        # Warm: a virtual machine compiles what it met often.
        self.count = max(10, min(20 * contestant.alerts, int(TURN_NS / max(ns, 1))))
        for _ in range(3):
            ns = contestant.turn(verb, 0, self.count)
        self.count = max(10, min(20 * contestant.alerts, int(TURN_NS / max(ns, 1))))

    def take(self):
        ns = self.contestant.turn(self.verb, self.first, self.count)
        self.first = (self.first + self.count) % self.contestant.alerts
        return ns


class Result:
    def __init__(self, ours, peers):
        self.ours, self.peer = statistics.median(ours), statistics.median(peers)
        self.ratios = sorted(peer / own for own, peer in zip(ours, peers))
        self.ratio = statistics.median(self.ratios)


def contest(ours, peer, pairs=PAIRS):
    """How many times longer the peer takes. Both are Turns, or have a `take` that says what it took."""
    taken = [(ours.take(), peer.take()) for _ in range(pairs)]
    return Result([own for own, _ in taken], [other for _, other in taken])


class Table:
    """Rows of the benchmark, printed as they come and kept for the page."""

    HEAD = ("what", "ours", "peer", "ratio (min-max)", "target", "verdict")

    def __init__(self):
        self.rows = []
        self.missed = 0

    def heading(self, title):
        self.rows.append((title,))
        print(f"\n{title}", flush=True)

    def row(self, what, ours="", peer="", ratio="", target="", verdict=""):
        self.missed += verdict.startswith(("MISSED", "WRONG"))
        self.rows.append((what, ours, peer, ratio, target, verdict))
        print(f"  {what:<52} {ours:>14} {peer:>14}  {ratio:<24} {target:<8} {verdict}".rstrip(), flush=True)

    def not_measured(self, what, reason, target=None):
        """A row without a figure. That both sides found something else, or that ours died, is no lack of a
        peer: it ends the run as a missed target does."""
        is_wrong = isinstance(reason, Differs) or str(reason).startswith("cdr ")
        self.row(what, target=bound_text(target, ">="), verdict=f"{'WRONG' if is_wrong else 'not measured'}: {reason}")

    def result(self, what, result, target=None, note=""):
        """A ratio that should be at least `target`."""
        low, high = result.ratios[0], result.ratios[-1]
        self.row(what, time_text(result.ours), time_text(result.peer),
                 f"{number_text(result.ratio)} ({number_text(low)}-{number_text(high)})",
                 bound_text(target, ">="), verdict(target is None or result.ratio >= target, target, note))

    def figure(self, what, value, unit, target=None, note=""):
        """A figure of ours alone that should be at most `target`."""
        self.row(what, f"{number_text(value)} {unit}".strip(), target=bound_text(target, "<=", unit),
                 verdict=verdict(target is None or value <= target, target, note))

    def markdown(self):
        lines = ["| " + " | ".join(self.HEAD) + " |", "|" + "---|" * len(self.HEAD)]
        for row in self.rows:
            cells = (f"**{row[0]}**", *[""] * 5) if len(row) == 1 else row
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        return "\n".join(lines) + "\n"


def verdict(is_met, target, note):
    words = [] if target is None else ["met" if is_met else "MISSED"]
    return ", ".join(words + ([note] if note else []))


def bound_text(target, sign, unit=""):
    return "" if target is None else f"{sign} {target:g} {unit}".strip()


def number_text(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_text(ns):
    for most, unit, each in ((1e4, "ns", 1), (1e7, "us", 1e3), (1e10, "ms", 1e6)):
        if ns < most:
            return f"{ns / each:,.0f} {unit}"
    return f"{ns / 1e9:,.0f} s"
