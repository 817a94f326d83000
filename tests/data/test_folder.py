"""Which pictures a folder holds, in which order, with which classes and splits."""

from __future__ import annotations

import pytest

from hf_genimg.data import available_splits, open_dataset


def levels(source, **options):
    dataset = open_dataset(source, image_size=16, progress=False, **options)
    return dataset.images[:, 0, 0, 0].tolist()


def labelled(source, **options):
    dataset = open_dataset(source, image_size=16, labels=True, progress=False, **options)
    return dataset.class_names, dataset.labels.tolist(), dataset.images[:, 0, 0, 0].tolist()


def test_pictures_at_any_depth_in_order_of_name(save, tmp_path):
    for index, name in enumerate(["z.png", "a/b/c.png", "a/a.png", "m.png"]):
        save(name, index)
    (tmp_path / "notes.txt").write_text("no picture")
    assert levels(tmp_path) == [2, 1, 3, 0]


def test_hidden_files_and_folders_are_ignored(save, tmp_path):
    save("a.png", 1)
    save(".b.png", 2)
    save(".thumbs/c.png", 3)
    assert levels(tmp_path) == [1]


def test_a_link_to_an_outer_folder_does_not_loop(save, tmp_path):
    save("a/b.png", 1)
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    assert levels(tmp_path) == [1]


def test_class_folders(save, tmp_path):
    save("dog/1.png", 1)
    save("cat/2.png", 2)
    save("cat/young/3.png", 3)
    assert labelled(tmp_path) == (("cat", "dog"), [0, 0, 1], [2, 3, 1])


@pytest.mark.parametrize("names", [["a/1.png", "a/2.png"], ["a/1.png", "b/2.png", "3.png"], ["1.png"]])
def test_without_classes_labels_are_an_error(save, tmp_path, names):
    for name in names:
        save(name)
    with pytest.raises(
        ValueError, match=r"has no labels in its split train; give class sub-folders, .* or set labels=false$"
    ):
        labelled(tmp_path)
    assert len(levels(tmp_path)) == len(names)


def test_labels_are_left_out_when_they_are_not_wanted(save, tmp_path):
    save("a/1.png")
    save("b/2.png")
    dataset = open_dataset(tmp_path, image_size=16, progress=False)
    assert dataset.labels is None and dataset.class_names is None and set(dataset[0]) == {"images"}


def test_split_folders(save, tmp_path):
    for index, name in enumerate(["test/a.png", "Train/b.png", "valid/c.png"]):
        save(name, index)
    assert available_splits(tmp_path) == ["train", "validation", "test"]
    assert levels(tmp_path) == [1]
    assert levels(f"{tmp_path}@test") == levels(tmp_path, split="test") == [0]
    assert (
        levels(f"{tmp_path}@val") == levels(f"{tmp_path}@valid") == levels(f"{tmp_path}@validation", split="val") == [2]
    )
    assert open_dataset(f"{tmp_path}@val", image_size=16, progress=False).split == "validation"


def test_classes_are_those_of_all_splits(save, tmp_path):
    for index, name in enumerate(["train/a/1.png", "train/b/2.png", "train/c/3.png", "test/c/4.png", "test/b/5.png"]):
        save(name, index)
    assert labelled(tmp_path) == (("a", "b", "c"), [0, 1, 2], [0, 1, 2])
    assert labelled(f"{tmp_path}@test") == (("a", "b", "c"), [1, 2], [4, 3])


def test_a_new_class_elsewhere_renumbers_a_cached_split(save, tmp_path):
    for name in ["train/b/1.png", "train/c/2.png", "test/b/3.png", "test/c/4.png"]:
        save(name)
    assert labelled(f"{tmp_path}@test")[1] == [0, 1]
    save("train/a/5.png")
    assert labelled(f"{tmp_path}@test")[1] == [1, 2]


def test_a_class_may_be_called_like_a_split(save, tmp_path):
    save("valid/1.png")
    save("invalid/2.png")
    assert available_splits(tmp_path) == ["train"]
    assert labelled(tmp_path)[:2] == (("invalid", "valid"), [0, 1])


def test_splits_beside_other_things(save, tmp_path):
    for index, name in enumerate(["train/a.png", "test/b.png", "extra/c.png", "example.png"]):
        save(name, index)
    assert available_splits(tmp_path) == ["train", "test", "extra"]
    assert (levels(tmp_path), levels(f"{tmp_path}@extra")) == ([0], [2])


def test_unlabelled_test_split_beside_a_labelled_train(save, tmp_path):
    for name in ["train/a/1.png", "train/b/2.png", "test/3.png"]:
        save(name)
    assert labelled(tmp_path)[0] == ("a", "b")
    with pytest.raises(ValueError, match="has no labels in its split test"):
        labelled(f"{tmp_path}@test")


def test_no_train_split(save, tmp_path):
    save("test/a.png")
    with pytest.raises(ValueError, match=r"has no split 'train'; it has test: write .*@test"):
        levels(tmp_path)
