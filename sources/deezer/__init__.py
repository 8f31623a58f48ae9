"""Deezer: public playlists."""
