"""Every chart is valid Plotly, has a description for screen readers, and has axes with titles."""

import re
from typing import Any

import pytest
from plotly import graph_objects

from report.bounds import LABELS, TRAININGS
from report.components import Chart
from tests.report.samples import of_labels, sections

CHARTS = {chart.key: chart for section in sections() for chart in section.charts}
STYLE = re.compile(r"var\((--[\w-]+)\)")


def resolve_colours(value: Any) -> Any:
    """The figure with colours in place of CSS variables, as page.js makes it."""
    if isinstance(value, str):
        return "#123456" if STYLE.fullmatch(value) else value
    if isinstance(value, list):
        return [resolve_colours(item) for item in value]
    return {key: resolve_colours(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_every_property_and_value_of_a_chart_is_valid_plotly(chart: Chart) -> None:
    # Plotly raises ValueError for an unknown property or value.
    figure = graph_objects.Figure(resolve_colours(chart.figure))
    assert len(figure.data) == len(chart.figure["data"]) > 0
    assert len(chart.description) > 40 and chart.title
    titles = [axis.title.text for axis in (figure.layout.xaxis, figure.layout.yaxis)]
    assert any(titles) or chart.key == "map"


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_names_are_text_in_every_chart(chart: Chart) -> None:
    """Plotly reads <b> and <a href> as markup, and %{x} in templates as a value."""
    for place, text in _texts(chart.figure):
        assert "<script" not in text and "<a " not in text and "<img" not in text, (place, text)
        assert "<b>" not in text or "bold" not in text, (place, text)
        if place.endswith("template"):
            assert "alert" not in text, (place, text)


def _texts(value: Any, place: str = "") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(place, value)]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _texts(item, key)]
    return [found for item in value for found in _texts(item, place)] if isinstance(value, list) else []


def test_colours_are_those_of_the_page() -> None:
    from report.page import HERE

    style = (HERE / "page.css").read_text()
    light, dark = style.split(':root[data-theme="dark"]')
    for name in {found for chart in CHARTS.values() for found in STYLE.findall(str(chart.figure))}:
        assert f"{name}:" in light and f"{name}:" in dark.split("}")[0], name


def test_with_many_labels_charts_have_the_largest_ones_and_sentences_say_so() -> None:
    many = tuple(f"label {number}" for number in range(70))
    for section in sections(many, rows=120):
        for chart in section.charts:
            for trace in chart.figure["data"]:
                if chart.key in ("labels", "trainings"):
                    assert len(trace["x"]) <= max(LABELS, TRAININGS)
                if chart.key == "confusion":
                    assert len(trace["z"]) == len(trace["z"][0]) == LABELS
        assert all(len(table.rows) <= 200 for table in section.tables)
        if section.key in ("labels", "confusion"):
            assert any(f"{LABELS} labels with the most" in sentence for sentence in section.sentences)


def test_what_a_label_is_most_often_taken_for_is_in_a_sentence_and_the_table() -> None:
    from report.sections import labels
    from tests.report.samples import CHAMPION

    section = labels.section(of_labels(("Kompakt", "Drumcode", "Ostgut Ton")), CHAMPION)
    assert "hardest Kompakt with 0\u202f%, most often taken for Ostgut Ton." in section.sentences[1]
    [table] = section.tables
    assert [column.heading for column in table.columns][:6] == [
        "Label",
        "Tracks",
        "Held out",
        "Recognised",
        "95 % interval",
        "Most often taken for",
    ]
    assert table.rows[1] == (
        "Drumcode",
        "41",
        "9",
        "10.0\u202f%",
        "0.0 to 15.0\u202f%",
        "Kompakt (25.0\u202f%)",
        "50.0\u202f%",
    )
    assert table.rows[0][4] == "–"
