"""The Hub of the tests, driven by the real client, in fresh processes and in this one."""

from __future__ import annotations

import threading

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    ModelCard,
    hf_hub_download,
    snapshot_download,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import httpx  # its own: httpx2 in version 2.4

from .client import python, use_here

ID = "alice/model"
WEIGHTS = bytes(range(256)) * 40


@pytest.fixture
def api(hub, tmp_path, monkeypatch):
    use_here(hub, tmp_path, monkeypatch)
    return HfApi()


def operations(**files):
    return [CommitOperationAdd(path.replace("__", "/"), content) for path, content in files.items()]


def fill(api, **files):
    api.create_repo(ID, exist_ok=True)
    return api.create_commit(
        ID,
        operations(**{"README.md": b"---\nlicense: mit\n---\n# Card\n", "w__model.safetensors": WEIGHTS, **files}),
        commit_message="m",
    )


@pytest.mark.parametrize("chunk", [None, 1000], ids=["basic", "multipart"])
def test_what_is_committed_comes_back(hub, api, tmp_path, chunk):
    hub.store.chunk_size = chunk
    made = fill(api)
    folder = snapshot_download(ID)
    assert folder.endswith(made.oid)
    with open(f"{folder}/w/model.safetensors", "rb") as file:
        assert file.read() == WEIGHTS
    assert sorted(api.list_repo_files(ID)) == [".gitattributes", "README.md", "w/model.safetensors"]
    uploads = [request for request in hub.requests if request.startswith("PUT /lfs")]
    assert len(uploads) == (1 if chunk is None else 11)
    assert api.get_paths_info(ID, ["w/model.safetensors"])[0].lfs.size == len(WEIGHTS)
    assert [entry.path for entry in api.list_repo_tree(ID)] == [".gitattributes", "README.md", "w"]
    assert [entry.path for entry in api.list_repo_tree(ID, "w")] == ["w/model.safetensors"]


def test_again_is_no_upload_and_deletion_deletes(hub, api):
    first = fill(api)
    before = len(hub.requests)
    assert fill(api).oid == first.oid
    assert not [request for request in hub.requests[before:] if request.startswith("PUT /lfs") or "/commit/" in request]
    api.create_commit(ID, [CommitOperationDelete("w/", is_folder=True)], commit_message="less")
    assert api.list_repo_files(ID) == [".gitattributes", "README.md"]
    assert [commit.title for commit in api.list_repo_commits(ID)] == ["less", "m", "initial commit"]


def test_branches_tags_and_parents(hub, api):
    first = fill(api)
    api.create_tag(ID, tag="v1")
    api.create_branch(ID, branch="side")
    second = fill(api, new=b"x")
    assert api.model_info(ID, revision="v1").sha == first.oid == api.model_info(ID, revision="side").sha
    assert api.model_info(ID).sha == second.oid
    found = api.list_repo_refs(ID)
    assert [tag.name for tag in found.tags] == ["v1"] and {branch.name for branch in found.branches} == {"main", "side"}
    with pytest.raises(RemoteEntryNotFoundError):
        hf_hub_download(ID, "new", revision="v1")
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(ID, "new", revision="v9")
    with pytest.raises(HfHubHTTPError) as error:
        api.create_commit(ID, operations(a=b"1"), commit_message="late", parent_commit=first.oid)
    assert error.value.response.status_code == 412
    with pytest.raises(HfHubHTTPError) as error:
        api.create_tag(ID, tag="v1")
    assert error.value.response.status_code == 409


