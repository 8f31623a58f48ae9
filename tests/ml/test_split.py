from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.split import SHARES, Placement, TrackInfo, TrainingRefused, assign_splits, untested_labels


def crate(artists: int, tracks_each: int, label: str = "a", first: int = 0) -> list[TrackInfo]:
    return [
        TrackInfo(
            first + artist * tracks_each + number, label, (f"{label} {artist}",), None, f"{artist} {number}"
        )
        for artist in range(artists)
        for number in range(tracks_each)
    ]


def shares(tracks: list[TrackInfo], placed: dict[int, Placement], label: str) -> dict[str, float]:
    own = [placed[track.track_id].split for track in tracks if track.label == label]
    return {split: own.count(split) / len(own) for split in SHARES}


names = st.sampled_from(["Ada", "ada ", "Bo", "Cy", "Di", "Eve", "Flo", "Unknown", "Various Artists"])
tracks_strategy = st.lists(
    st.builds(
        TrackInfo,
        track_id=st.just(0),
        label=st.sampled_from(["a", "b", "c"]),
        artists=st.lists(names, max_size=2).map(tuple),
        album=st.none() | st.sampled_from(["One", "Two", "Three"]),
        title=st.sampled_from(["Sun", "Sun (Live)", "Moon", "Rain", "Snow", "Fog"]),
    ),
    max_size=40,
).map(lambda tracks: [replace(track, track_id=number) for number, track in enumerate(tracks)])


def place_or_none(
    tracks: list[TrackInfo], previous: dict[int, Placement] | None = None
) -> dict[int, Placement]:
    try:
        return assign_splits(tracks, previous)
    except TrainingRefused:
        return {}


@given(tracks_strategy)
def test_no_tie_is_on_two_sides(tracks: list[TrackInfo]) -> None:
    placed = place_or_none(tracks)
    sides: dict[object, set[str]] = defaultdict(set)
    for track in tracks:
        if track.track_id not in placed:
            continue
        place = placed[track.track_id]
        sides[place.group].add(place.split)
        for artist in {name.strip().casefold() for name in track.artists} - {"unknown", "various artists"}:
            sides["title", artist, track.title.removesuffix(" (Live)")].add(place.split)
            if place.scheme == "artist":
                # Labels with few artists may share this one, split by album, so only its own kind is bound.
                sides["artist", artist].add(place.split)
            elif place.scheme == "album":
                sides["album", artist, track.album].add(place.split)
    assert all(len(splits) == 1 for splits in sides.values())


