"""Where a track's audio comes from, against stand-ins of Spotify's previews, Deezer and its previews."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import mutagen
import numpy as np
import pytest
import soundfile as sf

from sources.deezer.api import DeezerApi
from sources.errors import RateLimited
from sources.files.library import Library
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from sources.previews.finders import (
    DEEZER_LICENCE,
    OWN_LICENCE,
    SPOTIFY_LICENCE,
    AudioSource,
    DeezerByIsrc,
    Found,
    LibraryMatches,
    NotFound,
    OwnPreviews,
    Wanted,
    find_audio,
    stored_uri,
)
from tests.stand_ins import music
from tests.stand_ins.music import plain_isrc
from tests.stand_ins.previews import preview_bytes
from tests.stand_ins.stand_ins import StandIns, stand_ins

UNLIMITED = RollingWindow(10_000, 1)
QUICK = RetryPolicy(attempts=4, wait_seconds=0.001)


@pytest.fixture(scope="module")
def running() -> Iterator[StandIns]:
    with stand_ins(music.small_world()) as services, pytest.MonkeyPatch.context() as patch:
        for name in ("REQUESTS_CA_BUNDLE", "NO_PROXY"):
            patch.setenv(name, services.environment[name])
        yield services


@pytest.fixture
def services(running: StandIns) -> Iterator[StandIns]:
    running.dial.forget()
    yield running
    running.dial.probability = 0
    running.previews.behaviours.clear()
    running.previews.deezer_seconds = 900
    assert not running.requests["trap"]


@pytest.fixture
def api(services: StandIns) -> DeezerApi:
    return DeezerApi(services.deezer.api_url, UNLIMITED, QUICK, timeout_seconds=2)


@pytest.fixture
def own(services: StandIns, api: DeezerApi) -> OwnPreviews:
    return OwnPreviews(api, [urlsplit(services.previews.url).netloc])


@pytest.fixture
def deezer(services: StandIns, api: DeezerApi) -> DeezerByIsrc:
    return DeezerByIsrc(api, [urlsplit(services.previews.url).netloc])


@pytest.fixture
def wanted(services: StandIns) -> Callable[..., Wanted]:
    def make(trap: str, **changes: object) -> Wanted:
        """The world's track of that kind, as Spotify names it."""
        track = services.world.trapped(trap)[0]
        address = f"{services.previews.url}mp3-preview/{track.id}?cid=1" if track.own_preview else None
        isrc = plain_isrc(track.isrc) if track.isrc else None
        seconds = track.duration_ms / 1000
        made = Wanted(1, "spotify", track.id, track.title, track.artists, isrc, seconds, address)
        return replace(made, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def on_deezer(services: StandIns) -> Callable[[str], tuple[Wanted, music.DeezerTrack]]:
    def make(trap: str) -> tuple[Wanted, music.DeezerTrack]:
        """The world's track of that kind, as a Deezer playlist names it."""
        track = next(track for track in services.world.deezer.values() if track.trap == trap)
        names = (track.artist,)
        return Wanted(
            1, "deezer", str(track.id), track.title, names, track.isrc, track.duration_s, None
        ), track

    return make


def check(outcome: Found | NotFound, content: bytes, inbox: Path) -> Found:
    """It is this content, in the inbox, whole, as one clip."""
    assert isinstance(outcome, Found), outcome
    (clip,) = outcome.clips
    assert outcome.file is not None
    assert outcome.file.parent == inbox
    assert outcome.file.read_bytes() == content
    assert (clip.sha256, clip.bytes) == (sha256(content).hexdigest(), len(content))
    assert clip.uri == stored_uri(clip.sha256, "mp3") == f"store:audio/{clip.sha256[:2]}/{outcome.file.name}"
    assert clip.modified_ns == outcome.file.stat().st_mtime_ns
    assert (clip.offset_s, clip.duration_s) == (0.0, pytest.approx(3.75, abs=0.2))
    assert [path.suffix for path in inbox.iterdir()] == [".mp3"]
    return outcome


def missing(outcome: Found | NotFound) -> tuple[str, bool]:
    """(reason, again), the sentence being one."""
    assert isinstance(outcome, NotFound), outcome
    assert outcome.detail.endswith(".")
    assert "hmac" not in outcome.detail
    return outcome.reason, outcome.again


# A track's own preview


def test_spotifys_own_preview(own, wanted, services, tmp_path) -> None:
    track = services.world.trapped("own")[0]
    found = check(own.find(wanted("own"), tmp_path), preview_bytes(track.sound, track.id), tmp_path)
    assert (found.source, found.reference) == ("own", f"spotify:track:{track.id}")
    assert (found.clips[0].provider, found.clips[0].licence) == ("spotify", SPOTIFY_LICENCE)


def test_deezers_own_preview(own, on_deezer, services, tmp_path) -> None:
    asked, track = on_deezer("deezer")
    found = check(own.find(asked, tmp_path), preview_bytes(track.sound, str(track.id)), tmp_path)
    assert (found.source, found.reference) == ("own", f"deezer:track:{track.id}")
    assert (found.clips[0].provider, found.clips[0].licence) == ("deezer", DEEZER_LICENCE)


def test_no_own_preview(own, wanted, on_deezer, services, tmp_path) -> None:
    assert missing(own.find(wanted("deezer"), tmp_path)) == ("no_preview", False)
    assert missing(own.find(wanted("own", provider="folder"), tmp_path)) == ("no_preview", False)
    assert not services.requests["deezer"]
    for trap in ("no_preview", "unreadable"):
        assert missing(own.find(on_deezer(trap)[0], tmp_path)) == ("no_preview", False)
    gone = replace(on_deezer("deezer")[0], external_id="1")
    assert missing(own.find(gone, tmp_path)) == ("gone", False)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("403", ("expired", True)),
        ("410", ("expired", True)),
        ("404", ("http_404", True)),
        ("html", ("wrong_type", True)),
        ("truncated", ("truncated", True)),
        ("500", ("http_500", True)),
        ("redirect-port", ("host_refused", True)),
    ],
)
def test_what_the_host_does_with_spotifys_preview(
    own, wanted, services, tmp_path, behaviour, expected
) -> None:
    asked = wanted("own")
    services.previews.behaviours[asked.external_id] = behaviour
    assert missing(own.find(asked, tmp_path)) == expected
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


