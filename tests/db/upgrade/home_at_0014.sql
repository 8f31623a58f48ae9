-- A home's database as the code at migration 0014 made it, without pgvector. Read by tests/db/test_upgrade.py; not to be edited.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.enter_answers() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO holdout_answers (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
        SELECT p.model_id, p.trained_label_id, p.nearest_id, sign * count(*),
               sign * count(*) FILTER (WHERE p.label_id IS NULL), sign * sum(p.confidence)
          FROM changed p
          JOIN models m ON m.id = p.model_id
         CROSS JOIN (SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END AS sign) AS way
         WHERE p.split = 'holdout' AND p.trained_label_id IS NOT NULL
         GROUP BY p.model_id, p.trained_label_id, p.nearest_id, sign;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_gone_tracks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT id FROM changed
         UNION
        SELECT o.id FROM changed JOIN tracks o ON o.isrc = changed.isrc;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_members() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT track_id FROM changed
         UNION
        SELECT o.id FROM changed JOIN tracks t ON t.id = changed.track_id JOIN tracks o ON o.isrc = t.isrc;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_new_tracks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id) SELECT id FROM changed;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_other_recordings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT unnest(changed.id || ARRAY(SELECT o.id FROM tracks o WHERE o.isrc IN (was.isrc, changed.isrc)))
          FROM changed JOIN was ON was.id = changed.id
         WHERE (changed.isrc, changed.provider) IS DISTINCT FROM (was.isrc, was.provider);
     RETURN NULL; END $$;

CREATE FUNCTION public.note_tracks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id) SELECT DISTINCT track_id FROM changed;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_tracks_of_clips() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT DISTINCT c.track_id FROM changed JOIN clips c ON c.id = changed.clip_id;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_tracks_of_models() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT p.track_id
          FROM changed JOIN was ON was.id = changed.id AND was.status <> changed.status
          JOIN predictions p ON p.model_id = changed.id
         WHERE changed.status = 'champion';
     RETURN NULL; END $$;

CREATE FUNCTION public.note_tracks_of_playlists() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT unnest(pt.track_id || ARRAY(SELECT o.id FROM tracks o WHERE o.isrc = t.isrc))
          FROM changed JOIN was ON was.id = changed.id AND was.label_id <> changed.label_id
          JOIN playlist_tracks pt ON pt.playlist_id = changed.id
          JOIN tracks t ON t.id = pt.track_id;
     RETURN NULL; END $$;

CREATE FUNCTION public.note_tracks_of_trainings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN 
        INSERT INTO changed_tracks (track_id)
        SELECT rt.track_id
          FROM changed JOIN was ON was.id = changed.id AND was.status <> changed.status
          JOIN training_run_tracks rt ON rt.training_run_id = changed.id
         WHERE 'completed' IN (was.status, changed.status);
     RETURN NULL; END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.artists (
    id bigint NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    name text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.artists IS 'An artist as one provider knows it.';

COMMENT ON COLUMN public.artists.id IS 'Primary key.';

COMMENT ON COLUMN public.artists.provider IS 'Who knows the artist by this id.';

COMMENT ON COLUMN public.artists.external_id IS 'The provider''s id; for files the folded name.';

COMMENT ON COLUMN public.artists.name IS 'The name as first seen.';

COMMENT ON COLUMN public.artists.first_seen_at IS 'When it was first ingested.';

ALTER TABLE public.artists ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.artists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audio_features (
    id bigint NOT NULL,
    track_id bigint NOT NULL,
    clip_id bigint,
    origin text NOT NULL,
    extractor_version text NOT NULL,
    tempo double precision,
    key smallint,
    mode smallint,
    key_confidence double precision,
    loudness_lufs double precision,
    onset_rate double precision,
    spectral_centroid_hz double precision,
    spectral_rolloff_hz double precision,
    spectral_flatness double precision,
    zero_crossing_rate double precision,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    licence text,
    loudness_db double precision,
    danceability double precision,
    energy double precision,
    speechiness double precision,
    acousticness double precision,
    instrumentalness double precision,
    liveness double precision,
    valence double precision,
    time_signature smallint,
    CONSTRAINT ck_audio_features_key CHECK (((key >= 0) AND (key <= 11))),
    CONSTRAINT ck_audio_features_mode CHECK ((mode = ANY (ARRAY[0, 1])))
);

COMMENT ON TABLE public.audio_features IS 'What was measured of a clip here, or of a whole track by a provider. Null: not known.';

COMMENT ON COLUMN public.audio_features.id IS 'Primary key.';

COMMENT ON COLUMN public.audio_features.track_id IS 'The track.';

COMMENT ON COLUMN public.audio_features.clip_id IS 'The clip that was measured; null where a provider speaks of the whole track.';

COMMENT ON COLUMN public.audio_features.origin IS 'Who measured: librosa, spotify, reccobeats.';

COMMENT ON COLUMN public.audio_features.extractor_version IS 'Version of our code and library, or of the API.';

COMMENT ON COLUMN public.audio_features.tempo IS 'Beats per minute.';

COMMENT ON COLUMN public.audio_features.key IS 'Pitch class: 0 = C, 1 = C sharp, … 11 = B.';

COMMENT ON COLUMN public.audio_features.mode IS '1 = major, 0 = minor.';

COMMENT ON COLUMN public.audio_features.key_confidence IS 'Correlation with the best key profile, to 1.';

COMMENT ON COLUMN public.audio_features.loudness_lufs IS 'Integrated loudness, ITU-R BS.1770.';

COMMENT ON COLUMN public.audio_features.onset_rate IS 'Onsets per second.';

COMMENT ON COLUMN public.audio_features.spectral_centroid_hz IS 'Mean over frames.';

COMMENT ON COLUMN public.audio_features.spectral_rolloff_hz IS 'Mean over frames; 85 % of the energy below.';

COMMENT ON COLUMN public.audio_features.spectral_flatness IS 'Mean over frames; 0 tone, 1 noise.';

COMMENT ON COLUMN public.audio_features.zero_crossing_rate IS 'Mean share of samples that change sign.';

COMMENT ON COLUMN public.audio_features.created_at IS 'When it was computed or fetched.';

COMMENT ON COLUMN public.audio_features.licence IS 'Under which terms a provider gives these numbers.';

COMMENT ON COLUMN public.audio_features.loudness_db IS 'Spotify''s overall loudness, dB; no LUFS.';

COMMENT ON COLUMN public.audio_features.danceability IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.energy IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.speechiness IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.acousticness IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.instrumentalness IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.liveness IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.valence IS 'Spotify''s measure, 0 to 1.';

COMMENT ON COLUMN public.audio_features.time_signature IS 'Beats in a bar.';

ALTER TABLE public.audio_features ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audio_features_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.clips (
    id bigint NOT NULL,
    track_id bigint NOT NULL,
    provider text NOT NULL,
    licence text,
    uri text NOT NULL,
    sha256 character varying(64) NOT NULL,
    bytes bigint NOT NULL,
    modified_ns bigint NOT NULL,
    offset_seconds numeric(12,3) NOT NULL,
    duration_seconds numeric(12,3) NOT NULL,
    status text DEFAULT 'new'::text NOT NULL,
    reason text,
    detail text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    reference text,
    CONSTRAINT ck_clips_rejected_with_reason CHECK (((status = 'rejected'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_clips_status CHECK ((status = ANY (ARRAY['new'::text, 'ready'::text, 'too_short'::text, 'rejected'::text])))
);

COMMENT ON TABLE public.clips IS 'A piece of a track''s audio: a whole preview, or a window cut from a longer file.';

COMMENT ON COLUMN public.clips.id IS 'Primary key.';

COMMENT ON COLUMN public.clips.track_id IS 'The track that it is cut from.';

COMMENT ON COLUMN public.clips.provider IS 'Where the audio came from: spotify, deezer, library, folder, synth.';

COMMENT ON COLUMN public.clips.licence IS 'The licence as stated by the file or the provider.';

COMMENT ON COLUMN public.clips.uri IS 'The audio file: store:… below LABELSCOPE_HOME, or file:… in place, percent-encoded.';

COMMENT ON COLUMN public.clips.sha256 IS 'Of the whole audio file.';

COMMENT ON COLUMN public.clips.bytes IS 'Size of the audio file.';

COMMENT ON COLUMN public.clips.modified_ns IS 'Modification time of the file in nanoseconds since 1970, to know it again unread.';

COMMENT ON COLUMN public.clips.offset_seconds IS 'Where in the file the clip begins.';

COMMENT ON COLUMN public.clips.duration_seconds IS 'Length of the clip.';

COMMENT ON COLUMN public.clips.status IS 'new; ready: has a spectrogram; too_short: less than one crop; rejected.';

COMMENT ON COLUMN public.clips.reason IS 'Why it was rejected, one word: truncated, silent, …';

COMMENT ON COLUMN public.clips.detail IS 'The same in a sentence, with the cure.';

COMMENT ON COLUMN public.clips.created_at IS 'When it was found or fetched.';

COMMENT ON COLUMN public.clips.reference IS 'The provider''s own name of the audio (deezer:track:…), by which it can be fetched again.';

CREATE TABLE public.lookups (
    track_id bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    again boolean NOT NULL,
    tries smallint DEFAULT '1'::smallint NOT NULL,
    version text,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    doubted_since timestamp with time zone,
    CONSTRAINT ck_lookups_kind CHECK ((kind = ANY (ARRAY['audio'::text, 'features'::text])))
);

COMMENT ON TABLE public.lookups IS 'A source that was asked for something of a track and had none; so it is not asked anew.';

COMMENT ON COLUMN public.lookups.track_id IS 'The track.';

COMMENT ON COLUMN public.lookups.kind IS 'What was asked for: audio, features.';

COMMENT ON COLUMN public.lookups.source IS 'Who was asked: own (the track''s own preview), deezer, library; spotify, reccobeats.';

COMMENT ON COLUMN public.lookups.reason IS 'Why there was none, one word: unknown_isrc, no_preview, …';

COMMENT ON COLUMN public.lookups.detail IS 'The same in a sentence.';

COMMENT ON COLUMN public.lookups.again IS 'True: a passing fault, and the next run asks again.';

COMMENT ON COLUMN public.lookups.tries IS 'How often in a row it came to a passing fault.';

COMMENT ON COLUMN public.lookups.version IS 'Version of what was searched, such as the library''s; a new one is searched again.';

COMMENT ON COLUMN public.lookups.checked_at IS 'When it was asked.';

COMMENT ON COLUMN public.lookups.doubted_since IS 'When a host first gave this answer, which is final if it gives it on another day; NULL: no doubt.';

CREATE TABLE public.playlist_tracks (
    playlist_id bigint NOT NULL,
    track_id bigint NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone
);

COMMENT ON TABLE public.playlist_tracks IS 'Which playlist holds which track, as of the playlist''s last complete ingest.';

COMMENT ON COLUMN public.playlist_tracks.playlist_id IS 'The playlist.';

COMMENT ON COLUMN public.playlist_tracks.track_id IS 'The track.';

COMMENT ON COLUMN public.playlist_tracks.added_at IS 'When it came in: by the provider''s word, or else when we first saw it.';

COMMENT ON COLUMN public.playlist_tracks.removed_at IS 'When it was seen to be gone; null while it is in.';

CREATE VIEW public.audio_not_found AS
 SELECT DISTINCT ON (track_id) track_id,
    source,
    reason,
    detail,
    again,
    checked_at
   FROM public.lookups l
  WHERE ((kind = 'audio'::text) AND (NOT (EXISTS ( SELECT
           FROM public.clips c
          WHERE (c.track_id = l.track_id)))) AND (EXISTS ( SELECT
           FROM public.playlist_tracks pt
          WHERE ((pt.track_id = l.track_id) AND (pt.removed_at IS NULL)))))
  ORDER BY track_id, checked_at DESC, source;

COMMENT ON VIEW public.audio_not_found IS 'Tracks in playlists for which no source had audio: the last one asked, and why.';

CREATE VIEW public.best_audio_features AS
 SELECT DISTINCT ON (f.track_id) f.track_id,
    f.origin,
    f.clip_id,
    f.extractor_version,
    COALESCE(f.licence, c.licence) AS licence,
    f.tempo,
    f.key,
    f.mode,
    f.loudness_lufs,
    f.loudness_db,
    f.onset_rate,
    f.danceability,
    f.energy,
    f.speechiness,
    f.acousticness,
    f.instrumentalness,
    f.liveness,
    f.valence,
    f.time_signature,
    f.spectral_centroid_hz,
    f.created_at
   FROM (public.audio_features f
     LEFT JOIN public.clips c ON ((c.id = f.clip_id)))
  ORDER BY f.track_id, (array_position(ARRAY['spotify'::text, 'reccobeats'::text], f.origin)), c.offset_seconds, f.id DESC;

COMMENT ON VIEW public.best_audio_features IS 'One row of features per track, and whose: Spotify knows the whole recording, ReccoBeats likewise, librosa heard a clip here. All of them stand side by side in audio_features.';

CREATE TABLE public.metrics (
    id bigint NOT NULL,
    model_id bigint NOT NULL,
    split text NOT NULL,
    level text NOT NULL,
    name text NOT NULL,
    label_id bigint,
    value double precision NOT NULL,
    ci_low double precision,
    ci_high double precision,
    count bigint NOT NULL,
    CONSTRAINT ck_metrics_level CHECK ((level = ANY (ARRAY['crop'::text, 'clip'::text, 'track'::text]))),
    CONSTRAINT ck_metrics_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text])))
);

COMMENT ON TABLE public.metrics IS 'How good a model is: one number per split, level and, for some, label.';

COMMENT ON COLUMN public.metrics.id IS 'Primary key.';

COMMENT ON COLUMN public.metrics.model_id IS 'The model.';

COMMENT ON COLUMN public.metrics.split IS 'train, validation or holdout.';

COMMENT ON COLUMN public.metrics.level IS 'crop, clip (mean of its crops) or track (mean of its clips).';

COMMENT ON COLUMN public.metrics.name IS 'accuracy, balanced_accuracy, macro_f1, precision, recall, …';

COMMENT ON COLUMN public.metrics.label_id IS 'Null for all labels together.';

COMMENT ON COLUMN public.metrics.value IS 'The number.';

COMMENT ON COLUMN public.metrics.ci_low IS 'Lower end of the 95 % interval.';

COMMENT ON COLUMN public.metrics.ci_high IS 'Upper end of the 95 % interval.';

COMMENT ON COLUMN public.metrics.count IS 'How many crops, clips or tracks it rests on.';

CREATE VIEW public.holdout_figures AS
 SELECT model_id,
    max(value) FILTER (WHERE (name = 'accuracy'::text)) AS track_accuracy,
    max(value) FILTER (WHERE (name = 'majority'::text)) AS majority,
    max(value) FILTER (WHERE (name = 'balanced_accuracy'::text)) AS balanced_accuracy,
    max(ci_low) FILTER (WHERE (name = 'balanced_accuracy'::text)) AS ci_low,
    max(ci_high) FILTER (WHERE (name = 'balanced_accuracy'::text)) AS ci_high,
    max(value) FILTER (WHERE (name = 'ece'::text)) AS ece,
    max(value) FILTER (WHERE (name = 'known_share'::text)) AS known_share,
    max(value) FILTER (WHERE (name = 'balanced_accuracy_over_baseline'::text)) AS over_baseline,
    max(ci_low) FILTER (WHERE (name = 'balanced_accuracy_over_baseline'::text)) AS over_baseline_low,
    max(ci_high) FILTER (WHERE (name = 'balanced_accuracy_over_baseline'::text)) AS over_baseline_high,
    max(value) FILTER (WHERE (name = 'balanced_accuracy_over_champion'::text)) AS over_champion,
    max(ci_low) FILTER (WHERE (name = 'balanced_accuracy_over_champion'::text)) AS over_champion_low,
    max(ci_high) FILTER (WHERE (name = 'balanced_accuracy_over_champion'::text)) AS over_champion_high
   FROM public.metrics
  WHERE ((split = 'holdout'::text) AND (level = 'track'::text) AND (label_id IS NULL))
  GROUP BY model_id;

COMMENT ON VIEW public.holdout_figures IS 'Per model: its figures on held-out tracks, with the 95 % interval of the balanced accuracy, and of what it has over the baseline and over the champion that it challenged.';

CREATE TABLE public.models (
    id bigint NOT NULL,
    training_run_id bigint NOT NULL,
    path text NOT NULL,
    sha256 character varying(64) NOT NULL,
    bytes bigint NOT NULL,
    status text DEFAULT 'candidate'::text NOT NULL,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    promoted_at timestamp with time zone,
    architecture text NOT NULL,
    calibration jsonb DEFAULT '{}'::jsonb NOT NULL,
    embedded_at timestamp with time zone,
    CONSTRAINT ck_models_status CHECK ((status = ANY (ARRAY['candidate'::text, 'champion'::text, 'retired'::text, 'rejected'::text, 'yardstick'::text])))
);

COMMENT ON TABLE public.models IS 'A trained model in a file. At most one is the champion, the one in use.';

COMMENT ON COLUMN public.models.id IS 'Primary key.';

COMMENT ON COLUMN public.models.training_run_id IS 'How it came about.';

COMMENT ON COLUMN public.models.path IS 'The model''s file, relative to models/ in the home.';

COMMENT ON COLUMN public.models.sha256 IS 'Of the model''s file; a file that differs is refused.';

COMMENT ON COLUMN public.models.bytes IS 'Size of the model''s file.';

COMMENT ON COLUMN public.models.status IS 'Whether it is in use; yardstick: trained to compare with, and never in use.';

COMMENT ON COLUMN public.models.reason IS 'Why it has this status.';

COMMENT ON COLUMN public.models.created_at IS 'When it was trained.';

COMMENT ON COLUMN public.models.promoted_at IS 'When it became champion.';

COMMENT ON COLUMN public.models.architecture IS 'What it is: seed, labelscope, baseline, …';

COMMENT ON COLUMN public.models.calibration IS 'Temperature of each level, and below which confidence a track is unknown; as in the file.';

COMMENT ON COLUMN public.models.embedded_at IS 'When all tracks that it had scored had an embedding; null: not yet, or they are kept no longer.';

CREATE TABLE public.training_runs (
    id bigint NOT NULL,
    flow_run_id text,
    why text NOT NULL,
    status text DEFAULT 'running'::text NOT NULL,
    error text,
    remarks jsonb DEFAULT '[]'::jsonb NOT NULL,
    architecture text NOT NULL,
    hyperparameters jsonb NOT NULL,
    recipe_id bigint NOT NULL,
    dataset_fingerprint character varying(64) NOT NULL,
    labels jsonb NOT NULL,
    versions jsonb NOT NULL,
    history jsonb DEFAULT '[]'::jsonb NOT NULL,
    seconds double precision,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    origins jsonb DEFAULT '[]'::jsonb NOT NULL,
    on_demand boolean DEFAULT false NOT NULL,
    tracks bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_training_runs_status CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'refused'::text, 'failed'::text, 'crashed'::text])))
);

COMMENT ON TABLE public.training_runs IS 'One training, with everything that is needed to repeat it.';

COMMENT ON COLUMN public.training_runs.id IS 'Primary key.';

COMMENT ON COLUMN public.training_runs.flow_run_id IS 'The Prefect flow run that did it.';

