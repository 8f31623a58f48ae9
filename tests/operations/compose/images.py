"""Substitutes for the two images that Labelscope's own ones start from, where no registry can be reached.

For Python's: a small Debian with the Python that it has. For PostgreSQL's: the same with the programs that come along
with Labelscope, and an entrypoint that does what docker-compose.yml asks of the official one.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from services.postgres.server import postgres_server
from tests.operations.compose.compose import ROOT, read_compose
from tests.operations.compose.engine import Engine, debian_mirror

HERE = Path(__file__).parent / "images"
PACKAGES = "python3,python3-venv,ca-certificates"
# The machine's settings for downloads of packages.
OF_MACHINE = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pip.conf"))


def make_base_image(engine: Engine) -> str:
    """The image of the Dockerfile's FROM, by its name."""
    found = re.search(
        r"^FROM (python:3\.11\.\d+-slim-(\w+))", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    assert found
    name, suite = found.groups()
    if engine.inspect("image", name):
        return name
    root = engine.folder / "root"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, root, str(debian_mirror())],
        env=engine.environment,
        check=True,
        capture_output=True,
    )
    (root / "usr" / "bin" / "python").symlink_to("python3")
    for file in OF_MACHINE:
        if file.is_file():
            shutil.copyfile(file, root / file.relative_to("/"))
    archive = engine.folder / "root.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    engine.docker("import", archive, name)
    shutil.rmtree(root)
    archive.unlink()
    return name


def make_postgres_image(engine: Engine, base: str) -> str:
    """The image of the service postgres, by its name."""
    name: str = read_compose()["services"]["postgres"]["image"]
    if engine.inspect("image", name):
        return name
    context = engine.folder / "postgres"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(HERE, context)
    package = postgres_server(context).binaries.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, context / "programs" / part.name, symlinks=True, copy_function=os.link)
    engine.docker("build", "--tag", name, "--build-arg", f"BASE={base}", context)
    shutil.rmtree(context)
    return name
