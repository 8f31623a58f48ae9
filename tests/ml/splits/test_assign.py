from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.splits.assign import SHARES, AssignedTrack, SplitAssignment, TrackInfo
from ml.splits.assign import assign_splits as assign
from ml.splits.grouping import keys
from tests.ml.tracks import made_tracks


def assign_splits(
    new: list[TrackInfo],
    assigned: Sequence[AssignedTrack] = (),
    same_recording: Iterable[tuple[int, int]] = (),
) -> dict[int, SplitAssignment]:
    return assign(new, assigned, same_recording).by_track


def shares(tracks: list[TrackInfo], assigned: dict[int, SplitAssignment], label: str) -> dict[str, float]:
    own = [assigned[track.track_id].split for track in tracks if track.label == label]
    return {split: own.count(split) / len(own) for split in SHARES}


def kept(tracks: list[TrackInfo], assignments: dict[int, SplitAssignment]) -> list[AssignedTrack]:
    return [
        AssignedTrack(track, assignments[track.track_id]) for track in tracks if track.track_id in assignments
    ]


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
pairs_strategy = st.lists(st.tuples(st.integers(0, 45), st.integers(0, 45)), max_size=6)


def in_batches(
    tracks: list[TrackInfo], pairs: list[tuple[int, int]], sizes: list[int]
) -> dict[int, SplitAssignment]:
    """Assign tracks batch after batch; no track is assigned twice."""
    assignments: dict[int, SplitAssignment] = {}
    first = 0
    for size in [*sizes, len(tracks)]:
        some = tracks[first : first + size]
        made = assign_splits(some, kept(tracks[:first], assignments), pairs)
        assert set(made) == {track.track_id for track in some}
        assert not set(made) & set(assignments)
        assignments |= made
        first += len(some)
    return assignments


@given(tracks_strategy, pairs_strategy, st.lists(st.integers(0, 15), max_size=4))
def test_no_tie_is_ever_in_two_splits(
    tracks: list[TrackInfo], pairs: list[tuple[int, int]], sizes: list[int]
) -> None:
    # A pair between two tracks is found when the later one comes in, as fingerprints are.
    assignments = in_batches(tracks, pairs, sizes)
    splits_of: dict[object, set[str]] = defaultdict(set)
    for track in tracks:
        assignment = assignments[track.track_id]
        if assignment.split != "excluded":
            for tie in {assignment.group} | keys(track, assignment.scheme):
                splits_of[tie].add(assignment.split)
    for one, other in pairs:
        splits = {assignments[track].split for track in (one, other) if track in assignments}
        splits_of[one, other, "recording"] |= splits if "excluded" not in splits else set()
    assert all(len(splits) <= 1 for splits in splits_of.values())
    assert {assignment.split for assignment in assignments.values()} <= {*SHARES, "excluded"}
    assert all(assignment.reason for assignment in assignments.values())


@given(tracks_strategy, pairs_strategy, st.integers(0, 40), st.randoms())
def test_the_order_does_not_matter(
    tracks: list[TrackInfo], pairs: list[tuple[int, int]], number: int, random: object
) -> None:
    before = assign_splits(tracks[:number])
    assigned = kept(tracks[:number], before)
    expected = assign_splits(tracks[number:], assigned, pairs)
    new, turned = tracks[number:], [(other, one) for one, other in pairs]
    for some in (new, assigned, turned):
        random.shuffle(some)  # type: ignore[attr-defined]
    assert assign_splits(new, assigned, turned) == expected


@given(tracks_strategy)
def test_nothing_is_excluded_while_nothing_was_assigned(tracks: list[TrackInfo]) -> None:
    assert "excluded" not in {assignment.split for assignment in assign_splits(tracks).values()}


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
    assigned = assign_splits(tracks)
    for label in ("a", "b"):
        assert all(share > 0 for share in shares(tracks, assigned, label).values())


def test_shares_are_met_where_groups_are_small() -> None:
    tracks = made_tracks(50, 2) + made_tracks(30, 3, "b", first=1000)
    assigned = assign_splits(tracks)
    for label in ("a", "b"):
        assert shares(tracks, assigned, label) == pytest.approx(SHARES, abs=0.03)


