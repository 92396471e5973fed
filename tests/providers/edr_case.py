"""edr_case.py - an alert of Falcon and one of Defender through a whole rule, killed at calls of apply and undo.

Usage: edr_case.py BRIEF_SLEEP CDR [WORD ...]

kill -9 before a request reaches the provider, between its doing and its reply, and after the reply; then
`cdr resume`: the world is as without a kill, one collector was begun, one comment written, each change made
once, and the undo restores. EDR_KILLS: so many points of each, drawn by EDR_SEED; 0: every one.
"""
import concurrent.futures
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import crash
import proxy

WORLDS = 4
RESUMES = 4
FALCON_HOST = "1111000000000000c0ffee0000000001"
MACHINE = "d0c0ffee00000000000000000000000000000002"
ROLE = "batch-stage"
ONCE = ("PerformActionV2", "PatchEntitiesAlertsV3", "IsolateMachine", "UnisolateMachine", "UpdateAlert", "CreateComment",
        "PutRolePolicy", "DeleteRolePolicy")
SETTINGS = {
    "crowdstrike": 'url = "%s/_crowdstrike" client_id = "c0ffee00111122223333444455556666" client_secret = env("CDR_FALCON_SECRET")',
    "defender": 'url = "%s/_microsoft" tenant = "5a5db0c5-0000-4000-8000-0000000c0ffe" '
                'client_id = "0c0ffee0-0000-4000-8000-00000000c001" client_secret = env("CDR_DEFENDER_SECRET")',
}
SECRETS = {"CDR_FALCON_SECRET": "sandbox-secret-of-cdr-falcon", "CDR_DEFENDER_SECRET": "sandbox-secret-of-cdr-defender"}
STEPS = {
    "crowdstrike": 'collect triage; respond isolate_host; notify alert_comment text="seen"; respond alert_status status=closed',
    "defender": 'collect triage; respond isolate_host; respond isolate_role; notify alert_comment text="seen"',
}


def one_of(things, key, wanted):
    return next(thing for thing in things if thing[key] == wanted)