COMMENT ON COLUMN public.training_runs.why IS 'What set it off: the first one, enough new tracks, a person''s wish.';

COMMENT ON COLUMN public.training_runs.status IS 'How it stands or ended.';

COMMENT ON COLUMN public.training_runs.error IS 'Why it was refused or failed.';

COMMENT ON COLUMN public.training_runs.remarks IS 'What it had to leave out, and what it cannot bring, a sentence each.';

COMMENT ON COLUMN public.training_runs.architecture IS 'Name of the network: seed, …';

COMMENT ON COLUMN public.training_runs.hyperparameters IS 'All of them, the random seed too.';

COMMENT ON COLUMN public.training_runs.recipe_id IS 'What it learns from.';

COMMENT ON COLUMN public.training_runs.dataset_fingerprint IS 'Hash over spectrograms, labels and splits.';

COMMENT ON COLUMN public.training_runs.labels IS 'Ids and slugs in the order of the outputs.';

COMMENT ON COLUMN public.training_runs.versions IS 'Python, libraries, backend, and code revision.';

COMMENT ON COLUMN public.training_runs.history IS 'One entry per epoch: losses and accuracies.';

COMMENT ON COLUMN public.training_runs.seconds IS 'Wall time of the fit.';

COMMENT ON COLUMN public.training_runs.started_at IS 'When it began.';

COMMENT ON COLUMN public.training_runs.finished_at IS 'When it ended.';

COMMENT ON COLUMN public.training_runs.origins IS 'Whose content it learnt from: providers of audio, and of playlists that gave labels.';

COMMENT ON COLUMN public.training_runs.on_demand IS 'True: a person wished it, whether or not it was due.';

COMMENT ON COLUMN public.training_runs.tracks IS 'How many tracks it had, those removed since then included.';

CREATE VIEW public.champion AS
 SELECT m.id AS model_id,
    m.training_run_id,
    m.architecture,
    m.path,
    m.sha256,
    t.recipe_id,
    t.labels,
    t.dataset_fingerprint,
    m.promoted_at,
    m.reason,
    f.track_accuracy,
    f.majority,
    f.balanced_accuracy,
    f.ci_low,
    f.ci_high,
    f.ece,
    ( SELECT max(b.balanced_accuracy) AS max
           FROM (public.models y
             JOIN public.holdout_figures b ON ((b.model_id = y.id)))
          WHERE ((y.training_run_id = m.training_run_id) AND (y.status = 'yardstick'::text))) AS baseline_accuracy,
    m.calibration
   FROM ((public.models m
     JOIN public.training_runs t ON ((t.id = m.training_run_id)))
     LEFT JOIN public.holdout_figures f ON ((f.model_id = m.id)))
  WHERE (m.status = 'champion'::text);

COMMENT ON VIEW public.champion IS 'The model in use, with its figures on held-out tracks: accuracy, the share of the largest label, balanced accuracy with its interval, calibration error, balanced accuracy of the baseline.';

CREATE TABLE public.changed_tracks (
    id bigint NOT NULL,
    track_id bigint NOT NULL
);

COMMENT ON TABLE public.changed_tracks IS 'Tracks of which something has changed since it was worked out how they stand.';

COMMENT ON COLUMN public.changed_tracks.id IS 'Primary key, in the order of the changes.';

COMMENT ON COLUMN public.changed_tracks.track_id IS 'The track; it may be gone.';

ALTER TABLE public.changed_tracks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.changed_tracks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.clips ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clips_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.confusions (
    model_id bigint NOT NULL,
    split text NOT NULL,
    level text NOT NULL,
    true_label_id bigint NOT NULL,
    predicted_label_id bigint NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT ck_confusions_level CHECK ((level = ANY (ARRAY['crop'::text, 'clip'::text, 'track'::text]))),
    CONSTRAINT ck_confusions_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text])))
);

COMMENT ON TABLE public.confusions IS 'How often a label was taken for another; pairs that never occurred have no row.';

COMMENT ON COLUMN public.confusions.model_id IS 'The model.';

COMMENT ON COLUMN public.confusions.split IS 'train, validation or holdout.';

COMMENT ON COLUMN public.confusions.level IS 'crop, clip or track.';

COMMENT ON COLUMN public.confusions.true_label_id IS 'What it is.';

COMMENT ON COLUMN public.confusions.predicted_label_id IS 'What it was taken for.';

COMMENT ON COLUMN public.confusions.count IS 'How often.';

CREATE TABLE public.labels (
    id bigint NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    synthetic boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.labels IS 'One class that the network can tell: a record label.';

COMMENT ON COLUMN public.labels.id IS 'The order of ids is the order of the network''s outputs.';

COMMENT ON COLUMN public.labels.slug IS 'Stable lower-case name, as in file and column names.';

COMMENT ON COLUMN public.labels.name IS 'The name as people write it.';

COMMENT ON COLUMN public.labels.description IS 'What this label stands for.';

COMMENT ON COLUMN public.labels.synthetic IS 'True for made-up labels whose music Labelscope made itself.';

COMMENT ON COLUMN public.labels.created_at IS 'When the label was first seen.';

CREATE VIEW public.confusion_matrix AS
 SELECT truth.name AS true_label,
    guess.name AS predicted_label,
    c.count,
    ((c.count)::numeric / sum(c.count) OVER (PARTITION BY c.true_label_id)) AS share
   FROM (((public.confusions c
     JOIN public.models m ON (((m.id = c.model_id) AND (m.status = 'champion'::text))))
     JOIN public.labels truth ON ((truth.id = c.true_label_id)))
     JOIN public.labels guess ON ((guess.id = c.predicted_label_id)))
  WHERE ((c.split = 'holdout'::text) AND (c.level = 'track'::text))
  ORDER BY truth.id, guess.id;

COMMENT ON VIEW public.confusion_matrix IS 'The champion on held-out tracks: how often which label was taken for which.';

CREATE TABLE public.evaluation_confusions (
    evaluation_id bigint NOT NULL,
    protocol text NOT NULL,
    architecture text NOT NULL,
    level text NOT NULL,
    true_label_id bigint NOT NULL,
    predicted_label_id bigint NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT ck_evaluation_confusions_level CHECK ((level = ANY (ARRAY['crop'::text, 'clip'::text, 'track'::text]))),
    CONSTRAINT ck_evaluation_confusions_protocol CHECK ((protocol = ANY (ARRAY['grouped'::text, 'seed_protocol'::text, 'leave_one_label_out'::text])))
);

COMMENT ON TABLE public.evaluation_confusions IS 'How often a label was taken for another; pairs that never occurred have no row.';

COMMENT ON COLUMN public.evaluation_confusions.evaluation_id IS 'The evaluation.';

COMMENT ON COLUMN public.evaluation_confusions.protocol IS 'grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out.';

COMMENT ON COLUMN public.evaluation_confusions.architecture IS 'What was trained.';

COMMENT ON COLUMN public.evaluation_confusions.level IS 'crop, clip or track.';

COMMENT ON COLUMN public.evaluation_confusions.true_label_id IS 'What it is.';

COMMENT ON COLUMN public.evaluation_confusions.predicted_label_id IS 'What it was taken for.';

COMMENT ON COLUMN public.evaluation_confusions.count IS 'How often, over all repeats.';

CREATE TABLE public.evaluation_metrics (
    id bigint NOT NULL,
    evaluation_id bigint NOT NULL,
    protocol text NOT NULL,
    architecture text NOT NULL,
    level text NOT NULL,
    name text NOT NULL,
    label_id bigint,
    value double precision NOT NULL,
    ci_low double precision,
    ci_high double precision,
    count bigint NOT NULL,
    CONSTRAINT ck_evaluation_metrics_level CHECK ((level = ANY (ARRAY['crop'::text, 'clip'::text, 'track'::text]))),
    CONSTRAINT ck_evaluation_metrics_protocol CHECK ((protocol = ANY (ARRAY['grouped'::text, 'seed_protocol'::text, 'leave_one_label_out'::text])))
);

COMMENT ON TABLE public.evaluation_metrics IS 'How good an architecture is: one number per protocol, level and, for some, label.';

COMMENT ON COLUMN public.evaluation_metrics.id IS 'Primary key.';

COMMENT ON COLUMN public.evaluation_metrics.evaluation_id IS 'The evaluation.';

COMMENT ON COLUMN public.evaluation_metrics.protocol IS 'grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out.';

COMMENT ON COLUMN public.evaluation_metrics.architecture IS 'What was trained: labelscope, seed, baseline, …';

COMMENT ON COLUMN public.evaluation_metrics.level IS 'crop, clip (mean of its crops) or track (mean of its clips).';

COMMENT ON COLUMN public.evaluation_metrics.name IS 'accuracy, balanced_accuracy, macro_f1, ece, auroc, …';

COMMENT ON COLUMN public.evaluation_metrics.label_id IS 'Null for all labels together.';

COMMENT ON COLUMN public.evaluation_metrics.value IS 'The number.';

COMMENT ON COLUMN public.evaluation_metrics.ci_low IS 'Lower end of the 95 % interval.';

COMMENT ON COLUMN public.evaluation_metrics.ci_high IS 'Upper end of the 95 % interval.';

COMMENT ON COLUMN public.evaluation_metrics.count IS 'How many crops, clips or tracks it rests on.';

ALTER TABLE public.evaluation_metrics ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.evaluation_metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.evaluations (
    id bigint NOT NULL,
    flow_run_id text,
    folds bigint NOT NULL,
    repeats bigint NOT NULL,
    seed bigint NOT NULL,
    recipe_id bigint NOT NULL,
    dataset_fingerprint character varying(64) NOT NULL,
    labels jsonb NOT NULL,
    hyperparameters jsonb NOT NULL,
    versions jsonb NOT NULL,
    tracks bigint NOT NULL,
    groups bigint NOT NULL,
    origins jsonb DEFAULT '[]'::jsonb NOT NULL,
    status text DEFAULT 'running'::text NOT NULL,
    error text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT ck_evaluations_status CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'crashed'::text])))
);

COMMENT ON TABLE public.evaluations IS 'One evaluation of architectures by cross-validation, with all that repeats it.';

COMMENT ON COLUMN public.evaluations.id IS 'Primary key.';

COMMENT ON COLUMN public.evaluations.flow_run_id IS 'The Prefect flow run that did it.';

COMMENT ON COLUMN public.evaluations.folds IS 'Into how many parts the groups are dealt.';

COMMENT ON COLUMN public.evaluations.repeats IS 'How often they are dealt anew.';

COMMENT ON COLUMN public.evaluations.seed IS 'The random seed of the first of these.';

COMMENT ON COLUMN public.evaluations.recipe_id IS 'What is learnt from.';

COMMENT ON COLUMN public.evaluations.dataset_fingerprint IS 'Hash over spectrograms, labels and groups.';

COMMENT ON COLUMN public.evaluations.labels IS 'Ids and slugs in the order of the outputs.';

COMMENT ON COLUMN public.evaluations.hyperparameters IS 'All of them, for each architecture.';

COMMENT ON COLUMN public.evaluations.versions IS 'Python, libraries, backend, and code revision.';

COMMENT ON COLUMN public.evaluations.tracks IS 'How many tracks it rests on.';

COMMENT ON COLUMN public.evaluations.groups IS 'How many groups these make.';

COMMENT ON COLUMN public.evaluations.origins IS 'Whose content it used: providers of audio, and of playlists that gave labels.';

COMMENT ON COLUMN public.evaluations.status IS 'How it stands or ended.';

COMMENT ON COLUMN public.evaluations.error IS 'Why it failed.';

COMMENT ON COLUMN public.evaluations.started_at IS 'When it began.';

COMMENT ON COLUMN public.evaluations.finished_at IS 'When it ended.';

CREATE VIEW public.evaluation_table AS
 SELECT e.id AS evaluation_id,
    v.protocol,
    v.architecture,
    v.level,
    v.name,
    v.value,
    v.ci_low,
    v.ci_high,
    v.count
   FROM (public.evaluation_metrics v
     JOIN public.evaluations e ON ((e.id = v.evaluation_id)))
  WHERE ((v.label_id IS NULL) AND (e.id = ( SELECT max(evaluations.id) AS max
           FROM public.evaluations
          WHERE (evaluations.status = 'completed'::text))))
  ORDER BY (array_position(ARRAY['grouped'::text, 'seed_protocol'::text, 'leave_one_label_out'::text], v.protocol)), v.architecture, (array_position(ARRAY['track'::text, 'clip'::text, 'crop'::text], v.level)), v.name;

COMMENT ON VIEW public.evaluation_table IS 'The last complete evaluation: figures over all labels, per protocol and architecture.';

ALTER TABLE public.evaluations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.evaluations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.file_faults (
    id bigint NOT NULL,
    path text NOT NULL,
    kind text NOT NULL,
    fault text NOT NULL,
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    CONSTRAINT ck_file_faults_fault CHECK ((fault = ANY (ARRAY['missing'::text, 'damaged'::text, 'orphaned'::text]))),
    CONSTRAINT ck_file_faults_kind CHECK ((kind = ANY (ARRAY['audio'::text, 'spectrogram'::text, 'model'::text])))
);

COMMENT ON TABLE public.file_faults IS 'A file of the home and its row that do not agree, as `maintain` found them.';

COMMENT ON COLUMN public.file_faults.id IS 'Primary key.';

COMMENT ON COLUMN public.file_faults.path IS 'The file, relative to LABELSCOPE_HOME.';

COMMENT ON COLUMN public.file_faults.kind IS 'What it holds: audio, spectrogram or model.';

COMMENT ON COLUMN public.file_faults.fault IS 'missing: a row names it, and it is not there; damaged: not what its row says; orphaned: no row names it.';

COMMENT ON COLUMN public.file_faults.found_at IS 'When it was found first.';

COMMENT ON COLUMN public.file_faults.ended_at IS 'When it was mended, or found in order again.';

COMMENT ON COLUMN public.file_faults.outcome IS 'What was done about it, in a sentence.';

ALTER TABLE public.file_faults ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.file_faults_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.fingerprints (
    clip_id bigint NOT NULL,
    version bigint NOT NULL,
    landmarks bytea NOT NULL,
    sketch bigint[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.fingerprints IS 'What a recording is known again by: landmarks in the spectrogram of a clip.';

COMMENT ON COLUMN public.fingerprints.clip_id IS 'The clip that was heard.';

COMMENT ON COLUMN public.fingerprints.version IS 'Of the code that made it; only fingerprints of one version can be compared.';

COMMENT ON COLUMN public.fingerprints.landmarks IS 'Pairs of a hash and the frame at which it stands.';

COMMENT ON COLUMN public.fingerprints.sketch IS 'A few numbers; clips of one recording have some in common.';

COMMENT ON COLUMN public.fingerprints.created_at IS 'When it was computed.';

CREATE TABLE public.former_places (
    track_key character varying(64) NOT NULL,
    split text NOT NULL,
    left_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_former_places_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text, 'aside'::text])))
);

COMMENT ON TABLE public.former_places IS 'Where a removed track stood: models outlive it, so should it come back, it must not test them.';

COMMENT ON COLUMN public.former_places.track_key IS 'Hash of provider and external id; the name of a removed track is not kept.';

COMMENT ON COLUMN public.former_places.split IS 'train, validation, holdout or aside, as in track_splits.';

COMMENT ON COLUMN public.former_places.left_at IS 'When it was removed.';

CREATE TABLE public.holdout_answers (
    id bigint NOT NULL,
    model_id bigint NOT NULL,
    true_label_id bigint NOT NULL,
    nearest_id bigint NOT NULL,
    tracks bigint NOT NULL,
    unknown bigint NOT NULL,
    confidence double precision NOT NULL
);

COMMENT ON TABLE public.holdout_answers IS 'What models said of held-out tracks, as entries to be added up: each batch of predictions enters its own, and one with negative counts where predictions go.';

COMMENT ON COLUMN public.holdout_answers.id IS 'Primary key.';

COMMENT ON COLUMN public.holdout_answers.model_id IS 'The model.';

COMMENT ON COLUMN public.holdout_answers.true_label_id IS 'What the tracks are.';

COMMENT ON COLUMN public.holdout_answers.nearest_id IS 'What they are nearest to.';

COMMENT ON COLUMN public.holdout_answers.tracks IS 'How many.';

COMMENT ON COLUMN public.holdout_answers.unknown IS 'How many of these were called unknown.';

COMMENT ON COLUMN public.holdout_answers.confidence IS 'Sum of their confidences.';

ALTER TABLE public.holdout_answers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.holdout_answers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.training_run_labels (
    training_run_id bigint NOT NULL,
    label_id bigint NOT NULL,
    split text NOT NULL,
    tracks bigint NOT NULL,
    groups bigint NOT NULL,
    CONSTRAINT ck_training_run_labels_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text])))
);

COMMENT ON TABLE public.training_run_labels IS 'How many tracks and groups of a label stood on which side in a training: counted once.';

COMMENT ON COLUMN public.training_run_labels.training_run_id IS 'The training.';

COMMENT ON COLUMN public.training_run_labels.label_id IS 'The label.';

COMMENT ON COLUMN public.training_run_labels.split IS 'train, validation or holdout.';

COMMENT ON COLUMN public.training_run_labels.tracks IS 'Its tracks, those removed since then left out.';

COMMENT ON COLUMN public.training_run_labels.groups IS 'How many groups these make.';

CREATE VIEW public.label_accuracy AS
 WITH cells AS (
         SELECT c.model_id,
            c.true_label_id,
            c.predicted_label_id,
            c.count
           FROM (public.confusions c
             JOIN public.models m ON (((m.id = c.model_id) AND (m.status = 'champion'::text))))
          WHERE ((c.split = 'holdout'::text) AND (c.level = 'track'::text))
        ), trained AS (
         SELECT m.id AS model_id,
            rl.label_id,
            (sum(rl.tracks))::bigint AS tracks
           FROM (public.training_run_labels rl
             JOIN public.models m ON (((m.training_run_id = rl.training_run_id) AND (m.status = 'champion'::text))))
          GROUP BY m.id, rl.label_id
        ), held_out AS (
         SELECT cells.true_label_id,
            sum(cells.count) AS tracks,
            sum(cells.count) FILTER (WHERE (cells.true_label_id = cells.predicted_label_id)) AS right_ones
           FROM cells
          GROUP BY cells.true_label_id
        ), mistaken AS (
         SELECT DISTINCT ON (cells.true_label_id) cells.true_label_id,
            cells.predicted_label_id,
            cells.count
           FROM cells
          WHERE (cells.true_label_id <> cells.predicted_label_id)
          ORDER BY cells.true_label_id, cells.count DESC, cells.predicted_label_id
        )
 SELECT l.name AS label,
    trained.tracks,
    (COALESCE(held_out.tracks, (0)::numeric))::bigint AS holdout_tracks,
    (round((COALESCE(held_out.right_ones, (0)::numeric) / held_out.tracks), 3))::double precision AS accuracy,
    other.name AS most_often_taken_for,
    (round(((mistaken.count)::numeric / held_out.tracks), 3))::double precision AS taken_for_share,
    recall.ci_low,
    recall.ci_high,
    exact.value AS "precision"
   FROM ((((((trained
     JOIN public.labels l ON ((l.id = trained.label_id)))
     LEFT JOIN held_out ON ((held_out.true_label_id = l.id)))
     LEFT JOIN mistaken ON ((mistaken.true_label_id = l.id)))
     LEFT JOIN public.labels other ON ((other.id = mistaken.predicted_label_id)))
     LEFT JOIN public.metrics recall ON ((((recall.model_id = trained.model_id) AND (recall.label_id = l.id)) AND (recall.name = 'recall'::text) AND (recall.split = 'holdout'::text) AND (recall.level = 'track'::text))))
     LEFT JOIN public.metrics exact ON ((((exact.model_id = trained.model_id) AND (exact.label_id = l.id)) AND (exact.name = 'precision'::text) AND (exact.split = 'holdout'::text) AND (exact.level = 'track'::text))))
  ORDER BY l.id;

