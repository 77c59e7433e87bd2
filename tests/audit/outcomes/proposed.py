"""Checks 55 to 63: what an election proposal says, whether its image is like that, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from audit.outcomes.case import fails, passes, resting_on, skips, warns
from audit.outcomes.measurements import digest, setting
from ic import electing
from ic.electing import COMMIT, IMAGE, OLDER
from ic.registry import writing
from ic.registry.writing import KEY, NOW, blob, measurement, number, value

from auditkit import checks
from auditkit.audit import (
    ServedImage,
    compare,
    decide_election_content,
    decide_proposed,
    decide_record,
    decide_served,
)
from auditkit.ic import encode_envelope, request_id
from auditkit.sev import KnownRelease, PublishedMeasurement

PROPOSAL = ("proposal.cbor",)
URL = f"https://download.example.org/{COMMIT}/update-img.tar.zst"
NEXT = f"https://other.example.org/{COMMIT}/update-img.tar.zst"
PLAIN = f"http://127.0.0.1/{COMMIT}/update-img.tar.zst"
UPPER = "AB" * 32
LINE, GENOA = "line of BOOT_ARGS_TEE_A", "EPYC-Genoa"


def listed(*measurements: bytes, line: str | None = LINE, cpu: str | None = GENOA):
    """What a payload says about measurements."""
    metadata = None if line is cpu is None else {"kernel_cmdline": line, "vcpu_type": cpu}
    entries = [{"measurement": one, "metadata": metadata} for one in measurements]
    return {"guest_launch_measurements": {"guest_launch_measurements": entries}}


def elects(**changes):
    """What a certified proposal elects; the changes are those of its payload."""
    election = electing.decided(
        electing.reply(electing.payload(**{"release_package_urls": [URL], **listed(digest(1)), **changes}))
    ).election
    if election is None:
        raise ValueError("the proposal elects nothing")
    return election


def content(wanted="auto", more_releases=(), own_hosts=(), **changes):
    return lambda: decide_election_content(
        elects(**changes), PROPOSAL, wanted=wanted, more_releases=more_releases, own_hosts=own_hosts
    )


def release(version: str, *bytes_: int, build="production") -> KnownRelease:
    entries = tuple(PublishedMeasurement(digest(byte), None, None) for byte in bytes_)
    return KnownRelease(version, build, "by hand", entries)


VERSION, GIVEN = checks.ELECTION_VERSION, checks.ELECTION_DIGEST_GIVEN
URLS, MEASURED = checks.ELECTION_URLS, checks.ELECTION_MEASUREMENTS_GIVEN
NO_NAME = "No node can be told to run a version with this name."
NO_DIGEST = "No image can have this digest, so no node could be upgraded to the version."
NO_SERVER = "An address names no server by https or http, so nodes cannot get the image from it."
UNUSUAL = "Nodes check the digest of what they get, so this is unusual and not unsafe."
NO_START = (
    "Nodes that run inside AMD SEV-SNP virtual machines could not start this version: a subnet of them would "
    "stop."
)
NO_MEASUREMENT = "A SEV-SNP launch measurement is a SHA-384 digest of 48 bytes; nothing else can ever match."


def unelects(*versions: str):
    return content(replica_versions_to_unelect=list(versions))


def names(version: str):
    return content(replica_version_to_elect=version)


def gives(text: str | None):
    return content(release_package_sha256_hex=text)


def at(*urls: str, **more):
    return content(release_package_urls=list(urls), **more)


def measures(*measurements: bytes, **more):
    return content(**listed(*measurements), **more)


CONTENT = (
    passes(VERSION, "a commit", unelects(), COMMIT, "It names the commit that was built."),
    passes(
        VERSION,
        "the wanted one, and older ones that go",
        content(wanted=COMMIT, replica_versions_to_unelect=[OLDER, "a\nb"]),
        f"{COMMIT}; un-elects {OLDER}, a⟨U+000A⟩b",
        "It names the commit that was built.",
    ),
    passes(
        VERSION,
        "as many older ones as are told",
        unelects(*"12345678"),
        f"{COMMIT}; un-elects 1, 2, 3, 4, 5, 6, 7, 8",
        "It names the commit that was built.",
    ),
    passes(
        VERSION,
        "more older ones than are told",
        unelects(*"123456789"),
        f"{COMMIT}; un-elects 1, 2, 3, 4, 5, 6, 7, 8 and 1 more",
        "It names the commit that was built.",
    ),
    fails(VERSION, "no name", names(""), "an empty text", NO_NAME),
    fails(VERSION, "39 digits", names(COMMIT[:39]), COMMIT[:39], NO_NAME),
    fails(VERSION, "a commit in upper case", names("A" * 40), "A" * 40, NO_NAME),
    fails(
        VERSION,
        "another than the wanted one",
        content(wanted=OLDER),
        COMMIT,
        "The proposal elects another version than the one that was asked about.",
        expected=OLDER,
    ),
    fails(
        VERSION,
        "one that it un-elects",
        unelects(OLDER, COMMIT),
        COMMIT,
        "The proposal elects and un-elects the same version.",
    ),
    passes(
        GIVEN,
        "64 digits, some in upper case",
        gives("aB" * 32),
        "aB" * 32,
        "No other image can have this digest.",
    ),
    fails(GIVEN, "63 digits", gives("a" * 63), f"{'a' * 63} (63 characters)", NO_DIGEST),
    fails(GIVEN, "none", gives(None), "an empty text (0 characters)", NO_DIGEST),
    passes(URLS, "one address", at(URL), "1 address", "Each names the version."),
    passes(
        URLS,
        "two, one of which is plain http in one's own world",
        at(URL, PLAIN, own_hosts=("127.0.0.1",)),
        "2 addresses",
        "Each names the version.",
    ),
    fails(URLS, "none", at(), "no address", "Nodes would not know where to get the image from."),
    fails(URLS, "one of two is a file", at(URL, "file:///etc/passwd"), "file:///etc/passwd", NO_SERVER),
    fails(URLS, "no server", at(f"https:{COMMIT}"), f"https:{COMMIT}", NO_SERVER),
    fails(URLS, "no address at all", at(f"https://[{COMMIT}"), f"https://[{COMMIT}", NO_SERVER),
    warns(
        URLS,
        "one twice, one by plain http, and one without the version",
        at(URL, PLAIN, "https://a.example.org/x", URL),
        f"{URL} stands there twice; {PLAIN} is plain http; https://a.example.org/x does not name the version",
        UNUSUAL,
    ),
    warns(
        URLS,
        "many, cut",
        at(*(f"https://a.example.org/{'x' * 99}{place}" for place in range(5))),
        "; ".join(f"https://a.example.org/{'x' * 98} does not name the version" for _ in range(4))[:500],
        UNUSUAL,
    ),
    passes(MEASURED, "one", measures(digest(1)), "1 measurements", "Each is a SHA-384 digest."),
    passes(
        MEASURED,
        "one that is known of this release",
        measures(digest(1), more_releases=(release(COMMIT[:8], 1),)),
        "1 measurements",
        "Each is a SHA-384 digest.",
    ),
    fails(MEASURED, "an empty list", measures(), "no measurement", NO_START),
    fails(MEASURED, "no list", content(guest_launch_measurements=None), "no measurement", NO_START),
    fails(
        MEASURED,
        "one of two is a byte short",
        measures(digest(1), digest(1)[1:]),
        "1 of 2 have another length, the first has 47 bytes",
        NO_MEASUREMENT,
    ),
    warns(
        MEASURED,
        "one of two is another release's",
        measures(digest(1), digest(2), more_releases=(release(OLDER, 2),)),
        f"1 of 2 belong to the production build of release {OLDER}",
        "A measurement of this proposal is that of another release, which no two releases share.",
    ),
    warns(
        MEASURED,
        "one is that of its build for developers",
        measures(digest(1), more_releases=(release(COMMIT, 1, build="development"),)),
        f"1 of 1 belong to the development build of release {COMMIT}",
        "A measurement of this proposal is that of a build that lets its developers in.",
    ),
    warns(
        MEASURED,
        "one twice",
        measures(digest(1), digest(1)),
        "2 measurements, 1 different",
        "A measurement is listed more than once; that changes nothing.",
    ),
)

SERVED = checks.ELECTION_IMAGE


def served(*images: tuple[str, str | None], addresses=2, wanted=UPPER):
    found = [ServedImage(url, sha256, "" if sha256 else "no such host") for url, sha256 in images]
    return lambda: decide_served(found, wanted, addresses, PROPOSAL)


IMAGES = (
    passes(
        SERVED,
        "one of two was asked",
        served((URL, IMAGE)),
        "1 of 2 addresses asked",
        "The image there has the digest of the proposal.",
        expected=UPPER,
    ),
    warns(
        SERVED,
        "none was asked",
        served(),
        "none of 2 addresses was asked",
        "The image was here already, or came from where the parameters say; what the proposal's addresses give now was "
        "not looked at.",
        expected=UPPER,
    ),
    fails(
        SERVED,
        "one gives nothing, and the next another image",
        served((URL, None), (NEXT, "cd" * 32)),
        f"{NEXT} gives {'cd' * 32}",
        "What lies at an address of the proposal is not the image that it names.",
        expected=UPPER,
    ),
    warns(
        SERVED,
        "the first of two gives nothing",
        served((URL, None), (NEXT, IMAGE)),
        f"1 of 2 addresses gave it; {URL}: no such host",
        "Nodes try the addresses in turn, so that one that gives nothing does no harm while another works.",
        expected=UPPER,
    ),
    warns(
        SERVED,
        "the second, at a long address, cut",
        served((URL, IMAGE), ("x" * 500, None)),
        f"1 of 2 addresses gave it; {'x' * 474}",
        "Nodes try the addresses in turn, so that one that gives nothing does no harm while another works.",
        expected=UPPER,
    ),
)

EXPLAINED, LABELS, COVERAGE = checks.ELECTION_OVERLAP_CHECKS
NAMES = ("proposal.cbor", "launch-measurements.json")
NOT_IT = "The proposal would let something else than this image pass as the release."
NOBODY_KNOWS = (
    "Nobody can say what this measurement is: no setting that was tried and no known release produces it."
)
NOT_LET_IN = "Nodes that start like this would not be let in: they could not run the version."
NOT_STARTED = "They belong to settings that releases are not measured in, so the proposal need not hold them."


def proposed(*bytes_: int, computed=(1,), explanations=(), more=(), **labels):
    """Checks 60 to 62 about a proposal with these measurements.

    Args:
        computed: what the image measures to in the release matrix; ``more`` in other settings.
    """

    def make():
        entries = elects(**listed(*map(digest, bytes_), **labels)).measurements or ()
        settings = (*map(setting, computed), *more)
        rows = compare(entries, settings, dict(explanations), subject="election")
        return decide_proposed(rows, NAMES)

    return make


def differing(byte: int, **changes):
    """A setting that differs from those of the release matrix in these."""
    return replace(setting(byte), **changes)


OVERLAPS = (
    passes(
        EXPLAINED,
        "all",
        proposed(1, computed=(1, 2)),
        "all 1 measurements of the proposal are computed",
        "Whoever proves one of them runs this image.",
    ),
    skips(
        EXPLAINED,
        "none is given",
        proposed(computed=(1,)),
        "The proposal gives no measurement, so there is none to explain.",
    ),
    fails(
        EXPLAINED,
        "two of three are not, and nobody knows the first",
        proposed(1, 8, 9, explanations=[(digest(9), "This is 16 vCPUs.")]),
        f"2 of 3 are not computed, the first being {'08' * 48}",
        f"{NOT_IT} {NOBODY_KNOWS}",
    ),
    fails(
        EXPLAINED,
        "one is another setting",
        proposed(9, explanations=[(digest(9), "This is 16 vCPUs.")]),
        f"1 of 1 are not computed, the first being {'09' * 48}",
        f"{NOT_IT} This is 16 vCPUs.",
    ),
    passes(
        LABELS,
        "right",
        proposed(1),
        "all 1 labels are right",
        "Each label names the CPU type and the command line that were measured.",
    ),
    warns(
        LABELS, "nothing in common", proposed(9), "no measurement in common", "There is no label to compare."
    ),
    fails(
        LABELS,
        "another CPU type",
        proposed(1, cpu="EPYC-Turin"),
        f"1 of 1 labels are wrong, the first beside {'01' * 48}",
        "A label tells voters something that the measurement is not: it says 'EPYC-Turin', the measurement is that of "
        "EPYC-Genoa.",
    ),
    warns(
        LABELS,
        "none",
        proposed(1, line=None, cpu=None),
        "1 of 1 lack kernel_cmdline and vcpu_type",
        "Some labels are absent; those that are there are right.",
    ),
    passes(
        COVERAGE,
        "all",
        proposed(1, 9),
        "every computed measurement is in the proposal",
        "Nodes of every CPU type that releases are measured for can start this version.",
    ),
    fails(
        COVERAGE,
        "two of three are not there",
        proposed(1, computed=(1, 2, 3)),
        f"2 of 3 are not, the first being EPYC-Genoa, {'02' * 48}",
        NOT_LET_IN,
    ),
    fails(
        COVERAGE,
        "one that is not there is of the release matrix, and one is not",
        proposed(1, computed=(1, 3), more=(differing(2, vcpus=16),)),
        f"1 of 3 are not, the first being EPYC-Genoa, {'03' * 48}",
        NOT_LET_IN,
    ),
    *(
        warns(
            COVERAGE,
            f"what is not there is of another setting: {name}",
            proposed(1, more=(differing(2, **{name: other}),)),
            f"1 of 2 are not, the first being {cpu}, {'02' * 48}",
            NOT_STARTED,
        )
        for name, other, cpu in (
            ("vcpus", 16, GENOA),
            ("vcpu_type", "EPYC-Rome", "EPYC-Rome"),
            ("boot_args", "BOOT_ARGS_A", GENOA),
            ("guest_features", 0, GENOA),
        )
    ),
)

RECORD = checks.ELECTION_RECORD
ELECTION = ("election.cbor",)
WHERE = "the registry (version 62,948)"
OTHER_MEASUREMENTS = "The registry holds other measurements than those that were voted on."
EARLIER = {"argument": blob(1, number(1, 63_000)) + blob(2, KEY)}


def recorded(*bytes_: int, image=IMAGE):
    """The answer of a registry that holds a record with these measurements."""
    inside = b"".join(blob(1, measurement(digest(byte))) for byte in bytes_)
    content = blob(6, image) + blob(10, COMMIT) + (blob(9, inside) if bytes_ else b"")
    return writing.decided(value(content))


def became(record, unheard="", executed_ns=0, **changes):
    return lambda: decide_record(
        record() if record is not None else None,
        elects(**changes),
        ELECTION,
        executed_ns=executed_ns,
        unheard=unheard,
    )


RECORDS = (
    passes(
        RECORD,
        "the same, in another order and with the digest in another case",
        became(
            lambda: recorded(2, 1),
            executed_ns=NOW,
            release_package_sha256_hex=UPPER,
            **listed(digest(1), digest(2), line=None, cpu=None),
        ),
        f"a record in {WHERE}",
        "Its digest and its measurements are those of the proposal.",
    ),
    passes(
        RECORD,
        "both without measurements",
        became(recorded, guest_launch_measurements=None),
        f"a record in {WHERE}",
        "Its digest and its measurements are those of the proposal.",
    ),
    skips(RECORD, "nobody was asked", became(None), "The registry was not asked."),
    skips(RECORD, "nobody answered", became(None, "No host answers."), "No host answers."),
    fails(
        RECORD,
        "the answer to another call",
        became(lambda: writing.decided(request=encode_envelope(writing.call(nonce=b"x")))),
        f"registry.request: request {request_id(writing.call()).hex()}",
        "What is given as the registry's answer is not: The certificate answers another call than the stored one.",
    ),
    fails(
        RECORD,
        "the answer about another version",
        became(lambda: recorded(1), replica_version_to_elect=OLDER, replica_versions_to_unelect=[]),
        KEY,
        "The registry was asked about another record.",
        expected=f"replica_version_{OLDER}",
    ),
    skips(
        RECORD,
        "no request was kept",
        became(lambda: writing.decided(request=False)),
        "The request was not kept, and nothing else says which record the answer is about.",
    ),
    warns(
        RECORD,
        "no record",
        became(lambda: writing.decided(writing.error(1))),
        f"no record in {WHERE}",
        "The version is not elected now: it has been un-elected since, as releases are routinely.",
    ),
    skips(
        RECORD,
        "an answer of before the execution",
        became(lambda: writing.decided(writing.error(1)), executed_ns=NOW + 1),
        "The registry's answer was signed before the proposal was executed: ask it again.",
    ),
    skips(
        RECORD,
        "no record of earlier",
        became(lambda: writing.decided(writing.error(1), **EARLIER)),
        "There was no record at version 63,000 of the registry, and no later one was asked.",
    ),
    fails(
        RECORD,
        "another digest",
        became(lambda: recorded(1, image="cd" * 32)),
        "cd" * 32,
        "The registry tells nodes to run another image than the one that was voted on.",
        expected=IMAGE,
    ),
    fails(
        RECORD,
        "one measurement in common, two only there, one only here",
        became(lambda: recorded(1, 3, 4), **listed(digest(1), digest(2))),
        "1 measurements in common, 2 only in the record, 1 only in the proposal",
        OTHER_MEASUREMENTS,
    ),
    fails(
        RECORD,
        "no measurements in the record",
        became(recorded),
        "0 measurements in common, 0 only in the record, 1 only in the proposal",
        OTHER_MEASUREMENTS,
    ),
)

CASES = (
    *resting_on(PROPOSAL, *CONTENT, *IMAGES),
    *resting_on(NAMES, *OVERLAPS),
    *resting_on(ELECTION, *RECORDS),
)
