"""crash.py - one alert through a shipped rule against a provider; killed at every call.

A provider (moto_case.py, sandbox_case.py) offers: alert_id, environment(), reset(),
alert(), denied(), state() (all that a response could change, in a form that compares) and
shape(state) (what must be equal in isolation between two worlds whose ids differ).
"""
import concurrent.futures
import json
import os
import queue
import shutil
import subprocess
import tempfile

RULE = os.path.join(os.path.dirname(__file__), "..", "..", "rules", "aws", "compromised_instance.cdr")


class Tap:
    def __init__(self):
        self.count = 0

    def check(self, holds, sentence, detail=""):
        self.count += 1
        print(("ok" if holds else "not ok"), self.count, "-", sentence, flush=True)
        if not holds:
            for line in str(detail).splitlines()[-40:]:
                print("#", line, flush=True)
        return holds

    def end(self):
        print("1..%d" % self.count, flush=True)


class Case:
    """One data directory, one alert, one proxy in front of the provider."""

    def __init__(self, cdr, provider, proxy):
        self.cdr, self.provider, self.proxy = cdr, provider, proxy
        self.home = tempfile.mkdtemp(prefix="cdr-crash-")
        self.data = os.path.join(self.home, "data")
        self.alert = os.path.join(self.home, "alert.json")
        with open(self.alert, "w") as file:
            json.dump(provider.alert(), file)
        self.environment = dict(os.environ, HOME=self.home,
                                AWS_ENDPOINT_URL="http://127.0.0.1:%d" % proxy.port, **provider.environment())

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *words, kill=None):
        """The exit status and output of cdr; kill as for Proxy."""
        self.proxy.count, self.proxy.kill, self.proxy.killed = 0, kill, False
        process = subprocess.Popen([*self.cdr, *words], env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.proxy.process = process
        output = process.communicate(timeout=300)[0]
        return process.returncode, output

    def apply(self, kill=None):
        return self.run("run", "--rules", RULE, "--alerts", self.alert, "--mode", "apply", "--data", self.data, kill=kill)

    def resume(self):
        return self.run("resume", "--data", self.data)

    def undo(self, kill=None):
        return self.run("undo", "--alert", self.provider.alert_id, "--data", self.data, kill=kill)


def once(tap, cdr, provider, proxy):
    """The whole road without an accident. Returns how many calls apply and undo made,
    and the state in isolation."""
    provider.reset()
    proxy.forget()
    case = Case(cdr, provider, proxy)
    before = provider.state()
    status, output = case.apply()
    applied = proxy.count
    tap.check(status == 0, "the rule is applied", output)
    isolated = provider.state()
    tap.check(isolated["role_policies"] != before["role_policies"], "the role got a policy", isolated)
    tap.check(isolated["interface_groups"] != before["interface_groups"], "the interfaces got another group", isolated)
    tap.check(all(len(groups) == 1 for groups in isolated["interface_groups"].values()), "one group an interface", isolated)
    tap.check(provider.denied(), "what the role could do is denied now")
    changes = proxy.changes()
    status, output = case.apply()
    tap.check(proxy.changes() == changes, "the same alert again changes nothing", output)
    status, output = case.undo()
    undone = proxy.count
    tap.check(status == 0, "the run is taken back", output)
    after = provider.state()
    tap.check(after == before, "undo restores the exact state", "%s\n%s" % (before, after))
    tap.check(not provider.denied(), "the role may act again")
    case.close()
    return applied, undone, isolated


def killed_at(cdr, provider, proxy, isolated, kill, in_undo):
    """"" or what went wrong when cdr was killed at `kill` and then resumed and undone."""
    provider.reset()
    proxy.forget()
    case = Case(cdr, provider, proxy)
    before = provider.state()
    try:
        status, output = case.apply(kill=None if in_undo else kill)
        if not in_undo:
            if not proxy.killed:
                return "was not killed"
            status, output = case.resume()
        if status != 0:
            return "status %d after apply\n%s" % (status, output)
        if provider.shape(provider.state()) != provider.shape(isolated):
            return "not isolated: %s" % provider.state()
        status, output = case.undo(kill=kill if in_undo else None)
        if in_undo:
            if not proxy.killed:
                return "was not killed in undo"
            status, output = case.resume()
        if status != 0:
            return "status %d after undo\n%s" % (status, output)
        if provider.state() != before:
            return "not restored: %s" % provider.state()
        changes = [change[:2] for change in proxy.changes()]
        for operation, body in changes:
            if changes.count((operation, body)) > 1:
                return "%s was made %d times: %s" % (operation, changes.count((operation, body)), body)
        return ""
    finally:
        case.close()


def matrix(tap, cdr, worlds, applied, undone, isolated):
    """Before, in and after every single call of apply and of undo. `worlds` are equal pairs
    of provider and proxy: as many cases run at once, since most of each is waiting. CRASH_STRIDE:
    of so many calls one, another one each time round, for builds and providers that are slow."""
    stride = int(os.environ.get("CRASH_STRIDE", "1"))
    free = queue.SimpleQueue()
    for world in worlds:
        free.put(world)

    def one(kill, in_undo):
        provider, proxy = free.get()
        try:
            return kill[0], killed_at(cdr, provider, proxy, isolated, kill, in_undo)
        finally:
            free.put((provider, proxy))

    with concurrent.futures.ThreadPoolExecutor(len(worlds)) as pool:
        for in_undo, calls in ((False, applied), (True, undone)):
            for when in ("before", "in", "after"):
                # After the last reply nothing is left to be killed for sure.
                last = calls - 1 if when == "after" else calls
                first = 1 + ("before", "in", "after").index(when) % stride
                cases = [pool.submit(one, (number, when), in_undo) for number in range(first, last + 1, stride)]
                wrong = [case.result() for case in cases if case.result()[1]]
                tap.check(not wrong and cases, "killed %s %d of %d calls of %s: resumed, nothing twice, undone"
                          % (when, len(cases), last, "undo" if in_undo else "apply"),
                          "\n".join("call %d: %s" % item for item in wrong))
