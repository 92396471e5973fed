#!/usr/bin/env python3
"""steady.py - ordinary days, one after the other: at the end the counts agree and nothing has grown.

RATE alerts a second for SECONDS, by the API, a signed webhook, a file that is followed and syslog: some
match, most do not, some come twice, some are newer versions, some cannot be read. Meanwhile the provider
throttles, fails, loses answers and is gone for a while, rules are reloaded (good ones and bad ones), people
approve and reject, the file is rotated, backups are taken. Memory, descriptors, threads, the journal's
log and the daemon's own log are measured all the time.
"""

import argparse
import base64
import collections
import getpass
import json
import os
import pwd
import random
import re
import shlex
import shutil
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402
import replays  # noqa: E402

PAGE_CACHE_KIB = 16384  # as vm/store/sqlite.c has it: filled in about 15 minutes
INSTANCE = "i-01111e1c0ffee0003"
CONFIG = """cdr 1

daemon {
  sandbox = on
  canary = %(canary)s
  rules = ["rules"]
  webhook hook { source = guardduty secret = env("HOOK_SECRET") }
  follow file { path = "%(file)s" source = guardduty }
  syslog hosts { listen = "127.0.0.1:0" }
}

connection sandbox {
  provider = aws
  member_role = "cdr-responder"
  external_id = "cdr-sandbox"
}

environment ours {
  aws accounts organization
}

role lead {
  members = [%(me)s]
  may = [approve, reject]
}
"""
ASKED = """cdr 1

defaults {
  limit 1000000 targets per 1h;
  limit 1000000 targets by action per 1h;
  limit 1000000 targets by account per 1h;
  limit 1000000 targets by provider per 1h
}

# One that waits for a person.
rule asked "A role of an incident that somebody decides about" (author = "mallory") {
  when source = guardduty and alert.type startswith "Persistence:" and exists role.name
  then respond isolate_role approve by lead within 2h
}
"""
# What is sent, of 100; the rest matches no rule.
SHARES = (("role", 12), ("instance", 3), ("asked", 1), ("unreadable", 5), ("again", 12), ("newer", 8))
WAYS = (("api", 40), ("hook", 25), ("file", 20), ("syslog", 15))
OF_JOURNAL = {"api": "api", "hook": "webhook hook", "file": "follow file", "syslog": "syslog hosts"}


def me():
    """Who approves, as cdr knows who is logged in."""
    names = {getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name}
    try:
        names.add(pwd.getpwuid(int(cdrd.read("/proc/self/loginuid"))).pw_name)
    except (OSError, KeyError, ValueError):
        pass
    return ", ".join(f'"{name}"' for name in sorted(names))


def instance_of(name):
    """Each alert has one of its own: what was done is not done again."""
    return f"i-{int(name.rpartition('-')[2]):017x}"


def add_instances(world, names):
    """Instances with a disk each, like one that is there."""
    region = world["accounts"][0]["regions"][0]
    like = next(one for one in region["instances"] if one["instanceId"] == INSTANCE)
    disk = next(one for one in region["volumes"] if one["instanceId"] == INSTANCE)
    for name in names:
        instance = instance_of(name)
        region["instances"].append({**like, "instanceId": instance, "reservationId": "r" + instance[1:], "tags": {}})
        region["volumes"].append({**disk, "volumeId": "vol" + instance[1:], "instanceId": instance, "tags": {}})
    return world


def choose(chance, shares):
    at = chance.randrange(100)
    for name, share in shares:
        at -= share
        if at < 0:
            return name
    return None


