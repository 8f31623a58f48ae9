"""Downloads of runs that are killed at each critical point: the next run keeps files with a row, and no others."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from flows.home.download_inbox import move_to_store, open_inbox

ROOT = Path(__file__).resolve().parents[3]
# A run: prints "ready", waits for a line, opens its inbox, does the steps of the test, prints the inbox, waits again.
RUN = """
import sys
from pathlib import Path
from flows.home.download_inbox import open_inbox, move_to_store

audio, rows = Path(sys.argv[1]), set(sys.argv[2].split())
print("ready", flush=True)
sys.stdin.readline()
with open_inbox(audio, rows.intersection) as inbox:
    {steps}
    print(inbox, flush=True)
    sys.stdin.readline()
"""
SOUNDS = [f"sound {number}".encode() for number in range(3)]
NAMES = [f"{sha256(sound).hexdigest()}.mp3" for sound in SOUNDS]
HASHES = [name.removesuffix(".mp3") for name in NAMES]

Run = subprocess.Popen[str]
Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run that does these steps in its inbox; `rows` are the hashes of clips in the database."""
    runs: list[Run] = []

    def begin(steps: str = "pass", rows: tuple[str, ...] = ()) -> Run:
        program = RUN.format(steps=steps)
        command = [sys.executable, "-c", program, str(tmp_path), " ".join(rows)]
        run = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        runs.append(run)
        assert printed(run) == "ready"
        return run

    yield begin
    for run in runs:
        run.kill()
        run.communicate()


def printed(run: Run) -> str:
    assert run.stdout is not None
    return run.stdout.readline().strip()


def go_on(run: Run) -> None:
    assert run.stdin is not None
    run.stdin.write("\n")


def at_work(run: Run) -> Path:
    """Let a run do its steps; its inbox."""
    go_on(run)
    return Path(printed(run))


def killed(run: Run) -> Path:
    """Kill a run after its steps; the inbox that it leaves."""
    folder = at_work(run)
    run.send_signal(signal.SIGKILL)
    assert run.wait(10) == -signal.SIGKILL
    assert folder.is_dir()
    return folder


def ended(run: Run) -> None:
    go_on(run)
    assert run.wait(10) == 0


def writes(*numbers: int) -> str:
    """The step of a run that downloads some of SOUNDS."""
    return "; ".join(f"(inbox / {NAMES[n]!r}).write_bytes({SOUNDS[n]!r})" for n in numbers)


def files(audio: Path) -> dict[str, bytes]:
    """The content of each file below the audio folder, by path."""
    return {str(path.relative_to(audio)): path.read_bytes() for path in audio.rglob("*") if not path.is_dir()}


def in_place(*numbers: int) -> dict[str, bytes]:
    return {f"{NAMES[n][:2]}/{NAMES[n]}": SOUNDS[n] for n in numbers}


def clear(audio: Path, *rows: int) -> None:
    """Open and close an inbox, which clears those of dead runs."""
    with open_inbox(audio, {HASHES[n] for n in rows}.intersection):
        pass
    assert list((audio / "incoming").iterdir()) == []


def test_killed_with_half_a_download(start: Start, tmp_path: Path) -> None:
    killed(start("(inbox / 'tmp1.part').write_bytes(b'half of so')"))
    clear(tmp_path)
    assert files(tmp_path) == {}


def test_killed_before_the_row_is_committed(start: Start, tmp_path: Path) -> None:
    killed(start(writes(0)))
    clear(tmp_path)
    assert files(tmp_path) == {}


def test_killed_between_the_commit_and_the_move(start: Start, tmp_path: Path) -> None:
    killed(start(writes(0, 1, 2) + "; (inbox / 'tmp1.part').write_bytes(b'half of so')"))
    clear(tmp_path, 0, 2)
    assert files(tmp_path) == in_place(0, 2)


def test_killed_between_two_moves(start: Start, tmp_path: Path) -> None:
    killed(start(writes(0, 1) + f"; move_to_store([inbox / {NAMES[0]!r}], audio)"))
    assert in_place(0).items() <= files(tmp_path).items()
    clear(tmp_path, 0, 1)
    assert files(tmp_path) == in_place(0, 1)


def test_killed_with_a_file_that_another_track_has_in_the_store(start: Start, tmp_path: Path) -> None:
    killed(start(writes(0) + f"; move_to_store([inbox / {NAMES[0]!r}], audio); " + writes(0)))
    clear(tmp_path, 0)
    assert files(tmp_path) == in_place(0)


