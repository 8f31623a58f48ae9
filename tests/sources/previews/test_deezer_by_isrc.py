"""A track's recording on Deezer, found by its ISRC."""

import pytest

from sources.previews.finders import (
    DEEZER_LICENCE,
    Found,
)
from tests.sources.previews.outcomes import check, missing
from tests.stand_ins.previews import preview_bytes


@pytest.mark.parametrize("trap", ["deezer", "both", "feat", "case", "near_duration", "odd_isrc"])
def test_the_same_recording_on_deezer(deezer, wanted, services, tmp_path, trap) -> None:
    asked = wanted(trap)
    track = services.world.deezer[services.world.deezer_by_isrc[asked.isrc]]
    found = check(deezer.find(asked, tmp_path), preview_bytes(track.sound, str(track.id)), tmp_path)
    assert (found.source, found.reference) == ("deezer", f"deezer:track:{track.id}")
    assert (found.clips[0].file.provider, found.clips[0].file.licence) == ("deezer", DEEZER_LICENCE)
    assert services.dial.count("deezer") == 1


@pytest.mark.parametrize(
    ("trap", "reason", "says"),
    [
        ("no_isrc", "no_isrc", "library"),
        ("unknown_isrc", "unknown_isrc", "ISRC"),
        ("other_title", "other_recording", "(Live)"),
        ("other_artist", "other_recording", "Somebody Else"),
        ("other_duration", "other_recording", " s instead of "),
        ("no_preview", "no_preview", "no preview"),
        ("unreadable", "no_preview", "no preview"),
    ],
)
def test_no_such_recording_on_deezer(deezer, wanted, services, tmp_path, trap, reason, says) -> None:
    outcome = deezer.find(wanted(trap), tmp_path)
    assert missing(outcome) == (reason, False)
    assert says in outcome.detail
    assert not services.requests["previews"]


@pytest.mark.parametrize("trap", ["deezer"])
def test_a_dead_address_is_asked_for_anew_once(
    own, deezer, wanted, on_deezer, services, tmp_path, trap
) -> None:
    services.dial.fail_next("previews", "403")
    assert isinstance(deezer.find(wanted("deezer"), tmp_path), Found)
    assert (services.dial.count("deezer"), services.dial.count("previews")) == (2, 2)

    services.previews.deezer_seconds = -10
    for finder, asked in ((deezer, wanted("deezer")), (own, on_deezer("deezer")[0])):
        services.dial.forget()
        assert missing(finder.find(asked, tmp_path)) == ("expired", True)
        assert (services.dial.count("deezer"), services.dial.count("previews")) == (2, 2)


def test_a_deezer_that_stays_busy_is_for_later(own, deezer, wanted, on_deezer, services, tmp_path) -> None:
    for finder, asked in ((deezer, wanted("deezer")), (own, on_deezer("deezer")[0])):
        services.dial.fail_next("deezer", *["deezer-4"] * 4)
        assert missing(finder.find(asked, tmp_path)) == ("unreachable", True)
