"""Seals the audit now and then, and anchors what was sealed outside the database."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog

from api.audit import service
from api.audit.anchor import append_anchors, read_anchors
from api.kit.db import Connection

log = structlog.get_logger()


@dataclass(slots=True)
class Sealing:
    """The chore that seals; what a try could not anchor, the next one does."""

    anchor_path: Path | None
    _logged: int | None = None

    async def seal(self, connection: Connection) -> None:
        """Seals what is finished and anchors every block that is not anchored: in the file, and in the log."""
        last = await self._last_anchored(connection)
        await service.seal_all(connection)
        blocks = await service.list_blocks(connection, last)
        if blocks and self.anchor_path is not None:
            await asyncio.to_thread(append_anchors, self.anchor_path, blocks)
        for block in blocks:
            log.info("audit_sealed", block=block.block_no, hash=block.hash_hex, count=block.entry_count)
        self._logged = blocks[-1].block_no if blocks else last

    async def _last_anchored(self, connection: Connection) -> int:
        """The file is read once: after that only this worker's own lines, and equal ones of others, follow."""
        if self._logged is not None:
            return self._logged
        if self.anchor_path is None:
            return await service.last_block_no(connection)
        return (await asyncio.to_thread(read_anchors, self.anchor_path)).last
