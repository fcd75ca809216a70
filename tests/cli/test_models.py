"""``saywire models``, as a person runs it."""

from __future__ import annotations

import importlib.util
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.program import ROOT, saywire
from engines.folders import make_folder
from engines.punctuation_nets import make_mandarin
from engines.rule_files import DIGITS, write_fst
from engines.turn_nets import make_turn_model
from runtime.hub import Answer, Hub, serve
from saywire.cli.models import list_
from saywire.engines.sherpa import TINY
from saywire.runtime.catalogue import find_listed, load_catalogue

SAMPLE = ROOT / "tests" / "data" / "three-one-eight.wav"
NAME = "zipformer-zh-14m"
PATH = "/csukuangfj/sherpa-onnx-streaming-zipformer-zh-14M-2023-02-23/resolve/main/"
RELEASE = "/k2-fsa/sherpa-onnx/releases/download/asr-models/"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve() as hub:
        yield hub


def content() -> dict[str, bytes]:
    """The files of a model of the catalogue, with the shipped small networks in them."""
    names = find_listed(NAME, load_catalogue()).files
    return {
        name: (TINY / (name.split("-")[0].split(".")[0] + Path(name).suffix)).read_bytes() for name in names
    }


def mirror(hub: Hub) -> dict[str, str]:
    """The environment of somebody who has mirrors, and no proxy."""
    names = ("SAYWIRE_MODELS_HUGGINGFACE", "SAYWIRE_MODELS_MODELSCOPE", "SAYWIRE_MODELS_GITHUB")
    return dict.fromkeys(names, hub.address) | {"NO_PROXY": "127.0.0.1"}


def test_a_model_is_pulled_used_checked_and_removed(hub: Hub, tmp_path: Path) -> None:
    for name, data in content().items():
        hub.put(PATH + name, data)
    hub.resources[PATH + "tokens.txt"].answers.append(Answer(drop_at=100))
    pulled = saywire("models", "pull", NAME, home=tmp_path, **mirror(hub))
    assert pulled.returncode == 0, pulled.stderr
    assert f"saywire serve --model {NAME}" in pulled.stdout
    assert f"{NAME}: from {hub.address}{PATH.rstrip('/')}" in pulled.stderr
    assert (tmp_path / ".local/share/saywire/models" / NAME / "tokens.txt").exists()
    again = saywire("models", "pull", NAME, home=tmp_path)
    assert again.returncode == 0 and "from" not in again.stderr
    assert f"{NAME} is installed already" in again.stdout and "recorded now" not in again.stdout
    used = saywire("transcribe", "--model", NAME, SAMPLE, home=tmp_path)
    assert (used.returncode, used.stdout) == (0, "three one eight\n")
    listed = saywire("models", "list", "--installed", home=tmp_path)
    assert any(line.startswith(f"{NAME}  installed") for line in listed.stdout.splitlines())
    whole = saywire("models", "verify", home=tmp_path)
    assert (whole.returncode, whole.stdout) == (0, f"{NAME}: whole\n")
    removed = saywire("models", "remove", NAME, home=tmp_path)
    assert (removed.returncode, removed.stdout) == (0, f"{NAME}: removed\n")
    gone = saywire("transcribe", "--model", NAME, SAMPLE, home=tmp_path)
    assert gone.returncode == 2 and f"`saywire models pull {NAME}`" in gone.stderr


