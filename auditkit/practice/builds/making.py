"""How the attestations of the practice releases were made.

`auditkit.practice.builds.built` reads them; an audit does not make any. All keys follow from texts, so that the files
come out the same whenever they are made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from auditkit.digests import SUMS_NAME
from auditkit.practice.builds.authority import Claims, PracticeAuthority
from auditkit.practice.builds.built import FOLDER, ROOT_FILE, RULES, Built
from auditkit.practice.release.published import DATA, release_commit, release_folder

_AT: Final = datetime(2026, 8, 27, 4, 12, tzinfo=UTC)
_REF: Final = "refs/heads/rc--2026-08-27_03-12"
_COMMIT: Final = release_commit("base")
_COPY: Final = "https://github.com/someone-else/ic"
_AUTHORITY: Final = PracticeAuthority("practice")
_UNKNOWN: Final = PracticeAuthority("nobody knows it")


def make_builds(out: Path = FOLDER) -> None:
    """Makes the files anew."""
    out.mkdir(parents=True, exist_ok=True)
    (out / ROOT_FILE.name).write_bytes(_AUTHORITY.trusted_root)
    for built in Built:
        if built.path is not None:
            (out / built.path.name).write_bytes(bundle_of(built) + b"\n")


def bundle_of(built: Built) -> bytes:
    """The bundle of a case."""
    other = release_commit("never published")
    match built:
        case Built.OTHER_COMMIT:
            return _attested(_said(commit=other), _statement(commit=other))
        case Built.OTHER_WORKFLOW:
            signer = f"{RULES.repository}/.github/workflows/ci-pr-only.yml@{_REF}"
            return _attested(_said(signer=signer), _statement())
        case Built.OTHER_BRANCH:
            return _attested(_said(ref="refs/heads/master"), _statement())
        case Built.COPY:
            return _attested(_said(repository=_COPY), _statement())
        case Built.OTHER_SUMS:
            return _attested(_said(), _statement(digest=sha256(b"what was built").hexdigest()))
        case Built.FORGED:
            return _edited(_attested(_said(commit=other), _statement(commit=other)))
        case Built.OTHER_AUTHORITY:
            return _attested(_said(), _statement(), _UNKNOWN)
        case _:
            return _attested(_said(), _statement())


def _attested(
    said: Mapping[int, str], statement: Mapping[str, Any], authority: PracticeAuthority = _AUTHORITY
) -> bytes:
    return authority.attest(Claims(said[9], said), statement, _AT)


def _said(
    *,
    commit: str = _COMMIT,
    ref: str = _REF,
    repository: str = RULES.repository,
    signer: str = f"{RULES.workflow}@{_REF}",
) -> dict[int, str]:
    """What the certificate says, by the numbers of Fulcio's extensions."""
    started = RULES.build_config.replace(RULES.repository, repository)
    return {
        8: RULES.issuer,
        9: signer,
        10: commit,
        11: "self-hosted",
        12: repository,
        13: commit,
        14: ref,
        18: f"{started}@{_REF}",
        19: commit,
        20: "push",
        21: f"{repository}/actions/runs/1/attempts/1",
    }


def _statement(*, commit: str = _COMMIT, digest: str = "") -> dict[str, Any]:
    sums = DATA / release_folder(_COMMIT) / SUMS_NAME
    subjects = {
        f"ic/{commit}/guest-os/update-img-dev/{SUMS_NAME}": sha256(b"a development build").hexdigest(),
        RULES.subject(commit): digest or sha256(sums.read_bytes()).hexdigest(),
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": RULES.predicate,
        "subject": [{"name": name, "digest": {"sha256": value}} for name, value in subjects.items()],
        "predicate": {"buildDefinition": {"externalParameters": {"workflow": {"ref": _REF}}}},
    }


def _edited(bundle: bytes) -> bytes:
    """The bundle with the statement of the base release in the place of the one that was signed."""
    whole = json.loads(bundle)
    payload = json.dumps(_statement(), sort_keys=True, separators=(",", ":")).encode()
    whole["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
