"""Any JSON at all in the rides file ends in clean or rejected; what is clean is exported whole.

The models' own SQL runs over files that hypothesis makes up: a build for each would take hours.
"""

import json
import math
import re
import string
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.staged_lake import DATE, GOOD, StagedLake
from support.workplace import Build

from dbt_project.errors import one_line

ADDED = {
    "label",
    "is_anomaly",
    "anomaly_kind",
    "summary",
    "summary_status",
    "summary_source",
    "summary_model",
}
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)
usable = {
    "ride_id": st.sampled_from(["a", "b", 1, 2**70]) | st.text(min_size=1) | st.integers(),
    "ride_dist": st.floats(0, 1000) | st.integers(0, 1000),
    "ride_time": st.floats(0.01, 72) | st.integers(1, 72),
}
texts = st.text() | st.sampled_from([": inf", '{"label": 1', "NaN,]", "\\", "a\r\nb", "\u2028"])
others = {
    "pickup_at": st.datetimes().map(str) | st.text(string.digits + "-:TZ+. ") | any_json,
    **dict.fromkeys(["area", "news", "weather", "traffic"], any_json | texts),
    **dict.fromkeys(["label", "summary", "inf", "tip"], any_json | texts),
}
numbers = st.floats() | st.integers() | any_json
rides = st.fixed_dictionaries(usable, optional=others) | st.fixed_dictionaries(
    {}, optional={"ride_id": any_json, "ride_dist": numbers, "ride_time": numbers, **others}
)


def is_no_list_of_records(value: Any) -> bool:
    """Whether it counts as one record: a list with others in it is a fault of the file."""
    return not (isinstance(value, list) and has_object(value))


def has_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(has_object, value)))


any_record = rides | any_json.filter(is_no_list_of_records)
records = st.lists(any_record, max_size=8).map(lambda records: [GOOD, *records])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, embedded_day: Build) -> StagedLake:
    return StagedLake(tmp_path_factory.mktemp("any"), embedded_day)


