"""Send a day's report: ``python -m dbt_project.send_report 20230501 [--city Leith]``.

It sends an e-mail if SMTP_HOST is set, and a card to a channel if REPORT_WEBHOOK_URL is set. The
figures come from the published warehouse. The page comes from the warehouse's folder; with a
lakehouse it comes from the lake, because another machine may have built it.

It runs after a build and is not a part of it. So a mail server that is down delays no data.
"""

import argparse
import datetime
import json
import smtplib
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from dbt_project.errors import UserError, in_one_line
from dbt_project.published import published_warehouse
from dbt_project.report import report_name
from dbt_project.settings.environment import MailSettings, WebhookSettings
from dbt_project.settings.ride_date import parse_ride_date

TIMEOUT_SECONDS = 60
TLS_PORT = 465  # the port of connections that are encrypted from their start
LOCAL = ("localhost", "127.0.0.1", "::1")


def main(arguments: list[str]) -> int:
    """Send the report of one day; where nothing is set, say so and do nothing."""
    parser = argparse.ArgumentParser(
        prog="python -m dbt_project.send_report", description="Send the report of a day."
    )
    parser.add_argument("date", help="the day, 20230501")
    parser.add_argument("--city", help="the city, to be named; with a lakehouse, whose report")
    options = parser.parse_args(arguments)
    with in_one_line():
        ride_date = parse_ride_date(options.date)
        ways: list[Callable[[datetime.date, str | None], str]] = []
        if MailSettings.is_wanted():
            ways.append(send_mail)
        if WebhookSettings.is_wanted():
            ways.append(post_card)
        if not ways:
            print("No e-mail: SMTP_HOST is not set.")
        failures = []
        for way in ways:  # if one fails, the other is tried all the same
            try:
                print(way(ride_date, options.city))
            except UserError as error:
                failures.append(str(error))
        if failures:
            raise UserError("; ".join(failures))
    return 0


def send_mail(ride_date: datetime.date, city: str | None = None) -> str:
    """Send the e-mail; return what was done, in a line."""
    settings = MailSettings.read()
    message = write_message(ride_date, settings, city)
    send(message, settings)
    return f"Sent the report of {ride_date} to {message['To']}."


def post_card(ride_date: datetime.date, city: str | None = None) -> str:
    """Post the card to the channel; return what was done, in a line.

    Raises
    ------
    UserError
        One line without the address, which is a secret.
    """
    settings = WebhookSettings.read()
    # Imported here, because a mistake in the settings is told before.
    from dbt_project.report.card import render_card
    from dbt_project.report.facts import read_facts

    with published_warehouse(city).connect() as connection:
        facts = read_facts(connection, ride_date)
    link = f"{settings.report_url}/{report_name(ride_date)}" if settings.report_url else None
    card = render_card(facts, title(ride_date, city), link, settings.report_webhook_format)
    request = urllib.request.Request(
        settings.report_webhook_url,
        data=json.dumps(card).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        raise UserError(
            f"REPORT_WEBHOOK_URL did not take the card of {settings.report_webhook_format}: "
            f"HTTP {error.code}"
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"REPORT_WEBHOOK_URL cannot be reached: {type(error).__name__}") from None
    return f"Posted the report of {ride_date} as a card of {settings.report_webhook_format}."


def subject(about: str, verdict: str) -> str:
    """The subject, on one line whatever the name of an area holds."""
    return " ".join(f"{about}: {verdict}".split())


def title(ride_date: datetime.date, city: str | None) -> str:
    """What the message is about: ``Taxi rides in Leith, Monday 1 May 2023``."""
    from dbt_project.report.words import day_name

    return f"Taxi rides{f' in {city}' if city else ''}, {day_name(ride_date)}"


def write_message(
    ride_date: datetime.date, settings: MailSettings, city: str | None = None
) -> EmailMessage:
    """Write the e-mail: the summary as text and as HTML, the page attached.

    Raises
    ------
    UserError
        One line, if the day was not built, or if sender or recipients are not set.
    """
    # Imported here, because a mistake in the settings is told before.
    sender, recipients = settings.addresses()
    from dbt_project.report.facts import read_facts
    from dbt_project.report.templating import render_mail
    from dbt_project.report.words import headline

    published = published_warehouse(city)
    page = published.page(report_name(ride_date))
    with published.connect() as connection:
        facts = read_facts(connection, ride_date)
    text, html = render_mail(facts)
    message = EmailMessage()
    message["Subject"] = subject(title(ride_date, city), headline(facts))
    message["From"] = sender
    message["To"] = recipients
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.add_attachment(page, "text", "html", filename=report_name(ride_date))
    return message


def send(message: EmailMessage, settings: MailSettings) -> None:
    """Hand the e-mail to the server that the settings name.

    Raises
    ------
    UserError
        One line, if the server cannot be reached, refuses, or would get a password unencrypted.
    """
    host, port, user = settings.smtp_host, settings.smtp_port, settings.smtp_user
    tls = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=tls)
            if port == TLS_PORT
            else smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        ) as server:
            server.ehlo_or_helo_if_needed()
            if port != TLS_PORT and server.has_extn("starttls"):
                server.starttls(context=tls)
            elif port != TLS_PORT and user and host not in LOCAL:
                raise UserError(
                    f"{host}:{port} offers no encryption, and SMTP_USER's password is not sent "
                    "without it"
                )
            if user:
                server.login(user, settings.smtp_password)
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the mail server {host}:{port} did not take it: {reason}") from error
    if refused:
        raise UserError(f"sent, but the mail server refused {', '.join(refused)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
