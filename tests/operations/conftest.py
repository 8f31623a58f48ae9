"""What several tests of a whole home go on from."""

import pytest

from tests.operations.prepared_home import PreparedHome, prepare


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> PreparedHome:
    return prepare(tmp_path_factory.mktemp("prepared"))
