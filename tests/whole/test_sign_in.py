"""A phone signs in to the whole service: its own processes, the code by a text through the simulator."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.stack.service import LocalService
from tests.stack.settings import StackSettings

PATH = "/client/v1/sign-in"
ASH, NOBODY = "+447700900101", "+447700900198"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    with LocalService(StackSettings.for_tests(tmp_path_factory.mktemp("whole"))) as running:
        yield running


def texts_to(service: LocalService, phone: str) -> list[str]:
    """The texts a phone got."""
    url = f"http://127.0.0.1:{service.settings.simulator_port}/simulator/texts"
    return [text["body"] for text in httpx.get(url, params={"to": phone}).json()]


def wait_for_code(service: LocalService, phone: str) -> str:
    """The code that was texted to a phone."""
    for _ in range(100):
        if found := re.findall(r"\b\d{6}\b", " ".join(texts_to(service, phone))):
            return str(found[-1])
        time.sleep(0.1)
    raise AssertionError("no code came")


def test_phone_when_it_signs_in_then_the_code_comes_by_text_alone_and_the_tokens_work(service: LocalService) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{service.settings.api_port}{PATH}") as http:
        unknown = http.post("/codes", json={"phone": NOBODY})
        asked = http.post("/codes", json={"phone": "07700 900101"})
        assert (unknown.status_code, asked.status_code) == (202, 202)
        code = wait_for_code(service, ASH)
        given = http.post("/sessions", json={"challenge_id": asked.json()["challenge_id"], "code": code})
        assert given.status_code == 201
        renewed = http.post("/tokens", json={"refresh_token": given.json()["refresh_token"]}).json()
        signed_in = {"Authorization": f"Bearer {renewed['access_token']}"}
        assert http.get("/session", headers=signed_in).json()["level"] == "limited"
        assert http.delete("/sessions", headers=signed_in).status_code == 204
        assert http.get("/session", headers=signed_in).status_code == 401
    assert texts_to(service, NOBODY) == []

    for log in service.settings.data_dir.rglob("*.log"):
        assert not re.search(rf"\b{code}\b", log.read_text(errors="replace")), log