def test_shares_are_met_where_tracks_come_in_little_by_little() -> None:
    tracks = made_tracks(60, 2)
    assignments = in_batches(tracks, [], [10] * 12)
    assert shares(tracks, assignments, "a") == pytest.approx(SHARES, abs=0.05)


def test_splits_are_the_same_on_every_machine() -> None:
    assigned = assign_splits(made_tracks(5, 1) + made_tracks(5, 1, "b", first=5))
    assert [assigned[track].split[0] for track in range(10)] == list("vthtthvttt")
    assert assigned[0] == SplitAssignment(
        assigned[0].split, "artist:a 0", "artist", "its group was assigned by quota"
    )


def test_a_label_that_grows_past_four_artists_keeps_its_new_ones_whole() -> None:
    few = [replace(track, album=f"album {track.track_id % 3}") for track in made_tracks(4, 6)]
    other = made_tracks(5, 2, "b", first=100)
    assigned = assign_splits(few + other)
    assert {assigned[track.track_id].scheme for track in few} == {"album"}
    assert {assigned[track.track_id].scheme for track in other} == {"artist"}
    assert assigned[0].group == "album:a 0|album 0"

    fifth = TrackInfo(50, "a", ("a 5",), "album 9", "new")
    assert assign_splits([*few, *other, fifth])[50].scheme == "artist"
    before = kept([*few, *other], assigned)
    assert assign_splits([fifth], before)[50].scheme == "artist"
    # Tracks of an artist grouped by album may be in two splits, so they cannot become one group.
    old_artist = replace(fifth, artists=("a 0", "a 5"))
    assert assign_splits([old_artist], before)[50].scheme == "album"


def test_without_artist_and_album_the_title_groups() -> None:
    tracks = [TrackInfo(number, "a", ("Unknown",), None, f"Sun ({number})") for number in range(3)]
    assigned = assign_splits(tracks + made_tracks(2, 1, "a", 10) + made_tracks(2, 1, "b", 20))
    assert {
        (assigned[number].split, assigned[number].group, assigned[number].scheme) for number in range(3)
    } == {("train", "title:?|sun", "title")}


def test_the_same_recording_in_two_labels_is_one_group() -> None:
    tracks = made_tracks(6, 2) + made_tracks(6, 2, "b", first=100)
    twin = replace(tracks[0], track_id=500, label="b", title=tracks[0].title.upper() + " - Remastered 2011")
    assigned = assign_splits([*tracks, twin])
    assert assigned[500].group == assigned[0].group
    later = assign_splits([twin], kept(tracks, assign_splits(tracks)))[500]
    assert later.reason == "in the group of track 0 by artist"


@pytest.mark.parametrize("split", SHARES)
def test_a_recording_under_another_name_joins_the_split_of_the_first(split: str) -> None:
    tracks = made_tracks(10, 2) + made_tracks(10, 2, "b", first=100)
    before = assign_splits(tracks)
    first = next(track for track in tracks if before[track.track_id].split == split)
    again = TrackInfo(999, "c", ("someone else",), None, "another name")
    assigned = assign_splits([again], kept(tracks, before), [(first.track_id, 999)])[999]
    assert (assigned.split, assigned.group) == (split, before[first.track_id].group)
    assert assigned.reason == f"same recording as track {first.track_id} by fingerprint"


def test_a_new_track_between_two_splits_is_excluded_and_moves_nothing() -> None:
    tracks = made_tracks(10, 2) + made_tracks(10, 2, "b", first=100)
    before = assign_splits(tracks)
    artist = {split: next(t for t in tracks if before[t.track_id].split == split) for split in SHARES}
    names = (*artist["train"].artists, *artist["holdout"].artists)
    bridge = TrackInfo(999, "a", names, None, "together")
    friend = TrackInfo(1000, "a", ("newcomer", names[0]), None, "with one of them")
    assigned = assign_splits([bridge, friend], kept(tracks, before))
    assert assigned[999].split == "excluded"
    train, holdout = artist["train"].track_id, artist["holdout"].track_id
    assert (
        assigned[999].reason
        == f"it ties track {train} (train) and track {holdout} (holdout), whose splits never change"
    )
    assert assigned[1000].split == "train"

    # An excluded track ties nothing: a track of the same title under one of the names joins that one alone.
    again = TrackInfo(1001, "a", (names[1],), None, "together")
    with_bridge = kept([*tracks, bridge], before | assigned)
    assert assign_splits([again], with_bridge, [(999, 1001)])[1001].split == "holdout"


