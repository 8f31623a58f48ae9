"""Previews of tracks: finding them and downloading them."""
