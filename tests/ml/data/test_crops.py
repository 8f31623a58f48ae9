from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.data.crops import Example, SpectrogramError, fingerprint, load_crops, standardisation


def write(folder: Path, clip_id: int, frames: int, bands: int = 128, label: int = 0) -> Example:
    """A spectrogram file with a different value in every frame, and the example that points at it."""
    values = np.arange(frames, dtype=np.float32)[:, None] / 16 - clip_id + np.zeros(bands, dtype=np.float32)
    path = folder / f"{clip_id}.npy"
    np.save(path, values.astype(np.float16))
    return Example(track_id=clip_id * 10, clip_id=clip_id, label=label, path=path, frames=frames)


def test_a_clip_of_thirty_seconds_gives_ten_crops_in_order(tmp_path: Path) -> None:
    example = write(tmp_path, 7, 1292, label=3)
    crops = load_crops([example])
    assert len(crops) == 10
    assert crops.take(np.arange(10)).shape == (10, 128, 128)
    assert np.array_equal(crops.take(np.arange(10)).reshape(1280, 128), np.load(example.path)[:1280])
    assert set(crops.label) == {3}
    assert set(crops.clip_id) == {7}
    assert set(crops.track_id) == {70}


@pytest.mark.parametrize(("frames", "number"), [(128, 1), (255, 1), (256, 2)])
def test_the_rest_of_a_clip_is_left_out(tmp_path: Path, frames: int, number: int) -> None:
    assert len(load_crops([write(tmp_path, 1, frames)])) == number


def test_crops_come_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    examples = [write(tmp_path, number, 128 * number + 5) for number in (1, 2, 3)]
    crops = load_crops(examples)
    assert crops.clip_id.tolist() == [1, 2, 2, 3, 3, 3]
    assert crops.start.tolist() == [0, 0, 128, 0, 128, 256]
    rows = np.array([5, 0, 3, 3, 1])
    found = crops.take(rows)
    assert found.dtype == np.float16
    for values, row in zip(found, rows, strict=True):
        first = crops.start[row]
        whole = np.load(tmp_path / f"{crops.clip_id[row]}.npy")
        assert np.array_equal(values, whole[first : first + 128])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), crop_frames=st.sampled_from([16, 50, 128]))
def test_a_crop_may_begin_at_any_frame(tmp_path: Path, data: st.DataObject, crop_frames: int) -> None:
    examples = [write(tmp_path, number, 100 * number + 29) for number in (1, 2)]
    crops = load_crops(examples, crop_frames=crop_frames)
    clip = data.draw(st.integers(0, 1))
    start = data.draw(st.integers(0, examples[clip].frames - crop_frames))
    (values,) = crops.read(np.array([clip]), np.array([start]))
    assert np.array_equal(values, np.load(examples[clip].path)[start : start + crop_frames])


def test_damaged_clips_are_left_out_and_reported(tmp_path: Path) -> None:
    good = write(tmp_path, 1, 300)
    missing = write(tmp_path, 2, 300)
    missing.path.unlink()
    truncated = write(tmp_path, 3, 300)
    truncated.path.write_bytes(truncated.path.read_bytes()[:5000])
    empty = write(tmp_path, 4, 300)
    empty.path.write_bytes(b"")
    pickled = write(tmp_path, 5, 300)
    np.save(pickled.path, np.array([{"run": "me"}], dtype=object), allow_pickle=True)
    not_finite = write(tmp_path, 6, 300)
    np.save(not_finite.path, np.full((300, 128), np.nan, dtype=np.float16))
    other_shape = write(tmp_path, 8, 200)
    np.save(other_shape.path, np.zeros((128, 200), dtype=np.float16))
    by_column = write(tmp_path, 9, 300)
    np.save(by_column.path, np.zeros((128, 300), dtype=np.float16).T)
    short = write(tmp_path, 10, 127)
    bad = [missing, truncated, empty, pickled, not_finite, other_shape, by_column, short]

    crops = load_crops([*bad[:4], good, *bad[4:]])
    assert crops.examples == (good,)
    assert set(crops.clip_id) == {1}
    assert np.array_equal(crops.take(np.arange(2)).reshape(256, 128), np.load(good.path)[:256])
    assert [clip_id for clip_id, _ in crops.unreadable] == [example.clip_id for example in bad]
    for clip_id, reason in crops.unreadable:
        assert f"lip {clip_id} " in reason
        assert reason.endswith((": extract it again.", ": take a longer one."))


def test_a_file_that_disappears_after_loading_names_its_clip(tmp_path: Path) -> None:
    examples = [write(tmp_path, 41, 128), write(tmp_path, 42, 128)]
    crops = load_crops(examples)
    examples[0].path.unlink()
    examples[1].path.write_bytes(examples[1].path.read_bytes()[:1000])
    for row, clip in enumerate((41, 42)):
        with pytest.raises(SpectrogramError, match=f"^The spectrogram of clip {clip} "):
            crops.take(np.array([row]))


def test_no_examples_no_crops() -> None:
    crops = load_crops([])
    assert len(crops) == 0
    assert crops.label.tolist() == []
    assert crops.take(np.empty(0, dtype=np.int64)).shape == (0, 128, 128)


def test_standardisation_is_that_of_each_band(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(-40, 12, (256, 128)).astype(np.float16)
    values[:, 5] = -80  # a band of silence
    np.save(tmp_path / "a.npy", values)
    statistics = standardisation(load_crops([Example(1, 1, 0, tmp_path / "a.npy", 256)]), batch_size=1)
    assert np.allclose(statistics.mean, values.astype(np.float64).mean(axis=0))
    assert statistics.deviation[5] == 0.001
    assert np.allclose(statistics.deviation[6:], values.astype(np.float64).std(axis=0)[6:])


def test_fingerprint_depends_on_everything_but_the_order() -> None:
    rows = [("aa", "techno", "train", "artist:x"), ("bb", "house", "holdout", "artist:y")]
    whole = fingerprint(rows, "recipe")
    assert len(whole) == 64
    assert fingerprint(reversed(rows), "recipe") == whole
    others = [
        fingerprint(rows, "other recipe"),
        fingerprint(rows[:1], "recipe"),
        fingerprint([rows[0], ("bb", "house", "train", "artist:y")], "recipe"),
        fingerprint([rows[0], ("bb", "house", "holdout", "artist:z")], "recipe"),
        fingerprint([("aa", "techno\ttrain", "", "artist:x"), rows[1]], "recipe"),
    ]
    assert len({whole, *others}) == 6
