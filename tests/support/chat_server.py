"""A local server that speaks OpenAI's Chat Completions and misbehaves as it is told.

    with ChatServer(error(500), answer("Rain.")) as server:
        ...  # use server.base_url
    assert len(server.calls) == 2

The first call gets the first reply of the script, and so on; what comes after the script gets
`server.otherwise`. A reply is a function that answers one call through its HTTP handler.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PROMPT_TOKENS = 1000
COMPLETION_TOKENS = 100


@dataclass(frozen=True)
class Call:
    """One request that the server received."""

    path: str
    headers: Message
    """Looked up whatever the case."""
    body: dict[str, Any]
    at: float
    """Seconds on the monotonic clock."""

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body["model"])

    @property
    def text(self) -> str:
        """All messages in one string."""
        return "\n".join(str(message["content"]) for message in self.body["messages"])


class Handler(BaseHTTPRequestHandler):
    """Answers one call at a time with the next reply of its server's script."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    chat: "ChatServer"
    call: Call

    def do_POST(self) -> None:  # the name that the base class looks for
        """Write the call down and play the next reply."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.call = Call(self.path, self.headers, body, time.monotonic())
        reply = self.chat.next_reply(self.call)
        try:
            reply(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has lost its patience, as some tests want

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def send(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """Send a response, with a false length if one is given."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


Reply = Callable[[Handler], None]


def completion(content: object, model: str = "served-model", **choice: object) -> bytes:
    """Return the body of a chat completion; what is no field of a choice goes into the message."""
    of_choice = {name: choice.pop(name) for name in ("finish_reason", "error") if name in choice}
    message = {"role": "assistant", "content": content, "refusal": None, **choice}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", **of_choice}],
            "usage": {
                "prompt_tokens": PROMPT_TOKENS,
                "completion_tokens": COMPLETION_TOKENS,
                "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
            },
        }
    ).encode()


def answer(content: object, **choice: object) -> Reply:
    """Answer as a model does; `choice` may hold `finish_reason`, `error` and message fields."""

    def reply(handler: Handler) -> None:
        body = completion(content, model=f"{handler.call.model}-2026", **choice)
        handler.send(200, body, {"x-request-id": "req-1"})

    return reply


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """Answer with an HTTP error; `retry_after="1"` becomes the header `Retry-After: 1`."""
    body = json.dumps({"error": {"message": message, "type": "x", "param": None, "code": code}})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, body.encode(), named)


def raw(body: bytes, status: int = 200) -> Reply:
    """Answer with any body."""
    return lambda handler: handler.send(status, body)


def says(status: int, body: object) -> Reply:
    """Answer with any JSON."""
    return raw(json.dumps(body).encode(), status)


def cut(handler: Handler) -> None:
    """Promise a whole answer, send half of it and close the connection."""
    body = completion("Rain all day long.")
    handler.send(200, body[: len(body) // 2], length=len(body))
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def hang(handler: Handler) -> None:
    """Say nothing until the server closes."""
    handler.chat.closing.wait(20)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send one byte at a time, often enough that no single read times out."""
    handler.send(200, b"", length=1000)
    for _ in range(1000):
        handler.wfile.write(b" ")
        if handler.chat.closing.wait(0.05):
            break
    handler.close_connection = True


def echo_authorization(handler: Handler) -> None:
    """Complain, quoting the key, as a careless gateway does."""
    secret = handler.headers["Authorization"]
    error(400, f"cannot use {secret}")(handler)


class ChatServer:
    """The server; a context manager that listens on a free port of this machine.

    Attributes
    ----------
    calls : list of Call
        What has been received, in order.
    otherwise : callable
        The reply to what comes after the script.
    """

    def __init__(self, *script: Reply, otherwise: Reply | None = None) -> None:
        self.calls: list[Call] = []
        self.otherwise = otherwise or answer("Rain fell. Roads were slow.")
        self.closing = threading.Event()
        self._script: Iterator[Reply] = iter(script)
        self._lock = threading.Lock()
        handler = type("BoundHandler", (Handler,), {"chat": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        """What to put into `OPENAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def next_reply(self, call: Call) -> Reply:
        """Write a call down and return what it gets."""
        with self._lock:
            self.calls.append(call)
            return next(self._script, self.otherwise)

    def __enter__(self) -> Self:
        """Start listening."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and let go of every call that hangs."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
