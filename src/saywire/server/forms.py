"""What a client asks for with POST /v1/audio/transcriptions or translations, read from its form.

Fields are read in any order and in every spelling (``fields.py``), whatever content type the file has. Those
that nothing here obeys are taken and ignored. ``docs/transcriptions.md`` says what each does. Source:
openai-openapi openapi.yaml 2026-08-21. ``grammar`` and ``vocabulary`` are ours, and so is
``known_speaker_names`` without references: then the names are those of the channels, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, BinaryIO, TypeVar

import msgspec
from msgspec import Meta
from starlette.datastructures import FormData, UploadFile

from ..errors import BadRequest, Unsupported
from ..protocols.languages import language_code
from ..types import Options, Turns
from .fields import Fields, decode


class Format(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"
    DIARIZED_JSON = "diarized_json"


class Granularity(StrEnum):
    SEGMENT = "segment"
    WORD = "word"


class Extra(StrEnum):
    """What ``include`` may ask for."""

    LOGPROBS = "logprobs"


Choice = TypeVar("Choice", bound=StrEnum)

STREAMABLE = (Format.JSON, Format.TEXT, Format.DIARIZED_JSON)
LONGEST_PROMPT = 20_000
"""Characters; this and the next as over the websocket."""
MOST_KEYWORDS = 1_000
TRUE = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Ask:
    """A checked request."""

    file: BinaryIO
    options: Options
    format: Format
    granularities: frozenset[Granularity]
    stream: bool
    include: frozenset[Extra]
    speakers: tuple[str, ...]
    """Names for the channels of ``diarized_json``; there may be more or fewer."""


class _Chunking(msgspec.Struct):
    """``chunking_strategy`` where it is an object; every other type than server_vad is refused."""

    type: str
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    prefix_padding_ms: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    silence_duration_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None


def read_ask(
    form: FormData, defaults: Options, translate: bool = False, deployment: str | None = None
) -> Ask:
    """Raises BadRequest, with ``param``, for what is missing or means nothing.

    ``deployment``: the model where the form names none; Azure's clients have it in the address.
    """
    fields = Fields(form)
    _check_temperature(fields)
    named = fields.many("timestamp_granularities") or ("segment",)
    stream = (fields.one("stream") or "").lower() in TRUE
    return Ask(
        _file(form),
        replace(_options(fields, defaults, deployment), translate=translate),
        _format(fields, stream, translate),
        frozenset(_one_of(Granularity, "timestamp_granularities", name) for name in named),
        stream,
        frozenset(_one_of(Extra, "include", name) for name in fields.many("include")),
        # Who gives references wants them compared with, which nothing here can: then nobody is named.
        () if fields.many("known_speaker_references", json=False) else fields.many("known_speaker_names"),
    )


def _format(fields: Fields, stream: bool, translate: bool) -> Format:
    format = _one_of(Format, "response_format", fields.one("response_format") or "json")
    if translate and format is Format.DIARIZED_JSON:
        raise Unsupported("a translation has no response_format diarized_json", param="response_format")
    if stream and format not in STREAMABLE:
        able = " or ".join(STREAMABLE)
        raise Unsupported(f"stream needs response_format {able}, not {format}", param="response_format")
    return format


def _file(form: FormData) -> BinaryIO:
    found = form.get("file")
    if isinstance(found, UploadFile):
        return found.file
    if found is None:
        raise BadRequest("the form has no 'file'; send the audio as multipart/form-data", param="file")
    raise BadRequest("'file' is text; give the part a filename (curl: -F file=@speech.wav)", param="file")


def _options(fields: Fields, defaults: Options, deployment: str | None) -> Options:
    model = fields.one("model") or deployment
    if model is None:
        raise BadRequest("you must provide a model; see /v1/models for what is here", param="model")
    prompt, keywords = fields.one("prompt") or "", fields.many("keywords") or fields.many("hotwords")
    _check_length("prompt", "string", len(prompt), LONGEST_PROMPT)
    _check_length("keywords", "array", len(keywords), MOST_KEYWORDS)
    return replace(
        defaults,
        model=model,
        language=_language(fields) or defaults.language,
        prompt=prompt or defaults.prompt,
        hotwords=keywords or defaults.hotwords,
        grammar=fields.one("grammar") or "",
        vocabulary=fields.many("vocabulary"),
        turns=_turns(fields, defaults.turns),
    )


def _language(fields: Fields) -> str | None:
    """Of several candidates none is chosen: the model finds out itself, where it can."""
    candidates = fields.many("languages")
    named = fields.one("language") or (candidates[0] if len(candidates) == 1 else "auto")
    if named.lower() == "auto":
        return None
    code = language_code(named)
    if code is None:
        raise BadRequest(f"'{named}' is no language; write its ISO 639-1 code, like 'en'", param="language")
    return code


def _turns(fields: Fields, defaults: Turns) -> Turns:
    asked = fields.one("chunking_strategy")
    nested = fields.object("chunking_strategy")
    if nested:
        chunking = _convert(nested, "chunking_strategy")
    elif asked is None or asked == "auto":
        return defaults
    else:
        chunking = decode(asked, _Chunking, "chunking_strategy")
    if chunking.type != "server_vad":
        what = f"chunking_strategy '{chunking.type}' is not known; it is 'auto' or of type server_vad"
        raise Unsupported(what, param="chunking_strategy")
    threshold, padding, silence = chunking.threshold, chunking.prefix_padding_ms, chunking.silence_duration_ms
    return replace(
        defaults,
        voice=True,
        semantic=False,
        threshold=defaults.threshold if threshold is None else min(max(threshold, 0.01), 0.99),
        padding=defaults.padding if padding is None else padding / 1000,
        silence=defaults.silence if silence is None else max(silence, 20) / 1000,
    )


def _check_temperature(fields: Fields) -> None:
    """Nothing here samples, so any temperature gives what 0 gives; but nonsense is told."""
    asked = fields.one("temperature")
    try:
        sound = asked is None or 0 <= float(asked) <= 1
    except ValueError:
        sound = False
    if not sound:
        raise BadRequest(f"temperature '{asked}' is not a number from 0 to 1", param="temperature")


def _check_length(param: str, kind: str, length: int, most: int) -> None:
    if length > most:
        raise BadRequest(
            f"Invalid '{param}': {kind} too long. Expected one with maximum length {most}, "
            f"but got one with length {length} instead.",
            code=f"{kind}_above_max_length",
            param=param,
        )


def _one_of(kind: type[Choice], param: str, value: str) -> Choice:
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(kind)
        raise BadRequest(
            f"{param} '{value}' is not served here; it is one of {choices}", param=param
        ) from None


def _convert(pairs: dict[str, str], param: str) -> _Chunking:
    try:
        return msgspec.convert(pairs, type=_Chunking, strict=False)
    except msgspec.MsgspecError as e:
        raise BadRequest(f"{param} is not understood: {e}", param=param) from e


def _schema() -> dict[str, object]:
    text = {"type": "string"}
    texts = {"type": "array", "items": text}
    return {
        "file": {"type": "string", "format": "binary"},
        "model": text | {"description": "a name of /v1/models"},
        "language": text | {"description": "ISO 639-1 code"},
        "languages": texts | {"description": "of several none is chosen: the model finds out"},
        "prompt": text,
        "keywords": texts | {"description": "words to prefer"},
        "response_format": {"type": "string", "enum": list(Format), "default": "json"},
        "timestamp_granularities": {"type": "array", "items": {"type": "string", "enum": list(Granularity)}},
        "stream": {"type": "boolean", "default": False},
        "include": {"type": "array", "items": {"type": "string", "enum": list(Extra)}},
        "known_speaker_names": texts | {"description": "of the channels, for diarized_json"},
        "chunking_strategy": text | {"description": "auto, or a JSON object of type server_vad"},
        "grammar": text | {"description": "a JSGF grammar that all speech matches"},
        "vocabulary": texts | {"description": "the only words that are recognised"},
    }


FORM_SCHEMA = {
    "multipart/form-data": {
        "schema": {"type": "object", "required": ["file", "model"], "properties": _schema()}
    }
}
"""For /docs: the request body is read by hand, so the framework cannot know it."""
