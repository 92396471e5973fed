"""prism_case.py - Prism accepts, by the vendors' descriptions, every request that cdr made (prism_calls.py).

Usage: prism_case.py FOLDER PRISM CDR [WORD ..]
FOLDER has the descriptions, PRISM is the command. What Prism lets pass is judged here: names of query
parameters and members that the description does not have.
"""
import base64
import glob
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import crash

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
SPEED = "+0 x12"  # most of a case is waiting between two looks

# The description of each API, where its paths begin, and why it is weak.
DESCRIPTIONS = {
    "crowdstrike": ("crowdstrike-trimmed.swagger2.json", "", "rebuilt from the vendor's own clients (falconpy, gofalcon)"),
    "defender": ("defender-endpoint-transcribed.openapi3.json", "", "transcribed from Microsoft's pages by us, who wrote the requests too"),
    "graph": ("msgraph-security-users.openapi3.json", "/v1.0", "derived from Microsoft's CSDL; /users/ID is asked as /users('ID')"),
}

# Right requests that a description does not take: what Prism says, and why it is wrong. One that is not needed fails.
PATH = "^404: The route .* hasn't been found"
METHOD = '^405: .* does not have "get" method'
NOT_COPIED = "the copy of the description leaves it out; its page is %s"
LEARN = "learn.microsoft.com/en-us/defender-endpoint/api/"
EXCEPTIONS = {
    ("crowdstrike", "getRTResponsePolicies"): (PATH, NOT_COPIED % "falconpy.io/Service-Collections/Response-Policies.html"),
    ("defender", "DeleteLibraryFile"): (PATH, NOT_COPIED % (LEARN + "delete-library")),
    ("defender", "GetAlert"): (METHOD, NOT_COPIED % (LEARN + "get-alert-info-by-id")),
    ("defender", "GetFileInformation"): (PATH, NOT_COPIED % (LEARN + "get-file-information")),
    ("defender", "GetMachineById"): (PATH, NOT_COPIED % (LEARN + "get-machine-by-id")),
    ("defender", "GetPackageUri"): (PATH, NOT_COPIED % (LEARN + "get-package-sas-uri")),
    ("defender", "ListLibraryFiles"): (METHOD, NOT_COPIED % (LEARN + "list-library-files")),
    ("defender", "ListMachineActions"): (PATH, NOT_COPIED % (LEARN + "get-machineactions-collection")),
    ("graph", "CreateComment"): (PATH, NOT_COPIED % "learn.microsoft.com/en-us/graph/api/security-alert-post-comments"),
}


def operations():
    """[(api, operation, method, pattern of the path)] of what the sandbox can do."""
    found = []
    for name, pattern in (("crowdstrike.def", r'\nOPERATION\((?P<api>)'), ("microsoft.def", r'\nMICROSOFT_OPERATION\("(?P<api>\w+)",\s*')):
        with open(os.path.join(ROOT, "stdlib", "sandbox", name)) as file:
            text = file.read()
        for row in re.finditer(pattern + r'"(?P<method>\w+)",\s*"(?P<path>[^"]+)",\s*"(?P<name>\w+)"', text):
            found.append((row["api"] or "crowdstrike", row["name"], row["method"], template(row["path"])))
    return found


def template(path):
    return re.compile(re.sub(r"\\{\w+\\}", "([^/]+?)", re.escape(path)) + "$")


def operation_of(known, request):
    path = request["path"].split("?")[0]
    return next((name for api, name, method, pattern in known
                 if api == request["api"] and method == request["method"] and pattern.match(path)), "?")


def builders():
    """{(api, operation)} that the requests of stdlib name, and the builders that name none."""
    named, lost = set(), []
    apis = {"SERVICE": "crowdstrike", "MDE": "defender", "GRAPH": "graph"}
    for folder in ("crowdstrike", "defender"):
        for path in sorted(glob.glob(os.path.join(ROOT, "stdlib", folder, "*.c"))):
            with open(path) as file:
                text = file.read()
            # Where an operation stands: after the step and the service, which helpers may leave out, or in a table.
            place = re.compile(r'(?:\(\s*step,\s*(?:(SERVICE|MDE|GRAPH)|"(\w+)")?,?\s*|\{ "(graph|defender|[a-z-]+:\w+)", )"(\w*[A-Z]\w*)"')
            for symbol, word, row, name in place.findall(text):
                named.add((apis.get(symbol) or word or (row if row in DESCRIPTIONS else folder), name))
            has_table = any(row for _, _, row, _ in place.findall(text))
            bodies = dict(re.findall(r"\nstruct request (\w+)\(.*?\n\{\n(.*?)\n\}\n", text, re.S))
            helpers = dict(re.findall(r"\nstatic struct request (\w+)\(.*?\n\{\n(.*?)\n\}\n", text, re.S))
            for builder, body in bodies.items():
                reached = body + "".join(code for helper, code in helpers.items() if helper + "(" in re.sub(r"\s+\(", "(", body))
                if not place.search(reached) and not has_table:
                    lost.append(builder)
    return named, lost