def test_killed_while_it_clears_the_inbox_of_another(start: Start, tmp_path: Path) -> None:
    """The first run dies with two rows committed; the second dies after it has moved one of the two files."""
    killed(start(writes(0, 1)))
    dying = f"""
import os, signal
from pathlib import Path
from flows.home import download_inbox as inbox
def move_one(files, audio):
    first = sorted(files)[0]
    target = audio / first.name[:2] / first.name
    target.parent.mkdir()
    first.replace(target)
    os.kill(os.getpid(), signal.SIGKILL)
inbox.move_to_store = move_one
with inbox.open_inbox(Path({str(tmp_path)!r}), set({HASHES!r}).intersection):
    pass
"""
    assert subprocess.run([sys.executable, "-c", dying], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "incoming").glob("*/*.mp3"))) == 1
    clear(tmp_path, 0, 1)
    assert files(tmp_path) == in_place(0, 1)


def test_the_inbox_of_a_live_run_is_not_touched(start: Start, tmp_path: Path) -> None:
    first = start(writes(0) + "; (inbox / 'tmp1.part').write_bytes(b'half of so')", rows=(HASHES[0],))
    folder = at_work(first)
    before = files(tmp_path)
    second = start(writes(1))
    other = at_work(second)
    assert other != folder and before.items() <= files(tmp_path).items()
    ended(second)
    assert files(tmp_path) == before and not other.exists()
    with open_inbox(tmp_path, set(HASHES).intersection):  # even one whose database has rows of its files
        assert files(tmp_path) == before
    move_to_store([folder / NAMES[0]], tmp_path)
    ended(first)
    assert files(tmp_path) == in_place(0)
    assert list((tmp_path / "incoming").iterdir()) == []


def test_two_live_runs_that_fetched_the_same_file(start: Start, tmp_path: Path) -> None:
    move = f"; move_to_store([inbox / {NAMES[0]!r}], audio)"
    runs = [start(writes(0) + move), start(writes(0) + move)]
    for run in runs:
        at_work(run)
    for run in runs:
        ended(run)
    assert files(tmp_path) == in_place(0)


def test_an_inbox_that_one_process_clears_is_not_touched_by_another(start: Start, tmp_path: Path) -> None:
    folder = killed(start(writes(0, 1)))
    others: list[bool] = []

    def stored_hashes(hashes: list[str]) -> set[str]:
        """While the first process queries the database, the other process opens its inbox."""
        other = start(writes(2), rows=tuple(HASHES))
        at_work(other)
        others.append(sorted(path.name for path in folder.iterdir()) == sorted(NAMES[:2]))
        ended(other)
        return set(HASHES[:1]).intersection(hashes)

    with open_inbox(tmp_path, stored_hashes) as own:
        assert others == [True]
        assert list((tmp_path / "incoming").iterdir()) == [own]
    # The other process, whose database has a row of it, kept its own file.
    assert files(tmp_path) == in_place(0, 2)


def test_many_processes_clear_many_dead_inboxes_at_once(start: Start, tmp_path: Path) -> None:
    folder = killed(start(writes(0, 1)))
    for number in range(60):
        dead = folder.with_name(f"{number:032}")
        dead.mkdir()
        for name, sound in zip(NAMES, SOUNDS, strict=True):
            (dead / name).write_bytes(sound)
        (dead / "tmp1.part").write_bytes(b"half of so")
    runs = [start(rows=(HASHES[0], HASHES[2])) for _ in range(4)]
    for run in runs:
        go_on(run)
    inboxes = {Path(printed(run)) for run in runs}
    assert len(inboxes) == 4
    assert set((tmp_path / "incoming").iterdir()) >= inboxes
    for run in runs:
        ended(run)
    clear(tmp_path, 0, 2)
    assert files(tmp_path) == in_place(0, 2)


def test_an_inbox_that_another_run_deletes_before_it_is_locked_is_made_again(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    really_open = os.open

    def open_late(path: Path, flags: int, *mode: int) -> int:
        # The keepers of servers open their locks meanwhile.
        if not taken and tmp_path in Path(path).parents:
            taken.append(path)
            other = start()
            at_work(other)
            ended(other)
            assert not path.exists()
            # In place of the deleted folder: it is opened, and deleted before it is locked.
            path.mkdir()
            descriptor = really_open(path, flags, *mode)
            path.rmdir()
            return descriptor
        return really_open(path, flags, *mode)

    monkeypatch.setattr(os, "open", open_late)
    with open_inbox(tmp_path, set) as own:
        assert own.is_dir() and own != taken[0]
        (own / NAMES[0]).write_bytes(SOUNDS[0])
        move_to_store([own / NAMES[0]], tmp_path)
    assert files(tmp_path) == in_place(0)


def test_a_file_that_two_tracks_share_is_moved_once(tmp_path: Path) -> None:
    with open_inbox(tmp_path, set) as own:
        file = own / NAMES[0]
        file.write_bytes(SOUNDS[0])
        move_to_store([file, file], tmp_path)
        with pytest.raises(FileNotFoundError):
            move_to_store([own / NAMES[1]], tmp_path)
    assert files(tmp_path) == in_place(0)
