"""A model on a hub is fetched once; without the hub, what was fetched is enough, and all else is one line."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from benchmark import open_model, pack
from benchmark.models.hub import hub_address
from ffpms.errors import ConfigError, ManifestError
from tests.helpers.trained_runs import find_run

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """A hub of one model, ``user/name``, on this machine; it counts what is asked of it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, list[str]()
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: http.server.BaseHTTPRequestHandler, body: bool) -> None:
        repo, _, rest = request.path[1:].partition("/resolve/")
        revision, _, name = rest.partition("/")
        self.asked += [f"{request.command} {revision}/{name}"]
        data = self.files.get(name)
        error = "RepoNotFound" if repo != "user/name" else ""
        error = error or ("" if revision in ("main", "v1", COMMIT) else "RevisionNotFound")
        error = error or ("" if data is not None else "EntryNotFound")
        request.send_response(404 if error else 200)
        request.send_header("X-Repo-Commit", COMMIT)
        if error:
            request.send_header("X-Error-Code", error)
        data = data or b""
        request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if body:
            request.wfile.write(data)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def files(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a packed S-MIL."""
    folder = pack(find_run(runs, "s-mil"), tmp_path_factory.mktemp("packed") / "own").folder
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub(dict(files))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", made.url)
    template = made.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    # An older huggingface_hub holds a copy of it
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr("benchmark.models.hub.getproxies", dict)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    yield made
    made.close()


def test_a_model_is_fetched_and_then_needs_no_hub(hub: Hub, runs: Path) -> None:
    model = open_model("hf://user/name")
    assert model.run_id == find_run(runs, "s-mil").name
    assert not any("README" in asked for asked in hub.asked)
    assert open_model("hf://user/name@v1").run_id == model.run_id
    hub.close()
    assert open_model("hf://user/name").run_id == model.run_id


def test_without_the_hub_what_is_not_cached_is_one_line(hub: Hub) -> None:
    hub.close()
    with pytest.raises(ConfigError, match=r"hf://user/name: the hub could not be reached.*give a packed folder"):
        open_model("hf://user/name")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("hf://user/other", "the hub knows no such model"),
        ("hf://user/name@v9", "the hub knows no such revision"),
    ],
)
def test_what_the_hub_does_not_know_is_one_line(hub: Hub, address: str, said: str) -> None:
    with pytest.raises(ManifestError, match=f"{address}: {said}"):
        open_model(address)


def test_the_weights_of_a_stranger_are_not_fetched(hub: Hub) -> None:
    hub.files["config.json"] = b'{"architectures": ["BertModel"]}'
    with pytest.raises(ManifestError, match="not written by 'ffpms pack'"):
        open_model("hf://user/name")
    assert not any("safetensors" in asked for asked in hub.asked)
    del hub.files["config.json"]


def test_a_model_without_our_files_is_one_line(hub: Hub) -> None:
    del hub.files["config.json"]
    with pytest.raises(ManifestError, match=r"hf://user/name: has no config\.json"):
        open_model("hf://user/name")


def test_other_weights_of_the_hub_are_refused(hub: Hub) -> None:
    hub.files["model.safetensors"] += b"x"
    with pytest.raises(ManifestError, match=r"model\.safetensors: is not the file that config\.json names"):
        open_model("hf://user/name")


@pytest.mark.parametrize(
    "address", ["hf://", "hf://name", "hf://a/b/c", "hf://../..", "hf://a/b@", "hf://a/b@../x y", "hf://a/b@x/../../y"]
)
def test_what_is_no_address_is_one_line(address: str) -> None:
    with pytest.raises(ConfigError, match="no address of a model; write hf://user/name"):
        open_model(address)


def test_an_address_may_come_as_a_path() -> None:
    assert hub_address(Path("hf://user/name@v1")) == "hf://user/name@v1"
    assert hub_address(Path("runs/a")) == ""
