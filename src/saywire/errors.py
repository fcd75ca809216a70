"""The errors of the product, as one tree.

* SaywireError
    * BadRequest      the client broke its protocol or asked for nonsense; the session lives on
        * Unsupported     asked for something this engine or model cannot do (language, grammar, ...)
        * UnknownModel    asked for a model that is not here
        * BadAudio        the audio cannot be decoded or is beyond a limit
    * NotAllowed      no key, or a wrong one
    * Overloaded      a limit was reached; trying again later may help
    * EngineFailed    the engine failed this utterance; the session lives on
        * PartialLost     it failed at what is only shown; the utterance lives on
    * FetchFailed     a file could not be downloaded whole
    * ModelError      a model cannot be installed, checked or removed as asked
    * ConfigError     the server's own settings are wrong
    * OutOfOrder      our own code broke a state rule: a bug

Every error carries ``code`` (a stable snake_case word for programs), ``param`` (the field at
fault, in the client's own spelling, or None), ``retryable`` and ``fatal`` (whether the session
ends with it). The message says what happened, what was expected, and what to do.
"""

from __future__ import annotations

import errno

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of an OSError that say so."""


class SaywireError(Exception):
    code = "internal_error"
    retryable = False
    fatal = True

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.param = param

    @property
    def message(self) -> str:
        return str(self)


class BadRequest(SaywireError):
    code = "invalid_request"
    fatal = False


class Unsupported(BadRequest):
    code = "unsupported"


class UnknownModel(BadRequest):
    code = "model_not_found"


class BadAudio(BadRequest):
    code = "invalid_audio"


class NotAllowed(SaywireError):
    code = "not_allowed"


class Overloaded(SaywireError):
    code = "overloaded"
    retryable = True


class EngineFailed(SaywireError):
    code = "engine_failed"
    retryable = True
    fatal = False


class PartialLost(EngineFailed):
    """The stream has gone past the step that failed, and its final comes as if nothing had been."""


class FetchFailed(SaywireError):
    code = "fetch_failed"
    retryable = True


class ModelError(SaywireError):
    code = "model_error"


class ConfigError(SaywireError):
    code = "bad_config"


class OutOfOrder(SaywireError):
    code = "out_of_order"
