"""How each kind of server is asked, as data. A server of a new kind is a new row.

The same words mean different things: OpenAI and vLLM take the audio of ``input_audio`` as bare base64 and
refuse a data URL there; DashScope takes nothing else. Answers are told apart by their form, not by dialect
(``answer.py``), so that a server which ignores ``stream`` is understood too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .server import KeyHeader

Audio = Literal["file", "base64", "data_url", "audio_url", "native"]
"""Where audio goes: a file in a form; or, in a chat message, ``input_audio`` with bare base64, the same with
a data URL, or an ``audio_url`` part with a data URL; or DashScope's own message, whose ``audio`` is one."""


@dataclass(frozen=True, slots=True)
class Dialect:
    path: str
    """Under the server's URL."""
    audio: Audio
    stream: bool = False
    """Whether the answer is asked for as server-sent events."""
    verbose: bool = False
    """Whether ``verbose_json`` is asked for: segments with the model's own doubts."""
    words: bool = False
    """Whether times of words are asked for, and must be in the answer."""
    language: Literal["none", "field", "asr_options", "instruction"] = "none"
    """Where the session's language goes."""
    prompt: Literal["none", "field", "system", "system_parts", "instruction"] = "none"
    """Where the session's prompt and hotwords go; a system message is a text, or a list of parts."""
    before: bool = False
    """Whether what was said before the window goes into the prompt, too."""
    instruction: str = ""
    """What a model that can do more than transcribe is told beside the audio."""
    follow: Literal["none", "plain", "tagged"] = "none"
    """Whether the answer goes on from what is stable, which stands in an unfinished message of the
    assistant's; tagged: behind the language, where it is known, as Qwen3-ASR writes it."""
    bounded: bool = False
    """Whether the length of an answer is limited by that of the audio, so that a model which says one thing
    without end is stopped."""
    extra: tuple[tuple[str, object], ...] = ()
    """Fields of the request that are always the same."""
    headers: tuple[tuple[str, str], ...] = ()
    key_header: KeyHeader = "authorization"
    roots: tuple[str, ...] = ()
    """Other paths that the server is known by, which stand in the URL instead of nothing."""


TRANSCRIBE = (
    "Transcribe the speech in this recording word for word, in the language that is spoken. Answer with the"
    " transcript only. If nobody speaks, answer with nothing."
)
SURE = (("temperature", 0),)
"""The same audio is to give the same text."""
TEXT_ONLY = (("modalities", ["text"]),)
GO_ON = (("continue_final_message", True), ("add_generation_prompt", False))
"""vLLM goes on from the last message. (``echo`` would repeat it, but has it work out the probabilities of the
whole prompt, the audio's too: 13 kB for two seconds.)"""

# openai-openapi openapi.yaml 2026-08-21, createTranscription.
_OPENAI = Dialect("/audio/transcriptions", "file", language="field", prompt="field", before=True, extra=SURE)
# vLLM 0.32.0 POST /v1/audio/transcriptions, captured: prompt is the system's turn of Qwen3-ASR.
_VLLM = replace(_OPENAI, before=False)
# vLLM 0.32.0 POST /v1/chat/completions, captured with Qwen3-ASR, which needs no instruction.
_VLLM_CHAT = Dialect("/chat/completions", "base64", prompt="system", bounded=True, extra=SURE)
_VLLM_OMNI = Dialect(
    "/chat/completions",
    "audio_url",
    language="instruction",
    prompt="instruction",
    instruction=TRANSCRIBE,
    bounded=True,
    extra=SURE + TEXT_ONLY,
)
# vLLM 0.32.0, captured with Qwen3-ASR, whose chat template must write what the assistant says: that of its
# "-hf" checkpoints does, that of the others does not; examples/qwen3_asr_follow.jinja stands in for it.
_VLLM_FOLLOW = replace(_VLLM_CHAT, follow="tagged", extra=SURE + GO_ON)
# Model Studio, "Qwen3-ASR", OpenAI-compatible; asr_options stands at the top level of the body.
_DASHSCOPE_ASR = Dialect("/chat/completions", "data_url", language="asr_options", prompt="system_parts")
DASHSCOPE_ROOTS = (
    "/compatible-mode/v1",
    "/api/v1/services/aigc/multimodal-generation/generation",
    "/api/v1",
    "/api-ws/v1/realtime",
    "/api-ws/v1/inference",
    "/v1",
)
"""What DashScope's addresses end with: people have one of them for all of its interfaces."""
# Model Studio, "Qwen3-ASR", DashScope's own interface, read 2026-11.
_NATIVE = Dialect(
    "/api/v1/services/aigc/multimodal-generation/generation",
    "native",
    language="asr_options",
    prompt="system_parts",
    roots=DASHSCOPE_ROOTS,
)
_SSE = (("x-dashscope-sse", "enable"),)

DIALECTS: Mapping[str, Dialect] = {
    "openai": _OPENAI,
    "openai-stream": replace(_OPENAI, stream=True),
    "openai-verbose": replace(_OPENAI, verbose=True, words=True),
    # openai-openapi, createChatCompletion, for models that hear (gpt-4o-audio and later)
    "openai-chat": Dialect(
        "/chat/completions",
        "base64",
        language="instruction",
        prompt="instruction",
        instruction=TRANSCRIBE,
        extra=SURE + TEXT_ONLY,
    ),
    "azure": replace(_OPENAI, key_header="api-key"),
    "vllm": _VLLM,
    "vllm-stream": replace(_VLLM, stream=True),
    # Whisper only; vLLM's ``words`` are null even when they are asked for
    "vllm-verbose": replace(_VLLM, before=True, verbose=True),
    "vllm-chat": _VLLM_CHAT,
    "vllm-follow": _VLLM_FOLLOW,
    "vllm-omni": _VLLM_OMNI,
    "vllm-omni-follow": replace(_VLLM_OMNI, follow="plain", extra=SURE + TEXT_ONLY + GO_ON),
    # Qwen3-Omni-Captioner takes one audio and no text at all, not even a system message
    "vllm-captioner": Dialect("/chat/completions", "audio_url", extra=SURE),
    "dashscope-asr": _DASHSCOPE_ASR,
    # Model Studio, "Qwen-Omni": an answer that is not streamed is an error
    "dashscope-omni": Dialect(
        "/chat/completions",
        "data_url",
        stream=True,
        language="instruction",
        prompt="instruction",
        instruction=TRANSCRIBE,
        extra=TEXT_ONLY,
    ),
    "dashscope-captioner": Dialect("/chat/completions", "data_url"),
    "dashscope-native": _NATIVE,
    "dashscope-native-stream": replace(_NATIVE, stream=True, headers=_SSE),
    "dashscope-native-captioner": replace(_NATIVE, language="none", prompt="none"),
}
"""By the name that the configuration has for them (``config.DialectName``)."""