def test_who_may_do_what(hub, api, monkeypatch):
    fill(api)
    assert api.whoami()["name"] == "alice"
    reader, bob, nobody, stranger = (
        HfApi(token=token) for token in (hub.tokens["reader"], hub.tokens["bob"], False, "token-of-none")
    )
    for who, status in ((reader, 403), (bob, 403), (stranger, 401)):
        with pytest.raises(HfHubHTTPError) as error:
            who.create_commit(ID, operations(a=b"1"), commit_message="no")
        assert error.value.response.status_code == status
    assert nobody.model_info(ID).id == ID
    api.update_repo_settings(ID, private=True)
    for who in (nobody, bob):
        with pytest.raises(RepositoryNotFoundError):
            who.model_info(ID)
    assert reader.model_info(ID).private
    api.update_repo_settings(ID, private=False, gated="manual")
    with pytest.raises(GatedRepoError):
        hf_hub_download(ID, "README.md", token=False)
    with pytest.raises(HfHubHTTPError):
        bob.auth_check(ID)
    assert bob.model_info(ID).gated
    api.delete_repo(ID)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(ID)


def test_cards_are_read(hub, api):
    fill(api)
    # not by ModelCard.push_to_hub, which in version 1 has huggingface.co check the card, whatever HF_ENDPOINT says
    card = b"---\nlibrary_name: diffusers\ntags: [gan]\n---\n# x\n"
    api.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=ID)
    found = api.model_info(ID)
    assert (found.library_name, found.tags) == ("diffusers", ["gan"])
    assert [model.id for model in api.list_models(author="alice")] == [ID]
    assert ModelCard.load(ID).data.tags == ["gan"]


def test_datasets_and_spaces(hub, api):
    for kind in ("dataset", "space"):
        api.create_repo("alice/other", repo_type=kind, **({"space_sdk": "gradio"} if kind == "space" else {}))
        api.upload_file(path_or_fileobj=b"1", path_in_repo="a/b.txt", repo_id="alice/other", repo_type=kind)
        with open(hf_hub_download("alice/other", "a/b.txt", repo_type=kind)) as file:
            assert file.read() == "1"
    assert {kind for kind, _ in hub.store.repositories} == {"datasets", "spaces"}


def test_faults_strike_as_often_as_asked(hub, api):
    fill(api)
    hub.fault(r"GET /api/models/alice/model$", 404, times=1)
    with pytest.raises(HfHubHTTPError) as error:
        api.model_info(ID)
    assert error.value.response.status_code == 404
    assert api.model_info(ID).id == ID
    hub.fault(r"GET /api/models/alice/model$", "drop", times=1, skip=1)
    assert api.model_info(ID).id == ID
    with pytest.raises(httpx.TransportError):
        api.model_info(ID)
    late = hub.fault(r"/commit/", "drop", times=1, after=True)  # the commit is made, and nobody hears of it
    with pytest.raises(httpx.TransportError):
        fill(api, new=b"1")
    assert late.hits == 1 and "new" in hub.repository(ID).head.files


def test_a_download_that_breaks_off_goes_on_where_it_was(hub, api):
    fill(api)
    hub.fault(r"GET /alice/model/resolve/.*safetensors", "drop", times=1, half=True)
    with open(hf_hub_download(ID, "w/model.safetensors"), "rb") as file:
        assert file.read() == WEIGHTS


def test_a_hanging_request_waits_until_the_fault_is_off(hub, api):
    fill(api)
    fault = hub.fault(r"GET /api/models/alice/model$", "hang")
    thread = threading.Thread(target=api.model_info, args=[ID])
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    fault.off = True
    thread.join(5)
    assert not thread.is_alive()


def test_a_fresh_process_has_this_hub_for_the_hub(hub, tmp_path):
    code = """
        from huggingface_hub import HfApi, hf_hub_download
        api = HfApi()
        api.create_repo("alice/fresh")
        api.upload_file(path_or_fileobj=b"hello", path_in_repo="a.txt", repo_id="alice/fresh")
        print(open(hf_hub_download("alice/fresh", "a.txt")).read())
    """
    assert python(hub, tmp_path, code) == "hello"
    assert "403" in python(hub, tmp_path, code.replace("fresh", "other"), token="reader", check=False)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("alice/fresh", "a.txt", local_files_only=True, cache_dir=tmp_path / "none")
