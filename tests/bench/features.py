"""features.py - rule sets of one feature each, over the stream of W2 (W6): seeded, values taken from the stream."""

import json
import random

from workloads import Rule, RuleSet

REMOTE = "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4"


def nest(**fields):
    """An event pattern of fields with dots (written __) in their names."""
    pattern = {}
    for field, tests in fields.items():
        at = pattern
        *keys, last = field.split("__")
        for key in keys:
            at = at.setdefault(key, {})
        at[last] = tests
    return pattern


def text(value):
    return json.dumps(value)


def sample(alerts, count=8000):
    with open(alerts) as lines:
        events = [json.loads(line) for line, _ in zip(lines, range(count))]
    return ([event["event"] for event in events if "event" in event],
            [event for event in events if "schemaVersion" in event],
            [event for event in events if "eventVersion" in event])


def lists(seed, processes):
    rules = []
    for _ in range(10):
        hashes = [seed.choice(processes)["SHA256String"] for _ in range(100)]
        hashes += ["%064x" % seed.getrandbits(256) for _ in range(900)]
        rules.append(Rule(f'raw["event.SHA256String"] in [{", ".join(map(text, hashes))}] cased',
                          nest(event__SHA256String=sorted(set(hashes)))))
    return rules


def networks(seed):
    rules = []
    for _ in range(5000):
        length = seed.choice([16, 20, 24, 24, 28, 31])
        base = (10 << 24 | seed.getrandbits(24)) >> (32 - length) << (32 - length)
        network = f"{base >> 24}.{base >> 16 & 255}.{base >> 8 & 255}.{base & 255}/{length}"
        rules.append(Rule(f'raw["{REMOTE}"] in "{network}"', nest(**{REMOTE.replace(".", "__"): [{"cidr": network}]})))
    return rules


def ranges(seed):
    rules = []
    for _ in range(1000):
        low = seed.randint(0, 9000)
        high = low + seed.choice([5, 50])
        rules.append(Rule(f'raw["service.count"] in {low}..{high}',
                          nest(service__count=[{"numeric": [">=", low, "<=", high]}])))
    return rules


def absences(seed, calls):
    rules = []
    for _ in range(1000):
        call = seed.choice(calls)
        name, user, region = call["eventName"], call["userIdentity"]["userName"], call["awsRegion"]
        rules.append(Rule(
            f'raw["userIdentity.userName"] = {text(user)} cased and exists raw["awsRegion"]'
            f' and raw["awsRegion"] != {text(region)} cased and missing raw["errorCode"]'
            f' and raw["eventName"] in [{text(name)}, "ListBuckets"] cased',
            nest(userIdentity__userName=[user], awsRegion=[{"anything-but": [region]}],
                 errorCode=[{"exists": False}], eventName=sorted({name, "ListBuckets"}))))
    return rules


def arrays(seed, processes):
    rules = []
    for _ in range(1000):
        process = seed.choice(processes)
        port = seed.choice(process.get("NetworkAccesses") or [{"RemotePort": 443}])["RemotePort"]
        rules.append(Rule(
            f'raw["event.NetworkAccesses.RemotePort"] = {port} and raw["event.ComputerName"] = '
            f'{text(process["ComputerName"])} cased',
            nest(event__NetworkAccesses__RemotePort=[{"numeric": ["=", port]}],
                 event__ComputerName=[process["ComputerName"]])))
    return rules


def regexes(seed):
    forms = [r"{0}\.exe.* -(enc|e) [a-f0-9]{{4,8}}{1}", r"user0{1}.*{0}", r"\b{0}{1}\b", r"^.*{0}\.exe\" .*{1}$"]
    words = ["powershell", "svchost", "chrome", "cmd", "git", "outlook", "schtasks", "node"]
    return [Rule(f'raw["event.CommandLine"] matches /{seed.choice(forms).format(seed.choice(words), seed.randint(100, 9999))}/')
            for _ in range(1000)]


def sets(alerts, folder):
    seed = random.Random(6)
    processes, _, calls = sample(alerts)
    made = {"10,000 indicators in 10 lists": lists(seed, processes), "5,000 networks": networks(seed),
            "1,000 ranges of numbers": ranges(seed), "1,000 of absence and negation": absences(seed, calls),
            "1,000 on elements of arrays": arrays(seed, processes), "1,000 regular expressions": regexes(seed)}
    return {name: RuleSet(f"w6-{number}", rules, folder) for number, (name, rules) in enumerate(made.items())}
