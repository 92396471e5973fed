#!/usr/bin/env python3
"""faults.py - what surrounds the daemon fails for a while: it says so, loses nothing, and goes on by itself.

  disk         its file system is full (a small tmpfs; root alone)
  files        no file may grow (RLIMIT_FSIZE)
  locked       another process has the journal for longer than anybody waits
  descriptors  there are none left (RLIMIT_NOFILE)
  memory       there is none left (RLIMIT_AS)
  clock        the clock is set by an hour and a day, there and back (libfaketime)
  stopped      the machine stands still for a while (SIGSTOP)
  graceful     it is told to end under load

The provider is a sandbox outside of it that counts what is done to it.
"""

import argparse
import glob
import json
import os
import random
import resource
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402
import daemon as soak  # noqa: E402

CONFIG = """cdr 1

daemon {
  sandbox = on
  canary = 2s
  rules = ["%s"]
  follow quiet { path = "%s" source = webhook silent_after = 30m }
}

connection sandbox {
  provider = aws
  member_role = "cdr-responder"
  external_id = "cdr-sandbox"
}

environment ours {
  aws accounts organization
}
"""


class Night:
    """A daemon, the alerts that are sent to it, and what has to be true in the end."""

    def __init__(self, checks, options, name, rules=None, **more):
        self.checks, self.name = checks, name
        self.work = cdrd.Workplace(options.keep)
        self.roles = [f"{name}-{at:06d}" for at in range(400)]
        self.sandbox = cdrd.Sandbox(self.work, options.cdr, cdrd.add_roles(
            cdrd.shipped_world(self.work, options.cdr), self.roles))
        os.mkdir(self.work.file("in"))
        rules = rules or os.path.join(cdrd.ROOT, "tests", "soak", "rules")
        with open(self.work.file("config.cdr"), "w") as file:
            file.write(CONFIG % (rules, self.work.file("in/lines")))
        open(self.work.file("in/lines"), "w").close()
        self.daemon = cdrd.Daemon(self.work, options.cdr, self.sandbox,
                                  config=self.work.file("config.cdr"), **more)
        self.made = 0
        self.acknowledged = {}
        self.used = []
        self.answers = []

    def alert(self, filler=0):
        role = self.roles[self.made]
        self.made += 1
        return cdrd.finding(f"{self.name}{'f' * 20}{self.made:06d}"[-32:], role=role,
                            description="." * filler)

    def post(self, alert, timeout=30):
        """The status; 0 when there was no answer."""
        try:
            status, headers, said = self.daemon.ask(
                "POST", "/v1/alerts/guardduty", json.dumps(alert).encode(),
                {"Content-Type": "application/json"}, timeout=timeout)
        except cdrd.Gone:
            return 0
        if status == 202:
            name = alert["detail"]["id"]
            self.acknowledged[name] = json.loads(said)["ids"][0]
            self.used.append(alert["detail"]["resource"]["accessKeyDetails"]["userName"])
        self.answers.append((status, headers.get("Retry-After"), said[:200]))
        return status

    def send(self, count=1, filler=0):
        """Alerts that are to be taken."""
        taken = [self.post(self.alert(filler)) for _ in range(count)]
        return self.checks.that(set(taken) == {202}, f"{count} alerts are taken", taken)

    def until_taken(self, alert, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.post(alert) == 202:
                return True
            time.sleep(0.2)
        return False

    def health(self):
        try:
            status, _, said = self.daemon.ask("GET", "/healthz", timeout=10)
        except cdrd.Gone as error:
            return 0, str(error)
        return status, said.decode(errors="replace")

    def healthy_again(self, sentence, seconds=20):
        until = time.monotonic() + seconds
        status, words = self.health()
        while not words.startswith('{"status":"ok"') and time.monotonic() < until:
            time.sleep(0.2)
            status, words = self.health()
        self.checks.that(words.startswith('{"status":"ok"'), sentence, (status, words))

    def changed(self):
        """The roles that were changed."""
        return [parameters["RoleName"] for operation, _, parameters in self.sandbox.changes()
                if operation == "PutRolePolicy"]

    def dawn(self, has_effects=True, is_aged=False):
        """Everything that was acknowledged has come to its end, once."""
        checks, daemon = self.checks, self.daemon
        checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
        if has_effects:
            soak.look_at_journal(checks, daemon, set(self.acknowledged), self.acknowledged)
            soak.look_at_effects(checks, daemon, self.sandbox, set(self.acknowledged), self.used)
        code, words = daemon.run_cdr("audit", "verify")
        checks.that(code == (1 if is_aged else 0), "the audit log is whole", (code, words[:500]))
        checks.that(daemon.stop() == 0, "it ends when it is told")
        self.work.close()


# ---- disk full ----

def no_room(night, fill, empty):
    """`fill` takes the room away, `empty` gives it back."""
    checks, daemon = night.checks, night.daemon
    night.send(3)
    checks.that(daemon.settle(), "all that was under way came to its end", daemon.under_way())
    night.sandbox.faults({"operation": "GetRole", "kind": "slow", "milliseconds": 2500, "times": 1})
    night.send()  # its step looks at the role now, and is about to change it
    about = night.used[-1]
    time.sleep(0.3)
    fill()
    refused = None
    for _ in range(200):
        refused = night.alert(4000)
        if night.post(refused) != 202:
            break
    status, retry_after, said = night.answers[-1]
    checks.that(status == 503 and retry_after is not None, "an alert is refused with 503 and Retry-After",
                (status, retry_after, said))
    time.sleep(3)
    checks.that(about not in night.changed(), "a step that cannot write what it intends changes nothing")
    status, words = night.health()
    checks.that(status == 503, "/healthz says so", (status, words))
    checks.that(wait_for(lambda: daemon.metrics().get("cdr_store_failed") == 1, 5), "cdr_store_failed is 1",
                daemon.metrics().get("cdr_store_failed"))
    checks.that(len(list(daemon.pages("/v1/alerts"))) >= len(night.acknowledged),
                "the API answers meanwhile")
    checks.that(daemon.is_alive(), "it lives")
    empty()
    checks.that(night.until_taken(refused, 15), "it takes alerts as soon as there is room", night.answers[-1])
    night.healthy_again("and says that it is well")
    night.send(3)
    night.dawn()


def disk(checks, options):
    if os.geteuid() != 0 or shutil.which("mount") is None:
        checks.skip("the disk is full", "only root may mount a small one")
        return
    night = Night(checks, options, "disk")
    data = night.daemon.data
    os.mkdir(data, 0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "cdr-test", data],
                             capture_output=True)
    if mounted.returncode != 0:
        checks.skip("the disk is full", "it cannot be mounted: " + mounted.stderr.decode().strip())
        night.work.close()
        return
    ballast = os.path.join(data, "ballast")

    def fill():
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)) > 0:
                    pass
            except OSError:
                pass

    try:
        night.daemon.start()
        no_room(night, fill, lambda: os.unlink(ballast))
    finally:
        for child in night.work.children:
            child.kill()
            child.wait()
        subprocess.run(["umount", "-l", data], check=False)
        night.work.close()


