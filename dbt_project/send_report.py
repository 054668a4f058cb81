"""E-mail a day's report: ``python -m dbt_project.send_report 20230501``.

Off until SMTP_HOST is set. It runs after a build and is no part of one, so that a mail server that
is down holds back no data.
"""

import datetime
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import duckdb

from dbt_project.environment import MailSettings, WarehouseSettings
from dbt_project.publish import PUBLISHED_FILE
from dbt_project.report import report_name
from dbt_project.run_date import parse_run_date

USAGE = "usage: python -m dbt_project.send_report 20230501"
TIMEOUT_SECONDS = 60
TLS_PORT = 465  # where a connection is encrypted from its start
LOCAL = ("localhost", "127.0.0.1", "::1")


class CannotSendError(Exception):
    """Why the report was not sent, in one line."""


def main(arguments: list[str]) -> int:
    """Send the report of one day; without SMTP_HOST say so and do nothing."""
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        date = parse_run_date(arguments[0])
        if not MailSettings.is_wanted():
            print("No e-mail: SMTP_HOST is not set.")
            return 0
        settings = MailSettings.read()
        message = write_message(date, settings)
        send(message, settings)
    except (ValueError, LookupError, CannotSendError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"Sent the report of {date} to {message['To']}.")
    return 0


def write_message(date: datetime.date, settings: MailSettings) -> EmailMessage:
    """Write the e-mail: the summary as text and as HTML, the page attached.

    Raises
    ------
    LookupError, CannotSendError
        In one line, if the day has not been built or it is not said who writes to whom.
    """
    # Imported here, because a mistake in the settings is told before.
    sender, recipients = settings.addresses()
    warehouse = Path(WarehouseSettings.read().warehouse_dir)
    page, database = warehouse / report_name(date), warehouse / PUBLISHED_FILE
    for file in (page, database):
        if not file.exists():
            raise CannotSendError(f"{file} is not there: dbt build --vars 'date: {date:%Y%m%d}'")

    from dbt_project.report.facts import read_facts
    from dbt_project.report.templating import render_mail
    from dbt_project.report.words import day_name, headline

    with duckdb.connect(str(database), read_only=True) as connection:
        facts = read_facts(connection, date)
    text, html = render_mail(facts)
    message = EmailMessage()
    message["Subject"] = f"Taxi rides, {day_name(date)}: {headline(facts)}"
    message["From"] = sender
    message["To"] = recipients
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.add_attachment(page.read_bytes(), "text", "html", filename=page.name)
    return message


def send(message: EmailMessage, settings: MailSettings) -> None:
    """Hand the e-mail to the server that the settings name.

    Raises
    ------
    CannotSendError
        In one line, if the server cannot be reached, refuses, or would get a password unencrypted.
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
                raise CannotSendError(
                    f"{host}:{port} offers no encryption, and SMTP_USER's password is not sent "
                    "without it"
                )
            if user:
                server.login(user, settings.smtp_password)
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        reason = " ".join(str(error).split())
        raise CannotSendError(f"the mail server {host}:{port} did not take it: {reason}") from error
    if refused:
        raise CannotSendError(f"sent, but the mail server refused {', '.join(refused)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
