"""A DICOM file that a visitor opens: its window is shown, and nothing of the patient stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra medical")

from hf_genimg.data import open_picture
from hf_genimg.demo import uploads

from ..data.test_dicom import SECRETS, encoded
from .looking import shows, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(0, 4096, (16, 16)).astype(np.uint16)
    path = tmp_path / "scan.dcm"
    path.write_bytes(encoded(values, WindowCenter=2000, WindowWidth=1000))
    return path


def test_a_scan_is_read_as_data_are_and_the_file_is_deleted(scan: Path) -> None:
    expected = np.asarray(open_picture(scan, max_pixels=10_000))
    picture = uploads.read_dicom(scan)
    assert picture.mode == "L" and np.array_equal(np.asarray(picture), expected.reshape(16, 16))
    assert not scan.exists() and not [secret for secret in SECRETS if secret in str(picture.info)]


@pytest.mark.parametrize("content", [b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICMnothing", b""])
def test_what_is_no_scan_is_refused_and_deleted_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.dcm"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="DICOM.* of at most 12 MB"):
        uploads.read_dicom(path)
    assert not path.exists()


def test_a_scan_is_classified_in_the_page(visit: Any, seen: Any, of: Any, scan: Path, tmp_path: Path) -> None:
    expected = uploads.read_upload(scan)
    page, model = visit("classifier-digits"), of("classifier-digits")
    page.locator("#classify-result").get_by_text("%").first.wait_for()
    with page.expect_file_chooser() as chooser:
        page.locator("#classify-picture-dicom").click()
    chooser.value.set_files(scan)
    shows(page, seen, "#classify-seen", uploads.enlarged(uploads.seen(model, expected)))
    name = next(iter(uploads.classify(model, expected)))
    until(lambda: page.locator("#classify-result h2").inner_text() == name)
    kept = [path.read_bytes() for path in tmp_path.parent.parent.rglob("*.dcm") if path != scan]
    assert not [content for content in kept if SECRETS[0].encode() in content]
