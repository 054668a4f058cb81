"""Figures in a reader's words: the sentences of the page, the e-mail and the card."""

import datetime

from dbt_project.report.facts import LONGEST_LINE, LONGEST_NAME, Facts, Row
from dbt_project.summaries.sentences import first_sentences

TIMES = "\N{MULTIPLICATION SIGN}"


def day_name(ride_date: datetime.date) -> str:
    """A date in full.

    >>> day_name(datetime.date(2023, 5, 1))
    'Monday 1 May 2023'
    """
    return f"{ride_date:%A} {ride_date.day} {ride_date:%B %Y}"


def plural(number: int, thing: str) -> str:
    """A number and what it counts.

    >>> plural(1, "ride"), plural(1200, "ride")
    ('1 ride', '1,200 rides')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def share(part: float | None) -> str:
    """A share of 0 to 1 as per cent; a small one is not called none.

    >>> share(0.02), share(0.0004), share(None)
    ('2.0%', '0.04%', '-')
    """
    if part is None:
        return "-"
    return f"{100 * part:.1g}%" if 0 < part < 0.0005 else f"{part:.1%}"


def miles(distance: float) -> str:
    """A distance in miles; three figures are enough.

    >>> miles(0.684), miles(98.04), miles(169.2)
    ('0.68 miles', '98.0 miles', '169 miles')
    """
    decimals = 0 if distance == 0 or distance >= 100 else 2 if distance < 1 else 1
    return f"{distance:,.{decimals}f} miles"


def duration(hours: float) -> str:
    """A time in hours as a person says it.

    >>> duration(0.0125), duration(0.4), duration(7.1)
    ('45 s', '24 min', '7 h 6 min')
    """
    if hours < 1 / 60:
        return f"{max(1, round(hours * 3600))} s"
    minutes = round(hours * 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60:,} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def clock(local: datetime.datetime | None, ride_date: datetime.date) -> str:
    """``23:10``; with the date if it is another one."""
    if local is None:
        return "unknown"
    time = f"{local:%H:%M}"
    return time if local.date() == ride_date else f"{local.day} {local:%b} {time}"


def headline(facts: Facts) -> str:
    """The verdict in words: how the day compares with usual ones, or why that cannot be said."""
    report = facts.report
    if not report["rides"]:
        return "There were no rides on this day."
    shares = f"{share(report['anomalous_share'])} of the rides, usually {usual_range(report)}"
    match report["verdict"]:
        case "too few rides":
            return f"Too few rides to judge. {counts(facts)}"
        case "too sparse":
            return f"Too many anomalous rides to judge. {counts(facts)}"
        case "more than usual" | "far more than usual" if report["times_usual"]:
            verdict = f"{times(report['times_usual'])} the usual: {shares}."
        case "more than usual" | "far more than usual":
            verdict = f"More than usual: {shares}."
        case "fewer than usual":
            verdict = f"Fewer than usual: {shares}."
        case "ordinary":
            verdict = f"An ordinary day: {shares}."
        case _:
            verdict = counts(facts)
    return f"{verdict} {worst_area(facts)}".rstrip()


def tone(report: Row) -> str:
    """Which colour a day's verdict has; the words say the same without it."""
    return {
        "far more than usual": "alarm",
        "more than usual": "warning",
        "ordinary": "calm",
        "fewer than usual": "calm",
    }.get(report["verdict"], "unknown")


def flag(report: Row) -> str:
    """A day's verdict in a word or two; empty for a day built before there were verdicts."""
    if report["verdict"] in ("more than usual", "far more than usual") and report["times_usual"]:
        return f"{times(report['times_usual'])} the usual"
    return report["verdict"] or ""


def counts(facts: Facts) -> str:
    """How many rides there were and how many of them were anomalous."""
    rides, anomalous = facts.report["rides"], facts.report["anomalous_rides"]
    if not anomalous:
        return f"None of {plural(rides, 'ride')} was anomalous."
    verb = "was" if anomalous == 1 else "were"
    part = share(facts.report["anomalous_share"])
    return f"{anomalous:,} of {plural(rides, 'ride')} {verb} anomalous ({part})."


def usual_range(row: Row) -> str:
    """Between which shares a usual day lies.

    >>> usual_range({"usual_share_low": 0.008, "usual_share_high": 0.0151})
    '0.8 to 1.5%'
    """
    low, high = share(row["usual_share_low"]), share(row["usual_share_high"])
    return low if low == high else f"{low.removesuffix('%')} to {high}"


def times(factor: float) -> str:
    """A multiple with the sign for it, as exact as it can be read.

    >>> [times(factor).removesuffix(TIMES) for factor in (1.62, 3.04, 12.7, 0.04)]
    ['1.6', '3', '13', '0.04']
    """
    if factor >= 10:
        return f"{factor:,.0f}{TIMES}"
    return (f"{factor:.1f}".removesuffix(".0") if factor >= 0.1 else f"{factor:.1g}") + TIMES


