"""cdrd.py - the daemon as a black box: a sandbox outside of it, alerts, kills, restarts, pages.

`cdr` is a command as a list of words. Everything is on loopback and in one temporary directory. Nothing here knows how the daemon works
inside: it speaks HTTP, reads one line and one file (DIR/admin.token), and sends signals.
"""

import atexit
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CONFIG = os.path.join(ROOT, "tests", "soak", "daemon.cdr")
CALLS_MAX = 100_000  # of the sandbox's log; what is older is gone
ACCOUNT = "111122223333"
REGION = "eu-west-1"


class Workplace:
    """A temporary directory, and the processes that end with the test."""

    def __init__(self, keep=False):
        self.path = tempfile.mkdtemp(prefix="cdr-soak-")
        self.children = []
        self.keep = keep
        atexit.register(self.close)

    def file(self, name):
        return os.path.join(self.path, name)

    def start(self, arguments, log, **more):
        """Start a process, its standard output a pipe and its messages appended to `log`."""
        said = open(self.file(log), "ab")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDR_"))}
        env.update({"HOME": self.path, "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8"})
        env.update(more.pop("env", {}))
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=said,
                                 stdin=subprocess.DEVNULL, env=env, **more)
        said.close()
        self.children.append(child)
        return child

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        self.children = []
        if not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)


class Sandbox:
    """`cdr sandbox`, which outlives the daemon and counts what is done to it."""

    def __init__(self, work, cdr, world=None):
        arguments = [*cdr, "sandbox", "--listen", "127.0.0.1:0"]
        if world is not None:
            with open(work.file("world.json"), "w") as file:
                json.dump(world, file)
            arguments += ["--world", work.file("world.json")]
        self.child = work.start(arguments, "sandbox.log")
        self.url = None
        for line in self.child.stdout:
            found = re.search(rb"AWS_ENDPOINT_URL=(\S+)", line)
            if found:
                self.url = found.group(1).decode()
            if b"_sandbox/calls" in line:
                break
        if self.url is None:
            raise RuntimeError("the sandbox does not start: " + read(work.file("sandbox.log")))
        threading.Thread(target=drain, args=(self.child.stdout,), daemon=True).start()

    def ask(self, name, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + "/_sandbox/" + name, data, timeout=120) as reply:
            return json.load(reply)

    def calls(self):
        calls = self.ask("calls")
        if len(calls) >= CALLS_MAX:
            raise RuntimeError("the sandbox has forgotten calls: fewer alerts, or more room")
        return calls

    def changes(self):
        """What was applied, and not asked for as who: [(operation, target, parameters)]."""
        return [(call["operation"], call["target"], call["parameters"]) for call in self.calls()
                if call["applied"] and call["service"] != "sts"]

    def faults(self, *faults):
        return self.ask("faults", list(faults))

    def stop(self):
        self.child.terminate()
        self.child.wait()


def shipped_world(work, cdr):
    sandbox = Sandbox(work, cdr)
    world = sandbox.ask("state")
    sandbox.stop()
    return world


def add_roles(world, names):
    """Roles like web-prod: each can be isolated by one PutRolePolicy."""
    roles = world["accounts"][0]["roles"]
    like = next(role for role in roles if role["roleName"] == "web-prod")
    for at, name in enumerate(names):
        roles.append({**like, "roleName": name, "roleId": f"AROASANDBOXSOAK{at:06d}",
                      "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "policies": dict(like["policies"]),
                      "tags": dict(like["tags"])})
    return world


class Gone(Exception):
    """No answer: the daemon was killed, or is not there yet."""


