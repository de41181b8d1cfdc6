"""The folder of seal keys: whole files, one winner, nothing left after destroying."""

import asyncio
import os
import stat
from pathlib import Path
from uuid import UUID

import pytest

from store.base.seal_keys import KEY_BYTES, KeysUnavailable, SealKeys, new_name

ROUND = UUID(int=1)
FIRST, SECOND = b"\x01" * KEY_BYTES, b"\x02" * KEY_BYTES


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def _named(folder: Path) -> SealKeys:
    keys = SealKeys(folder)
    assert await keys.name() is None
    await keys.christen(new_name())
    return keys


async def test_what_was_made_is_read_and_what_was_destroyed_is_not(tmp_path: Path) -> None:
    keys = await _named(tmp_path / "keys")
    await keys.make(ROUND, {1: FIRST, 2: SECOND})
    assert await keys.read(ROUND, [1, 2, 3]) == {1: FIRST, 2: SECOND}
    for _ in range(2):
        await keys.destroy(ROUND, [1, 7])
        assert await keys.read(ROUND, [1, 2]) == {2: SECOND}
    await keys.destroy(ROUND, [2])
    assert await keys.kept(ROUND) == set()
    assert not (tmp_path / "keys" / str(ROUND)).exists()


async def test_of_several_that_make_a_key_at_once_all_have_the_same(tmp_path: Path) -> None:
    keys = await _named(tmp_path / "keys")
    several = [bytes([n]) * KEY_BYTES for n in range(1, 20)]
    await asyncio.gather(*(keys.make(ROUND, {1: key}) for key in several))
    found = (await keys.read(ROUND, [1]))[1]
    assert found in several
    await keys.make(ROUND, {1: FIRST if found != FIRST else SECOND})
    assert await keys.read(ROUND, [1]) == {1: found}
    assert [path.name for path in _files(tmp_path / "keys" / str(ROUND))] == ["1"]


async def test_nobody_else_may_read_folder_or_keys(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o755)
    keys = await _named(folder)
    await keys.make(ROUND, {1: FIRST})
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (folder, folder / str(ROUND), folder / str(ROUND) / "1")
    }
    assert modes == {"keys": 0o700, str(ROUND): 0o700, "1": 0o600}


async def test_a_destroyed_key_is_overwritten_before_its_name_goes(tmp_path: Path) -> None:
    keys = await _named(tmp_path / "keys")
    await keys.make(ROUND, {1: FIRST})
    # A second name keeps the content in reach, as an open file or an undeleted block would.
    os.link(tmp_path / "keys" / str(ROUND) / "1", tmp_path / "beside")
    await keys.destroy(ROUND, [1])
    assert (tmp_path / "beside").read_bytes() != FIRST


async def test_a_folder_that_cannot_be_used_is_said_and_never_taken_for_empty(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    for keys in (SealKeys(tmp_path / "file"), SealKeys(None)):
        with pytest.raises(KeysUnavailable):
            await keys.name()
        with pytest.raises(KeysUnavailable):
            await keys.read(ROUND, [1])
        with pytest.raises(KeysUnavailable):
            await keys.make(ROUND, {1: FIRST})
