"""Record a database in the middle of a company's annual review: `python -m tests.upgrades.record`.

Run it with the code of a release before a migration is written; the database then stands here as
that release left it, and `test_upgrades` upgrades it and lives on. A recording is never written
over: what ran under it may still run somewhere.
"""

import asyncio
import gzip
import io
import sys
import tarfile
import tempfile
from pathlib import Path

from embedded.postgres import ephemeral_postgres
from embedded.postgres_files import find_binaries
from embedded.temporal import test_server_binary
from play.run import Stage, play
from play.scenario_file import read_scenario
from play.world import World
from store.base.migrate import head

RECORDED = Path(__file__).parent / "recorded"
SCHEMA = "recorded"
PEOPLE = Path(__file__).parents[2] / "embedded" / "demo_company" / "company.csv"
SCENARIO = """
scenario: a company in the middle of its annual review
definition: annual
everybody: mix
seed: 20270112
launch: 2027-01-12 09:00
until: 2027-01-27 12:00
"""


async def record(url: str, folder: Path) -> None:
    """Play up to the middle, and keep the facts and the keys of what lies sealed."""

    async def keep(world: World) -> None:
        assert world.database.schema is not None
        dump = await asyncio.create_subprocess_exec(
            find_binaries(None, None).program("pg_dump"),
            *("--no-owner", "--no-privileges", "--schema", world.database.schema, url),
            stdout=asyncio.subprocess.PIPE,
        )
        written, _ = await dump.communicate()
        assert dump.returncode == 0
        facts = written.replace(world.database.schema.encode(), SCHEMA.encode())
        keys = _packed(world.database.seal_keys.folder)
        (folder / f"{head()}.sql.gz").write_bytes(gzip.compress(facts, mtime=0))
        (folder / f"{head()}-keys.tar.gz").write_bytes(keys)

    with tempfile.TemporaryDirectory() as made:
        scenario = Path(made) / "scenario.yaml"
        scenario.write_text(SCENARIO, encoding="utf-8")
        stage = Stage(url, test_server_binary(), before_end=keep)
        await play(read_scenario(scenario), PEOPLE, stage)


def _packed(folder: Path | None) -> bytes:
    """The folder as an archive that tells nothing of the machine."""
    assert folder is not None

    def of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(folder, arcname=".", filter=of_nobody)
    return archive.getvalue()


def main() -> None:
    """Record what is not recorded yet."""
    if (RECORDED / f"{head()}.sql.gz").exists():
        sys.exit(f"the database of migration {head()} is recorded; it is never written over")
    RECORDED.mkdir(exist_ok=True)
    with ephemeral_postgres() as server:
        asyncio.run(record(server.dsn, RECORDED))
    sys.stdout.write(f"added {head()}.sql.gz\n")


if __name__ == "__main__":
    main()