def test_a_chain_of_new_tracks_between_two_splits_is_excluded() -> None:
    tracks = made_tracks(10, 2) + made_tracks(10, 2, "b", first=100)
    before = assign_splits(tracks)
    artist = {split: next(t for t in tracks if before[t.track_id].split == split) for split in SHARES}
    chain = [
        TrackInfo(900 + number, "a", pair, None, f"link {number}")
        for number, pair in enumerate(
            [(*artist["train"].artists, "x"), ("x", "y"), ("y", *artist["validation"].artists)]
        )
    ]
    assigned = assign_splits(chain, kept(tracks, before))
    assert {assignment.split for assignment in assigned.values()} == {"excluded"}
    one_side = assign_splits(chain[:2], kept(tracks, before))
    assert {assignment.split for assignment in one_side.values()} == {"train"}
    assert one_side[901].reason == f"tied to track {artist['train'].track_id} through other new tracks"


def test_the_key_of_a_group_ties_after_the_track_that_gave_it_is_gone() -> None:
    tracks = [*made_tracks(8, 1), TrackInfo(50, "a", ("a 0", "zed"), None, "both")]
    before = assign_splits(tracks)
    left = [track for track in tracks if track.track_id != 0]
    new = TrackInfo(60, "a", ("A 0",), None, "solo again")
    assert assign_splits([new], kept(left, before))[60].group == before[50].group == "artist:a 0"


def test_a_label_that_grows_by_a_second_group_gets_a_holdout() -> None:
    one = [replace(track, album="first") for track in made_tracks(1, 3)]
    before = assign_splits(one)
    assert {assignment.split for assignment in before.values()} == {"train"}
    more = [
        replace(track, album="second", title=f"b-side {track.title}") for track in made_tracks(1, 3, first=10)
    ]
    assert {assignment.split for assignment in assign_splits(more, kept(one, before)).values()} == {"holdout"}


def test_a_collaboration_makes_one_group_of_two_in_the_same_split() -> None:
    tracks = made_tracks(12, 1)
    before = assign_splits(tracks)
    first, second, *_ = (track for track in tracks if before[track.track_id].split == "train")
    both = TrackInfo(99, "a", (*first.artists, *second.artists), None, "together")
    found = assign([both], kept(tracks, before))
    names = {before[first.track_id].group, before[second.track_id].group}
    assert found.by_track[99] == SplitAssignment(
        "train", min(names), "artist", f"in the group of track {first.track_id} by artist"
    )
    assert found.merged_groups == {max(names): min(names)}


def test_an_assigned_track_without_a_label_still_ties() -> None:
    tracks = made_tracks(8, 1)
    before = assign_splits(tracks)
    nameless = [replace(track, label=None) for track in tracks]
    new = TrackInfo(60, "a", ("a 3",), None, "a 3 0")
    assert assign_splits([new], kept(nameless, before))[60].split == before[3].split


@given(tracks_strategy, st.data())
def test_a_track_that_comes_back_takes_its_former_split(tracks: list[TrackInfo], data: st.DataObject) -> None:
    before = assign_splits(tracks)
    returned = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    stayed = [track for track in tracks if track.track_id not in returned]
    gone = [track for track in tracks if track.track_id in returned]
    former = {track_id: before[track_id].split for track_id in returned}
    after = assign(gone, kept(stayed, before), (), former).by_track
    assert {track_id: placement.split for track_id, placement in after.items()} == former


def test_a_track_tied_to_one_that_came_back_takes_its_split() -> None:
    [old, new] = [TrackInfo(number, "a", ("Ada",), None, f"track {number}") for number in (1, 2)]
    others = made_tracks(5, 2, first=10)
    for split in SHARES:
        found = assign([old, new, *others], (), (), {1: split}).by_track
        assert found[1].split == found[2].split == split
