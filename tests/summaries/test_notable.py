"""Without a model, notable items are told as somebody would write them."""

import pytest
from support.circumstances import CHESS, LEAK, context, item

from dbt_project.summaries.notable import summarise_notable


def told(*rows: dict[str, object], **window: object) -> str:
    return summarise_notable(context(*rows, **window)).text


def test_the_most_relevant_items_are_told_with_their_times() -> None:
    summary = summarise_notable(context())
    assert summary.text == (
        "Gas leak on Great Junction Street, road closed between Bonnington Rd and Taylor Gardens, "
        "from 16:40 to 19:10. Heavy rain at 17:00. "
        "March of 1,200 people from the Shore to the M8; two lanes shut."
    )
    assert summary.item_ids == ("item-1", "item-2", "item-3")
    assert (summary.circumstance, summary.support) == ("closure", "all 3 sentences supported")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (item(1, "traffic", "M8 shut.", starts_at="16:40"), "M8 shut, from 16:40."),
        (item(1, "traffic", "M8 shut.", ends_at="19:10"), "M8 shut, until 19:10."),
        (item(1, "traffic", "M8 shut."), "M8 shut."),
        (
            item(1, "traffic", "M8 shut until 19:10.", starts_at="16:40", ends_at="19:10"),
            "M8 shut until 19:10.",
        ),
        (
            item(1, "traffic", "Crash on the M8. The road is closed. Crews are at work."),
            "Crash on the M8; the road is closed.",
        ),
        (
            item(1, "weather", "Overcast, heavy rain, 9 °C; surface flooding, gusts to 40 mph."),
            "Heavy rain and gusts to 40 mph.",
        ),
        (
            item(1, "weather", "Dense fog.", area="Leith", starts_at="17:00"),
            "Dense fog in Leith at 17:00.",
        ),
        (item(1, "news", "Fans queue at the Hydro", starts_at="11:08"), "Fans queue at the Hydro."),
    ],
)
def test_an_item_reads_like_a_sentence(row: dict[str, object], sentence: str) -> None:
    assert told(row) == sentence


def test_what_is_not_notable_is_not_told() -> None:
    nothing = "Nothing is reported for {} that would make a ride unusual."
    row = item(1, "news", CHESS, is_notable=False)
    assert told(row) == nothing.format("Leith between 17:00 and 19:00")
    assert told(row, area=None) == nothing.format("Edinburgh between 17:00 and 19:00")


def test_what_is_told_twice_is_told_once_and_never_more_than_three() -> None:
    rows = [item(n, "traffic", f"{LEAK} Update {n}.") for n in (1, 2)]
    rows += [item(n, "traffic", f"{name} Road is closed.") for n, name in enumerate("ABCDE", 3)]
    summary = summarise_notable(context(*rows))
    assert len(summary.item_ids) == 3
    assert "item-2" not in summary.item_ids
