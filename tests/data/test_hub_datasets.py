"""Dataset repositories through the library `datasets`: layouts made here, prepared without any Hub."""

from __future__ import annotations

import shutil

import datasets
import huggingface_hub.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from PIL import Image

from hf_genimg.cli import main
from hf_genimg.data import available_splits, open_dataset
from hf_genimg.data.resolve import find_source


@pytest.fixture(autouse=True)
def prepared(tmp_path_factory, monkeypatch):
    """Where `datasets` keeps its tables."""
    folder = tmp_path_factory.mktemp("prepared")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", folder)
    return folder


@pytest.fixture
def repository(save, tmp_path):
    """A directory laid out as a dataset repository: pictures in parquet, and a card that names the classes."""

    def make(name="repository", levels=(5, 6, 7)):
        root = tmp_path / name
        for split, values in (("train", levels), ("test", levels[:1])):
            pictures = [
                {"bytes": save(f"pictures/{level}.png", level).read_bytes(), "path": f"{level}.png"} for level in values
            ]
            (root / "data").mkdir(parents=True, exist_ok=True)
            table = pa.table({"picture": pictures, "label": [level % 2 for level in values]})
            pq.write_table(table, root / f"data/{split}-00000-of-00001.parquet")
        (root / "README.md").write_text(CARD)
        return root

    return make


CARD = """---
dataset_info:
  features:
  - name: picture
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': even
          '1': odd
---
# Levels
"""


def opened(source, **options):
    return open_dataset(source, image_size=16, progress=False, **options)


def levels(source, **options):
    return opened(source, **options).images[:, 0, 0, 0].tolist()


def refused(source, kind=ValueError):
    with pytest.raises(kind) as caught:
        opened(source)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


def test_parquet_with_a_card(repository):
    source = f"dataset:{repository()}"
    assert available_splits(source) == available_splits(f"{source}@test") == ["train", "test"]
    dataset = opened(source, labels=True)
    assert dataset.images[:, 0, 0, 0].tolist() == [5, 6, 7]
    assert dataset.labels.tolist() == [1, 0, 1] and dataset.class_names == ("even", "odd")
    assert (dataset.name, dataset.split) == (source, "train")
    assert levels(f"{source}@test") == levels(source, split="test") == [5]


def test_more_rows_than_are_read_at_a_time(repository):
    assert levels(f"dataset:{repository(levels=range(100))}") == list(range(100))


def test_a_folder_of_pictures_with_metadata(save, tmp_path):
    for level in (3, 4):
        save(f"folder/{level}.png", level)
    pq.write_table(pa.table({"file_name": ["4.png", "3.png"], "label": [0, 1]}), tmp_path / "folder/metadata.parquet")
    dataset = opened(f"dataset:{tmp_path / 'folder'}", labels=True)
    assert sorted(zip(dataset.images[:, 0, 0, 0].tolist(), dataset.labels.tolist(), strict=True)) == [(3, 1), (4, 0)]


def test_class_folders_and_a_split_of_another_name(save, tmp_path):
    for level, name in enumerate(["train/cats", "train/dogs", "val/cats", "val/dogs"]):
        save(f"animals/{name}/a.png", level)
    source = f"dataset:{tmp_path / 'animals'}"
    assert available_splits(source) == ["train", "validation"]
    dataset = opened(f"{source}@val", labels=True)
    assert (dataset.split, dataset.class_names) == ("validation", ("cats", "dogs"))
    assert (dataset.images[:, 0, 0, 0].tolist(), dataset.labels.tolist()) == ([2, 3], [0, 1])


def test_a_row_without_a_picture_is_a_bad_picture(tmp_path, save):
    cells = [{"bytes": save("a.png", 9).read_bytes(), "path": None}, None]
    (tmp_path / "holes").mkdir()
    pq.write_table(pa.table({"image": cells}), tmp_path / "holes/train.parquet")
    source = f"dataset:{tmp_path / 'holes'}"
    assert "@train row 1 cannot be read (it holds no bytes)" in refused(source)
    with pytest.warns(UserWarning, match="1 of 2 pictures"):
        assert levels(source, skip_bad=True) == [9]


