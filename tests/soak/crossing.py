#!/usr/bin/env python3
"""crossing.py - an undo and a response about the same target never cross, whoever is slow.

Between the daemon and the sandbox stands a way that can drop or delay a call. An undo is cut off by
a silent provider and goes on by itself later; while its change is under way another alert wants the
same target isolated. At the end it is isolated: whatever order they took, the response has the last
word, and what is said of it is true.
"""

import argparse
import os
import re
import shlex
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402

CONFIG = """cdr 1

daemon {
  sandbox = on
  rules = ["%s"]
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
RULES = os.path.join(cdrd.ROOT, "tests", "soak", "rules")
DELAY_S = 8
RETRIED_S = 60


class Way:
    """In front of a server: `rules` says of an operation "drop", or for how many seconds it waits."""

    def __init__(self, url):
        server = urllib.parse.urlparse(url)
        self.server = (server.hostname, server.port)
        self.rules = {}
        self.asked = []
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(100)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    @staticmethod
    def message(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        length = re.search(rb"content-length:\s*(\d+)", head, re.I)
        return head + (stream.read(int(length.group(1))) if length else b"")

    def carry(self, client):
        try:
            stream = client.makefile("rb")
            while (request := self.message(stream)) is not None:
                found = re.search(rb"Action=(\w+)", request)
                operation = found.group(1).decode() if found else ""
                rule = self.rules.get(operation)
                self.asked.append(operation)
                if rule == "drop":
                    break
                time.sleep(rule or 0)
                with socket.create_connection(self.server) as server:
                    server.sendall(request)
                    answer = self.message(server.makefile("rb"))
                if answer is None:
                    break
                client.sendall(answer)
        except OSError:
            pass
        finally:
            client.close()


def policies(sandbox, role):
    world = sandbox.ask("state")
    return next(list(one["policies"]) for one in world["accounts"][0]["roles"] if one["roleName"] == role)


def crossing(checks, work, cdr):
    sandbox = cdrd.Sandbox(work, cdr, cdrd.shipped_world(work, cdr))
    way = Way(sandbox.url)
    with open(work.file("config.cdr"), "w") as file:
        file.write(CONFIG % RULES)
    daemon = cdrd.Daemon(work, cdr, way, config=work.file("config.cdr"))
    daemon.start()
    before = policies(sandbox, "web-prod")
    daemon.post("guardduty", [cdrd.finding("first", role="web-prod")])
    daemon.settle()
    checks.that(policies(sandbox, "web-prod") != before, "the first alert isolates the role")
    way.rules["GetRolePolicy"] = "drop"
    daemon.ask("POST", "/v1/runs/1/undo", b'{"reason":"a false alarm"}', {"Content-Type": "application/json"},
               timeout=90)
    way.rules = {"DeleteRolePolicy": DELAY_S}
    until = time.time() + RETRIED_S
    while time.time() < until and "DeleteRolePolicy" not in way.asked:
        time.sleep(0.1)
    checks.that("DeleteRolePolicy" in way.asked, "the undo goes on by itself")
    daemon.post("guardduty", [cdrd.finding("second", role="web-prod")])
    time.sleep(2 * DELAY_S)
    daemon.settle()
    checks.that(policies(sandbox, "web-prod") != before, "and the alert that came meanwhile has the last word")
    steps = [one for one in daemon.pages("/v1/steps") if one.get("run") not in (1, "1")]
    checks.that(all(one["state"] == "done" for one in steps), "everybody did what he says")
    daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    arguments = parser.parse_args()
    checks = cdrd.Checks()
    crossing(checks, cdrd.Workplace(), shlex.split(arguments.cdr))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
