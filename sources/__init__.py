"""Playlists, tracks and audio from services and folders, as plain values. Imports no database, Prefect or Keras."""
