"""A track's own preview, of Spotify or Deezer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sources.errors import RateLimited
from sources.previews.finders import (
    DEEZER_LICENCE,
    SPOTIFY_LICENCE,
    Found,
    find_audio,
)
from tests.sources.previews.outcomes import check, missing
from tests.stand_ins.previews import preview_bytes


def test_spotifys_own_preview(own, wanted, services, tmp_path) -> None:
    track = services.world.trapped("own")[0]
    found = check(own.find(wanted("own"), tmp_path), preview_bytes(track.sound, track.id), tmp_path)
    assert (found.source, found.reference) == ("own", f"spotify:track:{track.id}")
    assert (found.clips[0].file.provider, found.clips[0].file.licence) == ("spotify", SPOTIFY_LICENCE)


def test_deezers_own_preview(own, on_deezer, services, tmp_path) -> None:
    asked, track = on_deezer("deezer")
    found = check(own.find(asked, tmp_path), preview_bytes(track.sound, str(track.id)), tmp_path)
    assert (found.source, found.reference) == ("own", f"deezer:track:{track.id}")
    assert (found.clips[0].file.provider, found.clips[0].file.licence) == ("deezer", DEEZER_LICENCE)


def test_no_own_preview(own, wanted, on_deezer, services, tmp_path) -> None:
    assert missing(own.find(wanted("deezer"), tmp_path)) == ("no_preview", False)
    assert missing(own.find(wanted("own", provider="folder"), tmp_path)) == ("no_preview", False)
    assert not services.requests["deezer"]
    for trap in ("no_preview", "unreadable"):
        assert missing(own.find(on_deezer(trap)[0], tmp_path)) == ("no_preview", False)
    gone = replace(on_deezer("deezer")[0], external_id="1")
    assert missing(own.find(gone, tmp_path)) == ("gone", False)


@pytest.mark.parametrize(("behaviour", "reason"), [("truncated", "truncated"), ("500", "http_500")])
def test_a_fault_that_lasts_is_tried_again_in_another_run(
    own, wanted, services, tmp_path, behaviour, reason
) -> None:
    asked = wanted("own")
    services.previews.behaviours[asked.external_id] = behaviour
    assert missing(own.find(asked, tmp_path)) == (reason, True)
    assert not list(tmp_path.iterdir())


def test_an_address_that_no_provider_has_chosen_is_refused(own, wanted, tmp_path) -> None:
    asked = wanted("own", preview_url="https://169.254.169.254/latest/meta-data/")
    assert missing(own.find(asked, tmp_path)) == ("host_refused", True)


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "reset"])
def test_a_fault_of_the_host_is_outlived(own, wanted, services, tmp_path, kind) -> None:
    services.dial.longest_retry_after = 0
    services.dial.fail_next("previews", kind, kind)
    assert isinstance(own.find(wanted("own"), tmp_path), Found)
    assert services.dial.count("previews") == 3


def test_a_host_that_wants_a_day_of_peace_blocks(own, wanted, services, tmp_path) -> None:
    services.dial.fail_next("previews", "429-long")
    with pytest.raises(RateLimited) as caught:
        find_audio(wanted("both"), [own], tmp_path)
    assert (caught.value.until - datetime.now(UTC)).total_seconds() == pytest.approx(86_400, abs=60)
