"""A mail server on a socket, which keeps what it receives."""

import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message


class Mailbox(Message):
    """Keeps what its server receives."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.received: list[EmailMessage] = []

    def handle_message(self, message: EmailMessage) -> None:
        self.received.append(email.message_from_bytes(bytes(message), policy=policy.default))


@contextmanager
def mail_server(mailbox: Mailbox, host: str = "127.0.0.1", **options: object) -> Iterator[str]:
    """A server on a free port; yields the port."""
    with socket.socket() as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname=host, port=port, **options)
    controller.start()
    try:
        yield str(port)
    finally:
        controller.stop()
