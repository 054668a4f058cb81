"""The templates: everything put into one of HTML is escaped unless it says otherwise."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from dbt_project.report import words
from dbt_project.report.facts import Facts, Row
from dbt_project.report.kinds import ANOMALY_KINDS

TOLD = 8  # texts of one hour that are told


def template(name: str) -> Template:
    """One of the templates, by its file's name."""
    return _environment().get_template(name)


@cache
def asset(name: str) -> Markup:
    """A style sheet or script of the page's own, with what it includes."""
    return Markup(_environment().get_template(name).render(kinds=ANOMALY_KINDS))


def render_mail(facts: Facts) -> tuple[str, str]:
    """The summary of a day for an e-mail, as text and as HTML."""
    given = {"facts": facts, **in_words(facts)}
    return template("mail.txt.j2").render(given), template("mail.html.j2").render(given)


def in_words(facts: Facts) -> Row:
    """The sentences that page and e-mail begin with."""
    return {
        "day": words.day_name(facts.ride_date),
        "headline": words.headline(facts),
        "tone": words.tone(facts.report),
        "standing": list(filter(None, _standing(facts))),
        "volume": words.volume(facts),
        "comparison": words.comparison(facts),
        "caveats": words.caveats(facts),
        "notes": words.notes(facts),
        "who_summarised": words.who_summarised(facts),
    }


def _standing(facts: Facts) -> Iterable[str]:
    """What stands below the verdict."""
    counts = words.counts(facts) if facts.report["rides"] else ""
    if counts not in words.headline(facts):
        yield counts
    yield words.weekday(facts)
    if facts.report["usual_share"] is None:
        yield words.comparison(facts)


def _told(texts: list[str]) -> str:
    """Texts of one hour, one a line, as many as can be read."""
    more = len(texts) - TOLD
    return "\n".join([*texts[:TOLD], *([f"and {more:,} more"] if more > 0 else [])])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html.j2", "svg.j2"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "miles": words.miles,
        "duration": words.duration,
        "clock": words.clock,
        "plural": words.plural,
        "share": words.share,
        "day_name": words.day_name,
        "expected": words.expected,
        "sentence": words.sentence,
        "tone": words.tone,
        "flag": words.flag,
        "speed": words.speed,
        "times": words.times,
        "usual_range": words.usual_range,
        "incident_hours": words.incident_hours,
        "cause": words.cause,
        "cost": words.cost,
        "anchor": words.anchor,
        "judged": words.judged,
        "agreement": words.agreement,
        "meaning": words.meaning,
        "told": _told,
    }
    return environment
