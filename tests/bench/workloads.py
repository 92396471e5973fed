"""workloads.py - alerts and rules to measure with: made from seeds, in every contestant's form.

A rule set is a list of Rule: for us a condition, for event-ruler an event pattern, for rsigma a Sigma
selection; a form that an engine has no words for is None, and the set then has none of that form. Files are
made once, into one folder:  NAME.cdr (several, when long)  NAME.json  NAME.yml
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATORS = os.path.join(HERE, "..", "..", "..", "shared", "bench")

STREAM_BYTES = 104857600
RULES_A_FILE = 40_000  # 100,000 rules are more text than one file may have
STEP = "notify log"

Rule = namedtuple("Rule", "condition pattern sigma", defaults=(None, None))


class RuleSet:
    def __init__(self, name, rules, folder):
        self.name, self.count = name, len(rules)
        self.stem = os.path.join(folder, name)
        self.sources = []
        for start in range(0, len(rules), RULES_A_FILE):
            path = f"{self.stem}.{start // RULES_A_FILE}.cdr"
            with open(path, "w") as out:
                out.write("cdr 1\n")
                out.writelines(f"rule r{start + i} {{ when {rule.condition} then {STEP} }}\n"
                               for i, rule in enumerate(rules[start:start + RULES_A_FILE]))
            self.sources.append(path)
        self.patterns = self.write(".json", [rule.pattern for rule in rules], pattern_text)
        self.sigma = self.write(".yml", [rule.sigma for rule in rules], sigma_text)

        self.tests = {test for rule in rules for test in tests_of(rule.pattern)}

    def write(self, ending, forms, to_text):
        if any(form is None for form in forms):
            return None
        with open(self.stem + ending, "w") as out:
            out.writelines(to_text(number, form) for number, form in enumerate(forms))
        return self.stem + ending


def tests_of(pattern):
    """Names of the tests in an event pattern; equality has none."""
    for value in (pattern or {}).values():
        if isinstance(value, dict):
            yield from tests_of(value)
        else:
            yield from (name for test in value if isinstance(test, dict) for name in test)


def pattern_text(_, pattern):
    return json.dumps(pattern) + "\n"


def sigma_text(number, selection):
    lines = ["---", f"title: '{number}'", "logsource: { category: bench }", "detection:", "  selection:"]
    lines += [f"    {json.dumps(field)}: {json.dumps(value)}" for field, value in selection]
    return "\n".join(lines + ["  condition: selection", ""])


def is_available():
    return os.path.exists(os.path.join(GENERATORS, "gen_alerts.py"))


def generate(script, *arguments, out=None):
    with open(out, "w") if out else open(os.devnull, "w") as stream:
        subprocess.run([sys.executable, os.path.join(GENERATORS, script), *map(str, arguments)],
                       stdout=stream, stderr=subprocess.DEVNULL, check=True)


# ---- W2, W3: equality alone (E), and a fifth with wildcards (EW), over the stream of three vendors


def stream(folder, size=STREAM_BYTES):
    path = os.path.join(folder, f"alerts-{size}.ndjson")
    if not os.path.exists(path):
        generate("gen_alerts.py", size, out=path + ".part")
        os.rename(path + ".part", path)
    return path


def repeated(path, times, folder):
    """The same alerts several times, in one file that its reader may remove."""
    made = os.path.join(folder, "repeated.ndjson")
    with open(made, "wb") as out, open(path, "rb") as once:
        for _ in range(times):
            once.seek(0)
            shutil.copyfileobj(once, out, 1 << 20)
    return made


def leaves(pattern, path=()):
    for key, value in pattern.items():
        if isinstance(value, dict):
            yield from leaves(value, path + (key,))
        else:
            yield ".".join(path + (key,)), value[0]


def sigma_of(pattern):
    return [(f"{field}|contains|cased", value["wildcard"].strip("*")) if isinstance(value, dict)
            else (f"{field}|cased", value) for field, value in leaves(pattern)]


def curve(folder, alerts, sizes):
    """{name: RuleSet} of e-N and ew-N for each size."""
    made = os.path.join(folder, "generated")
    generate("gen_rules.py", alerts, made, *sizes)
    sets = {}
    for name in [f"{kind}-{size}" for kind in ("e", "ew") for size in sizes]:
        with open(f"{made}/{name}.json") as lines:
            patterns = [json.loads(line) for line in lines]
        with open(f"{made}/{name}.cdr") as lines:
            conditions = [line.split(" when ", 1)[1].rsplit(" then ", 1)[0] for line in lines]
        sets[name] = RuleSet(name, [Rule(condition, pattern, sigma_of(pattern))
                                    for condition, pattern in zip(conditions, patterns)], folder)
    return sets


def paths_file(rules, folder):
    """The raw paths that the rules read, one a line: what a contestant that only reads reads, too."""
    with open(rules.patterns) as lines:
        fields = sorted({field for line in lines for field, _ in leaves(json.loads(line))})
    path = os.path.join(folder, f"{rules.name}.paths")
    with open(path, "w") as out:
        out.writelines(field + "\n" for field in fields)
    return path, len(fields)


# Of each vendor what rules ask for most, for reading alone.
MANY_PATHS = """type accountId region severity id title resource.resourceType
 resource.instanceDetails.instanceId resource.instanceDetails.instanceType service.action.actionType
 service.action.networkConnectionAction.remoteIpDetails.ipAddressV4 service.count eventName eventSource awsRegion
 sourceIPAddress userAgent userIdentity.type userIdentity.userName userIdentity.arn event.FileName
 event.CommandLine event.SHA256String event.ComputerName event.UserName""".split()


# ---- W1: the rule sets of event-ruler's own benchmark, over lots of a city


def lots(folder):
    path = os.path.join(folder, "citylots.ndjson")
    if not os.path.exists(path):
        generate("gen_citylots.py", path + ".part")
        os.rename(path + ".part", path)
    return path


def lot_rule(field, test, pattern):
    keys = f"properties.{field}" if field.isupper() else f"geometry.{field}"
    nested = [pattern]
    for key in reversed(keys.split(".")):
        nested = {key: nested}
    return Rule(f'raw["{keys}"] {test}', nested)


def guarded(rule):
    """A test that holds for what is absent, too, says that the field exists."""
    return rule._replace(condition=f"exists {rule.condition.split(' ')[0]} and {rule.condition}")


def lot_sets(folder):
    def each(field, values, form, pattern):
        return [lot_rule(field, form(json.dumps(value)), pattern(value)) for value in values]

    sets = {
        "EXACT": each("MAPBLKLOT", ["1430022", "2607117", "2607218", "3745012", "VACSTWIL"],
                      lambda v: f"= {v} cased", lambda v: v),
        "WILDCARD": each("MAPBLKLOT", ["143*", "2*0*1*7", "*218", "3*5*2", "VA*IL"],
                         lambda v: f"like {v} cased", lambda v: {"wildcard": v}),
        "PREFIX": each("STREET", ["AC", "BL", "DR", "FU", "RH"],
                       lambda v: f"startswith {v} cased", lambda v: {"prefix": v}),
        "SUFFIX": each("STREET", ["ON", "KE", "MM", "ING", "GO"],
                       lambda v: f"endswith {v} cased", lambda v: {"suffix": v}),
        "EQUALS_IGNORE_CASE": each("STREET", ["jefferson", "bEaCh", "hYdE", "fULTON", "mIsSiOn"],
                                   lambda v: f"= {v}", lambda v: {"equals-ignore-case": v}),
        "NUMERIC": numeric_lots("coordinates.x", [-122.44, -122.46471267081272, -122.4063085128395]),
        "ANYTHING_BUT": [guarded(rule) for field, value in
                         (("STREET", "FULTON"), ("STREET", "MASON"), ("ST_TYPE", "ST"), ("type", "Polygon"),
                          ("FROM_ST", "441"))
                         for rule in each(field, [value], lambda v: f"!= {v} cased",
                                          lambda v: {"anything-but": [v]})],
        "COMPLEX_ARRAYS": array_lots(),
    }
    return {name: RuleSet(f"cl2-{name.lower()}", rules, folder) for name, rules in sets.items()}


def numeric_lots(field, bounds):
    """Orders on numbers. One bound a rule: over an array ours ask for any element for each bound."""
    rules = []
    for sign in ("<", ">"):
        rules += [lot_rule(field, f"{sign} {bound}", {"numeric": [sign, bound]}) for bound in bounds]
    return rules[:5]


def array_lots():
    def both(kind, field, test, pattern):
        rule = lot_rule(field, test, pattern)
        rule.pattern["geometry"]["type"] = [kind]
        return rule._replace(condition=f'raw["geometry.type"] = "{kind}" cased and {rule.condition}')

    return [
        both("Polygon", "coordinates.z", "= 0", {"numeric": ["=", 0]}),
        both("MultiPolygon", "coordinates.z", "= 0", {"numeric": ["=", 0]}),
        both("MultiPolygon", "coordinates.x", "< -122.41600944012424", {"numeric": ["<", -122.41600944012424]}),
        lot_rule("coordinates.x", "< -122.41600944012424", {"numeric": ["<", -122.41600944012424]}),
        lot_rule("coordinates.x", "> -122.41600944012424", {"numeric": [">", -122.41600944012424]}),
    ]
