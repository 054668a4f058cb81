"""Listeners to dbt's events. Each command has one listener of each kind."""

from typing import Protocol, TypeVar

from dbt_common.events.base_types import EventMsg
from dbt_common.events.event_manager_client import get_event_manager


class Listener(Protocol):
    """Listens to dbt's events. dbt calls it with everything that it logs."""

    def on_event(self, event: EventMsg) -> None:
        """Handle an event."""


Kind = TypeVar("Kind", bound=Listener)


def listener_of_this_command(kind: type[Kind]) -> Kind:
    """Return the current command's listener of a kind. dbt drops it at the next command."""
    callbacks = get_event_manager().callbacks
    for callback in callbacks:
        listener = getattr(callback, "__self__", None)
        if isinstance(listener, kind):
            return listener
    listener = kind()
    callbacks.append(listener.on_event)
    return listener