def rows_left_out(cdr, played):
    """Rows of the providers that no case took: (provider, "respond isolate_host")."""
    told = json.loads(subprocess.run([*cdr, "builtins", "--json"], check=True, capture_output=True).stdout)
    rows = {(row["provider"], "%s %s" % (row["step"], row["name"])) for row in told if row["provider"] in ("crowdstrike", "defender")}
    taken = {("crowdstrike" if request["api"] == "crowdstrike" else "defender", step)
             for what in played.values() for request in what["asked"] for step in re.findall(r"^ +\d+\. (\w+ \w+)", what["told"], re.M)}
    return rows - taken if rows else "cdr builtins tells of none"


# ---- what the description says of names ----


class Description:
    def __init__(self, path, base):
        self.base = base
        with open(path) as file:
            self.root = json.load(file)
        self.paths = [(template(name), item) for name, item in self.root["paths"].items()]

    def resolve(self, node):
        while "$ref" in node:
            at = self.root
            for part in node["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def find(self, method, path):
        """(names of query and form parameters, those of the form that must be, schema of the body) or None."""
        for pattern, item in self.paths:
            if pattern.match(path) and method.lower() in item:
                operation = item[method.lower()]
                common = item.get("parameters", [])
                parameters = [self.resolve(p) for p in common + operation.get("parameters", [])]
                body = next((p["schema"] for p in parameters if p["in"] == "body"), None)
                content = self.resolve(operation.get("requestBody", {})).get("content", {})
                body = body or content.get("application/json", {}).get("schema")
                return ({p["name"] for p in parameters if p["in"] in ("query", "formData")},
                        {p["name"] for p in parameters if p["in"] == "formData" and p.get("required")}, body)
        return None

    def members(self, schema):
        """All properties of the schema, those of what it is made of too."""
        schema = self.resolve(schema)
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []) + schema.get("anyOf", []) + schema.get("oneOf", []):
            found.update(self.members(part))
        return found

    def unknown(self, value, schema, where="body"):
        """Members that the schema does not name."""
        schema = self.resolve(schema)
        if isinstance(value, list):
            return [name for item in value for name in self.unknown(item, schema.get("items", {}), where)]
        known = self.members(schema) if isinstance(value, dict) else {}
        if not known:
            return []
        return [name for key, item in value.items()
                for name in (self.unknown(item, known[key], where + "." + key) if key in known else [where + "." + key])]


# ---- Prism ----


class Prism:
    def __init__(self, command, path, base, log):
        self.description = Description(path, base)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(log, "w+")
        self.process = subprocess.Popen([command, "mock", "-h", "127.0.0.1", "-p", str(self.port), path], stdout=self.log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def ready(self):
        for _ in range(900):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def judge(self, request):
        """Why it is refused: a list of sentences, empty when it is accepted."""
        path, _, query = request["path"].partition("?")
        body = base64.b64decode(request["body"])
        headers = {name: value for name, value in request["headers"].items()
                   if name.lower() in ("accept", "content-type", "prefer", "content-length")}
        if "authorization" in {name.lower() for name in request["headers"]}:
            headers["Authorization"] = "Bearer a-token-of-nobody"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(request["method"], path + ("?" + query if query else ""), body=body or None, headers=headers)
        reply = connection.getresponse()
        told = reply.read().decode(errors="replace")
        connection.close()
        # Where the description has no answer for it, Prism's own has the reasons.
        own = json.loads(told) if reply.headers.get("content-type") == "application/problem+json" else {}
        violations = json.loads(reply.headers.get("sl-violations") or "[]") or own.get("validation", [])
        why = ["%d %s: %s" % (reply.status, ".".join(map(str, v["location"])), v["message"][:300])
               for v in violations if v["severity"] == "Error" and v["location"][0] != "response"]
        if reply.status >= 400 and not why:
            why = ["%d: %s" % (reply.status, own.get("detail") or told[:300])]
        return why + self.names(request["method"], path, query, headers, body)

    def names(self, method, path, query, headers, body):
        found = self.description.find(method, path)
        if found is None:
            return []
        parameters, needed, schema = found
        told = [name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)]
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if kind.startswith("application/x-www-form-urlencoded"):
            told += [name for name, _ in urllib.parse.parse_qsl(body.decode())]
        # Of a form in parts, as Swagger 2 describes it, Prism asks for none.
        parts = [name.decode() for name in re.findall(rb'\r\nContent-Disposition: form-data; name="([^"]*)"', body)] if needed else []
        why = ["%s is not in the description" % name for name in told + parts if name not in parameters]
        why += ["%s is missing" % name for name in needed if name not in told + parts]
        if schema is not None and kind.startswith("application/json"):
            why += [name + " is not in the description" for name in self.description.unknown(json.loads(body), schema)]
        return why