# Deezer by ISRC


@pytest.mark.parametrize("trap", ["deezer", "both", "feat", "case", "near_duration", "odd_isrc"])
def test_the_same_recording_on_deezer(deezer, wanted, services, tmp_path, trap) -> None:
    asked = wanted(trap)
    track = services.world.deezer[services.world.deezer_by_isrc[asked.isrc]]
    found = check(deezer.find(asked, tmp_path), preview_bytes(track.sound, str(track.id)), tmp_path)
    assert (found.source, found.reference) == ("deezer", f"deezer:track:{track.id}")
    assert (found.clips[0].provider, found.clips[0].licence) == ("deezer", DEEZER_LICENCE)
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


# The library


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def put(folder: Path, asked: Wanted, seconds: float, **tags: str) -> Path:
    """A file that is the recording by its tags."""
    path = folder / "song.flac"
    sf.write(path, np.zeros(round(seconds * 8000)), 8000)
    file = mutagen.File(path)
    file.update({"title": asked.title, "artist": asked.artists[0]} | tags)
    file.save()
    return path


def test_a_file_of_ones_own_is_read_where_it_is(library, wanted, tmp_path) -> None:
    asked = wanted("no_isrc", duration_s=100.0)
    path = put(library, asked, 101)
    outcome = LibraryMatches(Library(library), 2).find(asked, tmp_path)
    assert isinstance(outcome, Found)
    assert (outcome.source, outcome.reference, outcome.file) == ("library", path.as_uri(), None)
    assert [(clip.offset_s, clip.duration_s) for clip in outcome.clips] == [(10.25, 30.0), (60.75, 30.0)]
    for clip in outcome.clips:
        assert (clip.provider, clip.uri, clip.licence) == ("library", path.as_uri(), OWN_LICENCE)
        assert clip.sha256 == sha256(path.read_bytes()).hexdigest()
    assert path.exists()


def test_the_licence_of_a_file_is_what_its_tags_say(library, wanted, tmp_path) -> None:
    put(library, asked := wanted("no_isrc", duration_s=5.0), 5, license="CC-BY-4.0")
    outcome = LibraryMatches(Library(library)).find(asked, tmp_path)
    assert isinstance(outcome, Found)
    assert outcome.clips[0].licence == "CC-BY-4.0"


def test_not_in_the_library(library, wanted, tmp_path) -> None:
    asked = wanted("no_isrc", duration_s=100.0)
    finder = LibraryMatches(Library(library))
    assert missing(finder.find(asked, tmp_path)) == ("not_in_library", False)
    (library / f"{asked.artists[0]} - {asked.title}.mp3").write_bytes(bytes(5000))
    assert missing(LibraryMatches(Library(library)).find(asked, tmp_path)) == ("not_audio", False)
    assert missing(LibraryMatches(Library(library / "gone")).find(asked, tmp_path)) == ("no_folder", True)


