"""moto_case.py - one alert through the shipped rule at moto, killed at every call.

Usage: moto_case.py PORT,PORT,... CDR [WORD ...]     (a server of its own for each world)
"""
import sys

import crash
import proxy
from moto_base import Moto


def main():
    ports, cdr = [int(port) for port in sys.argv[1].split(",")], sys.argv[2:]
    tap, worlds = crash.Tap(), [(Moto(port), proxy.Proxy(port)) for port in ports]
    applied, undone, isolated = crash.once(tap, cdr, *worlds[0])
    crash.matrix(tap, cdr, worlds, applied, undone, isolated)
    tap.end()


main()