def as_described(request):
    """Graph's description writes keys as OData does, and actions with their namespace."""
    if request["api"] != "graph":
        return request
    path, mark, query = request["path"].partition("?")
    path = re.sub(r"^/v1\.0/(users|security/alerts_v2)/([^/]+)",
                  lambda m: "/v1.0/%s('%s')" % (m[1], urllib.parse.unquote(m[2]).replace("'", "%27%27")), path)
    path = path.replace("/revokeSignInSessions", "/graph.revokeSignInSessions")
    return dict(request, path=path[len("/v1.0"):] + mark + query)


def distinct(played):
    """Each request once, by all that Prism sees of it."""
    seen = {}
    for case in played.values():
        for request in case["asked"]:
            key = (request["api"], request["method"], request["path"], request["body"], request["headers"].get("Content-Type"))
            seen.setdefault(key, request)
    return list(seen.values())


# ---- what must be refused ----


def changed(request, change):
    """With its JSON body, its bytes, its path or its headers changed."""
    body, path = base64.b64decode(request["body"]), request["path"]
    headers = {name: text for name, text in request["headers"].items() if name.lower() != "content-length"}
    value = json.loads(body) if body.startswith(b"{") else None
    result = change(value, path, body, headers)
    if isinstance(result, str):
        path = result
    elif isinstance(result, bytes):
        body = result
    elif value is not None:
        body = json.dumps(value).encode()
    return dict(request, path=path, headers=headers, body=base64.b64encode(body).decode())


def without(member):
    return lambda value, path, body, headers: value.pop(member) and None


def with_value(member, value):
    return lambda members, path, body, headers: members.update({member: value})


def with_path(old, new):
    return lambda value, path, body, headers: path.replace(old, new)


def with_bytes(old, new):
    return lambda value, path, body, headers: body.replace(old, new)


def without_token():
    return lambda value, path, body, headers: headers.pop("Authorization") and None


BROKEN = (
    ("crowdstrike", "PerformActionV2", "a query parameter is missing", with_path("action_name=contain", "")),
    ("crowdstrike", "PerformActionV2", "a member is missing", without("ids")),
    ("crowdstrike", "RTR_ExecuteAdminCommand", "a member is missing", without("session_id")),
    ("crowdstrike", "RTR_ExecuteAdminCommand", "a number is a text", with_value("id", "zero")),
    ("crowdstrike", "RTR_InitSession", "a member is misspelled", with_value("queue_ofline", True)),
    ("crowdstrike", "CombinedDevicesByFilter", "a number is a text", with_path("limit=", "limit=x")),
    ("crowdstrike", "CombinedDevicesByFilter", "a query parameter is misspelled", with_path("filter=", "filtre=")),
    ("crowdstrike", "PerformActionV2", "there is no token", without_token()),
    ("crowdstrike", "oauth2AccessToken", "a field is misspelled", with_bytes(b"client_secret=", b"client_secrt=")),
    ("crowdstrike", "RTR_CreatePut_FilesV2", "a part is missing", with_bytes(b'name="description"', b'name="other"')),
    ("defender", "UploadLibraryFile", "a part is missing", with_bytes(b'name="file"', b'name="other"')),
    ("defender", "IsolateMachine", "there is no token", without_token()),
    ("defender", "IsolateMachine", "a member is missing", without("Comment")),
    ("defender", "IsolateMachine", "a word is none of the enum", with_value("IsolationType", "Everything")),
    ("defender", "RunLiveResponse", "a list is an object", with_value("Commands", {})),
    ("defender", "UpdateAlert", "a member is misspelled", with_value("Status", "Resolved")),
    ("graph", "UpdateUser", "a boolean is a text", with_value("accountEnabled", "no")),
    ("graph", "UpdateUser", "a member is misspelled", with_value("accountenabled", False)),
    ("graph", "UpdateAlert", "a word is none of the enum", with_value("status", "finished")),
    ("graph", "ListAlerts", "a number is a text", with_path("top=", "top=x")),
)


