"""Training jobs: what becomes a command, what is refused, and that nothing is lost when processes are killed."""

from __future__ import annotations

import json
import os
import signal
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hf_genimg.demo import archives, job_runner
from hf_genimg.demo.job_progress import curve_of, grid_of, last_line, progress_of
from hf_genimg.demo.jobs import Jobs

from .looking import until

TINY = (
    "generator_width=8 discriminator_width=8 latent_dim=8 images=200 batch_size=20 sample_images=100 "
    "snapshot_images=100 log_images=20"
)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Of this machine's user; no command is given until a test calls the runner."""
    monkeypatch.setattr(Jobs, "wake", lambda self: None)
    made = Jobs(tmp_path / "jobs", taken=["gan"])
    made.private = lambda: True
    return made


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the commands that were given; instead of each, a short program of a test runs."""
    found: list[list[str]] = []

    def command(arguments: list[str]) -> list[str]:
        found.append(list(arguments))
        return [
            "sh",
            "-c",
            "echo 'hf-genimg: it failed'; exit 1" if "fail" in arguments[1] else "echo well",
            *arguments,
        ]

    monkeypatch.setattr(job_runner, "command", command)
    return found


def test_each_button_is_a_command(jobs: Jobs, given: list[list[str]]) -> None:
    job = jobs.add("mine", "digits", "mlp_gan", TINY)
    run = jobs.folder / "mine"
    jobs.ask("mine", "plan")
    assert progress_of(jobs, "mine").state == "waiting"
    job_runner.main(jobs.folder)
    assert given == [["train", "mlp_gan", "data=digits", *TINY.split(), "--out", str(run), "--plan"]]
    assert progress_of(jobs, "mine").state == "done" and last_line(jobs, "mine", "plan") == "well"
    assert jobs.add("", "digits", "mlp_gan", TINY) == job, "what was planned is what is trained"
    (run / "pipeline").mkdir(parents=True)
    (run / "pipeline" / "model_index.json").write_text("{}")
    for action, command in (
        ("train", ["train", "mlp_gan"]),
        ("evaluate", ["evaluate", str(run), "--reference", "digits"]),
        ("push", ["push", str(run), "me/mine", "--private"]),
        ("space", ["space", str(run), "me/mine", "--local"]),
    ):
        jobs.ask("mine", action, "me/mine", private_repo=True)
        job_runner.main(jobs.folder)
        assert given[-1][: len(command)] == command
    assert jobs.trained == ["mine"]


def test_one_after_another_and_what_is_taken_back_is_not_done(jobs: Jobs, given: list[list[str]]) -> None:
    for seed, name in enumerate(("one", "two", "three")):
        jobs.add(name, "digits", "mlp_gan", f"{TINY} seed={seed}")
        jobs.ask(name, "train")
    assert [progress_of(jobs, name).ahead for name in ("one", "two", "three")] == [0, 1, 2]
    with pytest.raises(ValueError, match="one is at work or waits for it"):
        jobs.ask("one", "train")
    jobs.stop("two")
    job_runner.main(jobs.folder)
    assert [arguments[-1].rpartition("/")[2] for arguments in given] == ["one", "three"]
    with pytest.raises(ValueError, match="two is not at work"):
        jobs.stop("two")


def test_a_removed_job_leaves_nothing_and_takes_nothing_of_others(jobs: Jobs, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(2):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
            archive.write(tmp_path / f"{number}.png", f"{number}.png")
    made = [jobs.add(name, "", "mlp_gan", f"{TINY} seed={name[-1]}", tmp_path / "a.zip") for name in ("a1", "a2")]
    (jobs.folder / "a1" / "pipeline").mkdir(parents=True)
    jobs.ask("a1", "plan")
    with pytest.raises(ValueError, match="a1 is at work or waits for it; stop it first"):
        jobs.remove("a1")
    jobs.stop("a1")
    jobs.private = lambda: False
    with pytest.raises(ValueError, match="removed only where the page is served to this machine"):
        jobs.remove("a1")
    jobs.private = lambda: True
    jobs.remove("a1")
    assert [job.name for job in jobs.jobs] == ["a2"] and not (jobs.folder / "a1").exists()
    assert Path(made[1].data).is_file(), "a2 has the same archive"
    jobs.remove("a2")
    assert not jobs.jobs and not Path(made[1].data).exists()
    with pytest.raises(ValueError, match="there is no job called 'a2'"):
        jobs.remove("a2")


def test_a_failure_is_the_line_of_the_command(jobs: Jobs, given: list[list[str]], monkeypatch: Any) -> None:
    monkeypatch.setattr(jobs, "_arguments", lambda *asked: ["train", "fail"])
    jobs.add("mine", "digits", "mlp_gan", TINY)
    jobs.ask("mine", "train")
    job_runner.main(jobs.folder)
    assert (progress_of(jobs, "mine").state, progress_of(jobs, "mine").line) == ("failed", "it failed")


def test_what_is_not_possible_is_one_line_and_leaves_nothing(jobs: Jobs, tmp_path: Path) -> None:
    for name, data, recipe, settings, message in (
        ("a/b", "digits", "mlp_gan", "", "name='a/b' is not possible"),
        ("..", "digits", "mlp_gan", "", "is not possible; use at most 40 letters"),
        ("gan", "digits", "mlp_gan", "", "the name gan is taken"),
        ("mine", "", "mlp_gan", "", "there are no data yet"),
        ("mine", str(tmp_path / "gone"), "mlp_gan", "", "there is nothing at"),
        ("mine", "digits", "no_such", "", "there is no recipe 'no_such'"),
        ("mine", "digits", "mlp_gan", "flop=true", "there is no field 'flop'; did you mean flip"),
        ("mine", "digits", "mlp_gan", "images=many", "images=many is not right"),
        ("mine", "digits", "mlp_gan", "--out=/tmp", "is not a setting"),
        ("mine", "digits", "mlp_gan", "data=/etc", "data= has a place of its own"),
        ("mine", "digits", "mlp_gan", "license='apache", "the options cannot be read"),
        ("mine", "digits", "auto", "", "auto needs minutes="),
    ):
        with pytest.raises(ValueError, match=message):
            jobs.add(name, data, recipe, settings)
    assert not jobs.folder.exists() and not jobs.jobs
    for name in (None, "", "../x", "gone"):
        with pytest.raises(ValueError, match="there is no job called"):
            jobs.ask(name, "train")


def test_strangers_name_no_path_and_push_nothing(jobs: Jobs, tmp_path: Path) -> None:
    jobs.private = lambda: False
    for data in (str(tmp_path), "tests", "~/pictures", "./x", "digits.zip"):
        with pytest.raises(ValueError, match="is no Hub data set id, and paths are read only where"):
            jobs.add("mine", data, "mlp_gan", "")
    for setting in ("init=/root/model", "init=runs/x", "init=tests", "extractor=..", "hub_model_id=me/mine"):
        with pytest.raises(ValueError, match="could name a file|in the name of who serves"):
            jobs.add("mine", "digits", "mlp_gan", setting)
    assert jobs.add("mine", "owner/pictures@train", "mlp_gan", "").data == "dataset:owner/pictures@train"
    (jobs.run_of("mine") / "pipeline").mkdir(parents=True)
    (jobs.run_of("mine") / "pipeline" / "model_index.json").write_text("{}")
    with pytest.raises(ValueError, match="pushing takes the token of who serves this page"):
        jobs.ask("mine", "push", "me/mine")
    jobs.ask("mine", "evaluate")
    assert json.loads(jobs.entry_of("mine").read_text())["anonymous"]


def archive_of(path: Path, names: list[str], content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def test_zips_are_kept_whole_and_those_that_reach_outside_are_refused(jobs: Jobs, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "0.png")
    good = archive_of(tmp_path / "good.zip", ["pictures/0.png"], (tmp_path / "0.png").read_bytes())
    with pytest.raises(ValueError, match="the name gan is taken"):
        jobs.add("gan", "", "mlp_gan", TINY, good)
    assert not jobs.folder.exists()
    job = jobs.add("mine", "ignored", "mlp_gan", TINY, good)
    assert Path(job.data).read_bytes() == good.read_bytes() and Path(job.data).is_relative_to(jobs.folder)
    assert jobs.add("", "", "mlp_gan", TINY, good) == job
    (tmp_path / "none.zip").write_bytes(b"nothing")
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as archive:
        member = zipfile.ZipInfo("picture.png")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    for path, message in (
        (tmp_path / "none.zip", "cannot be read as a zip"),
        (link, "the zip holds a link"),
        (archive_of(tmp_path / "slip.zip", ["../../evil.png"]), "names a file outside of it"),
        (archive_of(tmp_path / "windows.zip", ["..\\evil.png"]), "names a file outside of it"),
        (archive_of(tmp_path / "root.zip", ["/etc/evil.png"]), "names a file outside of it"),
        (archive_of(tmp_path / "drive.zip", ["C:\\evil.png"]), "names a file outside of it"),
        (archive_of(tmp_path / "bomb.zip", ["a.png"], bytes(2**25)), "unpacks to 32 MB"),
    ):
        with pytest.raises(ValueError, match=message):
            jobs.add("other", "", "mlp_gan", TINY, path)
    assert not jobs.reports_of("other").exists() and len(list((jobs.folder / ".archives").iterdir())) == 1


def test_an_archive_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive_of(tmp_path / "many.zip", [f"{number}.png" for number in range(30)])
    monkeypatch.setattr(archives, "MOST_FILES", 20)
    with pytest.raises(ValueError, match="has 30 files; give one of at most 20"):
        archives.check_archive(path)
    monkeypatch.setattr(archives, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="give one of at most 0 MB"):
        archives.check_archive(path)


@pytest.mark.slow  # two starts of the command line: half a minute
def test_killed_processes_lose_nothing(tmp_path: Path) -> None:
    """Runner and training are killed in the middle; another server finds the job, and goes on with it until it is
    stopped.
    """
    long = TINY.replace("images=200", "images=60000")
    jobs = Jobs(tmp_path / "jobs")
    jobs.private = lambda: True
    jobs.add("mine", "digits", "mlp_gan", long)
    jobs.ask("mine", "train")
    until(lambda: progress_of(jobs, "mine").images > 500, 120)
    pid = jobs.latest("mine")["pid"]
    runner = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not jobs.is_running("mine"))
    before = progress_of(jobs, "mine")
    assert before.state == "waiting" and 0 < before.images < 60000
    again = Jobs(tmp_path / "jobs")
    until(lambda: again.is_running("mine") and progress_of(again, "mine").images > before.images, 120)
    again.stop("mine")
    until(lambda: progress_of(again, "mine").state == "stopped", 60)
    stopped = progress_of(again, "mine")
    assert before.images < stopped.images < 60000 and again.trained == ["mine"]
    assert grid_of(again.run_of("mine")) is not None and curve_of(again, "mine") is not None


def test_the_log_is_written_so_often_that_curves_move(jobs: Jobs) -> None:
    for settings, expected in (
        ("images=20000", "log_images=200"),
        ("images=20000 log_images=4000", "log_images=4000"),
        ("images=9000000", None),
    ):
        job = jobs.add("", "digits", "mlp_gan", settings)
        found = [text for text in jobs.training(job) if text.startswith("log_images=")]
        assert found == ([expected] if expected else [])
    assert "log_images=500" in jobs.training(jobs.add("", "digits", "auto", "minutes=5"))
