"""The notebook of examples/ runs from its first cell to its last."""

import os
import pathlib

import nbformat
from nbclient import NotebookClient

HERE = pathlib.Path(__file__).resolve().parent.parent


def test_the_notebook_runs():
    notebook = nbformat.read(HERE / "examples" / "demo.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without outputs"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(HERE / "examples")}}).execute()
    shown = [cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"]
    assert len(shown) == 8 and all(shown), "every cell shows something"
    assert any("image/png" in output.get("data", {}) for outputs in shown for output in outputs)
