"""What the Hub's client raises, in one line: what went wrong, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

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
TRANSPORT = ("httpx", "httpcore", "requests")


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
    """One line about it, that says what to do."""
    chain = list(causes(error))
    for kind, reason in KINDS.items():
        if any(type(each).__name__ == kind for each in chain):
            return reason
    status = status_of(error)
    if status in REASONS:
        return REASONS[status]
    if status is not None and status >= 500:
        return f"the Hub is out of order (status {status}); try again later"
    if is_no_network(error):
        return "the Hub cannot be reached; try again with a connection"
    return " ".join(str(error).split())[:200] or type(error).__name__
