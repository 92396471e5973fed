"""formats_judge.py SCHEMA FILE... - every form of `cdr check` on every file, judged strictly.

CDR is the command, which may be several words. SCHEMA is SARIF's JSON schema, or "" to
judge by structure alone. Prints what is wrong, a line each, and then how much was judged.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ET

COMMAND = shlex.split(os.environ["CDR"])
LEVELS = {"error": "error", "warning": "warning", "note": "info"}
faults = []


def want(condition, *words):
    if not condition:
        faults.append(" ".join(str(word) for word in words))


def run(form, paths):
    done = subprocess.run(COMMAND + ["check", "--format", form, "--"] + paths, capture_output=True,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout


def strict_json(text):
    def no_duplicates(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a member twice"
        return dict(pairs)

    return json.loads(text.decode("utf-8"), object_pairs_hook=no_duplicates,
                      parse_constant=lambda word: 1 / 0)


def plain(path):
    return path[2:] if path.startswith("./") else path


def judge_json(code, text, paths):
    report = strict_json(text)
    found = report["diagnostics"]
    for one in found:
        want(re.fullmatch(r"CDR\d{4}", one["code"]), "code", one["code"])
        want(one["severity"] in ("error", "warning", "info"), "severity")
        want(isinstance(one["notes"], list) and one["message"], "notes, message")
        if "file" in one:
            want(one["line"] >= 1 and one["column"] >= 1, "place", one)
            want((one["endLine"], one["endColumn"]) >= (one["line"], one["column"]), "range", one)
    has_error = any(one["severity"] == "error" for one in found)
    wanted = 2 if report.get("unreadable") else 1 if has_error else 0
    want(code == wanted, "exit code", code, "for", paths)
    return report


def judge_sarif(text, report, validator):
    log = strict_json(text)
    if validator is not None:
        for error in validator.iter_errors(log):
            want(False, "schema:", error.json_path, error.message[:200])
    want(log["version"] == "2.1.0" and len(log["runs"]) == 1, "version, runs")
    only = log["runs"][0]
    rules = only["tool"]["driver"]["rules"]
    want(only["columnKind"] == "unicodeCodePoints", "columnKind")
    want(len({rule["id"] for rule in rules}) == len(rules), "a rule twice")
    want(all(len(rule["properties"]["tags"]) == 1 for rule in rules), "tags of rules")
    invocation = only["invocations"][0]
    unread = report.get("unreadable", [])
    want(invocation["executionSuccessful"] == (not unread), "executionSuccessful")
    want(len(invocation["toolExecutionNotifications"]) >= len(unread), "notifications")
    results = only["results"]
    want(len(results) == len(report["diagnostics"]), "as many results as in json")
    want(len({r["partialFingerprints"]["primaryLocationLineHash"] for r in results}) == len(results),
         "fingerprints are unique")
    for result, one in zip(results, report["diagnostics"]):
        want(rules[result["ruleIndex"]]["id"] == result["ruleId"] == one["code"], "ruleIndex")
        want(LEVELS[result["level"]] == one["severity"], "level")
        want(result["message"]["text"].startswith(one["message"]), "message")
        want(len(result.get("relatedLocations", [])) == len(one["notes"]), "notes")
        for location in result["locations"]:
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            want(re.fullmatch(r"(file://)?([A-Za-z0-9/._~-]|%[0-9A-F]{2})+", uri), "uri", uri)
            path = urllib.parse.unquote(uri[7:] if uri.startswith("file://") else uri,
                                        errors="replace")
            want(path == plain(one["file"]), "uri", path, one["file"])
            region = physical["region"]
            want([region[key] for key in ("startLine", "startColumn", "endLine", "endColumn")]
                 == [one[key] for key in ("line", "column", "endLine", "endColumn")], "region")
        for fix in result.get("fixes", []):
            change = fix["artifactChanges"][0]["replacements"][0]
            want(change["insertedContent"]["text"] == one["fix"]["text"], "fix")


def judge_junit(text, report):
    root = ET.fromstring(text.decode("utf-8"))
    want(root.tag == "testsuites", "root")
    cases = root.findall("testsuite/testcase")
    total = {"tests": len(cases), "failures": len(root.findall("testsuite/testcase/failure")),
             "errors": len(root.findall("testsuite/testcase/error"))}
    for key, number in total.items():
        want(int(root.get(key)) == number, key, root.get(key), number)
        want(sum(int(suite.get(key)) for suite in root) == number, key, "of suites")
    errors = [one for one in report["diagnostics"] if one["severity"] == "error"]
    want(total["failures"] == len(errors), "a failure for each error")
    want(total["errors"] == len(report.get("unreadable", [])), "an error for each unreadable file")


def unescape(text, extra):
    want(not re.search(r"%(?!25|0D|0A" + extra + ")", text), "a bare percent sign in", text)
    return urllib.parse.unquote(text)


def judge_github(text, report):
    lines = text.decode("utf-8").split("\n")
    want(lines.pop() == "", "the last line ends")
    found = report["diagnostics"] + report.get("unreadable", [])
    lines = [line for line in lines if "findings are not listed" not in line]
    want(len(lines) == len(found), "one command a line:", len(lines), "for", len(found))
    for line, one in zip(lines, found):
        match = re.fullmatch(r"::(error|warning|notice) ([^:\x00-\x1f]*)::([^\x00-\x1f]*)", line)
        want(match, "no command:", line)
        if not match:
            continue
        for part in match[2].split(","):
            key, _, value = part.partition("=")
            want(key in ("file", "line", "col", "endLine", "endColumn", "title"), "property", part)
            value = unescape(value, "|3A|2C")
            if key == "file" and re.fullmatch(r"[ -~]*", one["file"]):
                want(value == plain(one["file"]), "file", value)
            if key == "line":
                want(int(value) == one["line"], "line")
        if re.fullmatch(r"[ -~]*", one["message"]):
            want(unescape(match[3], "").startswith(one["message"]), "message", match[3])


def judge_gitlab(text, report):
    issues = strict_json(text)
    want(len(issues) == len(report["diagnostics"]) + len(report.get("unreadable", [])), "issues")
    want(len({issue["fingerprint"] for issue in issues}) == len(issues), "fingerprints are unique")
    for issue in issues:
        want(issue["severity"] in ("info", "minor", "major", "critical", "blocker"), "severity")
        want(issue["description"] and issue["check_name"], "description, check_name")
        location = issue["location"]
        want(not location["path"].startswith("./"), "path", location["path"])
        want(location["lines"]["begin"] >= 1, "lines.begin")


def judge_concise(text, report):
    lines = [line for line in text.decode("utf-8").split("\n") if line]
    lines = [line for line in lines if not re.fullmatch(r"\.\.\. and \d+ more", line)]
    want(len(lines) == len(report["diagnostics"]), "concise: a line each")
    for line in lines:
        want(re.match(r"(.+:\d+:\d+: )?(error|warning|info)\[CDR\d{4}\]: ", line), "concise:", line)
        want(not re.search(r"[\x00-\x1f\x7f]", line), "concise: control characters")


def judge(paths, validator):
    code, text = run("json", paths)
    report = judge_json(code, text, paths)
    forms = {"concise": judge_concise, "junit": judge_junit, "github": judge_github,
             "gitlab": judge_gitlab, "sarif": lambda t, r: judge_sarif(t, r, validator)}
    for form, judgement in forms.items():
        before = len(faults)
        form_code, text = run(form, paths)
        want(form_code == code, form, "has another exit code:", form_code)
        judgement(text, report)
        if len(faults) > before:
            faults[before:] = [f"{form} of {paths}: {fault}" for fault in faults[before:]]
    return len(report["diagnostics"])


def main():
    schema, files = sys.argv[1], sys.argv[2:]
    validator = None
    if schema:
        import jsonschema
        with open(schema, encoding="utf-8") as file:
            validator = jsonschema.Draft4Validator(json.load(file))
    # Under a checker of memory every start takes seconds, so the files go in together.
    groups = [[file] for file in files] if len(COMMAND) == 1 else [files]
    findings = 0
    for paths in groups + [files]:
        try:
            findings += judge(paths, validator)
        except Exception as error:  # noqa: a form that cannot be read is a fault like others
            faults.append(f"{paths}: {type(error).__name__}: {error}")
    print("\n".join(faults[:50]))
    print(f"{findings} findings of {len(files)} files in 6 forms", file=sys.stderr)
    return len(faults) > 0


sys.exit(main())
