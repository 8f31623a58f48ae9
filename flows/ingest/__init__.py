"""The stage that brings playlists, tracks, audio and audio features into the database."""
