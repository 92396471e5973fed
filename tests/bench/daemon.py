#!/usr/bin/env python3
"""daemon.py - what the daemon can take: a table of figures, with the aims that some have.

    daemon.py CDR BENCH_HTTP [PART ..]

  intake    alerts a second, acknowledged over HTTP, that fire no rule; against SQLite alone, which writes
            the same texts in transactions of the same size into a table that knows a text by a hash that is
            there already, and into one without any index. They take turns; the medians count
  response  from the acknowledgement of an alert to the first call of the provider, at a steady 50 a second
  resume    10,000 runs that wait when the daemon is killed, until all of them have ended
  memory    of the daemon, with 1,000,000 alerts in its journal

The provider is a sandbox outside of the daemon. All of it is on loopback, and in one temporary directory on
the disk of TMPDIR. Ends with 1 when an aim is missed.
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "soak"))
import cdrd  # noqa: E402

CONFIG = os.path.join(HERE, "daemon.cdr")
TURNS = 3
BULK, BULK_REQUESTS = 10_000, 4
CONNECTIONS, SINGLE_REQUESTS = 32, 150
RATE, STEADY_S = 50, 20
OPEN_RUNS = 10_000
STORED = 1_000_000


class Table:
    """What was measured, and whether an aim was missed."""

    def __init__(self):
        self.missed = 0

    def row(self, what, value, aim=None, is_met=True):
        verdict = "" if aim is None else f"{aim}: {'ok' if is_met else 'MISSED'}"
        self.missed += not is_met
        print(f"{what:<58} {value:>22}  {verdict}".rstrip(), flush=True)


class Bench:
    def __init__(self, options):
        self.table = Table()
        self.cdr, self.sender = [os.path.abspath(options.cdr)], os.path.abspath(options.bench_http)
        self.work = cdrd.Workplace()

    def seconds(self, *arguments):
        done = subprocess.run([self.sender, *map(str, arguments)], capture_output=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"bench_http {arguments[0]}: {done.stderr.decode()}")
        return float(done.stdout)

    def daemon(self, name, roles=()):
        """A sandbox that has `roles`, and a daemon on it with a journal of its own."""
        world = cdrd.add_roles(cdrd.shipped_world(self.work, self.cdr), roles) if roles else None
        sandbox = cdrd.Sandbox(self.work, self.cdr, world)
        daemon = cdrd.Daemon(self.work, self.cdr, sandbox, CONFIG, self.work.file(name))
        daemon.start()
        return sandbox, daemon

    def close(self, sandbox, daemon):
        daemon.stop()
        sandbox.stop()

    # ---- intake

    def alone(self, table, transactions, alerts, first):
        """SQLite's seconds, in a file that is gone afterwards."""
        seconds = self.seconds("alone", self.work.path, table, transactions, alerts, first)
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.work.file("alone.db" + end)):
                os.remove(self.work.file("alone.db" + end))
        return seconds

    def intake_of(self, daemon, what, senders, requests, alerts, first, aim):
        """`senders` post `requests` of `alerts` each. SQLite commits as many alerts at a time as can wait
        together: those of one request in bulk, one of each sender else."""
        count = senders * requests * alerts
        at_once = alerts if alerts > 1 else senders
        taken, keyed, bare = [], [], []
        for _ in range(TURNS):
            settle(daemon)
            seconds = self.seconds("send", daemon.address.rpartition(":")[2], daemon.token, senders, requests,
                                   alerts, first)
            settle(daemon)
            taken.append(count / seconds)
            keyed.append(seconds / self.alone("keyed", count // at_once, at_once, first))
            bare.append(seconds / self.alone("bare", count // at_once, at_once, first))
            first += count
        ratio = statistics.median(bare)
        self.table.row(f"intake, {what}", f"{statistics.median(taken):,.0f} alerts/s")
        self.table.row("  time of SQLite alone, with a unique key", f"{statistics.median(keyed):.2f} times")
        self.table.row("  time of SQLite alone, without an index", f"{ratio:.2f} times", aim and f"< {aim}",
                       aim is None or ratio < aim)
        return first

    def intake(self):
        sandbox, daemon = self.daemon("intake")
        first = self.intake_of(daemon, f"one sender, {BULK:,} a request", 1, BULK_REQUESTS, BULK, 0, 2.0)
        first = self.intake_of(daemon, f"4 senders, {BULK:,} a request", 4, 1, BULK, first, 2.0)
        self.intake_of(daemon, f"{CONNECTIONS} connections, one a request", CONNECTIONS, SINGLE_REQUESTS, 1,
                       first, None)
        self.close(sandbox, daemon)

    # ---- response

    def response(self):
        roles = [f"steady-{at:06d}" for at in range(RATE * STEADY_S)]
        sandbox, daemon = self.daemon("response", roles)
        for at in range(20):  # the first ones log in at the provider
            daemon.post("guardduty", [cdrd.finding("w" * 26 + f"{at:06d}", role="web-prod")])
        settle_runs(daemon)
        acknowledged = {}
        threads = []
        began = time.monotonic()
        for at, role in enumerate(roles):
            body = cdrd.finding("s" * 26 + f"{at:06d}", role=role)
            time.sleep(max(0, began + at / RATE - time.monotonic()))
            threads.append(threading.Thread(target=post_one, args=(daemon, body, role, acknowledged)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        settle_runs(daemon)
        calls = first_calls(sandbox)
        missing = [role for role in roles if role not in calls or role not in acknowledged]
        waited = [max(0.0, calls[role] - acknowledged[role]) * 1000 for role in roles if role not in missing]
        p99 = cdrd.quantile(waited, 0.99)
        self.table.row(f"acknowledged to the first call, {RATE}/s: p50", f"{cdrd.quantile(waited, 0.5):.0f} ms")
        self.table.row("  p99", f"{p99:.0f} ms", "< 50 ms", p99 < 50 and not missing)
        self.table.row("  most", f"{max(waited):.0f} ms")
        if missing:
            self.table.row("  alerts without a call", str(len(missing)), "0", False)
        self.close(sandbox, daemon)

    # ---- resume

    def resume(self):
        roles = [f"resume-{at:06d}" for at in range(OPEN_RUNS)]
        sandbox, daemon = self.daemon("resume", roles)
        paused = os.path.join(daemon.data, "paused")
        open(paused, "w").close()
        alerts = [cdrd.finding("r" * 26 + f"{at:06d}", role=role) for at, role in enumerate(roles)]
        for at in range(0, OPEN_RUNS, 5000):
            daemon.post("guardduty", alerts[at:at + 5000], "ndjson")
        wait_for(lambda: daemon.metrics().get("cdr_runs_open", 0) >= OPEN_RUNS, 120)
        daemon.kill()
        os.remove(paused)
        before = len(sandbox.calls())
        began = time.time()
        ready = daemon.start()
        wait_for(lambda: daemon.get("/v1/runs?open=true&limit=1")["items"] == [], 240)
        ended = time.time()
        calls = sandbox.calls()[before:]
        self.table.row(f"start with {OPEN_RUNS:,} open runs: it is ready after", f"{ready:.2f} s")
        self.table.row("  the first call of the provider", f"{moment(calls[0]) - began:.2f} s")
        self.table.row("  all have ended", f"{ended - began:.1f} s")
        self.table.row("  carried out to their end", f"{OPEN_RUNS / (ended - began - ready):,.0f} runs/s")
        changes = sum(call["operation"] == "PutRolePolicy" for call in calls)
        self.table.row("  changes, of them wanted", f"{changes:,} of {OPEN_RUNS:,}", "each once",
                       changes == OPEN_RUNS)
        self.close(sandbox, daemon)

    # ---- memory

    def memory(self):
        sandbox, daemon = self.daemon("memory")
        daemon.post("guardduty", [cdrd.finding("m" * 26 + f"{at:06d}", instance="i-0", severity=2)
                                  for at in range(10)], "ndjson")
        settle(daemon)
        daemon.stop()
        alerts_copy(os.path.join(daemon.data, "journal.db"), STORED)
        daemon.start()
        started = daemon.memory_kib()
        seconds = self.seconds("send", daemon.address.rpartition(":")[2], daemon.token, 1, 2, BULK, 50_000_000)
        for _ in zip(range(20_000), daemon.pages("/v1/alerts", limit=1000)):
            pass
        settle(daemon)
        self.table.row(f"memory with {STORED:,} alerts stored, after the start", f"{started / 1024:.0f} MiB")
        self.table.row("  after more were taken, evaluated and listed", f"{daemon.memory_kib() / 1024:.0f} MiB")
        self.table.row("  taken meanwhile", f"{2 * BULK / seconds:,.0f} alerts/s")
        self.close(sandbox, daemon)


def wait_for(holds, timeout):
    until = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > until:
            raise RuntimeError("it takes too long")
        time.sleep(0.2)


def settle(daemon):
    """Until all that was taken is evaluated."""
    wait_for(lambda: daemon.get("/v1/alerts?state=waiting&limit=1")["items"] == [], 180)


def settle_runs(daemon):
    settle(daemon)
    wait_for(lambda: daemon.get("/v1/runs?open=true&limit=1")["items"] == [], 180)


def post_one(daemon, alert, role, acknowledged):
    status, _ = daemon.post("guardduty", [alert])
    if status == 202:
        acknowledged[role] = time.time()


def moment(call):
    return call["atMs"] / 1000


def first_calls(sandbox):
    """{role: when the provider was asked about it first}"""
    first = {}
    for call in sandbox.calls():
        role = call["parameters"].get("RoleName") if isinstance(call["parameters"], dict) else None
        if role is not None:
            first.setdefault(role, moment(call))
    return first


def alerts_copy(journal, count):
    """Fill a journal that nobody has open: copies of its first evaluated alert, each with a name and a digest
    of its own."""
    link = sqlite3.connect(journal)
    columns = [row[1] for row in link.execute("PRAGMA table_info(alerts)")]
    changed = {"id": "NULL", "digest": "randomblob(32)", "name": "'stored-' || n.i"}
    values = ", ".join(changed.get(name, "a." + name) for name in columns)
    link.execute("PRAGMA synchronous = OFF")
    link.execute(f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
                 f" INSERT INTO alerts ({', '.join(columns)}) SELECT {values} FROM n, (SELECT * FROM alerts"
                 " WHERE state = 'evaluated' ORDER BY id LIMIT 1) AS a")
    link.commit()
    link.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("cdr")
    options.add_argument("bench_http")
    options.add_argument("parts", nargs="*", default=[])
    options = options.parse_args()
    bench = Bench(options)
    began = time.monotonic()
    for name in options.parts or ("intake", "response", "resume", "memory"):
        getattr(bench, name)()
    print(f"{time.monotonic() - began:.0f} s on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"SQLite {sqlite3.sqlite_version}")
    bench.work.close()
    return 1 if bench.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
