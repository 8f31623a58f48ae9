"""No secret of the environment reaches a process that needs none."""

import ast
from pathlib import Path

import pytest

from services.locks import read_state
from services.postgres.server import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]
ONLY_PROC = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
SECRETS = {
    "SPOTIPY_CLIENT_SECRET": "of-spotify",
    "DATABASE_PASSWORD": "of-the-database",
    "AWS_SECRET_ACCESS_KEY": "of-someone-else",
}


@ONLY_PROC
def test_no_secret_reaches_the_keeper_or_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with embedded_postgres(home):
        state = read_state(home / "postgres")
        for process in (state.keeper, state.pid):
            environment = Path(f"/proc/{process}/environ").read_text()
            assert "PATH=" in environment
            assert not any(text in environment for pair in SECRETS.items() for text in pair)


def test_no_program_is_started_with_all_of_the_callers_environment() -> None:
    """Except our own Python, in `up --detach`, which reads its settings there."""
    bare = []
    files = [file for package in ("services", "flows", "cli") for file in (ROOT / package).rglob("*.py")]
    for file in sorted(files):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or "env" in {keyword.arg for keyword in node.keywords}:
                continue
            if ast.unparse(node.func).startswith(("subprocess.", "os.exec", "os.spawn")):
                bare.append(str(file.relative_to(ROOT)))
    assert bare == ["cli/commands/running/up.py"]
