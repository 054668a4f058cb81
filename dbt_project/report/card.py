"""The first screen as a message to a channel: a card for Slack, and one for Teams.

Texts from outside go where neither reads mark-up: plain texts of Slack, rich-text runs of an
adaptive card.
"""

from collections.abc import Iterable
from typing import Any, Literal

from dbt_project.report import words
from dbt_project.report.facts import Facts
from dbt_project.report.templating import in_words

Format = Literal["slack", "teams"]
Json = dict[str, Any]

SLACK_HEADER, SLACK_TEXT = 150, 3_000  # characters that Slack takes
LINES = 3  # incidents, and areas
SLACK_SIGNS = {
    "alarm": ":red_circle:",
    "warning": ":large_orange_circle:",
    "calm": ":large_blue_circle:",
}
TEAMS_STYLES = {"alarm": "attention", "warning": "warning", "calm": "accent"}


def render_card(facts: Facts, title: str, link: str | None, form: Format) -> Json:
    """The body of a request to a webhook.

    Parameters
    ----------
    facts
        The day.
    title
        What the card is about: ``Taxi rides in Leith, Monday 1 May 2023``.
    link
        Where the page can be opened; None if nowhere.
    form
        Whose card it is.
    """
    told = in_words(facts)
    parts = {
        "": [*told["standing"], *told["caveats"]],
        "Incidents": list(_incidents(facts)),
        "Areas": list(_areas(facts)),
    }
    parts = {name: lines for name, lines in parts.items() if lines}
    make = _slack if form == "slack" else _teams
    return make(title, told["headline"], told["tone"], parts, link)


def _incidents(facts: Facts) -> Iterable[str]:
    for incident in facts.incidents[:LINES]:
        place = f"{incident['area'] or 'Area not said'}, "
        lost = words.cost(incident)
        yield (
            f"{place}{words.incident_hours(incident, facts.ride_date)}: {words.cause(incident)} "
            f"{incident['anomalous_rides']:,} of {words.plural(incident['rides'], 'ride')} "
            f"anomalous{f', {lost}' if lost else ''}."
        )
    more = len(facts.incidents[LINES:]) + facts.other_incidents
    if more:
        yield f"{more:,} more."


def _areas(facts: Facts) -> Iterable[str]:
    for area in facts.areas[:LINES] if facts.report["anomalous_rides"] else []:
        line = f"{area['area']}: {words.share(area['anomalous_share'])}"
        if area["times_city"] is not None:
            line += f", {words.times(area['times_city'])} the city"
        if area["usual_share_low"] is not None:
            line += f", usually {words.usual_range(area)}"
        yield f"{line}, {area['anomalous_rides']:,} of {area['rides']:,}"


def _slack(
    title: str, headline: str, tone: str, parts: dict[str, list[str]], link: str | None
) -> Json:
    """Blocks, and the text that a notification shows; in that one ``<!channel>`` would ring."""
    sign = SLACK_SIGNS.get(tone, ":white_circle:")
    blocks: list[Json] = [
        {"type": "header", "text": _plain(f"{sign} {title}", SLACK_HEADER, emoji=True)},
        {"type": "section", "text": _plain(headline, SLACK_TEXT)},
    ]
    for name, lines in parts.items():
        text = "\n".join([*([name] if name else []), *lines])
        blocks.append({"type": "section", "text": _plain(text, SLACK_TEXT)})
    if link:
        button = {"type": "button", "text": _plain("Open the report", 75), "url": link}
        blocks.append({"type": "actions", "elements": [button]})
    text = f"{title}: {headline}"
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, name)
    return {"text": text, "blocks": blocks}


def _plain(text: str, longest: int, emoji: bool = False) -> Json:
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": emoji}


def _teams(
    title: str, headline: str, tone: str, parts: dict[str, list[str]], link: str | None
) -> Json:
    """A message with an adaptive card, as a workflow of Teams takes it."""
    body: list[Json] = [
        _rich(title, weight="Bolder"),
        {
            "type": "Container",
            "style": TEAMS_STYLES.get(tone, "emphasis"),
            "items": [_rich(headline, weight="Bolder", size="Large")],
        },
    ]
    for name, lines in parts.items():
        body += [_rich(name, weight="Bolder")] if name else []
        body += [_rich(line) for line in lines]
    content: Json = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": f"{title}: {headline}",
        "body": body,
    }
    if link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Open the report", "url": link}]
    card = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [card]}


def _rich(text: str, **style: str) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
