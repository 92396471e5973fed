#!/usr/bin/env python3
"""Measures `cdr check` on generated rules: time on one core and memory, against limits.

    bench.py CDR

Prints one line a measurement: what, the median of the runs, the limit, their ratio. Ends
with 1 when a limit is passed or the rules do not check clean, because a number about
something else says nothing.
"""
import os
import statistics
import subprocess
import sys
import tempfile

RUNS = 5
HERE = os.path.dirname(os.path.abspath(__file__))


def make_rules(count, folder):
    os.makedirs(folder)
    subprocess.run(["awk", "-v", f"rules={count}", "-v", f"dir={folder}", "-v", "seed=1",
                    "-f", os.path.join(HERE, "rules.awk")], check=True)


def run_once(command):
    """Seconds of processor time on one core, and the most memory in MB; the answer."""
    with tempfile.TemporaryFile() as out:
        pid = os.posix_spawn(command[0], command, os.environ,
                             file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)])
        _, status, usage = os.wait4(pid, 0)
        out.seek(0)
        answer = out.read().decode().strip().splitlines()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, status, answer


def measure(name, command, expected, seconds_limit, memory_limit):
    times, memory = [], []
    for _ in range(RUNS):
        seconds, megabytes, status, answer = run_once(command)
        if status != 0 or not answer or expected not in answer[-1]:
            print(f"{name}: not measured, the answer was {answer[-1:]}")
            return False
        times.append(seconds)
        memory.append(megabytes)
    seconds, megabytes = statistics.median(times), statistics.median(memory)
    is_good = True
    for what, value, unit, limit in (("time", seconds, "s", seconds_limit),
                                     ("memory", megabytes, "MB", memory_limit)):
        if limit is None:
            print(f"{name}: {what} {value:.3g} {unit}")
            continue
        verdict = "ok" if value <= limit else "MISSED"
        is_good = is_good and value <= limit
        print(f"{name}: {what} {value:.3g} {unit}, limit {limit} {unit}, "
              f"ratio {value / limit:.2f} ({verdict})")
    return is_good


def main():
    cdr = os.path.abspath(sys.argv[1])
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for count, seconds, memory in ((2000, 1.0, None), (10000, None, 200.0)):
            folder = os.path.join(scratch, str(count))
            make_rules(count, folder)
            expected = f" in {count // 20} files"
            good &= measure(f"check of {count} rules", [cdr, "check", "--fail-level", "error", folder],
                            expected, seconds, memory)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
