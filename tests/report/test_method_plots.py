"""Pictures that methods write, against closed forms where there is one."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kerastc.report.drawing.style import png
from kerastc.report.page.method_pictures import read_pictures, thumbnail, write_picture
from kerastc.report.page.method_plots import (
    image_rows,
    neighbourhoods,
    principal_components,
    projection,
    rounds,
    similarity_matrix,
)
from kerastc.run import Run


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {"recipe": "x", "command": "x"})


@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_picture_is_enlarged_in_whole_pixels(run, channels):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    write_picture(run, "noise", picture, "Noise", "Grains.")
    with Image.open(run.path("plots", "noise.png")) as file:
        pixels = np.asarray(file).reshape(40, 56, channels)
    np.testing.assert_array_equal(pixels[::8, ::8], picture)
    np.testing.assert_array_equal(pixels[7::8, 7::8], picture)
    ((title, shown),) = read_pictures(run.folder)
    assert (title, shown.caption, shown.width) == ("Noise", "Grains.", 56)


def test_a_figure_is_as_wide_as_it_was_drawn(run):
    write_picture(run, "rounds", rounds({"taken": [1, 2]}, {}), "Rounds", "Bars.")
    assert read_pictures(run.folder)[0][1].width == round(8.4 * 96)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "Großes", "-x"])
def test_a_name_is_no_path(run, name):
    with pytest.raises(ValueError, match="not a picture's name"):
        write_picture(run, name, np.zeros((2, 2, 3), np.uint8), "t", "c")


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="uint8"):
        thumbnail(np.zeros(shape, np.uint8))


def test_rows_of_images_are_drawn_pixel_by_pixel():
    black, white = (np.full((6, 8, 8, 1), value, np.uint8) for value in (0, 255))
    with Image.open(io.BytesIO(png(image_rows({"Typical": black, "Atypical": white})))) as file:
        pixels = np.asarray(file.convert("L"))
    upper, lower = np.array_split(pixels, 2)
    assert (upper < 10).mean() > 0.3
    assert (lower < 10).mean() < 0.05


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(2, 6))
def test_principal_components_carry_the_greatest_variances(seed, rows, features):
    points = np.random.default_rng(seed).normal(size=(rows, features)) * np.arange(1, features + 1)
    found = principal_components(points)
    variances = np.linalg.eigvalsh(np.cov(points.T))[::-1][:2]
    np.testing.assert_allclose(found.var(axis=0, ddof=1), variances, rtol=1e-6, atol=1e-9)
    assert abs(found[:, 0] @ found[:, 1]) < 1e-6 * variances[0] * rows
    np.testing.assert_allclose(principal_components(points + 5.0), found, atol=1e-8)


def test_neighbourhoods_draw_some_rows_of_many_by_the_seed(monkeypatch):
    monkeypatch.setattr("kerastc.report.page.method_plots._TSNE_ROWS", 40)
    rng = np.random.default_rng(0)
    far = np.repeat([0.0, 50.0], 30)[:, None] + rng.normal(size=(60, 5))
    points, rows = neighbourhoods(far, seed=1)
    assert points.shape == (40, 2)
    assert np.array_equal(rows, np.unique(rows))
    group = rows >= 30
    between = np.linalg.norm(points[group].mean(0) - points[~group].mean(0))
    assert between > 2 * points[group].std()


@pytest.mark.parametrize("count", [3, 10, 60])
def test_projections_name_as_many_classes_as_one_tells_apart(count):
    rng = np.random.default_rng(0)
    labels = np.arange(120) % count
    names = [f"c{i}" for i in range(count)]
    figure = projection(rng.normal(size=(120, 2)), labels, names, "PCA")
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == (names if count <= 14 else ["others", *legend[1:]])
    assert len(legend) == min(count, 15)
    assert sum(len(line.get_xdata()) for line in figure.axes[0].lines) == 120
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines}
    assert len(looks) == len(legend)


def test_similarities_are_parted_by_class():
    labels = np.array([0, 0, 1, 1, 1, 3])
    figure = similarity_matrix(np.eye(6), labels, ("a", "b", "c", "d"))
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["a", "b", "d"]
    assert figure.axes[0].get_xticks().tolist() == [0.5, 3, 5]
    assert sorted({line.get_xdata()[0] for line in figure.axes[0].lines} - {0}) == [1.5, 4.5]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), np.eye(6))


def test_rounds_begin_where_they_are_told_to():
    figure = rounds({"taken": [0, 9], "right": [0, 8]}, {"accuracy": [0.5, np.nan]}, first=0)
    upper, lower = figure.axes
    assert [bar.get_height() for bar in upper.patches] == [0, 9, 0, 8]
    assert lower.lines[0].get_xdata().tolist() == [0, 1]
