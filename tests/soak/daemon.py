#!/usr/bin/env python3
"""daemon.py - nothing acknowledged is lost and nothing is done twice, however often the daemon dies.

  kills       kill -9 at N random moments while alerts are posted and retried until 202
  syscalls    one alert, and death at the first, the second, .. system call that any thread makes
              while it comes in and is carried out
  duplicates  N posts of a few alerts: the same again, in other orders, alone and in bulk, and newer
              versions of them

The provider is a sandbox outside of the daemon that counts what is done to it.
"""

import argparse
import collections
import os
import random
import shlex
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402

INSTANCE = "i-01111e1c0ffee0003"
ALERTS_PER_KILL = 3


class Poster(threading.Thread):
    """Posts alerts until each was acknowledged, whoever dies meanwhile."""

    def __init__(self, daemon, alerts, pace, seed):
        super().__init__(daemon=True)
        self.cdr, self.alerts, self.pace = daemon, alerts, pace
        self.chance = random.Random(seed)
        self.acknowledged = {}  # name -> id
        self.attempts = self.refused = self.gone = 0
        self.wrong = []
        self.is_hurried = False

    def run(self):
        at = 0
        while at < len(self.alerts):
            count = self.chance.choice((1, 1, 1, 2, 5))
            some = self.alerts[at:at + count]
            kind = "one" if len(some) == 1 else self.chance.choice(("array", "ndjson"))
            self.until_taken(some, kind)
            at += len(some)
            if not self.is_hurried:
                time.sleep(self.chance.uniform(0, 2 * self.pace * len(some)))

    def until_taken(self, some, kind):
        while True:
            self.attempts += 1
            try:
                status, said = self.cdr.post("guardduty", some, kind)
            except cdrd.Gone:
                self.gone += 1
                time.sleep(0.02)
                continue
            if status == 202 and isinstance(said, dict) and "ids" in said:
                for one, id_ in zip(some, said["ids"]):
                    self.acknowledged[one["detail"]["id"]] = id_
                if len(said["ids"]) != len(some):
                    self.wrong.append(said)
                return
            self.refused += 1
            if status != 503:
                self.wrong.append((status, said))
                return
            time.sleep(0.1)


def effects(changes):
    """How often each change was made: {(operation, what): count}."""
    counts = collections.Counter()
    for operation, target, parameters in changes:
        if operation == "PutRolePolicy":
            counts[operation, parameters["RoleName"]] += 1
        elif operation == "CreateSnapshots":
            key = next(key for key, value in parameters.items() if value == "cdr:step")
            counts[operation, parameters[key.replace(".Key", ".Value")]] += 1
        else:
            counts[operation, target] += 1
    return counts


def make_alerts(prefix, count, roles):
    """One in four is about an instance, whose disks are saved; the others each about a role."""
    alerts = []
    for at in range(count):
        name = f"{prefix}{at:06d}"
        if at % 4 == 3:
            alerts.append(cdrd.finding(name, instance=INSTANCE, severity=5))
        else:
            alerts.append(cdrd.finding(name, role=roles[at]))
    return alerts


def look_at_journal(checks, daemon, names, acknowledged):
    """Every alert is there once and evaluated, and has one run."""
    seen = collections.Counter()
    states = collections.Counter()
    ids = {}
    for alert in daemon.pages("/v1/alerts"):
        if alert["alert"] in names:
            seen[alert["alert"]] += 1
            states[alert["state"]] += 1
            ids[alert["alert"]] = str(alert["id"])
    lost = [name for name in names if seen[name] == 0]
    checks.that(not lost, "every acknowledged alert is there", f"{len(lost)} lost: {lost[:5]}")
    checks.that(all(count == 1 for count in seen.values()), "and once",
                seen.most_common(3))
    checks.that(set(states) == {"evaluated"}, "and evaluated", dict(states))
    other = [name for name, id_ in acknowledged.items() if ids.get(name) != str(id_)]
    checks.that(not other, "under the id that was answered", other[:5])
    runs = collections.Counter()
    kinds = collections.Counter()
    for run in daemon.pages("/v1/runs"):
        if run["alert"] in names:
            runs[run["alert"]] += 1
            kinds[run["state"]] += 1
    checks.that(set(runs) == set(names) and set(runs.values()) <= {1}, "and began one run",
                f"{len(runs)} of {len(names)}, {runs.most_common(2)}")
    return kinds


