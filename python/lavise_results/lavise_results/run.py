"""One experiment's artifacts and tables, found by `lavise-pipeline status --json`."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from functools import cached_property

import h5py
import numpy as np
import pandas as pd
from PIL import Image

from . import pictures


class NotReady(Exception):
    """A stage whose output is asked for is not fresh."""


class Run:
    """What an experiment left: tables of its results folder, and artifacts of its store.

    Artifacts are opened read-only, when they are asked for. Filters are named by their number in the layer.
    """

    def __init__(self, status: dict, row: str | None = None):
        """
        status: one document of `lavise-pipeline status EXPERIMENT --json`.
        row: a row of the matrix by its labels; None: the first.
        """
        if status.get("schema") != 1:
            raise ValueError(f"expected a document of schema 1 from `status --json`, got {status.get('schema')!r}")
        self.status = status
        self.label = row
        if row is not None and row not in self.rows:
            raise ValueError(f"no row {row!r}; rows are {', '.join(map(repr, self.rows)) or 'none: there is no matrix'}")

    @classmethod
    def load(cls, experiment: str, project=None, store=None, data=None, settings=(), binary="lavise-pipeline") -> Run:
        """Asks the program how an experiment stands.

        settings: as `--set` takes them.
        binary: the program, by its path where it is not on PATH.
        """
        command = [str(binary), "status", experiment, "--json"]
        for name, value in (("-C", project), ("--store", store), ("--data", data)):
            command += [name, str(value)] if value is not None else []
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return cls(json.loads(done.stdout))

    @classmethod
    def from_status(cls, document: str | dict) -> Run:
        """The run of a `status --json` document that is there already."""
        return cls(json.loads(document) if isinstance(document, str) else document)

    # What there is

    @property
    def experiment(self) -> str:
        return self.status["experiment"]

    @property
    def stages(self) -> pd.DataFrame:
        """A row a stage: name, state, seconds, bytes, reason."""
        return pd.DataFrame(
            [
                (s["name"], s["state"], s["seconds"], sum(o["bytes"] for o in s["outputs"]), s["reason"])
                for s in self.status["stages"]
            ],
            columns=["name", "state", "seconds", "bytes", "reason"],
        )

    @cached_property
    def rows(self) -> list[str]:
        """Labels of the matrix's rows that have artifacts of their own; empty for a plain experiment."""
        labels = [m.group(1) for s in self.status["stages"] if (m := re.match(r"(?:evaluate|train|features)\[(.*)\]$", s["name"]))]
        return list(dict.fromkeys(labels))

    def row(self, label: str) -> Run:
        """The same for another row of the matrix."""
        return Run(self.status, label)

    def path(self, stage: str, output: str) -> pathlib.Path:
        """Where an output of a stage lies. Raises NotReady."""
        names = [f"{stage}[{self.label}]"] if self.label is not None else []
        for name in names + [stage]:
            found = next((s for s in self.status["stages"] if s["name"] == name), None)
            if found is None:
                continue
            out = next((o for o in found["outputs"] if o["name"] == output), None)
            if out is None:
                raise NotReady(f"{name} is {found['state']}: run `lavise-pipeline run {self.experiment}`")
            return pathlib.Path(out["path"])
        raise NotReady(f"{self.experiment} has no stage {stage}")

    # Tables of the results folder

    def table(self, name: str) -> pd.DataFrame:
        """A CSV of the results folder by its name: `recall`, `training`, `filters`, `words`, `faithfulness`, …"""
        folder = pathlib.Path(self.status["results"]["folder"])
        path = folder / f"{name}.csv"
        if not path.exists():
            there = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "none"
            raise FileNotFoundError(f"{path} is not there; tables are: {there}")
        return pd.read_csv(path)

    @property
    def recall(self) -> pd.DataFrame:
        return self.table("recall")

    @property
    def training(self) -> pd.DataFrame:
        return self.table("training")

    # The evaluation

    @cached_property
    def _evaluation(self) -> h5py.File:
        return h5py.File(self.path("evaluate", "evaluation.h5"), "r")

    @cached_property
    def _dataset(self) -> h5py.File:
        return h5py.File(self.path("preprocess", "dataset.h5"), "r")

    @cached_property
    def _maps(self) -> h5py.File:
        return h5py.File(self.path("features", "features.h5"), "r")

    @cached_property
    def _numbers(self) -> np.ndarray:
        return self._evaluation["filters/index"][:]

    @cached_property
    def _tops(self) -> np.ndarray:
        return self._evaluation["filters/top_images"][:]

    @cached_property
    def _truths(self) -> list[np.ndarray]:
        """The word ids of every (filter, image)'s ground truth."""
        offsets, words = self._evaluation["truth/offset"][:], self._evaluation["truth/words"][:]
        return [words[a:b] for a, b in zip(offsets, offsets[1:])]

    @cached_property
    def vocabulary(self) -> list[str]:
        """Words by their ids: those of the embedding, then concepts of several words."""
        words = [w.decode("utf-8", "replace") for w in self.path("embedding", "words.txt").read_bytes().split(b"\n") if w]
        known = set(words)
        concepts = [c.decode() if isinstance(c, bytes) else c for c in self._dataset["concepts/token"][:]]
        return words + [c for c in concepts if c not in known and len(c.split(" ")) > 1 and all(p in known for p in c.split(" "))]

    @property
    def methods(self) -> list[str]:
        return list(self._evaluation["filters/words"])

    @property
    def ks(self) -> list[int]:
        return self._evaluation["ks"][:].tolist()

    def _method(self, method: str | None) -> str:
        name = method or ("projection" if "projection" in self.methods else self.methods[-1])
        if name not in self.methods:
            raise ValueError(f"no method {name!r}; methods are {', '.join(self.methods)}")
        return name

    def _index(self, filter: int) -> int:
        found = np.flatnonzero(self._numbers == filter)
        if not len(found):
            raise ValueError(f"filter {filter} was not explained; filters are {self._numbers.min()} to {self._numbers.max()}")
        return int(found[0])

    def _setting(self, table: str, column: str, default):
        """What the experiment set, as a table of its results says; the default before there are results."""
        try:
            return self.table(table)[column].iloc[0]
        except FileNotFoundError:
            return default

    @property
    def ranking(self) -> str:
        """How the experiment orders words: `lift` or `frequency` (`evaluate.ranking`)."""
        return str(self._setting("filters", "ranking", "lift"))

    @property
    def words_per_image(self) -> int:
        """How many of an image's nearest words count for its filters (`evaluate.wordsPerImage`)."""
        return int(self._setting("rankings", "words_per_image", 5))

    def words(self, method: str | None = None, ranking: str | None = None, per_image: int | None = None) -> pd.DataFrame:
        """A row a filter and word, in the order of `filters.csv`: images, cosine, lift (METHOD 10), seen, pairs.

        ranking: `lift` or `frequency` (METHOD 6.5); None: the experiment's.
        per_image: how many of an image's nearest words count, at most those that the evaluation kept; None: the experiment's.
        """
        name, ranking, s = self._method(method), ranking or self.ranking, per_image or self.words_per_image
        if ranking not in (orders := {"lift": "lift", "frequency": "images"}):
            raise ValueError(f"no ranking {ranking!r}; rankings are {', '.join(orders)}")
        ids, cosines = (self._evaluation[f"filters/{kind}/{name}"][:, :, :s] for kind in ("words", "similarity"))
        filters, images, _ = ids.shape
        place = np.broadcast_to(np.arange(filters)[:, None, None], ids.shape)
        image = np.broadcast_to(np.arange(images)[None, :, None], ids.shape)
        said = pd.DataFrame(
            {"place": place.ravel(), "image": image.ravel(), "id": ids.ravel(), "cosine": cosines.astype(np.float64).ravel()}
        )
        said = said[said["id"] >= 0]
        pairs, pair = np.unique(said[["place", "id"]].to_numpy(), axis=0, return_inverse=True)
        table = pd.DataFrame(pairs, columns=["place", "id"])
        table["images"] = np.bincount(pair.ravel())
        # Added one after the other, as the program adds: words that tie there tie here.
        table["sum"] = np.bincount(pair.ravel(), said["cosine"])
        table["cosine"] = table["sum"] / table["images"]
        table["lift"] = table["sum"] - np.bincount(table["id"], table["sum"])[table["id"]] / filters
        truths = [self._truths[p * images : (p + 1) * images] for p in range(filters)]
        table["seen"] = [sum(i in t for t in truths[p]) for p, i in zip(table["place"], table["id"])]
        table["pairs"] = table["place"].map([sum(len(t) > 0 for t in own) for own in truths].__getitem__)
        table = table.sort_values(
            ["place", orders[ranking], "cosine", "id"], ascending=[True, False, False, True], kind="stable"
        )
        table["rank"] = table.groupby("place").cumcount() + 1
        table["filter"] = self._numbers[table["place"]]
        table["word"] = [self.vocabulary[i] for i in table["id"]]
        return table[["filter", "rank", "word", "images", "cosine", "lift", "seen", "pairs"]].reset_index(drop=True)

    def filters(self, method: str | None = None, words: int = 5) -> pd.DataFrame:
        """A row a filter: threshold, pairs, recall@k, first words."""
        name = self._method(method)
        recall = self._evaluation[f"recall/{name}"][:].astype(np.float64)
        pairs = np.array([len(t) > 0 for t in self._truths]).reshape(recall.shape[:2]).sum(axis=1)
        with np.errstate(invalid="ignore"):
            means = np.nansum(recall, axis=1) / np.where(pairs, pairs, np.nan)[:, None]
        first = self.words(name).query("rank <= @words").groupby("filter")["word"].agg(", ".join)
        table = pd.DataFrame({"filter": self._numbers, "threshold": self._evaluation["filters/threshold"][:], "pairs": pairs})
        for column, k in enumerate(self.ks):
            table[f"recall@{k}"] = means[:, column]
        table["words"] = table["filter"].map(first).fillna("")
        return table

    def top_images(self, filter: int, method: str | None = None, words: int = 5) -> pd.DataFrame:
        """A row an image of the filter, best first: rank from 0, row in the dataset, id, maximum, truth, nearest words."""
        name, index = self._method(method), self._index(filter)
        near = self._evaluation[f"filters/words/{name}"][index]
        maxima, ids = self._evaluation["filters/maxima"][index], self._dataset["images/id"][:]
        return pd.DataFrame(
            [
                (
                    rank, int(row), int(ids[row]), float(maxima[rank]),
                    [self.vocabulary[i] for i in self._truths[index * len(near) + rank]],
                    [self.vocabulary[i] for i in near[rank][:words]],
                )
                for rank, row in enumerate(self._tops[index])
                if row >= 0
            ],
            columns=["rank", "row", "id", "maximum", "truth", "words"],
        )

    # Pictures

    def _row_of(self, filter: int, rank: int) -> tuple[int, int]:
        index = self._index(filter)
        if not 0 <= rank < self._tops.shape[1] or self._tops[index, rank] < 0:
            raise ValueError(f"filter {filter} has no image {rank}")
        return index, int(self._tops[index, rank])

    def crop(self, filter: int, rank: int) -> Image.Image:
        """One of the filter's images as the network saw it, 224×224."""
        return Image.fromarray(self._dataset["images/pixels"][self._row_of(filter, rank)[1]])

    def map(self, filter: int, rank: int) -> np.ndarray:
        """The filter's activation map in one of its images, [h, w]."""
        return self._maps["features"][self._row_of(filter, rank)[1], filter].astype(np.float32)

    def region(self, filter: int, rank: int) -> np.ndarray:
        """Where the enlarged map exceeds the filter's threshold, [224, 224] of bool."""
        threshold = self._evaluation["filters/threshold"][self._index(filter)]
        return pictures.enlarged(self.map(filter, rank)) > threshold

    def thumbnail(self, filter: int, rank: int, side: int = pictures.SIDE) -> Image.Image:
        """The image as the report shows it: the region bright and outlined, the rest dimmed."""
        shown = pictures.heat_map(np.asarray(self.crop(filter, rank)), self.region(filter, rank))
        return shown if side == pictures.SIDE else shown.resize((side, side), Image.BILINEAR)

    def sheet(self, filter: int, columns: int = 5, side: int = 128) -> Image.Image:
        """All thumbnails of a filter in one picture, best first."""
        images = [self.thumbnail(filter, rank, side) for rank in self.top_images(filter)["rank"]]
        if not images:
            raise ValueError(f"filter {filter} is active in no image")
        across, down = min(columns, len(images)), -(-len(images) // columns)
        sheet = Image.new("RGB", (across * side, down * side), "white")
        for place, image in enumerate(images):
            sheet.paste(image, (place % columns * side, place // columns * side))
        return sheet
