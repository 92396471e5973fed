#!/usr/bin/env python3
"""bad_rules.py - bad rule sets while alerts come in: none is in force, none is half in force, no alert
is lost.

SETS rule sets are put where the daemon reads them, half of them bad in ways that people and copies
are: cut off, misspelt, with a failing test, with zeros, with a file that is not there. Alerts are posted
meanwhile.
"""

import argparse
import json
import os
import random
import shlex
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cdrd  # noqa: E402
import daemon as proving  # noqa: E402

ALERTS_PER_SET = 4
SECONDS_PER_SET = 1  # about: the daemon looks at a file once it has not changed for that long


def spoil(text, at, chance):
    """A text that is no good rules, and like no other one."""
    middle = text.rindex("then")
    return chance.choice((
        lambda: text[:chance.randrange(text.rindex("{") + 1, middle)],
        lambda: text + f"rule r{at} {{ when sevrity = high then respond isolate_role }}\n",
        lambda: text + f"rule r{at}",
        lambda: text.replace("snapshot", f"snapshot{at}"),
        lambda: text + f'use "gone{at}.cdr"\n',
        lambda: text + text[text.index("rule "):],
        lambda: text + "\0" * (at + 1),
        lambda: text + f'test "t{at}" {{ alert {{ "source": "guardduty", "severity": "low" }}; '
                       "expect rule collection }\n",
    ))() + f"# {at}\n"


def put(path, text, is_careless, chance):
    """In one move, as it ought to be; or in pieces, as an editor does."""
    if not is_careless:
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return
    with open(path, "w") as file:
        for piece in (text[:len(text) // 2], text[len(text) // 2:]):
            file.write(piece)
            file.flush()
            time.sleep(chance.uniform(0, 0.005))


def judged(daemon):
    figures = daemon.metrics()
    return figures["cdr_rules_loaded_total"], figures["cdr_rules_refused_total"]


def wait_for(daemon, wanted):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if sum(judged(daemon)) >= sum(wanted):
            break
        time.sleep(0.01)
    return judged(daemon)


def try_sets(checks, sets, seed, cdr):
    """A daemon, and so many sets; the figures are added up by who asks."""
    chance = random.Random(seed)
    work = cdrd.Workplace()
    count = sets * ALERTS_PER_SET
    roles = [f"soak{at:06d}" for at in range(count)]
    sandbox = cdrd.Sandbox(work, cdr, cdrd.add_roles(cdrd.shipped_world(work, cdr), roles))
    shutil.copytree(os.path.join(os.path.dirname(cdrd.CONFIG), "rules"), work.file("rules"))
    shutil.copy(cdrd.CONFIG, work.file("daemon.cdr"))
    path = work.file("rules/soak.cdr")
    good = cdrd.read(path)
    daemon = cdrd.Daemon(work, cdr, sandbox, config=work.file("daemon.cdr"))
    daemon.start()
    alerts = proving.make_alerts("bad", count, roles)
    poster = proving.Poster(daemon, alerts, SECONDS_PER_SET / ALERTS_PER_SET, seed)
    poster.start()
    wanted = [1, 0]
    wrong = []
    for at in range(sets):
        is_bad = chance.random() < 0.5
        put(path, spoil(good, at, chance) if is_bad else good + f"# good {at}\n",
            is_bad and chance.random() < 0.3, chance)
        daemon.child.send_signal(signal.SIGHUP)
        wanted[is_bad] += 1
        found = wait_for(daemon, wanted)
        if found != tuple(wanted):
            wrong.append((at, is_bad, found, tuple(wanted)))
            wanted = list(found)
    checks.that(not wrong, "each good set came into force and each bad one did not", wrong[:5])
    poster.is_hurried = True
    poster.join(300)
    checks.that(not poster.is_alive() and not poster.wrong, "every alert was acknowledged",
                poster.wrong[:3])
    checks.that(daemon.settle(), "and all is evaluated and carried out")
    names = {one["detail"]["id"] for one in alerts}
    proving.look_at_journal(checks, daemon, names, poster.acknowledged)
    loaded = [json.dumps(one) for one in daemon.pages("/v1/audit") if "rules_loaded" in json.dumps(one)]
    checks.that(len(loaded) == wanted[0], "the audit log has each set that came into force",
                (len(loaded), wanted))
    decided = {run["rule_set"] for run in daemon.pages("/v1/runs")}
    strange = [rules for rules in decided if not any(rules in one for one in loaded)]
    checks.that(decided and not strange, "and each run is of one of them", strange[:3])
    checks.that(daemon.stop() == 0, "the daemon ends well")
    checks.figure("sets in force, refused", wanted)
    checks.figure("alerts, and sets that decided about them", (len(names), len(decided)))
    work.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cdr", default=os.path.join(cdrd.ROOT, "build", "cdr"))
    options.add_argument("--sets", type=int, default=50)
    options.add_argument("--daemons", type=int, default=4, help="a set takes a second to be settled, so "
                         "that many are tried at once")
    options.add_argument("--seed", type=int, default=None)
    options = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    checks = cdrd.Checks()
    checks.figure("seed", seed)
    began = time.monotonic()
    shares = [len(range(at, options.sets, options.daemons)) for at in range(options.daemons)]
    wrong = []

    def one(at):
        try:
            try_sets(checks, shares[at], seed + at, shlex.split(options.cdr))
        except Exception as error:  # noqa: BLE001 - or it would end in silence
            wrong.append(repr(error))

    threads = [threading.Thread(target=one, args=(at,)) for at in range(options.daemons) if shares[at] > 0]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checks.that(not wrong, "each daemon was tried to its end", wrong)
    checks.figure("seconds", round(time.monotonic() - began))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
