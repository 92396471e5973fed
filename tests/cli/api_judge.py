#!/usr/bin/env python3
"""api_judge.py OPENAPI URL TOKEN - whether the daemon at URL answers as docs/openapi.yaml says: every
operation of the page is served, no other is, and answers are of the schema that stands there."""

import json
import re
import sys
import urllib.error
import urllib.request

import jsonschema
import yaml

METHODS = ["get", "put", "post", "delete", "patch"]
page = yaml.safe_load(open(sys.argv[1]))
url, token = sys.argv[2:4]
faults = []


def ask(method, path, body=None, has_token=True):
    request = urllib.request.Request(url + path, method=method.upper(), data=body)
    if has_token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as reply:
        return reply.code, reply.headers, reply.read()


def resolved(node):
    return page["components"][node["$ref"].split("/")[2]][node["$ref"].split("/")[3]] if "$ref" in node else node


def judge(method, path, template, status, headers, body):
    """The answer against the page."""
    where = f"{method.upper()} {path}: {status}"
    responses = page["paths"][template][method]["responses"]
    if str(status) not in responses:
        faults.append(f"{where} is not in the page: {body[:200]}")
        return
    content = resolved(responses[str(status)])["content"]
    kind = headers.get_content_type()
    if kind not in content:
        faults.append(f"{where}: {kind} is not in the page")
        return
    if not kind.endswith("json"):
        return
    schema = {"components": page["components"], "allOf": [content[kind]["schema"]]}
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for fault in checker.iter_errors(json.loads(body)):
        faults.append(f"{where}: {fault.json_path}: {fault.message[:200]}")


def try_one(method, path, template, body=None, has_token=True):
    status, headers, text = ask(method, path, body, has_token)
    judge(method, path, template, status, headers, text)
    return status, text


def concrete(template):
    return re.sub(r"\{\w+\}", "1", template)


# The page itself: what it refers to is there, and its schemas are schemas.
for reference in re.findall(r"\$ref: \"#/components/(\w+)/(\w+)\"", open(sys.argv[1]).read()):
    if reference[1] not in page["components"][reference[0]]:
        faults.append(f"the page has no {reference}")
for name, schema in page["components"]["schemas"].items():
    jsonschema.Draft202012Validator.check_schema(schema)

# What it says is served; what it does not say is not, and 405 names what is.
for template, item in page["paths"].items():
    said = [method for method in METHODS if method in item]
    for method in METHODS:
        path = "/v1/alerts/any" if (method, template) == ("post", "/v1/alerts/{key}") else concrete(template)
        status, headers, text = ask(method, path, b"{}" if method in ("put", "post", "patch") else None)
        if method not in said:
            allow = sorted(headers.get("Allow", "").lower().split(", "))
            if template == "/hooks/{name}" and status == 404:
                continue  # there is no webhook of that name
            if status != 405 or allow != sorted(said):
                faults.append(f"{method.upper()} {path} is answered {status}, allow {allow}; the page has {said}")
        elif status == 405:
            faults.append(f"{method.upper()} {path} is in the page and not served")
for path in ["/", "/v1", "/v1/cases", "/v1/runs/1/resume", "/v1/approvals/1", "/v1/approvals/1/approve", "/v2/runs"]:
    if ask("get", path)[0] != 404 or ask("post", path, b"{}")[0] != 404:
        faults.append(f"{path} is served and not in the page")

# Answers, good and bad ones.
try_one("get", "/healthz", "/healthz")
try_one("get", "/healthz", "/healthz", has_token=False)
try_one("get", "/metrics", "/metrics")
try_one("post", "/v1/alerts/any", "/v1/alerts/{key}", b'{"id":"judge"}')
try_one("post", "/v1/alerts/any", "/v1/alerts/{key}", b"{}", has_token=False)
try_one("post", "/hooks/none", "/hooks/{name}", b"{}")
for template in ["/v1/alerts", "/v1/runs", "/v1/steps", "/v1/approvals", "/v1/audit"]:
    for query in ["", "?limit=1", "?limit=1000", "?limit=0", "?after=x"]:
        try_one("get", template + query, template)
    try_one("get", template, template, has_token=False)
    for parameter in page["paths"][template]["get"]["parameters"]:
        words = resolved(resolved(parameter)["schema"]).get("enum", [])
        for word in words:
            status, _ = try_one("get", f"{template}?{resolved(parameter)['name']}={word}", template)
            if status != 200:
                faults.append(f"{template} does not take {resolved(parameter)['name']}={word}")
try_one("get", "/v1/approvals?state=all", "/v1/approvals")
for template in ["/v1/alerts", "/v1/runs"]:
    for item in json.loads(ask("get", template + "?limit=20")[2])["items"]:
        single = {"/v1/alerts": "/v1/alerts/{key}", "/v1/runs": "/v1/runs/{id}"}[template]
        status, text = try_one("get", f"{template}/{item['id']}", single)
        if not set(item) <= set(json.loads(text)):
            faults.append(f"{template}/{item['id']} has less than its list")
try_one("get", "/v1/runs/999999", "/v1/runs/{id}")
try_one("post", "/v1/runs/999999/undo", "/v1/runs/{id}/undo", b'{"reason":"judge"}')
try_one("post", "/v1/runs/1/undo", "/v1/runs/{id}/undo", b"{}")
try_one("post", "/v1/runs/1/undo", "/v1/runs/{id}/undo", b'{"reason":"judge"}')
try_one("post", "/v1/runs/1/undo", "/v1/runs/{id}/undo", b'{"reason":"judge"}', has_token=False)

for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
