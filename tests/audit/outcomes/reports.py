"""The ten checks of `auditkit verify-report`: reports of the practice network, each damaged in one way."""

from __future__ import annotations

import atexit
import base64
import json
import struct
import tempfile
from collections.abc import Callable
from contextlib import chdir, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from unittest.mock import patch

from audit.outcomes.case import fails, passes, skips, warns
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditkit import practice
from auditkit.audit import SENTENCES, Verdict
from auditkit.decision import Qualification
from auditkit.errors import ParameterError
from auditkit.evidence import IMAGE_NAME
from auditkit.pipeline import Originals, Parameters, check, repeat_audit, write_report
from auditkit.practice import parameter_file
from auditkit.practice.release.published import DATA, release_folder
from auditkit.report import (
    AuditDocument,
    from_json,
    read_report_folder,
    render_html,
    render_markdown,
    to_json,
)
from auditkit.signing import AllowedSigner, TrustList, fingerprint, report_checks, sign_report, verify_report
from auditkit.signing.statement import report_statement, summary_statement

BUNDLE = "report.intoto.jsonl"
SIGNED_AT = 1_767_225_600.0


@dataclass(frozen=True)
class Key:
    """An Ed25519 key of a test."""

    secret: bytes

    @property
    def public_key(self) -> bytes:
        raw = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", raw))

    @property
    def keyid(self) -> str:
        return fingerprint(self.public_key)

    def sign(self, data: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(data)


ALICE, BOB = Key(b"a" * 32), Key(b"b" * 32)
TRUST = TrustList(b"", (AllowedSigner(("alice@example.org",), ALICE.public_key),))
WHO = f"alice@example.org ({ALICE.keyid})"
WITH_REVOCATIONS = TrustList(b"", TRUST.signers, revocation_list=b"a list that only ssh-keygen can read")


@cache
def report(name: str) -> Path:
    """The report folder of a scenario, to be copied."""
    root = Path(tempfile.mkdtemp(prefix="auditkit-"))
    atexit.register(rmtree, root, ignore_errors=True)
    document, evidence = check(Parameters.from_file(parameter_file(name)))
    write_report(document, evidence, root / name)
    return root / name


def nothing(folder: Path) -> None:
    """Changes nothing."""


def verified(
    change: Callable[[Path], None] = nothing,
    *,
    before: Callable[[Path], None] = nothing,
    name: str = "honest",
    signers: tuple[Key, ...] = (ALICE,),
    trust: TrustList = TRUST,
    at_least: int = 1,
    require: Verdict | None = None,
    accept: tuple[Qualification, ...] = (),
    stage: str | None = None,
    said=report_statement,
    summed=summary_statement,
    during=nullcontext,
):
    """The decisions about a report that was changed ``before`` it was signed and again after that.

    Args:
        said, summed: make the two statements of an auditor.
        during: surrounds the verification.
    """

    def make():
        with tempfile.TemporaryDirectory() as root, chdir(root):
            folder = Path(copytree(signed(name, before, signers, said, summed), "report"))
            change(folder)
            with (
                during(),
                patch("shutil.which", return_value=None),
                patch("auditkit.signing.folder_files.render_html", rendered_once),
            ):
                made = verify_report(folder, trust, at_least=at_least, now=SIGNED_AT)
            return (made if require is None else made.requiring(require, accept, stage)).decisions

    return make


@cache
def signed(name: str, before, signers: tuple[Key, ...], said, summed) -> Path:
    """The report folder of a scenario, changed and signed, to be copied."""
    folder = Path(copytree(report(name), Path(tempfile.mkdtemp(dir=report(name).parent)) / "report"))
    before(folder)
    with (
        patch("auditkit.signing.sign.report_statement", said),
        patch("auditkit.signing.sign.summary_statement", summed),
        patch("auditkit.signing.folder_files.render_html", rendered_once),
    ):
        for key in signers:
            sign_report(folder, key, now=SIGNED_AT)
    return folder


def rendered_once(document: AuditDocument) -> str:
    """The same page for the same document, without making it again for every case."""
    return _rendered(to_json(document))


@cache
def _rendered(document: bytes) -> str:
    return render_html(from_json(document))


def rewritten(change: Callable[[dict], None], *, pages: bool = True) -> Callable[[Path], None]:
    """Writes another audit.json, and the pages that go with it."""

    def make(folder: Path) -> None:
        value = json.loads((folder / "audit.json").read_bytes())
        change(value)
        document = from_json(json.dumps(value).encode())
        (folder / "audit.json").write_bytes(to_json(document))
        if pages:
            (folder / "report.html").write_text(render_html(document))
            (folder / "report.md").write_text(render_markdown(document))

    return make


def of_an_older_policy(value: dict) -> None:
    value["policies"] = {"strict": "strict/1", "overlap": "overlap/1"}
    value["qualifications"] = []
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]


