"""prism_calls.py - what cdr asks of CrowdStrike, Defender for Endpoint and Graph, request by request.

Each case has a sandbox of its own and a recorder before it, and is run by the command as a person would:
rules, an alert, `cdr undo`, `cdr hosts`, the daemon's polls.
"""
import base64
import concurrent.futures
import hashlib
import http.client
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

# Where each API is at the sandbox, and what stands before its paths.
APIS = (("crowdstrike", "/_crowdstrike", ""), ("defender", "/_microsoft/api/", "/api/"), ("graph", "/_microsoft/v1.0/", "/v1.0/"))


class Recorder:
    """Stands before the sandbox and keeps (api, method, path, headers, body) of what passes."""

    def __init__(self, upstream):
        self.upstream, self.seen = upstream, []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_any(self):
                recorder.serve(self)

            do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda request, address: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keep(self, handler, body):
        for api, prefix, ours in APIS:
            if handler.path.startswith(prefix):
                self.seen.append((api, handler.command, ours + handler.path[len(prefix):], dict(handler.headers), body))

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.keep(handler, body)
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=60)
        upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            if name.lower() != "expect":
                upstream.putheader(name, value)
        upstream.endheaders(body)
        try:
            reply = upstream.getresponse()
            data = reply.read()
        except (OSError, http.client.HTTPException):  # a reply that the sandbox was told to lose
            handler.close_connection = True
            return
        finally:
            upstream.close()
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


