"""Whom Alertmanager tells: one server for all that take HTTP, and one for e-mail."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Told:
    """What came in: of HTTP the path, the credential and the body, and of e-mail the text."""

    http: str = ""
    smtp: str = ""
    posts: list[tuple[str, str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        """What was posted to a path, in order."""
        return [body for where, _, body in list(self.posts) if where == path]

    def webhook(self, alertname: str) -> list[str]:
        """The states of an alert that the service's webhook was told, in order."""
        return [
            alert["status"]
            for body in self.bodies("/api/alerts/webhook")
            for alert in body["alerts"]
            if alert["labels"]["alertname"] == alertname
        ]


@contextmanager
def receiver() -> Iterator[Told]:
    """Both servers, until the block ends."""
    told = Told()

    class Posts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.posts.append((self.path, self.headers.get("Authorization", ""), body))
            answer = b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().upper():
                if line.startswith("EHLO"):
                    self._say("250-here\r\n250 AUTH PLAIN")
                elif line.startswith("AUTH"):
                    self._say("235 welcome")
                elif line.startswith("DATA"):
                    self._say("354 go on")
                    told.mails.append("".join(iter(self._line, ".\r\n")))
                    self._say("250 taken")
                else:
                    self._say("221 bye" if line.startswith("QUIT") else "250 fine")

        def _line(self) -> str:
            return self.rfile.readline().decode()

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class MailServer(socketserver.ThreadingTCPServer):
        daemon_threads = True

    here = ("127.0.0.1", 0)
    with ThreadingHTTPServer(here, Posts) as http, MailServer(here, Mail) as smtp:
        told.http = f"http://127.0.0.1:{http.server_address[1]}"
        told.smtp = f"127.0.0.1:{smtp.server_address[1]}"
        for server in (http, smtp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield told
        finally:
            http.shutdown()
            smtp.shutdown()
