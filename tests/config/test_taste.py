"""[taste] names labels of labels.toml or of a crate, and says in which line one does not exist."""

from pathlib import Path

import pytest

from config.label_errors import ConfigurationError
from config.labels import read_labels
from config.taste import taste_of

LISTED = """
[[label]]
name = "Ostgut Ton"
slug = "berghain"
playlists = ["deezer:1"]

[taste.labels]
"""
CRATE = [("rumble-foundry", "Rumble Foundry (synthetic)"), ("berghain", "Ostgut Ton")]


def weights(tmp_path: Path, lines: str) -> dict[str, float]:
    file = tmp_path / "labels.toml"
    file.write_text(LISTED + lines)
    taste = taste_of(read_labels(file), file, CRATE)
    assert taste is not None
    return taste.labels


def test_a_label_is_known_by_its_name_or_slug_wherever_it_is_from(tmp_path: Path) -> None:
    for name in ("Ostgut Ton", "berghain", "OSTGUT TON"):
        assert weights(tmp_path, f'"{name}" = -1') == {"berghain": -1.0}
    for name in ("Rumble Foundry (synthetic)", "rumble-foundry"):
        assert weights(tmp_path, f'"{name}" = 0.5') == {"rumble-foundry": 0.5}
    assert weights(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        ('# more\n"Ostgut" = 1', 9, "there is no label 'Ostgut'; write 'Ostgut Ton'"),
        ('"Ostgut Ton" = 1\nzebra = 1', 9, "there is no label 'zebra'; write one as in"),
        ('"Ostgut Ton" = 1\n\nberghain = 1', 10, "'berghain' has a weight above already; remove one"),
    ],
)
def test_a_label_that_is_missing_or_repeated_is_reported_with_its_line(
    tmp_path: Path, lines: str, line: int, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        weights(tmp_path, lines)
    assert says in str(caught.value) and caught.value.line == line