def judge_requests(tap, prisms, known, requests):
    """Every request by the description of its API; an exception is taken where one is written."""
    refused, counts = {}, {}
    for request in requests:
        name = (request["api"], operation_of(known, request))
        counts[name] = counts.get(name, 0) + 1
        why = prisms[request["api"]].judge(as_described(request))
        expected = EXCEPTIONS.get(name, (None, ""))[0]
        left = [sentence for sentence in why if expected is None or not re.search(expected, sentence)]
        if len(left) < len(why):
            refused.setdefault(name, [])
        if left:
            refused.setdefault(name, []).append("%s %s: %s" % (request["method"], request["path"], "; ".join(left)))
    for name, count in sorted(counts.items()):
        sentence = "%s %s: %d requests are as described" % (*name, count)
        if name in EXCEPTIONS and name in refused:
            sentence += ", but for what is known"
        tap.check(not refused.get(name), sentence, "\n".join(sorted(refused.get(name, []))[:10]))
    for name, (what, why) in sorted(EXCEPTIONS.items()):
        tap.check(name in refused, "the exception of %s %s is needed" % name, "the description takes it: /%s/ (%s)" % (what, why))
    return counts


def judge_broken(tap, prisms, known, requests):
    """What is broken on purpose is refused for that."""
    for api, operation, what, change in BROKEN:
        pairs = [(r, changed(r, change)) for r in requests if r["api"] == api and operation_of(known, r) == operation]
        right, broken = next(((r, b) for r, b in pairs if (r["path"], r["body"]) != (b["path"], b["body"]) or "Authorization" not in b["headers"]), (None, None))
        why = right and set(prisms[api].judge(as_described(broken))) - set(prisms[api].judge(as_described(right)))
        tap.check(bool(why), "%s %s is refused when %s" % (api, operation, what), "it is taken" if right else "it was never sent")


def main():
    folder, command, cdr = sys.argv[1], sys.argv[2], sys.argv[3:]
    tap, known = crash.Tap(), operations()
    for api, (name, base, why) in DESCRIPTIONS.items():
        print("# weak: the description of %s is %s" % (api, why))
    for (api, operation), (what, why) in sorted(EXCEPTIONS.items()):
        print("# not judged: %s %s: %s" % (api, operation, why))
    with tempfile.TemporaryDirectory() as scratch:
        prisms = {api: Prism(command, os.path.join(folder, name), base, os.path.join(scratch, api))
                  for api, (name, base, _) in DESCRIPTIONS.items()}
        try:
            played = os.path.join(scratch, "played.json")
            subprocess.run(["faketime", "-f", SPEED, sys.executable, os.path.join(os.path.dirname(__file__), "prism_calls.py"), played, *cdr], check=True)
            with open(played) as file:
                played = json.load(file)
            for api, prism in prisms.items():
                if not tap.check(prism.ready(), "Prism serves the description of %s" % api):
                    prism.log.seek(0)
                    print("\n".join("# " + line for line in prism.log.read().splitlines()[-20:]))
                    break
            else:
                left_out = rows_left_out(cdr, played)
                tap.check(not left_out, "every step of the providers was taken", left_out)
                judge(tap, prisms, known, played)
        finally:
            for prism in prisms.values():
                prism.process.terminate()
                prism.process.wait()
                prism.log.close()
    tap.end()


def judge(tap, prisms, known, played):
    for case, what in played.items():
        tap.check(what["status"] == 0, case, what["told"])
    requests = distinct(played)
    counts = judge_requests(tap, prisms, known, requests)
    named, lost = builders()
    tap.check(not lost, "each builder of a request names its operation", lost)
    tap.check(len(named) > 40, "the builders are found", sorted(named))
    tap.check(named <= set(counts), "no operation of theirs was left out", sorted(named - set(counts)))
    judge_broken(tap, prisms, known, requests)


main()
