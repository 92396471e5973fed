#!/usr/bin/env python3
"""replays.py - what a webhook brought once it never brings again, however often it is sent, over
restarts too.

MESSAGES signed messages (Standard Webhooks) are delivered once, and their alerts evaluated. Then
they are sent again N times, as they were or signed anew, by several senders at once, while the
daemon is killed and started again. Some come with another body under an old id, some with a
timestamp that is too old. At the end nothing was evaluated, begun or changed a second time.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import json
import os
import random
import shlex
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402

KEY = b"0123456789abcdef0123456789abcdef"
MESSAGES = 100
SENDERS = 4
CONFIG = """cdr 1

daemon {
  sandbox = on
  canary = 1h
  rules = ["%s"]
  webhook hook { source = guardduty secret = env("HOOK_SECRET") }
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


def signed(name, body, at):
    text = b"%s.%d." % (name.encode(), at) + body
    sign = base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": "v1," + sign}


def deliver(daemon, name, body, at):
    """(status, answer); Gone."""
    status, _, said = daemon.ask("POST", "/hooks/hook", body, signed(name, body, at), token=False)
    return status, json.loads(said)


def seen(daemon, sandbox):
    """All that could happen a second time."""
    alerts = sorted((one["id"], one["state"], one["attempts"], str(one["evaluated"]))
                    for one in daemon.pages("/v1/alerts"))
    runs = sorted((one["id"], one["alert"]) for one in daemon.pages("/v1/runs"))
    return {"alerts": alerts, "runs": runs, "changes": len(sandbox.changes())}


class Sender(threading.Thread):
    """Sends messages again until `left` of all senders is 0; counts what it was answered."""

    def __init__(self, daemon, messages, shared, seed):
        super().__init__(daemon=True)
        self.cdr, self.messages, self.shared = daemon, messages, shared
        self.chance = random.Random(seed)
        self.answers = collections.Counter()
        self.wrong = []

    def take(self):
        with self.shared["lock"]:
            self.shared["left"] -= 1
            return self.shared["left"] >= 0

    def run(self):
        while self.take():
            name, body = self.chance.choice(self.messages)
            kind = self.chance.choices(("again", "other body", "too old"), (96, 2, 2))[0]
            at = int(time.time()) - (400 if kind == "too old" else self.chance.randint(0, 200))
            sent = body + b" " if kind == "other body" else body
            self.until_answered(kind, name, sent, at)

    def until_answered(self, kind, name, body, at):
        wanted = {"again": 202, "other body": 409, "too old": 401}[kind]
        while True:
            try:
                status, said = deliver(self.cdr, name, body, at)
            except (cdrd.Gone, ValueError):
                time.sleep(0.02)
                continue
            if status == 503:
                time.sleep(0.05)
                continue
            self.answers[kind] += 1
            if status != wanted or (kind == "again" and said["new"] != 0):
                self.wrong.append((kind, status, said))
            return


def replay(daemon, messages, count, kills, seed):
    """Send `count` again; kill the daemon now and then. What was answered, and what was wrong."""
    shared = {"lock": threading.Lock(), "left": count}
    senders = [Sender(daemon, messages, shared, seed + at) for at in range(SENDERS)]
    for sender in senders:
        sender.start()
    for at in range(kills):
        while shared["left"] > count * (kills - at) // (kills + 1):
            time.sleep(0.01)
        daemon.kill()
        daemon.start()
    for sender in senders:
        sender.join()
    return sum((sender.answers for sender in senders), collections.Counter()), \
        [one for sender in senders for one in sender.wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    parser.add_argument("--replays", type=int, default=int(os.environ.get("REPLAYS", "1000")))
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    work, checks, cdr = cdrd.Workplace(), cdrd.Checks(), shlex.split(asked.cdr)
    sandbox = cdrd.Sandbox(work, cdr)
    with open(work.file("replays.cdr"), "w") as file:
        file.write(CONFIG % os.path.join(cdrd.ROOT, "tests", "soak", "rules"))
    secret = "whsec_" + base64.b64encode(KEY).decode()
    daemon = cdrd.Daemon(work, cdr, sandbox,
                         config=work.file("replays.cdr"), env={"HOOK_SECRET": secret})
    daemon.start()
    messages = [(f"msg_{at:05d}", json.dumps(cdrd.finding(f"finding-{at:05d}", role="web-prod",
                                                          severity=8 if at < 5 else 2)).encode())
                for at in range(MESSAGES)]
    first = [deliver(daemon, name, body, int(time.time())) for name, body in messages]
    checks.that(all(status == 202 and said["new"] == 1 for status, said in first),
                "each message is taken once", [one for one in first if one[0] != 202][:3])
    checks.that(daemon.settle(), "its alerts are evaluated")
    before = seen(daemon, sandbox)
    checks.that(len(before["alerts"]) == MESSAGES and before["runs"], "and some began runs",
                f"{len(before['alerts'])} alerts, {len(before['runs'])} runs")
    began = time.monotonic()
    answers, wrong = replay(daemon, messages, asked.replays, asked.kills, asked.seed)
    checks.figure("replays", dict(answers))
    checks.figure("replays a second", round(asked.replays / (time.monotonic() - began)))
    checks.that(sum(answers.values()) == asked.replays, "every replay was answered")
    checks.that(not wrong, "as it should be", wrong[:3])
    checks.that(daemon.settle(), "the daemon comes to rest")
    after = seen(daemon, sandbox)
    for what in before:
        checks.that(before[what] == after[what], f"no second time: {what}")
    checks.that(daemon.stop() == 0, "the daemon ends when it is told")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
