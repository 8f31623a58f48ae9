"""Spotify: playlists, logins and audio features."""
