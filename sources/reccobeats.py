"""Audio features from ReccoBeats, which needs no key. Its values may be Spotify's own: store their origin."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from sources.errors import CapabilityDenied, SourceError
from sources.http import RetryableError, RetryPolicy, json_of, send_request, with_retries
from sources.metadata.storable import text_in
from sources.sender import new_session
from sources.track_features import TrackFeatures, read_features

API_URL = "https://api.reccobeats.com/v1/"
MAX_IDS = 40  # in one request; ReccoBeats silently drops the rest
ENDPOINT = "ReccoBeats (audio-features)"


class ReccoBeats:
    """A client of ReccoBeats. Any number of threads may share one."""

    def __init__(
        self,
        api_url: str = API_URL,
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008  immutable
        timeout_seconds: float = 20.0,
    ) -> None:
        self._url = f"{api_url.rstrip('/').removesuffix('/v1')}/v1/audio-features"
        self._retry_policy = retry_policy
        self._session = new_session(timeout_seconds)

    def features(self, ids: Collection[str]) -> dict[str, TrackFeatures]:
        """Audio features by id, for the tracks that ReccoBeats has. `ids`: at most MAX_IDS Spotify ids or ISRCs.

        Raises CapabilityDenied where it refuses us altogether, SourceError where it refuses the ids, TransientError
        and RateLimited.
        """
        if len(ids) > MAX_IDS:
            raise ValueError(f"ReccoBeats takes at most {MAX_IDS} ids at once, not {len(ids)}.")
        id_of_folded = {_folded(each): each for each in ids}
        if not id_of_folded:
            return {}
        rows = with_retries(self._retry_policy, lambda: self._request(sorted(id_of_folded)))
        features_of: dict[str, TrackFeatures] = {}
        # ReccoBeats changes the order of its rows. Sorted, the same of two rows of an ISRC counts each time.
        for row in sorted(rows, key=lambda row: text_in(row.get("id"))):
            features = read_features(row)
            for name in _names_of(row):
                if features is not None and name in id_of_folded:
                    features_of.setdefault(id_of_folded[name], features)
        return features_of

    def _request(self, ids: list[str]) -> list[Mapping[str, Any]]:
        response = send_request(self._session, ENDPOINT, "GET", self._url, params={"ids": ",".join(ids)})
        status = response.status_code
        if status in (401, 403, 404):
            raise CapabilityDenied(
                f"{ENDPOINT} answered {status}: it is not open to us; switch it off in labels.toml."
            )
        if 400 <= status < 500:
            raise SourceError(
                f"{ENDPOINT} answered {status} and refuses these ids; switch it off in labels.toml."
            )
        if status != 200:
            raise RetryableError(ENDPOINT, f"answered {status}")
        answer = json_of(ENDPOINT, response)
        rows = answer.get("content") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise RetryableError(ENDPOINT, "answered with JSON of another kind")
        return [row for row in rows if isinstance(row, dict)]


def _names_of(row: Mapping[str, Any]) -> list[str]:
    """The folded ids that a request may have used for this row: Spotify's id, out of `href`, and the ISRC."""
    href, isrc = row.get("href"), row.get("isrc")
    path = href.partition("?")[0] if isinstance(href, str) else ""
    return [_folded(path.rstrip("/").rpartition("/")[2]), _folded(isrc) if isinstance(isrc, str) else ""]


def _folded(name: str) -> str:
    """An ISRC in capitals without hyphens; a Spotify id unchanged, as its capitals count."""
    plain = re.sub(r"[\s-]", "", name)
    return plain.upper() if len(plain) == 12 else plain