def of_another_version(value: dict) -> None:
    value["tool"]["version"] = "0.0.1"


def removes(*names: str):
    return lambda folder: [(folder / name).unlink() for name in names]


def writes(name: str, data: bytes):
    return lambda folder: (folder / name).write_bytes(data)


def turns(name: str):
    """Turns the line ends of a file."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes().replace(b"\n", b"\r\n"))


def forges(folder: Path) -> None:
    """Takes the signature from a summary."""
    first, second = (folder / BUNDLE).read_bytes().splitlines()
    envelope = json.loads(second)
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    (folder / BUNDLE).write_bytes(
        first + b"\n" + json.dumps(envelope, separators=(",", ":")).encode() + b"\n"
    )


def saying(**fields):
    """Makes a report statement that says something else."""

    def make(*arguments):
        made = report_statement(*arguments)
        return made.model_copy(update={"predicate": made.predicate.model_copy(update=fields)})

    return make


def summing(**fields):
    """Makes a summary that says something else."""

    def make(*arguments):
        made = summary_statement(*arguments)
        return made.model_copy(update={"predicate": made.predicate.model_copy(update=fields)})

    return make


def knows_none(identifier: str):
    raise ParameterError("there is no such policy")


def of_nothing(*arguments):
    """Makes a summary about no file."""
    return summary_statement(*arguments).model_copy(update={"subject": ()})


LINE_ENDS = (
    " Line ends were turned from LF into CRLF, as git does where core.autocrlf is set: clone or copy the folder again "
    "without that (git -c core.autocrlf=false clone)."
)
CLAIM = "PASS (practice network)"
HONEST = verified()
DOCUMENT, EVIDENCE, RENDERINGS = report_checks.DOCUMENT, report_checks.EVIDENCE, report_checks.RENDERINGS
FORM, KEYS, SIGNERS = report_checks.FORM, report_checks.KEYS, report_checks.SIGNERS
SUBJECTS, CONTENT, REQUIRED = report_checks.SUBJECTS, report_checks.CONTENT, report_checks.REQUIRED
REPLAY = report_checks.REPLAY

FOLDERS = (
    passes(
        DOCUMENT, "whole", HONEST, "strict/4 PASS, overlap/1 PASS", "The verdicts follow from the decisions."
    ),
    warns(
        DOCUMENT,
        "of an older policy",
        verified(rewritten(of_an_older_policy)),
        "strict/1 PASS, overlap/1 PASS",
        "The verdicts follow from the decisions by the policy that the report names, which is an older one than that "
        "of this auditkit.",
    ),
    fails(
        DOCUMENT,
        "none",
        verified(removes("audit.json")),
        "report/audit.json: there is no finished report here: there is no such file; an audit that was interrupted "
        "leaves no audit.json; run it again",
        "There is no report that can be read.",
    ),
    passes(EVIDENCE, "whole", HONEST, "12 files", "The evidence is what the report rests on."),
    fails(
        EVIDENCE,
        "one is missing, one is more, one was changed",
        verified(
            lambda folder: (
                removes("evidence/boot_args")(folder),
                writes("evidence/more", b"")(folder),
                writes("evidence/vmlinuz", b"")(folder),
            )
        ),
        "boot_args is missing; more is not listed in audit.json; vmlinuz was changed",
        "The evidence is not that of this report.",
    ),
    fails(
        EVIDENCE,
        "six are missing, of which five are told",
        verified(
            removes(
                *(
                    f"evidence/{name}"
                    for name in (
                        "OVMF_SEV.fd",
                        "base-SHA256SUMS",
                        "boot_args",
                        "initrd.img",
                        "proposal.cbor",
                        "vmlinuz",
                    )
                )
            )
        ),
        "OVMF_SEV.fd is missing; base-SHA256SUMS is missing; boot_args is missing; initrd.img is missing; "
        "proposal.cbor is missing and 1 more",
        "The evidence is not that of this report.",
    ),
    fails(
        EVIDENCE,
        "line ends were turned",
        verified(turns("evidence/boot_args")),
        "boot_args was changed in its line ends alone",
        f"The evidence is not that of this report.{LINE_ENDS}",
    ),
    passes(RENDERINGS, "both", HONEST, "report.html, report.md", "Both say what audit.json says."),
    fails(
        RENDERINGS,
        "one is missing",
        verified(removes("report.md")),
        "report/report.md: there is no such file",
        "A rendering of the report is missing.",
    ),
    fails(
        RENDERINGS,
        "both are others",
        verified(lambda folder: (writes("report.md", b"")(folder), writes("report.html", b"")(folder))),
        "report.html and report.md",
        "It does not show what audit.json says.",
    ),
    fails(
        RENDERINGS,
        "the line ends of one were turned",
        verified(turns("report.md")),
        "report.md changed in its line ends alone",
        f"They are not as auditkit writes them.{LINE_ENDS}",
    ),
    warns(
        RENDERINGS,
        "made by another version",
        verified(rewritten(of_another_version, pages=False)),
        "made by auditkit 0.0.1",
        "Another version of auditkit made the pages: whether they say what audit.json says was not checked. Read "
        "audit.json, or verify the report with that version.",
        Qualification.OTHER_VERSION,
    ),
)

SIGNATURES = (
    passes(
        FORM,
        "two auditors",
        verified(signers=(ALICE, BOB)),
        f"2 in {BUNDLE}, 0 beside it",
        "Every signature has the form that auditkit writes.",
    ),
    fails(
        FORM,
        "none",
        verified(signers=()),
        f"report/{BUNDLE}: there is no such file",
        "What should be signatures is missing or damaged.",
    ),
    fails(
        FORM,
        "cut short",
        verified(writes(BUNDLE, b"x")),
        f"{BUNDLE}: the last line of the bundle is cut short",
        "What should be signatures is missing or damaged.",
    ),
    fails(
        FORM,
        "line ends were turned",
        verified(turns(BUNDLE)),
        f"{BUNDLE}: the bundle was changed in its line ends alone",
        f"What should be signatures is missing or damaged.{LINE_ENDS}",
    ),
    passes(KEYS, "valid", HONEST, "1 valid", "The keys that are named made the signatures."),
    fails(
        KEYS,
        "not valid",
        verified(forges),
        f"a signature said to be of {WHO} is not valid",
        "Something was changed after it was signed.",
    ),
    warns(
        KEYS,
        "one that nobody could check, and one of somebody unknown",
        verified(signers=(ALICE, BOB), trust=WITH_REVOCATIONS),
        f"whether the key of {WHO} was revoked was not checked: ssh-keygen is not installed; {BOB.keyid} is not in the "
        "trust list",
        "A signature that could not be checked counts for nothing.",
    ),
    warns(
        KEYS,
        "of somebody unknown",
        verified(signers=(ALICE, BOB)),
        f"{BOB.keyid} is not in the trust list",
        "A signature by somebody you do not trust counts for nothing.",
    ),
    passes(
        SIGNERS,
        "one",
        HONEST,
        "1: alice@example.org",
        "Enough auditors signed.",
        expected="at least 1 different auditor of the trust list",
    ),
    fails(
        SIGNERS,
        "one, where two are wanted",
        verified(at_least=2),
        "1: alice@example.org",
        "Too few auditors whom you trust have signed. Nobody else signed.",
        expected="at least 2 different auditors of the trust list",
    ),
    fails(
        SIGNERS,
        "somebody unknown",
        verified(signers=(BOB,)),
        "0: nobody",
        f"Too few auditors whom you trust have signed. {BOB.keyid} is not in the trust list.",
        expected="at least 1 different auditor of the trust list",
    ),
    skips(
        SIGNERS,
        "one that nobody could check",
        verified(trust=WITH_REVOCATIONS),
        "It is not known whether at least 1 different auditor of the trust list signed: whether the key of "
        f"{WHO} was revoked was not checked: ssh-keygen is not installed.",
    ),
)

NOT_AS_SIGNED = "The folder is not as it was when it was signed."
STATEMENTS = (
    passes(SUBJECTS, "all", HONEST, "16 files", "Every file is as it was signed."),
    fails(
        SUBJECTS,
        "two that are of no report",
        verified(lambda folder: (writes("notes", b"")(folder), writes("more", b"")(folder))),
        "more, notes",
        "The folder holds something that nobody signed.",
    ),
    skips(
        SUBJECTS,
        "a signature that nobody could check",
        verified(trust=WITH_REVOCATIONS),
        "No signature of anybody you trust could be checked, so no file was compared.",
    ),
    fails(
        SUBJECTS,
        "a signature of somebody unknown",
        verified(signers=(BOB,)),
        "no statement that counts",
        "Nothing in the folder is signed by anybody you trust.",
    ),
    fails(
        SUBJECTS,
        "one is missing, one was not signed, one was changed",
        verified(
            lambda folder: (
                removes("report.html")(folder),
                writes("audit.ipynb", b"")(folder),
                writes("report.md", b"")(folder),
            )
        ),
        "report.html is missing; audit.ipynb was not signed; report.md was changed",
        NOT_AS_SIGNED,
    ),
    fails(
        SUBJECTS,
        "line ends were turned",
        verified(turns("report.md")),
        "report.md was changed in its line ends alone",
        NOT_AS_SIGNED + LINE_ENDS,
    ),
    passes(
        CONTENT,
        "the same",
        HONEST,
        f"{CLAIM} in every statement",
        "Auditors and report say the same.",
    ),
    fails(
        CONTENT,
        "another verdict and another root hash",
        verified(said=saying(verdict=Verdict.FAIL, rootfs_hash="0" * 64)),
        "another verdict, rootfs_hash",
        "A signed statement does not say what audit.json says.",
    ),
    fails(
        CONTENT,
        "a policy that is not known any more",
        verified(during=lambda: patch("auditkit.signing.statement.policy_version", knows_none)),
        "there is no such policy",
        "A signed statement names a policy that nobody knows.",
    ),
    fails(
        CONTENT,
        "a summary of another result",
        verified(summed=summing(verification_result="PASSED")),
        "result PASSED, policy urn:auditkit:policy:strict/4",
        "A verification summary does not say what the statement before it says.",
    ),
    fails(
        CONTENT,
        "a summary about no file",
        verified(summed=of_nothing),
        "result FAILED, policy urn:auditkit:policy:strict/4",
        "A verification summary does not say what the statement before it says.",
    ),
    skips(
        CONTENT,
        "a signature of somebody unknown",
        verified(signers=(BOB,)),
        "No statement counts, so none was compared.",
    ),
)

OPEN = "; ".join(
    f"{item}: {SENTENCES[item]}"
    for item in (Qualification.PRACTICE_NETWORK, Qualification.NO_CERTIFIED_MEASUREMENTS)
)
VERDICTS = (
    passes(
        REQUIRED,
        "the required one, with what is accepted",
        verified(require=Verdict.PASS, accept=(Qualification.PRACTICE_NETWORK,)),
        CLAIM,
        "It is the required verdict.",
        expected="PASS",
    ),
    passes(
        REQUIRED,
        "the required one, which need not be unqualified",
        verified(name="base-16-vcpus", require=Verdict.FAIL),
        "FAIL (practice network)",
        "It is the required verdict.",
        expected="FAIL",
    ),
    fails(
        REQUIRED,
        "a PASS with what is not accepted",
        verified(name="elected-without-measurements", require=Verdict.PASS),
        f"{CLAIM}, qualified: no-certified-measurements",
        f"The PASS is qualified, and you did not accept that: {OPEN}",
        expected="PASS, unqualified but for what you accept",
    ),
    fails(
        REQUIRED,
        "the required one, of another stage",
        verified(require=Verdict.PASS, stage="vote"),
        f"{CLAIM} at stage recover",
        "The report answers another question: whether to vote for a proposal is asked while people can still reject "
        "it, and whether to act on it when it was carried out.",
        expected="PASS at stage vote",
    ),
    fails(
        REQUIRED,
        "another one",
        verified(require=Verdict.FAIL),
        CLAIM,
        "The report does not have the verdict that you require.",
        expected="FAIL",
    ),
)


def repeated(change: Callable[[AuditDocument], AuditDocument] = lambda told: told, *, originals=Originals):
    def make():
        folder = report("honest")
        return repeat_audit(
            change(read_report_folder(folder).document), folder / "evidence", originals=originals()
        )

    return make


def changed(part: str, **fields) -> Callable[[AuditDocument], AuditDocument]:
    """Changes fields of a part of a document."""
    return lambda told: told.model_copy(update={part: getattr(told, part).model_copy(update=fields)})


def by_another_library(told: AuditDocument) -> AuditDocument:
    return changed("tool", libraries={**told.tool.libraries, "cbor2": "0"})(told)


def in_another_order(told: AuditDocument) -> AuditDocument:
    return told.model_copy(update={"evidence": told.evidence[::-1]})


def older(told: AuditDocument) -> AuditDocument:
    """The document as another version would have made it, in its own words for check 1."""
    first, *rest = told.decisions
    decisions = (replace(first, reason="In other words."), *rest)
    return changed("tool", version="0.0.1")(told.model_copy(update={"decisions": decisions}))


def the_image() -> Originals:
    return Originals(base=DATA / release_folder(practice.scenario("honest").base_version) / IMAGE_NAME)


def without_evidence():
    folder = report("honest")
    with chdir(folder):
        return repeat_audit(read_report_folder(folder).document, Path("none"))


REPLAYS = (
    passes(
        REPLAY,
        "the same, from the image itself",
        repeated(originals=the_image),
        "PASS, 65 decisions",
        "The evidence leads to this report, and the images are those audited.",
    ),
    warns(
        REPLAY,
        "the same, without the image",
        repeated(),
        "PASS, 65 decisions",
        "The stored evidence leads to this report. The image itself was not read: that the boot files are those of the "
        "image is taken from the record, unless the images are given.",
        Qualification.IMAGE_NOT_READ,
    ),
    fails(
        REPLAY,
        "another library, and another order",
        repeated(lambda told: by_another_library(in_another_order(told))),
        "more than tool cbor2",
        "The same evidence leads to another report.",
    ),
    fails(
        REPLAY,
        "the same, in another order",
        repeated(in_another_order),
        "the same things in another order",
        "The same evidence leads to another report.",
    ),
    warns(
        REPLAY,
        "the same, by another version of a library",
        repeated(by_another_library),
        "tool cbor2",
        "The decisions are the same; other versions of the programs made them.",
        Qualification.IMAGE_NOT_READ,
    ),
    warns(
        REPLAY,
        "the same, in other words of another version",
        repeated(older),
        "decision certificate.form (reason); tool auditkit",
        "What both versions of auditkit decide is the same; the words are those of the version that made the report, "
        "and were not compared.",
        Qualification.IMAGE_NOT_READ,
        Qualification.OTHER_VERSION,
    ),
    fails(
        REPLAY,
        "another root hash",
        repeated(changed("subject", rootfs_hash="0")),
        "subject rootfs_hash",
        "The same evidence leads to another report.",
    ),
    fails(
        REPLAY,
        "it ended before it began",
        repeated(
            changed("run", started="2026-01-02T00:00:00Z", finished="2026-01-01T00:00:00Z", seconds=1.5)
        ),
        "from 2026-01-02T00:00:00Z to 2026-01-01T00:00:00Z in 1.5 seconds",
        "The times of the run contradict each other, so the time of the judgement is unknown.",
    ),
    fails(
        REPLAY,
        "there is no evidence",
        without_evidence,
        "none/replay.yaml: there is no such file",
        "The audit cannot be repeated from this evidence.",
    ),
)

CASES = (*FOLDERS, *SIGNATURES, *STATEMENTS, *VERDICTS, *REPLAYS)