COMMENT ON VIEW public.label_accuracy IS 'Per label: accuracy of the champion on held-out tracks with its interval, what it is mistaken for, and which share of the tracks given this label is of it (precision).';

CREATE VIEW public.label_history AS
 WITH figures AS (
         SELECT metrics.model_id,
            metrics.label_id,
            (sum(metrics.count))::bigint AS tracks,
            max(metrics.count) FILTER (WHERE (metrics.split = 'holdout'::text)) AS holdout_tracks,
            max(metrics.value) FILTER (WHERE (metrics.split = 'holdout'::text)) AS accuracy,
            max(metrics.ci_low) FILTER (WHERE (metrics.split = 'holdout'::text)) AS ci_low,
            max(metrics.ci_high) FILTER (WHERE (metrics.split = 'holdout'::text)) AS ci_high
           FROM public.metrics
          WHERE ((metrics.level = 'track'::text) AND (metrics.name = 'recall'::text) AND (metrics.label_id IS NOT NULL))
          GROUP BY metrics.model_id, metrics.label_id
        )
 SELECT l.name AS label,
    t.id AS training_run_id,
    t.started_at,
    f.tracks,
    f.holdout_tracks,
    f.accuracy,
    f.ci_low,
    f.ci_high,
    (f.accuracy - lag(f.accuracy) OVER (PARTITION BY l.id ORDER BY t.id)) AS change,
    m.id AS model_id,
    m.architecture,
    m.status
   FROM (((figures f
     JOIN public.models m ON (((m.id = f.model_id) AND (m.status <> 'yardstick'::text))))
     JOIN public.training_runs t ON ((t.id = m.training_run_id)))
     JOIN public.labels l ON ((l.id = f.label_id)))
  ORDER BY l.id, t.id DESC;

COMMENT ON VIEW public.label_history IS 'Per label and training: accuracy on held-out tracks, and its change since the last one.';

CREATE TABLE public.playlists (
    id bigint NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    label_id bigint NOT NULL,
    name text NOT NULL,
    snapshot_id text,
    status text DEFAULT 'new'::text NOT NULL,
    status_reason text,
    raw jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    listed_by text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_playlists_status CHECK ((status = ANY (ARRAY['new'::text, 'ok'::text, 'metadata_only'::text, 'forbidden'::text, 'gone'::text, 'deferred'::text])))
);

COMMENT ON TABLE public.playlists IS 'A list of tracks that stands for a label: a folder, or a playlist of a service.';

COMMENT ON COLUMN public.playlists.id IS 'Primary key.';

COMMENT ON COLUMN public.playlists.provider IS 'Where the playlist lives: spotify, deezer, folder, synth.';

COMMENT ON COLUMN public.playlists.external_id IS 'The provider''s own id; for a folder its file URI.';

COMMENT ON COLUMN public.playlists.label_id IS 'The label that it stands for.';

COMMENT ON COLUMN public.playlists.name IS 'The name as the provider shows it.';

COMMENT ON COLUMN public.playlists.snapshot_id IS 'Version of the list at the last complete ingest; the same again means nothing to do.';

COMMENT ON COLUMN public.playlists.status IS 'How the last ingest went.';

COMMENT ON COLUMN public.playlists.status_reason IS 'Why it went so, where it did not go well.';

COMMENT ON COLUMN public.playlists.raw IS 'What the provider said of it.';

COMMENT ON COLUMN public.playlists.first_seen_at IS 'When it was first ingested.';

COMMENT ON COLUMN public.playlists.last_seen_at IS 'When it was last read, or seen to be as we hold it.';

COMMENT ON COLUMN public.playlists.listed_by IS 'What names it: labels.toml, or the folder of the crate that it lies in.';

CREATE TABLE public.predictions (
    id bigint NOT NULL,
    track_id bigint NOT NULL,
    model_id bigint NOT NULL,
    label_id bigint,
    confidence double precision NOT NULL,
    clips bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    split text DEFAULT 'new'::text NOT NULL,
    nearest_id bigint NOT NULL,
    trained_label_id bigint,
    CONSTRAINT ck_predictions_confidence CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT ck_predictions_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text, 'aside'::text, 'new'::text])))
);

COMMENT ON TABLE public.predictions IS 'What a model says of a track: the mean over its clips.';

COMMENT ON COLUMN public.predictions.id IS 'Primary key.';

COMMENT ON COLUMN public.predictions.track_id IS 'The track.';

COMMENT ON COLUMN public.predictions.model_id IS 'The model.';

COMMENT ON COLUMN public.predictions.label_id IS 'The most probable label; null: unknown, it is like none of them.';

COMMENT ON COLUMN public.predictions.confidence IS 'The probability of the most probable label, 0 to 1.';

COMMENT ON COLUMN public.predictions.clips IS 'How many clips were heard.';

COMMENT ON COLUMN public.predictions.created_at IS 'When it was scored.';

COMMENT ON COLUMN public.predictions.split IS 'Its side in the model''s training; new: it was not in it; aside: neither, and tied to two sides.';

COMMENT ON COLUMN public.predictions.nearest_id IS 'The most probable label, of an unknown track too.';

COMMENT ON COLUMN public.predictions.trained_label_id IS 'Its label in the model''s training; null: it was not in it.';

CREATE TABLE public.spectrograms (
    id bigint NOT NULL,
    clip_id bigint NOT NULL,
    recipe_id bigint NOT NULL,
    path text NOT NULL,
    sha256 character varying(64) NOT NULL,
    bytes bigint NOT NULL,
    frames bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.spectrograms IS 'One log-mel spectrogram file: float16 .npy of shape (frames, mel bands), in dB.';

COMMENT ON COLUMN public.spectrograms.id IS 'Primary key.';

COMMENT ON COLUMN public.spectrograms.clip_id IS 'What it shows.';

COMMENT ON COLUMN public.spectrograms.recipe_id IS 'How it was computed.';

COMMENT ON COLUMN public.spectrograms.path IS 'Relative to spectrograms/ in the home.';

COMMENT ON COLUMN public.spectrograms.sha256 IS 'Of the .npy file.';

COMMENT ON COLUMN public.spectrograms.bytes IS 'Size of the .npy file.';

COMMENT ON COLUMN public.spectrograms.frames IS 'Number of frames, one every hop length.';

COMMENT ON COLUMN public.spectrograms.created_at IS 'When it was computed.';

CREATE TABLE public.standings (
    id uuid NOT NULL,
    provider text NOT NULL,
    label_id bigint,
    ambiguous boolean NOT NULL,
    origins text[] NOT NULL,
    clips bigint NOT NULL,
    clips_ready bigint NOT NULL,
    clips_new bigint NOT NULL,
    to_extract boolean NOT NULL,
    recipes bigint[],
    fingerprint_version bigint,
    audio text[] NOT NULL,
    without_audio text,
    asked text[] NOT NULL,
    ask_again boolean NOT NULL,
    library_version text,
    measured text[] NOT NULL,
    features_asked text[] NOT NULL,
    split text,
    trained_in bigint,
    scored_by bigint,
    tracks bigint NOT NULL,
    features bigint NOT NULL,
    tempo_count bigint NOT NULL,
    tempo_sum double precision NOT NULL,
    loudness_count bigint NOT NULL,
    loudness_sum double precision NOT NULL,
    onset_count bigint NOT NULL,
    onset_sum double precision NOT NULL
);

COMMENT ON TABLE public.standings IS 'A way in which tracks stand in the pipeline, and how many do: a few thousand rows.';

COMMENT ON COLUMN public.standings.id IS 'Hash of all columns down to scored_by.';

COMMENT ON COLUMN public.standings.provider IS 'Who knows these tracks.';

COMMENT ON COLUMN public.standings.label_id IS 'Their label; null where no playlist holds them, or playlists disagree.';

COMMENT ON COLUMN public.standings.ambiguous IS 'True: playlists of two labels hold the recording.';

COMMENT ON COLUMN public.standings.origins IS 'Providers of the playlists that hold them now.';

COMMENT ON COLUMN public.standings.clips IS 'How many clips each of them has.';

COMMENT ON COLUMN public.standings.clips_ready IS 'How many of these are ready.';

COMMENT ON COLUMN public.standings.clips_new IS 'How many of these wait for extraction.';

COMMENT ON COLUMN public.standings.to_extract IS 'True: a clip waits for extraction, or was rejected for a mishap that may have passed.';

COMMENT ON COLUMN public.standings.recipes IS 'Recipes by which all ready and too short clips are drawn; null where there are no such clips.';

COMMENT ON COLUMN public.standings.fingerprint_version IS 'Version of the fingerprints of all ready clips; null where one has none, or they differ.';

COMMENT ON COLUMN public.standings.audio IS 'Of each spectrogram of a ready clip: who gave the sound, a space, the recipe''s id.';

COMMENT ON COLUMN public.standings.without_audio IS 'Why tracks in playlists have no usable audio; null where they have.';

COMMENT ON COLUMN public.standings.asked IS 'Of tracks without clips: sources that were asked for audio and had none.';

COMMENT ON COLUMN public.standings.ask_again IS 'True: one of these sources had a passing fault, and is asked again by the next run.';

COMMENT ON COLUMN public.standings.library_version IS 'Version of the library that was searched for their audio.';

COMMENT ON COLUMN public.standings.measured IS 'Services whose audio features of the whole track are there.';

COMMENT ON COLUMN public.standings.features_asked IS 'Services that were asked for audio features and had none.';

COMMENT ON COLUMN public.standings.split IS 'Their side of the split; null: not placed yet.';

COMMENT ON COLUMN public.standings.trained_in IS 'The newest completed training that had them.';

COMMENT ON COLUMN public.standings.scored_by IS 'The model that scored them: the champion, or else the newest.';

COMMENT ON COLUMN public.standings.tracks IS 'How many tracks stand so.';

COMMENT ON COLUMN public.standings.features IS 'How many rows of audio features they have.';

COMMENT ON COLUMN public.standings.tempo_count IS 'How many of these rows have a tempo.';

COMMENT ON COLUMN public.standings.tempo_sum IS 'Sum of these.';

COMMENT ON COLUMN public.standings.loudness_count IS 'How many of the rows have a loudness in LUFS.';

COMMENT ON COLUMN public.standings.loudness_sum IS 'Sum of these.';

COMMENT ON COLUMN public.standings.onset_count IS 'How many of the rows have a rate of onsets.';

COMMENT ON COLUMN public.standings.onset_sum IS 'Sum of these.';

CREATE TABLE public.track_splits (
    track_id bigint NOT NULL,
    group_key text NOT NULL,
    scheme text NOT NULL,
    split text NOT NULL,
    reason text NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_track_splits_scheme CHECK ((scheme = ANY (ARRAY['artist'::text, 'album'::text, 'title'::text]))),
    CONSTRAINT ck_track_splits_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text, 'aside'::text])))
);

COMMENT ON TABLE public.track_splits IS 'On which side of the split a track stands: decided once, and never changed.';

COMMENT ON COLUMN public.track_splits.track_id IS 'The track.';

COMMENT ON COLUMN public.track_splits.group_key IS 'Tracks of one group are never on two sides.';

COMMENT ON COLUMN public.track_splits.scheme IS 'What made the group: artist, album or title.';

COMMENT ON COLUMN public.track_splits.split IS 'train, validation, holdout; aside: it ties two of them, so that it is in no training.';

COMMENT ON COLUMN public.track_splits.reason IS 'Why it stands here.';

COMMENT ON COLUMN public.track_splits.decided_at IS 'When that was decided.';

