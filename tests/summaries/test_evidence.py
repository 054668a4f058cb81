"""A sentence counts only if the items that it names hold its times, numbers and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.circumstances import CHESS, context, item

from dbt_project.summaries.evidence import check
from dbt_project.summaries.replies import Claim


def found(text: str, *items: int) -> str:
    return check([Claim(text, items)], context()).text


SUPPORTED = "1 sentence supported"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Great Junction Street was closed by a gas leak.", (1,)),
        ("GREAT JUNCTION STREET was closed.", (1,)),
        ("Great Junction St's closure began at 16:40.", (1,)),
        (
            "A gas leak closed Great Junction Street between Bonnington Road and Taylor Gardens.",
            (1,),
        ),
        ("In Leith, a gas leak closed the road from 4:40 pm to 7:10 p.m.", (1,)),
        ("The road was closed from 16h40 to 19h10 in Leith.", (1,)),
        ("The road was closed from 1640 hrs to 19.10 Uhr.", (1,)),
        ("The road was closed from 16 Uhr 40 to 19 Uhr 10.", (1,)),
        ("Between 5 and 7 pm, the road was closed.", (1,)),
        ("Closed 5-7pm: Great Junction Street.", (1,)),
        ("On Monday, 1 May 2023, a gas leak closed the road in Edinburgh.", (1,)),
        ("On May 1st a gas leak closed the road.", (1,)),
        ("Heavy rain fell at 17:00, with wind of 22 mph and 9 °C.", (2,)),
        ("Heavy rain fell at 5 PM, winds reached 22mph.", (2,)),
        ("Winds reached 22.0 mph.", (2,)),
        ("A march of 1200 people went from the Shore to the M8; 2 lanes were shut.", (3,)),
        ("A march of 1 200 people reached the M 8, two lanes were shut.", (3,)),
        ("A march of 1.200 people reached the m8.", (3,)),
        ("Two incidents, a gas leak and heavy rain, slowed the traffic.", (1, 2)),
        ("Flooding was not reported, but rain was heavy.", (2,)),
        ("Roads were slippery. Rain was heavy at 17:00.", (2,)),
        ("Drivers should avoid Great Junction Street.", (1,)),
        ("The leak near Taylor Gardens and rain at 17:00 slowed taxis.", (1, 2)),
    ],
)
def test_what_the_items_hold_is_supported_in_any_notation(
    text: str, items: tuple[int, ...]
) -> None:
    assert found(text, *items) == SUPPORTED


@pytest.mark.parametrize(
    ("text", "items", "problem"),
    [
        ("Great Junction Street was closed until 18:30.", (1,), "18:30"),
        ("Great Junction Street was closed until 6:30 pm.", (1,), "6:30 pm"),
        ("Great Junction Street was closed from 16:40 to 7 am.", (1,), "7 am"),
        ("The road was closed at noon.", (1,), "noon"),
        ("A gas leak closed Leith Walk.", (1,), "Walk"),
        ("Paisley was closed by a gas leak.", (1,), "Paisley"),
        ("A gas leak in Portobello closed the road.", (1,), "Portobello"),
        ("A gas leak closed the M9.", (1,), "M9"),
        ("The A 720 was closed.", (1,), "720"),
        ("Heavy rain fell, 30 mm in all.", (2,), "30"),
        ("Rain fell at 17:00 on Great Junction Street.", (2,), "Great"),
        ("A march of 1,300 people went to the M8.", (3,), "1,300"),
        ("A march of 12,000 people went to the M8.", (3,), "12,000"),
        ("A march shut three lanes.", (3,), "three"),
        ("The march ended at 14:08.", (3,), "14:08"),
        ("On 2 May a gas leak closed the road.", (1,), "2 May"),
        ("On Tuesday a gas leak closed the road.", (1,), "Tuesday"),
        ("The road was closed for 5 hours.", (1,), "5"),
        ("Police Scotland closed the road.", (1,), "Scotland"),
        ("Thousands of people marched to the M8.", (3,), "thousands"),
        ("Twenty people marched to the M8.", (3,), "twenty"),
    ],
)
def test_what_they_do_not_hold_is_named(text: str, items: tuple[int, ...], problem: str) -> None:
    assert found(text, *items) == f"sentence 1: {problem} is in none of its items"


@given(
    st.lists(
        st.sampled_from(
            [
                "17:00",
                "5",
                "pm",
                ".",
                " ",
                " ",
                "M8",
                "Leith",
                "1,200",
                "two",
                "May",
                "-",
                "h",
                "\n",
            ]
        )
        | st.characters()
    ).map("".join)
)
def test_whatever_an_item_says_it_holds(text: str) -> None:
    one = context(item(1, "news", text))
    assert check([Claim(text, (1,))], one).text == SUPPORTED


def test_an_item_must_be_named_and_be_there() -> None:
    assert found("A gas leak closed the road.") == "sentence 1: it names no item"
    assert found("A gas leak closed the road.", 1, 9) == "sentence 1: there is no item 9"


def test_the_first_sentence_that_is_not_supported_is_told() -> None:
    claims = [
        Claim("Heavy rain fell.", (2,)),
        Claim("The road was closed until 18:30.", (1,)),
        Claim("Nothing else.", ()),
    ]
    assert check(claims, context()).text == "sentence 2: 18:30 is in none of its items"
    assert not check(claims, context()).is_supported
    assert check(claims[:1] * 3, context()).text == "all 3 sentences supported"
    assert check([], context()).is_supported


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "A 100 zwischen Funkturm und Spandauer Damm gesperrt, zwei Spuren, bis 17:30 Uhr.",
            "The A100 was closed between Funkturm and Spandauer Damm until 5:30 pm, 2 lanes.",
        ),
        (
            "Rue de l'Étoile fermée jusqu'à 17h30, trois voies.",
            "The Rue de l'Etoile was closed until 17:30, three lanes.",
        ),
        ("Calle de Alcalá cortada, 1.500 personas.", "Calle de Alcala was closed, 1,500 people."),
        ("Улица Арбат закрыта до 17:30.", "Улица Арбат is closed until 17.30."),
        (
            "\u5173\u95ed\uff0c\u76f4\u5230\uff11\uff17\uff1a\uff13\uff10\u3002",
            "Lanes were closed until 17:30.",
        ),
        ("\u0645\u063a\u0644\u0642 \u0661\u0667:\u0663\u0660", "The road is closed until 17:30."),
        ("Die A 100 ist gesperrt, Stau am Funkturm.", "Die A 100 ist am Funkturm gesperrt."),
        ("I-95 shut at Exit 12.", "The I-95 was shut at exit 12."),
        ("M8 shut at Jct. 15.", "The M8 was shut at J15."),
        ("Thirteen thousand people leave.", "Thirteen thousand people left."),
        ("St. Andrew Sq closed.", "Saint Andrew Sq was closed."),
        ("Crash on the B803, 2 hurt.", "Two people were hurt in a crash on the B803."),
    ],
)
def test_items_may_be_in_any_language(written: str, sentence: str) -> None:
    one = context(item(1, "traffic", written), area=None)
    assert check([Claim(sentence, (1,))], one).text == SUPPORTED


def test_an_item_that_says_nothing_of_it_supports_nothing() -> None:
    one = context(item(1, "news", CHESS))
    text = "The M8 was closed at Jct. 15 because of a collision."
    assert check([Claim(text, (1,))], one).text == "sentence 1: 15 is in none of its items"