def files(checks, options):
    night = Night(checks, options, "files")
    night.daemon.start()
    pid = night.daemon.child.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    no_room(night, lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1])),
            lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before))


# ---- others in the way ----

def locked(checks, options):
    night = Night(checks, options, "locked")
    night.daemon.start()
    night.send(3)
    other = sqlite3.connect(os.path.join(night.daemon.data, "journal.db"), isolation_level=None,
                            timeout=10, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    alert = night.alert()
    status = night.post(alert, timeout=60)
    seconds = time.monotonic() - began
    checks.that(status == 503 and night.answers[-1][1] is not None,
                "an alert is refused with 503 and Retry-After", (status, night.answers[-1:]))
    checks.that(seconds < 14, "the answer does not wait for ever", round(seconds, 1))
    time.sleep(max(0, options.locked - (time.monotonic() - began)))
    other.execute("ROLLBACK")
    other.close()
    checks.that(night.until_taken(alert, 15), "it goes on when the other is done", night.answers[-1])
    night.healthy_again("and says that it is well")
    night.send(3)
    night.dawn()
    checks.figure("seconds until the answer", round(seconds, 1))


def descriptors(checks, options):
    night = Night(checks, options, "descriptors")
    night.daemon.start()
    night.send(20)  # so that connections to the provider are open
    checks.that(night.daemon.settle(), "all that was under way came to its end")
    pid, counts, statuses = night.daemon.child.pid, [night.daemon.descriptors()], []
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    host, port = night.daemon.address.split(":")
    for _ in range(options.rounds):
        night.sandbox.faults({"operation": "GetRole", "kind": "slow", "milliseconds": 1500, "times": 1})
        night.send()  # goes on while there are none
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (night.daemon.descriptors() + 6, before[1]))
        many = []
        for _ in range(40):
            link = socket.create_connection((host, int(port)), timeout=5)
            link.sendall(b"POST /v1/alerts/guardduty HTTP/1.1\r\n")
            many.append(link)
        refused = night.alert()
        statuses += [night.post(refused, timeout=5) for _ in range(3)]
        time.sleep(2)
        checks.that(night.daemon.is_alive(), "it lives without descriptors")
        for link in many:
            link.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        checks.that(night.until_taken(refused, 20), "it takes alerts when there are some again",
                    night.answers[-1:])
        night.healthy_again("and says that it is well")
        night.send(3)
        checks.that(night.daemon.settle(), "all that was under way came to its end")
        counts.append(night.daemon.descriptors())
    checks.that(all(status in (0, 202, 503) for status in statuses),
                "an alert is taken, or not answered, or 503", statuses)
    if options.rounds >= 6:  # by then every thread has its connections
        checks.that(counts[-1] <= counts[options.rounds // 2] + 2, "and none is lost", counts)
    checks.figure("descriptors in the quiet", counts)
    checks.figure("answers without descriptors", statuses)
    night.dawn()


def memory(checks, options):
    if options.is_sanitized:
        checks.skip("there is no memory", "a sanitizer has much of it, and ends the process")
        return
    night = Night(checks, options, "memory")
    # One arena: each thread's own would be address space that is there already.
    night.daemon.env = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    night.daemon.start()
    night.send(3)
    pid = night.daemon.child.pid
    with open(f"/proc/{pid}/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    answers, deaths = [], 0

    def big(alerts):
        try:
            status, said = night.daemon.post("guardduty", alerts, "array")
        except cdrd.Gone:
            status, said = 0, {}
        answers.append(status)
        if status == 202:
            for alert, id_ in zip(alerts, said["ids"]):
                night.acknowledged[alert["detail"]["id"]] = id_
                night.used.append(alert["detail"]["resource"]["accessKeyDetails"]["userName"])

    for room in (16 << 20, 4 << 20, 1 << 20, 256 << 10, 0):
        resource.prlimit(night.daemon.child.pid, resource.RLIMIT_AS, (size + room, before[1]))
        # Bodies of 3.6 and 0.6 MB, and small ones.
        threads = [threading.Thread(target=big, args=([night.alert(size) for _ in range(6)],))
                   for size in (600_000, 100_000, 0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        time.sleep(0.5)
        if not night.daemon.is_alive():
            deaths += 1
            checks.figure("died of", night.daemon.child.wait())
            night.work.children.remove(night.daemon.child)
            night.daemon.start()
        else:
            resource.prlimit(night.daemon.child.pid, resource.RLIMIT_AS, before)
    checks.that(set(answers) <= {0, 202, 503}, "what is too much is refused with 503", answers)
    checks.that({0, 503} & set(answers), "there was too little of it", answers)
    checks.that(deaths == 0, "it lives without memory", deaths)
    night.healthy_again("and is well when there is some again")
    night.send(3)
    checks.figure("answers without memory", answers)
    night.dawn()


# ---- time ----

def faketime_library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


CLOCK_RULE = """cdr 1

rule stolen_credentials "Credentials of an instance are used elsewhere" {
  when source = guardduty and exists role.name
  then respond isolate_role for 1m
}
"""


def isolated(night, role):
    state = night.sandbox.ask("state")
    return any(one["roleName"] == role and "cdr-isolation" in one["policies"]
               for one in state["accounts"][0]["roles"])


def wait_for(condition, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def age(night, seconds):
    """As if all had been a while ago: a rule may not say less than a minute."""
    base = sqlite3.connect(os.path.join(night.daemon.data, "journal.db"), isolation_level=None, timeout=10)
    base.execute("UPDATE timer SET set_ms = set_ms - ?, due_ms = due_ms - ? WHERE ended_ms IS NULL",
                 (seconds * 1000, seconds * 1000))
    base.close()


def clock(checks, options):
    library = faketime_library()
    if library is None or options.is_sanitized:
        checks.skip("the clock is set", "no libfaketime, or a sanitizer that wants to be loaded first")
        return
    rules = os.path.join(cdrd.tempfile.mkdtemp(prefix="cdr-rules-"), "clock.cdr")
    with open(rules, "w") as file:
        file.write(CLOCK_RULE)
    night = Night(checks, options, "clock", rules=rules)
    now = night.work.file("now")

    def set_clock(offset):
        with open(now + ".new", "w") as file:
            file.write(offset + "\n")
        os.rename(now + ".new", now)

    set_clock("+0")
    night.daemon.env = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": now, "FAKETIME_NO_CACHE": "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    night.daemon.start()
    if options.minute:
        minute_of_clocks(night, options.clock.split(), set_clock)
    for offset in options.clock.split() if not options.minute else ():
        night.send()
        role = night.used[-1]
        checks.that(wait_for(lambda: isolated(night, role), 10), f"{offset}: a role is isolated for a while")
        set_clock(offset)
        time.sleep(options.clock_wait)
        checks.that(isolated(night, role), f"{offset}: its time is not over because the clock was set")
        no_alarm(night, offset)
        age(night, 60)
        checks.that(wait_for(lambda: not isolated(night, role), 10), f"{offset}: and it ends in time")
    undone = [parameters["RoleName"] for operation, _, parameters in night.sandbox.changes()
              if operation == "DeleteRolePolicy"]
    checks.that(sorted(undone) == sorted(night.used), "each time ended once", undone)
    checks.that(sorted(night.changed()) == sorted(night.used), "and each role was isolated once", night.changed())
    # What age() does to the timers is what the audit log is there to find.
    night.dawn(has_effects=False, is_aged=not options.minute)
    shutil.rmtree(os.path.dirname(rules))


def no_alarm(night, offset):
    night.healthy_again(f"{offset}: the canary arrives, and no alarm is false")
    silent = {name: value for name, value in night.daemon.metrics().items()
              if name.startswith("cdr_way_silent") and value != 0}
    night.checks.that(not silent, f"{offset}: no way is called silent", silent)


def minute_of_clocks(night, offsets, set_clock):
    """Roles are isolated for a minute, while the clock is set again and again."""
    checks = night.checks
    began = time.monotonic()
    night.send(3)
    checks.that(wait_for(lambda: all(isolated(night, role) for role in night.used), 10), "roles are isolated")
    for offset in offsets:
        set_clock(offset)
        time.sleep(45 / len(offsets))
        no_alarm(night, offset)
    time.sleep(max(0, began + 58 - time.monotonic()))
    checks.that(all(isolated(night, role) for role in night.used), "they are after 58 s")
    checks.that(wait_for(lambda: not any(isolated(night, role) for role in night.used),
                         began + 75 - time.monotonic()), "and are not after 75 s")


def stopped(checks, options):
    night = Night(checks, options, "stopped")
    night.daemon.start()
    night.send(3)
    night.daemon.child.send_signal(signal.SIGSTOP)
    answers = []
    alert = night.alert()
    thread = threading.Thread(target=lambda: answers.append(night.post(alert, timeout=options.stopped + 30)))
    thread.start()
    time.sleep(options.stopped)
    night.daemon.child.send_signal(signal.SIGCONT)
    thread.join(60)
    checks.that(answers == [202], "what came in meanwhile is taken afterwards", answers)
    night.healthy_again("and it is well", 10)
    night.send(3)
    night.dawn()


def graceful(checks, options):
    night = Night(checks, options, "graceful")
    daemon = night.daemon
    daemon.start()
    alerts = [night.alert() for _ in range(200)]
    poster = soak.Poster(daemon, alerts, 0.02, options.seed)
    poster.start()
    codes, took = [], []
    for _ in range(4):
        time.sleep(random.Random(options.seed).uniform(0.2, 0.6))
        began = time.monotonic()
        codes.append(daemon.stop())
        took.append(round(time.monotonic() - began, 2))
        known = dict(poster.acknowledged)
        daemon.start()
        # By id: an alert that waits to be evaluated has no name yet.
        there = {str(one["id"]) for one in daemon.pages("/v1/alerts")}
        lost = [name for name, id_ in known.items() if str(id_) not in there]
        checks.that(not lost, "what was acknowledged is there after the start", lost[:5])
    poster.is_hurried = True
    poster.join(120)
    checks.that(set(codes) == {0}, "it ends when it is told, under load", codes)
    checks.that(max(took) < 30, "and soon", took)
    checks.that(not poster.wrong, "each answer was 202, or 503", poster.wrong[:3])
    night.acknowledged = poster.acknowledged
    night.used = night.roles[:len(alerts)]
    checks.figure("seconds to end", took)
    night.dawn()


class Part:
    """The checks of one part, which may run beside others."""

    def __init__(self, checks, name):
        self.checks, self.name = checks, name

    def that(self, holds, sentence, told=""):
        return self.checks.that(holds, f"{self.name}: {sentence}", told)

    def figure(self, name, value):
        self.checks.figure(f"{self.name}: {name}", value)

    def skip(self, sentence, reason):
        self.checks.skip(f"{self.name}: {sentence}", reason)


def run_part(checks, options, name):
    began, part = time.monotonic(), Part(checks, name)
    try:
        PARTS[name](part, options)
    except Exception:  # noqa: BLE001 - the others go on, and this one has failed
        part.that(False, "it comes to its end", traceback.format_exc())
    part.figure("seconds", round(time.monotonic() - began, 1))


PARTS = {"disk": disk, "files": files, "locked": locked, "descriptors": descriptors, "memory": memory,
         "clock": clock, "stopped": stopped, "graceful": graceful}


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    options.add_argument("--locked", type=float, default=15, help="seconds that another has the journal")
    options.add_argument("--stopped", type=float, default=20, help="seconds that it stands still")
    options.add_argument("--clock", default="+1h -1h +1d -1d +0", help="where it is set, one after the other")
    options.add_argument("--clock-wait", type=float, default=5, help="seconds that it runs so")
    options.add_argument("--rounds", type=int, default=6, help="times that descriptors are taken away")
    options.add_argument("--minute", action="store_true", help="wait for a minute that a rule wants, really")
    options.add_argument("--together", action="store_true", help="all parts at once")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--keep", action="store_true", help="keep the directories")
    options.add_argument("parts", nargs="*", default=[])
    options = options.parse_args()
    options.cdr = shlex.split(options.cdr)
    with open(options.cdr[-1], "rb") as file:
        options.is_sanitized = len(options.cdr) > 1 or b"__asan_init" in file.read()
    checks = cdrd.Checks()
    wanted = [name for name in PARTS if name in (options.parts or PARTS)]
    threads = [threading.Thread(target=run_part, args=(checks, options, name)) for name in wanted]
    for thread in threads:
        thread.start()
        if not options.together:
            thread.join()
    for thread in threads:
        thread.join()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