CREATE TABLE public.tracks (
    id bigint NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    title text NOT NULL,
    album text,
    isrc text,
    duration_seconds numeric(12,3),
    release_date text,
    raw jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.tracks IS 'A recording in a provider''s catalogue; for files, one row per distinct content.';

COMMENT ON COLUMN public.tracks.id IS 'Primary key.';

COMMENT ON COLUMN public.tracks.provider IS 'Who knows the track by this id.';

COMMENT ON COLUMN public.tracks.external_id IS 'The provider''s id; for files ''sha256:'' and the hash.';

COMMENT ON COLUMN public.tracks.title IS 'Title, from the tags or else the file name.';

COMMENT ON COLUMN public.tracks.album IS 'Album or release.';

COMMENT ON COLUMN public.tracks.isrc IS 'International Standard Recording Code.';

COMMENT ON COLUMN public.tracks.duration_seconds IS 'Length of the recording.';

COMMENT ON COLUMN public.tracks.release_date IS 'As precise as known: YYYY, YYYY-MM or YYYY-MM-DD.';

COMMENT ON COLUMN public.tracks.raw IS 'Tags or JSON as they came.';

COMMENT ON COLUMN public.tracks.first_seen_at IS 'When it was first ingested.';

COMMENT ON COLUMN public.tracks.last_seen_at IS 'When a playlist last listed it.';

CREATE TABLE public.training_run_tracks (
    training_run_id bigint NOT NULL,
    track_id bigint NOT NULL,
    label_id bigint NOT NULL,
    split text NOT NULL,
    group_key text NOT NULL,
    scheme text NOT NULL,
    CONSTRAINT ck_training_run_tracks_split CHECK ((split = ANY (ARRAY['train'::text, 'validation'::text, 'holdout'::text])))
);

COMMENT ON TABLE public.training_run_tracks IS 'Which track stood on which side in a training.';

COMMENT ON COLUMN public.training_run_tracks.training_run_id IS 'The training.';

COMMENT ON COLUMN public.training_run_tracks.track_id IS 'The track.';

COMMENT ON COLUMN public.training_run_tracks.label_id IS 'Its label at that time.';

COMMENT ON COLUMN public.training_run_tracks.split IS 'train, validation or holdout.';

COMMENT ON COLUMN public.training_run_tracks.group_key IS 'Tracks of one group are never on two sides.';

COMMENT ON COLUMN public.training_run_tracks.scheme IS 'What made the group: artist, album or title.';

CREATE VIEW public.track_facts AS
 SELECT t.id AS track_id,
    (md5((fact.*)::text))::uuid AS standing_id,
    fact.provider,
    fact.label_id,
    fact.ambiguous,
    fact.origins,
    fact.clips,
    fact.clips_ready,
    fact.clips_new,
    fact.to_extract,
    fact.recipes,
    fact.fingerprint_version,
    fact.audio,
    fact.without_audio,
    fact.asked,
    fact.ask_again,
    fact.library_version,
    fact.measured,
    fact.features_asked,
    fact.split,
    fact.trained_in,
    fact.scored_by,
    member.playlists,
        CASE
            WHEN (clip.clips = 0) THEN lookup.asked_at
            ELSE NULL::timestamp with time zone
        END AS asked_at,
    lookup.features_asked_at,
    sound.features,
    sound.tempo_count,
    sound.tempo_sum,
    sound.loudness_count,
    sound.loudness_sum,
    sound.onset_count,
    sound.onset_sum
   FROM ((((((public.tracks t
     CROSS JOIN LATERAL ( SELECT COALESCE(array_agg(p.id ORDER BY p.id), '{}'::bigint[]) AS playlists,
            COALESCE(array_agg(DISTINCT p.provider), '{}'::text[]) AS origins
           FROM (public.playlist_tracks pt
             JOIN public.playlists p ON ((p.id = pt.playlist_id)))
          WHERE ((pt.track_id = t.id) AND (pt.removed_at IS NULL))) member)
     CROSS JOIN LATERAL ( SELECT count(DISTINCT p.label_id) AS labels,
            min(p.label_id) AS label_id
           FROM (public.playlist_tracks pt
             JOIN public.playlists p ON ((p.id = pt.playlist_id)))
          WHERE ((pt.track_id = ANY ((t.id || ARRAY( SELECT o.id
                   FROM public.tracks o
                  WHERE (o.isrc = t.isrc))))) AND (pt.removed_at IS NULL))) recording)
     CROSS JOIN LATERAL ( SELECT count(*) AS clips,
            count(*) FILTER (WHERE (c.status = 'ready'::text)) AS ready,
            count(*) FILTER (WHERE (c.status = 'new'::text)) AS new,
            count(*) FILTER (WHERE (c.status = ANY (ARRAY['ready'::text, 'too_short'::text]))) AS heard,
            COALESCE(bool_or(((c.status = 'new'::text) OR (c.reason = ANY (ARRAY['missing'::text, 'unreadable'::text, 'decoder_crashed'::text])))), false) AS to_extract,
            min(COALESCE(c.reason, c.status)) FILTER (WHERE (c.status = ANY (ARRAY['rejected'::text, 'too_short'::text]))) AS reason,
                CASE
                    WHEN ((count(*) FILTER (WHERE ((c.status = 'ready'::text) AND (f.version IS NULL))) = 0) AND (min(f.version) FILTER (WHERE (c.status = 'ready'::text)) = max(f.version) FILTER (WHERE (c.status = 'ready'::text)))) THEN min(f.version) FILTER (WHERE (c.status = 'ready'::text))
                    ELSE NULL::bigint
                END AS fingerprint_version
           FROM (public.clips c
             LEFT JOIN public.fingerprints f ON ((f.clip_id = c.id)))
          WHERE (c.track_id = t.id)) clip)
     CROSS JOIN LATERAL ( SELECT COALESCE(array_agg(l.source ORDER BY l.source) FILTER (WHERE (l.kind = 'audio'::text)), '{}'::text[]) AS asked,
            COALESCE(bool_or((l.again AND ((l.tries < 5) OR (l.reason = ANY (ARRAY['unreachable'::text, 'no_folder'::text]))))) FILTER (WHERE (l.kind = 'audio'::text)), false) AS ask_again,
            min(l.version) FILTER (WHERE ((l.kind = 'audio'::text) AND (l.source = 'library'::text))) AS library_version,
            min(l.checked_at) FILTER (WHERE (l.kind = 'audio'::text)) AS asked_at,
            COALESCE(array_agg(l.source ORDER BY l.source) FILTER (WHERE (l.kind = 'features'::text)), '{}'::text[]) AS features_asked,
            min(l.checked_at) FILTER (WHERE (l.kind = 'features'::text)) AS features_asked_at
           FROM public.lookups l
          WHERE (l.track_id = t.id)) lookup)
     CROSS JOIN LATERAL ( SELECT count(*) AS features,
            COALESCE(array_agg(f.origin ORDER BY f.origin) FILTER (WHERE (f.clip_id IS NULL)), '{}'::text[]) AS measured,
            count(f.tempo) AS tempo_count,
            COALESCE(sum(f.tempo), (0)::double precision) AS tempo_sum,
            count(f.loudness_lufs) AS loudness_count,
            COALESCE(sum(f.loudness_lufs), (0)::double precision) AS loudness_sum,
            count(f.onset_rate) AS onset_count,
            COALESCE(sum(f.onset_rate), (0)::double precision) AS onset_sum
           FROM public.audio_features f
          WHERE (f.track_id = t.id)) sound)
     CROSS JOIN LATERAL ( SELECT t.provider,
                CASE
                    WHEN ((recording.labels = 1) AND (member.playlists <> '{}'::bigint[])) THEN recording.label_id
                    ELSE NULL::bigint
                END AS label_id,
            ((recording.labels > 1) AND (member.playlists <> '{}'::bigint[])) AS ambiguous,
            member.origins,
            clip.clips,
            clip.ready AS clips_ready,
            clip.new AS clips_new,
            clip.to_extract,
                CASE
                    WHEN (clip.heard > 0) THEN ARRAY( SELECT s.recipe_id
                       FROM (public.clips c
                         JOIN public.spectrograms s ON ((s.clip_id = c.id)))
                      WHERE ((c.track_id = t.id) AND (c.status = ANY (ARRAY['ready'::text, 'too_short'::text])))
                      GROUP BY s.recipe_id
                     HAVING (count(*) = clip.heard)
                      ORDER BY s.recipe_id)
                    ELSE NULL::bigint[]
                END AS recipes,
            clip.fingerprint_version,
            ARRAY( SELECT ((c.provider || ' '::text) || s.recipe_id)
                   FROM (public.clips c
                     JOIN public.spectrograms s ON ((s.clip_id = c.id)))
                  WHERE ((c.track_id = t.id) AND (c.status = 'ready'::text))
                  ORDER BY ((c.provider || ' '::text) || s.recipe_id)) AS audio,
                CASE
                    WHEN (((clip.ready + clip.new) = 0) AND (member.playlists <> '{}'::bigint[])) THEN COALESCE(clip.reason, ( SELECT ((l.source || ': '::text) || l.reason)
                       FROM public.lookups l
                      WHERE ((l.track_id = t.id) AND (l.kind = 'audio'::text) AND (clip.clips = 0))
                      ORDER BY l.checked_at DESC, l.source
                     LIMIT 1), 'not looked for yet'::text)
                    ELSE NULL::text
                END AS without_audio,
                CASE
                    WHEN (clip.clips = 0) THEN lookup.asked
                    ELSE '{}'::text[]
                END AS asked,
            ((clip.clips = 0) AND lookup.ask_again) AS ask_again,
                CASE
                    WHEN (clip.clips = 0) THEN lookup.library_version
                    ELSE NULL::text
                END AS library_version,
            sound.measured,
            lookup.features_asked,
            ( SELECT ts.split
                   FROM public.track_splits ts
                  WHERE (ts.track_id = t.id)) AS split,
            ( SELECT max(r.id) AS max
                   FROM (public.training_run_tracks rt
                     JOIN public.training_runs r ON (((r.id = rt.training_run_id) AND (r.status = 'completed'::text))))
                  WHERE (rt.track_id = t.id)) AS trained_in,
            ( SELECT m.id
                   FROM (public.predictions p
                     JOIN public.models m ON ((m.id = p.model_id)))
                  WHERE (p.track_id = t.id)
                  ORDER BY (m.status = 'champion'::text) DESC, m.id DESC
                 LIMIT 1) AS scored_by) fact);

COMMENT ON VIEW public.track_facts IS 'How each track stands, worked out from the other tables: quick for few tracks, slow for all.';

CREATE TABLE public.track_standings (
    track_id bigint NOT NULL,
    standing_id uuid NOT NULL,
    playlists bigint[] NOT NULL,
    asked_at timestamp with time zone,
    features_asked_at timestamp with time zone,
    features bigint NOT NULL,
    tempo_count bigint NOT NULL,
    tempo_sum double precision NOT NULL,
    loudness_count bigint NOT NULL,
    loudness_sum double precision NOT NULL,
    onset_count bigint NOT NULL,
    onset_sum double precision NOT NULL
);

COMMENT ON TABLE public.track_standings IS 'How each track stood when its last change was settled, and what it adds to the counts.';

COMMENT ON COLUMN public.track_standings.track_id IS 'The track.';

COMMENT ON COLUMN public.track_standings.standing_id IS 'How it stands.';

COMMENT ON COLUMN public.track_standings.playlists IS 'Ids of the playlists that hold it.';

COMMENT ON COLUMN public.track_standings.asked_at IS 'Of a track without clips: when the first of the sources was asked that had none.';

COMMENT ON COLUMN public.track_standings.features_asked_at IS 'When the first of the services was asked that had no audio features.';

COMMENT ON COLUMN public.track_standings.features IS 'Its rows of audio features.';

COMMENT ON COLUMN public.track_standings.tempo_count IS 'How many of these have a tempo.';

COMMENT ON COLUMN public.track_standings.tempo_sum IS 'Sum of these.';

COMMENT ON COLUMN public.track_standings.loudness_count IS 'How many have a loudness in LUFS.';

COMMENT ON COLUMN public.track_standings.loudness_sum IS 'Sum of these.';

COMMENT ON COLUMN public.track_standings.onset_count IS 'How many have a rate of onsets.';

COMMENT ON COLUMN public.track_standings.onset_sum IS 'Sum of these.';

CREATE VIEW public.standings_now AS
 WITH changed AS (
         SELECT DISTINCT changed_tracks.track_id
           FROM public.changed_tracks
        )
 SELECT standings.provider,
    standings.label_id,
    standings.ambiguous,
    standings.origins,
    standings.clips,
    standings.clips_ready,
    standings.clips_new,
    standings.to_extract,
    standings.recipes,
    standings.fingerprint_version,
    standings.audio,
    standings.without_audio,
    standings.asked,
    standings.ask_again,
    standings.library_version,
    standings.measured,
    standings.features_asked,
    standings.split,
    standings.trained_in,
    standings.scored_by,
    standings.tracks,
    standings.features,
    standings.tempo_count,
    standings.tempo_sum,
    standings.loudness_count,
    standings.loudness_sum,
    standings.onset_count,
    standings.onset_sum
   FROM public.standings
UNION ALL
 SELECT s.provider,
    s.label_id,
    s.ambiguous,
    s.origins,
    s.clips,
    s.clips_ready,
    s.clips_new,
    s.to_extract,
    s.recipes,
    s.fingerprint_version,
    s.audio,
    s.without_audio,
    s.asked,
    s.ask_again,
    s.library_version,
    s.measured,
    s.features_asked,
    s.split,
    s.trained_in,
    s.scored_by,
    '-1'::integer AS tracks,
    (- ts.features) AS features,
    (- ts.tempo_count) AS tempo_count,
    (- ts.tempo_sum) AS tempo_sum,
    (- ts.loudness_count) AS loudness_count,
    (- ts.loudness_sum) AS loudness_sum,
    (- ts.onset_count) AS onset_count,
    (- ts.onset_sum) AS onset_sum
   FROM ((changed
     JOIN public.track_standings ts ON ((ts.track_id = changed.track_id)))
     JOIN public.standings s ON ((s.id = ts.standing_id)))
UNION ALL
 SELECT f.provider,
    f.label_id,
    f.ambiguous,
    f.origins,
    f.clips,
    f.clips_ready,
    f.clips_new,
    f.to_extract,
    f.recipes,
    f.fingerprint_version,
    f.audio,
    f.without_audio,
    f.asked,
    f.ask_again,
    f.library_version,
    f.measured,
    f.features_asked,
    f.split,
    f.trained_in,
    f.scored_by,
    1 AS tracks,
    f.features,
    f.tempo_count,
    f.tempo_sum,
    f.loudness_count,
    f.loudness_sum,
    f.onset_count,
    f.onset_sum
   FROM (changed
     JOIN public.track_facts f ON ((f.track_id = changed.track_id)));

COMMENT ON VIEW public.standings_now IS 'The counts of standings, with entries of -1 and +1 for tracks that have changed since: to be added up.';

CREATE VIEW public.label_sound AS
 SELECT l.name AS label,
    (sum(s.features))::bigint AS clips,
    (sum(s.tempo_sum) / (NULLIF(sum(s.tempo_count), (0)::numeric))::double precision) AS tempo,
    (sum(s.loudness_sum) / (NULLIF(sum(s.loudness_count), (0)::numeric))::double precision) AS loudness,
    (sum(s.onset_sum) / (NULLIF(sum(s.onset_count), (0)::numeric))::double precision) AS onsets
   FROM ((public.standings_now s
     JOIN public.models m ON (((m.id = s.scored_by) AND (m.status = 'champion'::text))))
     LEFT JOIN public.labels l ON ((l.id = s.label_id)))
  GROUP BY l.name
 HAVING (sum(s.features) > (0)::numeric)
  ORDER BY l.name;

COMMENT ON VIEW public.label_sound IS 'What makes a label, in numbers: means over all rows of audio features of the tracks that the champion has scored.';

ALTER TABLE public.labels ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.labels_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.loads (
    id bigint NOT NULL,
    playlist_id bigint NOT NULL,
    flow_run_id text,
    snapshot_id text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone DEFAULT now() NOT NULL,
    entries bigint NOT NULL,
    tracks_added bigint NOT NULL,
    tracks_removed bigint NOT NULL,
    rejected bigint NOT NULL
);

COMMENT ON TABLE public.loads IS 'One complete ingest of one changed playlist. A row exists only when all of it is in.';

COMMENT ON COLUMN public.loads.id IS 'Primary key.';

COMMENT ON COLUMN public.loads.playlist_id IS 'What was ingested.';

COMMENT ON COLUMN public.loads.flow_run_id IS 'The Prefect flow run that did it.';

COMMENT ON COLUMN public.loads.snapshot_id IS 'The version of the playlist that this load holds.';

COMMENT ON COLUMN public.loads.started_at IS 'When reading began.';

COMMENT ON COLUMN public.loads.finished_at IS 'When all was written.';

COMMENT ON COLUMN public.loads.entries IS 'Entries read, good and bad.';

COMMENT ON COLUMN public.loads.tracks_added IS 'Tracks that were not in the playlist before.';

COMMENT ON COLUMN public.loads.tracks_removed IS 'Tracks that are no longer in it.';

COMMENT ON COLUMN public.loads.rejected IS 'Entries that could not be used.';

ALTER TABLE public.loads ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.loads_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.metrics ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.mistakes AS
 WITH cells AS (
         SELECT c_1.model_id,
            c_1.true_label_id,
            c_1.predicted_label_id,
            c_1.count,
            ((c_1.count)::numeric / sum(c_1.count) OVER (PARTITION BY c_1.true_label_id)) AS share
           FROM (public.confusions c_1
             JOIN public.models m ON (((m.id = c_1.model_id) AND (m.status = 'champion'::text))))
          WHERE ((c_1.split = 'holdout'::text) AND (c_1.level = 'track'::text))
        ), said AS (
         SELECT a.true_label_id,
            a.nearest_id,
            (sum(a.confidence) / (sum(a.tracks))::double precision) AS confidence,
            (sum(a.unknown))::bigint AS unknown
           FROM (public.holdout_answers a
             JOIN public.models m ON (((m.id = a.model_id) AND (m.status = 'champion'::text))))
          GROUP BY a.true_label_id, a.nearest_id
         HAVING (sum(a.tracks) > (0)::numeric)
        )
 SELECT truth.name AS true_label,
    guess.name AS taken_for,
    c.count AS tracks,
    (round(c.share, 3))::double precision AS share,
    said.confidence AS mean_confidence,
    COALESCE(said.unknown, (0)::bigint) AS called_unknown
   FROM (((cells c
     JOIN public.labels truth ON ((truth.id = c.true_label_id)))
     JOIN public.labels guess ON ((guess.id = c.predicted_label_id)))
     LEFT JOIN said ON (((said.true_label_id = c.true_label_id) AND (said.nearest_id = c.predicted_label_id))))
  WHERE (c.true_label_id <> c.predicted_label_id)
  ORDER BY c.count DESC, c.share DESC, truth.id, guess.id;

COMMENT ON VIEW public.mistakes IS 'What the champion gets wrong most: held-out tracks by what they are and what they were taken for, the share of the label, its mean confidence, and how many of them it called unknown in the end.';

CREATE TABLE public.mix_segments (
    mix_id bigint NOT NULL,
    number bigint NOT NULL,
    start_seconds numeric(12,3) NOT NULL,
    end_seconds numeric(12,3) NOT NULL,
    label_id bigint,
    confidence double precision NOT NULL,
    tempo_bpm double precision,
    CONSTRAINT ck_mix_segments_confidence CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT ck_mix_segments_order CHECK ((((0)::numeric <= start_seconds) AND (start_seconds < end_seconds)))
);

COMMENT ON TABLE public.mix_segments IS 'A stretch of a recording that sounds like one label, or like none.';

COMMENT ON COLUMN public.mix_segments.mix_id IS 'The recording.';

COMMENT ON COLUMN public.mix_segments.number IS 'From 0, in the order of time.';

COMMENT ON COLUMN public.mix_segments.start_seconds IS 'Where it begins.';

COMMENT ON COLUMN public.mix_segments.end_seconds IS 'Where it ends.';

COMMENT ON COLUMN public.mix_segments.label_id IS 'The label; null: unknown, it is like none of them.';

COMMENT ON COLUMN public.mix_segments.confidence IS 'How sure that is, 0 to 1.';

COMMENT ON COLUMN public.mix_segments.tempo_bpm IS 'Beats a minute; null where there are none.';

CREATE VIEW public.mix_shares AS
SELECT
    NULL::bigint AS mix_id,
    NULL::text AS title,
    NULL::text AS label,
    NULL::numeric AS seconds,
    NULL::double precision AS share,
    NULL::bigint AS model_id;

COMMENT ON VIEW public.mix_shares IS 'Which share of its time each recording sounds like each label, or like none.';

CREATE TABLE public.mixes (
    id bigint NOT NULL,
    sha256 character varying(64),
    path text NOT NULL,
    title text NOT NULL,
    bytes bigint,
    duration_seconds numeric(12,3),
    model_id bigint,
    status text NOT NULL,
    reason text,
    detail text,
    entropy double precision,
    uniformity double precision,
    changes_per_hour double precision,
    unlike double precision,
    tempo_bpm double precision,
    verdict text,
    verdict_reason text,
    taste jsonb,
    seconds double precision,
    flow_run_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_mixes_analysed_in_full CHECK (((status <> 'analysed'::text) OR ((num_nonnulls(reason, detail) = 0) AND (num_nulls(sha256, bytes, duration_seconds, model_id, entropy, uniformity, changes_per_hour, unlike, verdict, verdict_reason, taste, seconds) = 0)))),
    CONSTRAINT ck_mixes_duration CHECK ((duration_seconds > (0)::numeric)),
    CONSTRAINT ck_mixes_figures CHECK (((entropy >= (0)::double precision) AND (changes_per_hour >= (0)::double precision))),
    CONSTRAINT ck_mixes_rejected_with_reason CHECK (((status <> 'rejected'::text) OR ((num_nulls(reason, detail) = 0) AND (num_nonnulls(model_id, verdict) = 0)))),
    CONSTRAINT ck_mixes_status CHECK ((status = ANY (ARRAY['analysed'::text, 'rejected'::text]))),
    CONSTRAINT ck_mixes_uniformity CHECK (((uniformity >= (0)::double precision) AND (uniformity <= (1)::double precision))),
    CONSTRAINT ck_mixes_unlike CHECK (((unlike >= (0)::double precision) AND (unlike <= (1)::double precision))),
    CONSTRAINT ck_mixes_verdict CHECK ((verdict = ANY (ARRAY['listen'::text, 'maybe'::text, 'skip'::text])))
);

COMMENT ON TABLE public.mixes IS 'A recording such as a DJ set, as one model has heard it, or why it could not be heard.';

COMMENT ON COLUMN public.mixes.id IS 'Primary key.';

COMMENT ON COLUMN public.mixes.sha256 IS 'Of the whole file, by which it is known again; null: it could not be read.';

COMMENT ON COLUMN public.mixes.path IS 'Where the file lay when it was first heard, absolute; bytes that are no text as \xNN.';

COMMENT ON COLUMN public.mixes.title IS 'What its tags call it, or else its name.';

COMMENT ON COLUMN public.mixes.bytes IS 'Size of the file.';

COMMENT ON COLUMN public.mixes.duration_seconds IS 'Length of what was heard.';

COMMENT ON COLUMN public.mixes.model_id IS 'The model that heard it; null: rejected.';

COMMENT ON COLUMN public.mixes.status IS 'analysed, or rejected: it could not be used.';

COMMENT ON COLUMN public.mixes.reason IS 'Why it was rejected, one word: truncated, changed, …';

COMMENT ON COLUMN public.mixes.detail IS 'The same in a sentence, with the cure.';

COMMENT ON COLUMN public.mixes.entropy IS 'Of the shares of its time, unknown included, in bits: 0 is one label all the way.';

COMMENT ON COLUMN public.mixes.uniformity IS 'The chance that two of its moments sound like the same label: 1 is one all the way.';

COMMENT ON COLUMN public.mixes.changes_per_hour IS 'How often one segment gives way to another.';

COMMENT ON COLUMN public.mixes.unlike IS 'Share of its time that is like none of the labels.';

COMMENT ON COLUMN public.mixes.tempo_bpm IS 'Beats a minute; null where there are none.';

COMMENT ON COLUMN public.mixes.verdict IS 'listen, maybe or skip: how it suits the taste in its row.';

COMMENT ON COLUMN public.mixes.verdict_reason IS 'Why, in a sentence.';

COMMENT ON COLUMN public.mixes.taste IS 'The taste of that verdict: weights of labels, of what is like none, and the variety wished for.';

COMMENT ON COLUMN public.mixes.seconds IS 'Wall time of the analysis.';

COMMENT ON COLUMN public.mixes.flow_run_id IS 'The Prefect flow run that did it.';

COMMENT ON COLUMN public.mixes.created_at IS 'When it was heard, or rejected last.';

CREATE VIEW public.mix_timeline AS
 SELECT m.id AS mix_id,
    m.title,
    s.number,
    to_char(make_interval(secs => (floor(s.start_seconds))::double precision), 'FMHH24:MI:SS'::text) AS starts,
    to_char(make_interval(secs => (floor(s.end_seconds))::double precision), 'FMHH24:MI:SS'::text) AS ends,
    COALESCE(l.name, 'unknown'::text) AS label,
    s.confidence,
    s.tempo_bpm,
    s.start_seconds,
    s.end_seconds,
    m.model_id
   FROM ((public.mix_segments s
     JOIN public.mixes m ON ((m.id = s.mix_id)))
     LEFT JOIN public.labels l ON ((l.id = s.label_id)))
  ORDER BY m.id DESC, s.number;

COMMENT ON VIEW public.mix_timeline IS 'What each recording sounds like from when to when, in seconds and as h:mm:ss, how sure that is, and how fast it is; newest first. A recording that several models have heard stands here for each.';

CREATE TABLE public.mix_windows (
    mix_id bigint NOT NULL,
    number bigint NOT NULL,
    start_seconds numeric(12,3) NOT NULL,
    label_id bigint,
    confidence double precision NOT NULL,
    probabilities real[],
    tempo_bpm double precision,
    CONSTRAINT ck_mix_windows_confidence CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision)))
);

COMMENT ON TABLE public.mix_windows IS 'What the model says of each moment of a recording; windows overlap by half.';

COMMENT ON COLUMN public.mix_windows.mix_id IS 'The recording.';

