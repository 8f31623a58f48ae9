"""Sources of a track's audio: its own preview, Deezer's by ISRC, or a file of the user's library."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sources.deezer.api import JSON, DeezerApi, Refused
from sources.deezer.records import artist_names, id_of, preview_of, seconds_of
from sources.errors import RateLimited, TransientError
from sources.files.entries import cut_clips
from sources.files.library import Library, UnreadableMatchError
from sources.metadata.matching import same_artists, same_duration, same_title
from sources.metadata.storable import text_in
from sources.metadata.tags import clean_text
from sources.previews.download import Downloaded, DownloadError
from sources.previews.host import PreviewHost
from sources.records import AudioClip, AudioFile

SPOTIFY_LICENCE = "Spotify preview: Spotify's terms forbid training a model on it and keeping it for good."
DEEZER_LICENCE = (
    "Deezer preview: for personal, non-commercial use; no licence to pass it on or to train on it."
)
OWN_LICENCE = "Your own file."
EXPIRED_ADDRESS = "Spotify's address of the preview has expired; let another source give it."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A track without audio. `settled`: sources whose answer is final, so that they are skipped.

    `doubted`: sources that gave a doubtful answer before; the same answer again is final.
    """

    track_id: int
    provider: str
    external_id: str
    title: str
    artists: tuple[str, ...]
    isrc: str | None
    duration_s: float | None
    preview_url: str | None
    settled: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """Audio of a track. `reference`: the provider's id or the uri of what was found.

    `file`: the download in the inbox, to be moved into the store; None where the user's own file is read in place.
    """

    source: str
    reference: str
    clips: tuple[AudioClip, ...]
    file: Path | None


@dataclass(frozen=True, slots=True)
class NotFound:
    """A source gave no audio of a track. `again`: the next run should try again, as the cause may pass by itself.

    `doubtful`: a host has answered, perhaps in error; the same answer at the second attempt is final.
    """

    source: str
    reason: str  # short snake_case code
    detail: str  # one sentence
    again: bool
    doubtful: bool = False


class AudioSource(Protocol):
    """A source of audio. Any number of threads may share one."""

    @property
    def source(self) -> str:
        """ "own", "deezer" or "library"."""
        ...

    def find(self, wanted: Wanted, inbox: Path) -> Found | NotFound:
        """Audio of the track. Raises RateLimited, after which no source should be tried, and OSError of the disk."""
        ...


def find_audio(
    wanted: Wanted, sources: Sequence[AudioSource], inbox: Path
) -> tuple[Found | None, list[NotFound]]:
    """The audio of the first source that has any, and the answers of the sources before it.

    Stops at an answer that may differ next time. Else a later source would win because an earlier one failed by
    chance, and the result would depend on luck.
    """
    missing: list[NotFound] = []
    for source in sources:
        if source.source in wanted.settled:
            continue
        outcome = source.find(wanted, inbox)
        if isinstance(outcome, Found):
            return outcome, missing
        if outcome.doubtful and source.source in wanted.doubted:
            outcome = replace(outcome, again=False, doubtful=False)
        missing.append(outcome)
        if outcome.again:
            break
    return None, missing


def stored_uri(sha256: str, ending: str) -> str:
    """The uri of audio in the store: its path relative to the home, as the home may be moved."""
    return f"store:audio/{sha256[:2]}/{sha256}.{ending}"


class OwnPreviews:
    """The preview of the track's own provider: Spotify's address, or Deezer's for the track's id."""

    source = "own"

    def __init__(self, deezer: DeezerApi, hosts: Collection[str]) -> None:
        self._deezer = deezer
        self._host = PreviewHost(hosts, deezer.retry_policy, deezer.timeout_seconds)

    def find(self, wanted: Wanted, inbox: Path) -> Found | NotFound:
        """Reasons: no_preview, gone (no longer on Deezer), those of a download, unreachable, refused."""
        if wanted.provider == "deezer":
            return _outcome(self.source, lambda: self._from_deezer(wanted, inbox))
        if wanted.provider == "spotify" and wanted.preview_url:
            outcome = _outcome(
                self.source, lambda: self._from_spotify(wanted, wanted.preview_url or "", inbox)
            )
            expired = isinstance(outcome, NotFound) and outcome.reason == "expired"
            return (
                NotFound(self.source, "expired", EXPIRED_ADDRESS, True, doubtful=True) if expired else outcome
            )
        sentence = f"{wanted.provider} offers no preview of {_shown(wanted)}; let another source give it."
        return NotFound(self.source, "no_preview", sentence, again=False)

    def _from_spotify(self, wanted: Wanted, url: str, inbox: Path) -> Found:
        file = self._host.fetch(url, inbox)
        return _found(self.source, "spotify", f"spotify:track:{wanted.external_id}", file, SPOTIFY_LICENCE)

    def _from_deezer(self, wanted: Wanted, inbox: Path) -> Found | NotFound:
        record = self._deezer.track(wanted.external_id)
        if record is None:
            sentence = f"{_shown(wanted)} is no longer on Deezer; let another source give it."
            return NotFound(self.source, "gone", sentence, again=False)
        return _deezer_preview(self.source, self._host, wanted, record, inbox)


