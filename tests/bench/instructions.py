#!/usr/bin/env python3
"""instructions.py - how many instructions an alert takes, against the figures that are kept.

    instructions.py BENCH_MATCH [--renew]

callgrind counts what the matcher does for 2,000 alerts of the stream of W2 with 1,000 rules of E and of EW:
the same figure on every run, however busy the machine is. It may differ from the kept one by 2 % either
way; a change that is meant to do more, or does less, renews the figures (--renew) and commits
instructions.json. They hold for the compiler and the set of instructions that the file names (callgrind
knows none past AVX2); on others the test is skipped, and says why.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import workloads  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, "instructions.json")
ALERTS, BYTES, TOLERANCE = 2000, 6_000_000, 0.02


def compiler():
    return subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def count(program, alerts, rules, folder):
    """Instructions of one alert, and which set of them."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=run_pass", f"--callgrind-out-file={folder}/out",
         program, alerts, *rules.sources],
        input=f"pass strict 0 {ALERTS}\n", capture_output=True, text=True, timeout=300)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        raise RuntimeError(f"callgrind: {done.stderr[-400:]}")
    return int(collected[1]) / ALERTS, done.stdout.split()[6]


def measure(program):
    with tempfile.TemporaryDirectory() as folder:
        alerts = workloads.stream(folder, BYTES)
        sets = workloads.curve(folder, alerts, [1000])
        figures = {"compiler": compiler()}
        for name in ("e-1000", "ew-1000"):
            figures[name], figures["instructions"] = count(program, alerts, sets[name], folder)
            figures[name] = round(figures[name])
    return figures


def end(passed, failed, skipped):
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


def main():
    if not workloads.is_available():
        print("skipped: no ../shared/bench, whose generators make the alerts")
        end(0, 0, 1)
    with open(KEPT) as text:
        kept = json.load(text)
    if "--renew" not in sys.argv and kept["compiler"] != compiler():
        print(f"skipped: the figures are of {kept['compiler']}, this is {compiler()}")
        end(0, 0, 1)
    found = measure(sys.argv[1])
    if "--renew" in sys.argv:
        with open(KEPT, "w") as out:
            json.dump(found, out, indent=2)
            out.write("\n")
        print(found)
        return
    if kept["instructions"] != found["instructions"]:
        print(f"skipped: the figures are of {kept['instructions']}, this machine has {found['instructions']}")
        end(0, 0, 1)
    failed = 0
    for name in ("e-1000", "ew-1000"):
        change = found[name] / kept[name] - 1
        print(f"{name}: {found[name]:,} instructions an alert, kept {kept[name]:,}, {change:+.1%}")
        failed += abs(change) > TOLERANCE
    if failed:
        print(f"More than {TOLERANCE:.0%} off. If that is meant: tests/bench/instructions.py {sys.argv[1]} --renew")
    end(2 - failed, failed, 0)


if __name__ == "__main__":
    main()
