"""An SMTP server in a process of its own that says yes and keeps nothing."""

import asyncio
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.ports import LOOPBACK


class Nowhere:
    """Takes every mail."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer for a mail."""
        return "250 2.0.0 Taken"


async def listen(port: int) -> None:
    """Until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Nowhere(), hostname="localhost", loop=loop), LOOPBACK, port
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1])))