def look_at_effects(checks, daemon, sandbox, names, roles):
    """Each change that was intended is at the provider once; what may be otherwise is unknown."""
    unknown, done, other = set(), collections.Counter(), collections.Counter()
    of_names = {run["id"]: run["alert"] for run in daemon.pages("/v1/runs")}
    for step in daemon.pages("/v1/steps"):
        if of_names.get(step["run"]) not in names:
            continue
        if step["state"] == "done":
            done[step["name"]] += 1
        elif step["state"] in ("unknown", "held"):
            unknown.add(step["target"])
        else:
            other[step["state"]] += 1
    counts = effects(sandbox.changes())
    twice = {key: count for key, count in counts.items() if count > 1}
    checks.that(not twice, "no change was made twice", list(twice.items())[:5])
    missing = [role for role in roles if counts["PutRolePolicy", role] != 1
               and not any(role in (target or "") for target in unknown)]
    checks.that(not missing, "each role was isolated once, or the step says unknown", missing[:5])
    checks.that(not other, "every step is done, or listed as unknown", dict(other))
    checks.figure("steps done", dict(done))
    checks.figure("steps unknown or held", len(unknown))
    checks.figure("changes at the provider", sum(counts.values()))


def kills(checks, options):
    work = cdrd.Workplace(options.keep)
    count = ALERTS_PER_KILL * options.kills + 12
    roles = [f"soak-{at:06d}" for at in range(count)]
    alerts = make_alerts("a" * 26, count, roles)
    used = [alert["detail"]["resource"]["accessKeyDetails"]["userName"] for alert in alerts
            if "accessKeyDetails" in alert["detail"]["resource"]]
    world = cdrd.add_roles(cdrd.shipped_world(work, options.cdr), used)
    sandbox = cdrd.Sandbox(work, options.cdr, world)
    # So that there is a middle of each request to die in.
    sandbox.faults({"operation": "PutRolePolicy", "kind": "lose_reply", "after": 5,
                    "times": 1 + options.kills // 50},
                   *({"operation": name, "kind": "slow", "milliseconds": 20, "times": 1_000_000}
                     for name in ("GetRole", "GetRolePolicy", "PutRolePolicy", "CreateSnapshots")))
    daemon = cdrd.Daemon(work, options.cdr, sandbox)
    daemon.start()
    chance = random.Random(options.seed)
    poster = Poster(daemon, alerts, 0.06, options.seed)
    poster.start()
    began = time.monotonic()
    for _ in range(options.kills):
        time.sleep(chance.uniform(0, 0.3))
        daemon.kill()
        daemon.start()
    poster.is_hurried = True
    poster.join(300)
    checks.that(len(poster.acknowledged) == len(alerts), "every alert was acknowledged in the end",
                f"{len(poster.acknowledged)} of {len(alerts)}")
    checks.that(not poster.wrong, "each answer was 202, or 503", poster.wrong[:3])
    checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
    names = {alert["detail"]["id"] for alert in alerts}
    kinds = look_at_journal(checks, daemon, names, poster.acknowledged)
    look_at_effects(checks, daemon, sandbox, names, used)
    code, words = daemon.run_cdr("audit", "verify")
    checks.that(code == 0, "the audit log is whole", words[:500])
    checks.that(daemon.stop() == 0, "it ends when it is told")
    checks.figure("kills", options.kills)
    checks.figure("seconds", round(time.monotonic() - began, 1))
    checks.figure("alerts", len(alerts))
    checks.figure("posts", f"{poster.attempts}, without an answer {poster.gone}, 503 {poster.refused}")
    checks.figure("runs by state", dict(kinds))
    checks.figure("seconds to be ready, p50 and p99",
                  f"{cdrd.quantile(daemon.start_times, 0.5):.3f} {cdrd.quantile(daemon.start_times, 0.99):.3f}")
    work.close()


def one_alert(daemon, alert):
    """Post it and follow it to its end: whether the daemon lived to see that."""
    name = alert["detail"]["id"]
    try:
        until = time.monotonic() + 10
        while daemon.post("guardduty", [alert])[0] != 202 and time.monotonic() < until:
            time.sleep(0.02)
        while time.monotonic() < until:
            runs = [run for run in daemon.pages("/v1/runs", alert=name) if run["state"] == "done"]
            if runs:
                return True
            time.sleep(0.1)
    except (cdrd.Gone, RuntimeError):
        pass
    return False


def syscalls(checks, options):
    work = cdrd.Workplace(options.keep)
    roles = [f"call-{at:06d}" for at in range(options.syscalls)]
    sandbox = cdrd.Sandbox(work, options.cdr,
                           cdrd.add_roles(cdrd.shipped_world(work, options.cdr), roles))
    daemon = cdrd.Daemon(work, options.cdr, sandbox)
    daemon.start()
    began, number, lived, used, alerts = time.monotonic(), 0, 0, [], []
    calls = collections.Counter()  # those that were not made any more, by number
    for at, role in enumerate(roles):
        number += options.step
        alert = cdrd.finding("c" * 26 + f"{at:06d}", role=role)
        try:
            tracer = daemon.kill_at(number)
        except PermissionError as error:
            checks.skip("it dies at every system call", f"it may not be traced: {error}")
            work.close()
            return
        used.append(role)
        alerts.append(alert)
        lived += one_alert(daemon, alert)
        daemon.kill()
        calls.update(int(number) for number in tracer.stderr.read().split())
        tracer.stderr.close()
        tracer.wait()
        work.children.remove(tracer)
        daemon.start()
        one_alert(daemon, alert)  # to its end: the next death is in the middle of the next run alone
        if lived >= 10:  # past the last call of a run; what dies now only answers questions
            break
    deaths = sum(calls.values())
    checks.that(deaths * options.step >= 500, "it died", deaths)
    checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
    names = {alert["detail"]["id"] for alert in alerts}
    look_at_journal(checks, daemon, names, {})
    look_at_effects(checks, daemon, sandbox, names, used)
    code, words = daemon.run_cdr("audit", "verify")
    checks.that(code == 0, "the audit log is whole", words[:500])
    checks.that(daemon.stop() == 0, "it ends when it is told")
    checks.figure("calls it died at, by number", dict(calls.most_common(40)))
    checks.figure("system calls", f"{number}, each {options.step}., {deaths} deaths")
    checks.figure("seconds", round(time.monotonic() - began, 1))
    work.close()


def duplicates(checks, options):
    work = cdrd.Workplace(options.keep)
    roles = [f"twin-{at:06d}" for at in range(40)]
    world = cdrd.add_roles(cdrd.shipped_world(work, options.cdr), roles)
    sandbox = cdrd.Sandbox(work, options.cdr, world)
    daemon = cdrd.Daemon(work, options.cdr, sandbox)
    daemon.start()
    chance = random.Random(options.seed)
    alerts = [cdrd.finding("b" * 26 + f"{at:06d}", role=role) for at, role in enumerate(roles)]
    newer = [cdrd.finding(alert["detail"]["id"], role=role, updatedAt=f"2026-01-05T11:0{v}:00.000Z")
             for alert, role in zip(alerts, roles) for v in range(3)]
    posts = [chance.choice(alerts) for _ in range(options.duplicates - len(newer) - len(alerts))]
    posts += newer + alerts
    chance.shuffle(posts)
    began, at, answers, new = time.monotonic(), 0, collections.Counter(), 0
    while at < len(posts):
        size = chance.choice((1, 1, 3, 50))
        some = posts[at:at + size]
        status, said = daemon.post("guardduty", some, "one" if len(some) == 1 else
                                   chance.choice(("array", "ndjson")))
        answers[status] += 1
        if status == 503:
            time.sleep(0.05)
            continue
        new += said.get("new", 0) if isinstance(said, dict) else 0
        at += len(some)
    checks.that(set(answers) <= {202, 503}, "each answer was 202, or 503", dict(answers))
    checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
    versions = len(alerts) + len(newer)
    checks.that(new == versions, "each version of an alert was new once", f"{new} of {versions}")
    names = {alert["detail"]["id"] for alert in alerts}
    runs = collections.Counter(run["alert"] for run in daemon.pages("/v1/runs"))
    checks.that(set(runs) == names and set(runs.values()) == {1},
                "an alert began one run, whichever version came first", runs.most_common(3))
    stored = [alert for alert in daemon.pages("/v1/alerts") if alert["alert"] in names]
    checks.that(len(stored) == versions, "each version is kept", len(stored))
    look_at_effects(checks, daemon, sandbox, names, roles)
    checks.that(daemon.stop() == 0, "it ends when it is told")
    checks.figure("posts of alerts", len(posts))
    checks.figure("seconds", round(time.monotonic() - began, 1))
    work.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--duplicates", type=int, default=10_000)
    options.add_argument("--syscalls", type=int, default=2000, help="at most so many deaths")
    options.add_argument("--step", type=int, default=20, help="system calls from one to the next")
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--keep", action="store_true", help="keep the directory")
    options.add_argument("parts", nargs="*", default=[])
    options = options.parse_args()
    options.cdr = shlex.split(options.cdr)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    checks = cdrd.Checks()
    checks.figure("seed", options.seed)
    parts = {"kills": kills, "syscalls": syscalls, "duplicates": duplicates}
    for name in options.parts or parts:
        print(f"# ---- {name}", flush=True)
        parts[name](checks, options)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
