"""Clips of audio, and what was computed from them: spectrograms, features and fingerprints."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, Seconds, SetNow, Sha256, one_of


class Clip(Base):
    __tablename__ = "clips"
    __table_args__ = (
        UniqueConstraint("track_id", "provider", "offset_seconds"),
        CheckConstraint(one_of("status", "new", "ready", "too_short", "rejected"), "status"),
        CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", "rejected_with_reason"),
        Index("ix_clips_new", "id", postgresql_where="status = 'new'"),
        Index(
            "ix_clips_unusable", "status", "reason", postgresql_where="status IN ('rejected', 'too_short')"
        ),
        Index("ix_clips_stored", "sha256", postgresql_where="uri LIKE 'store:%'"),
        {"comment": "A piece of a track's audio: a whole preview, or a window cut from a longer file."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track that it is cut from."
    )
    provider: Mapped[str] = mapped_column(
        comment="Where the audio came from: spotify, deezer, library, folder, synth."
    )
    licence: Mapped[str | None] = mapped_column(comment="The licence as stated by the file or the provider.")
    reference: Mapped[str | None] = mapped_column(
        comment="The provider's own name of the audio (deezer:track:…), by which it can be fetched again."
    )
    uri: Mapped[str] = mapped_column(
        comment="The audio file: store:… below LABELSCOPE_HOME, or file:… in place, percent-encoded."
    )
    sha256: Mapped[Sha256] = mapped_column(comment="Of the whole audio file.")
    bytes: Mapped[int] = mapped_column(comment="Size of the audio file.")
    modified_ns: Mapped[int] = mapped_column(
        comment="Modification time of the file in nanoseconds since 1970, to know it again unread."
    )
    offset_seconds: Mapped[Seconds] = mapped_column(comment="Where in the file the clip begins.")
    duration_seconds: Mapped[Seconds] = mapped_column(comment="Length of the clip.")
    status: Mapped[str] = mapped_column(
        server_default="new",
        comment="new; ready: has a spectrogram; too_short: less than one crop; rejected.",
    )
    reason: Mapped[str | None] = mapped_column(comment="Why it was rejected, one word: truncated, silent, …")
    detail: Mapped[str | None] = mapped_column(comment="The same in a sentence, with the cure.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was found or fetched.")


class SpectrogramRecipe(Base):
    __tablename__ = "spectrogram_recipes"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        {"comment": "The exact parameters that turn sound into a log-mel spectrogram."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    fingerprint: Mapped[str] = mapped_column(
        String(12), comment="Hash of the parameters; names the folder of files."
    )
    parameters: Mapped[dict[str, Any]] = mapped_column(comment="Sample rate, n_fft, hop length, mel bands, …")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was first used.")


class Spectrogram(Base):
    __tablename__ = "spectrograms"
    __table_args__ = (
        UniqueConstraint("clip_id", "recipe_id"),
        Index(None, "recipe_id"),
        {"comment": "One log-mel spectrogram file: float16 .npy of shape (frames, mel bands), in dB."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    clip_id: Mapped[int] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), comment="What it shows.")
    recipe_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_recipes.id"), comment="How it was computed."
    )
    path: Mapped[str] = mapped_column(comment="Relative to spectrograms/ in the home.")
    sha256: Mapped[Sha256] = mapped_column(comment="Of the .npy file.")
    bytes: Mapped[int] = mapped_column(comment="Size of the .npy file.")
    frames: Mapped[int] = mapped_column(comment="Number of frames, one every hop length.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was computed.")


class AudioFeatures(Base):
    __tablename__ = "audio_features"
    __table_args__ = (
        UniqueConstraint("clip_id", "origin", "extractor_version"),
        Index(
            "uq_audio_features_of_track",
            "track_id",
            "origin",
            unique=True,
            postgresql_where="clip_id IS NULL",
        ),
        Index(None, "track_id"),
        CheckConstraint("key BETWEEN 0 AND 11", "key"),
        CheckConstraint("mode IN (0, 1)", "mode"),
        {"comment": "What was measured of a clip here, or of a whole track by a provider. Null: not known."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track.")
    clip_id: Mapped[int | None] = mapped_column(
        ForeignKey("clips.id", ondelete="CASCADE"),
        comment="The clip that was measured; null where a provider speaks of the whole track.",
    )
    origin: Mapped[str] = mapped_column(comment="Who measured: librosa, spotify, reccobeats.")
    extractor_version: Mapped[str] = mapped_column(comment="Version of our code and library, or of the API.")
    licence: Mapped[str | None] = mapped_column(comment="Under which terms a provider gives these numbers.")
    tempo: Mapped[float | None] = mapped_column(comment="Beats per minute.")
    key: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Pitch class: 0 = C, 1 = C sharp, … 11 = B."
    )
    mode: Mapped[int | None] = mapped_column(SmallInteger, comment="1 = major, 0 = minor.")
    key_confidence: Mapped[float | None] = mapped_column(
        comment="Correlation with the best key profile, to 1."
    )
    loudness_lufs: Mapped[float | None] = mapped_column(comment="Integrated loudness, ITU-R BS.1770.")
    onset_rate: Mapped[float | None] = mapped_column(comment="Onsets per second.")
    spectral_centroid_hz: Mapped[float | None] = mapped_column(comment="Mean over frames.")
    spectral_rolloff_hz: Mapped[float | None] = mapped_column(
        comment="Mean over frames; 85 % of the energy below."
    )
    spectral_flatness: Mapped[float | None] = mapped_column(comment="Mean over frames; 0 tone, 1 noise.")
    zero_crossing_rate: Mapped[float | None] = mapped_column(
        comment="Mean share of samples that change sign."
    )
    loudness_db: Mapped[float | None] = mapped_column(comment="Spotify's overall loudness, dB; no LUFS.")
    danceability: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    energy: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    speechiness: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    acousticness: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    instrumentalness: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    liveness: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    valence: Mapped[float | None] = mapped_column(comment="Spotify's measure, 0 to 1.")
    time_signature: Mapped[int | None] = mapped_column(SmallInteger, comment="Beats in a bar.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was computed or fetched.")


class Fingerprint(Base):
    __tablename__ = "fingerprints"
    __table_args__ = (
        # Without a list of pending entries, which each search would have to read from end to end.
        Index(None, "sketch", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        {"comment": "What a recording is known again by: landmarks in the spectrogram of a clip."},
    )

    clip_id: Mapped[int] = mapped_column(
        ForeignKey("clips.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The clip that was heard.",
    )
    version: Mapped[int] = mapped_column(
        comment="Of the code that made it; only fingerprints of one version can be compared."
    )
    landmarks: Mapped[bytes] = mapped_column(comment="Pairs of a hash and the frame at which it stands.")
    sketch: Mapped[list[int]] = mapped_column(
        comment="A few numbers; clips of one recording have some in common."
    )
    created_at: Mapped[SetNow] = mapped_column(comment="When it was computed.")
