"""What libraries raise, in one place: which errors mean that a file is damaged, and one line that says why.

Nothing is imported for it: the class of an error is looked up in the modules that are loaded, for a library that is not
loaded has raised nothing.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Built-in classes that readers of damaged files raise, found by fuzzing. RuntimeError has RecursionError and
# NotImplementedError below it, ValueError all errors of JSON and of encodings.
BUILT_IN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    MemoryError,
    Warning,  # where a program asks for it
)
OF_LIBRARIES = {  # those that have no built-in class of the list above as a base
    "struct": "error",
    "zlib": "error",
    "lzma": "LZMAError",
    "csv": "Error",
    "pickle": "PickleError",
    "tokenize": "TokenError",
    "zipfile": "BadZipFile",
    "tarfile": "TarError",
    "safetensors": "SafetensorError",
    "PIL.Image": "DecompressionBombError",
    "pyarrow": "ArrowException",
    "av": "FFmpegError",
    "pydicom.errors": "InvalidDicomError",
    "pydicom.hooks": "BytesLengthException",
}
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# safetensors and numpy write without the number of the error in their exception
NO_SPACE_TEXT = re.compile(r"os error (28|122|27)\)|No space left on device|\d+ requested and \d+ written")
DISK_FULL = "the disk is full{}; free some space, and give the same command again"
OUT_OF_MEMORY = "out of memory; use a smaller micro_batch_size, image_size or width, or smaller pictures"
TRACEBACK = "HF_GENIMG_TRACEBACK"  # environment: 1 shows where an error comes from
LONGEST = 300  # letters of a library's message
MISTAKE, FAULT = 1, 70  # exit status: of a mistake or of the machine; of a fault in a program (EX_SOFTWARE)
PACKAGE = Path(__file__).parent

# Of the Hub
REASONS = {
    401: "the token is missing or not valid; log in with `hf auth login`, or set HF_TOKEN",
    403: "this token may not do that; use one with write access to the owner's repositories",
    409: "something else changed it at the same time; do the same again",
    412: "something else was committed in between; do the same again",
    429: "the Hub asks for fewer requests; try again in a few minutes",
}
KINDS = {
    "GatedRepoError": "it is gated; ask for access on its page, and log in with `hf auth login`",
    "RepositoryNotFoundError": (
        "there is no such repository, or it is private; check the name, and log in with `hf auth login`"
    ),
    "RevisionNotFoundError": "it has no such revision; name a branch, a tag or a commit of it",
    "EntryNotFoundError": "it has no model_index.json, so it holds no pipeline",
    "RemoteEntryNotFoundError": "it has no model_index.json, so it holds no pipeline",
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set, and it is not in the cache; unset it, or download it before",
    "LocalEntryNotFoundError": "it is not in the cache, and the Hub cannot be reached; try again with a connection",
}
TRANSPORT = ("httpx", "httpcore", "requests", "urllib3")


def read_errors() -> tuple[type[Exception], ...]:
    """Every class of error that reading a damaged file may raise, for an `except` clause around a library's reader."""
    found = [getattr(sys.modules.get(module), name, None) for module, name in OF_LIBRARIES.items()]
    return (*BUILT_IN, *(each for each in found if each is not None))


def reason(error: BaseException) -> str:
    """Why something failed, on one line, without the name of what was read."""
    if is_disk_full(error):
        return DISK_FULL.format(_at(error))
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, KeyError) and len(error.args) == 1:
        return f"{str(error.args[0])[:LONGEST]!r} is missing"
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return f"{_name(error)}: {error.strerror}" if error.filename is not None else error.strerror
    if type(error).__name__ == "UnidentifiedImageError":  # its text is the address of a buffer
        return "not a picture"
    return " ".join(str(error).split())[:LONGEST] or type(error).__name__


