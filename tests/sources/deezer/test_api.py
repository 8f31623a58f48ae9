"""Requests to Deezer: its errors in answers of status 200, other faults, and its limit of requests."""

import threading
import time
from datetime import UTC, datetime

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from sources.deezer.api import DeezerApi, Refused
from sources.errors import RateLimited, TransientError, Unavailable
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from tests.sources.deezer.lists import LIST, reference
from tests.stand_ins.faults import deezer_error
from tests.stand_ins.stand_ins import listening_socket


@pytest.mark.parametrize(
    "answer",
    [
        HTMLResponse("<html>"),
        JSONResponse([1]),
        JSONResponse({}),
        JSONResponse(None),
        JSONResponse({"data": "x"}),
        JSONResponse({"error": "x"}),
        JSONResponse({"error": {"message": "x"}}),
        Response("[" * 100_000),
        JSONResponse({}, 403),
        JSONResponse({}, 404),
        HTMLResponse("<html>", 502),
        JSONResponse({}, 429),
    ],
)
def test_what_is_no_answer_passes_or_is_a_transient_error(odd, answer) -> None:
    answers, source = odd
    answers["track/1"] = (answer, answer, answer, {"id": 1})
    assert source.api.track("1") == {"id": 1}
    answers["track/2"] = answer
    with pytest.raises(TransientError) as caught:
        source.api.track("2")
    assert not isinstance(caught.value, RateLimited)
    assert "Deezer (track/2)" in str(caught.value)


def test_a_wait_that_is_asked_for_in_a_header_is_kept(odd) -> None:
    answers, source = odd
    answers["track/1"] = JSONResponse({}, 429, {"Retry-After": "86400"})
    with pytest.raises(RateLimited) as caught:
        source.api.track("1")
    assert (caught.value.until - datetime.now(UTC)).total_seconds() == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize("code", [4, 700])
def test_quota_and_busy_pass_or_are_transient_errors(odd, code) -> None:
    answers, source = odd
    error = deezer_error("Exception", "hold on", code)
    answers["track/isrc:DEA122100001"] = (error, {"id": 1})
    assert source.api.track_by_isrc("DEA122100001") == {"id": 1}
    answers["track/2"] = error
    with pytest.raises(TransientError) as caught:
        source.api.track("2")
    assert not isinstance(caught.value, RateLimited)


def test_no_data_is_final_and_so_is_every_other_code(odd) -> None:
    answers, source = odd
    found = {"id": 1}
    answers["track/1"] = (deezer_error("DataException", "no data", 800), found)
    assert source.api.track("1") is None
    answers["track/2"] = (deezer_error("ParameterException", "Wrong\0\nparameter", 500), found)
    with pytest.raises(Refused) as caught:
        source.api.track("2")
    assert caught.value.code == 500
    assert "'Wrong parameter'" in str(caught.value)


def test_a_404_with_deezers_own_code_is_final(odd) -> None:
    answers, source = odd
    words = {"error": {"type": "DataException", "message": "no data", "code": 800}}
    answers["track/1"] = answers["playlist/1"] = JSONResponse(words, 404)
    assert source.api.track("1") is None
    with pytest.raises(Unavailable) as caught:
        source.fetch_playlist(reference("1"))
    assert caught.value.status == "gone"
    answers["track/2"] = JSONResponse({"error": {"code": 4}}, 403)
    with pytest.raises(TransientError, match="no quota"):
        source.api.track("2")


def test_no_server_is_a_transient_error() -> None:
    at = listening_socket()
    api = DeezerApi(f"http://127.0.0.1:{at.getsockname()[1]}/", retry_policy=RetryPolicy(2, 0.001))
    with pytest.raises(TransientError):
        api.track("1")
    at.close()


@pytest.mark.parametrize("kind", ["503", "reset", "stall"])
def test_each_fault_is_outlived(services, source, kind) -> None:
    services.dial.stall_seconds = 1.3
    services.dial.fail_next("deezer", kind)
    assert source.api.playlist(LIST)["id"] == int(LIST)
    assert len(services.dial.failures["deezer"]) == 1


def test_no_window_ever_holds_more_requests_than_allowed(services) -> None:
    """Six threads. The fake Deezer refuses requests above the limit in any of its windows."""
    services.deezer.limit, services.deezer.window_seconds = 12, 0.4
    api = DeezerApi(services.deezer.api_url, RollingWindow(12, 1.0), RetryPolicy(attempts=1))
    began = time.monotonic()
    problems: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(6):
                api.playlist(LIST)
        except Exception as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert services.deezer.refused == 0
    assert services.dial.count("deezer") == 36
    assert 2.0 <= time.monotonic() - began < 60  # 12 at once, then 12 in each of two further windows
