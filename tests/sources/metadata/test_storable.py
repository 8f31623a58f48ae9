"""What a column of JSON and an index can hold."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sources.metadata.storable import MAX_KEY_BYTES, storable, storable_key


@given(st.text(max_size=3000))
def test_a_key_fits_into_an_index_and_a_short_one_stays(text: str) -> None:
    key = storable_key(text)
    assert len(key.encode("utf-8", "replace")) <= MAX_KEY_BYTES
    if len(text.encode("utf-8", "replace")) <= MAX_KEY_BYTES:
        assert key == text


def test_long_keys_that_differ_at_their_end_differ() -> None:
    assert storable_key("漢" * 900 + "a") != storable_key("漢" * 900 + "b")


def test_json_that_is_too_deep_is_cut_and_other_json_stays() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = {"inner": [deep]}
    assert "bottom" not in json.dumps(storable(deep))
    assert storable({"a": [1, {"b": [True, None, "x"]}]}) == {"a": [1, {"b": [True, None, "x"]}]}
