#!/usr/bin/env python3
"""beside_daemon.py DIR - what of a daemon its commands see: it has the lock of the journal in DIR,
writes DIR/daemon.json, and answers POST /v1/runs/ID/undo with what DIR/said has: a status, and
JSON. What came in is appended to DIR/asked, a line of JSON each."""

import fcntl
import http.server
import json
import os
import sys

directory = sys.argv[1]
lock = open(os.path.join(directory, "lock"), "a")
fcntl.flock(lock, fcntl.LOCK_EX)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = {
            "path": self.path,
            "person": self.headers["X-Cdr-Person"],
            "token": self.headers["Authorization"],
            "body": json.loads(body),
        }
        with open(os.path.join(directory, "asked"), "a") as file:
            file.write(json.dumps(asked) + "\n")
        with open(os.path.join(directory, "said")) as file:
            status, text = file.read().split(" ", 1)
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
mark = {
    "url": f"http://127.0.0.1:{server.server_port}",
    "pid": os.getpid(),
    "started": "2026-01-02T03:04:05Z",
}
with open(os.path.join(directory, "daemon.json.new"), "w") as file:
    json.dump(mark, file)
os.rename(os.path.join(directory, "daemon.json.new"), os.path.join(directory, "daemon.json"))
server.serve_forever()