class Daemon:
    """`cdr serve` on a sandbox that is outside of it, in a directory that stays."""

    def __init__(self, work, cdr, sandbox, config=CONFIG, data=None, more=(), env=None, prefix=()):
        self.work, self.cdr, self.sandbox, self.config = work, cdr, sandbox, config
        self.data = data or work.file("data")
        self.more, self.env, self.prefix = list(more), env or {}, list(prefix)
        self.child = None
        self.address = None
        self.token = None
        self.starts = 0
        self.start_times = []

    def start(self, timeout=60):
        """Start it, and wait for its line. Seconds that it took."""
        arguments = self.prefix + [*self.cdr, "serve", "--config", self.config, "--listen",
                                   "127.0.0.1:0", "--data", self.data] + self.more
        if self.sandbox is not None:
            arguments += ["--sandbox", self.sandbox.url]
        began = time.monotonic()
        self.child = self.work.start(arguments, "daemon.log", env=self.env)
        self.starts += 1
        line = read_line(self.child, timeout)
        found = re.match(rb"ready http://([0-9.:]+)", line)
        if not found:
            raise RuntimeError("the daemon is not ready: %r\n%s" %
                               (line, read(self.work.file("daemon.log"))[-4000:]))
        self.address = found.group(1).decode()
        self.token = read(os.path.join(self.data, "admin.token")).strip()
        threading.Thread(target=drain, args=(self.child.stdout,), daemon=True).start()
        self.start_times.append(time.monotonic() - began)
        return self.start_times[-1]

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.work.children.remove(self.child)

    def kill_at(self, number):
        """Trace it, so that all of it dies when any thread is about to make system call `number` from
        now on. The tracer (tests/soak/kill_at.c), which ends with it and has what it said in `said`."""
        killer = os.path.join(os.path.dirname(os.path.abspath(self.cdr[-1])), "tests", "soak", "kill_at")
        tracer = subprocess.Popen([killer, str(self.child.pid), str(number)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = tracer.stderr.readline()
        if b"attached" not in said:
            tracer.kill()
            tracer.wait()
            raise PermissionError(said.decode(errors="replace").strip())
        self.work.children.append(tracer)
        return tracer

    def stop(self, timeout=60):
        """SIGTERM; its exit code."""
        self.child.terminate()
        code = self.child.wait(timeout)
        self.work.children.remove(self.child)
        return code

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def ask(self, method, path, body=None, headers=None, timeout=30, token=True):
        """(status, headers, bytes) of one request on a connection of its own. Gone."""
        address, sent = self.address, dict(headers or {})
        if token:
            sent["Authorization"] = "Bearer " + self.token
        try:
            link = http.client.HTTPConnection(address, timeout=timeout)
            link.request(method, path, body, sent)
            reply = link.getresponse()
            return reply.status, reply.headers, reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error
        finally:
            link.close()

    def get(self, path, **more):
        status, _, body = self.ask("GET", path, **more)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:500]!r}")
        return json.loads(body)

    def pages(self, path, limit=500, **filters):
        """Every item of a list, page by page."""
        after = None
        while True:
            query = {"limit": limit, **filters, **({"after": after} if after else {})}
            page = self.get(path + "?" + urllib.parse.urlencode(query))
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def post(self, source, alerts, kind="one"):
        """Post them as one alert, an array or NDJSON: (status, answer). Gone."""
        if kind == "one":
            body, content = json.dumps(alerts[0]), "application/json"
        elif kind == "array":
            body, content = json.dumps(alerts), "application/json"
        else:
            body, content = "".join(json.dumps(one) + "\n" for one in alerts), "application/x-ndjson"
        status, _, said = self.ask("POST", "/v1/alerts/" + source, body.encode(),
                                   {"Content-Type": content})
        try:
            return status, json.loads(said)
        except ValueError:
            return status, said

    def metrics(self):
        """{'cdr_alerts_waiting': 0.0, 'cdr_x{way="y"}': 1.0}"""
        _, _, body = self.ask("GET", "/metrics")
        found = {}
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, number = line.rpartition(" ")
                found[name] = float(number)
        return found

    def memory_kib(self):
        found = re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{self.child.pid}/status"))
        return int(found.group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    def descriptor_kinds(self):
        """What each is, as in "socket:[123]"."""
        found = []
        for name in os.listdir(f"/proc/{self.child.pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{self.child.pid}/fd/{name}"))
            except OSError:  # closed meanwhile
                pass
        return found

    def under_way(self):
        """How many alerts are to be evaluated, and runs go on without a person."""
        waiting = sum(1 for _ in self.pages("/v1/alerts", state="waiting"))
        asked = {str(hold["run"]) for hold in self.pages("/v1/approvals")}
        return waiting, sum(run["id"] not in asked for run in self.pages("/v1/runs", open="true"))

    def settle(self, stall=60):
        """Wait until all is evaluated and nothing goes on: True, or False after `stall` s in which
        nothing moved."""
        last, since, quiet = None, time.monotonic(), 0
        while quiet < 3 and time.monotonic() - since < stall:
            now = self.under_way()
            if now != last:
                last, since = now, time.monotonic()
            quiet = quiet + 1 if now == (0, 0) else 0
            time.sleep(0.2 if sum(now) < 100 else 1)
        return quiet == 3

    def run_cdr(self, *arguments):
        """Another command of cdr on the same directory: (exit code, its words)."""
        done = subprocess.run([*self.cdr, *arguments, "--data", self.data], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=600)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def drain(stream):
    for _ in stream:
        pass


