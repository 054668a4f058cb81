"""The language models' server and its key, and how both stay secret."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from dbt_project.settings.environment import LanguageModelSettings

# The client takes more than a second to import, and a build without a model never needs it.
if TYPE_CHECKING:
    import openai

OPENAI_URL = "https://api.openai.com/v1"

_PLACEHOLDER_KEY = "none"  # the client needs a key, even for a server that needs none
_KEY_SHAPED = re.compile(r"\bsk-[\w*-]{4,}")  # servers quote keys, with asterisks in the middle


@dataclass(frozen=True)
class Endpoint:
    """Where the models are, and the key to them."""

    base_url: str
    api_key: str = field(default=_PLACEHOLDER_KEY, repr=False)

    @classmethod
    def from_settings(cls, settings: LanguageModelSettings) -> Self | None:
        """Return the server of the settings, or None if they name none."""
        api_key, base_url = settings.openai_api_key, settings.openai_base_url
        if not api_key and not base_url:
            return None
        return cls(base_url or OPENAI_URL, api_key or _PLACEHOLDER_KEY)

    @property
    def public_url(self) -> str:
        """The base URL without user, password, query and fragment. Empty if it is not HTTP."""
        try:
            parts = urlsplit(self.base_url)
        except ValueError:
            return ""
        if parts.scheme not in {"http", "https"}:
            return ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def client(self) -> openai.OpenAI:
        """Make a client that does not retry by itself.

        A user and password in the URL go into a header. The HTTP library would do the same, but
        would also log them with the URL.
        """
        import openai

        parts = urlsplit(self.base_url)
        headers = {}
        if parts.username or parts.password:
            pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return openai.OpenAI(
            api_key=self.api_key,
            base_url=self.public_url,
            default_headers=headers,
            default_query=dict(parse_qsl(parts.query)),
            max_retries=0,
        )

    def scrub(self, text: str) -> str:
        """Remove the key, and the secrets of the URL, from a text."""
        for secret in self._secrets():
            text = text.replace(secret, "[secret]")
        return _KEY_SHAPED.sub("[secret]", text)

    def _secrets(self) -> Iterator[str]:
        if self.api_key != _PLACEHOLDER_KEY:
            yield self.api_key
        with contextlib.suppress(ValueError):
            parts = urlsplit(self.base_url)
            values = (value for _, value in parse_qsl(parts.query))
            yield from filter(None, (parts.query, *values, parts.password, parts.username))
