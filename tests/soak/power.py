#!/usr/bin/env python3
"""power.py - what was acknowledged survives power cuts, and the work goes on without doubling.

  cuts  N power cuts at random moments while alerts are posted, in the start too: the directory becomes
        what was synced, or that and a part of what was not (power_disk.py); then the journal is
        whole, the audit log verifies, every acknowledged alert is there, and the daemon goes on
  lies  the same on a disk that acknowledges syncs and forgets (as synchronous=OFF): acknowledged
        alerts are lost, and this test sees it. It fails when nothing is lost

power_cut.so writes down what the daemon does to its files. The provider is a sandbox outside of it.
"""

import argparse
import collections
import os
import random
import shlex
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402
import daemon as soak  # noqa: E402
import power_disk  # noqa: E402

ALERTS_PER_CUT = 4


class Machine:
    """The daemon on a disk whose power is cut."""

    def __init__(self, work, options, sandbox, lies=False):
        self.work, self.options = work, options
        self.chance = random.Random(options.seed)
        self.log = work.file("power.log")
        data = work.file("data")
        os.mkdir(data, 0o700)
        env = {"LD_PRELOAD": options.library, "POWER_DIRECTORY": os.path.realpath(data),
               "POWER_LOG": self.log}
        if lies:
            env["POWER_LIES"] = "1"
        self.daemon = cdrd.Daemon(work, options.cdr, sandbox, data=data, env=env)
        self.strays, self.damaged, self.lost = [], [], set()
        self.was_ready = False
        self.modes = collections.Counter()
        self.synced = collections.Counter()
        self.unsynced = self.in_start = 0

    def switch_on(self):
        open(self.log, "wb").close()
        self.disk = power_disk.Disk(self.daemon.data)
        self.daemon.start()
        self.was_ready = True

    def cut_in_start(self):
        """Switch it on, and off before it is ready."""
        open(self.log, "wb").close()
        self.disk = power_disk.Disk(self.daemon.data)
        daemon = self.daemon
        arguments = [*daemon.cdr, "serve", "--config", daemon.config, "--listen", "127.0.0.1:0",
                     "--data", daemon.data, "--sandbox", daemon.sandbox.url]
        daemon.child = self.work.start(arguments, "daemon.log", env=daemon.env)
        time.sleep(self.chance.uniform(0, 0.12))
        self.in_start += 1
        self.cut()

    def cut(self, mode=None):
        self.daemon.kill()
        self.disk.replay(self.log)
        self.strays += self.disk.strays()
        self.unsynced += self.disk.unsynced()
        self.synced += self.disk.synced
        mode = mode or self.chance.choice(power_disk.MODES)
        self.modes[mode] += 1
        self.disk.cut(mode, self.chance)
        self.look(mode)

    def look(self, mode):
        """At a copy, since looking mends."""
        copy = power_disk.copy(self.daemon.data, self.work.file("copy"))
        if self.was_ready and not os.path.exists(os.path.join(copy, "journal.db")):
            self.damaged.append((mode, "there is no journal"))
        elif os.path.exists(os.path.join(copy, "journal.db")):
            base = sqlite3.connect(os.path.join(copy, "journal.db"))
            try:
                words = base.execute("PRAGMA integrity_check").fetchone()[0]
            except sqlite3.Error as error:
                words = str(error)
            base.close()
            if words != "ok":
                self.damaged.append((mode, words))
            elif self.was_ready:  # before, it may be one that is being made
                code, said = self.verify(copy)
                if code != 0:
                    self.damaged.append((mode, said[:500]))

    def verify(self, copy):
        there = self.daemon.data
        self.daemon.data = copy
        try:
            return self.daemon.run_cdr("audit", "verify")
        finally:
            self.daemon.data = there

    def count_lost(self, acknowledged):
        """What was acknowledged before, and is not there now. What an alert is called is known once it was
        evaluated."""
        until = time.monotonic() + 30
        while True:
            alerts = list(self.daemon.pages("/v1/alerts"))
            if all(alert["alert"] for alert in alerts) or time.monotonic() > until:
                break
            time.sleep(0.05)
        there = {alert["alert"]: str(alert["id"]) for alert in alerts}
        self.lost |= {name for name, id_ in acknowledged.items() if there.get(name) != str(id_)}


def run_cuts(options, machine, poster, count):
    for _ in range(count):
        time.sleep(machine.chance.uniform(0, 0.5))
        known = dict(poster.acknowledged)  # at the latest with what is cut off
        machine.cut()
        known = dict(poster.acknowledged) or known
        while machine.chance.random() < 0.25:
            machine.cut_in_start()
        machine.switch_on()
        machine.count_lost(known)


def say_figures(checks, machine, began):
    checks.figure("power cuts", f"{sum(machine.modes.values())}, in the start {machine.in_start}, "
                                f"{dict(machine.modes)}")
    checks.figure("syncs", dict(machine.synced))
    checks.figure("changes that were not synced when it was cut", machine.unsynced)
    checks.figure("seconds", round(time.monotonic() - began, 1))


