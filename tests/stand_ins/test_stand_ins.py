"""The fake services behave as the real ones do, fail as often as a test wants, and run as a process."""

import hashlib
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import soundfile as sf

from tests.stand_ins import music
from tests.stand_ins.previews import BEHAVIOURS
from tests.stand_ins.sounds import preview_bytes
from tests.stand_ins.stand_ins import StandIns, stand_ins


def test_the_seed_has_exactly_the_tracks_that_it_is_known_for() -> None:
    world = music.seed_world()
    counts = world.summary()
    assert (counts["playlists"], counts["entries"], counts["with_audio"]) == (6, 2287, 1429)
    assert music.seed_world() == world
    assert len({track.id for track in world.tracks.values()}) == len(world.tracks) == counts["tracks"] == 2235
    assert all(track.isrc is None or track.isrc[-5:].isdigit() for track in world.tracks.values())


def test_deezer_finds_by_isrc_and_its_errors_have_status_200(
    services: StandIns, http: requests.Session
) -> None:
    api, world = services.deezer.api_url, services.world
    (track,) = world.trapped("odd_isrc")
    found = http.get(f"{api}track/isrc:{track.isrc}").json()
    assert found["title"] == track.title and "bpm" not in found and found["id"] > 2**31
    assert "bpm" in http.get(f"{api}track/{found['id']}").json()
    (unknown,) = world.trapped("unknown_isrc")
    missing = http.get(f"{api}track/isrc:{unknown.isrc}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (200, 800)
    page = http.get(f"{api}playlist/908622995/tracks?index=2&limit=3").json()
    assert (
        (len(page["data"]), page["total"]) == (3, 7)
        and "index=5" in page["next"]
        and "index=0" in page["prev"]
    )
    services.dial.fail_next("deezer", "deezer-4", "deezer-700")
    assert [http.get(f"{api}playlist/908622995").json()["error"]["code"] for _ in range(2)] == [4, 700]


def test_deezers_quota_is_a_rolling_window(services: StandIns, http: requests.Session) -> None:
    services.deezer.limit, services.deezer.window_seconds = 3, 0.4
    address = f"{services.deezer.api_url}playlist/908622995"

    def answers(times: int) -> list[bool]:
        return ["error" not in http.get(address).json() for _ in range(times)]

    assert answers(5) == [True, True, True, False, False]
    time.sleep(0.4)
    assert answers(4) == [True, True, True, False]
    assert services.deezer.refused == 3


def test_previews_are_audio_of_their_own_and_deezers_expire(
    services: StandIns, http: requests.Session
) -> None:
    seen = set()
    for id in services.world.deezer:
        audio = http.get(services.previews.deezer_url(id)).content
        seen.add(hashlib.sha256(audio).hexdigest())
    silent = [track for track in services.world.deezer.values() if not track.preview]
    assert len(seen) == len(services.world.deezer) - len(silent) + 1
    (track,) = [track for track in services.world.trapped("own") if track.title.endswith(" 3")]
    own = http.get(f"{services.previews.url}mp3-preview/{track.id}?cid=x")
    assert own.headers["content-type"] == "audio/mpeg" and hashlib.sha256(own.content).hexdigest() not in seen
    assert 3.7 < sf.info(io.BytesIO(own.content)).duration < 4
    fresh = services.previews.deezer_url(id)
    services.previews.deezer_seconds = -1
    assert http.get(services.previews.deezer_url(id)).status_code == 403
    assert http.get(fresh.replace("exp=", "exp=9")).status_code == 403


def test_the_preview_host_misbehaves_as_told(services: StandIns, http: requests.Session) -> None:
    previews = services.previews
    with pytest.raises(requests.RequestException):
        _ = http.get(previews.behaving("truncated")).content
    for behaviour in ("endless", "oversized", "slow"):
        with http.get(previews.behaving(behaviour), stream=True) as answer:
            assert len(next(answer.iter_content(3))) in (1, 3)
    assert http.get(previews.behaving("html-as-mp3")).headers["content-type"].startswith("audio/mpeg")
    for behaviour in (name for name in BEHAVIOURS if name.startswith("redirect")):
        request = http.prepare_request(requests.Request("GET", previews.behaving(behaviour)))
        # By the adapter: a session would read where it leads, which may be no address at all.
        answer = http.get_adapter(str(request.url)).send(request, verify=http.verify)
        assert answer.is_redirect, behaviour
    assert not services.requests["trap"]
    for behaviour in ("redirect-http", "redirect-host", "redirect-port"):
        assert http.get(previews.behaving(behaviour)).ok
    assert len(services.requests["trap"]) == 3
    with pytest.raises(requests.TooManyRedirects):
        http.get(previews.behaving("redirect-loop"))
    (track,) = services.world.trapped("feat")
    previews.behaviours[str(music.twin_of(services.world, track).id)] = "410"
    assert http.get(previews.deezer_url(music.twin_of(services.world, track).id)).status_code == 410


def test_reccobeats_leaves_out_what_it_does_not_know() -> None:
    world = music.long_world(60)
    with stand_ins(world) as services:
        address = services.environment["LABELSCOPE_RECCOBEATS_API_URL"] + "/v1/audio-features"
        asked = {"ids": ",".join(["unknown", *world.tracks])}
        assert requests.get(address, params=asked).status_code == 403  # Python's own name is not welcome
        rows = requests.get(address, params=asked, headers={"User-Agent": "Labelscope"}).json()["content"]
    ids = [row["href"].rpartition("/")[2] for row in rows]
    of_ours = [id for id in ids if id in world.tracks]
    assert set(of_ours) < set(list(world.tracks)[:39]) and len(of_ours) < len(ids)
    assert of_ours != [id for id in world.tracks if id in of_ours]
    assert {"key", "tempo", "valence"} < rows[0].keys() and "time_signature" not in rows[0]


def test_the_dial_fails_a_set_share_and_the_same_ones_again() -> None:
    failures = []
    for _ in range(2):
        with stand_ins(music.small_world(), failure=0.2, seed=3) as services, requests.Session() as http:
            services.dial.kinds["deezer"] = ("503", "deezer-4", "deezer-700")
            for index in range(300):
                http.get(f"{services.deezer.api_url}playlist/908622995/tracks?index={index}")
            assert services.dial.count("deezer") == 300
            failures.append(services.dial.failures["deezer"])
    assert failures[0] == failures[1] and 30 < len(failures[0]) < 90
    assert {kind for *_, kind in failures[0]} == {"503", "deezer-4", "deezer-700"}


def test_the_stand_ins_run_as_a_process_and_serve_the_same_bytes() -> None:
    command = [sys.executable, "-m", "tests.stand_ins.stand_ins", "--world", "small"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        environment = json.loads(process.stdout.readline())
        (host,) = json.loads(environment["LABELSCOPE_PREVIEW_HOSTS"])
        assert 'playlists = ["deezer:908622995"]' in Path(environment["LABELSCOPE_LABELS"]).read_text()
        track = music.small_world().trapped("deezer")[0]
        audio = requests.get(
            f"https://{host}/mp3-preview/{track.id}", verify=environment["REQUESTS_CA_BUNDLE"]
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert audio.content == preview_bytes(track.sound, track.id)
