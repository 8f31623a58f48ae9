"""Questions about a collection, each with one query over views, for docs/reference/queries.md."""

from typing import Final

QUESTIONS: Final = {
    "Where is the model wrong?": "SELECT true_label, taken_for, tracks, share FROM mistakes",
    "Which predictions are the least sure?": """
        SELECT artists, title, predicted, confidence, next_label, next_probability
          FROM track_predictions ORDER BY confidence LIMIT 20""",
    "What is new this week, and what does it sound like?": """
        SELECT artists, title, label, predicted, confidence
          FROM track_predictions WHERE first_seen_at > now() - interval '7 days'""",
    "Which tracks of one label sound like another?": """
        SELECT artists, title, confidence FROM track_predictions
         WHERE label = 'Kompakt' AND predicted = 'Drumcode' ORDER BY confidence DESC""",
    "Which artists are between two labels?": """
        SELECT a.artist, a.label, a.probability, b.label AS other, b.probability AS other_probability
          FROM artist_predictions a JOIN artist_predictions b USING (artist_id)
         WHERE a.rank = 1 AND b.rank = 2 AND a.probability - b.probability < 0.2""",
    "How fast is the music of each label?": """
        SELECT label, width_bucket(tempo_bpm, 60, 200, 14) * 10 + 50 AS from_bpm, count(*) AS tracks
          FROM track_predictions WHERE tempo_bpm IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2""",
    "Which predictions did the last model change?": """
        SELECT artists, title, predicted_before, predicted, confidence FROM changed_predictions""",
    "What was removed from folders and playlists, and when?": """
        SELECT removed_at, label, artists, title FROM removed_tracks""",
    "Which files may be in the wrong folder?": """
        SELECT path, label, predicted, confidence, label_probability FROM suspected_mislabelled""",
    "What came in from each playlist, and what is missing?": """
        SELECT label, entries, tracks, with_audio, ready, without_audio, left_out FROM playlist_coverage""",
    "How did the accuracy of each label change over time?": """
        SELECT label, started_at, accuracy, change FROM label_history""",
    "What sounds like this track, whose id is 17?": """
        SELECT artists, title, label, distance FROM similar_tracks(17, 10)""",
}
"""Question -> query. The views are described by `\\dv+` and `\\d+ VIEW` in psql."""
