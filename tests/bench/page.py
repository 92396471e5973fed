#!/usr/bin/env python3
"""page.py - puts the table of the last `make bench-match` (BUILD/bench.md) into docs/benchmarks.md.

    page.py BUILD/bench.md docs/benchmarks.md
"""

import sys

BEGIN, END = "<!-- figures: written by tests/bench/page.py -->\n", "<!-- end of the figures -->\n"


def main():
    with open(sys.argv[1]) as figures, open(sys.argv[2]) as page:
        new, old = figures.read(), page.read()
    before, rest = old.split(BEGIN)
    _, after = rest.split(END)
    with open(sys.argv[2], "w") as page:
        page.write(f"{before}{BEGIN}\n{new}\n{END}{after}")


if __name__ == "__main__":
    main()