def strict(value: Any) -> Any:
    """What an export makes of a value: JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [strict(item) for item in value]
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    return value


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def assert_nothing_is_lost(lake: StagedLake, expected: int) -> tuple[set[int], set[int]]:
    clean = lake.query("select record_number from staging.intermediate.int_rides_cleaned")
    rejected = lake.query(
        "select record_number from staging.intermediate.int_rides_rejected where reason != ''"
    )
    numbers = [number for (number,) in clean + rejected]
    assert sorted(numbers) == list(range(1, expected + 1))
    return {number for (number,) in clean}, {number for (number,) in rejected}


@pytest.mark.parametrize("write", [json.dumps, lambda rides: json.dumps(rides, indent=1)])
@settings(max_examples=40, deadline=None)
@given(records=records)
def test_any_json_is_clean_or_rejected_and_kept_as_it_came(
    lake: StagedLake, write: Callable[[list[Any]], str], records: list[Any]
) -> None:
    lake.read(write(records))
    clean, _ = assert_nothing_is_lost(lake, len(records))
    for number, _, text in lake.rejected():
        assert json.dumps(json.loads(text)) == json.dumps(records[number - 1])
    kept = lake.query(
        "select ride_id, ride_dist, ride_time from staging.intermediate.int_rides_cleaned"
    )
    assert len({name for name, _, _ in kept}) == len(kept)
    assert all(0 <= miles <= 1000 and 0 < hours <= 72 for _, miles, hours in kept)
    exported = lake.exported()
    assert [json.loads(text, parse_constant=refuse) for text in exported] == [
        strict(records[number - 1]) | {"label": 7} for number in sorted(clean)
    ]
    assert not any("\n" in text or "\r" in text for text in exported)


@pytest.mark.parametrize("export", ["clustered_data", "clustered_summarized"])
@settings(max_examples=40, deadline=None)
@given(extra=st.dictionaries(texts.filter(lambda key: key not in ADDED), any_json | texts))
@example(extra={"fare": 2.50, "from": {"label": "Home", "lat": 40.712800000000001}})
@example(extra={"note": "Desk: information, nan,]", "LABEL": 1, "label ": 2})
def test_an_export_changes_no_byte_of_a_record_that_has_none_of_the_fields(
    lake: StagedLake, export: str, extra: dict[str, Any]
) -> None:
    record = {**{key: value for key, value in extra.items() if key not in usable}, **GOOD}
    text = json.dumps(strict(record)).replace("40.7128", "40.712800000000001")
    lake.read(f'{text}\n{{"ride_id": "b", "ride_dist": 2.50, "ride_time": 1}}')
    for before, after in zip(
        [text, '{"ride_id": "b", "ride_dist": 2.50, "ride_time": 1}'],
        lake.exported(export),
        strict=True,
    ):
        assert after.startswith(before[:-1] + ',"label":7')


REWRITTEN = {
    # what is no strict JSON keeps its numbers, and its texts
    '{"a": NaN, "b": [-Infinity, 2.50,], "c": "NaN,]"}': (
        '{"a": null, "b": [null, 2.50], "c": "NaN,]","label":7}'
    ),
    # a field of the name is replaced, however it is written
    '{"label": "Home", "b": {"label": 1}}': '{"b":{"label":1},"label":7}',
    '{"lab\\u0065l": "Home", "b": nan}': '{"b":null,"label":7}',
    # line ends between fields go, and nothing else
    '{\r\n  "a": 2.50,\n\t"b": "\\n"\n}': '{  "a": 2.50,\t"b": "\\n","label":7}',
}


@pytest.mark.parametrize("record", REWRITTEN)
def test_what_an_export_has_to_change_it_changes(lake: StagedLake, record: str) -> None:
    fields = '"ride_id": "r", "ride_dist": 1, "ride_time": 1'
    lake.read(f"[{record[:-1].rstrip()}, {fields}{record[-1]}]")
    (exported,) = lake.exported()
    expected = json.loads(REWRITTEN[record])
    assert json.loads(exported) == {**json.loads(f"{{{fields}}}"), **expected}
    for number in re.findall(r"\d\.\d+", record):
        assert number in exported
    assert "\n" not in exported
    assert "\r" not in exported


lines = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n")) | any_record.map(json.dumps),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(lines=lines)
@example(lines=['{"ride_id": 1,}', "{}{}", "\x00", "\ufeff{}", "x", '"\\ud800"', "'", "//"])
@example(
    lines=['{"note": "the driver\u2019s \xc9 \xdf \x80"}', '{"a":\r 1}', "\x0b", "\x0cno", "no\r"]
)
def test_any_line_is_clean_or_rejected_and_kept_as_it_came(
    lake: StagedLake, lines: list[str]
) -> None:
    lines = [json.dumps(GOOD), *lines, json.dumps({**GOOD, "ride_id": "last"})]
    lake.read("\n".join(lines))
    kept = [line for line in (line.strip(" \t\r\v\f") for line in lines) if line]
    assert_nothing_is_lost(lake, len(kept))
    for number, reason, text in lake.rejected():
        if reason == "malformed JSON":
            assert text == kept[number - 1]


def test_a_byte_that_is_no_utf_8_is_shown_by_its_number(lake: StagedLake) -> None:
    good = json.dumps({**GOOD, "note": "the driver\u2019s caf\xe9"}, ensure_ascii=False).encode()
    lake.read(good + b'\n{"ride_id": "caf\xe9 \xe2\x80\x99"}\n' + good.replace(b"good", b"last"))
    assert lake.rejected() == [(2, "malformed JSON", '{"ride_id": "caf\\xe9 \u2019"}')]


@pytest.mark.parametrize(
    ("inner", "is_read"),
    [
        ("[" * 499 + "]" * 499, True),
        ("[" * 500 + "]" * 500, False),
        ('{"a":' * 200_000 + "1" + "}" * 200_000, False),
        ('[{"a":' * 300 + "-1.5e3" + "}, true, null]" * 300, False),
        (json.dumps([[n / 7, {"a": n}] for n in range(2000)]), True),
        (json.dumps("[" * 3000 + '"{'), True),
    ],
)
def test_a_record_is_read_to_500_levels(lake: StagedLake, inner: str, is_read: bool) -> None:
    lake.read(f'{json.dumps(GOOD)[:-1]}, "x": {inner}}}\n{json.dumps({**GOOD, "ride_id": 2})}')
    reasons = [reason for _, reason, _ in lake.rejected()]
    assert reasons == ([] if is_read else ["nested more than 500 levels deep"])
    assert len(lake.exported()) == 2 - len(reasons)


BLANKS = ["\t", "\r\n", "\u00a0", "\u3000", "\u200b\ufeff", "\u2800", "\u3164", "\x00", "\x1f"]


@pytest.mark.parametrize("blank", BLANKS)
def test_what_looks_like_nothing_is_nothing_and_is_taken_off_the_ends(
    lake: StagedLake, blank: str
) -> None:
    rides = [
        GOOD,
        GOOD | {"ride_id": blank},
        GOOD | {"ride_id": f"{blank}good{blank} "},
        GOOD | {"ride_id": f"a{blank}b", "area": f"{blank}Soho{blank}", "news": blank},
    ]
    lake.read(json.dumps(rides))
    assert [(number, reason) for number, reason, _ in lake.rejected()] == [
        (2, "no ride_id"),
        (3, "repeated ride_id"),
    ]
    query = "select ride_id, area, news from staging.intermediate.int_rides_cleaned order by all"
    assert lake.query(query) == [(f"a{blank}b", "Soho", None), ("good", None, None)]


ARRAY = json.dumps([GOOD, {**GOOD, "ride_id": 2}])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{json.dumps(GOOD)}\n{ARRAY}", "has an array of records where a record should be"),
        (f"[{ARRAY}, {ARRAY}]", "has an array of records where a record should be"),
        (
            f"{json.dumps(GOOD)}\n[null, {ARRAY[1:]}",
            "has an array of records where a record should",
        ),
        (
            f'{json.dumps(GOOD)}\n["{{", [[{ARRAY}]]]',
            "has an array of records where a record should",
        ),
        (f"{ARRAY}\n{ARRAY}", 'Malformed JSON in file "'),
        (f'[{json.dumps(GOOD)}, {{"ride_id": "\\ud800"}}]', 'Malformed JSON in file "'),
        (json.dumps({**GOOD, "x": "x" * 40_000_000}), "has a line of more than 16 MB"),
        (f'{json.dumps(GOOD)}\n"{"x" * 40_000_000}"', '"maximum_object_size" of 16777216 bytes'),
    ],
)
def test_fault_30_what_is_wrong_with_a_file_is_not_counted_as_a_record(
    lake: StagedLake, content: str, message: str
) -> None:
    with pytest.raises((duckdb.Error, ValueError)) as refusal:
        lake.read(content)
    said = one_line(str(refusal.value))
    assert message in said
    assert f"taxi-rides-{DATE}.json" in said


def test_what_the_records_of_a_side_file_hold_is_read_or_nothing(lake: StagedLake) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    lines = [
        f'{{"text": "Deep.", "more": {deep}}}',
        "no JSON",
        '{"text": "\\t\\r\\n\\u00a0\\u200b", "area": "Soho"}',
        '{"text": "\\tClosed.\\u3000", "area": "Soho\\u00a0\\t"}',
        '{"text": "Closed.", "area": "Cafe\\u0301"}',
        '{"text": "Closed.", "area": "\\u200b"}',
        '["no object"]',
        "null",
        '{"text": ["Closed."]}',
        '{"text": {"en": "Closed."}}',
        '{"text": 5}',
    ]
    lake.read("\n".join(lines), "news")
    news = lake.query(
        "select text, area from staging.staging.stg_lake__news order by record_number"
    )
    assert news == [
        ("Deep.", None),
        (None, None),
        (None, "Soho"),
        ("Closed.", "Soho"),
        ("Closed.", "Caf\xe9"),
        ("Closed.", None),
        *[(None, None)] * 5,
    ]
    rides = [{**GOOD, "news": ["Closed."], "weather": {"en": "Rain."}, "traffic": "\t[Closed] "}]
    lake.read(json.dumps(rides))
    own = "select news, weather, traffic from staging.intermediate.int_rides_cleaned"
    assert lake.query(own) == [(None, None, "[Closed]")]
