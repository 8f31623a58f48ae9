"""Playlists in files of DJ programs: M3U, Rekordbox XML and Traktor NML, read only."""
