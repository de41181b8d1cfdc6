"""The one way to reach Temporal: with our converter, our encryption and encoded failures.

Used by the worker, tests and the replayer alike, so that what one writes all others read.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.runtime import Runtime
from temporalio.service import TLSConfig

ENCODING = b"binary/encrypted"


@dataclass(frozen=True, slots=True)
class TemporalAddress:
    """Where the engine is, and the keys of its payloads.

    `keys` maps key ids to 32 bytes; the first encrypts, all decrypt. None: payloads stay as they
    are (they hold ids and instants only).
    """

    address: str
    namespace: str = "default"
    tls: TLSConfig | bool = False
    api_key: str | None = None
    keys: Sequence[tuple[str, bytes]] = ()


class EncryptingCodec(PayloadCodec):
    """AES-GCM over whole payloads, with the key's id beside them so that keys can be rotated."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._current = keys[0][0]
        self._ciphers = {name: AESGCM(key) for name, key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt under the current key."""
        return [self._encrypt(p) for p in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what was encrypted; what was not stays as it is."""
        return [self._decrypt(p) for p in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(12)
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(
            metadata={"encoding": ENCODING, "key": self._current.encode()}, data=nonce + sealed
        )

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        cipher = self._ciphers[payload.metadata["key"].decode()]
        return Payload.FromString(cipher.decrypt(payload.data[:12], payload.data[12:], None))


def data_converter(keys: Iterable[tuple[str, bytes]] = ()) -> DataConverter:
    """The converter that every client, worker and replayer uses."""
    listed = list(keys)
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptingCodec(listed) if listed else None,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(to: TemporalAddress, runtime: Runtime | None = None) -> Client:
    """Connect, or raise if the engine cannot be reached."""
    return await Client.connect(
        to.address,
        namespace=to.namespace,
        tls=to.tls,
        api_key=to.api_key,
        data_converter=data_converter(to.keys),
        runtime=runtime,
    )