@contextmanager
def one_line(subject: str) -> Iterator[None]:
    """Inside, whatever a damaged config or file makes of libraries becomes a `ValueError` of one line about `subject`.

    `OSError` stays what it is: a file that is not there, a full disk, or a Hub that does not answer.
    """
    try:
        yield
    except OSError:
        raise
    except RecursionError as error:
        raise ValueError(f"{subject}: {reason(error)}") from None  # thousands of lines
    except read_errors() as error:
        if is_disk_full(error):
            raise
        raise ValueError(f"{subject}: {reason(error)}") from error


def is_disk_full(error: BaseException) -> bool:
    """Whether a write failed for want of space: on the disk, in a quota, or below the largest size of a file."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in NO_SPACE
    writes = isinstance(error, OSError) or type(error).__name__ == "SafetensorError"
    return writes and NO_SPACE_TEXT.search(str(error)) is not None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused, by Python, torch or an accelerator."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(each in str(error) for each in words)
    )


def last_line(error: Exception) -> tuple[str, int]:
    """The one line about an error that nobody has caught, and the exit status.

    A mistake, a damaged file, the network, the disk or memory give 1. Anything else is a fault in a program: 70, and
    the line names the place; a fault of this package asks for a report.
    """
    ours = isinstance(error, ValueError | OSError) and getattr(error, "errno", None) is None
    if ours and type(error) in (ValueError, FileNotFoundError, OSError) and not is_disk_full(error):
        return " ".join(str(error).split()) or type(error).__name__, MISTAKE  # in our words, whole
    if isinstance(error, FloatingPointError | ImportError):
        return str(error), MISTAKE
    if is_no_network(error) or status_of(error) is not None:
        return f"the network: {explain(error)}", MISTAKE
    library = tuple(each for each in read_errors() if each not in BUILT_IN)
    known = isinstance(error, (ValueError, OSError, RecursionError, *library))
    if known or is_out_of_memory(error):
        return reason(error), MISTAKE
    return _fault(error), FAULT


def _fault(error: Exception) -> str:
    """Names the deepest frame that is neither of Python nor of an installed library."""
    standard = Path(sysconfig.get_paths()["stdlib"])
    described = f"{type(error).__name__}: {reason(error)}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(PACKAGE):
            place = f"{file.relative_to(PACKAGE.parent)}, line {frame.lineno}"
            return (
                f"a fault of hf_genimg, not of yours ({described}; {place}); please report it, with what the same "
                f"command prints after {TRACEBACK}=1"
            )
        if file.is_file() and "site-packages" not in file.parts and not file.is_relative_to(standard):
            return f"{file}, line {frame.lineno}: {described}; correct it ({TRACEBACK}=1 shows the way there)"
    return f"{described} ({TRACEBACK}=1 shows where)"


def wants_traceback() -> bool:
    """Whether the environment asks for the place that an error comes from."""
    return os.environ.get(TRACEBACK) == "1"


def _name(error: OSError) -> str:
    name = error.filename
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else str(name)


def _at(error: BaseException) -> str:
    return f" ({_name(error)})" if isinstance(error, OSError) and error.filename is not None else ""


def printable(text: str) -> str:
    """`text` on one line, with control characters as escapes: what a file says cannot pass for what we say."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that it came from."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the answer that an error came from; None where there was no answer."""
    statuses = (getattr(getattr(each, "response", None), "status_code", None) for each in causes(error))
    return next((status for status in statuses if isinstance(status, int)), None)


def is_no_network(error: BaseException) -> bool:
    """Whether there was no answer at all."""
    found = [
        each
        for each in causes(error)
        if type(each).__module__.startswith(TRANSPORT) or isinstance(each, ConnectionError)
    ]
    return bool(found) and status_of(error) is None


def explain(error: BaseException) -> str:
    """One line about what the Hub's client raised, that says what to do."""
    chain = list(causes(error))
    for kind, why in KINDS.items():
        if any(type(each).__name__ == kind for each in chain):
            return why
    status = status_of(error)
    if status in REASONS:
        return REASONS[status]
    if status is not None and status >= 500:
        return f"the Hub is out of order (status {status}); try again later"
    if is_no_network(error):
        return "the Hub cannot be reached; try again with a connection"
    return " ".join(str(error).split())[:200] or type(error).__name__
