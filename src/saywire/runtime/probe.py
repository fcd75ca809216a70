"""Does an installed model work? Found out in a process that may die of it: sherpa-onnx ends its process
over a file it does not like. The child loads the model and decodes two seconds of faint noise.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..engines import TURN_INSTALL, TURN_MODULES, Entry, find, make_entry
from ..engines.layout import PUNCTUATION, TURNS
from ..engines.manifest import Manifest, read_manifest
from ..errors import EngineFailed, SaywireError
from ..types import Options

LONGEST = 300.0
"""Seconds that loading and two seconds of audio may take."""
REFUSED = 3
"""The exit status of a child that said what is wrong."""
CHILD = "from saywire.runtime.probe import main; main()"


def probe(folder: Path, seconds: float = LONGEST) -> bool:
    """Whether an engine here runs this kind of model. Raises EngineFailed where one should but cannot."""
    manifest = read_manifest(folder)
    entry = _make_entry(folder.resolve(), manifest)
    if entry is None or entry.missing:
        return False
    try:
        run = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=pickle.dumps(entry),
            capture_output=True,
            timeout=seconds,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    except subprocess.TimeoutExpired as e:
        raise EngineFailed(
            f"model '{manifest.name}' was not ready after {seconds:.0f} s; is it too large?"
        ) from e
    if run.returncode == REFUSED:
        raise EngineFailed(run.stdout.decode("utf-8", "replace").strip())
    if run.returncode:
        raise EngineFailed(
            f"model '{manifest.name}' ends the process that loads it (status {run.returncode}):"
            f" {_last_words(run.stderr)}; its files do not fit each other, or this version of the engine"
        )
    return True


def _make_entry(folder: Path, manifest: Manifest) -> Entry | None:
    """How it is tried; one that is no engine, with an engine that hears nothing in faint noise."""
    name = manifest.name
    if manifest.family == PUNCTUATION:
        return replace(find("fake"), name=name, punctuation=folder)
    if manifest.family == TURNS:
        return replace(find("fake"), name=name, turns=folder, requires=TURN_MODULES, install=TURN_INSTALL)
    return make_entry(
        folder, manifest.name, manifest.family, manifest.kind, manifest.languages, manifest.summary
    )


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[-300:] if lines else "it said nothing"


def main() -> None:
    """What the child runs: an Entry on standard input, what is wrong on standard output."""
    entry: Entry = pickle.load(sys.stdin.buffer)
    try:
        _try(entry)
    except SaywireError as error:
        sys.stdout.buffer.write(error.message.encode())
        sys.exit(REFUSED)


def _try(entry: Entry) -> None:
    engine = entry.load()
    stream = engine.open(Options())
    noise = np.random.default_rng(0).standard_normal(2 * engine.info.sample_rate) * 0.001
    stream.accept(noise.astype(np.float32))
    stream.finish()
    while stream.ready:
        engine.decode([stream])
    engine.close()
    if entry.turns:
        entry.load_turns()(noise.astype(np.float32))