def test_the_fingerprint_is_of_names_and_contents_on_any_machine(
    repository, save, tmp_path, tmp_path_factory, monkeypatch
):
    for level in (3, 4):
        save(f"one/{level}.png", level)
    here = [f"dataset:{root}" for root in (repository(), tmp_path / "one")]
    before = [opened(source).fingerprint for source in here]
    there = tmp_path_factory.mktemp("there")
    for root in ("repository", "one"):
        shutil.copytree(tmp_path / root, there / f"{root}2")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("other"))
    assert [opened(f"dataset:{there}/{root}2").fingerprint for root in ("repository", "one")] == before
    Image.new("L", (16, 16), 5).save(there / "one2/4.png")
    assert opened(f"dataset:{there}/one2").fingerprint != before[1]


def test_labels_beside_pictures_are_part_of_the_fingerprint(save, tmp_path):
    save("folder/a.png"), save("folder/b.png")
    found = []
    for labels in ([0, 1], [1, 0]):
        pq.write_table(
            pa.table({"file_name": ["a.png", "b.png"], "label": labels}), tmp_path / "folder/metadata.parquet"
        )
        found.append(opened(f"dataset:{tmp_path / 'folder'}", labels=True))
    assert found[0].fingerprint != found[1].fingerprint
    assert [dataset.labels.tolist() for dataset in found] == [[0, 1], [1, 0]]


def test_what_was_fetched_once_needs_no_network(repository, prepared):
    """`datasets` finds its own tables by the id, as after a download; here those of a directory take their place."""
    opened(f"dataset:{repository('some-name')}")
    (prepared / "some-name").rename(prepared / "owner___some-name")
    assert available_splits("owner/some-name") == ["train", "test"]
    assert levels("owner/some-name") == levels("dataset:owner/some-name") == [5, 6, 7]