def read_line(child, timeout):
    """The first line; empty when it ends, or after `timeout` s."""
    line = []
    thread = threading.Thread(target=lambda: line.append(child.stdout.readline()), daemon=True)
    thread.start()
    thread.join(timeout)
    return line[0] if line else b""


def finding(name, role=None, instance=None, severity=8, account=ACCOUNT, **more):
    """A GuardDuty finding as EventBridge hands it on, of our own making: stolen credentials of
    `role`, or an instance that is suspected."""
    if role is not None:
        kind = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"
        resource = {"resourceType": "AccessKey", "accessKeyDetails": {
            "accessKeyId": "ASIAEXAMPLEEXAMPLE00", "principalId": "AROAEXAMPLE:i-0",
            "userType": "AssumedRole", "userName": role}}
    else:
        kind = "Recon:EC2/Portscan"
        resource = {"resourceType": "Instance", "instanceDetails": {
            "instanceId": instance, "instanceState": "running"}}
    detail = {
        "schemaVersion": "2.0", "accountId": account, "region": REGION, "partition": "aws",
        "id": name, "type": kind, "resource": resource, "severity": severity,
        "arn": f"arn:aws:guardduty:{REGION}:{account}:detector/12abc34d567e8fa901bc2d34e56789f0/finding/{name}",
        "service": {"serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0",
                    "eventFirstSeen": "2026-01-05T09:52:44.000Z",
                    "eventLastSeen": "2026-01-05T09:58:10.000Z", "archived": False, "count": 1},
        "createdAt": "2026-01-05T10:00:02.118Z", "updatedAt": "2026-01-05T10:05:00.402Z",
        "title": "A finding of a test.", "description": "Nobody did anything."}
    detail.update(more)
    return {"version": "0", "id": name, "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
            "account": account, "time": "2026-01-05T10:05:12Z", "region": REGION, "resources": [],
            "detail": detail}


class Checks:
    """Counts what holds, and says so at the end."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()  # parts run beside one another, and a line is one

    def that(self, holds, sentence, told=""):
        with self.lock:
            if holds:
                self.passed += 1
                print("ok -", sentence, flush=True)
            else:
                self.failed += 1
                print("not ok -", sentence, told, flush=True)
        return holds

    def figure(self, name, value):
        with self.lock:
            print(f"# {name}: {value}", flush=True)

    def skip(self, sentence, reason):
        with self.lock:
            self.skipped += 1
            print("ok -", sentence, "# SKIP", reason, flush=True)

    def finish(self):
        print(f"1..{self.passed + self.failed + self.skipped}")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
