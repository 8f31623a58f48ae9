"""The stage that reads playlists, tracks, audio and audio features into the database."""
