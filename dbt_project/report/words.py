"""Figures in a reader's words: the sentences at the top of the page and of the e-mail."""

import datetime

from dbt_project.report.facts import Facts, Row


def day_name(date: datetime.date) -> str:
    """A date in full.

    >>> day_name(datetime.date(2023, 5, 1))
    'Monday 1 May 2023'
    """
    return f"{date:%A} {date.day} {date:%B %Y}"


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


def clock(local: datetime.datetime | None, date: datetime.date) -> str:
    """``23:10``; with the date if it is another one."""
    if local is None:
        return "unknown"
    time = f"{local:%H:%M}"
    return time if local.date() == date else f"{local.day} {local:%b} {time}"


def headline(facts: Facts) -> str:
    """How many rides there were and how many of them were anomalous; first, if that says little."""
    rides, anomalous = facts.report["rides"], facts.report["anomalous_rides"]
    if not rides:
        return "There were no rides on this day."
    verb = "was" if anomalous == 1 else "were"
    counts = (
        f"{anomalous:,} of {plural(rides, 'ride')} {verb} anomalous "
        f"({share(facts.report['anomalous_share'])})."
    )
    if not anomalous:
        counts = f"None of {plural(rides, 'ride')} was anomalous."
    match facts.report["judgement"]:
        case "too few rides":
            return f"Too few rides to judge. {counts}"
        case "too sparse":
            return f"Too many anomalous rides to judge. {counts}"
        case _:
            return counts


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


def usual_time(distance: float, facts: Facts) -> float | None:
    """Hours that the line through the normal rides gives a distance; None without a line."""
    start, per_mile = facts.report["hours_at_start"], facts.report["hours_per_mile"]
    if start is None or per_mile is None:
        return None
    hours = start + per_mile * distance
    return float(hours) if per_mile > 0 and hours > 0 else None


def why(ride: Row, facts: Facts) -> str:
    """What sets a ride apart from the day's normal ones."""
    normal = facts.normal
    if normal is None:
        return "The day has no normal ride to compare it with."
    usual = usual_time(ride["ride_dist"], facts)
    longest_miles, longest_hours = normal.ride_miles[2], normal.ride_hours[2]
    in_miles = f"19 of 20 normal rides were under {miles(longest_miles)}"
    in_hours = f"19 of 20 normal rides took less than {duration(longest_hours)}"
    match ride["anomaly_kind"]:
        case "hardly moved":
            return f"It hardly moved; {in_hours}."
        case "long distance":
            return f"{in_miles}."
        case "long distance and time":
            return f"{in_miles}, 19 of 20 under {duration(longest_hours)}."
        case _ if usual is not None:
            return f"A normal ride of that distance takes about {duration(usual)}."
        case _:
            return f"{in_hours}."


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


def cautions(facts: Facts) -> list[str]:
    """What was missing or degraded, a sentence each."""
    report = facts.report
    sentences = [f"{warning[0].upper()}{warning[1:]}." for warning in report["warnings"]]
    is_told = any("records rejected" in warning for warning in report["warnings"])
    if report["rejected_rides"] and not is_told:
        sentences.append(
            f"{report['rejected_rides']:,} of {plural(report['records_read'], 'record')} could not "
            f"be used: {_reasons(facts.rejected)}."
        )
    return sentences


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
