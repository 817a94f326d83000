"""Directories of parquet files, made here, and the real sets beside the repository."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hf_genimg.data import available_splits, open_dataset


def png(level, size=16):
    stream = io.BytesIO()
    Image.fromarray(np.full((size, size), level, dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def cells(levels):
    return [{"bytes": png(level), "path": None} for level in levels]


def write(path, columns, names=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if names:
        features = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, path, **options)


def opened(source, **options):
    return open_dataset(source, image_size=16, progress=False, **options)


def levels(source, **options):
    return opened(source, **options).images[:, 0, 0, 0].tolist()


def test_images_labels_and_class_names(tmp_path):
    write(
        tmp_path / "train-00000-of-00001.parquet", {"image": cells([5, 6, 7]), "label": [1, 0, 1]}, names=["cat", "dog"]
    )
    dataset = opened(tmp_path, labels=True)
    assert dataset.images[:, 0, 0, 0].tolist() == [5, 6, 7]
    assert dataset.labels.tolist() == [1, 0, 1] and dataset.class_names == ("cat", "dog")


def test_shards_in_order_over_many_row_groups(tmp_path):
    for shard in range(2):
        rows = list(range(100 * shard, 100 * shard + 100))
        write(tmp_path / "data" / f"train-0000{shard}-of-00002.parquet", {"image": cells(rows)}, row_group_size=7)
    assert levels(tmp_path) == list(range(200))


def test_names_of_splits(tmp_path):
    names = ["train-00000-of-00002", "train-00001-of-00002", "data/val", "default/test/0000", "extra"]
    for level, name in enumerate(names):
        write(tmp_path / f"{name}.parquet", {"image": cells([level])})
    assert available_splits(tmp_path) == ["train", "validation", "test", "extra"]
    found = [levels(f"{tmp_path}@{split}") for split in ("train", "valid", "test", "extra")]
    assert found == [[0, 1], [2], [3], [4]]
    with pytest.raises(ValueError, match=r"has no split 'dev'; it has train, validation, test, extra: write .*@train"):
        levels(f"{tmp_path}@dev")


def test_files_without_a_split_are_train(tmp_path):
    write(tmp_path / "faces.parquet", {"image": cells([3])})
    assert available_splits(tmp_path) == ["train"]
    assert levels(tmp_path) == [3]


def test_parquet_wins_over_example_pictures_but_metadata_is_none(tmp_path):
    (tmp_path / "example.png").write_bytes(png(1))
    write(tmp_path / "metadata.parquet", {"file_name": ["example.png"]})
    assert levels(tmp_path) == [1]
    write(tmp_path / "train.parquet", {"image": cells([2])})
    assert levels(tmp_path) == [2]


@pytest.mark.parametrize("columns", [["image", "mask"], ["mask", "img"], ["photo"]])
def test_which_column(tmp_path, columns):
    write(tmp_path / "train.parquet", {name: cells([10 + len(name)]) for name in columns} | {"id": [1]})
    wanted = next(name for name in ("image", "img", "photo") if name in columns)
    assert levels(tmp_path) == [10 + len(wanted)]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_plain_binary_column(tmp_path, kind):
    write(tmp_path / "train.parquet", {"image": pa.array([png(9)], kind)})
    assert levels(tmp_path) == [9]


def test_several_image_columns(tmp_path):
    write(tmp_path / "train.parquet", {"photo": cells([1]), "sketch": cells([2]), "id": [1]})
    expected = r"has 2 image columns \(photo, sketch\) among its columns photo, sketch, id; name one by image_column="
    with pytest.raises(ValueError, match=expected):
        opened(tmp_path)


def test_no_image_column(tmp_path):
    write(tmp_path / "train.parquet", {"image": ["a/path.png"], "id": [1]})
    expected = (
        r"train\.parquet has no image column among its columns image \(string\), id \(int64\); "
        r"give one of encoded pictures, called `image`$"
    )
    with pytest.raises(ValueError, match=expected):
        opened(tmp_path)


def test_no_rows(tmp_path):
    write(tmp_path / "train.parquet", {"image": pa.array([], pa.binary())})
    with pytest.raises(ValueError, match="has no rows in its split train"):
        opened(tmp_path)


def test_shards_that_differ(tmp_path):
    write(tmp_path / "train-0-of-2.parquet", {"image": cells([1]), "label": [0]}, names=["a", "b"])
    write(tmp_path / "train-1-of-2.parquet", {"image": cells([1]), "label": [0]}, names=["b", "a"])
    with pytest.raises(ValueError, match=r"train-1-of-2\.parquet and .*train-0-of-2\.parquet are one split but differ"):
        opened(tmp_path)


def test_a_file_that_is_not_parquet(tmp_path):
    (tmp_path / "train.parquet").write_bytes(b"hello" * 10)
    with pytest.raises(
        ValueError, match=r"^.*train\.parquet cannot be read as parquet \(.*\); download it again or remove it$"
    ):
        opened(tmp_path)


def test_damage_between_the_pages_is_named(tmp_path):
    path = tmp_path / "train.parquet"
    noise = bytes(np.random.default_rng(0).integers(0, 256, 1000, dtype=np.uint8))
    write(path, {"image": [noise] * 9}, compression="none", use_dictionary=False)
    path.write_bytes(b"PAR1" + b"\xff" * 400 + path.read_bytes()[404:])
    with pytest.raises(ValueError, match=r"train\.parquet cannot be read as parquet"):
        opened(tmp_path, skip_bad=True)


@pytest.mark.parametrize("bad", [None, {"bytes": None, "path": "a.png"}, {"bytes": b"hello", "path": None}])
def test_a_bad_row_is_named(tmp_path, bad):
    rows = cells(range(40))
    rows[37] = bad
    write(tmp_path / "train.parquet", {"image": rows, "label": list(range(40))})
    with pytest.raises(
        ValueError, match=r"train\.parquet row 37 cannot be read \(.*\); remove it, or set skip_bad=true"
    ):
        opened(tmp_path)
    with pytest.warns(UserWarning, match=r"^1 of 40 pictures .* row 37 cannot"):
        dataset = opened(tmp_path, skip_bad=True, labels=True)
    assert dataset.labels.tolist() == dataset.images[:, 0, 0, 0].tolist() == [*range(37), 38, 39]


def test_labels_without_names_are_numbered(tmp_path):
    write(tmp_path / "train.parquet", {"image": cells([1, 2, 3]), "labels": [0, 2, 1]})
    assert opened(tmp_path, labels=True).class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([0, 5], r"has the label 5; labels must be in 0\.\.1: correct it or set labels=false$"),
        ([0, None], r"has 1 pictures without a label; remove these or set labels=false$"),
        ([0, -1], r"has 1 pictures without a label"),
        (
            [0.5, 1.0],
            r"has no labels in its split train \(its columns: image, label\); give class sub-folders",
        ),
    ],
)
def test_unusable_labels(tmp_path, label, message):
    write(tmp_path / "train.parquet", {"image": cells([1, 2]), "label": label}, names=["a", "b"])
    with pytest.raises(ValueError, match=message):
        opened(tmp_path, labels=True)
    assert len(opened(tmp_path)) == 2


def test_new_class_names_make_a_new_entry(tmp_path):
    path = tmp_path / "train.parquet"
    write(path, {"image": cells([1, 2]), "label": [0, 1]}, names=["a", "b"])
    first = opened(tmp_path, labels=True)
    write(path, {"image": cells([1, 2]), "label": [0, 1]}, names=["b", "a"])
    assert opened(tmp_path, labels=True).class_names == ("b", "a") != first.class_names


@pytest.mark.parametrize(
    ("name", "size", "shape", "classes"),
    [
        ("mnist@test", 28, (10000, 28, 28, 1), 10),
        ("chest-xray-28@val", 28, (524, 28, 28, 1), 2),
        ("dungeon-sprites", 32, (2481, 32, 32, 3), 6),
        ("celeba-10k@test", 64, (1000, 64, 64, 3), 0),
    ],
)
def test_real_sets(real_data, name, size, shape, classes):
    folder, _, split = name.partition("@")
    dataset = open_dataset(
        real_data(folder), split=split or None, image_size=size, labels=bool(classes), progress=False
    )
    assert dataset.images.shape == shape
    assert not classes or (len(dataset.class_names) == classes and set(dataset.labels.tolist()) == set(range(classes)))


def test_real_pictures_equal_pillow(real_data):
    path = real_data("mnist") / "test-00000-of-00001.parquet"
    rows = next(pq.ParquetFile(path).iter_batches(200)).to_pylist()
    dataset = open_dataset(f"{path.parent}@test", image_size=28, labels=True, progress=False)
    for row, image, label in zip(rows, dataset.images, dataset.labels, strict=False):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))), image[..., 0])
        assert row["label"] == label


def test_real_pairs_name_their_columns(real_data):
    with pytest.raises(ValueError, match=r"has 2 image columns \(photo, labels\)"):
        opened(real_data("facades"))