COMMENT ON COLUMN public.mix_windows.number IS 'From 0, in the order of time.';

COMMENT ON COLUMN public.mix_windows.start_seconds IS 'Where it begins.';

COMMENT ON COLUMN public.mix_windows.label_id IS 'The label, its neighbours considered; null: unknown, like none of them.';

COMMENT ON COLUMN public.mix_windows.confidence IS 'How sure that is, its neighbours considered, 0 to 1.';

COMMENT ON COLUMN public.mix_windows.probabilities IS 'What the model says of this window alone, in the order of its training''s labels; null: silence.';

COMMENT ON COLUMN public.mix_windows.tempo_bpm IS 'Beats a minute; null where there are none.';

ALTER TABLE public.mixes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.mixes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.model_data AS
 SELECT r.id AS training_run_id,
    m.id AS model_id,
    m.status AS model_status,
    m.architecture,
    l.name AS label,
    rl.split,
    rl.tracks,
    rl.groups,
    r.origins,
    r.dataset_fingerprint,
    r.started_at
   FROM (((public.training_runs r
     LEFT JOIN public.models m ON (((m.training_run_id = r.id) AND (m.status <> 'yardstick'::text))))
     JOIN public.training_run_labels rl ON ((rl.training_run_id = r.id)))
     JOIN public.labels l ON ((l.id = rl.label_id)))
  ORDER BY r.id DESC, l.id, (array_position(ARRAY['train'::text, 'validation'::text, 'holdout'::text], rl.split));

COMMENT ON VIEW public.model_data IS 'Which data made each model: tracks and groups per label and side of the split, and from which origins they were.';

CREATE VIEW public.model_list AS
 SELECT m.id,
    m.status,
    m.architecture,
    m.created_at,
    m.promoted_at,
    t.tracks,
    f.balanced_accuracy,
    f.ci_low,
    f.ci_high,
    f.ece,
    f.over_baseline,
    m.reason,
    m.training_run_id,
    t.why
   FROM ((public.models m
     JOIN public.training_runs t ON ((t.id = m.training_run_id)))
     LEFT JOIN public.holdout_figures f ON ((f.model_id = m.id)))
  WHERE (m.status <> 'yardstick'::text)
  ORDER BY m.id DESC;

COMMENT ON VIEW public.model_list IS 'All models but the yardsticks, newest first: how good on held-out tracks, by how much better than the baseline, whether in use, and why.';

ALTER TABLE public.models ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.models_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.playlist_standings (
    playlist_id bigint NOT NULL,
    standing_id uuid NOT NULL,
    tracks bigint NOT NULL
);

COMMENT ON TABLE public.playlist_standings IS 'How many tracks of a playlist stand in which way.';

COMMENT ON COLUMN public.playlist_standings.playlist_id IS 'The playlist.';

COMMENT ON COLUMN public.playlist_standings.standing_id IS 'The standing.';

COMMENT ON COLUMN public.playlist_standings.tracks IS 'How many of its tracks stand so.';

CREATE VIEW public.playlist_standings_now AS
 WITH changed AS (
         SELECT DISTINCT changed_tracks.track_id
           FROM public.changed_tracks
        )
 SELECT ps.playlist_id,
    s.clips_ready,
    s.ambiguous,
    s.without_audio,
    ps.tracks
   FROM (public.playlist_standings ps
     JOIN public.standings s ON ((s.id = ps.standing_id)))
UNION ALL
 SELECT unnest(ts.playlists) AS playlist_id,
    s.clips_ready,
    s.ambiguous,
    s.without_audio,
    '-1'::integer AS tracks
   FROM ((changed
     JOIN public.track_standings ts ON ((ts.track_id = changed.track_id)))
     JOIN public.standings s ON ((s.id = ts.standing_id)))
UNION ALL
 SELECT unnest(f.playlists) AS playlist_id,
    f.clips_ready,
    f.ambiguous,
    f.without_audio,
    1 AS tracks
   FROM (changed
     JOIN public.track_facts f ON ((f.track_id = changed.track_id)));

COMMENT ON VIEW public.playlist_standings_now IS 'The same for the tracks of each playlist.';

CREATE TABLE public.rejected_records (
    id bigint NOT NULL,
    playlist_id bigint NOT NULL,
    load_id bigint NOT NULL,
    reference text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone
);

COMMENT ON TABLE public.rejected_records IS 'An entry of a playlist that could not be used, with the reason.';

COMMENT ON COLUMN public.rejected_records.id IS 'Primary key.';

COMMENT ON COLUMN public.rejected_records.playlist_id IS 'Where it stood.';

COMMENT ON COLUMN public.rejected_records.load_id IS 'The load that met it first.';

COMMENT ON COLUMN public.rejected_records.reference IS 'Which entry: a file''s path, a provider''s id.';

COMMENT ON COLUMN public.rejected_records.reason IS 'One word: empty, not_audio, unreadable, duplicate, …';

COMMENT ON COLUMN public.rejected_records.detail IS 'What was wrong and what helps, in a sentence.';

COMMENT ON COLUMN public.rejected_records.payload IS 'The entry as it came.';

COMMENT ON COLUMN public.rejected_records.first_seen_at IS 'When it was first met.';

COMMENT ON COLUMN public.rejected_records.last_seen_at IS 'When it was last met.';

COMMENT ON COLUMN public.rejected_records.resolved_at IS 'When a later load no longer met it.';

CREATE VIEW public.playlist_coverage AS
 WITH counted AS (
         SELECT playlist_standings_now.playlist_id,
            (sum(playlist_standings_now.tracks))::bigint AS tracks,
            (sum(playlist_standings_now.tracks) FILTER (WHERE (playlist_standings_now.without_audio IS NULL)))::bigint AS with_audio,
            (sum(playlist_standings_now.tracks) FILTER (WHERE (playlist_standings_now.clips_ready > 0)))::bigint AS ready,
            (sum(playlist_standings_now.tracks) FILTER (WHERE playlist_standings_now.ambiguous))::bigint AS ambiguous
           FROM public.playlist_standings_now
          GROUP BY playlist_standings_now.playlist_id
        ), reasons AS (
         SELECT by_reason.playlist_id,
            string_agg(((by_reason.reason || ' '::text) || by_reason.n), ', '::text ORDER BY by_reason.n DESC, by_reason.reason) AS without_audio
           FROM ( SELECT playlist_standings_now.playlist_id,
                    playlist_standings_now.without_audio AS reason,
                    sum(playlist_standings_now.tracks) AS n
                   FROM public.playlist_standings_now
                  WHERE (playlist_standings_now.without_audio IS NOT NULL)
                  GROUP BY playlist_standings_now.playlist_id, playlist_standings_now.without_audio) by_reason
          WHERE (by_reason.n > (0)::numeric)
          GROUP BY by_reason.playlist_id
        ), refused AS (
         SELECT by_reason.playlist_id,
            (sum(by_reason.n))::bigint AS records,
            string_agg(((by_reason.reason || ' '::text) || by_reason.n), ', '::text ORDER BY by_reason.n DESC, by_reason.reason) AS reasons
           FROM ( SELECT rejected_records.playlist_id,
                    rejected_records.reason,
                    count(*) AS n
                   FROM public.rejected_records
                  WHERE (rejected_records.resolved_at IS NULL)
                  GROUP BY rejected_records.playlist_id, rejected_records.reason) by_reason
          GROUP BY by_reason.playlist_id
        )
 SELECT l.name AS label,
    p.provider,
    p.name AS playlist,
    (COALESCE(c.tracks, (0)::bigint) + COALESCE(f.records, (0)::bigint)) AS entries,
    COALESCE(c.tracks, (0)::bigint) AS tracks,
    COALESCE(c.with_audio, (0)::bigint) AS with_audio,
    COALESCE(c.ready, (0)::bigint) AS ready,
    r.without_audio,
    COALESCE(c.ambiguous, (0)::bigint) AS ambiguous,
    f.reasons AS left_out,
    p.status,
    p.status_reason,
    p.last_seen_at
   FROM ((((public.playlists p
     JOIN public.labels l ON ((l.id = p.label_id)))
     LEFT JOIN counted c ON ((c.playlist_id = p.id)))
     LEFT JOIN reasons r ON ((r.playlist_id = p.id)))
     LEFT JOIN refused f ON ((f.playlist_id = p.id)))
  ORDER BY l.id, p.id;

COMMENT ON VIEW public.playlist_coverage IS 'Per playlist: entries, tracks, tracks with audio, those with a spectrogram, why the rest of the tracks have none (the last source that was asked), and which entries were left out.';

ALTER TABLE public.playlists ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.playlists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.prediction_scores (
    prediction_id bigint NOT NULL,
    label_id bigint NOT NULL,
    probability double precision NOT NULL,
    CONSTRAINT ck_prediction_scores_probability CHECK (((probability >= (0)::double precision) AND (probability <= (1)::double precision)))
);

COMMENT ON TABLE public.prediction_scores IS 'The probability of each label in a prediction; they sum to 1.';

COMMENT ON COLUMN public.prediction_scores.prediction_id IS 'The prediction.';

COMMENT ON COLUMN public.prediction_scores.label_id IS 'The label.';

COMMENT ON COLUMN public.prediction_scores.probability IS '0 to 1.';