class DeezerByIsrc:
    """Deezer's preview of the recording with the same ISRC, if title, artists and length match too."""

    source = "deezer"

    def __init__(self, deezer: DeezerApi, hosts: Collection[str]) -> None:
        self._deezer = deezer
        self._host = PreviewHost(hosts, deezer.retry_policy, deezer.timeout_seconds)

    def find(self, wanted: Wanted, inbox: Path) -> Found | NotFound:
        """Reasons: no_isrc, unknown_isrc, other_recording, no_preview, those of a download, unreachable, refused."""
        return _outcome(self.source, lambda: self._find(wanted, inbox))

    def _find(self, wanted: Wanted, inbox: Path) -> Found | NotFound:
        if not wanted.isrc:
            sentence = (
                f"{_shown(wanted)} has no ISRC to ask Deezer for; put a file of your own into the library."
            )
            return NotFound(self.source, "no_isrc", sentence, again=False)
        record = self._deezer.track_by_isrc(wanted.isrc)
        if record is None:
            sentence = (
                f"Deezer has no {wanted.isrc}, the ISRC of {_shown(wanted)}; let another source give it."
            )
            return NotFound(self.source, "unknown_isrc", sentence, again=False)
        if other := _difference(wanted, record):
            under = f"Under {wanted.isrc}, the ISRC of {_shown(wanted)},"
            sentence = f"{under} Deezer has {other}; let another source give it."
            return NotFound(self.source, "other_recording", sentence, again=False)
        return _deezer_preview(self.source, self._host, wanted, record, inbox)


@dataclass(frozen=True)
class LibraryMatches:
    """The user's own file of the recording, as up to `windows` clips."""

    library: Library
    windows: int = 3
    source: str = "library"

    def find(self, wanted: Wanted, inbox: Path) -> Found | NotFound:  # noqa: ARG002  nothing is copied
        """Reasons: not_in_library, no_folder, not_audio, no_length; changed, vanished, unreadable."""
        folder = self.library.folder
        if not folder.is_dir():  # perhaps a disk that is not mounted
            sentence = f"There is no folder {clean_text(folder)}; put it back, or correct the library's name."
            return NotFound(self.source, "no_folder", sentence, again=True)
        try:
            file = self.library.find(wanted.isrc, wanted.title, wanted.artists, wanted.duration_s)
        except UnreadableMatchError as error:
            return NotFound(self.source, error.reason, str(error), error.again)
        if file is None:
            sentence = (
                f"No file in the library is {_shown(wanted)}; put one there, tagged with title and artist."
            )
            return NotFound(self.source, "not_in_library", sentence, again=False)
        own = AudioFile(
            provider=self.source,
            uri=file.path.as_uri(),
            sha256=file.sha256,
            bytes=file.bytes,
            modified_ns=file.modified_ns,
            duration_s=file.duration_s,
            licence=file.licence or OWN_LICENCE,
        )
        return Found(self.source, own.uri, cut_clips(own, self.windows), file=None)


def _outcome(source: str, find: Callable[[], Found | NotFound]) -> Found | NotFound:
    """The result of `find`, its errors as NotFound. It gets a second call where a signed address expired before use."""
    for last in (False, True):
        try:
            return find()
        except RateLimited:
            raise
        except TransientError as error:
            return NotFound(source, "unreachable", str(error), again=True)
        except Refused as error:
            return NotFound(source, "refused", str(error), again=False)
        except DownloadError as error:
            if error.reason != "expired" or last:
                return NotFound(source, error.reason, str(error), True, error.doubtful)
    raise AssertionError("unreachable")


def _deezer_preview(
    source: str, host: PreviewHost, wanted: Wanted, record: JSON, inbox: Path
) -> Found | NotFound:
    """The preview of Deezer's track, downloaded at once, as its address soon expires."""
    url = preview_of(record)
    if url is None:
        sentence = f"Deezer has no preview of {_shown(wanted)}; let another source give it."
        return NotFound(source, "no_preview", sentence, again=False)
    reference = f"deezer:track:{id_of(record) or 'without id'}"
    return _found(source, "deezer", reference, host.fetch(url, inbox), DEEZER_LICENCE)


def _found(source: str, provider: str, reference: str, file: Downloaded, licence: str) -> Found:
    preview = AudioFile(
        provider=provider,
        uri=stored_uri(file.sha256, file.ending),
        sha256=file.sha256,
        bytes=file.bytes,
        modified_ns=file.path.stat().st_mtime_ns,
        duration_s=file.duration_s,
        licence=licence,
    )
    return Found(source, reference, cut_clips(preview, windows=1), file.path)


def _difference(wanted: Wanted, record: JSON) -> str:
    """How Deezer's track differs from the wanted one, as the object of a sentence; "" where it does not."""
    title, names, seconds = clean_text(text_in(record.get("title"))), artist_names(record), seconds_of(record)
    if not same_title(wanted.title, title):
        return f"the title {title!r}"
    if not same_artists(wanted.artists, names):
        return f"other artists ({', '.join(names)})"
    if not same_duration(wanted.duration_s, seconds):
        return f"a recording of {seconds:.0f} s instead of {wanted.duration_s:.0f} s"
    return ""


def _shown(wanted: Wanted) -> str:
    return repr(clean_text(wanted.title))
