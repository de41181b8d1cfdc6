"""Pages are sent compressed, and never where somebody else could measure them."""

import pytest
from httpx2 import AsyncClient

from api.compression import SMALLEST
from api.pages.frame.render import asset
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import SECOND_HR

PAGE = {"accept": "text/html", "accept-encoding": "gzip, deflate"}


@pytest.mark.parametrize(
    ("origin", "packed"),
    [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)],
)
async def test_a_page_is_compressed_only_for_our_own_pages_and_the_address_bar(
    world: World, sign_in: SignIn, origin: str, packed: bool
) -> None:
    hr = await sign_in(SECOND_HR)
    answer = await hr.get("/people?text=a", headers=PAGE | {"sec-fetch-site": origin})
    assert answer.status_code == 200
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert len(answer.text) > SMALLEST
    assert "People" in answer.text


async def test_a_page_for_a_browser_that_does_not_say_where_it_comes_from_is_as_it_is(
    world: World, sign_in: SignIn
) -> None:
    hr = await sign_in(SECOND_HR)
    assert "content-encoding" not in (await hr.get("/people", headers=PAGE)).headers


async def test_static_files_are_compressed_for_whoever_takes_it(stranger: AsyncClient) -> None:
    path = asset("almanac.css")
    packed = await stranger.get(path, headers={"accept-encoding": "gzip"})
    plain = await stranger.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    for answer in (packed, plain):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["cache-control"]
