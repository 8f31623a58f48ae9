"""Clips of audio, and their spectrograms, audio features and fingerprints."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, Seconds, SetNow, Sha256, one_of


class Clip(Base):
    __tablename__ = "clips"
    __table_args__ = (
        UniqueConstraint("track_id", "provider", "offset_s"),
        CheckConstraint(one_of("status", "new", "ready", "too_short", "rejected"), "status"),
        CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", "rejected_with_reason"),
        Index("ix_clips_new", "id", postgresql_where="status = 'new'"),
        Index(
            "ix_clips_unusable", "status", "reason", postgresql_where="status IN ('rejected', 'too_short')"
        ),
        Index("ix_clips_stored", "sha256", postgresql_where="uri LIKE 'store:%'"),
        {"comment": "A piece of a track's audio: a whole preview, or a window cut from a longer file."},
    )

    id: Mapped[Id]
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track of the clip."
    )
    provider: Mapped[str] = mapped_column(
        comment="Source of the audio: spotify, deezer, library, folder or synth."
    )
    licence: Mapped[str | None] = mapped_column(comment="Licence that the file or the provider states.")
    reference: Mapped[str | None] = mapped_column(
        comment="Reference of the audio at the provider (deezer:track:…), for a later download."
    )
    uri: Mapped[str] = mapped_column(
        comment="URI of the audio file: store:… below LABELSCOPE_HOME, or file:…, percent-encoded."
    )
    sha256: Mapped[Sha256] = mapped_column(comment="SHA-256 of the whole audio file.")
    bytes: Mapped[int] = mapped_column(comment="Size of the audio file in bytes.")
    modified_ns: Mapped[int] = mapped_column(
        comment="Modification time of the file in nanoseconds since 1970."
    )
    offset_s: Mapped[Seconds] = mapped_column(comment="Start of the clip in the file, in seconds.")
    duration_s: Mapped[Seconds] = mapped_column(comment="Length of the clip in seconds.")
    status: Mapped[str] = mapped_column(
        server_default="new",
        comment="State of the clip: new, ready (has a spectrogram), too_short (below one crop) or rejected.",
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Reason of a rejection in one word: truncated, silent, …"
    )
    detail: Mapped[str | None] = mapped_column(comment="Reason of a rejection and its cure, in a sentence.")
    created_at: Mapped[SetNow] = mapped_column(comment="Time at which the clip was found or downloaded.")


class SpectrogramConfig(Base):
    __tablename__ = "spectrogram_configs"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        {"comment": "The parameters of a log-mel spectrogram."},
    )

    id: Mapped[Id]
    fingerprint: Mapped[str] = mapped_column(
        String(12), comment="Hash of the parameters; also the name of the spectrograms' folder."
    )
    parameters: Mapped[dict[str, Any]] = mapped_column(
        comment="The parameters: sample rate, n_fft, hop length, mel bands, …"
    )
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the first use.")


class Spectrogram(Base):
    __tablename__ = "spectrograms"
    __table_args__ = (
        UniqueConstraint("clip_id", "config_id"),
        Index(None, "config_id"),
        {"comment": "A log-mel spectrogram file: float16 .npy of shape (frames, mel bands), in dB."},
    )

    id: Mapped[Id]
    clip_id: Mapped[int] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), comment="The clip.")
    config_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_configs.id"), comment="The parameters of the spectrogram."
    )
    path: Mapped[str] = mapped_column(comment="Path of the file below the folder of its parameters.")
    sha256: Mapped[Sha256] = mapped_column(comment="SHA-256 of the .npy file.")
    bytes: Mapped[int] = mapped_column(comment="Size of the .npy file in bytes.")
    frames: Mapped[int] = mapped_column(comment="Number of frames, one for each hop.")
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the computation.")


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
        {"comment": "Audio features of a clip, or of a whole track by a provider; null where unknown."},
    )

    id: Mapped[Id]
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track.")
    clip_id: Mapped[int | None] = mapped_column(
        ForeignKey("clips.id", ondelete="CASCADE"),
        comment="The clip; null for a provider's features of the whole track.",
    )
    origin: Mapped[str] = mapped_column(comment="Origin of the features: librosa, spotify or reccobeats.")
    extractor_version: Mapped[str] = mapped_column(
        comment="Version of the code and its library, or of the provider's API."
    )
    licence: Mapped[str | None] = mapped_column(comment="Terms of the provider for these features.")
    tempo_bpm: Mapped[float | None] = mapped_column(comment="Tempo in beats per minute.")
    key: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Pitch class: 0 = C, 1 = C sharp, … 11 = B."
    )
    mode: Mapped[int | None] = mapped_column(SmallInteger, comment="Mode: 1 = major, 0 = minor.")
    key_confidence: Mapped[float | None] = mapped_column(
        comment="Correlation with the best key profile, at most 1."
    )
    loudness_lufs: Mapped[float | None] = mapped_column(comment="Integrated loudness in LUFS, ITU-R BS.1770.")
    onset_rate: Mapped[float | None] = mapped_column(comment="Onsets per second.")
    spectral_centroid_hz: Mapped[float | None] = mapped_column(
        comment="Spectral centroid in Hz, mean over frames."
    )
    spectral_rolloff_hz: Mapped[float | None] = mapped_column(
        comment="Frequency in Hz below which 85 % of the energy is, mean over frames."
    )
    spectral_flatness: Mapped[float | None] = mapped_column(
        comment="Spectral flatness, mean over frames: 0 for a tone, 1 for noise."
    )
    zero_crossing_rate: Mapped[float | None] = mapped_column(
        comment="Mean share of samples at which the sign changes."
    )
    loudness_db: Mapped[float | None] = mapped_column(
        comment="Spotify's overall loudness in dB; it is no LUFS."
    )
    danceability: Mapped[float | None] = mapped_column(comment="Danceability by Spotify, 0 to 1.")
    energy: Mapped[float | None] = mapped_column(comment="Energy by Spotify, 0 to 1.")
    speechiness: Mapped[float | None] = mapped_column(comment="Speechiness by Spotify, 0 to 1.")
    acousticness: Mapped[float | None] = mapped_column(comment="Acousticness by Spotify, 0 to 1.")
    instrumentalness: Mapped[float | None] = mapped_column(comment="Instrumentalness by Spotify, 0 to 1.")
    liveness: Mapped[float | None] = mapped_column(comment="Liveness by Spotify, 0 to 1.")
    valence: Mapped[float | None] = mapped_column(comment="Valence by Spotify, 0 to 1.")
    time_signature: Mapped[int | None] = mapped_column(SmallInteger, comment="Beats in a bar.")
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the computation or download.")


class Fingerprint(Base):
    __tablename__ = "fingerprints"
    __table_args__ = (
        # No pending list: each search would read all of it.
        Index(None, "sketch", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        {"comment": "The fingerprint of a clip, which finds other clips of the same recording."},
    )

    clip_id: Mapped[int] = mapped_column(
        ForeignKey("clips.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The clip.",
    )
    version: Mapped[int] = mapped_column(
        comment="Version of the fingerprint code; only fingerprints of one version compare."
    )
    landmarks: Mapped[bytes] = mapped_column(
        comment="Landmarks in the spectrogram: pairs of a hash and its frame."
    )
    sketch: Mapped[list[int]] = mapped_column(
        comment="A few hashes; clips of one recording share some of them."
    )
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the computation.")
