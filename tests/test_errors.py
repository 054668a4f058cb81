"""The one line of an error message that says what is wrong."""

import pytest

from dbt_project.errors import one_line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Database Error\n  Runtime Error\n    no rides", "no rides"),
        (
            "Runtime Error in model x (models/x.sql)\n  IO Error: gone\n\n  LINE 1: select\n    ^",
            "IO Error: gone",
        ),
        (
            "Runtime Error\n  Python model failed:\n  Traceback (most recent call last):\n"
            '    File "a.py", line 1\n      x()\n  ValueError: eps must be positive\n',
            "ValueError: eps must be positive",
        ),
        (
            "Python model failed:\n  Traceback (most recent call last):\n    a.b.CError: no room",
            "no room",
        ),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        ("\x1b[31mactual\x1b[0m differs", "actual differs"),
        (
            "HTTP Error: GET error reading 's3://a/b' (HTTP 403 Forbidden)\n\nAccessDenied: No.\n\n"
            "LINE 1: select",
            "HTTP Error: GET error reading 's3://a/b' (HTTP 403 Forbidden): AccessDenied: No.",
        ),
        (
            "HTTP Error: gone (HTTP 404 Not Found)\n\nLINE 1: x",
            "HTTP Error: gone (HTTP 404 Not Found)",
        ),
        ("", "failed"),
    ],
)
def test_a_message_is_told_by_its_informative_line(message: str, line: str) -> None:
    assert one_line(message) == line
