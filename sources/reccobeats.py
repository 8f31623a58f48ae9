"""Audio features from ReccoBeats, which asks for no key. Its figures may be Spotify's own: keep their origin."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from sources.errors import CapabilityDenied, SourceError
from sources.http import RetryableError, RetryPolicy, ask, json_of, with_retries
from sources.metadata.storable import text_in
from sources.sender import new_session
from sources.track_features import TrackFeatures, read_features

API_URL = "https://api.reccobeats.com/v1/"
MAX_IDS = 40  # in one request; it drops the rest without a word
WHAT = "ReccoBeats (audio-features)"


class ReccoBeats:
    """Any number of threads may share one."""

    def __init__(
        self,
        api_url: str = API_URL,
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008  immutable
        timeout_seconds: float = 20.0,
    ) -> None:
        self._url = f"{api_url.rstrip('/').removesuffix('/v1')}/v1/audio-features"
        self._patience = retry_policy
        self._session = new_session(timeout_seconds)

    def features(self, ids: Collection[str]) -> dict[str, TrackFeatures]:
        """The figures of those tracks that it knows; `ids` are Spotify's ids or ISRCs, at most MAX_IDS.

        Raises CapabilityDenied where it does not answer us at all, TransientError, RateLimited, and SourceError where it refuses the ids.
        """
        if len(ids) > MAX_IDS:
            raise ValueError(f"ReccoBeats takes at most {MAX_IDS} ids at once, not {len(ids)}.")
        wanted = {_folded(one): one for one in ids}
        if not wanted:
            return {}
        rows = with_retries(self._patience, lambda: self._ask(sorted(wanted)))
        found: dict[str, TrackFeatures] = {}
        # sorted, as its order changes, and so would which of two rows of an ISRC counts
        for row in sorted(rows, key=lambda row: text_in(row.get("id"))):
            features = read_features(row)
            for name in _names_of(row):
                if features is not None and name in wanted:
                    found.setdefault(wanted[name], features)
        return found

    def _ask(self, ids: list[str]) -> list[Mapping[str, Any]]:
        response = ask(self._session, WHAT, "GET", self._url, params={"ids": ",".join(ids)})
        status = response.status_code
        if status in (401, 403, 404):
            raise CapabilityDenied(
                f"{WHAT} answered {status}: it is not open to us; switch it off in labels.toml."
            )
        if 400 <= status < 500:
            raise SourceError(
                f"{WHAT} answered {status} and refuses these ids; switch it off in labels.toml."
            )
        if status != 200:
            raise RetryableError(WHAT, f"answered {status}")
        answer = json_of(WHAT, response)
        rows = answer.get("content") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise RetryableError(WHAT, "answered with JSON of another kind")
        return [row for row in rows if isinstance(row, dict)]


def _names_of(row: Mapping[str, Any]) -> list[str]:
    """The names under which somebody may have asked for it: Spotify's id, out of the address, and the ISRC."""
    href, isrc = row.get("href"), row.get("isrc")
    path = href.partition("?")[0] if isinstance(href, str) else ""
    return [_folded(path.rstrip("/").rpartition("/")[2]), _folded(isrc) if isinstance(isrc, str) else ""]


def _folded(name: str) -> str:
    """An ISRC without hyphens in capitals; a Spotify id, whose capitals count, as it is."""
    plain = re.sub(r"[\s-]", "", name)
    return plain.upper() if len(plain) == 12 else plain
