"""Sources of audio are asked one after the other, until one has it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sources.files.library import Library
from sources.previews.finders import (
    AudioSource,
    LibraryMatches,
    Wanted,
    find_audio,
)
from tests.sources.previews.outcomes import put, source_of
from tests.stand_ins import music
from tests.stand_ins.music import plain_isrc


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
        ("404", "http_404"),
        ("redirect-bad", "host_refused"),
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
                return found.reference, found.clips[0].file.sha256
            if not nowhere[-1].again:
                return "", nowhere[-1].reason

    tracks = list(services.world.tracks.values())
    alone = [look(track, tmp_path / "alone") for track in tracks]
    services.dial.probability, services.dial.longest_retry_after = 0.3, 0
    services.dial.stall_seconds = 0.02
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda track: look(track, tmp_path / "together"), tracks))
    assert together == alone
    has_audio = [track.own_preview or services.world.has_deezer_audio(track) for track in tracks]
    assert [bool(reference) for reference, _ in alone] == has_audio
    assert len(services.dial.failures["deezer"]) + len(services.dial.failures["previews"]) > 5
    assert {file.suffix for file in (tmp_path / "together").iterdir()} == {".mp3"}
