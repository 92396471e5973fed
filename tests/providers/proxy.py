"""proxy.py - stands between cdr and a provider, and kills cdr at a chosen request.

Bytes pass unchanged, so signatures stay valid. It knows every request that reached the
provider, which is what "no change is made twice" is judged by.
"""
import http.client
import http.server
import os
import signal
import threading
import urllib.parse

READS = ("Describe", "Get", "List")


class Proxy:
    """kill=(n, when): at request n (from 1) kill -9 the watched process: "before" the
    provider sees it, "in" between its doing and its reply, "after" the reply was sent."""

    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.lock = threading.Lock()
        self.forget()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                proxy.serve(self)

            do_GET = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_POST

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Whom we kill leaves connections behind: no news.
        self.server.handle_error = lambda request, address: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forget(self):
        """A new case: nothing counted, nobody to kill."""
        self.count = 0
        self.kill = None
        self.process = None
        self.killed = False
        self.forwarded = []

    def changes(self):
        """(operation, body, status) of every change that reached the provider."""
        return [f for f in self.forwarded if not f[0].startswith(READS)]

    def kill_now(self):
        self.killed = True
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            self.count += 1
            when = self.kill[1] if self.kill and self.kill[0] == self.count else None
        if when == "before":
            self.kill_now()
            handler.close_connection = True
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=60)
        upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        reply = upstream.getresponse()
        data = reply.read()
        upstream.close()
        operation = urllib.parse.parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]
        self.forwarded.append((operation, body.decode(errors="replace"), reply.status))
        if when == "in":
            self.kill_now()
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.headers.get("Content-Type", "text/xml"))
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
        handler.wfile.flush()
        if when == "after":
            self.kill_now()
