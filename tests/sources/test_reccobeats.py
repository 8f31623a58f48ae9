"""ReccoBeats as a stand-in: features by Spotify's ids and by ISRCs, and its faults."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sources.errors import CapabilityDenied, RateLimited, SourceError, TransientError
from sources.http import RetryPolicy
from sources.reccobeats import MAX_IDS, ReccoBeats
from tests.stand_ins import music
from tests.stand_ins.reccobeats import dice, row
from tests.stand_ins.stand_ins import StandIns, stand_ins

QUICK = RetryPolicy(attempts=3, wait_seconds=0.001)


@pytest.fixture(scope="module")
def running() -> Iterator[StandIns]:
    with stand_ins(music.long_world(60)) as services:
        yield services


@pytest.fixture
def services(running: StandIns) -> StandIns:
    running.dial.forget()
    return running


@pytest.fixture
def reccobeats(services: StandIns) -> ReccoBeats:
    return ReccoBeats(services.environment["LABELSCOPE_RECCOBEATS_API_URL"], QUICK, timeout_seconds=1)


@pytest.mark.parametrize("by", ["id", "isrc"])
def test_each_known_track_gets_its_own_figures(services, reccobeats, by) -> None:
    tracks = {getattr(track, by): track for track in list(services.world.tracks.values())[:MAX_IDS]}
    found = reccobeats.features(tracks.keys())
    # a row may lack the ISRC, and then nobody knows whose it is
    known = {name for name, track in tracks.items() if dice(track) not in ((0,) if by == "id" else (0, 3))}
    assert found.keys() == known
    assert len(known) < len(tracks)
    assert {dice(tracks[name]) for name in known} >= {1, 2}  # with a second row, and without a key
    for name, features in found.items():
        expected = row(tracks[name], tracks[name].id)
        assert features.tempo_bpm == pytest.approx(expected["tempo"])
        assert features.loudness_db == pytest.approx(expected["loudness"])
        assert features.danceability == expected["danceability"]
        assert features.key == (None if expected["key"] == -1 else expected["key"])
        assert features.time_signature is None
    assert services.dial.count("reccobeats") == 1
    assert found == reccobeats.features(tracks.keys())


def test_an_isrc_may_be_written_with_hyphens_and_small_letters(services, reccobeats) -> None:
    track = next(track for track in services.world.tracks.values() if dice(track) > 3)
    assert track.isrc is not None
    written = f"{track.isrc[:2].lower()}-{track.isrc[2:5]}-{track.isrc[5:7]}-{track.isrc[7:]}"
    assert reccobeats.features([written]).keys() == {written}


def test_nothing_and_too_much(services, reccobeats) -> None:
    assert reccobeats.features([]) == {}
    assert services.dial.count("reccobeats") == 0
    with pytest.raises(ValueError, match="at most 40 ids"):
        reccobeats.features([str(number) for number in range(41)])
    assert reccobeats.features(["0" * 22]) == {}


@pytest.mark.parametrize("kind", ["429", "500", "503", "reset", "html-200"])
def test_each_fault_is_outlived(services, reccobeats, kind) -> None:
    services.dial.longest_retry_after = 0
    services.dial.fail_next("reccobeats", kind)
    track = next(track for track in services.world.tracks.values() if dice(track) > 3)
    assert reccobeats.features([track.id]).keys() == {track.id}
    assert services.dial.count("reccobeats") == 2


def test_faults_that_stay(services, reccobeats) -> None:
    services.dial.fail_next("reccobeats", "500", "500", "500")
    with pytest.raises(TransientError):
        reccobeats.features(["x"])
    services.dial.fail_next("reccobeats", "429-long")
    with pytest.raises(RateLimited) as caught:
        reccobeats.features(["x"])
    assert caught.value.until > datetime.now(UTC)
    services.dial.fail_next("reccobeats", "403")
    with pytest.raises(CapabilityDenied):
        reccobeats.features(["x"])
    services.dial.forget()
    with pytest.raises(SourceError) as refused:
        reccobeats.features([","])  # no id at all
    assert not isinstance(refused.value, TransientError)
    assert services.dial.count("reccobeats") == 1


def test_the_address_may_name_the_version_or_not(services) -> None:
    track = next(track for track in services.world.tracks.values() if dice(track) > 3)
    address = services.environment["LABELSCOPE_RECCOBEATS_API_URL"].removesuffix("v1/").rstrip("/")
    for written in (address, f"{address}/", f"{address}/v1", f"{address}/v1/"):
        assert ReccoBeats(written, QUICK).features([track.id])