@pytest.mark.parametrize(
    "source", ["owner/some-name", "owner/some-name@test", "dataset:owner/some-name", "dataset:some-name@test"]
)
def test_offline_and_not_fetched_yet(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(source, FileNotFoundError)
    assert message.startswith(
        f"{source.partition('@')[0]} is not on this machine and cannot be fetched (Couldn't reach "
    )
    assert message.endswith("; unset HF_HUB_OFFLINE, or download it and give a folder of pictures or of parquet files")
    with pytest.raises(FileNotFoundError, match="cannot be fetched"):
        available_splits(source)


def test_a_path_wins_unless_dataset_is_written(save, tmp_path, monkeypatch):
    save("owner/name/a.png", 8)
    monkeypatch.chdir(tmp_path)
    assert levels("owner/name") == [8]
    assert "cannot be fetched" in refused("dataset:owner/name", FileNotFoundError)
    assert levels("dataset:./owner/name") == [8]


def test_a_mistyped_path_is_not_asked_for(save, tmp_path, monkeypatch):
    save("photos/cats/a.png")
    monkeypatch.chdir(tmp_path)
    message = refused("photos/cast", FileNotFoundError)
    assert message.startswith(
        "there is no 'photos/cast' in the folder 'photos'; write dataset:photos/cast for a Hub dataset, or give"
    )


def test_an_at_sign_in_a_directory(save, tmp_path):
    save("me@test/a.png", 8)
    assert levels(f"dataset:{tmp_path}/me@test") == [8]


def test_a_home_directory(save, tmp_path, monkeypatch):
    save("folder/a.png", 8)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert levels("dataset:~/folder") == levels("~/folder") == [8]
    assert available_splits("~/folder") == ["train"]


def test_no_such_split_is_refused_before_anything_is_fetched(repository, prepared, capsys):
    source = f"dataset:{repository()}"
    assert refused(f"{source}@dev") == f"{source} has no split 'dev'; it has train, test: write {source}@train"
    assert not list(prepared.rglob("*.arrow"))
    assert capsys.readouterr().err == ""


def test_several_image_columns(save, tmp_path):
    cell = {"bytes": save("a.png").read_bytes(), "path": None}
    (tmp_path / "pairs").mkdir()
    pq.write_table(pa.table({"before": [cell], "after": [cell]}), tmp_path / "pairs/train.parquet")
    assert "has 2 image columns (before, after) among its columns" in refused(f"dataset:{tmp_path / 'pairs'}")


def test_no_image_column_no_rows_and_nothing_there(tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words/train.csv").write_text("word\nhello\n")
    assert "has no image column among its columns word" in refused(f"dataset:{tmp_path / 'words'}")
    (tmp_path / "empty").mkdir()
    assert "cannot be read by the library `datasets`" in refused(
        f"dataset:{tmp_path / 'empty'}", (FileNotFoundError, ValueError)
    )
    assert "cannot be read by the library `datasets`" in refused(f"dataset:{tmp_path / 'nowhere'}", FileNotFoundError)


def test_a_program_is_never_run(tmp_path):
    (tmp_path / "program").mkdir()
    (tmp_path / "program/program.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\n")
    assert "comes as a program, which is never run" in refused(f"dataset:{tmp_path / 'program'}")
    assert not (tmp_path / "mark").exists()


def test_several_configurations(repository):
    root = repository()
    configs = "".join(f"- config_name: {name}\n  data_files: data/{name}*.parquet\n" for name in ("train", "test"))
    (root / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    assert "has several configurations (train, test) and none can be named here; download it" in refused(
        f"dataset:{root}"
    )


def test_a_damaged_file_names_the_reason(repository):
    root = repository()
    (root / "data/train-00000-of-00001.parquet").write_bytes(b"PAR1 nothing")
    assert "cannot be read by the library `datasets` (" in refused(f"dataset:{root}")


class Answer:
    """As much of a response as the Hub's errors ask for."""

    headers: dict[str, str] = {}  # noqa: RUF012
    request = None

    def __init__(self, status_code):
        self.status_code = status_code


LOGIN = "where it is gated or private, ask for access on its page and log in with `hf auth login`"
HUB_ERRORS = [
    (DatasetNotFoundError("Dataset 'a/b' doesn't exist on the Hub or cannot be accessed."), LOGIN),
    (
        DatasetNotFoundError("Dataset 'a/b' is a gated dataset on the Hub. You must be authenticated to access it."),
        "is a gated dataset",
    ),
    (huggingface_hub.errors.HfHubHTTPError("403 Forbidden\nlong story", response=Answer(403)), LOGIN),
    (
        huggingface_hub.errors.HfHubHTTPError("503 Server Error", response=Answer(503)),
        "503 Server Error); try again with a connection",
    ),
    (ConnectionError("Couldn't reach 'a/b' on the Hub (ConnectError)"), "try again with a connection, or download it"),
    (huggingface_hub.utils.httpx.ConnectTimeout("timed out"), "(timed out); try again with a connection"),
]


@pytest.mark.parametrize(("error", "part"), HUB_ERRORS)
def test_what_the_hub_refuses_is_one_line(error, part, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "load_dataset_builder", lambda path: (_ for _ in ()).throw(error))
    assert part in refused("a/b", FileNotFoundError)


def test_the_cause_of_a_failed_preparation_is_reported(repository, monkeypatch):
    def fail(self):
        raise DatasetGenerationError("An error occurred while generating the dataset") from OSError(
            "No space left on device"
        )

    monkeypatch.setattr("datasets.builder.DatasetBuilder.download_and_prepare", fail)
    assert "(No space left on device)" in refused(f"dataset:{repository()}")


def test_datasets_keeps_silent_and_its_settings(repository, capsys):
    source = f"dataset:{repository()}"
    verbosity, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    find_source(source)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fetching {source}, once; it is kept in ")
    find_source(source)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""
    assert (datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()) == (verbosity, bars)


def test_the_command_line_says_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "dcgan", "data=owner/name", "--out", "run"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_real_mnist(mnist):
    ours, theirs = opened(f"{mnist}@test", labels=True), opened(f"dataset:{mnist}@test", labels=True)
    assert (
        (ours.images == theirs.images).all()
        and (ours.labels == theirs.labels).all()
        and ours.class_names == theirs.class_names
    )
