"""Catalogues as a test puts them down, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from election_world import NOW_NS, ROOT_KEY, Governance

from auditkit.evidence import CertifiedCall
from auditkit.evidence.catalogue import Catalogue, open_catalogue


@dataclass
class Shelf:
    """A folder that is filled with certified answers of a governance canister."""

    folder: Path
    governance: Governance
    _tags: count = field(default_factory=lambda: count(1))

    def page(self, before: int | None = None, *, now_ns: int = NOW_NS, limit: int = 100) -> Path:
        """Puts down the page as it would be answered now."""
        label = "newest" if before is None else f"before-{before}"
        return self.put("pages", label, self.governance.page(before, now_ns=now_ns, limit=limit))

    def proposal(self, number: int, *, now_ns: int = NOW_NS) -> Path:
        """Puts down the answer about a proposal as it would be given now."""
        return self.put("proposals", str(number), self.governance.proposal(number, now_ns=now_ns))

    def put(self, kind: str, label: str, call: CertifiedCall) -> Path:
        path = self.folder / kind / f"{label}-{next(self._tags):016x}.cbor"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(call.certificate)
        path.with_suffix(".request.cbor").write_bytes(call.request)
        return path

    def all(self) -> None:
        """Puts down everything that governance holds."""
        self.page()
        for number in self.governance.held:
            self.proposal(number)

    def open(self, root_key: bytes = ROOT_KEY) -> Catalogue:
        return open_catalogue(self.folder, root_key)


@pytest.fixture
def governance() -> Governance:
    held = Governance()
    for number in (3, 5, 9):
        held.elect(number)
    return held


@pytest.fixture
def shelf(governance, tmp_path) -> Shelf:
    return Shelf(tmp_path / "catalogue", governance)