class World:
    """A sandbox, the recorder before it, and a home for the command."""

    def __init__(self, cdr, patch=None):
        self.cdr, self.home = cdr, tempfile.mkdtemp(prefix="cdr-prism-")
        self.process, self.environment, world = None, {}, None
        if patch:
            self.start([])
            world = self.ask("state")
            patch(world)
            self.stop()
            with open(os.path.join(self.home, "world.json"), "w") as file:
                json.dump(world, file)
            self.start(["--world", os.path.join(self.home, "world.json")])
        else:
            self.start([])
        self.recorder = Recorder(self.port)
        os.mkdir(os.path.join(self.home, "evidence"), 0o700)

    def start(self, words):
        self.process = subprocess.Popen([*self.cdr, "sandbox", "--listen", "127.0.0.1:0", *words], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            found = re.match(r"export (\w+)=(\S+)", line)
            if found:
                self.environment[found[1]] = found[2]
            if "_sandbox/calls" in line:
                break
        self.port = int(self.environment["AWS_ENDPOINT_URL"].rsplit(":", 1)[1].rstrip("/"))

    def stop(self):
        self.process.terminate()
        self.process.communicate()

    def ask(self, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen("http://127.0.0.1:%d/_sandbox/%s" % (self.port, path), data=data) as reply:
            return json.loads(reply.read() or b"null")

    def connections(self):
        base = "http://127.0.0.1:%d" % self.recorder.port
        return """connection falcon {
  provider = crowdstrike url = "%s/_crowdstrike" evidence = "%s/evidence"
  client_id = "c0ffee00111122223333444455556666" client_secret = env("CDR_FALCON_SECRET")
}
connection defender {
  provider = defender url = "%s/_microsoft" evidence = "%s/evidence"
  tenant = "5a5db0c5-0000-4000-8000-0000000c0ffe"
  client_id = "0c0ffee0-0000-4000-8000-00000000c001" client_secret = env("CDR_DEFENDER_SECRET")
}
connection aws { provider = aws }
""" % (base, self.home, base, self.home)

    def write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run(self, *words, until=None, most=1200):
        """Exit status and words. until: end it once these operations were called so often."""
        environment = dict(os.environ, HOME=self.home, AWS_EC2_METADATA_DISABLED="true", **self.environment)
        process = subprocess.Popen([*self.cdr, *words], cwd=self.home, env=environment, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if until is None:
            output = process.communicate(timeout=most)[0]
            return process.returncode, output
        ends, seen = time.monotonic() + most, False
        while not seen and process.poll() is None and time.monotonic() < ends:
            time.sleep(2)
            calls = [call["operation"] for call in self.ask("calls")]
            seen = all(calls.count(name) >= count for name, count in until.items())
        process.kill()
        return 0 if seen else 1, process.communicate()[0]

    def end(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


TOOL = b"#!/bin/sh\nexit 0\n"
COLLECTOR = """collector own {
  linux { file = "tool.bin" sha256 = "%s" command = ["./tool.bin", "{output}"] }
  windows { file = "tool.bin" sha256 = "%s" command = ["tool.bin", "{output}"] }
}
""" % ((hashlib.sha256(TOOL).hexdigest(),) * 2)
SMALL = "profile small { linux { take = [users] } windows { take = [users] } }\n"
BUCKET = 'to="s3://cdr-evidence-111122223333/cases"'




def many(items, key, count):
    """Of the first, as many as a page does not hold, each with an id of its own."""
    for at in range(count):
        items.append(dict(items[0], **{key: items[0][key][:-3] + "%03x" % (at + 0x700)}))


def crowded(world):
    """What is listed has more than one page."""
    many(world["crowdstrike"]["devices"], "device_id", 210)
    many(world["crowdstrike"]["alerts"], "composite_id", 60)
    many(world["microsoft"]["graphAlerts"], "id", 30)
    many(world["microsoft"]["alerts"], "id", 30)


def machine_park(world):
    """More machines than a page of cdr hosts holds."""
    many(world["microsoft"]["machines"], "id", 600)


def slow(world):
    """A collector works for longer than a session is good for."""
    world["crowdstrike"]["collectLooks"] = 14


def back_soon(world):
    """The host that is offline comes back, and has work for a while."""
    host = next(device for device in world["crowdstrike"]["devices"] if device["hostname"] == "build-2")
    host["sandbox"]["onlineAfter"] = 3


def unnamed(world):
    """Falcon does not know which instance its host is."""
    for host in world["crowdstrike"]["devices"]:
        host.pop("instance_id", None)


def unlimited(world):
    """Live response as often as one likes."""
    world["microsoft"]["limits"]["liveResponseAMinute"] = 0


def steps(alert, *then, **more):
    """A rule that takes these steps for that alert: (tenant, list of its world, which)."""
    return dict(more, play=run_steps, alert=alert, then=then)


def run_steps(world, case):
    tenant, member, at = case["alert"]
    if tenant == "aws":
        with open(TOUR) as file:
            text = file.read().replace("i-01111e1c0ffee0003", member)
    else:
        text = json.dumps(world.ask("state")[tenant][member][at])
    source = {"aws": "guardduty", "crowdstrike": "crowdstrike", "microsoft": "defender"}[tenant]
    mode = "mode destroy " if "irreversible" in case["then"][0] else ""
    rule = "rule r { when source = %s %sthen %s }\n" % (source, mode, "; ".join(case["then"]))
    rules = world.write("rules.cdr", world.connections() + COLLECTED + rule)
    world.write("tool.bin", TOOL)
    if "faults" in case:
        world.ask("faults", case["faults"])
    alert = world.write("alert.json", text)
    status, told = world.run("run", "--rules", rules, "--alerts", alert, "--mode", "apply", "--data", "data", until=case.get("until"))
    if case.get("undo"):
        ended, undone = world.run("undo", "1", "--data", "data")
        status, told = status or ended, told + undone
    return status, told


def run_hosts(world, case):
    rules = world.write("rules.cdr", world.connections())
    return world.run("hosts", "--provider", case.get("provider", "crowdstrike"), "--rules", rules, *case["words"])


def run_polls(world, case):
    rules = world.write("rules.cdr", "rule r { when severity >= low then notify log }\n")
    polls = "".join("  poll %s { provider = %s every = 10s since = 20000d }\n" % (name, words) for name, words in (
        ("falcon", "crowdstrike"), ("graph", "defender"), ("mde", "defender api = endpoint")))
    config = world.write("config.cdr", world.connections() + 'daemon { rules = ["%s"]\n%s}\n' % (rules, polls))
    return world.run("serve", "--config", config, "--listen", "127.0.0.1:0", "--data", "data", until=case["until"])


def run_doctor(world, case):
    rules = world.write("rules.cdr", "rule r { when source = crowdstrike then %s }\n" % "; ".join(case["then"]))
    config = world.write("config.cdr", world.connections() + 'daemon { rules = ["%s"] }\n' % rules)
    status, told = world.run("doctor", "--config", config)
    # What else it finds of this machine is not what is asked here.
    return (0 if "permissions" in told else status), told


TOUR = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "tour", "guardduty.json")
TOOL = "#!/bin/sh\nexit 0\n"
TOOL_HASH = hashlib.sha256(TOOL.encode()).hexdigest()
COLLECTED = """profile small { linux { take = [users] } windows { take = [users] } }
collector own {
  linux { file = "tool.bin" sha256 = "%s" command = ["./tool.bin", "{output}"] }
  windows { file = "tool.bin" sha256 = "%s" command = ["tool.bin", "{output}"] }
}
""" % (TOOL_HASH, TOOL_HASH)
TO_S3 = 'to="s3://cdr-evidence-111122223333/cases"'
SMALL, OWN = "profile=small", "profile=own"
FALCON_LINUX, FALCON_WINDOWS, FALCON_OFFLINE = (("crowdstrike", "alerts", at) for at in range(3))
GRAPH_LINUX, GRAPH_WINDOWS = (("microsoft", "graphAlerts", at) for at in range(2))
ENDPOINT_WINDOWS = ("microsoft", "alerts", 1)
INSTANCE = ("aws", "i-01111e1c0ffee0001", 0)
ALERT_STEPS = ("respond alert_status status=in_progress", 'notify alert_comment text="seen"')
LOSE_START = [{"operation": "RTR_ExecuteAdminCommand", "kind": "lose_reply", "times": 1}]

CASES = {
    "falcon: contain, tell": steps(FALCON_WINDOWS, "respond isolate_host", *ALERT_STEPS, undo=True),
    "falcon: triage of Linux": steps(FALCON_LINUX, "collect triage " + SMALL),
    "falcon: triage of Windows": steps(FALCON_WINDOWS, "collect triage " + SMALL),
    "falcon: triage of Linux to S3": steps(FALCON_LINUX, "collect triage profile=quick " + TO_S3),
    "falcon: triage of Windows to S3": steps(FALCON_WINDOWS, "collect triage profile=full " + TO_S3),
    "falcon: own collector on Linux": steps(FALCON_LINUX, "collect triage " + OWN),
    "falcon: own collector on Windows": steps(FALCON_WINDOWS, "collect memory %s %s" % (OWN, TO_S3)),
    "falcon: a long triage": steps(FALCON_LINUX, "collect triage profile=full", world=slow),
    "falcon: an offline host": steps(FALCON_OFFLINE, "collect triage " + SMALL, world=back_soon, faults=LOSE_START),
    "falcon: find by instance": steps(INSTANCE, "respond isolate_host via=crowdstrike"),
    "falcon: find by address": steps(INSTANCE, "respond isolate_host via=crowdstrike", world=unnamed),
    "falcon: hosts": dict(play=run_hosts, words=["--all"], world=crowded),
    "falcon: hosts, chosen": dict(play=run_hosts, words=["--platform", "linux", "--group", "9999000000000000c0ffee0000000001", "--online"]),
    "falcon: doctor": dict(play=run_doctor, then=("collect triage via=crowdstrike", *ALERT_STEPS)),
    "defender: hosts": dict(play=run_hosts, provider="defender", words=["--all"], world=machine_park),
    "defender: isolate": steps(GRAPH_WINDOWS, "respond isolate_host", undo=True),
    "defender: isolate selectively": steps(GRAPH_WINDOWS, "respond isolate_host mode=selective", undo=True),
    "defender: restrict": steps(GRAPH_WINDOWS, "respond restrict_app_execution", "respond scan_host", undo=True),
    "defender: scan": steps(GRAPH_WINDOWS, "respond scan_host mode=full", "collect package"),
    "defender: quarantine": steps(GRAPH_WINDOWS, 'respond stop_and_quarantine_file sha256="%s" irreversible' % ("d4" * 32)),
    "defender: user": steps(GRAPH_WINDOWS, "respond disable_user", undo=True),
    "defender: sessions": steps(GRAPH_WINDOWS, "respond revoke_entra_sessions irreversible"),
    "defender: user by name": steps(GRAPH_WINDOWS, 'respond disable_user user="on\'call@corp.example"'),
    "graph: tell": steps(GRAPH_WINDOWS, *ALERT_STEPS, undo=True),
    "graph: close": steps(GRAPH_LINUX, "respond alert_status", undo=True),
    "endpoint: tell": steps(ENDPOINT_WINDOWS, *ALERT_STEPS, undo=True),
    "endpoint: close": steps(ENDPOINT_WINDOWS, "respond alert_status", undo=True),
    "defender: triage of Linux": steps(GRAPH_LINUX, "collect triage " + SMALL, world=unlimited),
    "defender: triage of Windows": steps(GRAPH_WINDOWS, "collect triage " + SMALL, world=unlimited),
    "defender: triage of Linux to S3": steps(GRAPH_LINUX, "collect triage profile=quick " + TO_S3, world=unlimited),
    "defender: triage of Windows to S3": steps(GRAPH_WINDOWS, "collect triage profile=full " + TO_S3, world=unlimited),
    "defender: own collector on Windows": steps(GRAPH_WINDOWS, "collect memory %s %s" % (OWN, TO_S3), world=unlimited),
    "defender: withdraw": steps(GRAPH_WINDOWS, 'respond isolate_host host="d0c0ffee00000000000000000000000000000003"', until={"GetMachineAction": 2}, undo=True),
    "defender: find by instance": steps(INSTANCE, "respond isolate_host via=defender"),
    "polls": dict(play=run_polls, world=crowded, until={"PostCombinedAlertsV1": 4, "ListAlerts": 8}),
}


def play(cdr, case):
    """(what was asked, exit status, what was told) of a case."""
    world = World(cdr, case.get("world"))
    try:
        status, told = case["play"](world, case)
        return world.recorder.seen, status, told
    finally:
        world.end()


def play_all(cdr):
    """{case: as play gives it}, all at once: most of a case is waiting."""
    with concurrent.futures.ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(CASES, pool.map(lambda case: play(cdr, case), CASES.values())))


def main():
    """prism_calls.py FILE CDR [WORD ..]: write what was played to FILE. Run with a clock that goes faster."""
    played = {case: {"status": status, "told": told,
                     "asked": [dict(api=api, method=method, path=path, headers=headers, body=base64.b64encode(body).decode())
                               for api, method, path, headers, body in asked]}
              for case, (asked, status, told) in play_all(sys.argv[2:]).items()}
    with open(sys.argv[1], "w") as file:
        json.dump(played, file)


if __name__ == "__main__":
    main()