def cuts(checks, options):
    work = cdrd.Workplace(options.keep)
    count = ALERTS_PER_CUT * options.cuts + 12
    roles = [f"power-{at:06d}" for at in range(count)]
    alerts = soak.make_alerts("p" * 26, count, roles)
    for alert in alerts[::3]:  # so that the log is moved into the database now and then
        alert["detail"]["description"] = "." * 50_000
    used = [alert["detail"]["resource"]["accessKeyDetails"]["userName"] for alert in alerts
            if "accessKeyDetails" in alert["detail"]["resource"]]
    sandbox = cdrd.Sandbox(work, options.cdr,
                           cdrd.add_roles(cdrd.shipped_world(work, options.cdr), used))
    sandbox.faults(*({"operation": name, "kind": "slow", "milliseconds": 20, "times": 1_000_000}
                     for name in ("GetRole", "GetRolePolicy", "PutRolePolicy", "CreateSnapshots")))
    machine = Machine(work, options, sandbox)
    began = time.monotonic()
    machine.cut_in_start()  # the first of all
    machine.switch_on()
    poster = soak.Poster(machine.daemon, alerts, 0.06, options.seed)
    poster.start()
    run_cuts(options, machine, poster, options.cuts)
    poster.is_hurried = True
    poster.join(300)
    daemon = machine.daemon
    checks.that(len(poster.acknowledged) == len(alerts), "every alert was acknowledged in the end",
                f"{len(poster.acknowledged)} of {len(alerts)}")
    checks.that(not poster.wrong, "each answer was 202, or 503", poster.wrong[:3])
    checks.that(not machine.lost, "no acknowledged alert is lost by a power cut", sorted(machine.lost)[:5])
    checks.that(not machine.damaged, "the journal and its audit log are whole after each",
                machine.damaged[:3])
    checks.that(not machine.strays, "every change of a file was followed", machine.strays[:5])
    checks.that(machine.unsynced > 0, "there was something to lose", machine.unsynced)
    checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
    soak.look_at_journal(checks, daemon, {alert["detail"]["id"] for alert in alerts}, poster.acknowledged)
    soak.look_at_effects(checks, daemon, sandbox, {alert["detail"]["id"] for alert in alerts}, used)
    code, words = daemon.run_cdr("audit", "verify")
    checks.that(code == 0, "the audit log is whole", words[:500])
    checks.that(daemon.stop() == 0, "it ends when it is told")
    say_figures(checks, machine, began)
    checks.figure("alerts", len(alerts))
    work.close()


def lies(checks, options):
    work = cdrd.Workplace(options.keep)
    sandbox = cdrd.Sandbox(work, options.cdr)
    machine = Machine(work, options, sandbox, lies=True)
    began = time.monotonic()
    # The first start is of an honest disk: else there is not even a directory to lose alerts of.
    env = machine.daemon.env
    machine.daemon.env = {}
    machine.daemon.start()
    machine.daemon.stop()
    machine.daemon.env = env
    acknowledged = {}
    for cut in range(options.lies):
        machine.switch_on()
        if cut > 0:
            machine.count_lost(acknowledged)
        for at in range(3):
            alert = cdrd.finding(f"{'l' * 24}{cut:04d}{at:04d}", role="web-prod")
            status, said = machine.daemon.post("guardduty", [alert])
            if status == 202:
                acknowledged[alert["detail"]["id"]] = said["ids"][0]
        machine.cut("bare" if cut == 0 else None)
    machine.switch_on()
    machine.count_lost(acknowledged)
    checks.that(len(acknowledged) > 0, "alerts were acknowledged on a disk that lies")
    checks.that(machine.lost, "and lost by its power cuts, which this test sees", "nothing was lost")
    checks.that(not machine.strays, "every change of a file was followed", machine.strays[:5])
    machine.daemon.kill()
    say_figures(checks, machine, began)
    checks.figure("acknowledged, and lost", f"{len(acknowledged)}, {len(machine.lost)}")
    work.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    options.add_argument("--library", default=None, help="power_cut.so; beside cdr's if not said")
    options.add_argument("--cuts", type=int, default=5)
    options.add_argument("--lies", type=int, default=3)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--keep", action="store_true", help="keep the directory")
    options.add_argument("parts", nargs="*", default=[])
    options = options.parse_args()
    options.cdr = shlex.split(options.cdr)
    checks = cdrd.Checks()
    folder = os.path.dirname(os.path.abspath(options.cdr[-1]))
    options.library = options.library or os.path.join(folder, "tests", "soak", "power_cut.so")
    if len(options.cdr) > 1 or b"__asan_init" in open(options.cdr[0], "rb").read():
        checks.skip("power cuts", "a sanitizer or valgrind wants to be loaded first")
        return checks.finish()
    if not checks.that(os.path.exists(options.library), "power_cut.so is built", options.library):
        return checks.finish()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    checks.figure("seed", options.seed)
    parts = {"cuts": cuts, "lies": lies}
    for name in options.parts or parts:
        print(f"# ---- {name}", flush=True)
        parts[name](checks, options)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
