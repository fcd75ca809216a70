"""``saywire transcribe``: files in, text out, one after another; a bad one does not stop the rest."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..audio import container
from ..config import Config
from ..core.transcript import to_segment, to_transcript
from ..errors import BadAudio, BadRequest, SaywireError
from ..messages import Failed, Final, Finished
from ..runtime.files import read_file
from ..runtime.pool import Pool
from ..server.app import default_options
from ..server.run import run
from ..types import RATE, Options, Samples
from . import flags
from .output import WHOLE, Format, to_line

SPOOLED = 64 * 2**20
"""Bytes of standard input that are kept in memory."""


def transcribe(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Audio or video files; - is stdin.")],
    format: Annotated[Format, typer.Option(help="What to write.")] = Format.TEXT,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|FOLDER/", help="Where to write to instead of stdout."),
    ] = None,
    model: flags.Model = None,
    language: flags.Language = None,
    grammar: Annotated[
        Path | None, typer.Option(help="A JSGF grammar in a file, which all speech is to match.")
    ] = None,
    words: Annotated[
        str | None, typer.Option(help="The only words to expect, apart by spaces; or a file of them.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="What the audio is about, for engines that can use it.")] = "",
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Write down what is said in audio files. Exits with 1 when one of them could not be read."""
    settings = flags.load(config, sets, {"engine.model": model, "engine.language": language}).config
    settings = replace(settings, engine=replace(settings.engine, workers=1, preload=()))
    wanted = replace(
        default_options(settings),
        prompt=prompt,
        grammar=_read_text(grammar) if grammar else "",
        vocabulary=_read_words(words) if words else (),
    )
    jobs = plan(files, output, format)
    if not run(_transcribe(settings, wanted, jobs, format)):
        raise typer.Exit(1)


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as e:
        raise BadRequest(f"cannot read {path}: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise BadRequest(f"cannot read {path}: it is not text in UTF-8") from e


def _read_words(words: str) -> tuple[str, ...]:
    return tuple((_read_text(Path(words)) if Path(words).is_file() else words).split())


@dataclass(frozen=True, slots=True)
class Job:
    file: str
    output: Path | None
    """None: standard output."""
    alone: bool
    """Whether nothing else is written there."""


def plan(files: list[str], output: str | None, format: Format) -> list[Job]:
    """Where each file's transcript goes. Raises BadRequest where two would go to the same place."""
    place = Path(output) if output else None
    if place and output and (output.endswith("/") or place.is_dir()):
        outputs = [place / (Path(file).stem + format.suffix) for file in files]
        twice = next((path for path in outputs if outputs.count(path) > 1), None)
        if twice:
            raise BadRequest(f"two of the files would be written to {twice}; call them apart")
        return [Job(file, path, True) for file, path in zip(files, outputs, strict=True)]
    if len(files) > 1 and not format.flows:
        raise BadRequest(f"{len(files)} files as {format} need a folder each goes to: write --output FOLDER/")
    return [Job(file, place, len(files) == 1) for file in files]


async def _transcribe(settings: Config, options: Options, jobs: list[Job], format: Format) -> bool:
    """Whether all went well."""
    well = True
    for output in {job.output for job in jobs if job.output}:
        with _writing(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text("", "utf-8")
    async with Pool(settings) as pool:
        for job in jobs:
            try:
                await _transcribe_one(pool, options, job, format)
            except SaywireError as error:
                well = False
                print(f"saywire: {job.file}: {error.message}", file=sys.stderr)
    return well


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """Raises BadRequest for a place that cannot be written to."""
    try:
        yield
    except OSError as e:
        raise BadRequest(f"cannot write to {output}: {e.strerror or e}") from e


async def _transcribe_one(pool: Pool, options: Options, job: Job, format: Format) -> None:
    finals: list[Final] = []
    seconds = 0.0
    failure: SaywireError | None = None
    with _opened(job.file) as file, _progress(job.file, container.probe(file)) as advance:
        blocks = _counted(container.decode(file, max_seconds=math.inf), advance)
        async with aclosing(read_file(pool, blocks, options)) as events:
            async for event in events:
                match event:
                    case Final(text=text) if text.strip():
                        finals.append(event)
                        if format.flows:
                            _write(job, to_line(format, to_segment(event), job.file, job.alone) + "\n")
                    case Failed(error=error):
                        failure = failure or error
                    case Finished(seconds):
                        pass
    if not format.flows:
        _write(job, WHOLE[format](to_transcript(finals, seconds)))
    if failure:
        raise failure


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """Standard input is kept, since some formats are read back and forth. Raises BadAudio."""
    with ExitStack() as stack:
        try:
            if name == "-":
                file = cast(BinaryIO, stack.enter_context(tempfile.SpooledTemporaryFile(SPOOLED)))
                _keep_stdin(file)
            else:
                file = stack.enter_context(Path(name).open("rb"))
        except OSError as e:
            raise BadAudio(f"cannot read it: {e.strerror or e}") from e
        yield file


def _keep_stdin(file: BinaryIO) -> None:
    if sys.stdin is None:
        raise BadAudio("standard input is closed")
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.seek(0)


@contextmanager
def _progress(name: str, seconds: float | None) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, where that is a terminal; takes seconds of audio read."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} s"))
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        task = progress.add_task(name, total=seconds)
        yield lambda more: progress.advance(task, more)


def _counted(blocks: Iterator[Samples], advance: Callable[[float], None]) -> Iterator[Samples]:
    for block in blocks:
        advance(len(block) / RATE)
        yield block


def _write(job: Job, text: str) -> None:
    """Raises BadRequest where a file cannot be written."""
    if job.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    with _writing(job.output), job.output.open("a", encoding="utf-8") as file:
        file.write(text)
