"""hostile.py - alerts and rules made to be slow (W8): each case is a name, a file of alerts, a rule set. Seeded."""

import json
import os
import random

from features import nest, text
from workloads import Rule, RuleSet

LETTERS = "abcdefghijklmnopqrstuvwxyz"
POPULAR = ["\\system32\\", ".exe -", "powershell", "\\users\\", "program files", "-encodedcommand", "http://", "rundll32"]


def word(seed, length):
    return "".join(seed.choice(LETTERS) for _ in range(length))


def command(value):
    return {"event": {"FileName": "cmd.exe", "CommandLine": value}}


def literals(seed, count, start=""):
    made = [start + word(seed, 8) for _ in range(count)]
    return [Rule(f'raw["event.CommandLine"] contains {text(each)} cased',
                 nest(event__CommandLine=[{"wildcard": "*" + each.replace("\\", "\\\\") + "*"}])) for each in made]


def ours_alone(rules):
    return [rule._replace(pattern=None) for rule in rules]


def shared_equality(seed):
    rules, alerts = [], []
    for number in range(10_000):
        account = f"{number:012d}"
        rules.append(Rule(f'raw["type"] = "Shared" cased and raw["accountId"] = "{account}" cased',
                          nest(type=["Shared"], accountId=[account])))
        alerts.append({"type": "Shared", "accountId": account, "title": word(seed, 200)})
    return alerts[:2000], rules


def many_true(_):
    """Thousands of rules fire for one alert: what they cost is what they say."""
    rules = [Rule(f'raw["type"] = "Shared" cased and raw["count"] > {number}',
                  nest(type=["Shared"], count=[{"numeric": [">", number]}])) for number in range(10_000)]
    return [{"type": "Shared", "count": number * 50} for number in range(200)], ours_alone(rules)


def popular(seed):
    """100 KB each of texts in which every window of four bytes is the begin of many literals."""
    rules = [rule for start in POPULAR for rule in literals(seed, 125, start)]
    alerts = [command("".join(seed.choice(POPULAR) for _ in range(10_000))) for _ in range(50)]
    return alerts, ours_alone(rules)


def one_gram(seed):
    rules = literals(seed, 10_000, "aaaa")
    return [command("a" * 4000 + word(seed, 10)) for _ in range(50)], ours_alone(rules)


def backtracking(_):
    forms = ["(a+)+$", "(a|aa)+b", "(a*)*b", "(.*a){12}b", "([a-z]+)*[0-9]$", "(a|a)*c", "^(([a-z])+.)+[A-Z]([a-z])+$"]
    rules = [Rule(f'raw["event.CommandLine"] matches /{form}/') for form in forms]
    return [command("a" * length + "!") for length in (20, 30, 100, 1000, 10_000, 60_000)], rules


def large_texts(seed):
    half = "".join(word(seed, 1000) for _ in range(500))
    return [command(half[at:] + half) for at in range(0, 100, 10)], ours_alone(literals(seed, 1000))


def escapes(seed):
    return [command("\\\"\n\t" * 25_000) for _ in range(20)], ours_alone(literals(seed, 1000))


def deep(_):
    def nested(depth):
        return json.loads('{"a":' * depth + "1" + "}" * depth)

    rules = [Rule(f'raw["{".".join("a" * depth)}"] = 1') for depth in range(1, 30)]
    return [nested(depth) for depth in (10, 30, 60, 65, 400)], rules


def array_product(_):
    """Arrays of objects, with rules that ask for two members: what is quadratic for who joins elements."""
    alerts = [{"items": [{"x": number, "y": number % 7} for number in range(size)]} for size in (100, 1000, 3000)]
    rules = [Rule(f'raw["items.x"] = {number} and raw["items.y"] = {number % 7}',
                  nest(items__x=[{"numeric": ["=", number]}], items__y=[{"numeric": ["=", number % 7]}]))
             for number in range(0, 3000, 100)]
    return alerts, rules


CASES = {"10,000 rules with one shared equality": shared_equality, "10,000 rules, half of them true": many_true,
         "100 KB of popular grams, 1,000 literals": popular, "10,000 literals with one first gram": one_gram,
         "regexes that backtrack": backtracking, "1 MB texts, 1,000 literals": large_texts,
         "100 KB of escapes, 1,000 literals": escapes, "deep nesting": deep, "arrays of 100 to 3,000 objects": array_product}


def cases(folder):
    for number, (name, make) in enumerate(CASES.items()):
        alerts, rules = make(random.Random(number))
        path = os.path.join(folder, f"w8-{number}.ndjson")
        with open(path, "w") as out:
            out.writelines(json.dumps(alert) + "\n" for alert in alerts)
        yield name, path, RuleSet(f"w8-{number}", rules, folder)
