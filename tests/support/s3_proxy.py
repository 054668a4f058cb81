"""A proxy in front of an S3 server that misbehaves on command."""

import http.client
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

ERROR_CODES = {
    502: "BadGateway",
    403: "AccessDenied",
    404: "NoSuchKey",
    500: "InternalError",
    503: "SlowDown",
}

STEPS = 20


@dataclass
class Fault:
    """What happens to the requests that match, and to how many of them.

    Parameters
    ----------
    kind
        ``"status"``, ``"expired"``, ``"signature"`` (an answer that repeats what the client sent),
        ``"slow"`` (answers after ``seconds``), ``"trickle"`` (takes ``seconds`` over reading a
        request's body and over the answer's), ``"hang"`` (never answers), ``"cut"`` (half an
        answer) or ``"forget"`` (reports an object as stored, and stores nothing).
    request
        Regular expression for ``METHOD /path?query``.
    times
        Number of requests that it happens to; the following ones are served.
    """

    kind: str
    request: str = ""
    status: int = 0
    times: float = float("inf")
    seconds: float = 0
    happened: int = 0

    def takes(self, request: str) -> bool:
        return self.happened < self.times and re.search(self.request, request) is not None


@dataclass
class S3Proxy:
    """A context manager: a proxy on a port of its own, with a journal of requests."""

    server_url: str
    certificate: Path | None = None
    """Of a server that speaks TLS, with its key in one file."""
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.closing = threading.Event()
        self.hung = threading.Event()
        self.uploading = threading.Event()
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:  # the client has gone
                    self.close_connection = True

            # the names that the base class looks for
            def do_GET(self) -> None:
                proxy.answer(self)

            def do_HEAD(self) -> None:
                proxy.answer(self)

            def do_PUT(self) -> None:
                proxy.answer(self)

            def do_POST(self) -> None:
                proxy.answer(self)

            def do_DELETE(self) -> None:
                proxy.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self.certificate)
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.server.server_port}"

    def misbehave(self, kind: str, request: str = "", **details: float) -> Fault:
        """Add a fault; the first that matches a request is what happens to it."""
        fault = Fault(kind, request, **details)
        self.faults.append(fault)
        return fault

    def behave(self) -> None:
        self.faults.clear()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = f"{handler.command} {handler.path}"
        with self._lock:
            self.requests.append(request)
            self.headers.append({n.lower(): value for n, value in handler.headers.items()})
            fault = next((fault for fault in self.faults if fault.takes(request)), None)
            if fault:
                fault.happened += 1
        pause = fault.seconds / STEPS if fault and fault.kind == "trickle" else 0
        body = self._read_body(handler, pause)
        match fault.kind if fault else None:
            case "hang":
                self.hung.set()
                self.closing.wait()
                handler.close_connection = True
                return
            case "status":
                status, content = fault.status, error_body(ERROR_CODES[fault.status])
                headers = {"Content-Type": "application/xml"}
            case "forget":
                status, content, headers = 200, b"", {"ETag": '"0"'}
            case "expired":
                status, content = 400, error_body("ExpiredToken", "The token has expired.")
                headers = {"Content-Type": "application/xml"}
            case "signature":
                sent = f"{handler.command}\n{handler.path}\n{handler.headers}"
                status, content = 403, error_body("SignatureDoesNotMatch", sent)
                headers = {"Content-Type": "application/xml"}
            case kind:
                if kind == "slow":
                    self.hung.set()
                    self.closing.wait(fault.seconds)
                status, content, headers = self._forward(handler, body)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in headers:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        if fault and fault.kind == "cut":
            handler.wfile.write(content[: len(content) // 2])
            handler.close_connection = True
            return
        for part in in_steps(content) if pause else [content]:
            self.closing.wait(pause)
            handler.wfile.write(part)

    def _read_body(self, handler: BaseHTTPRequestHandler, pause: float) -> bytes:
        length = int(handler.headers.get("Content-Length") or 0)
        if not pause:
            return handler.rfile.read(length)
        body = b""
        while len(body) < length:
            self.uploading.set()
            self.closing.wait(pause)
            body += handler.rfile.read(min(length // STEPS + 1, length - len(body)))
        return body

    def _forward(
        self, handler: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(urlsplit(self.server_url).netloc, timeout=60)
        # the Host header is part of the signature, so it stays the client's
        connection.putrequest(
            handler.command, handler.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in handler.headers.items():
            if name not in ("Connection", "Expect"):
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        dropped = ("connection", "transfer-encoding", "date", "server")
        headers = {n: v for n, v in response.getheaders() if n.lower() not in dropped}
        connection.close()
        return response.status, content, headers


def in_steps(content: bytes) -> list[bytes]:
    size = len(content) // STEPS + 1
    return [content[start : start + size] for start in range(0, len(content), size)]


def error_body(code: str, message: str = "No.") -> bytes:
    text = message.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    ).encode()