ALTER TABLE public.predictions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.predictions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.provider_state (
    provider text NOT NULL,
    capability text NOT NULL,
    works boolean NOT NULL,
    reason text,
    blocked_until timestamp with time zone,
    checked_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.provider_state IS 'What a provider offers that did not work for us once, and whether it does now.';

COMMENT ON COLUMN public.provider_state.provider IS 'spotify, deezer, reccobeats; previews: whoever hosts these.';

COMMENT ON COLUMN public.provider_state.capability IS 'api: any request at all; audio_features.';

COMMENT ON COLUMN public.provider_state.works IS 'Whether it did when it was last tried.';

COMMENT ON COLUMN public.provider_state.reason IS 'Why not, in a sentence with the cure.';

COMMENT ON COLUMN public.provider_state.blocked_until IS 'No request is sent before: the provider said so, and asking makes it longer.';

COMMENT ON COLUMN public.provider_state.checked_at IS 'When it was last tried.';

ALTER TABLE public.rejected_records ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rejected_records_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE UNLOGGED TABLE public.request_pace (
    service text NOT NULL,
    starts timestamp with time zone[] NOT NULL
);

COMMENT ON TABLE public.request_pace IS 'Requests to services that count them by address, of all runs together. Not kept over a crash.';

COMMENT ON COLUMN public.request_pace.service IS 'deezer.';

COMMENT ON COLUMN public.request_pace.starts IS 'When the latest requests begin, in order; no more than it allows in one window.';

CREATE TABLE public.spectrogram_recipes (
    id bigint NOT NULL,
    fingerprint character varying(12) NOT NULL,
    parameters jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.spectrogram_recipes IS 'The exact parameters that turn sound into a log-mel spectrogram.';

COMMENT ON COLUMN public.spectrogram_recipes.id IS 'Primary key.';

COMMENT ON COLUMN public.spectrogram_recipes.fingerprint IS 'Hash of the parameters; names the folder of files.';

COMMENT ON COLUMN public.spectrogram_recipes.parameters IS 'Sample rate, n_fft, hop length, mel bands, …';

COMMENT ON COLUMN public.spectrogram_recipes.created_at IS 'When it was first used.';

ALTER TABLE public.spectrogram_recipes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.spectrogram_recipes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.spectrograms ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.spectrograms_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.track_artists (
    track_id bigint NOT NULL,
    artist_id bigint NOT NULL,
    "position" bigint NOT NULL
);

COMMENT ON TABLE public.track_artists IS 'Who made a track, in the order of the credit.';

COMMENT ON COLUMN public.track_artists.track_id IS 'The track.';

COMMENT ON COLUMN public.track_artists.artist_id IS 'The artist.';

COMMENT ON COLUMN public.track_artists."position" IS '0 for the first named.';

CREATE VIEW public.track_labels AS
 SELECT ts.track_id,
    s.label_id,
    s.ambiguous,
    s.origins
   FROM (public.track_standings ts
     JOIN public.standings s ON ((s.id = ts.standing_id)))
  WHERE ((s.origins <> '{}'::text[]) AND (NOT (EXISTS ( SELECT
           FROM public.changed_tracks changed
          WHERE (changed.track_id = ts.track_id)))))
UNION ALL
 SELECT f.track_id,
    f.label_id,
    f.ambiguous,
    f.origins
   FROM (( SELECT DISTINCT changed_tracks.track_id
           FROM public.changed_tracks) changed
     JOIN public.track_facts f ON ((f.track_id = changed.track_id)))
  WHERE (f.origins <> '{}'::text[]);

COMMENT ON VIEW public.track_labels IS 'The label of each track that is in a playlist now, and whose playlists say so. Null and ambiguous where playlists of two labels hold the recording: the same track, or one of the same ISRC.';

CREATE VIEW public.track_predictions AS
 SELECT t.id AS track_id,
    t.title,
    ( SELECT string_agg(a.name, ', '::text ORDER BY ta."position") AS string_agg
           FROM (public.track_artists ta
             JOIN public.artists a ON ((a.id = ta.artist_id)))
          WHERE (ta.track_id = t.id)) AS artists,
    t.album,
    truth.name AS label,
    COALESCE(guess.name, 'unknown'::text) AS predicted,
    p.confidence,
    (p.label_id = tl.label_id) AS correct,
    p.split,
    p.model_id,
    COALESCE(guess.name, ( SELECT l.name
           FROM (public.prediction_scores s
             JOIN public.labels l ON ((l.id = s.label_id)))
          WHERE (s.prediction_id = p.id)
          ORDER BY s.probability DESC, l.id
         LIMIT 1)) AS nearest
   FROM (((((public.predictions p
     JOIN public.models m ON (((m.id = p.model_id) AND (m.status = 'champion'::text))))
     JOIN public.tracks t ON ((t.id = p.track_id)))
     LEFT JOIN public.labels guess ON ((guess.id = p.label_id)))
     LEFT JOIN public.track_labels tl ON ((tl.track_id = t.id)))
     LEFT JOIN public.labels truth ON ((truth.id = tl.label_id)));

COMMENT ON VIEW public.track_predictions IS 'What the champion says of each track; unknown where it is like none of the labels, and then correct is null. It has learnt from those of split train.';

ALTER TABLE public.tracks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tracks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.training_history AS
 SELECT t.id AS training_run_id,
    t.started_at,
    t.why,
    t.status,
    t.architecture,
    t.tracks,
    jsonb_array_length(t.history) AS epochs,
    t.seconds,
    f.track_accuracy,
    f.balanced_accuracy,
    m.id AS model_id,
    m.status AS model_status,
    COALESCE(m.reason, t.error) AS reason,
    f.ci_low,
    f.ci_high,
    ( SELECT max(b.balanced_accuracy) AS max
           FROM (public.models y
             JOIN public.holdout_figures b ON ((b.model_id = y.id)))
          WHERE ((y.training_run_id = t.id) AND (y.status = 'yardstick'::text))) AS baseline_accuracy,
    t.on_demand
   FROM ((public.training_runs t
     LEFT JOIN public.models m ON (((m.training_run_id = t.id) AND (m.status <> 'yardstick'::text))))
     LEFT JOIN public.holdout_figures f ON ((f.model_id = m.id)))
  ORDER BY t.id DESC;

COMMENT ON VIEW public.training_history IS 'All trainings, newest first, with the network that each made; baseline_accuracy is the balanced accuracy of the baseline on the same tracks.';

ALTER TABLE public.training_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.training_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

INSERT INTO public.alembic_version VALUES
	('0014');

INSERT INTO public.artists OVERRIDING SYSTEM VALUE VALUES
	(1, 'folder', 'artist 0', 'Artist 0', '2026-11-30 18:03:37.089915+00'),
	(2, 'folder', 'artist 1', 'Artist 1', '2026-11-30 18:03:37.089915+00'),
	(3, 'folder', 'artist 2', 'Artist 2', '2026-11-30 18:03:37.089915+00'),
	(4, 'folder', 'artist 3', 'Artist 3', '2026-11-30 18:03:37.089915+00'),
	(5, 'folder', 'artist 4', 'Artist 4', '2026-11-30 18:03:37.089915+00'),
	(6, 'folder', 'artist 5', 'Artist 5', '2026-11-30 18:03:37.089915+00'),
	(7, 'folder', 'artist 6', 'Artist 6', '2026-11-30 18:03:37.089915+00'),
	(8, 'spotify', 'artist 10', 'Artist 10', '2026-11-30 18:03:37.089915+00');

INSERT INTO public.audio_features OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'librosa', '1 librosa 0.11', 125, 1, 1, 0.75, -9.5, 4.25, 2001, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(2, 1, 2, 'librosa', '1 librosa 0.11', 125, 2, 1, 0.75, -9.5, 4.25, 2002, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, 2, 3, 'librosa', '1 librosa 0.11', 126, 3, 1, 0.75, -9.5, 4.25, 2003, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(4, 2, 4, 'librosa', '1 librosa 0.11', 126, 4, 1, 0.75, -9.5, 4.25, 2004, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(5, 3, 5, 'librosa', '1 librosa 0.11', 127, 5, 1, 0.75, -9.5, 4.25, 2005, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(6, 3, 6, 'librosa', '1 librosa 0.11', 127, 6, 1, 0.75, -9.5, 4.25, 2006, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, 4, 7, 'librosa', '1 librosa 0.11', 128, 7, 1, 0.75, -9.5, 4.25, 2007, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(8, 4, 8, 'librosa', '1 librosa 0.11', 128, 8, 1, 0.75, -9.5, 4.25, 2008, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, 5, 9, 'librosa', '1 librosa 0.11', 129, 9, 1, 0.75, -9.5, 4.25, 2009, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(10, 5, 10, 'librosa', '1 librosa 0.11', 129, 10, 1, 0.75, -9.5, 4.25, 2010, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, 6, 11, 'librosa', '1 librosa 0.11', 130, 11, 1, 0.75, -9.5, 4.25, 2011, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(12, 6, 12, 'librosa', '1 librosa 0.11', 130, 0, 1, 0.75, -9.5, 4.25, 2012, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(13, 7, 13, 'librosa', '1 librosa 0.11', 131, 1, 1, 0.75, -9.5, 4.25, 2013, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(14, 7, 14, 'librosa', '1 librosa 0.11', 131, 2, 1, 0.75, -9.5, 4.25, 2014, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(15, 8, 15, 'librosa', '1 librosa 0.11', 132, 3, 1, 0.75, -9.5, 4.25, 2015, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(16, 8, 16, 'librosa', '1 librosa 0.11', 132, 4, 1, 0.75, -9.5, 4.25, 2016, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(17, 9, 17, 'librosa', '1 librosa 0.11', 133, 5, 1, 0.75, -9.5, 4.25, 2017, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(18, 9, 18, 'librosa', '1 librosa 0.11', 133, 6, 1, 0.75, -9.5, 4.25, 2018, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(19, 10, 19, 'librosa', '1 librosa 0.11', 134, 7, 1, 0.75, -9.5, 4.25, 2019, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(20, 10, 20, 'librosa', '1 librosa 0.11', 134, 8, 1, 0.75, -9.5, 4.25, 2020, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(21, 11, 21, 'librosa', '1 librosa 0.11', 135, 9, 1, 0.75, -9.5, 4.25, 2021, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(22, 11, 22, 'librosa', '1 librosa 0.11', 135, 10, 1, 0.75, -9.5, 4.25, 2022, 5000, 0.25, 0.125, '2026-11-30 18:03:37.546824+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(23, 14, NULL, 'spotify', 'v1', 126, 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 18:03:37.546824+00', 'Spotify', -7.5, 0.75, 0.8, NULL, NULL, NULL, NULL, NULL, 4);

INSERT INTO public.changed_tracks OVERRIDING SYSTEM VALUE VALUES
	(194, 12),
	(195, 13),
	(196, 12);

INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'folder', NULL, 'file:///music/1.flac', '0000000000000000000000000000000000000000000000000000000000000001', 1001, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(2, 1, 'folder', NULL, 'file:///music/1.flac', '0000000000000000000000000000000000000000000000000000000000000001', 1001, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(3, 2, 'folder', NULL, 'file:///music/2.flac', '0000000000000000000000000000000000000000000000000000000000000002', 1002, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(4, 2, 'folder', NULL, 'file:///music/2.flac', '0000000000000000000000000000000000000000000000000000000000000002', 1002, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(5, 3, 'folder', NULL, 'file:///music/3.flac', '0000000000000000000000000000000000000000000000000000000000000003', 1003, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(6, 3, 'folder', NULL, 'file:///music/3.flac', '0000000000000000000000000000000000000000000000000000000000000003', 1003, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(7, 4, 'folder', NULL, 'file:///music/4.flac', '0000000000000000000000000000000000000000000000000000000000000004', 1004, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(8, 4, 'folder', NULL, 'file:///music/4.flac', '0000000000000000000000000000000000000000000000000000000000000004', 1004, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(9, 5, 'folder', NULL, 'file:///music/5.flac', '0000000000000000000000000000000000000000000000000000000000000005', 1005, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(10, 5, 'folder', NULL, 'file:///music/5.flac', '0000000000000000000000000000000000000000000000000000000000000005', 1005, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(11, 6, 'folder', NULL, 'file:///music/6.flac', '0000000000000000000000000000000000000000000000000000000000000006', 1006, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(12, 6, 'folder', NULL, 'file:///music/6.flac', '0000000000000000000000000000000000000000000000000000000000000006', 1006, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(13, 7, 'folder', NULL, 'file:///music/7.flac', '0000000000000000000000000000000000000000000000000000000000000007', 1007, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(14, 7, 'folder', NULL, 'file:///music/7.flac', '0000000000000000000000000000000000000000000000000000000000000007', 1007, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(15, 8, 'folder', NULL, 'file:///music/8.flac', '0000000000000000000000000000000000000000000000000000000000000008', 1008, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(16, 8, 'folder', NULL, 'file:///music/8.flac', '0000000000000000000000000000000000000000000000000000000000000008', 1008, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(17, 9, 'folder', NULL, 'file:///music/9.flac', '0000000000000000000000000000000000000000000000000000000000000009', 1009, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(18, 9, 'folder', NULL, 'file:///music/9.flac', '0000000000000000000000000000000000000000000000000000000000000009', 1009, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(19, 10, 'folder', NULL, 'file:///music/10.flac', '000000000000000000000000000000000000000000000000000000000000000a', 1010, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(20, 10, 'folder', NULL, 'file:///music/10.flac', '000000000000000000000000000000000000000000000000000000000000000a', 1010, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(21, 11, 'folder', NULL, 'file:///music/11.flac', '000000000000000000000000000000000000000000000000000000000000000b', 1011, 1, 60.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(22, 11, 'folder', NULL, 'file:///music/11.flac', '000000000000000000000000000000000000000000000000000000000000000b', 1011, 1, 150.000, 30.000, 'ready', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(23, 12, 'folder', NULL, 'file:///music/12.flac', '000000000000000000000000000000000000000000000000000000000000000c', 1012, 1, 60.000, 30.000, 'too_short', NULL, NULL, '2026-11-30 18:03:37.089915+00', NULL),
	(24, 12, 'folder', NULL, 'file:///music/12.flac', '000000000000000000000000000000000000000000000000000000000000000c', 1012, 1, 150.000, 30.000, 'rejected', 'truncated', 'The file ends early; fetch it again.', '2026-11-30 18:03:37.089915+00', NULL);

INSERT INTO public.confusions VALUES
	(1, 'holdout', 'track', 1, 1, 1),
	(1, 'holdout', 'track', 2, 1, 1),
	(2, 'holdout', 'track', 1, 1, 1),
	(2, 'holdout', 'track', 2, 1, 1),
	(3, 'holdout', 'track', 1, 1, 1),
	(3, 'holdout', 'track', 2, 1, 1),
	(4, 'holdout', 'track', 1, 1, 1),
	(4, 'holdout', 'track', 2, 1, 1);

INSERT INTO public.evaluation_confusions VALUES
	(1, 'grouped', 'labelscope', 'track', 1, 2, 3);

INSERT INTO public.evaluation_metrics OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'grouped', 'labelscope', 'track', 'balanced_accuracy', NULL, 0.75, 0.65, 0.85, 10),
	(2, 1, 'seed_protocol', 'labelscope', 'crop', 'balanced_accuracy', NULL, 0.9, 0.8, 1, 10);

INSERT INTO public.evaluations OVERRIDING SYSTEM VALUE VALUES
	(1, NULL, 5, 3, 0, 1, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '[]', '{}', '{}', 10, 10, '["folder"]', 'completed', NULL, '2026-11-30 18:03:37.977913+00', '2026-11-30 18:03:37.977913+00');

INSERT INTO public.file_faults OVERRIDING SYSTEM VALUE VALUES
	(1, 'models/9/old', 'model', 'orphaned', '2026-11-30 18:03:37.977913+00', NULL, NULL);

INSERT INTO public.fingerprints VALUES
	(1, 1, '\x0101', '{1,101}', '2026-11-30 18:03:37.546824+00'),
	(2, 1, '\x0201', '{2,101}', '2026-11-30 18:03:37.546824+00'),
	(3, 1, '\x0301', '{3,102}', '2026-11-30 18:03:37.546824+00'),
	(4, 1, '\x0401', '{4,102}', '2026-11-30 18:03:37.546824+00'),
	(5, 1, '\x0501', '{5,103}', '2026-11-30 18:03:37.546824+00'),
	(6, 1, '\x0601', '{6,103}', '2026-11-30 18:03:37.546824+00'),
	(7, 1, '\x0701', '{7,104}', '2026-11-30 18:03:37.546824+00'),
	(8, 1, '\x0801', '{8,104}', '2026-11-30 18:03:37.546824+00'),
	(9, 1, '\x0901', '{9,105}', '2026-11-30 18:03:37.546824+00'),
	(10, 1, '\x0a01', '{10,105}', '2026-11-30 18:03:37.546824+00'),
	(11, 1, '\x0b01', '{11,106}', '2026-11-30 18:03:37.546824+00'),
	(12, 1, '\x0c01', '{12,106}', '2026-11-30 18:03:37.546824+00'),
	(13, 1, '\x0d01', '{13,107}', '2026-11-30 18:03:37.546824+00'),
	(14, 1, '\x0e01', '{14,107}', '2026-11-30 18:03:37.546824+00'),
	(15, 1, '\x0f01', '{15,108}', '2026-11-30 18:03:37.546824+00'),
	(16, 1, '\x1001', '{16,108}', '2026-11-30 18:03:37.546824+00'),
	(17, 1, '\x1101', '{17,109}', '2026-11-30 18:03:37.546824+00'),
	(18, 1, '\x1201', '{18,109}', '2026-11-30 18:03:37.546824+00'),
	(19, 1, '\x1301', '{19,110}', '2026-11-30 18:03:37.546824+00'),
	(20, 1, '\x1401', '{20,110}', '2026-11-30 18:03:37.546824+00'),
	(21, 1, '\x1501', '{21,111}', '2026-11-30 18:03:37.546824+00'),
	(22, 1, '\x1601', '{22,111}', '2026-11-30 18:03:37.546824+00');

INSERT INTO public.former_places VALUES
	('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'aside', '2026-11-01 12:00:00+00'),
	('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'holdout', '2026-11-01 12:00:00+00');

INSERT INTO public.holdout_answers OVERRIDING SYSTEM VALUE VALUES
	(5, 1, 1, 1, 1, 0, 0.8),
	(6, 3, 1, 1, 1, 0, 0.8),
	(7, 3, 2, 1, 1, 0, 0.8),
	(8, 1, 2, 1, 1, 0, 0.8);

INSERT INTO public.labels OVERRIDING SYSTEM VALUE VALUES
	(1, 'drumcode', 'Drumcode', '', false, '2026-11-30 18:03:37.089915+00'),
	(3, 'ostgut-ton', 'Ostgut Ton', '', false, '2026-11-30 18:03:37.089915+00'),
	(2, 'kompakt', 'Kompakt', 'Cologne', false, '2026-11-30 18:03:37.089915+00');

INSERT INTO public.loads OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '11111111-1111-1111-1111-111111111111', 'v1', '2026-11-01 12:00:00+00', '2026-11-30 18:03:37.144864+00', 5, 4, 0, 1),
	(2, 2, '11111111-1111-1111-1111-111111111111', 'v1', '2026-11-01 12:00:00+00', '2026-11-30 18:03:37.176263+00', 4, 4, 0, 0),
	(3, 3, '11111111-1111-1111-1111-111111111111', 'v1', '2026-11-01 12:00:00+00', '2026-11-30 18:03:37.201384+00', 4, 4, 0, 0),
	(4, 4, NULL, 's1', '2026-11-01 12:00:00+00', '2026-11-30 18:03:37.217256+00', 2, 2, 0, 0);

INSERT INTO public.lookups VALUES
	(13, 'audio', 'deezer', 'unknown_isrc', 'Deezer has no such recording.', false, 1, NULL, '2026-11-01 12:00:00+00', '2026-11-01 12:00:00+00'),
	(13, 'features', 'reccobeats', 'unknown', 'It has none.', true, 1, NULL, '2026-11-01 12:00:00+00', NULL);

INSERT INTO public.metrics OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'holdout', 'track', 'accuracy', NULL, 0.75, NULL, NULL, 6),
	(2, 1, 'holdout', 'track', 'balanced_accuracy', NULL, 0.75, 0.65, 0.85, 6),
	(3, 1, 'holdout', 'track', 'majority', NULL, 0.5, NULL, NULL, 6),
	(4, 1, 'holdout', 'track', 'ece', NULL, 0.05, NULL, NULL, 6),
	(5, 1, 'validation', 'track', 'balanced_accuracy', NULL, 0.75, NULL, NULL, 6),
	(6, 1, 'holdout', 'track', 'recall', 1, 1, NULL, NULL, 1),
	(7, 1, 'holdout', 'track', 'recall', 2, 0, NULL, NULL, 1),
	(8, 1, 'holdout', 'track', 'precision', 1, 0.5, NULL, NULL, 2),
	(9, 2, 'holdout', 'track', 'accuracy', NULL, 0.5, NULL, NULL, 6),
	(10, 2, 'holdout', 'track', 'balanced_accuracy', NULL, 0.5, 0.4, 0.6, 6),
	(11, 2, 'holdout', 'track', 'majority', NULL, 0.5, NULL, NULL, 6),
	(12, 2, 'holdout', 'track', 'ece', NULL, 0.05, NULL, NULL, 6),
	(13, 2, 'validation', 'track', 'balanced_accuracy', NULL, 0.5, NULL, NULL, 6),
	(14, 2, 'holdout', 'track', 'recall', 1, 1, NULL, NULL, 1),
	(15, 2, 'holdout', 'track', 'recall', 2, 0, NULL, NULL, 1),
	(16, 2, 'holdout', 'track', 'precision', 1, 0.5, NULL, NULL, 2),
	(17, 3, 'holdout', 'track', 'accuracy', NULL, 0.75, NULL, NULL, 6),
	(18, 3, 'holdout', 'track', 'balanced_accuracy', NULL, 0.75, 0.65, 0.85, 6),
	(19, 3, 'holdout', 'track', 'majority', NULL, 0.5, NULL, NULL, 6),
	(20, 3, 'holdout', 'track', 'ece', NULL, 0.05, NULL, NULL, 6),
	(21, 3, 'validation', 'track', 'balanced_accuracy', NULL, 0.75, NULL, NULL, 6),
	(22, 3, 'holdout', 'track', 'recall', 1, 1, NULL, NULL, 1),
	(23, 3, 'holdout', 'track', 'recall', 2, 0, NULL, NULL, 1),
	(24, 3, 'holdout', 'track', 'precision', 1, 0.5, NULL, NULL, 2),
	(25, 4, 'holdout', 'track', 'accuracy', NULL, 0.5, NULL, NULL, 6),
	(26, 4, 'holdout', 'track', 'balanced_accuracy', NULL, 0.5, 0.4, 0.6, 6),
	(27, 4, 'holdout', 'track', 'majority', NULL, 0.5, NULL, NULL, 6),
	(28, 4, 'holdout', 'track', 'ece', NULL, 0.05, NULL, NULL, 6),
	(29, 4, 'validation', 'track', 'balanced_accuracy', NULL, 0.5, NULL, NULL, 6),
	(30, 4, 'holdout', 'track', 'recall', 1, 1, NULL, NULL, 1),
	(31, 4, 'holdout', 'track', 'recall', 2, 0, NULL, NULL, 1),
	(32, 4, 'holdout', 'track', 'precision', 1, 0.5, NULL, NULL, 2);

INSERT INTO public.mix_segments VALUES
	(1, 0, 0.000, 1800.000, 1, 0.9, 128),
	(1, 1, 1800.000, 3600.000, NULL, 0.9, NULL),
	(1, 2, 3600.000, 7200.000, 2, 0.9, 128);

INSERT INTO public.mix_windows VALUES
	(1, 0, 0.000, 1, 1, NULL, 128),
	(1, 1, 1.486, 1, 1, '{0.5,0.25,0.25}', 128),
	(1, 2, 2.972, 1, 1, '{0.5,0.25,0.25}', 128),
	(1, 3, 4.458, 1, 1, '{0.5,0.25,0.25}', 128),
	(1, 4, 5.944, 1, 1, '{0.5,0.25,0.25}', 128);

INSERT INTO public.mixes OVERRIDING SYSTEM VALUE VALUES
	(1, 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', '/music/sets/Somebody - Live.flac', 'Somebody - Live', 100, 7200.000, 3, 'analysed', NULL, NULL, 1.5, 0.5, 1, 0.25, 128, 'maybe', '0.50 in all.', '{"labels": {"drumcode": 1.0}, "unlike": 0.0, "variety": 0.25}', 60, NULL, '2026-11-30 18:03:37.977913+00'),
	(2, NULL, '/music/sets/broken.mp3', 'broken', NULL, NULL, NULL, 'rejected', 'truncated', 'It is cut short.', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 18:03:37.977913+00');

INSERT INTO public.models OVERRIDING SYSTEM VALUE VALUES
	(2, 1, '1/baseline', '2222222222222222222222222222222222222222222222222222222222222222', 10, 'yardstick', NULL, '2026-11-30 18:03:37.708919+00', NULL, 'baseline', '{"temperature": {"track": 1.5}, "unknown_below": 0.4}', NULL),
	(4, 2, '2/baseline', '2222222222222222222222222222222222222222222222222222222222222222', 10, 'yardstick', NULL, '2026-11-30 18:03:37.862121+00', NULL, 'baseline', '{"temperature": {"track": 1.5}, "unknown_below": 0.4}', NULL),
	(1, 1, '1/labelscope', '2222222222222222222222222222222222222222222222222222222222222222', 10, 'retired', 'It is the first. Retired for model 3.', '2026-11-30 18:03:37.708919+00', '2026-11-30 18:03:37.708919+00', 'labelscope', '{"temperature": {"track": 1.5}, "unknown_below": 0.4}', NULL),
	(3, 2, '2/labelscope', '2222222222222222222222222222222222222222222222222222222222222222', 10, 'champion', 'It is better than model 1.', '2026-11-30 18:03:37.862121+00', '2026-11-30 18:03:37.862121+00', 'labelscope', '{"temperature": {"track": 1.5}, "unknown_below": 0.4}', NULL);

INSERT INTO public.playlist_standings VALUES
	(3, 'c418c1d5-0fb9-f123-9ff5-5585b1daa485', 1),
	(4, 'f4f39d0a-b1ba-9430-d6bf-00db83afc3ac', 1),
	(4, '30cf1226-405a-9c4f-31a3-23962c24c01e', 1),
	(2, 'fcabfc5e-69b1-1335-1233-981fd22e8ba5', 2),
	(1, '06ea35ac-375d-8dfa-5514-f1a8de91e6b5', 1),
	(2, '0f22163a-95a6-1f51-ddee-0c0d64ac8fef', 1),
	(2, '7ce20875-7579-6df8-3177-5537fa88ddca', 1),
	(1, 'aee1eab3-54a7-a9f6-565d-addeebf026cc', 1),
	(1, 'd342e85b-914d-07d0-08b1-9a6e8c22da44', 2),
	(3, '27bbe50c-f58b-b3d3-44a8-a69cde0e48d2', 1),
	(3, '76cf36f5-7369-3e6b-89e2-c59413936756', 2);

INSERT INTO public.playlist_tracks VALUES
	(1, 1, '2026-11-01 12:00:00+00', NULL),
	(1, 2, '2026-11-01 12:00:00+00', NULL),
	(1, 3, '2026-11-01 12:00:00+00', NULL),
	(1, 4, '2026-11-01 12:00:00+00', NULL),
	(2, 5, '2026-11-01 12:00:00+00', NULL),
	(2, 6, '2026-11-01 12:00:00+00', NULL),
	(2, 7, '2026-11-01 12:00:00+00', NULL),
	(2, 8, '2026-11-01 12:00:00+00', NULL),
	(3, 9, '2026-11-01 12:00:00+00', NULL),
	(3, 10, '2026-11-01 12:00:00+00', NULL),
	(3, 11, '2026-11-01 12:00:00+00', NULL),
	(3, 12, '2026-11-01 12:00:00+00', NULL),
	(4, 13, '2026-11-01 12:00:00+00', NULL),
	(4, 14, '2026-11-01 12:00:00+00', NULL);

INSERT INTO public.playlists OVERRIDING SYSTEM VALUE VALUES
	(1, 'folder', 'file:///music/drumcode', 1, 'drumcode', 'v1', 'ok', NULL, '{"folder": "drumcode"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.144864+00', 'file:///music'),
	(2, 'folder', 'file:///music/kompakt', 2, 'kompakt', 'v1', 'ok', NULL, '{"folder": "kompakt"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.176263+00', 'file:///music'),
	(3, 'folder', 'file:///music/ostgut-ton', 3, 'ostgut-ton', 'v1', 'ok', NULL, '{"folder": "ostgut-ton"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.201384+00', 'file:///music'),
	(4, 'spotify', '37i9dQZF1DX0000000001', 2, 'Kompakt all', 's1', 'ok', NULL, '{}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.217256+00', 'labels.toml');

INSERT INTO public.prediction_scores VALUES
	(1, 1, 0.8),
	(1, 2, 0.1),
	(1, 3, 0.1),
	(2, 1, 0.8),
	(2, 2, 0.1),
	(2, 3, 0.1),
	(3, 1, 0.8),
	(3, 2, 0.1),
	(3, 3, 0.1),
	(4, 1, 0.8),
	(4, 2, 0.1),
	(4, 3, 0.1),
	(5, 1, 0.1),
	(5, 2, 0.8),
	(5, 3, 0.1),
	(6, 1, 0.1),
	(6, 2, 0.8),
	(6, 3, 0.1),
	(7, 1, 0.1),
	(7, 2, 0.8),
	(7, 3, 0.1),
	(8, 1, 0.8),
	(8, 2, 0.1),
	(8, 3, 0.1),
	(9, 1, 0.8),
	(9, 2, 0.1),
	(9, 3, 0.1),
	(10, 1, 0.8),
	(10, 2, 0.1),
	(10, 3, 0.1),
	(11, 1, 0.8),
	(11, 2, 0.1),
	(11, 3, 0.1),
	(12, 1, 0.8),
	(12, 2, 0.1),
	(12, 3, 0.1),
	(13, 1, 0.1),
	(13, 2, 0.8),
	(13, 3, 0.1),
	(14, 1, 0.1),
	(14, 2, 0.8),
	(14, 3, 0.1),
	(15, 1, 0.1),
	(15, 2, 0.8),
	(15, 3, 0.1),
	(16, 1, 0.8),
	(16, 2, 0.1),
	(16, 3, 0.1),
	(17, 1, 0.1),
	(17, 2, 0.1);
INSERT INTO public.prediction_scores VALUES
	(17, 3, 0.8),
	(18, 1, 0.1),
	(18, 2, 0.1),
	(18, 3, 0.8),
	(19, 1, 0.1),
	(19, 2, 0.1),
	(19, 3, 0.8);

INSERT INTO public.predictions OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 1, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'train', 1, 1),
	(2, 2, 1, 1, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'train', 1, 1),
	(3, 3, 1, 1, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'validation', 1, 1),
	(4, 4, 1, 1, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'holdout', 1, 1),
	(5, 5, 1, 2, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'train', 2, 2),
	(6, 6, 1, NULL, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'train', 2, 2),
	(7, 7, 1, 2, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'validation', 2, 2),
	(8, 8, 1, 1, 0.8, 2, '2026-11-30 18:03:37.766116+00', 'holdout', 1, 2),
	(9, 1, 3, 1, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 1, 1),
	(10, 2, 3, 1, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 1, 1),
	(11, 3, 3, 1, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'validation', 1, 1),
	(12, 4, 3, 1, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'holdout', 1, 1),
	(13, 5, 3, 2, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 2, 2),
	(14, 6, 3, NULL, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 2, 2),
	(15, 7, 3, 2, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'validation', 2, 2),
	(16, 8, 3, 1, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'holdout', 1, 2),
	(17, 9, 3, 3, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 3, 3),
	(18, 10, 3, 3, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'train', 3, 3),
	(19, 11, 3, 3, 0.8, 2, '2026-11-30 18:03:37.897489+00', 'aside', 3, NULL);

INSERT INTO public.provider_state VALUES
	('spotify', 'audio_features', false, 'Spotify closed it to new apps.', NULL, '2026-11-30 18:03:37.217256+00');

INSERT INTO public.rejected_records OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 'drumcode/notes.txt', 'not_audio', 'It is no audio.', '{}', '2026-11-30 18:03:37.144864+00', '2026-11-30 18:03:37.144864+00', NULL);

INSERT INTO public.request_pace VALUES
	('deezer', '{"2026-11-30 18:03:37.237794+00"}');

INSERT INTO public.spectrogram_recipes OVERRIDING SYSTEM VALUE VALUES
	(1, '0123456789ab', '{"n_fft": 2048, "n_mels": 128, "hop_length": 512, "sample_rate": 22050}', '2026-11-30 18:03:37.546824+00');

INSERT INTO public.spectrograms OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, '1.npy', '0000000000000000000000000000000000000000000000000000000000000001', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(2, 2, 1, '2.npy', '0000000000000000000000000000000000000000000000000000000000000002', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(3, 3, 1, '3.npy', '0000000000000000000000000000000000000000000000000000000000000003', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(4, 4, 1, '4.npy', '0000000000000000000000000000000000000000000000000000000000000004', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(5, 5, 1, '5.npy', '0000000000000000000000000000000000000000000000000000000000000005', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(6, 6, 1, '6.npy', '0000000000000000000000000000000000000000000000000000000000000006', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(7, 7, 1, '7.npy', '0000000000000000000000000000000000000000000000000000000000000007', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(8, 8, 1, '8.npy', '0000000000000000000000000000000000000000000000000000000000000008', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(9, 9, 1, '9.npy', '0000000000000000000000000000000000000000000000000000000000000009', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(10, 10, 1, '10.npy', '000000000000000000000000000000000000000000000000000000000000000a', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(11, 11, 1, '11.npy', '000000000000000000000000000000000000000000000000000000000000000b', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(12, 12, 1, '12.npy', '000000000000000000000000000000000000000000000000000000000000000c', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(13, 13, 1, '13.npy', '000000000000000000000000000000000000000000000000000000000000000d', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(14, 14, 1, '14.npy', '000000000000000000000000000000000000000000000000000000000000000e', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(15, 15, 1, '15.npy', '000000000000000000000000000000000000000000000000000000000000000f', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(16, 16, 1, '16.npy', '0000000000000000000000000000000000000000000000000000000000000010', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(17, 17, 1, '17.npy', '0000000000000000000000000000000000000000000000000000000000000011', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(18, 18, 1, '18.npy', '0000000000000000000000000000000000000000000000000000000000000012', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(19, 19, 1, '19.npy', '0000000000000000000000000000000000000000000000000000000000000013', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(20, 20, 1, '20.npy', '0000000000000000000000000000000000000000000000000000000000000014', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(21, 21, 1, '21.npy', '0000000000000000000000000000000000000000000000000000000000000015', 331000, 1292, '2026-11-30 18:03:37.546824+00'),
	(22, 22, 1, '22.npy', '0000000000000000000000000000000000000000000000000000000000000016', 331000, 1292, '2026-11-30 18:03:37.546824+00');

INSERT INTO public.standings VALUES
	('30cf1226-405a-9c4f-31a3-23962c24c01e', 'spotify', 2, false, '{spotify}', 0, 0, 0, false, NULL, NULL, '{}', 'deezer: unknown_isrc', '{deezer}', false, NULL, '{}', '{reccobeats}', NULL, NULL, NULL, 1, 0, 0, 0, 0, 0, 0, 0),
	('c418c1d5-0fb9-f123-9ff5-5585b1daa485', 'folder', 3, false, '{folder}', 2, 0, 0, false, '{}', NULL, '{}', 'too_short', '{}', false, NULL, '{}', '{}', 'holdout', NULL, NULL, 1, 0, 0, 0, 0, 0, 0, 0),
	('f4f39d0a-b1ba-9430-d6bf-00db83afc3ac', 'spotify', 2, false, '{spotify}', 0, 0, 0, false, NULL, NULL, '{}', 'not looked for yet', '{}', false, NULL, '{spotify}', '{}', NULL, NULL, NULL, 1, 1, 1, 126, 0, 0, 0, 0),
	('06ea35ac-375d-8dfa-5514-f1a8de91e6b5', 'folder', 1, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'validation', 2, 3, 1, 2, 2, 254, 2, -19, 2, 8.5),
	('0f22163a-95a6-1f51-ddee-0c0d64ac8fef', 'folder', 2, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'holdout', 2, 3, 1, 2, 2, 264, 2, -19, 2, 8.5),
	('27bbe50c-f58b-b3d3-44a8-a69cde0e48d2', 'folder', 3, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'aside', NULL, 3, 1, 2, 2, 270, 2, -19, 2, 8.5),
	('76cf36f5-7369-3e6b-89e2-c59413936756', 'folder', 3, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'train', 2, 3, 2, 4, 4, 534, 4, -38, 4, 17),
	('7ce20875-7579-6df8-3177-5537fa88ddca', 'folder', 2, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'validation', 2, 3, 1, 2, 2, 262, 2, -19, 2, 8.5),
	('aee1eab3-54a7-a9f6-565d-addeebf026cc', 'folder', 1, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'holdout', 2, 3, 1, 2, 2, 256, 2, -19, 2, 8.5),
	('d342e85b-914d-07d0-08b1-9a6e8c22da44', 'folder', 1, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'train', 2, 3, 2, 4, 4, 502, 4, -38, 4, 17),
	('fcabfc5e-69b1-1335-1233-981fd22e8ba5', 'folder', 2, false, '{folder}', 2, 2, 0, false, '{1}', 1, '{"folder 1","folder 1"}', NULL, '{}', false, NULL, '{}', '{}', 'train', 2, 3, 2, 4, 4, 518, 4, -38, 4, 17);

INSERT INTO public.track_artists VALUES
	(1, 1, 0),
	(2, 2, 0),
	(3, 2, 0),
	(4, 3, 0),
	(5, 3, 0),
	(6, 4, 0),
	(7, 4, 0),
	(8, 5, 0),
	(9, 5, 0),
	(10, 6, 0),
	(11, 6, 0),
	(12, 7, 0),
	(13, 8, 0),
	(14, 8, 0);

INSERT INTO public.track_splits VALUES
	(1, 'artist:1', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(2, 'artist:2', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(3, 'artist:3', 'artist', 'validation', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(4, 'artist:4', 'artist', 'holdout', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(5, 'artist:5', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(6, 'artist:6', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(7, 'artist:7', 'artist', 'validation', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(8, 'artist:8', 'artist', 'holdout', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(9, 'artist:9', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(10, 'artist:10', 'artist', 'train', 'its group was dealt', '2026-11-30 18:03:37.546824+00'),
	(11, 'artist:11', 'artist', 'aside', 'it ties two sides', '2026-11-30 18:03:37.546824+00'),
	(12, 'artist:12', 'artist', 'holdout', 'its group was dealt', '2026-11-30 18:03:37.546824+00');

INSERT INTO public.track_standings VALUES
	(12, 'c418c1d5-0fb9-f123-9ff5-5585b1daa485', '{3}', NULL, NULL, 0, 0, 0, 0, 0, 0, 0),
	(13, '30cf1226-405a-9c4f-31a3-23962c24c01e', '{4}', '2026-11-01 12:00:00+00', '2026-11-01 12:00:00+00', 0, 0, 0, 0, 0, 0, 0),
	(14, 'f4f39d0a-b1ba-9430-d6bf-00db83afc3ac', '{4}', NULL, NULL, 1, 1, 126, 0, 0, 0, 0),
	(1, 'd342e85b-914d-07d0-08b1-9a6e8c22da44', '{1}', NULL, NULL, 2, 2, 250, 2, -19, 2, 8.5),
	(2, 'd342e85b-914d-07d0-08b1-9a6e8c22da44', '{1}', NULL, NULL, 2, 2, 252, 2, -19, 2, 8.5),
	(3, '06ea35ac-375d-8dfa-5514-f1a8de91e6b5', '{1}', NULL, NULL, 2, 2, 254, 2, -19, 2, 8.5),
	(4, 'aee1eab3-54a7-a9f6-565d-addeebf026cc', '{1}', NULL, NULL, 2, 2, 256, 2, -19, 2, 8.5),
	(5, 'fcabfc5e-69b1-1335-1233-981fd22e8ba5', '{2}', NULL, NULL, 2, 2, 258, 2, -19, 2, 8.5),
	(6, 'fcabfc5e-69b1-1335-1233-981fd22e8ba5', '{2}', NULL, NULL, 2, 2, 260, 2, -19, 2, 8.5),
	(7, '7ce20875-7579-6df8-3177-5537fa88ddca', '{2}', NULL, NULL, 2, 2, 262, 2, -19, 2, 8.5),
	(8, '0f22163a-95a6-1f51-ddee-0c0d64ac8fef', '{2}', NULL, NULL, 2, 2, 264, 2, -19, 2, 8.5),
	(9, '76cf36f5-7369-3e6b-89e2-c59413936756', '{3}', NULL, NULL, 2, 2, 266, 2, -19, 2, 8.5),
	(10, '76cf36f5-7369-3e6b-89e2-c59413936756', '{3}', NULL, NULL, 2, 2, 268, 2, -19, 2, 8.5),
	(11, '27bbe50c-f58b-b3d3-44a8-a69cde0e48d2', '{3}', NULL, NULL, 2, 2, 270, 2, -19, 2, 8.5);

INSERT INTO public.tracks OVERRIDING SYSTEM VALUE VALUES
	(1, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000001', 'Track 1', 'Album 0', NULL, 301.500, '2020-05', '{"TIT2": "Track 1"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(2, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000002', 'Track 2', 'Album 1', NULL, 302.500, '2020-05', '{"TIT2": "Track 2"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(3, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000003', 'Track 3', 'Album 1', NULL, 303.500, '2020-05', '{"TIT2": "Track 3"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(4, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000004', 'Track 4', 'Album 2', NULL, 304.500, '2020-05', '{"TIT2": "Track 4"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(5, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000005', 'Track 5', 'Album 2', NULL, 305.500, '2020-05', '{"TIT2": "Track 5"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(6, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000006', 'Track 6', 'Album 3', NULL, 306.500, '2020-05', '{"TIT2": "Track 6"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(7, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000007', 'Track 7', 'Album 3', NULL, 307.500, '2020-05', '{"TIT2": "Track 7"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(8, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000008', 'Track 8', 'Album 4', NULL, 308.500, '2020-05', '{"TIT2": "Track 8"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(9, 'folder', 'sha256:0000000000000000000000000000000000000000000000000000000000000009', 'Track 9', 'Album 4', NULL, 309.500, '2020-05', '{"TIT2": "Track 9"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(10, 'folder', 'sha256:000000000000000000000000000000000000000000000000000000000000000a', 'Track 10', 'Album 5', NULL, 310.500, '2020-05', '{"TIT2": "Track 10"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(11, 'folder', 'sha256:000000000000000000000000000000000000000000000000000000000000000b', 'Track 11', 'Album 5', NULL, 311.500, '2020-05', '{"TIT2": "Track 11"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(13, 'spotify', 'spotify000000000000020', 'Track 20', 'Album 10', 'DEA000000020', 320.500, '2020-05', '{"TIT2": "Track 20"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(14, 'spotify', 'spotify000000000000021', 'Track 21', 'Album 10', NULL, 321.500, '2020-05', '{"TIT2": "Track 21"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00'),
	(12, 'folder', 'sha256:000000000000000000000000000000000000000000000000000000000000000c', 'Track 12', 'Album 6', 'DEA000000020', 312.500, '2020-05', '{"TIT2": "Track 12"}', '2026-11-30 18:03:37.089915+00', '2026-11-30 18:03:37.089915+00');

INSERT INTO public.training_run_labels VALUES
	(1, 1, 'holdout', 1, 1),
	(1, 1, 'train', 2, 2),
	(1, 1, 'validation', 1, 1),
	(1, 2, 'holdout', 1, 1),
	(1, 2, 'train', 2, 2),
	(1, 2, 'validation', 1, 1),
	(1, 3, 'train', 2, 2),
	(2, 1, 'holdout', 1, 1),
	(2, 1, 'train', 2, 2),
	(2, 1, 'validation', 1, 1),
	(2, 2, 'holdout', 1, 1),
	(2, 2, 'train', 2, 2),
	(2, 2, 'validation', 1, 1),
	(2, 3, 'train', 2, 2);

INSERT INTO public.training_run_tracks VALUES
	(1, 1, 1, 'train', 'artist:1', 'artist'),
	(1, 2, 1, 'train', 'artist:2', 'artist'),
	(1, 3, 1, 'validation', 'artist:3', 'artist'),
	(1, 4, 1, 'holdout', 'artist:4', 'artist'),
	(1, 5, 2, 'train', 'artist:5', 'artist'),
	(1, 6, 2, 'train', 'artist:6', 'artist'),
	(1, 7, 2, 'validation', 'artist:7', 'artist'),
	(1, 8, 2, 'holdout', 'artist:8', 'artist'),
	(1, 9, 3, 'train', 'artist:9', 'artist'),
	(1, 10, 3, 'train', 'artist:10', 'artist'),
	(2, 1, 1, 'train', 'artist:1', 'artist'),
	(2, 2, 1, 'train', 'artist:2', 'artist'),
	(2, 3, 1, 'validation', 'artist:3', 'artist'),
	(2, 4, 1, 'holdout', 'artist:4', 'artist'),
	(2, 5, 2, 'train', 'artist:5', 'artist'),
	(2, 6, 2, 'train', 'artist:6', 'artist'),
	(2, 7, 2, 'validation', 'artist:7', 'artist'),
	(2, 8, 2, 'holdout', 'artist:8', 'artist'),
	(2, 9, 3, 'train', 'artist:9', 'artist'),
	(2, 10, 3, 'train', 'artist:10', 'artist');

INSERT INTO public.training_runs OVERRIDING SYSTEM VALUE VALUES
	(1, NULL, 'the first training', 'completed', NULL, '["One clip was left out."]', 'labelscope', '{"seed": 1, "epochs": 2}', 1, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '[{"id": 1, "slug": "drumcode"}, {"id": 2, "slug": "kompakt"}, {"id": 3, "slug": "ostgut-ton"}]', '{"python": "3.11"}', '[{"loss": 1.0, "epoch": 1}, {"loss": 0.5, "epoch": 2}]', 1.5, '2026-11-30 18:03:37.673512+00', '2026-11-30 18:03:37.708919+00', '["folder"]', false, 10),
	(2, NULL, 'enough new tracks', 'completed', NULL, '["One clip was left out."]', 'labelscope', '{"seed": 1, "epochs": 2}', 1, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '[{"id": 1, "slug": "drumcode"}, {"id": 2, "slug": "kompakt"}, {"id": 3, "slug": "ostgut-ton"}]', '{"python": "3.11"}', '[{"loss": 1.0, "epoch": 1}, {"loss": 0.5, "epoch": 2}]', 1.5, '2026-11-30 18:03:37.850694+00', '2026-11-30 18:03:37.862121+00', '["folder"]', false, 10),
	(3, NULL, 'a wish', 'refused', 'There are too few tracks.', '[]', 'labelscope', '{}', 1, 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '[]', '{}', '[]', NULL, '2026-11-30 18:03:37.897489+00', NULL, '[]', false, 0);

SELECT pg_catalog.setval('public.artists_id_seq', 8, true);

SELECT pg_catalog.setval('public.audio_features_id_seq', 23, true);

SELECT pg_catalog.setval('public.changed_tracks_id_seq', 196, true);

SELECT pg_catalog.setval('public.clips_id_seq', 24, true);

SELECT pg_catalog.setval('public.evaluation_metrics_id_seq', 2, true);

SELECT pg_catalog.setval('public.evaluations_id_seq', 1, true);

SELECT pg_catalog.setval('public.file_faults_id_seq', 1, true);

SELECT pg_catalog.setval('public.holdout_answers_id_seq', 8, true);

SELECT pg_catalog.setval('public.labels_id_seq', 4, true);

SELECT pg_catalog.setval('public.loads_id_seq', 4, true);

SELECT pg_catalog.setval('public.metrics_id_seq', 32, true);

SELECT pg_catalog.setval('public.mixes_id_seq', 2, true);

SELECT pg_catalog.setval('public.models_id_seq', 4, true);

SELECT pg_catalog.setval('public.playlists_id_seq', 4, true);

SELECT pg_catalog.setval('public.predictions_id_seq', 19, true);

SELECT pg_catalog.setval('public.rejected_records_id_seq', 1, true);

SELECT pg_catalog.setval('public.spectrogram_recipes_id_seq', 1, true);

SELECT pg_catalog.setval('public.spectrograms_id_seq', 22, true);

SELECT pg_catalog.setval('public.tracks_id_seq', 14, true);

SELECT pg_catalog.setval('public.training_runs_id_seq', 3, true);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.artists
    ADD CONSTRAINT pk_artists PRIMARY KEY (id);

ALTER TABLE ONLY public.audio_features
    ADD CONSTRAINT pk_audio_features PRIMARY KEY (id);

ALTER TABLE ONLY public.changed_tracks
    ADD CONSTRAINT pk_changed_tracks PRIMARY KEY (id);

ALTER TABLE ONLY public.clips
    ADD CONSTRAINT pk_clips PRIMARY KEY (id);

ALTER TABLE ONLY public.confusions
    ADD CONSTRAINT pk_confusions PRIMARY KEY (model_id, split, level, true_label_id, predicted_label_id);

ALTER TABLE ONLY public.evaluation_confusions
    ADD CONSTRAINT pk_evaluation_confusions PRIMARY KEY (evaluation_id, protocol, architecture, level, true_label_id, predicted_label_id);

ALTER TABLE ONLY public.evaluation_metrics
    ADD CONSTRAINT pk_evaluation_metrics PRIMARY KEY (id);

ALTER TABLE ONLY public.evaluations
    ADD CONSTRAINT pk_evaluations PRIMARY KEY (id);

ALTER TABLE ONLY public.file_faults
    ADD CONSTRAINT pk_file_faults PRIMARY KEY (id);

ALTER TABLE ONLY public.fingerprints
    ADD CONSTRAINT pk_fingerprints PRIMARY KEY (clip_id);

ALTER TABLE ONLY public.former_places
    ADD CONSTRAINT pk_former_places PRIMARY KEY (track_key);

ALTER TABLE ONLY public.holdout_answers
    ADD CONSTRAINT pk_holdout_answers PRIMARY KEY (id);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT pk_labels PRIMARY KEY (id);

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT pk_loads PRIMARY KEY (id);

ALTER TABLE ONLY public.lookups
    ADD CONSTRAINT pk_lookups PRIMARY KEY (track_id, kind, source);

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT pk_metrics PRIMARY KEY (id);

ALTER TABLE ONLY public.mix_segments
    ADD CONSTRAINT pk_mix_segments PRIMARY KEY (mix_id, number);

ALTER TABLE ONLY public.mix_windows
    ADD CONSTRAINT pk_mix_windows PRIMARY KEY (mix_id, number);

ALTER TABLE ONLY public.mixes
    ADD CONSTRAINT pk_mixes PRIMARY KEY (id);

ALTER TABLE ONLY public.models
    ADD CONSTRAINT pk_models PRIMARY KEY (id);

ALTER TABLE ONLY public.playlist_standings
    ADD CONSTRAINT pk_playlist_standings PRIMARY KEY (playlist_id, standing_id);

ALTER TABLE ONLY public.playlist_tracks
    ADD CONSTRAINT pk_playlist_tracks PRIMARY KEY (playlist_id, track_id);

ALTER TABLE ONLY public.playlists
    ADD CONSTRAINT pk_playlists PRIMARY KEY (id);

ALTER TABLE ONLY public.prediction_scores
    ADD CONSTRAINT pk_prediction_scores PRIMARY KEY (prediction_id, label_id);

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT pk_predictions PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_state
    ADD CONSTRAINT pk_provider_state PRIMARY KEY (provider, capability);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT pk_rejected_records PRIMARY KEY (id);

ALTER TABLE ONLY public.request_pace
    ADD CONSTRAINT pk_request_pace PRIMARY KEY (service);

ALTER TABLE ONLY public.spectrogram_recipes
    ADD CONSTRAINT pk_spectrogram_recipes PRIMARY KEY (id);

ALTER TABLE ONLY public.spectrograms
    ADD CONSTRAINT pk_spectrograms PRIMARY KEY (id);

ALTER TABLE ONLY public.standings
    ADD CONSTRAINT pk_standings PRIMARY KEY (id);

ALTER TABLE ONLY public.track_artists
    ADD CONSTRAINT pk_track_artists PRIMARY KEY (track_id, artist_id);

ALTER TABLE ONLY public.track_splits
    ADD CONSTRAINT pk_track_splits PRIMARY KEY (track_id);

ALTER TABLE ONLY public.track_standings
    ADD CONSTRAINT pk_track_standings PRIMARY KEY (track_id);

ALTER TABLE ONLY public.tracks
    ADD CONSTRAINT pk_tracks PRIMARY KEY (id);

ALTER TABLE ONLY public.training_run_labels
    ADD CONSTRAINT pk_training_run_labels PRIMARY KEY (training_run_id, label_id, split);

ALTER TABLE ONLY public.training_run_tracks
    ADD CONSTRAINT pk_training_run_tracks PRIMARY KEY (training_run_id, track_id);

ALTER TABLE ONLY public.training_runs
    ADD CONSTRAINT pk_training_runs PRIMARY KEY (id);

ALTER TABLE ONLY public.artists
    ADD CONSTRAINT uq_artists_provider_external_id UNIQUE (provider, external_id);

ALTER TABLE ONLY public.audio_features
    ADD CONSTRAINT uq_audio_features_clip_id_origin_extractor_version UNIQUE (clip_id, origin, extractor_version);

ALTER TABLE ONLY public.clips
    ADD CONSTRAINT uq_clips_track_id_provider_offset_seconds UNIQUE (track_id, provider, offset_seconds);

ALTER TABLE ONLY public.evaluation_metrics
    ADD CONSTRAINT uq_evaluation_metrics_of_label UNIQUE (evaluation_id, protocol, architecture, level, name, label_id);

ALTER TABLE ONLY public.labels
    ADD CONSTRAINT uq_labels_slug UNIQUE (slug);

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT uq_metrics_model_id_split_level_name_label_id UNIQUE (model_id, split, level, name, label_id);

ALTER TABLE ONLY public.models
    ADD CONSTRAINT uq_models_training_run_id_architecture UNIQUE (training_run_id, architecture);

ALTER TABLE ONLY public.playlists
    ADD CONSTRAINT uq_playlists_provider_external_id UNIQUE (provider, external_id);

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT uq_predictions_track_id_model_id UNIQUE (track_id, model_id);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT uq_rejected_records_playlist_id_reference_reason UNIQUE (playlist_id, reference, reason);

ALTER TABLE ONLY public.spectrogram_recipes
    ADD CONSTRAINT uq_spectrogram_recipes_fingerprint UNIQUE (fingerprint);

ALTER TABLE ONLY public.spectrograms
    ADD CONSTRAINT uq_spectrograms_clip_id_recipe_id UNIQUE (clip_id, recipe_id);

ALTER TABLE ONLY public.tracks
    ADD CONSTRAINT uq_tracks_provider_external_id UNIQUE (provider, external_id);

CREATE INDEX ix_audio_features_track_id ON public.audio_features USING btree (track_id);

CREATE INDEX ix_changed_tracks_track_id ON public.changed_tracks USING btree (track_id);

CREATE INDEX ix_clips_new ON public.clips USING btree (id) WHERE (status = 'new'::text);

CREATE INDEX ix_clips_stored ON public.clips USING btree (sha256) WHERE (uri ~~ 'store:%'::text);

CREATE INDEX ix_clips_unusable ON public.clips USING btree (status, reason) WHERE (status = ANY (ARRAY['rejected'::text, 'too_short'::text]));

CREATE INDEX ix_evaluations_recipe_id ON public.evaluations USING btree (recipe_id);

CREATE UNIQUE INDEX ix_file_faults_open ON public.file_faults USING btree (path) WHERE (ended_at IS NULL);

CREATE INDEX ix_fingerprints_sketch ON public.fingerprints USING gin (sketch) WITH (fastupdate=off);

CREATE INDEX ix_holdout_answers_model_id ON public.holdout_answers USING btree (model_id);

CREATE INDEX ix_loads_playlist_id ON public.loads USING btree (playlist_id);

CREATE INDEX ix_mixes_model_id ON public.mixes USING btree (model_id);

CREATE INDEX ix_playlist_tracks_track_id ON public.playlist_tracks USING btree (track_id);

CREATE INDEX ix_playlists_label_id ON public.playlists USING btree (label_id);

CREATE INDEX ix_predictions_model_id ON public.predictions USING btree (model_id);

CREATE INDEX ix_rejected_records_load_id ON public.rejected_records USING btree (load_id);

CREATE INDEX ix_rejected_records_unresolved ON public.rejected_records USING btree (playlist_id) WHERE (resolved_at IS NULL);

CREATE INDEX ix_spectrograms_recipe_id ON public.spectrograms USING btree (recipe_id);

CREATE INDEX ix_track_artists_artist_id ON public.track_artists USING btree (artist_id);

CREATE INDEX ix_track_splits_aside ON public.track_splits USING btree (track_id) WHERE (split = 'aside'::text);

CREATE INDEX ix_track_splits_group_key ON public.track_splits USING btree (group_key);

CREATE INDEX ix_track_standings_asked_at ON public.track_standings USING btree (standing_id, asked_at);

CREATE INDEX ix_track_standings_features_asked_at ON public.track_standings USING btree (standing_id, features_asked_at) WHERE (features_asked_at IS NOT NULL);

CREATE INDEX ix_tracks_isrc ON public.tracks USING btree (isrc) WHERE (isrc IS NOT NULL);

CREATE INDEX ix_training_run_tracks_track_id ON public.training_run_tracks USING btree (track_id);

CREATE INDEX ix_training_runs_recipe_id ON public.training_runs USING btree (recipe_id);

CREATE UNIQUE INDEX uq_audio_features_of_track ON public.audio_features USING btree (track_id, origin) WHERE (clip_id IS NULL);

CREATE UNIQUE INDEX uq_evaluation_metrics_overall ON public.evaluation_metrics USING btree (evaluation_id, protocol, architecture, level, name) WHERE (label_id IS NULL);

CREATE UNIQUE INDEX uq_metrics_overall ON public.metrics USING btree (model_id, split, level, name) WHERE (label_id IS NULL);

CREATE UNIQUE INDEX uq_mixes_analysed ON public.mixes USING btree (sha256, model_id) WHERE (status = 'analysed'::text);

CREATE UNIQUE INDEX uq_models_one_champion ON public.models USING btree (status) WHERE (status = 'champion'::text);

CREATE OR REPLACE VIEW public.mix_shares AS
 SELECT m.id AS mix_id,
    m.title,
    COALESCE(l.name, 'unknown'::text) AS label,
    sum((s.end_seconds - s.start_seconds)) AS seconds,
    ((sum((s.end_seconds - s.start_seconds)) / m.duration_seconds))::double precision AS share,
    m.model_id
   FROM ((public.mix_segments s
     JOIN public.mixes m ON ((m.id = s.mix_id)))
     LEFT JOIN public.labels l ON ((l.id = s.label_id)))
  GROUP BY m.id, l.id
  ORDER BY m.id DESC, (((sum((s.end_seconds - s.start_seconds)) / m.duration_seconds))::double precision) DESC, l.id;

CREATE TRIGGER enter_answers_delete AFTER DELETE ON public.predictions REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.enter_answers();

CREATE TRIGGER enter_answers_insert AFTER INSERT ON public.predictions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.enter_answers();

CREATE TRIGGER note_gone_tracks_delete AFTER DELETE ON public.tracks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_gone_tracks();

CREATE TRIGGER note_members_delete AFTER DELETE ON public.playlist_tracks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_members();

CREATE TRIGGER note_members_insert AFTER INSERT ON public.playlist_tracks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_members();

CREATE TRIGGER note_members_update AFTER UPDATE ON public.playlist_tracks REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_members();

CREATE TRIGGER note_new_tracks_insert AFTER INSERT ON public.tracks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_new_tracks();

CREATE TRIGGER note_other_recordings_update AFTER UPDATE ON public.tracks REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_other_recordings();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.audio_features REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.clips REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.lookups REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.predictions REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.track_splits REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_delete AFTER DELETE ON public.training_run_tracks REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.audio_features REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.clips REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.lookups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.predictions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.track_splits REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_insert AFTER INSERT ON public.training_run_tracks REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_of_clips_delete AFTER DELETE ON public.fingerprints REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_clips_delete AFTER DELETE ON public.spectrograms REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_clips_insert AFTER INSERT ON public.fingerprints REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_clips_insert AFTER INSERT ON public.spectrograms REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_clips_update AFTER UPDATE ON public.fingerprints REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_clips_update AFTER UPDATE ON public.spectrograms REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_clips();

CREATE TRIGGER note_tracks_of_models_update AFTER UPDATE ON public.models REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_models();

CREATE TRIGGER note_tracks_of_playlists_update AFTER UPDATE ON public.playlists REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_playlists();

CREATE TRIGGER note_tracks_of_trainings_update AFTER UPDATE ON public.training_runs REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks_of_trainings();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.audio_features REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.clips REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.lookups REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.predictions REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.track_splits REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

CREATE TRIGGER note_tracks_update AFTER UPDATE ON public.training_run_tracks REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tracks();

ALTER TABLE ONLY public.audio_features
    ADD CONSTRAINT fk_audio_features_clip_id_clips FOREIGN KEY (clip_id) REFERENCES public.clips(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.audio_features
    ADD CONSTRAINT fk_audio_features_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clips
    ADD CONSTRAINT fk_clips_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.confusions
    ADD CONSTRAINT fk_confusions_model_id_models FOREIGN KEY (model_id) REFERENCES public.models(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.confusions
    ADD CONSTRAINT fk_confusions_predicted_label_id_labels FOREIGN KEY (predicted_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.confusions
    ADD CONSTRAINT fk_confusions_true_label_id_labels FOREIGN KEY (true_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.evaluation_confusions
    ADD CONSTRAINT fk_evaluation_confusions_evaluation_id_evaluations FOREIGN KEY (evaluation_id) REFERENCES public.evaluations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.evaluation_confusions
    ADD CONSTRAINT fk_evaluation_confusions_predicted_label_id_labels FOREIGN KEY (predicted_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.evaluation_confusions
    ADD CONSTRAINT fk_evaluation_confusions_true_label_id_labels FOREIGN KEY (true_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.evaluation_metrics
    ADD CONSTRAINT fk_evaluation_metrics_evaluation_id_evaluations FOREIGN KEY (evaluation_id) REFERENCES public.evaluations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.evaluation_metrics
    ADD CONSTRAINT fk_evaluation_metrics_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.evaluations
    ADD CONSTRAINT fk_evaluations_recipe_id_spectrogram_recipes FOREIGN KEY (recipe_id) REFERENCES public.spectrogram_recipes(id);

ALTER TABLE ONLY public.fingerprints
    ADD CONSTRAINT fk_fingerprints_clip_id_clips FOREIGN KEY (clip_id) REFERENCES public.clips(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.holdout_answers
    ADD CONSTRAINT fk_holdout_answers_model_id_models FOREIGN KEY (model_id) REFERENCES public.models(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.holdout_answers
    ADD CONSTRAINT fk_holdout_answers_nearest_id_labels FOREIGN KEY (nearest_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.holdout_answers
    ADD CONSTRAINT fk_holdout_answers_true_label_id_labels FOREIGN KEY (true_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT fk_loads_playlist_id_playlists FOREIGN KEY (playlist_id) REFERENCES public.playlists(id);

ALTER TABLE ONLY public.lookups
    ADD CONSTRAINT fk_lookups_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT fk_metrics_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT fk_metrics_model_id_models FOREIGN KEY (model_id) REFERENCES public.models(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mix_segments
    ADD CONSTRAINT fk_mix_segments_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.mix_segments
    ADD CONSTRAINT fk_mix_segments_mix_id_mixes FOREIGN KEY (mix_id) REFERENCES public.mixes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mix_windows
    ADD CONSTRAINT fk_mix_windows_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.mix_windows
    ADD CONSTRAINT fk_mix_windows_mix_id_mixes FOREIGN KEY (mix_id) REFERENCES public.mixes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mixes
    ADD CONSTRAINT fk_mixes_model_id_models FOREIGN KEY (model_id) REFERENCES public.models(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.models
    ADD CONSTRAINT fk_models_training_run_id_training_runs FOREIGN KEY (training_run_id) REFERENCES public.training_runs(id);

ALTER TABLE ONLY public.playlist_tracks
    ADD CONSTRAINT fk_playlist_tracks_playlist_id_playlists FOREIGN KEY (playlist_id) REFERENCES public.playlists(id);

ALTER TABLE ONLY public.playlist_tracks
    ADD CONSTRAINT fk_playlist_tracks_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.playlists
    ADD CONSTRAINT fk_playlists_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.prediction_scores
    ADD CONSTRAINT fk_prediction_scores_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.prediction_scores
    ADD CONSTRAINT fk_prediction_scores_prediction_id_predictions FOREIGN KEY (prediction_id) REFERENCES public.predictions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT fk_predictions_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT fk_predictions_model_id_models FOREIGN KEY (model_id) REFERENCES public.models(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT fk_predictions_nearest_id_labels FOREIGN KEY (nearest_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT fk_predictions_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT fk_predictions_trained_label_id_labels FOREIGN KEY (trained_label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT fk_rejected_records_load_id_loads FOREIGN KEY (load_id) REFERENCES public.loads(id);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT fk_rejected_records_playlist_id_playlists FOREIGN KEY (playlist_id) REFERENCES public.playlists(id);

ALTER TABLE ONLY public.spectrograms
    ADD CONSTRAINT fk_spectrograms_clip_id_clips FOREIGN KEY (clip_id) REFERENCES public.clips(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.spectrograms
    ADD CONSTRAINT fk_spectrograms_recipe_id_spectrogram_recipes FOREIGN KEY (recipe_id) REFERENCES public.spectrogram_recipes(id);

ALTER TABLE ONLY public.track_artists
    ADD CONSTRAINT fk_track_artists_artist_id_artists FOREIGN KEY (artist_id) REFERENCES public.artists(id);

ALTER TABLE ONLY public.track_artists
    ADD CONSTRAINT fk_track_artists_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_splits
    ADD CONSTRAINT fk_track_splits_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.training_run_labels
    ADD CONSTRAINT fk_training_run_labels_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.training_run_labels
    ADD CONSTRAINT fk_training_run_labels_training_run_id_training_runs FOREIGN KEY (training_run_id) REFERENCES public.training_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.training_run_tracks
    ADD CONSTRAINT fk_training_run_tracks_label_id_labels FOREIGN KEY (label_id) REFERENCES public.labels(id);

ALTER TABLE ONLY public.training_run_tracks
    ADD CONSTRAINT fk_training_run_tracks_track_id_tracks FOREIGN KEY (track_id) REFERENCES public.tracks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.training_run_tracks
    ADD CONSTRAINT fk_training_run_tracks_training_run_id_training_runs FOREIGN KEY (training_run_id) REFERENCES public.training_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.training_runs
    ADD CONSTRAINT fk_training_runs_recipe_id_spectrogram_recipes FOREIGN KEY (recipe_id) REFERENCES public.spectrogram_recipes(id);
