"""Made-up tracks for the tests of splits."""

from ml.splits.assign import TrackInfo


def made_tracks(artists: int, tracks_each: int, label: str = "a", first: int = 0) -> list[TrackInfo]:
    return [
        TrackInfo(
            first + artist * tracks_each + number, label, (f"{label} {artist}",), None, f"{artist} {number}"
        )
        for artist in range(artists)
        for number in range(tracks_each)
    ]
