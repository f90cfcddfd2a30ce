"""Against a run of the program: LAVISE_BINARY, LAVISE_PROJECT and LAVISE_EXPERIMENT name it."""

import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lavise_results import NotReady, Run, pictures

BINARY, PROJECT = os.environ.get("LAVISE_BINARY", "lavise-pipeline"), os.environ.get("LAVISE_PROJECT", ".")
EXPERIMENT = os.environ.get("LAVISE_EXPERIMENT", "demo")
OPTIONS = {key: os.environ[name] for key, name in (("store", "LAVISE_STORE"), ("data", "LAVISE_DATA")) if name in os.environ}


@pytest.fixture(scope="module")
def run():
    return Run.load(EXPERIMENT, project=PROJECT, binary=BINARY, **OPTIONS)


def test_stages_and_tables(run):
    assert (run.stages["state"] == "fresh").all() and "evaluate" in set(run.stages["name"])
    assert {"method", "k", "recall"} <= set(run.recall.columns) and len(run.training) > 0
    with pytest.raises(FileNotFoundError, match="recall"):
        run.table("nothing")
    with pytest.raises(NotReady):
        run.path("nothing", "x")


def test_mean_recall_is_that_of_the_table(run):
    """The mean over pairs of what filters() says is the table's recall, for every method and k."""
    table = run.recall.set_index(["method", "k"])["recall"]
    for method in run.methods:
        filters = run.filters(method)
        for k in run.ks:
            mean = (filters[f"recall@{k}"].fillna(0) * filters["pairs"]).sum() / filters["pairs"].sum()
            assert mean == pytest.approx(table[method, k], abs=2e-6)


def test_words_are_those_of_filters_csv(run):
    """Of as many words an image as the experiment counts, in both rankings."""
    table, words, frequent = run.table("filters"), run.words(), run.words(ranking="frequency")
    assert run.ranking == "lift" and words.equals(run.words(ranking="lift")) and not words.equals(frequent)
    own, by_frequency = dict(list(words.groupby("filter"))), dict(list(frequent.groupby("filter")))
    lines = table.dropna(subset=["words"])
    assert len(lines) > 0
    for _, line in lines.iterrows():
        mine = own[line["filter"]].head(20)
        assert list(mine["word"]) == str(line["words"]).split(" ")
        assert list(mine["images"]) == [int(n) for n in str(line["frequencies"]).split(" ")]
        for column, known in (("cosine", "similarities"), ("lift", "lifts")):
            assert np.allclose(mine[column], [float(n) for n in str(line[known]).split(" ")], atol=1e-6)
        assert list(by_frequency[line["filter"]].head(20)["word"]) == str(line["by_frequency"]).split(" ")
    with pytest.raises(ValueError, match="rankings are lift, frequency"):
        run.words(ranking="frequently")
    assert (words["seen"] <= words["pairs"]).all() and words["images"].between(1, 25).all()
    # METHOD 10: the mean of the lift over all filters is nothing, also over those that never say the word.
    by_word = words.groupby("word")["lift"].sum()
    silent = len(run.filters()) - words.groupby("word").size()
    sums = (words["cosine"] * words["images"]).groupby(words["word"]).sum() / len(run.filters())
    assert np.allclose(by_word - silent * sums, 0, atol=1e-6)


def test_maps_and_pictures(run):
    filter = int(run.filters().query("pairs > 0")["filter"].iloc[0])
    images = run.top_images(filter)
    assert images["maximum"].is_monotonic_decreasing and len(images["words"].iloc[0]) == 5
    assert run.map(filter, 0).max() == pytest.approx(images["maximum"].iloc[0])
    assert run.thumbnail(filter, 0).size == (224, 224) and run.thumbnail(filter, 0, 64).size == (64, 64)
    assert run.sheet(filter, side=32).size == (32 * min(5, len(images)), 32 * -(-len(images) // 5))
    region = run.region(filter, 0)
    assert region.any() and not region.all()
    with pytest.raises(ValueError, match="no image"):
        run.map(filter, 99)
    with pytest.raises(ValueError, match="was not explained"):
        run.top_images(100_000)


def test_thumbnails_are_the_programs(run, tmp_path):
    """`explain` draws the same pictures, a grid of them with four pixels between."""
    filter = int(run.filters()["filter"].iloc[0])
    file = tmp_path / "grid.png"
    options = [part for key, value in OPTIONS.items() for part in (f"--{key}", value)]
    subprocess.run([BINARY, "explain", EXPERIMENT, "-C", PROJECT, "--filter", str(filter), "-o", str(file), *options], check=True, capture_output=True)
    grid = np.asarray(Image.open(file).convert("RGB")).astype(int)
    mine = np.asarray(run.thumbnail(filter, 0)).astype(int)
    places = [(y, x) for y in range(grid.shape[0] - 223) for x in (0, 4) if np.array_equal(grid[y, x : x + 224], mine[0])]
    same = max((np.mean(np.all(grid[y : y + 224, x : x + 224] == mine, axis=2)) for y, x in places), default=0)
    assert same > 0.999, "an enlarged value may differ in its last bit"


def test_enlarging_keeps_what_is_flat_and_ends_at_corners():
    assert np.allclose(pictures.enlarged(np.full((7, 7), 3.0, np.float32)), 3)
    small = np.arange(4, dtype=np.float32).reshape(2, 2)
    large = pictures.enlarged(small, 4)
    assert large[0, 0] == 0 and large[-1, -1] == 3 and large[0, 1] == pytest.approx(0.25)


def test_documents_of_other_schemas_are_refused():
    with pytest.raises(ValueError, match="schema"):
        Run.from_status(json.dumps({"schema": 2}))
    plain = Run.from_status({"schema": 1, "experiment": "x", "results": {"folder": "/"}, "stages": []})
    assert plain.rows == [] and isinstance(plain.stages, pd.DataFrame)
    with pytest.raises(ValueError, match="no matrix"):
        plain.row("1")


def test_rows_of_a_matrix():
    names = ["preprocess", "features", "train", "evaluate", "train[1]", "evaluate[1]"]
    stages = [{"name": n, "state": "fresh", "seconds": 1, "reason": None, "outputs": [{"name": "o", "path": "/" + n, "bytes": 1}]} for n in names]
    run = Run.from_status({"schema": 1, "experiment": "x", "results": {"folder": "/"}, "stages": stages})
    assert run.rows == ["1"]
    assert str(run.path("evaluate", "o")) == "/evaluate" and str(run.row("1").path("evaluate", "o")) == "/evaluate[1]"
    assert str(run.row("1").path("features", "o")) == "/features", "what rows share"