class Load(threading.Thread):
    """Sends at a steady rate, and knows what that has to come to."""

    def __init__(self, work, daemon, rate, seconds, seed):
        super().__init__(daemon=True)
        self.work, self.cdr, self.rate, self.seconds = work, daemon, rate, seconds
        self.chance, self.names = random.Random(seed), random.Random(seed)
        self.texts = collections.defaultdict(set)  # way -> texts
        self.wanted = {"role": set(), "instance": set(), "asked": set()}  # names of alerts
        self.unreadable = 0
        self.copies = 0
        self.sent = collections.Counter()
        self.answered = collections.Counter()
        self.past = collections.deque(maxlen=2000)  # (way, text, document or None)
        self.waited = 0
        self.wrong = []
        self.line = None
        self.rotate = False

    def run(self):
        began = time.monotonic()
        for at in range(int(self.rate * self.seconds)):
            wait = began + at / self.rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            try:
                self.send(*self.make(at))
            except Exception as error:  # noqa: BLE001 - a thread that ends in silence tests nothing
                self.wrong.append(repr(error))
                return
        self.late = time.monotonic() - began - self.seconds
        if self.line:
            self.line.close()

    def make(self, at):
        """The next one: (way, text)."""
        kind = choose(self.chance, SHARES)
        way = choose(self.chance, WAYS)
        name = f"steady-{at:08d}"
        if kind in ("again", "newer") and self.past:
            way, text, document = self.chance.choice(self.past)
            if kind == "newer" and document is not None:
                document = json.loads(json.dumps(document))
                document["detail"]["updatedAt"] = f"2026-01-06T{at // 3600 % 24:02d}:{at // 60 % 60:02d}:{at % 60:02d}.{at % 1000:03d}Z"
                self.sent["newer"] += 1
                return self.new(way, document)
            self.sent["again"] += 1
            self.copies += 1
            return way, text
        if kind == "unreadable":
            self.sent[kind] += 1
            self.unreadable += 1
            text = f"no alert {at}" if way == "syslog" else '{"id":"%s", "detail": {' % name
            self.texts[way].add(text)
            return way, text
        if kind in self.wanted:
            way = "api" if way == "syslog" else way
            self.sent[kind] += 1
            self.wanted[kind].add(name)
            if kind == "instance":
                return self.new(way, cdrd.finding(name, instance=instance_of(name), severity=5))
            more = {"type": "Persistence:IAMUser/AnomalousBehavior"} if kind == "asked" else {}
            return self.new(way, cdrd.finding(name, role=name, **more))
        self.sent["no match"] += 1
        if way == "syslog":
            text = f"<14>1 2026-01-02T03:04:05Z host app 7 id - all is well {at}"
            self.texts[way].add(text)
            self.past.append((way, text, None))
            return way, text
        return self.new(way, cdrd.finding(name, instance=INSTANCE, severity=2))

    def new(self, way, document):
        text = json.dumps(document)
        self.texts[way].add(text)
        self.past.append((way, text, document))
        return way, text

    def send(self, way, text):
        if way == "file":
            path = self.work.file("in.ndjson")
            if self.rotate:
                self.rotate = False
                os.rename(path, path + f".{time.monotonic_ns()}")
            with open(path, "a") as file:
                file.write(text + "\n")
        elif way == "syslog":
            self.send_line(text.encode() + b"\n")
        else:
            self.until_taken(way, text.encode())

    def send_line(self, line):
        if self.line is None:
            found = re.findall(r"senders may connect.*syslog hosts.*port=\"?(\d+)", cdrd.read(self.work.file("daemon.log")))
            self.line = socket.create_connection(("127.0.0.1", int(found[-1])), timeout=60)
        self.line.sendall(line)

    def until_taken(self, way, body):
        for _ in range(3000):
            if way == "api":
                status, _, said = self.cdr.ask("POST", "/v1/alerts/guardduty", body)
            else:
                name = f"msg_{self.names.getrandbits(64):016x}"
                status, _, said = self.cdr.ask("POST", "/hooks/hook", body, replays.signed(name, body, int(time.time())), token=False)
            if status == 202:
                said = json.loads(said)
                self.answered[way, "new"] += said["new"]
                self.answered[way, "known"] += said["known"]
                return
            if status != 503:
                break
            self.waited += 1
            time.sleep(0.1)
        self.wrong.append((way, status, said[:200]))


