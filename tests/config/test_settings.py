"""Settings that are refused, in a sentence that says how to write them."""

import pytest
from pydantic import ValidationError

from config.settings import Settings


@pytest.mark.parametrize("line", ["every day", "*/1 * * *", "*/1 * * * * *", "61 * * * *", "@daily"])
def test_a_schedule_is_a_line_of_five_fields(line: str) -> None:
    with pytest.raises(ValidationError, match="five fields"):
        Settings(pipeline_cron=line)
    Settings(pipeline_cron="*/5 6-9 * * 1")
