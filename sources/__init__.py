"""The outside world: playlists, tracks and audio, as plain values. Knows no database, Prefect or Keras."""