@given(tracks_strategy, st.randoms())
def test_the_order_of_the_tracks_does_not_matter(tracks: list[TrackInfo], random: object) -> None:
    shuffled = list(tracks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert place_or_none(tracks) == place_or_none(shuffled)


@given(tracks_strategy, st.integers(0, 40))
def test_old_tracks_stay_unless_a_new_one_ties_them(tracks: list[TrackInfo], number: int) -> None:
    before = place_or_none(tracks[:number])
    after = place_or_none(tracks, before)
    if not after:
        return
    old_sides: dict[str, set[str]] = defaultdict(set)
    for track_id, place in before.items():
        old_sides[after[track_id].group].add(place.split)
    for track_id, place in before.items():
        sides = old_sides[after[track_id].group]
        # A tie over two sides joins the side that has taught a network most; nothing trained on becomes a test.
        assert after[track_id].split == min(sides, key=list(SHARES).index)
        if len(sides) == 1:
            assert after[track_id].split == place.split


@given(
    st.lists(st.integers(1, 30), min_size=3, max_size=12),
    st.lists(st.integers(1, 30), min_size=3, max_size=12),
)
def test_three_groups_fill_three_splits(first: list[int], second: list[int]) -> None:
    tracks = [
        TrackInfo(0, label, (), f"{label}{group}", f"{label}{group}-{number}")
        for label, sizes in (("a", first), ("b", second))
        for group, size in enumerate(sizes)
        for number in range(size)
    ]
    tracks = [replace(track, track_id=number) for number, track in enumerate(tracks)]
    placed = assign_splits(tracks)
    for label in ("a", "b"):
        assert all(share > 0 for share in shares(tracks, placed, label).values())


def test_shares_are_met_where_groups_are_small() -> None:
    tracks = crate(50, 2) + crate(30, 3, "b", first=1000)
    placed = assign_splits(tracks)
    for label in ("a", "b"):
        assert shares(tracks, placed, label) == pytest.approx(SHARES, abs=0.03)


def test_placements_are_the_same_on_every_machine() -> None:
    placed = assign_splits(crate(5, 1) + crate(5, 1, "b", first=5))
    assert [placed[track].split[0] for track in range(10)] == list("vthtthvttt")
    assert placed[0] == Placement(placed[0].split, "artist:a 0", "artist")


def test_the_scheme_follows_the_number_of_artists_and_stays() -> None:
    few = [replace(track, album=f"album {track.track_id % 3}") for track in crate(4, 6)]
    other = crate(5, 2, "b", first=100)
    placed = assign_splits(few + other)
    assert {placed[track.track_id].scheme for track in few} == {"album"}
    assert {placed[track.track_id].scheme for track in other} == {"artist"}
    assert placed[0].group == "album:a 0|album 0"

    fifth = TrackInfo(50, "a", ("a 5",), "album 9", "new")
    assert assign_splits([*few, *other, fifth])[0].scheme == "artist"
    grown = assign_splits([*few, *other, fifth], placed)
    assert grown[0].scheme == "album"
    assert {track: grown[track] for track in placed} == placed


def test_without_artist_and_album_the_title_groups() -> None:
    tracks = [TrackInfo(number, "a", ("Unknown",), None, f"Sun ({number})") for number in range(3)]
    placed = assign_splits(tracks + crate(2, 1, "a", 10) + crate(2, 1, "b", 20))
    assert {placed[number] for number in range(3)} == {Placement("train", "title:?|sun", "title")}


def test_the_same_recording_in_two_labels_is_one_group() -> None:
    tracks = crate(6, 2) + crate(6, 2, "b", first=100)
    twin = replace(tracks[0], track_id=500, label="b", title=tracks[0].title.upper() + " - Remastered 2011")
    placed = assign_splits([*tracks, twin])
    assert placed[500].group == placed[0].group


def test_a_collaboration_moves_two_artists_to_the_side_of_training() -> None:
    tracks = crate(10, 2) + crate(10, 2, "b", first=100)
    before = assign_splits(tracks)
    artist = {split: next(t for t in tracks if before[t.track_id].split == split) for split in SHARES}
    both = TrackInfo(999, "a", (*artist["train"].artists, *artist["holdout"].artists), None, "together")
    after = assign_splits([*tracks, both], before)
    assert (
        after[999].split
        == after[artist["train"].track_id].split
        == after[artist["holdout"].track_id].split
        == "train"
    )


def test_a_group_is_remembered_after_its_tracks_are_gone() -> None:
    tracks = crate(10, 1) + crate(10, 1, "b", first=100)
    before = assign_splits(tracks)
    for gone in tracks:
        replaced = [replace(t, track_id=777, title="new") if t is gone else t for t in tracks]
        assert assign_splits(replaced, before)[777].split == before[gone.track_id].split


def test_two_groups_are_trained_and_tested_one_is_only_trained_on() -> None:
    tracks = crate(2, 3) + crate(3, 3, "b", first=100) + crate(1, 3, "c", first=200)
    tracks = [replace(track, album=track.artists[0]) for track in tracks]
    placed = assign_splits(tracks)
    assert shares(tracks, placed, "a") == {"train": 0.5, "validation": 0.0, "holdout": 0.5}
    assert shares(tracks, placed, "c")["train"] == 1.0
    untested = untested_labels(tracks, placed)
    assert list(untested) == ["c"]
    assert "Label 'c'" in untested["c"]


@pytest.mark.parametrize("groups", [(), (1,), (8,), (8, 1), (1, 1, 1)])
def test_too_little_to_split_is_refused(groups: tuple[int, ...]) -> None:
    tracks = [
        replace(track, album=track.artists[0])
        for number, artists in enumerate(groups)
        for track in crate(artists, 2, f"label {number}", first=100 * number)
    ]
    with pytest.raises(TrainingRefused, match="two labels with two separate artists or albums"):
        assign_splits(tracks)
