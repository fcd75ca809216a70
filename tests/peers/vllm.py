"""A real vLLM on a free port: made, started, stopped and killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent
TEMPLATE = ROOT / "examples" / "qwen3_asr_follow.jinja"
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
}
USUAL = ["--host", "127.0.0.1", "--dtype", "float32", "--enforce-eager", "--max-num-seqs", "4"]
# The one architecture of Qwen3-ASR that has /v1/realtime has all the rest, too.
REALTIME = '{"architectures": ["Qwen3ASRRealtimeGeneration"]}'
ARGUMENTS = {
    "whisper": [],
    "qwen": ["--max-model-len", "2048", "--hf-overrides", REALTIME],
}
UP = "Application startup complete."
"""What it logs once it answers."""
PATIENCE = 600.0
"""Seconds until it is up, on a machine that has other things to do; usually 30 to 60."""


class NotUp(Exception):
    """vLLM did not start; the message ends with what it said."""


class Vllm:
    """One server process with its children, in a process group of their own."""

    def __init__(self, environment: Path, folder: Path, name: str) -> None:
        """``folder`` is for models; ``name``: whisper or qwen, which is also what it is served as."""
        self._environment = environment
        self._folder = folder
        self.name = name
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self.port = choose_port()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def model(self) -> Path:
        """Its folder."""
        return self._folder / self.name

    def start(self, *more: str) -> None:
        """Return once it answers, on the same port every time. Raises NotUp."""
        self._make_model()
        program = [self._environment / "bin" / "vllm", "serve", self.model, "--port", self.port]
        program += ["--served-model-name", self.name, *USUAL, *ARGUMENTS[self.name], *more]
        self._lines, up = [], threading.Event()
        self._process = subprocess.Popen(
            list(map(str, program)),
            env=os.environ | SETTINGS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(self._process, up), daemon=True).start()
        up.wait(PATIENCE)
        if not self.answers():
            self.kill()
            raise NotUp("".join([f"vLLM did not start with {self.name}:\n", *self._lines[-30:]]))

    def stop(self) -> None:
        """Gently, then not."""
        if self._process:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(60)
            self.kill()

    def kill(self) -> None:
        """All its processes, at once; idempotent."""
        if self._process:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", timeout=30).is_success
        except httpx.HTTPError:
            return False

    def kill_engine(self) -> None:
        """Its processes behind the one that answers."""
        assert self._process
        for pid in descend(self._process.pid):
            os.kill(pid, signal.SIGKILL)

    def _make_model(self) -> None:
        if not (self.model / "model.safetensors").exists():
            program = [self._environment / "bin" / "python", "-m", f"peers.models.{self.name}", self.model]
            subprocess.run(program, cwd=ROOT / "tests", check=True)

    def _listen(self, process: subprocess.Popen[str], up: threading.Event) -> None:
        """Read what it logs, to its end, so that it never waits for us."""
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self._lines.append(line)
                if UP in line:
                    up.set()
        up.set()


def descend(pid: int) -> Iterator[int]:
    """The processes that a process has started, and theirs, those first."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield from descend(child)
            yield child


def choose_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