class World:
    """A sandbox that limits no live response, with a proxy in front of it."""

    def __init__(self, cdr, folder):
        self.start(cdr, [])
        world = self.ask("state")
        self.end()
        world["microsoft"]["limits"]["liveResponseAMinute"] = 0
        path = os.path.join(folder, "world.json")
        with open(path, "w") as file:
            json.dump(world, file)
        self.start(cdr, ["--world", path])
        self.proxy = proxy.Proxy(self.port)

    def start(self, cdr, words):
        self.process = subprocess.Popen([*cdr, "sandbox", "--listen", "127.0.0.1:0", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.keys = {}
        for line in self.process.stdout:
            if line.startswith("export "):
                name, value = line[len("export "):].strip().split("=", 1)
                self.keys[name] = value
            if "_sandbox/calls" in line:
                break
        self.port = int(self.keys["AWS_ENDPOINT_URL"].rsplit(":", 1)[1])

    def end(self):
        self.process.terminate()
        return self.process.wait(timeout=10)

    def ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:%d/_sandbox/%s" % (self.port, path), data=body)) as reply:
            return json.loads(reply.read() or b"null")

    def shape(self):
        """What the steps change."""
        world = self.ask("state")
        falcon, microsoft = world["crowdstrike"], world["microsoft"]
        role = one_of(world["accounts"][0]["roles"], "roleName", ROLE)
        return {
            "containment": [device["status"] for device in falcon["devices"]],
            "falcon alerts": [alert["status"] for alert in falcon["alerts"]],
            "isolation": [machine["isolation"] for machine in microsoft["machines"]],
            "graph alerts": [alert["status"] for alert in microsoft["graphAlerts"]],
            "library": [file.get("name") for file in microsoft["libraryFiles"]],
            "role": sorted(role["policies"]),
        }

    def traces(self):
        """What cannot be taken back: collectors begun, comments."""
        world = self.ask("state")
        hosts = world["crowdstrike"]["devices"] + world["microsoft"]["machines"]
        alerts = world["crowdstrike"]["alerts"] + world["microsoft"]["graphAlerts"]
        return {"starts": sum(host.get("sandbox", {}).get("starts", 0) for host in hosts),
                "comments": sum(len(alert.get("comments") or []) for alert in alerts)}

    def alert(self, provider):
        world = self.ask("state")
        if provider == "crowdstrike":
            return one_of(world["crowdstrike"]["alerts"], "agent_id", FALCON_HOST)
        return one_of(world["microsoft"]["graphAlerts"], "id", "da638816000000000002_1002")

    def applied(self):
        return [(call["operation"], json.dumps(call["parameters"], sort_keys=True)) for call in self.ask("calls")
                if call["applied"] and call["operation"] in ONCE]


class Case(crash.Case):
    """One data directory and one folder for evidence."""

    def __init__(self, cdr, brief, world, provider):
        self.cdr, self.proxy = cdr, world.proxy
        self.home = tempfile.mkdtemp(prefix="cdr-crash-")
        self.data = os.path.join(self.home, "data")
        self.evidence = os.path.join(self.home, "evidence")
        self.alert = os.path.join(self.home, "alert.json")
        self.rules = os.path.join(self.home, "rules.cdr")
        os.mkdir(self.evidence)
        url = "http://127.0.0.1:%d" % world.proxy.port
        told = world.alert(provider)
        self.alert_id = told.get("composite_id", told["id"])
        with open(self.alert, "w") as file:
            json.dump(told, file)
        with open(self.rules, "w") as file:
            file.write('connection aws { provider = aws }\nconnection edr { provider = %s %s evidence = "%s" }\n'
                       'rule contain { when source = %s then %s }\n'
                       % (provider, SETTINGS[provider] % url, self.evidence, provider, STEPS[provider]))
        self.environment = dict(os.environ, HOME=self.home, **world.keys)
        self.environment.update(SECRETS, AWS_ENDPOINT_URL=url, LD_PRELOAD=brief,
                                ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")

    def apply(self, kill=None):
        return self.run("run", "--rules", self.rules, "--alerts", self.alert, "--mode", "apply", "--data", self.data, kill=kill)

    def resume(self):
        for _ in range(RESUMES):
            status, output = self.run("resume", "--data", self.data)
            if status == 0:
                break
        return status, output

    def undo(self, kill=None):
        return self.run("undo", "--alert", self.alert_id, "--data", self.data, kill=kill)

    def kept(self):
        return sum(len(files) for _, _, files in os.walk(self.evidence))


def begin(cdr, brief, world, provider):
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:%d/_sandbox/reset" % world.port, data=b"")).read()
    world.proxy.forget()
    return Case(cdr, brief, world, provider)


def once(tap, cdr, brief, world, provider):
    """Without an accident: how many calls apply and undo make, and the world between them."""
    case = begin(cdr, brief, world, provider)
    before = world.shape()
    status, output = case.apply()
    applied, contained = case.proxy.count, world.shape()
    tap.check(status == 0 and contained != before, "the rule on an alert of %s is applied" % provider, output)
    tap.check(world.traces() == {"starts": 1, "comments": 1} and case.kept() == 1, "one collector, one comment, one archive", world.traces())
    status, output = case.undo()
    tap.check(status == 0 and world.shape() == before, "and taken back", "%s\n%s\n%s" % (output, before, world.shape()))
    case.close()
    return applied, case.proxy.count, contained


def killed_at(cdr, brief, world, provider, contained, kill, in_undo):
    """"" or what went wrong."""
    case = begin(cdr, brief, world, provider)
    before = world.shape()
    try:
        status, output = case.apply(kill=None if in_undo else kill)
        if not in_undo:
            if not world.proxy.killed:
                return "was not killed"
            status, output = case.resume()
        if status != 0 or world.shape() != contained:
            return "status %d after apply: %s\n%s" % (status, world.shape(), output)
        if world.traces() != {"starts": 1, "comments": 1} or case.kept() != 1:
            return "%s, %d archives\n%s" % (world.traces(), case.kept(), output)
        status, output = case.undo(kill=kill if in_undo else None)
        if in_undo:
            if not world.proxy.killed:
                return "was not killed in undo"
            status, output = case.resume()
        if status != 0 or world.shape() != before:
            return "status %d after undo: %s\n%s" % (status, world.shape(), output)
        changes = world.applied()
        twice = [change for change in changes if changes.count(change) > 1]
        return "made twice: %s" % twice if twice else ""
    finally:
        case.close()


def points(applied, undone, wanted, chance):
    """(call, when), in undo: of each apply and undo `wanted`, or all."""
    for in_undo, calls in ((False, applied), (True, undone)):
        every = [((number, when), in_undo) for when in ("before", "in", "after") for number in range(1, calls + (when != "after"))]
        yield from every if wanted == 0 else chance.sample(every, min(len(every), wanted if not in_undo else max(1, wanted // 3)))


def main():
    brief, cdr = sys.argv[1], sys.argv[2:]
    wanted, chance = int(os.environ.get("EDR_KILLS", "6")), random.Random(int(os.environ.get("EDR_SEED", "1")))
    tap, folder, free = crash.Tap(), tempfile.mkdtemp(prefix="cdr-worlds-"), queue.SimpleQueue()
    worlds = [World(cdr, folder) for _ in range(WORLDS)]
    for world in worlds:
        free.put(world)

    def one(provider, contained, kill, in_undo):
        world = free.get()
        try:
            return kill, in_undo, killed_at(cdr, brief, world, provider, contained, kill, in_undo)
        finally:
            free.put(world)

    for provider in STEPS:
        applied, undone, contained = once(tap, cdr, brief, worlds[0], provider)
        with concurrent.futures.ThreadPoolExecutor(WORLDS) as pool:
            cases = [pool.submit(one, provider, contained, *point) for point in points(applied, undone, wanted, chance)]
            wrong = [case.result() for case in cases if case.result()[2]]
        tap.check(not wrong and cases, "%s: killed at %d points of %d and %d calls: resumed, nothing twice, undone"
                  % (provider, len(cases), applied, undone),
                  "\n".join("%s call %d of %s: %s" % (kill[1], kill[0], "undo" if undo else "apply", what) for kill, undo, what in wrong))
    ends = [world.end() for world in worlds]
    tap.check(not any(ends), "the sandboxes end well when they are told to", ends)
    shutil.rmtree(folder, ignore_errors=True)
    tap.end()


main()
