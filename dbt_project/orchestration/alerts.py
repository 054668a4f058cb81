"""What people are told: a line in the log, and a message to where they read it."""

import json
import logging
import urllib.request

from dbt_project.environment import AirflowSettings

log = logging.getLogger(__name__)


def alert(message: str) -> None:
    """Log a message, and post it to ``ALERT_WEBHOOK_URL`` if there is one.

    The body is ``{"text": message}``, which Slack, Mattermost and others take. A message that
    cannot be sent is no reason to fail.
    """
    log.error(message)
    url = AirflowSettings.read().alert_webhook_url
    if not url:
        return
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": message}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except (OSError, ValueError) as error:
        # the URL is a secret, and some errors quote it
        log.error("ALERT_WEBHOOK_URL did not take the message: %s", type(error).__name__)