# One after the other


def source_of(asked: Wanted, finders: list[AudioSource], inbox: Path) -> tuple[str | None, list[str]]:
    found, nowhere = find_audio(asked, finders, inbox)
    return found.source if found else None, [f"{one.source}: {one.reason}" for one in nowhere]


def test_the_first_source_that_has_audio_wins(own, deezer, wanted, library, tmp_path) -> None:
    asked = wanted("both")
    put(library, asked, 5.0, isrc=asked.isrc or "")
    everything: list[AudioSource] = [own, deezer, LibraryMatches(Library(library))]
    assert source_of(asked, everything, tmp_path) == ("own", [])
    assert source_of(asked, everything[::-1], tmp_path) == ("library", [])
    settled = replace(asked, settled=frozenset({"own"}))
    assert source_of(settled, everything, tmp_path) == ("deezer", [])
    no_preview = replace(asked, preview_url=None, isrc=None, duration_s=5.0)
    expected = ["own: no_preview", "deezer: no_isrc"]
    assert source_of(no_preview, everything, tmp_path) == ("library", expected)
    assert source_of(no_preview, everything[:2], tmp_path) == (None, expected)
    all_settled = replace(asked, settled=frozenset({"own", "deezer", "library"}))
    assert source_of(all_settled, everything, tmp_path) == (None, [])


def test_a_bad_moment_of_one_source_lets_no_later_one_win(own, deezer, wanted, services, tmp_path) -> None:
    asked = wanted("both")
    services.previews.behaviours[asked.external_id] = "truncated"
    assert source_of(asked, [own, deezer], tmp_path) == (None, ["own: truncated"])
    assert not services.requests["deezer"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("403", "expired"),
        ("html", "wrong_type"),
        ("empty", "wrong_type"),
        ("204", "http_204"),
        ("404", "http_404"),
        ("oversized", "too_large"),
        ("redirect-bad", "host_refused"),
        ("redirect-host", "host_refused"),
    ],
)
def test_what_a_host_answers_is_final_at_the_second_look_alone(
    own, deezer, wanted, services, tmp_path, behaviour, reason
) -> None:
    asked = wanted("both")
    services.previews.behaviours[asked.external_id] = behaviour
    found, nowhere = find_audio(asked, [own, deezer], tmp_path)
    assert found is None and [(one.reason, one.again, one.doubtful) for one in nowhere] == [
        (reason, True, True)
    ]
    assert not services.requests["deezer"]
    doubted = replace(asked, doubted=frozenset({"own"}))
    found, nowhere = find_audio(doubted, [own, deezer], tmp_path)
    assert found is not None and found.source == "deezer"
    assert [(one.reason, one.again, one.doubtful) for one in nowhere] == [(reason, False, False)]
    services.previews.behaviours.clear()
    assert source_of(doubted, [own, deezer], tmp_path) == ("own", [])


def test_eight_threads_find_what_one_finds_whatever_fails(own, deezer, services, tmp_path) -> None:
    """Every Spotify track, in trouble and out of it: the same audio from the same sources."""

    def look(track: music.Track, inbox: Path) -> tuple[str, str]:
        inbox.mkdir(exist_ok=True)
        address = f"{services.previews.url}mp3-preview/{track.id}" if track.own_preview else None
        isrc = plain_isrc(track.isrc) if track.isrc else None
        seconds = track.duration_ms / 1000
        asked = Wanted(1, "spotify", track.id, track.title, track.artists, isrc, seconds, address)
        while True:  # as run after run would
            found, nowhere = find_audio(asked, [own, deezer], inbox)
            if found:
                assert found.file is not None
                assert found.file.exists()
                return found.reference, found.clips[0].sha256
            if not nowhere[-1].again:
                return "", nowhere[-1].reason

    tracks = list(services.world.tracks.values())
    alone = [look(track, tmp_path / "alone") for track in tracks]
    services.dial.probability, services.dial.longest_retry_after = 0.3, 0
    services.dial.stall_seconds = 0.02
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda track: look(track, tmp_path / "together"), tracks))
    assert together == alone
    audio = [track.own_preview or services.world.has_deezer_audio(track) for track in tracks]
    assert [bool(reference) for reference, _ in alone] == audio
    assert len(services.dial.failures["deezer"]) + len(services.dial.failures["previews"]) > 5
    assert {file.suffix for file in (tmp_path / "together").iterdir()} == {".mp3"}
