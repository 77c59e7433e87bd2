"""What notebooks let their readers try: a changed certificate, a signature by a key that is thrown away, a build.

Everything happens in temporary folders that go with the notebook's kernel.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from auditkit.audit import Trouble
from auditkit.errors import AuditkitError, ParameterError, SourceError, in_words
from auditkit.limits import LIMITS
from auditkit.pipeline import Audit, Parameters, Step
from auditkit.signing import (
    AllowedSigner,
    PrivateKey,
    ReportVerification,
    TrustList,
    fingerprint,
    sign_report,
    verify_report,
)

CERTIFICATE: Final = "proposal.cbor"
WHO: Final = "you@example.org"


def certificate_of(audit: Audit) -> bytearray:
    """The bytes of the certificate that the audit read, to change them.

    Raises:
        ParameterError: the audit has none.
    """
    for item in audit.proposal.evidence:
        if item.name == CERTIFICATE and item.content is not None:
            return bytearray(item.read(LIMITS.certificate_bytes))
    raise ParameterError("this audit read no certificate", hint="look at its .proposal")


def audit_with(audit: Audit, certificate: bytes | bytearray) -> Audit:
    """The same audit, had it been given another certificate: what somebody between the NNS and you could do.

    Args:
        certificate: in the place of the one that was read; the question that was asked stays.
    """
    with tempfile.TemporaryDirectory(prefix="auditkit-") as name:
        folder = Path(name)
        for item in (*audit.proposal.evidence, *audit.election.evidence):
            if item.content is not None:
                (folder / item.name).write_bytes(item.read(LIMITS.certificate_bytes))
        (folder / CERTIFICATE).write_bytes(certificate)
        values = {**audit.parameters.to_plain(), "proposal_source": str(folder / CERTIFICATE)}
        changed = Audit(Parameters.from_mapping(values))
        _ = changed.document  # every part is computed while the files are here
    return changed


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SignedReport:
    """A report folder with a signature by a key that nobody has any more.

    Attributes:
        folder: the report; it is removed when nobody holds this object any more.
        public_key: in SSH wire form.
    """

    folder: Path
    public_key: bytes

    @property
    def line(self) -> str:
        """The line that whoever trusts the signer has in the file ``allowed_signers``."""
        return f"{WHO} ssh-ed25519 {base64.b64encode(self.public_key).decode()}"

    def verify(self) -> ReportVerification:
        """What ``auditkit verify-report`` finds out, with an ``allowed_signers`` of that one line."""
        trust = TrustList(f"{self.line}\n".encode(), (AllowedSigner((WHO,), self.public_key),))
        return verify_report(self.folder, trust)

    def __repr__(self) -> str:
        return f"a report, signed by {fingerprint(self.public_key)}; in allowed_signers:\n{self.line}"


def sign_for_once(audit: Audit) -> SignedReport:
    """Writes the report of an audit and signs it with a new key, which is thrown away.

    Raises:
        SourceError: there is no temporary folder.
        SigningError: the report could not be signed.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415  (few notebooks sign)
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    key = Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    public_key = base64.b64decode(line.split()[1])
    home = _temporary_folder()
    report = SignedReport(home / "report", public_key)
    weakref.finalize(report, shutil.rmtree, home, ignore_errors=True)
    audit.write_report(report.folder)
    sign_report(report.folder, PrivateKey(public_key, key), auditor="you, for once")
    return report


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BuiltOnce(Step):
    """A recovery image that was built and is gone again.

    Attributes:
        statement: the `build.json` that lay beside it; empty where nothing was built.
    """

    title: ClassVar[str] = "The build"

    statement: str = ""


def build_for_once(audit: Audit) -> BuiltOnce:
    """Builds the recovery image that an audit audits, with the root file system of the published one, and removes it.

    Whatever keeps it from being built is told in the step: nothing is raised.
    """
    from auditkit.pipeline.building import audited_build, build_image  # noqa: PLC0415  (one notebook builds)

    try:
        with audited_build(audit) as request:
            answer = build_image(request)
            text = request.statement.read_text("utf-8") if answer.statement is not None else ""
    except AuditkitError as error:
        return BuiltOnce(trouble=(Trouble(error.what_was_found, "", error.hint),))
    return BuiltOnce(decisions=answer.decisions, statement=text)


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="auditkit-"))
    except OSError as error:
        raise SourceError(
            f"no temporary folder can be made: {in_words(error)}",
            hint="set TMPDIR to a folder that can be written to",
        ) from None
