"""Every layout that people's data come in gives the right pictures and the right labels, or one line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pickle
import struct
import tarfile
import warnings
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hf_genimg.data import available_splits, open_dataset


def opened(source, **options):
    return open_dataset(source, **{"image_size": 16, "progress": False} | options)


def png(level, size=16):
    stream = io.BytesIO()
    Image.fromarray(np.full((size, size), level, dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def names_of(dataset):
    """The class name of each image."""
    return [dataset.class_names[label] for label in dataset.labels]


def levels(dataset):
    return dataset.images[:, 0, 0, 0].tolist()


def refused(source, kind=ValueError, **options):
    with pytest.raises(kind) as caught:
        opened(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.compress_type = name, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def write_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def table(folder, **columns):
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / "train-00000-of-00001.parquet")
    return folder


def cells(count):
    return [{"bytes": png(level), "path": None} for level in range(count)]


# Class folders


def test_numeric_classes_are_in_natural_order(save, tmp_path):
    for name in range(12):
        save(f"{name}/x.png", name * 20)
    dataset = opened(tmp_path, labels=True)
    assert dataset.class_names == tuple(map(str, range(12)))
    assert [int(name) * 20 for name in names_of(dataset)] == levels(dataset)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["v10", "v2", "v1"], ("v1", "v2", "v10")),
        (["b", "a", "C"], ("C", "a", "b")),  # as before there were numbers
        (["1b", "a1", "02", "2"], ("1b", "02", "2", "a1")),
    ],
)
def test_natural_order_of_names(save, tmp_path, names, expected):
    for name in names:
        save(f"{name}/x.png")
    assert opened(tmp_path, labels=True).class_names == expected


def test_backslashes_in_a_zip_are_slashes(tmp_path):
    packed = pack(
        tmp_path / "x.zip", {f"{split}\\{kind}\\1.png": png(1) for split in ("train", "test") for kind in "ab"}
    )
    assert available_splits(packed) == ["train", "test"]
    assert opened(packed, labels=True).class_names == ("a", "b")


def stylegan(count=60, size=20):
    return {f"{number // size:05d}/img{number:08d}.png": png(number) for number in range(count)}


@pytest.mark.parametrize("packed", [True, False])
def test_labels_of_stylegans_dataset_json(tmp_path, packed):
    members = stylegan()
    rows = {"labels": [[name, 3 + 2 * (number % 3)] for number, name in enumerate(members)]}
    members["dataset.json"] = json.dumps(rows).encode()
    source = tmp_path / "set"
    if packed:
        source = pack(tmp_path / "set.zip", members)
    else:
        for name, content in members.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
    with pytest.warns(UserWarning, match=r"the 3 labels that occur \(3, 5, 7\) are numbered from 0 in order"):
        dataset = opened(source, labels=True)
    assert names_of(dataset) == [str(3 + 2 * (number % 3)) for number in range(60)]
    assert len(opened(source)) == 60  # no line where labels are not wanted


def test_numbered_shards_are_no_classes(tmp_path):
    packed = pack(tmp_path / "set.zip", stylegan())
    assert "has no labels in its split train (" in (message := refused(packed, labels=True))
    assert "the folders 00000, 00001, ... number shards, not classes, and no dataset.json gives labels" in message
    pack(tmp_path / "null.zip", {**stylegan(), "dataset.json": b'{"labels": null}'})
    assert "number shards" in refused(tmp_path / "null.zip", labels=True)


def test_numbered_classes_are_classes(tmp_path):
    members = {f"{kind:05d}/{number:05d}_00000.ppm": png(kind) for kind in range(3) for number in range(4)}
    dataset = opened(pack(tmp_path / "signs.zip", members), labels=True)
    assert dataset.class_names == ("00000", "00001", "00002") and levels(dataset) == dataset.labels.tolist()


@pytest.mark.parametrize("text", ["{", "[1]", '{"labels": [1]}', "[" * 100_000, '{"labels": {"a": 1}}'])
def test_a_broken_dataset_json_is_one_line(save, tmp_path, text):
    save("a.png")
    (tmp_path / "dataset.json").write_text(text)
    assert "dataset.json cannot be read (" in refused(tmp_path, labels=True)


# What is read, and what is left out


def test_all_extensions_of_known_formats(save, tmp_path):
    kinds = {"jfif": "JPEG", "jpe": "JPEG", "ppm": "PPM", "pgm": "PPM", "tga": "TGA", "jp2": "JPEG2000", "qoi": "QOI"}
    kinds |= {"ico": "ICO", "pcx": "PCX", "sgi": "SGI", "dib": "DIB", "apng": "PNG", "JPG": "JPEG"}
    for extension, kind in kinds.items():
        save(f"a.{extension}", (200, 100, 50) if extension != "pgm" else 120, format=kind)
    dataset = opened(tmp_path)
    assert len(dataset) == len(kinds)
    assert (np.abs(dataset.images[:, 8, 8].astype(int) - [200, 100, 50]) <= 8).all(axis=1).sum() == len(kinds) - 1


def test_what_is_left_out_is_counted_in_one_line(save, tmp_path):
    save("a.png")
    for name in ("b.heic", "c.heic", "d.mp4", "README.md", "notes.txt", "Thumbs.db", ".hidden.mp4"):
        (tmp_path / name).write_bytes(b"x")
    expected = f"3 of 4 files of {tmp_path} are no pictures and are left out: 2 .heic, 1 .mp4"
    with pytest.warns(UserWarning) as record:
        opened(tmp_path)
    assert [str(warning.message) for warning in record] == [expected]


def test_junk_is_not_taken_for_a_format_without_a_mark(tmp_path, save):
    path = save("a.tga", (1, 2, 3))
    path.rename(tmp_path / "a.png")
    assert "a.png cannot be read (not a picture)" in refused(tmp_path)


def test_only_regular_files_are_opened(save, tmp_path):
    save("a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to("/dev/zero")
    assert "b.png cannot be read (it is not a regular file); remove it" in refused(tmp_path)
    with pytest.warns(UserWarning, match=r"2 of 3 pictures .*b\.png .* \| .*c\.png"):
        assert len(opened(tmp_path, skip_bad=True)) == 1


def test_damaged_bytes_in_a_zip_name_the_member(tmp_path):
    random = np.random.default_rng(0)
    pictures = {}
    for number in range(9):
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(stream, "BMP")
        pictures[f"{number}.bmp"] = stream.getvalue()
    packed = pack(tmp_path / "x.zip", pictures)
    with zipfile.ZipFile(packed) as archive:
        places = [info.header_offset for info in archive.infolist()]
    content = bytearray(packed.read_bytes())
    content[places[4] + 60 : places[4] + 100] = b"\xff" * 40  # in the packed bytes
    content[places[6] : places[6] + 4] = bytes(4)  # the mark of a member
    packed.write_bytes(content)
    assert "x.zip: 4.bmp cannot be read (its packed bytes are damaged: " in refused(packed)
    with pytest.warns(UserWarning, match=r"2 of 9 pictures .*4\.bmp.* \| .*6\.bmp"):
        assert len(opened(packed, skip_bad=True)) == 7


# Labels in tables


def test_labels_from_one(tmp_path):
    with pytest.warns(
        UserWarning, match=r"the 3 labels that occur \(1, 2, 3\) are numbered from 0 in order; their names"
    ):
        dataset = opened(table(tmp_path / "t", image=cells(6), label=[1, 2, 3, 1, 2, 3]), labels=True)
    assert dataset.labels.tolist() == [0, 1, 2, 0, 1, 2] and dataset.class_names == ("1", "2", "3")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([7, 2000, 7], ("7", "2000")),
        (pa.array([2**63 + 1, 2**63, 2**63], pa.uint64()), (str(2**63), str(2**63 + 1))),
    ],
)
def test_sparse_labels_are_numbered_in_order(tmp_path, labels, classes):
    with pytest.warns(UserWarning, match="the 2 labels that occur"):
        dataset = opened(table(tmp_path / "t", image=cells(3), label=labels), labels=True)
    assert dataset.class_names == classes and names_of(dataset) == [
        str(label) for label in pa.array(labels).to_pylist()
    ]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["kind 10", "kind 9", "kind 10"], ("kind 9", "kind 10")),
        ([True, False, True], ("false", "true")),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ("a", "b")),
    ],
)
def test_labels_by_their_values(tmp_path, labels, classes):
    dataset = opened(table(tmp_path / "t", image=cells(3), label=labels), labels=True)
    assert dataset.class_names == classes and dataset.labels.tolist() == [1, 0, 1]


def test_labels_are_numbered_over_all_splits(tmp_path):
    for split, labels in (("train", ["a", "c"]), ("test", ["b", "c"])):
        pq.write_table(pa.table({"image": cells(2), "label": labels}), tmp_path / f"{split}.parquet")
    assert names_of(opened(tmp_path, labels=True)) == ["a", "c"]
    held_out = opened(f"{tmp_path}@test", labels=True)
    assert held_out.class_names == ("a", "b", "c") and names_of(held_out) == ["b", "c"]


def test_columns_are_chosen_by_name(tmp_path):
    folder = table(
        tmp_path / "t", img=cells(4), other=cells(8)[4:], fine=[0, 1, 2, 3], coarse=["x", "x", "y", "y"], w=[0.5] * 4
    )
    assert opened(folder, labels=True, label_column="fine").labels.tolist() == [0, 1, 2, 3]
    dataset = opened(folder, labels=True, label_column="coarse", image_column="other")
    assert levels(dataset) == [4, 5, 6, 7] and names_of(dataset) == ["x", "x", "y", "y"]
    assert "has no column 'nope'; its columns: img, other, fine, coarse, w" in refused(folder, label_column="nope")
    assert "the column 'w' of " in (message := refused(folder, label_column="w"))
    assert message.endswith("is of type double, which holds no classes: whole numbers, texts or truth values")
    assert "has no image column 'fine'; its image columns are: img, other" in refused(folder, image_column="fine")


def test_columns_of_what_has_none_are_refused(save, tmp_path):
    save("a.png")
    assert "has no column 'x'; its columns: none, for there is no metadata.csv" in refused(tmp_path, label_column="x")
    assert refused("digits", image_column="x") == "digits has no columns, so there is no 'x'; leave it out"


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 3), (3, 16, 16)])
def test_images_as_nested_lists(tmp_path, shape):
    images = [np.full(shape, level, np.uint8).tolist() for level in (5, 200)]
    dataset = opened(table(tmp_path / "t", image=images))
    assert levels(dataset) == [5, 200] and dataset.image_channels == (1 if len(shape) == 2 else 3)


@pytest.mark.parametrize("image", [[[1, 2], [3]], [[300, 1], [1, 1]], [[[1, 2]] * 16] * 16, []])
def test_lists_that_are_no_images_are_bad_pictures(tmp_path, image):
    kind = pa.list_(pa.list_(pa.list_(pa.int64()) if image and isinstance(image[0][0], list) else pa.int64()))
    good = [[[9] * 2] * 16] * 16 if pa.types.is_list(kind.value_type.value_type) else [[9] * 16] * 16
    folder = table(tmp_path / "t", image=pa.array([good, image], kind))
    assert "cannot be read (it is empty)" in refused(folder) or "is empty" in refused(folder)


# Files beside pictures


def write_metadata(folder, form, rows):
    if form == "jsonl":
        (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        return
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("place", ["", "train/"])
def test_metadata_beside_pictures(save, tmp_path, form, place):
    for number in range(4):
        save(f"{place}{number}.png", number)
    rows = [{"file_name": f"{n}.png", "label": n % 2, "mood": "ab"[n % 2], "text": f"a {n}"} for n in (2, 0, 3, 1)]
    write_metadata(tmp_path / place, form, rows)
    dataset = opened(tmp_path, labels=True)
    assert dataset.labels.tolist() == [0, 1, 0, 1] == [level % 2 for level in levels(dataset)]
    assert opened(tmp_path, labels=True, label_column="mood").class_names == ("a", "b")
    assert list(map(list, opened(tmp_path, captions=True).captions)) == [["a 0"], ["a 1"], ["a 2"], ["a 3"]]
    assert "has no column 'nope'; its columns: label, mood, text" in refused(tmp_path, label_column="nope")


def test_a_picture_that_metadata_lacks_has_no_label(save, tmp_path):
    for number in range(3):
        save(f"{number}.png", number)
    write_metadata(
        tmp_path,
        "csv",
        [{"file_name": "0.png", "label": 0, "text": "x"}, {"file_name": "2.png", "label": 1, "text": ""}],
    )
    assert "has 1 pictures without a label" in refused(tmp_path, labels=True)
    assert "1.png has no caption (2 such)" in refused(tmp_path, captions=True)
    assert len(opened(tmp_path)) == 3


def test_new_labels_make_a_new_entry(save, tmp_path):
    save("0.png", 1)
    save("1.png", 2)
    found = []
    for names in ("ab", "ba", "ab"):
        write_metadata(tmp_path, "csv", [{"file_name": f"{n}.png", "label": name} for n, name in enumerate(names)])
        found.append(opened(tmp_path, labels=True))
    assert [dataset.labels.tolist() for dataset in found] == [[0, 1], [1, 0], [0, 1]]
    assert found[0].fingerprint == found[2].fingerprint != found[1].fingerprint


@pytest.mark.parametrize("content", ["label\n1\n", 'file_name,label\n"0.png', "\x00"])
def test_broken_metadata_is_one_line(save, tmp_path, content):
    save("0.png")
    (tmp_path / "metadata.csv").write_text(content)
    refused(tmp_path, labels=True)


# Other kinds of files


def test_webdataset(tmp_path):
    members = {}
    for number in range(6):
        members |= {f"{number:05d}.png": png(number), f"{number:05d}.cls": str(number % 3).encode()}
        members[f"{number:05d}.txt"] = f"number {number}".encode()
    dataset = opened(write_tar(tmp_path / "w.tar", members), labels=True, captions=True)
    assert levels(dataset) == list(range(6)) and dataset.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert list(dataset.captions[4]) == ["number 4"]


def test_webdataset_in_shards_with_json(tmp_path):
    for shard in range(2):
        members = {}
        for number in range(3):
            row = json.dumps({"label": "xy"[number % 2], "caption": f"{shard} {number}"}).encode()
            members |= {f"{number:05d}.png": png(10 * shard + number), f"{number:05d}.json": row}
        write_tar(tmp_path / f"train-{shard:04d}.tar", members)
    write_tar(tmp_path / "test-0000.tar", {"0.png": png(99), "0.json": b'{"label": "y"}'})
    assert available_splits(tmp_path) == ["train", "test"]
    dataset = opened(tmp_path, labels=True, captions=True)
    assert levels(dataset) == [0, 1, 2, 10, 11, 12] and names_of(dataset) == list("xyxxyx")
    assert list(dataset.captions[5]) == ["1 2"]
    assert levels(opened(f"{tmp_path}@test")) == [99]


def test_a_tar_of_class_folders_and_what_is_no_tar(tmp_path):
    packed = write_tar(tmp_path / "x.tar", {f"top/{kind}/{n}.png": png(n) for kind in "ab" for n in range(2)})
    assert opened(packed, labels=True).class_names == ("a", "b")
    packed.write_bytes(packed.read_bytes()[:700])
    assert "x.tar" in refused(packed)
    (tmp_path / "y.tar").write_bytes(gzip.compress(b"x" * 2000))
    assert "cannot be read as a tar file" in refused(tmp_path / "y.tar")


def test_saved_to_disk(tmp_path):
    import datasets

    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    one = datasets.Dataset.from_dict({"image": cells(4), "label": [0, 1, 1, 0]}, features=features)
    one.save_to_disk(tmp_path / "one")
    dataset = opened(tmp_path / "one", labels=True)
    assert levels(dataset) == [0, 1, 2, 3] and names_of(dataset) == ["cat", "dog", "dog", "cat"]
    datasets.DatasetDict({"train": one, "test": one.select([3])}).save_to_disk(tmp_path / "two")
    assert available_splits(tmp_path / "two") == ["train", "test"]
    assert levels(opened(tmp_path / "two@test")) == [3]
    first = opened(tmp_path / "one").fingerprint
    (tmp_path / "one").rename(tmp_path / "moved")
    assert opened(tmp_path / "moved").fingerprint == first
    (tmp_path / "moved/state.json").write_text("{")
    assert "moved" in refused(tmp_path / "moved")


@pytest.mark.parametrize("shape", [(5, 16, 16), (5, 16, 16, 1), (5, 16, 16, 3), (5, 3, 16, 16)])
def test_arrays(tmp_path, shape):
    pixels = np.zeros(shape, np.uint8) + np.arange(5, dtype=np.uint8).reshape(5, *[1] * (len(shape) - 1))
    np.save(tmp_path / "x.npy", pixels)
    np.savez(tmp_path / "x.npz", images=pixels, labels=[0, 1, 0, 1, 1])
    assert levels(opened(tmp_path / "x.npy")) == [0, 1, 2, 3, 4]
    dataset = opened(tmp_path / "x.npz", labels=True)
    assert levels(dataset) == [0, 1, 2, 3, 4] and dataset.labels.tolist() == [0, 1, 0, 1, 1]
    assert dataset.image_channels == (3 if 3 in shape[1:] else 1)


def test_splits_of_arrays(tmp_path):
    one = np.zeros((2, 16, 16), np.uint8)
    np.savez(tmp_path / "m.npz", train_images=one, train_labels=[[1], [0]], val_images=one + 5, val_labels=[[1], [1]])
    assert available_splits(tmp_path / "m.npz") == ["train", "validation"]
    assert levels(opened(tmp_path / "m.npz@val")) == [5, 5]
    assert opened(tmp_path / "m.npz@val", labels=True).class_names == ("0", "1")
    np.savez_compressed(tmp_path / "k.npz", x_train=one + 1, y_train=["b", "a"], x_test=one, y_test=["a", "a"])
    assert names_of(opened(tmp_path / "k.npz", labels=True)) == ["b", "a"]


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickles_in_arrays_are_refused(tmp_path):
    trap = Trap(str(tmp_path / "sprung"))
    np.save(tmp_path / "x.npy", np.array([trap], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", images=np.array([trap], dtype=object))
    (tmp_path / "y.npy").write_bytes(pickle.dumps(trap))
    for name in ("x.npy", "x.npz", "y.npy"):
        assert "cannot be read as arrays without pickles" in refused(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.zeros((2, 16, 16), np.float32), "holds images of type float32 and shape [2, 16, 16]; give uint8 levels"),
        (np.zeros((16,), np.uint8), "shape [16]"),
        (np.zeros((0, 16, 16), np.uint8), "shape [0, 16, 16]"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, part):
    np.save(tmp_path / "x.npy", array)
    assert part in refused(tmp_path / "x.npy")


def test_arrays_without_images_and_wrong_labels(tmp_path):
    np.savez(tmp_path / "x.npz", weights=np.zeros(3))
    assert "holds no images among its arrays; call them images and labels" in refused(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", images=np.zeros((2, 16, 16), np.uint8), labels=[1])
    assert "holds labels int64 [1] for 2 images" in refused(tmp_path / "y.npz")
    (tmp_path / "z.npz").write_bytes(b"PK nothing")
    assert "cannot be read as arrays" in refused(tmp_path / "z.npz")


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files(tmp_path, packed):
    for split, start in (("train", 0), ("t10k", 100)):
        pixels = np.zeros((3, 16, 16), np.uint8) + np.arange(start, start + 3, dtype=np.uint8)[:, None, None]
        images = struct.pack(">IIII", 2051, 3, 16, 16) + pixels.tobytes()
        labels = struct.pack(">II", 2049, 3) + bytes([2, 0, 1])
        for name, content in ((f"{split}-images-idx3-ubyte", images), (f"{split}-labels-idx1-ubyte", labels)):
            (tmp_path / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    dataset = opened(tmp_path, labels=True)
    assert levels(dataset) == [0, 1, 2] and names_of(dataset) == ["2", "0", "1"]
    assert available_splits(tmp_path) == ["train", "test"] and levels(opened(f"{tmp_path}@test")) == [100, 101, 102]
    damaged = tmp_path / ("train-images-idx3-ubyte" + ".gz" * packed)
    damaged.write_bytes(damaged.read_bytes()[:-40])
    assert "cannot be read as an idx file" in refused(tmp_path)


def test_no_reader_warns_where_nothing_is_wrong(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened(table(tmp_path / "t", image=cells(3), label=[0, 1, 2]), labels=True)
