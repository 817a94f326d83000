"""Answers of raters in a human test, sent to the Hub: each finished session adds one file to a dataset in a commit."""

from __future__ import annotations

import hashlib
import json

from huggingface_hub import CommitOperationAdd, HfApi, get_token

from ..evaluation.human import HumanTest
from .push import check_id, one_line

CARD = """---
configs:
- config_name: default
  data_files: answers/*.jsonl
tags:
- hf_genimg
- human-evaluation
---

# Real or fake?

Answers of people who were shown a fake and a real image side by side and chose the real one, collected by the studio
of hf_genimg. One line is one answer: which model and revision generated the fake, from which seed, which row of which
data was the real one, on which side it was, which side was chosen, and whether that was right. Raters are numbers that
tell nothing of who they are.
"""


def can_send() -> bool:
    """Whether there is a token, by HF_TOKEN or `hf auth login`."""
    return get_token() is not None


def check_results_to(repo_id: str) -> str:
    """`repo_id`; `ValueError` for what is not `owner/name`."""
    check_id(repo_id)
    return repo_id


def send_answers(test: HumanTest, rater: str, repo_id: str) -> int:
    """Add this rater's answers that are not there yet to the dataset `repo_id`, which is made where it is absent.
    Returns how many.

    They stay in the test's file as well, which also notes what was sent, so that nothing is sent twice.

    Raises:
        OSError: the Hub refuses or cannot be reached; one line that says why and what to do. Nothing is lost, and the
            next call sends it.
    """
    answers = test.unsent(rater, repo_id)
    if not answers:
        return 0
    alias = hashlib.sha256(rater.encode()).hexdigest()[:12]
    lines = "".join(json.dumps({**answer, "rater": alias}) + "\n" for answer in answers)
    name = hashlib.sha256(" ".join(answer["trial"] for answer in answers).encode()).hexdigest()[:16]
    api = HfApi()
    with one_line(repo_id):
        api.create_repo(repo_id, repo_type="dataset", exist_ok=True)
        files = [CommitOperationAdd(f"answers/{name}.jsonl", lines.encode())]
        if not api.file_exists(repo_id, "README.md", repo_type="dataset"):
            files.append(CommitOperationAdd("README.md", CARD.encode()))
        api.create_commit(repo_id, files, commit_message=f"Add {len(answers)} answers", repo_type="dataset")
    test.mark_sent([answer["trial"] for answer in answers], repo_id)
    return len(answers)