def worst_area(facts: Facts) -> str:
    """Where most of what is unusual was; empty if no area stands out."""
    area = facts.worst_area
    if area is None:
        return ""
    return (
        f"Worst in {area['area']}: {share(area['anomalous_share'])}, "
        f"{times(area['times_city'])} the city."
    )


def weekday(facts: Facts) -> str:
    """How the day compares with its like of the weeks before; empty if those are too few."""
    report = facts.report
    low, high = report["weekday_lowest_share"], report["weekday_highest_share"]
    if low is None or not report["rides"]:
        return ""
    here = report["anomalous_share"]
    rank = "more than on any of them" if here > high else "fewer than on any of them"
    if low <= here <= high:
        rank = f"an ordinary {facts.ride_date:%A} by that"
    days = plural(report["weekdays_built"], f"{facts.ride_date:%A}")
    return f"On the {days} before it was {share(low)} to {share(high)}: {rank}."


def incident_hours(incident: Row, ride_date: datetime.date) -> str:
    """``17:00 to 19:00``, as far as the bulletin says."""
    start, end = incident["starts_local"], incident["ends_local"]
    if start is None:
        return f"until {clock(end, ride_date)}" if end else "no time said"
    return (
        f"{clock(start, ride_date)} to {clock(end, ride_date)}"
        if end
        else f"from {clock(start, ride_date)}"
    )


def cause(incident: Row) -> str:
    """``Closure: M8 closed at Charing Cross.``: the first sentence of the bulletin."""
    what = sentence(incident["what"].removesuffix("."))
    if incident["item_id"] is None:
        return f"No bulletin: {incident['what']}."
    return f"{incident['category'].capitalize()}: {first_sentences(what, 1, LONGEST_LINE)}"


def cost(incident: Row) -> str:
    """What an incident cost in time; empty if nothing is known to be lost.

    >>> cost({"minutes_lost": 128.4}), cost({"minutes_lost": None})
    ('2 h 8 min lost', '')
    """
    minutes = incident["minutes_lost"] or 0
    return f"{duration(minutes / 60)} lost" if minutes >= 1 else ""


def comparison(facts: Facts) -> str:
    """How the day's share of anomalous rides compares with the days before it."""
    report = facts.report
    days = report["usual_days_built"]
    if days is None:  # built by a version that did not compare
        return ""
    period = f"the {report['usual_days']} days before"
    if not days:
        return f"The warehouse holds no ride of {period} to compare with."
    lowest, highest = share(report["lowest_share"]), share(report["highest_share"])
    if report["usual_share"] is None:
        shares = lowest if days == 1 else f"{lowest} to {highest}"
        return f"The warehouse holds only {plural(days, 'day')} of {period}: {shares}."
    told = (
        f"On {plural(days, 'day')} of {period} it was {lowest} to {highest}, half of them under "
        f"{share(report['usual_share'])}"
    )
    return f"{told}: {_rank(report)}." if report["rides"] else f"{told}."


def _rank(report: Row) -> str:
    """``this day had more than 26 of them``, or that it was as usual."""
    days, lower, higher = (
        report[name]
        for name in ("usual_days_built", "days_with_lower_share", "days_with_higher_share")
    )
    if lower == days:
        return "this day had more than any of them"
    if higher == days:
        return "this day had fewer than any of them"
    if lower >= 0.8 * days:
        return f"this day had more than {lower} of them"
    if higher >= 0.8 * days:
        return f"this day had fewer than {higher} of them"
    return "this day was as usual"


def volume(facts: Facts) -> str:
    """How many rides a usual day before it had; empty before anything is usual."""
    usual = facts.report["usual_rides"]
    if usual is None:
        return ""
    change = facts.report["rides"] / usual - 1
    if abs(change) < 0.02:
        return f"That is as many rides as usual (median {usual:,.0f})."
    more = "more" if change > 0 else "fewer"
    return f"That is {abs(change):.0%} {more} rides than usual (median {usual:,.0f})."


def expected(ride: Row, facts: Facts) -> str:
    """How long a ride took beside what normal rides of its distance take."""
    if facts.normal is None or ride["expected_minutes"] is None:
        return "The day has no normal ride to compare it with."
    usual = f"A normal ride of that distance takes about {duration(ride['expected_minutes'] / 60)}"
    return f"{usual}: this one took {times(ride['times_expected'])} that."


def anchor(ride: Row) -> str:
    """The ride's name as an identifier of the page; one that is cut has its record's number."""
    is_cut = len(ride["ride_id"]) > LONGEST_NAME
    return f"ride-{ride['ride_id']}" + (f"{ride['record_number']}" if is_cut else "")


