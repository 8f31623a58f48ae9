"""What a listener reads about a mix: of what, how varied, and where it is uncertain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.mix.description import Part, described


def mix_of(*parts: tuple[str | None, int, float]) -> list[Part]:
    """A mix of these (label, minutes, confidence)."""
    result, start = [], 0
    for label, minutes, confidence in parts:
        result.append(Part(label, start * 60.0, (start + minutes) * 60.0, confidence))
        start += minutes
    return result


@pytest.mark.parametrize(
    ("parts", "sentences"),
    [
        (
            [("Kompakt", 60, 0.9)],
            [
                "It is 100% Kompakt.",
                "Uniform: it never changes.",
                "No part is uncertain: all have a confidence of 0.5 or more.",
            ],
        ),
        (
            [("Kompakt", 40, 0.9), ("Drumcode", 40, 0.49), (None, 20, 0.5)],
            [
                "It is 40% Kompakt, 40% Drumcode and 20% like none of the labels.",
                "Varied: 2 changes, one in 0:50:00 on average.",
                "40% of it is uncertain, with a confidence below 0.5: 0:40:00 to 1:20:00 (Drumcode, 0.49).",
            ],
        ),
        (
            [(None, 10, 0.2)],
            [
                "Nothing in it sounds like one of the labels.",
                "100% of it is uncertain, with a confidence below 0.5: 0:00:00 to 0:10:00 (unknown, 0.20).",
            ],
        ),
        (
            [
                (label, 10, confidence)
                for label, confidence in zip("abcde", (0.4, 0.3, 0.2, 0.1, 0.9), strict=True)
            ],
            [
                "It is 20% a, 20% b, 20% c, 20% d and 20% e.",
                "Very varied: 4 changes, one in 0:12:30 on average.",
                "80% of it is uncertain, with a confidence below 0.5: 0:30:00 to 0:40:00 (d, 0.10),"
                " 0:20:00 to 0:30:00 (c, 0.20), 0:10:00 to 0:20:00 (b, 0.30) and 1 more.",
            ],
        ),
    ],
)
def test_sentences_say_of_what_it_is_how_varied_and_where_uncertain(
    parts: list[tuple[str | None, int, float]], sentences: list[str]
) -> None:
    assert described(mix_of(*parts)) == sentences


PARTS = st.tuples(st.sampled_from([None, "a", "b", "c"]), st.integers(1, 90), st.floats(0, 1))


@given(st.lists(PARTS, min_size=1, max_size=40))
def test_every_mix_has_sentences(parts: list[tuple[str | None, int, float]]) -> None:
    sentences = described(mix_of(*parts))
    assert len(sentences) == 2 + any(label for label, _, _ in parts)
    assert all(sentence.endswith(".") for sentence in sentences)
