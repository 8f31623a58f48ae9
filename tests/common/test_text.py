"""Slugs: keys of labels in the database, whichever source a label comes from."""

import pytest

from common.text import slug_of


@pytest.mark.parametrize(
    ("folder", "slug"),
    [
        ("Café Déjà-Vu!", "cafe-deja-vu"),
        ("трип", "трип"),
        ("A_B  c", "a-b-c"),
        ("ＷＩＤＥ", "wide"),
        ("caf\udce9", "caf-xe9"),
    ],
)
def test_slugs(folder: str, slug: str) -> None:
    assert slug_of(folder) == slug


def test_a_name_without_letters_still_has_a_slug() -> None:
    assert slug_of("🎛️").startswith("label-")
    assert slug_of("🎛️") != slug_of("!!!")