def judged(ride: Row) -> str:
    """The verdict on a ride, who gave it and what they add.

    >>> judged({"verdict": "data error", "judged_by": "Ada", "note": "meter 7"})
    'Judged data error by Ada: meter 7'
    >>> judged({"verdict": "real", "judged_by": None, "note": None})
    'Judged real'
    """
    by = f" by {ride['judged_by']}" if ride["judged_by"] else ""
    note = f": {ride['note']}" if ride["note"] else ""
    return f"Judged {ride['verdict']}{by}{note}"


def agreement(verdicts: Row) -> str:
    """How often people agreed that an anomalous ride was one.

    >>> agreement({"judged_rides": 12, "confirmed_rides": 9, "confirmed_share": 0.75})
    'Of 12 judged rides of the last weeks, 9 were confirmed (75.0%).'
    >>> agreement({"judged_rides": 1, "confirmed_rides": 1, "confirmed_share": 1.0})
    'Of 1 judged ride of the last weeks, 1 was confirmed (100.0%).'
    """
    judged, confirmed = verdicts["judged_rides"], verdicts["confirmed_rides"]
    were = "was" if confirmed == 1 else "were"
    return (
        f"Of {plural(judged, 'judged ride')} of the last weeks, {confirmed:,} {were} confirmed "
        f"({share(verdicts['confirmed_share'])})."
    )


def speed(ride: Row) -> str:
    """The average speed; three figures are enough.

    >>> speed({"mph": 0.0312}), speed({"mph": 12.34}), speed({"mph": 1234.5})
    ('0.03 mph', '12.3 mph', '1,234 mph')
    """
    mph = ride["mph"]
    decimals = 0 if mph == 0 or mph >= 100 else 2 if mph < 1 else 1
    return f"{mph:,.{decimals}f} mph"


def meaning(kind: str, facts: Facts) -> str:
    """What it takes for an anomalous ride to be of a kind."""
    report = facts.report
    beyond = f"longer than {100 * report['long_ride_quantile']:.4g}% of the normal rides"
    for_that = "time than normal rides take for that distance"
    least = report["hardly_moved_miles"]
    return {
        "hardly moved": f"under {least:g} {'mile' if least <= 1 else 'miles'}",
        "long distance": beyond,
        "long time": f"took {beyond}",
        "long distance and time": f"both {beyond}",
        "slow for the distance": f"more {for_that}",
        "quick for the distance": f"less {for_that}",
        "nothing to compare with": "the day had no normal ride",
    }[kind]


def caveats(facts: Facts) -> list[str]:
    """What might change the verdict, a sentence each, without what the headline says itself."""
    told = facts.report["caveats"] or []
    return [sentence(warning) for warning in told if not _is_the_headline(warning)]


def notes(facts: Facts) -> list[str]:
    """What was missing or degraded without changing the verdict, a sentence each."""
    report = facts.report
    told = [sentence(text) for text in report["warnings"] if text not in (report["caveats"] or [])]
    has_rejected = any("records rejected" in warning for warning in report["warnings"])
    if report["rejected_rides"] and not has_rejected:
        told.append(
            f"{report['rejected_rides']:,} of {plural(report['records_read'], 'record')} could not "
            f"be used: {_reasons(facts.rejected)}."
        )
    return told


def _is_the_headline(warning: str) -> bool:
    return warning.startswith(("too few rides to judge", "so many anomalous rides"))


def sentence(text: str) -> str:
    """A phrase as a sentence of its own."""
    return f"{text[0].upper()}{text[1:]}."


def _reasons(rejected: dict[str, int]) -> str:
    told = [f"{reason} ({number:,})" for reason, number in list(rejected.items())[:3]]
    others = len(rejected) - len(told)
    return ", ".join(told) + (f" and {plural(others, 'other reason')}" if others else "")


def who_summarised(facts: Facts) -> str:
    """Where the summaries came from, and what they cost."""
    report = facts.report
    total, by_llm = report["summarized_contexts"] or 0, report["llm_summaries"] or 0
    if not total:
        return "With no anomalous ride there was nothing to summarise."
    calls = report["llm_calls"] or 0
    if not calls and not by_llm:
        return (
            "No language model was used: the summaries are sentences of the day's own news, "
            "weather and traffic."
        )
    models = ", ".join(
        sorted({row["model"] for row in facts.sources if row["status"] in ("ok", "fallback")})
    )
    written = f"{by_llm:,} of {total:,} {'summary' if total == 1 else 'summaries'}"
    by = f" by {models}" if models else ""
    cost = report["cost_usd"] or 0
    price = f"about ${cost:.2g}" if 0 < cost < 0.01 else f"about ${cost:,.2f}"
    return (
        f"A language model wrote {written}{by}: {plural(calls, 'call')}, "
        f"{price if cost else 'at no known cost'}."
    )
