"""sandbox_case.py - the shipped rule against `cdr sandbox`, killed at every call.

Usage: sandbox_case.py CDR [WORD ...]
"""
import json
import os
import re
import subprocess
import sys
import urllib.request

import crash
import proxy

TOUR = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "tour", "guardduty.json")


class Sandbox:
    def __init__(self, cdr):
        self.process = subprocess.Popen([*cdr, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.keys = {}
        while len(self.keys) < 4:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("the sandbox ended before it said where it listens")
            for name, value in re.findall(r"(AWS_[A-Z_]+)=(\S+)", line):
                self.keys.setdefault(name, value)
        self.url = self.keys.pop("AWS_ENDPOINT_URL").rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])
        with open(TOUR) as file:
            self.finding = json.load(file)
        self.alert_id = self.finding["detail"]["id"]
        self.instance = self.finding["detail"]["resource"]["instanceDetails"]["instanceId"]

    def ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.url + "/_sandbox/" + path, data=body)) as reply:
            return json.loads(reply.read() or b"null")

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(self.url + "/_sandbox/reset", data=b"")).read()

    def environment(self):
        return self.keys

    def alert(self):
        return self.finding

    def denied(self):
        """Whether the role has the policy that denies everything."""
        return any("Deny" in document for document in self.state()["role_policies"].values())

    def state(self):
        account = self.ask("state")["accounts"][0]
        region = next(r for r in account["regions"] if r["region"] == self.finding["region"])
        return {
            "role_policies": next(r["policies"] for r in account["roles"] if r["roleName"] == "orders-api"),
            "interface_groups": {i["networkInterfaceId"]: i["groups"] for i in region["networkInterfaces"] if i["instanceId"] == self.instance},
            "groups": {g["groupId"]: [g["groupName"], g["rules"]] for g in region["securityGroups"]},
            "instance": next(i["state"] for i in region["instances"] if i["instanceId"] == self.instance),
        }

    @staticmethod
    def shape(state):
        return (state["role_policies"], sorted(len(g) for g in state["interface_groups"].values()), len(state["groups"]), state["instance"])

    def end(self):
        self.process.terminate()
        return self.process.wait(timeout=10)


WORLDS = 6


def main():
    cdr = sys.argv[1:]
    tap, worlds = crash.Tap(), []
    for _ in range(WORLDS):
        provider = Sandbox(cdr)
        worlds.append((provider, proxy.Proxy(provider.port)))
    applied, undone, isolated = crash.once(tap, cdr, *worlds[0])
    crash.matrix(tap, cdr, worlds, applied, undone, isolated)
    ends = [provider.end() for provider, _ in worlds]
    tap.check(not any(ends), "the sandboxes end well when they are told to", ends)
    tap.end()


main()
