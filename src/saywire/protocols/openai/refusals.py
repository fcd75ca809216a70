"""What this server refuses an OpenAI client for reasons of its own, in words like the service's."""

from __future__ import annotations

from ...errors import BadRequest, SaywireError, UnknownModel, Unsupported
from . import events as wire
from .checks import quoted


def no_call(call: str) -> BadRequest:
    return BadRequest(
        f"There is no call {quoted(call)}: it has ended, or is on another server.", param="call_id"
    )


def call_not_resumed() -> BadRequest:
    return BadRequest(
        "A call cannot be resumed: its client does not know which samples were heard.",
        code="invalid_parameter",
        param="session.resume",
    )


def unknown_item(verb: str, item: str) -> BadRequest:
    """``verb`` without its last e."""
    message = f"Error {verb}ing item: the item with id {quoted(item)} does not exist."
    return BadRequest(message, code=f"item_{verb}e_invalid_item_id", param="item_id")


def conversational(event: wire.Conversational) -> Unsupported:
    kind = event.__struct_config__.tag
    return Unsupported(
        f"'{kind}' is not available in a transcription session: nothing here answers the speaker.",
        param="type",
    )


def too_old(lifetime: float) -> BadRequest:
    """``lifetime`` in seconds."""
    length = f"{lifetime / 60:g} minutes" if lifetime >= 60 else f"{lifetime:g} seconds"
    return BadRequest(f"Your session hit the maximum duration of {length}.", code="session_expired")


def of_opening(error: SaywireError) -> SaywireError:
    """What was wrong with the URL: the service has another code for its model."""
    return UnknownModel(error.message, code="invalid_model") if isinstance(error, UnknownModel) else error