class People(threading.Thread):
    """Approve one, reject one, and leave every tenth."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.cdr, self.is_over = daemon, False
        self.answers = {}  # run -> "approve", "reject", "leave"
        self.wrong = []

    def run(self):
        while not self.is_over:
            try:
                self.decide()
            except (cdrd.Gone, RuntimeError) as error:
                self.wrong.append(repr(error))
            time.sleep(2)

    def decide(self):
        for hold in list(self.cdr.pages("/v1/approvals")):
            run = str(hold["run"])
            if run in self.answers:
                continue
            at = len(self.answers)
            answer = "leave" if at % 10 == 9 else ("approve", "reject")[at % 2]
            self.answers[run] = answer
            if answer != "leave":
                code, words = self.cdr.run_cdr(answer, str(hold["id"]), "--reason", "a test")
                if code != 0:
                    self.wrong.append((answer, code, words[:300]))


class Gauges(threading.Thread):
    """Measures every `every` s what must not grow."""

    def __init__(self, work, daemon, every):
        super().__init__(daemon=True)
        self.work, self.cdr, self.every, self.is_over = work, daemon, every, False
        self.rows = []  # (seconds, RSS KiB, descriptors, threads, WAL bytes, log bytes)
        self.began = time.monotonic()

    def run(self):
        while not self.is_over:
            self.measure()
            time.sleep(self.every)

    def measure(self):
        wal = os.path.join(self.cdr.data, "journal.db-wal")
        self.rows.append((
            time.monotonic() - self.began, self.cdr.memory_kib(), self.cdr.descriptors(),
            len(os.listdir(f"/proc/{self.cdr.child.pid}/task")),
            os.path.getsize(wal) if os.path.exists(wal) else 0,
            os.path.getsize(self.work.file("daemon.log"))))
        with open(self.work.file("gauges.csv"), "a") as file:
            file.write(",".join(str(round(one)) for one in self.rows[-1]) + "\n")

    def after(self, part):
        """What was measured after `part` of the time."""
        return [row for row in self.rows if row[0] >= part * self.rows[-1][0]]


def slope(rows, at):
    """By least squares, a minute."""
    xs, ys = [row[0] / 60 for row in rows], [row[at] for row in rows]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    below = sum((one - x) ** 2 for one in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / below if below else 0.0


class Weather:
    """What goes wrong meanwhile, in an order that repeats."""

    def __init__(self, work, daemon, sandbox, load, options):
        self.work, self.cdr, self.sandbox, self.load = work, daemon, sandbox, load
        self.gone_for = min(60, options.seconds / 6)
        self.good = cdrd.read(work.file("rules/soak.cdr"))
        self.rules = [0, 0]  # good ones, bad ones
        self.backups = self.times_gone = 0
        self.wrong = []

    def fault(self, kind, **more):
        names = ("GetRole", "PutRolePolicy", "CreateSnapshots", "DescribeInstances")
        self.sandbox.faults(*({"operation": name, "kind": kind, "times": 3, **more} for name in names))

    def rule_set(self, is_bad):
        self.rules[is_bad] += 1
        path, at = self.work.file("rules/soak.cdr"), sum(self.rules)
        with open(path + ".new", "w") as file:
            file.write(self.good + (f"rule broken{at} {{ when sevrity = high }}\n" if is_bad else f"# {at}\n"))
        os.rename(path + ".new", path)
        self.cdr.child.send_signal(signal.SIGHUP)

    def backup(self):
        path = self.work.file(f"backup{self.backups}.db")
        code, words = self.cdr.run_cdr("backup", path)
        self.backups += 1
        if code != 0:
            self.wrong.append(("backup", code, words[:300]))
        else:
            os.remove(path)

    def gone(self):
        """It takes connections and answers none: of all ways of being gone the slowest."""
        self.times_gone += 1
        self.sandbox.child.send_signal(signal.SIGSTOP)
        time.sleep(self.gone_for)
        self.sandbox.child.send_signal(signal.SIGCONT)

    def hang_up(self):
        self.cdr.child.send_signal(signal.SIGHUP)

    def turn(self):
        self.load.rotate = True

    def go_on(self, until):
        """One after the other until then; `gone` once in each round."""
        pause = max(0.3, min(8, (until - time.monotonic() - self.gone_for) / 14))
        while True:
            for event in (lambda: self.fault("throttle"), lambda: self.rule_set(False), lambda: self.fault("fail_after"),
                          self.hang_up, self.backup, lambda: self.fault("lose_reply"), lambda: self.rule_set(True),
                          lambda: self.fault("slow", milliseconds=800), self.turn, lambda: self.rule_set(False), self.gone,
                          lambda: self.fault("fail_before"), lambda: self.fault("html", status=502)):
                if time.monotonic() >= until:
                    return
                event()
                time.sleep(pause)


def look_at_alerts(checks, daemon, load):
    """in = evaluated + dead, by each way; the ids of those with a run."""
    ways, states, copies = collections.Counter(), collections.Counter(), 0
    for alert in daemon.pages("/v1/alerts", limit=1000):
        ways[alert["way"]] += 1
        states[alert["state"]] += 1
        copies += alert.get("copies") or 0
    for way, texts in load.texts.items():
        found = sum(count for name, count in ways.items() if name.startswith(OF_JOURNAL[way]))
        checks.that(found == len(texts), f"each text that came by {way} is there once", f"{found} of {len(texts)}: {dict(ways)}")
    total = sum(len(texts) for texts in load.texts.values())
    checks.that(set(states) <= {"evaluated", "dead"} and sum(states.values()) == total,
                "in = evaluated + dead + waiting (0)", f"{dict(states)}, {total} in")
    checks.that(states["dead"] == load.unreadable, "what cannot be read is set aside, and nothing else",
                f"{states['dead']} of {load.unreadable}")
    checks.that(copies == load.copies, "each that came again is counted", f"{copies} of {load.copies}")
    for way in ("api", "hook"):
        checks.that(load.answered[way, "new"] == len(load.texts[way]), f"answers of {way} say the same",
                    f"{load.answered[way, 'new']} of {len(load.texts[way])}")
    return states


def look_at_runs(checks, daemon, load, people):
    """Each alert that matches has one run. {run: (alert, state)}"""
    wanted = set().union(*load.wanted.values())
    runs = {run["id"]: (run["alert"], run["state"]) for run in daemon.pages("/v1/runs", limit=1000)}
    count = collections.Counter(name for name, _ in runs.values())
    checks.that(set(count) == wanted, "each alert that matches has its run, and no other has one",
                f"{len(count)} of {len(wanted)}, without {sorted(wanted - set(count))[:3]}, more {sorted(set(count) - wanted)[:3]}")
    checks.that(set(count.values()) <= {1}, "and one alone, however many versions came", count.most_common(3))
    left = {run for run, answer in people.answers.items() if answer == "leave"}
    strange = {run: runs[run] for run in runs if runs[run][1] not in ("done", "failed") and run not in left
               and people.answers.get(run) != "reject"}
    return runs, wanted, strange


def look_at_effects(checks, daemon, sandbox, load, people, runs):
    """What is at the provider is what was wanted: no more, no less."""
    states, unsure = collections.Counter(), set()
    for step in daemon.pages("/v1/steps", limit=1000):
        states[step["state"]] += 1
        if step["state"] in ("unknown", "failed"):
            unsure.add(runs[step["run"]][0])
    answers = {runs[run][0]: answer for run, answer in people.answers.items()}
    roles = load.wanted["role"] | {name for name in load.wanted["asked"] if answers.get(name) == "approve"}
    changes = collections.Counter()
    for operation, target, parameters in sandbox.changes():
        if operation == "PutRolePolicy":
            changes[operation, parameters["RoleName"]] += 1
        elif operation == "CreateSnapshots":
            key = next(key for key, value in parameters.items() if value == "cdr:step")
            changes[operation, parameters[key.replace(".Key", ".Value")]] += 1
        else:
            changes[operation, target] += 1
    isolated = {name for operation, name in changes if operation == "PutRolePolicy"}
    checks.that(isolated - unsure == roles - unsure, "each role that was to be isolated is, and no other",
                f"missing {sorted(roles - unsure - isolated)[:3]}, more {sorted(isolated - roles - unsure)[:3]}")
    saved = sum(operation == "CreateSnapshots" for operation, _ in changes)
    unsure_saved = len(unsure & load.wanted["instance"])
    checks.that(len(load.wanted["instance"]) - unsure_saved <= saved <= len(load.wanted["instance"]),
                "each disk that was to be saved is", f"{saved} of {len(load.wanted['instance'])}, unsure {unsure_saved}")
    twice = {key: count for key, count in changes.items() if count > 1}
    checks.that(not twice, "no change was made twice", list(twice.items())[:3])
    # The provider goes away meanwhile: of a sample of seconds the steps that were under way then may fail.
    checks.that(len(unsure) <= 2 + len(runs) // 50, "few steps failed or are unknown", len(unsure))
    checks.figure("steps by state", dict(states))
    checks.figure("changes at the provider", sum(changes.values()))


def look_at_slopes(checks, gauges, rows):
    grown = max(row[1] for row in rows) - rows[0][1]
    checks.that(grown < PAGE_CACHE_KIB + 4096, "memory grows by the journal's page cache at most", f"{grown} KiB")
    last = gauges.after(0.75)
    checks.figure("RSS KiB in the last quarter", f"slope {slope(last, 1):+.2f} a minute")
    checks.that(slope(last, 1) < 512, "and ever less", slope(last, 1))
    for at, name in ((2, "descriptors"), (3, "threads")):
        checks.that(rows[-1][at] <= rows[0][at] + 12, name + " do not grow", (rows[0][at], rows[-1][at]))


def look_at_growth(checks, gauges, load, log, is_long):
    """Flat after a warm-up; a short run ends before that, so that it has bounds alone."""
    rows, names = gauges.after(0.33), ("", "RSS KiB", "descriptors", "threads", "WAL bytes")
    for at in (1, 2, 3, 4):
        values = [row[at] for row in rows]
        checks.figure(names[at], f"first {gauges.rows[0][at]}, after the warm-up {values[0]}, last {values[-1]}, "
                                 f"most {max(row[at] for row in gauges.rows)}, slope {slope(rows, at):+.2f} a minute")
    # Each of the crew keeps up to five connections to each provider.
    for at, name in ((2, "descriptors"), (3, "threads")):
        checks.that(max(row[at] for row in gauges.rows) < 150, name + " have a bound")
    if is_long:
        look_at_slopes(checks, gauges, rows)
    checks.that(max(row[4] for row in gauges.rows) < 64 << 20, "the journal's log has a bound")
    lines = cdrd.read(log).count("\n")
    checks.figure("lines of the log", lines)
    checks.that(lines < 200 + sum(load.sent.values()) * 0.3, "the daemon's log too", lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="alerts a second")
    parser.add_argument("--prefix", default="", help="what runs the daemon, as in valgrind")
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    is_long = options.seconds >= 600
    work, checks, cdr = cdrd.Workplace(options.keep), cdrd.Checks(), shlex.split(options.cdr)
    checks.figure("seed", seed)
    checks.figure("directory", work.path)
    shutil.copytree(os.path.join(os.path.dirname(cdrd.CONFIG), "rules"), work.file("rules"))
    for name, text in (("daemon.cdr", CONFIG % {"me": me(), "file": work.file("in.ndjson"), "canary": "1m" if is_long else "2s"}),
                       ("rules/asked.cdr", ASKED), ("in.ndjson", "")):
        with open(work.file(name), "w") as file:
            file.write(text)
    load = Load(work, None, options.rate, options.seconds, seed)
    count = int(options.rate * options.seconds)
    # A role for each alert that may be about one: which they are is known by the same chance.
    twin = Load(work, None, options.rate, options.seconds, seed)
    for at in range(count):
        twin.make(at)
    roles = sorted(twin.wanted["role"] | twin.wanted["asked"])
    world = add_instances(cdrd.add_roles(cdrd.shipped_world(work, cdr), roles), sorted(twin.wanted["instance"]))
    sandbox = cdrd.Sandbox(work, cdr, world)
    secret = "whsec_" + base64.b64encode(replays.KEY).decode()
    daemon = cdrd.Daemon(work, cdr, sandbox, config=work.file("daemon.cdr"), env={"HOOK_SECRET": secret},
                         prefix=shlex.split(options.prefix))
    daemon.start()
    load.cdr = daemon
    people, gauges = People(daemon), Gauges(work, daemon, 5 if is_long else 1)
    weather = Weather(work, daemon, sandbox, load, options)
    for thread in (load, people, gauges):
        thread.start()
    weather.go_on(time.monotonic() + options.seconds)
    load.join(options.seconds + 120)
    checks.that(not load.is_alive() and not load.wrong, "each alert was taken", load.wrong[:3])
    checks.that(daemon.settle(180), "all that was under way came to its end", daemon.under_way())
    gauges.is_over = True
    gauges.measure()
    time.sleep(2.5)  # for people to see the last
    people.is_over = True
    people.join(60)
    daemon.settle()
    checks.that(not people.wrong, "people could answer", people.wrong[:3])
    checks.that(not weather.wrong, "backups were taken", weather.wrong[:3])
    states = look_at_alerts(checks, daemon, load)
    runs, wanted, strange = look_at_runs(checks, daemon, load, people)
    checks.that(not strange, "each run ended, or waits for a person", list(strange.items())[:3])
    look_at_effects(checks, daemon, sandbox, load, people, runs)
    look_at_growth(checks, gauges, load, work.file("daemon.log"), is_long)
    kinds = collections.Counter(re.sub(r"[0-9]+", "", one).replace(work.path, "") for one in daemon.descriptor_kinds())
    checks.figure("descriptors by kind", dict(kinds.most_common(8)))
    figures = daemon.metrics()
    checks.that(figures["cdr_rules_refused_total"] <= weather.rules[1]
                and figures["cdr_rules_loaded_total"] <= 1 + weather.rules[0]
                and figures["cdr_runs_begun_total"] == len(runs)
                and figures["cdr_alerts_waiting"] <= 1,  # of our own, the canary
                "the figures agree", {name: figure for name, figure in figures.items() if "rules" in name or "total" in name})
    code, words = daemon.run_cdr("audit", "verify")
    checks.that(code == 0, "the audit log is whole", words[:500])
    checks.that(daemon.stop() == 0, "it ends when it is told")
    checks.figure("sent", dict(load.sent))
    checks.figure("alerts by state", dict(states))
    checks.figure("matched", len(wanted))
    checks.figure("answers of people", dict(collections.Counter(people.answers.values())))
    checks.figure("runs by state", dict(collections.Counter(state for _, state in runs.values())))
    checks.figure("503", load.waited)
    checks.figure("good and bad rule sets, backups, times gone", (*weather.rules, weather.backups, weather.times_gone))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