def test_the_release_is_taken_where_the_repository_is_not_there(hub: Hub, tmp_path: Path) -> None:
    file = io.BytesIO()
    release = "sherpa-onnx-streaming-zipformer-zh-14M-2023-02-23"
    with tarfile.open(fileobj=file, mode="w:bz2") as tar:
        for name, data in content().items():
            info = tarfile.TarInfo(f"{release}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    hub.put(f"{RELEASE}{release}.tar.bz2", file.getvalue())
    pulled = saywire("models", "pull", NAME, home=tmp_path, **mirror(hub))
    assert pulled.returncode == 0, pulled.stderr
    assert "the server answered 404" in pulled.stderr and f"unpacking {release}.tar.bz2" in pulled.stderr


def test_a_model_that_is_nowhere_is_refused(hub: Hub, tmp_path: Path) -> None:
    failed = saywire("models", "pull", NAME, home=tmp_path, **mirror(hub))
    assert failed.returncode == 2
    assert f"saywire: model '{NAME}' could not be downloaded: " in failed.stderr
    two = saywire("models", "pull", NAME, "zipformer-zh", home=tmp_path, **mirror(hub))
    assert two.returncode == 1 and two.stderr.count("could not be downloaded") == 2
    typo = saywire("models", "pull", "zipformer-hz", home=tmp_path, **mirror(hub))
    assert typo.returncode == 2 and "did you mean 'zipformer-zh'" in typo.stderr


def test_a_folder_is_imported_without_a_network(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "My Model")
    dead = {"SAYWIRE_MODELS_HUGGINGFACE": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    run = saywire("models", "import", folder, "--language", "zh,en", home=tmp_path, **dead)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("my-model: ") and "saywire serve --model my-model" in run.stdout
    used = saywire("transcribe", "--language", "zh", ROOT / "tests/data/da-kai-deng.wav", home=tmp_path)
    assert used.stdout == "打开灯\n"


def test_a_model_that_punctuates_is_imported_and_put_behind_another(tmp_path: Path) -> None:
    folder = make_mandarin(tmp_path / "marks")
    imported = saywire("models", "import", folder, "--language", "zh,en", home=tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert "saywire serve --set models.punctuation=MODEL=marks" in imported.stdout
    listed = saywire("models", "list", "--installed", home=tmp_path)
    assert any(line.split()[:4] == ["marks", "installed", "zh,", "en"] for line in listed.stdout.splitlines())
    assert "behind others" in listed.stdout
    said = saywire(
        "transcribe", "--model", "tiny", "--set", "models.punctuation=tiny=marks", SAMPLE, home=tmp_path
    )
    assert (said.returncode, said.stdout) == (0, "three, one eight.\n"), said.stderr
    refused = saywire("transcribe", "--model", "marks", SAMPLE, home=tmp_path)
    assert refused.returncode == 2 and "no model 'marks'" in refused.stderr


def test_rules_of_the_configuration_rewrite_the_shipped_model(tmp_path: Path) -> None:
    (tmp_path / "digits.fst").write_bytes(write_fst(DIGITS))
    rules = f"models.rules=tiny={tmp_path}/digits.fst"
    said = saywire("transcribe", "--model", "tiny", "--set", rules, SAMPLE, home=tmp_path)
    assert (said.returncode, said.stdout) == (0, "3 1 8\n"), said.stderr


def test_a_model_that_would_end_the_server_is_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "bad")
    data = (folder / "encoder.onnx").read_bytes()
    (folder / "encoder.onnx").write_bytes(data.replace(b"rnn_hidden_size", b"rnn_hidden_hope"))
    run = saywire("models", "import", folder, home=tmp_path)
    assert run.returncode == 2 and run.stderr.count("\n") == 1
    assert "ends the process that loads it" in run.stderr
    assert "bad" not in saywire("models", "list", "--installed", home=tmp_path).stdout


def test_damage_is_told(tmp_path: Path) -> None:
    assert saywire("models", "import", make_folder(tmp_path / "m"), home=tmp_path).returncode == 0
    (tmp_path / ".local/share/saywire/models/m/tokens.txt").write_text("")
    run = saywire("models", "verify", "m", home=tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines()[0] == "m: damaged" and "tokens.txt has 0 bytes" in run.stdout
    (tmp_path / ".local/share/saywire/models/m/saywire.json").write_text("")
    run = saywire("models", "verify", home=tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines()[0] == "m: damaged" and "saywire.json cannot be read" in run.stdout
    listed = saywire("models", "list", "--installed", home=tmp_path)
    assert any(line.startswith("m       damaged") for line in listed.stdout.splitlines())


def test_the_list_shows_what_there_is(tmp_path: Path) -> None:
    run = saywire("models", "list", "--language", "ko", home=tmp_path)
    assert run.returncode == 0
    names = [line.split("  ")[0] for line in run.stdout.splitlines()]
    assert "zipformer-ko" in names and "whisper-small" in names and "zipformer-en" not in names
    assert names[-1] == f"0 installed in {tmp_path / '.local/share/saywire/models'}"


def test_a_program_gets_whole_rows(tmp_path: Path) -> None:
    run = saywire("models", "list", "--language", "ko", home=tmp_path, COLUMNS="60")
    (row,) = (line for line in run.stdout.splitlines() if line.startswith("zipformer-ko "))
    assert row.split("  ")[0] == "zipformer-ko" and "~141 MB" in row and "Apache-2.0" in row
    assert row.rstrip().endswith("streaming Zipformer, Korean")


def test_a_narrow_terminal_gets_whole_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, value in {"HOME": str(tmp_path), "FORCE_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    list_()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, shown.splitlines()[:-1])) <= 80
    rows = {line.split()[0]: line.split() for line in shown.splitlines() if line.strip()}
    assert set(rows) >= {model.name for model in load_catalogue()}
    assert rows["zipformer-ko"] == ["zipformer-ko", "to", "pull", "ko", "streaming", "~141", "MB"]


def test_the_list_shows_what_is_configured(tmp_path: Path) -> None:
    (tmp_path / "saywire.toml").write_text(
        '[remote.cloud]\nurl = "http://localhost/v1"\nmodel = "large"\n'
        '[two_pass.meeting]\npartials = "tiny"\nfinals = "tiny-offline"\n'
        '[fallback.safe]\nmodels = ["cloud", "tinny"]\n'
    )
    run = saywire("models", "list", home=tmp_path)
    rows = {line.split()[0]: " ".join(line.split()) for line in run.stdout.splitlines() if line}
    assert rows["cloud"] == "cloud configured many remote large, spoken to in the dialect 'openai'"
    assert rows["meeting"] == "meeting configured zh, en two_pass partials by tiny, finals by tiny-offline"
    problem = "fallback.safe cannot be used: no model 'tinny'; did you"
    assert rows["safe"].startswith(f"safe configured, cannot run many fallback {problem}")


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    for command in ("remove", "verify"):
        run = saywire("models", command, "nothing", home=tmp_path)
        assert run.returncode == 2 and "model 'nothing' is not installed; there are: none" in run.stderr


def test_a_model_of_a_library_that_is_not_here_says_what_it_needs(tmp_path: Path) -> None:
    if importlib.util.find_spec("faster_whisper"):
        pytest.skip("faster-whisper is installed")
    folder = tmp_path / "w"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    run = saywire("models", "import", folder, home=tmp_path)
    assert run.returncode == 0 and "it was not tried: it needs faster_whisper; pip install" in run.stdout


def test_a_model_that_nothing_runs_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "model.pt").write_text("x")
    (folder / "config.yaml").write_text("model: SenseVoiceSmall\n")
    run = saywire("models", "import", folder, home=tmp_path)
    assert run.returncode == 0
    assert "no engine of this version runs models of this kind, funasr SenseVoiceSmall" in run.stdout


def test_a_turn_model_is_imported_listed_and_removed(tmp_path: Path) -> None:
    folder = make_turn_model(tmp_path / "smart-turn")
    imported = saywire("models", "import", folder, home=tmp_path)
    assert imported.returncode == 0, imported.stderr
    tried = importlib.util.find_spec("onnxruntime")
    told = "semantic turns ask it" if tried else "it needs onnxruntime; pip install 'saywire[turns]'"
    assert imported.stdout.startswith("smart-turn: ") and told in imported.stdout
    listed = saywire("models", "list", home=tmp_path).stdout.splitlines()
    rows = {line.split()[0]: line for line in listed if "ends turns" in line}
    assert "installed" in rows["smart-turn"] and "BSD-2-Clause" in rows["smart-turn-v3"]
    refused = saywire("transcribe", "--model", "smart-turn", SAMPLE, home=tmp_path)
    assert refused.returncode == 2 and "no model 'smart-turn'" in refused.stderr
    said = saywire("transcribe", "--model", "tiny", SAMPLE, home=tmp_path)
    assert (said.returncode, said.stdout) == (0, "three one eight\n"), said.stderr
    assert saywire("models", "remove", "smart-turn", home=tmp_path).returncode == 0
