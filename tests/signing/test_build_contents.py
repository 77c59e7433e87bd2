"""What an image can have otherwise than the statement about its build says. What is read out of it is made by hand."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
from ic import electing
from ic.world import INFO, World

from auditkit.errors import EvidenceError
from auditkit.ic import MAINNET_ROOT_KEY
from auditkit.signing.building import Resource, ResourceDigest, build_statement, contents

W = World()
KEY = W.root.public_key_der.hex()
ROOT, OTHER, IMAGE = "ab" * 32, "cd" * 32, "1" * 64
PROPOSAL = W.certificate()


def held(proposal: bytes | None = PROPOSAL, **changes) -> SimpleNamespace:
    """What is read out of an image that was built for the proposal."""
    values = {
        "sha256": IMAGE,
        "alternative_proposal": proposal,
        "verity": verity(),
        "version_text": "a version",
        "has_overlay": False,
        "data_behind_boot": False,
    }
    return SimpleNamespace(**{**values, **changes})


def verity(root: str = ROOT, problems=(), warnings=()) -> SimpleNamespace:
    return SimpleNamespace(root_hash=root, problems=problems, warnings=warnings)


def proposing(**changes) -> bytes:
    return World(info=replace(INFO, **changes)).certificate()


def found(
    monkeypatch,
    image: SimpleNamespace | Exception,
    *,
    root_key: str = KEY,
    digest: str | None = None,
    version: str = "a version",
) -> str | None:
    """What contradicts a statement about this image, which names the proposal by its digest."""
    proposal = getattr(image, "alternative_proposal", None) or b""
    statement = build_statement(
        "update-img.tar.zst",
        IMAGE,
        parameters={"proposal_id": 139000, "rootfs_hash": ROOT, "root_key": root_key, "version": version},
        settings={"zstd_level": 10, "zstd_job_bytes": 8 << 20, "zstd_overlap_log": 3},
        inputs=(
            Resource(name="base", digest=ResourceDigest(sha256=OTHER)),
            Resource(name="proposal", digest=ResourceDigest(sha256=digest or sha256(proposal).hexdigest())),
            Resource(name="root", digest=ResourceDigest(dm_verity=ROOT)),
        ),
        byproducts=(),
        e2fsprogs="1.47.0",
        libzstd="1.5.7",
    )

    def read(path: Path, *, work: Path, tree: bool) -> SimpleNamespace:
        assert (path, work.is_dir(), tree) == (Path("the image"), True, True)
        if isinstance(image, Exception):
            raise image
        return image

    monkeypatch.setattr(contents, "read_guest_image", read)
    return contents.contradiction(Path("the image"), statement)


@pytest.mark.parametrize("version", ["a version", "a version\n", "a version\r\n"])
def test_an_image_that_is_what_the_statement_says(monkeypatch, version):
    assert found(monkeypatch, held(), version=version) is None


def test_a_digit_of_the_blessed_root_may_be_in_upper_case(monkeypatch):
    bless = replace(INFO.proposal.bless, rootfs_hash=ROOT.upper())
    proposal = proposing(proposal=replace(INFO.proposal, bless=bless))
    assert found(monkeypatch, held(proposal)) is None


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (EvidenceError("it is damaged"), "it is no update image: it is damaged"),
        (held(sha256=OTHER), f"its SHA-256 is {OTHER}"),
        (held(sha256="0" * 64), f"its SHA-256 is {'0' * 64}"),
        (held(None), "it holds no proposal"),
        (held(proposing(id=139001)), "its proposal is 139001"),
        (held(proposing(id=138999)), "its proposal is 138999"),
        (
            held(proposing(status_number=1)),
            "its proposal fails proposal.stage under the root key that is named",
        ),
        (
            held(W.certificate(W.state(electing.reply()))),
            "its proposal fails proposal.stage under the root key that is named",
        ),
        (held(verity=None), "its root file system has the dm-verity root None"),
        (held(verity=verity(OTHER)), f"its root file system has the dm-verity root {OTHER}"),
        (held(verity=verity("0" * 64)), f"its root file system has the dm-verity root {'0' * 64}"),
        (held(version_text="another"), "its VERSION.TXT says 'another'"),
        (held(version_text="a version\n"), "its VERSION.TXT says 'a version\\n'"),
        (held(version_text=None), "its VERSION.TXT says None"),
        (
            held(verity=verity(problems=("no salt",), warnings=("more",))),
            "its root.img is not one that is built: no salt",
        ),
        (held(verity=verity(warnings=("more",))), "its root.img is not one that is built: more"),
        (held(has_overlay=True), "there is an overlay.raw in it"),
        (held(data_behind_boot=True), "there is data behind the file system of its boot.img"),
    ],
    ids=range(18),
)
def test_what_an_image_has_otherwise(monkeypatch, image, told):
    assert found(monkeypatch, image) == told


@pytest.mark.parametrize("blessed", [OTHER, "0" * 64, ROOT[:-1]])
def test_a_proposal_that_blesses_another_root(monkeypatch, blessed):
    bless = replace(INFO.proposal.bless, rootfs_hash=blessed)
    proposal = proposing(proposal=replace(INFO.proposal, bless=bless))
    assert found(monkeypatch, held(proposal)) == f"its proposal blesses the root file system '{blessed}'"


@pytest.mark.parametrize("digest", [OTHER, "0" * 64, "f" * 64])
def test_another_certificate(monkeypatch, digest):
    told = f"its certificate has SHA-256 {sha256(PROPOSAL).hexdigest()}"
    assert found(monkeypatch, held(), digest=digest) == told


def test_a_proposal_of_another_root_key(monkeypatch):
    told = "its proposal fails certificate.signature under the root key that is named"
    assert found(monkeypatch, held(), root_key="mainnet") == told
    assert found(monkeypatch, held(), root_key=MAINNET_ROOT_KEY.hex()) == told


def test_a_root_key_that_is_none(monkeypatch):
    assert found(monkeypatch, held(), root_key="abcd") == (
        "the root key that is named is none: the root key is neither mainnet nor 266 hex digits"
    )
