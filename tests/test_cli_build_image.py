"""`auditkit build-image`, judged by mke2fs, veritysetup, GNU tar, zstd and bsdtar, and by auditkit's own audit."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from commands import in_process as run
from practice_hosts import serving, without_proxies
from recovery_world import BASE, NUMBER, OTHER, OTHER_ROOT, proposal

from auditkit import atomic
from auditkit.evidence import fetch_registry_value, save_registry_value
from auditkit.guestos import GuestImage, read_guest_image
from auditkit.guestos.recovery import pack_update_image
from auditkit.ic import ProposalStatus
from auditkit.ic.registry import replica_version_key
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.report import only_writer
from auditkit.signing.building import parse_build_statement
from auditkit.signing.building.contents import contradiction

KEY = ("--root-key", "practice")
PROPOSAL_ID, BASE_VERSION = "ALTERNATIVE_GUESTOS_PROPOSAL_ID", "ALTERNATIVE_GUESTOS_BASE_VERSION"


@pytest.fixture(autouse=True)
def _clean_checkout(monkeypatch, program):
    for name in ("mke2fs", "debugfs"):
        program(name)
    for name in (PROPOSAL_ID, BASE_VERSION):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certified(tmp_path_factory) -> Path:
    """An executed proposal that blesses the recovery of `BASE` with the root file system of `OTHER`."""
    return proposal(tmp_path_factory.mktemp("proposal"))


def words(certified: Path, out: Path, *more: str | Path, base: Path = BASE, root: Path = OTHER) -> list[str]:
    return [
        str(word)
        for word in (
            "build-image", base, "--proposal", certified, "--root", root, "--out", out, *KEY, *more,
        )
    ]  # fmt: skip


def build(certified: Path, folder: Path, *more, capsys, **inputs) -> tuple[int, str, str]:
    folder.mkdir(exist_ok=True)
    return run(*words(certified, folder / "update-img.tar.zst", *more, **inputs), capsys=capsys)


@pytest.fixture(scope="module")
def built(certified, tmp_path_factory, program) -> Path:
    """A folder with an image and its statement."""
    for name in ("mke2fs", "debugfs"):
        program(name)
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "auditkit", *words(certified, folder / "update-img.tar.zst")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory, program) -> Path:
    """The members, as zstd and GNU tar read them."""
    folder = tmp_path_factory.mktemp("unpacked")
    tar = folder / "image.tar"
    subprocess.run([program("zstd"), "-q", "-d", built / "update-img.tar.zst", "-o", tar], check=True)
    subprocess.run([program("tar"), "-xSf", tar, "-C", folder], check=True)
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def statement(folder: Path) -> dict:
    return json.loads((folder / "build.json").read_bytes())


@pytest.fixture
def meanwhile(monkeypatch):
    """Calls a function once the image is packed, before anything has its name."""

    def arrange(change) -> None:
        def pack(*arguments, **more):
            packed = pack_update_image(*arguments, **more)
            change()
            return packed

        monkeypatch.setattr("auditkit.pipeline.building.build.pack_update_image", pack)

    return arrange


# What is built


def test_it_says_what_it_built_and_where(certified, tmp_path, capsys):
    status, out, err = build(certified, tmp_path, capsys=capsys)
    image = tmp_path / "update-img.tar.zst"
    assert status == 0
    assert out == f"{sha256(image)}  {image}\n{tmp_path / 'build.json'}\n"
    assert err == (
        "auditkit: warning: settings.root-key: This is the practice network: nothing here is about mainnet.\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"update-img.tar.zst", "build.json"}


def test_the_boot_partition_is_sound(unpacked, program):
    checked = subprocess.run(
        [program("e2fsck"), "-fn", unpacked / "boot.img"], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_the_root_file_system_is_the_blessed_one_to_veritysetup(unpacked, program):
    root = unpacked / "root.img"
    subprocess.run(
        [program("veritysetup"), "verify", root, root, OTHER_ROOT, "--hash-offset=10603200512"], check=True
    )


def assert_same(one: Path, other: Path) -> None:
    """Two partitions are equal; of 10 GiB of root.img, where data can be."""
    assert one.stat().st_size == other.stat().st_size
    ends = ((), ("--ignore-initial=10603200512",)) if one.name == "root.img" else ((),)
    for where in ends:
        limit = ("--bytes=4194304",) if one.name == "root.img" else ()
        subprocess.run(["cmp", *limit, *where, one, other], check=True)


@pytest.mark.gate
def test_bsdtar_unpacks_the_same(built, unpacked, program, tmp_path):
    subprocess.run([program("bsdtar"), "-xf", built / "update-img.tar.zst", "-C", tmp_path], check=True)
    for name in ("boot.img", "root.img", "VERSION.TXT"):
        assert_same(tmp_path / name, unpacked / name)


def test_it_is_what_the_shell_way_makes(built, unpacked, certified, program, tmp_path):
    """mke2fs, veritysetup, GNU tar and zstd, called as dfinity's rules call them, but without labels and times."""
    tree = tmp_path / "tree"
    tree.mkdir()
    subprocess.run([program("tar"), "--version"], check=True, capture_output=True)
    release = tmp_path / "release"
    release.mkdir()
    for name, image in (("base", BASE), ("other", OTHER)):
        subprocess.run([program("zstd"), "-q", "-d", image, "-o", release / f"{name}.tar"], check=True)
    subprocess.run([program("tar"), "-xSf", release / "base.tar", "-C", release, "boot.img"], check=True)
    subprocess.run(
        [program("debugfs"), "-R", f"rdump / {tree}", release / "boot.img"], check=True, capture_output=True
    )
    (tree / "lost+found").rmdir()
    (tree / "alternative_guestos_proposal.cbor").write_bytes(certified.read_bytes())
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    subprocess.run(
        [program("mke2fs"), "-q", "-t", "ext4", "-U", "clear", "-E",
         "hash_seed=c61251eb-100b-48fe-b089-57dea7368612", "-d", tree, theirs / "boot.img", "1G"],
        check=True,
    )  # fmt: skip
    subprocess.run([program("tar"), "-xSf", release / "other.tar", "-C", theirs, "root.img"], check=True)
    os.truncate(theirs / "root.img", 2 << 20)  # the file system alone
    formatted = subprocess.run(
        [program("veritysetup"), "format", theirs / "root.img", theirs / "root.img", "--hash-offset",
         "10603200512", "--uuid", "1736291d-aceb-42d7-b044-43ee31d86cd4", "--salt",
         "89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert OTHER_ROOT in formatted.stdout
    assert_same(theirs / "root.img", unpacked / "root.img")
    (theirs / "VERSION.TXT").write_text(f"{OTHER_COMMIT}\n")
    subprocess.run(
        [program("tar"), "--use-compress-program", f"{program('zstd')} -q -10 -T0", "-cSf",
         tmp_path / "shell.tar.zst", "-C", theirs, "boot.img", "root.img", "VERSION.TXT"],
        check=True,
    )  # fmt: skip
    compared = {}
    for name, image in (("ours", built / "update-img.tar.zst"), ("theirs", tmp_path / "shell.tar.zst")):
        done = subprocess.run(
            [sys.executable, "-m", "auditkit", "compare-images", BASE, image, "--proposal", certified, *KEY, "--json"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        compared[name] = json.loads(done.stdout)
    decided = {
        name: {
            one["id"]: (one["outcome"], one["observed"])
            for one in document["decisions"]
            if one["id"] != "recovery.metadata"  # times and labels, which the shell way does not set here
        }
        for name, document in compared.items()
    }
    assert decided["ours"] == decided["theirs"]
    assert {one["kind"] for one in compared["ours"]["differences"]} == set()
    for name in ("boot_args", "vmlinuz-6.17.0-practice", "alternative_guestos_proposal.cbor"):
        read = [
            subprocess.run(
                [program("debugfs"), "-R", f"cat /{name}", folder / "boot.img"],
                capture_output=True,
                check=True,
            ).stdout
            for folder in (theirs, unpacked)
        ]
        assert read[0] == read[1] != b""


def test_compare_images_passes_it(built, certified, capsys):
    status, out, _ = run(
        "compare-images",
        BASE,
        built / "update-img.tar.zst",
        "--proposal",
        certified,
        *KEY,
        "--json",
        capsys=capsys,
    )
    document = json.loads(out)
    assert (status, document["verdict"], document["differences"]) == (0, "PASS", [])
    assert {one["outcome"] for one in document["decisions"] if one["id"].startswith("recovery.")} == {"pass"}


def test_an_audit_with_it_as_recovery_image_passes(built, capsys):
    status, out, _ = run(
        "check", "practice:recovery-honest", "-p", f"recovery_image={built / 'update-img.tar.zst'}",
        "--json", capsys=capsys,
    )  # fmt: skip
    document = json.loads(out)
    outcomes = {one["id"]: one["outcome"] for one in document["decisions"]}
    assert (status, document["verdict"]) == (0, "PASS")
    assert [outcomes[f"recovery.{name}"] for name in ("tree", "proposal", "root-hash")] == ["pass"] * 3


@pytest.mark.gate
def test_another_user_gets_the_same_bytes(built, certified, tmp_path, program):
    """Another folder, umask, locale, time zone, file system and number of processors, and settings of e2fsprogs."""
    (tmp_path / "mke2fs.conf").write_text("[defaults]\n\tblocksize = 1024\n")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "TZ": "Asia/Tokyo",
        "SOURCE_DATE_EPOCH": "1700000000",
        "MKE2FS_CONFIG": str(tmp_path / "mke2fs.conf"),
        "MKE2FS_FIRST_META_BG": "1",
        "E2FSPROGS_FAKE_TIME": "1700000000",
        "UNIX_IO_FORCE_BOUNCE": "1",
        "UNIX_IO_NOZEROOUT": "1",
        "TMPDIR": "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(tmp_path),
    }
    lonely = "import os, sys; os.umask(0o077); os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    code = f"{lonely}from auditkit.cli import main; main(sys.argv[1:])"
    subprocess.run(
        [sys.executable, "-c", code, *words(certified, tmp_path / "update-img.tar.zst")],
        check=True, capture_output=True, env=environment, cwd="/",
    )  # fmt: skip
    for name in ("update-img.tar.zst", "build.json"):
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes(), name


# The statement


def test_the_statement_names_every_input_and_program(built, certified, unpacked, program):
    image = built / "update-img.tar.zst"
    made = statement(built)
    assert made["_type"] == "https://in-toto.io/Statement/v1"
    assert made["predicateType"] == "https://slsa.dev/provenance/v1"
    assert made["subject"] == [{"name": "update-img.tar.zst", "digest": {"sha256": sha256(image)}}]
    definition, details = made["predicate"]["buildDefinition"], made["predicate"]["runDetails"]
    assert definition["buildType"] == "urn:auditkit:build-image:v1"
    assert definition["externalParameters"] == {
        "proposalId": NUMBER,
        "rootfsHash": OTHER_ROOT,
        "rootKey": definition["externalParameters"]["rootKey"],
        "version": f"{OTHER_COMMIT}\n",
    }
    assert len(definition["externalParameters"]["rootKey"]) == 266  # not mainnet's, so its digits
    assert definition["resolvedDependencies"] == [
        {"name": "base", "digest": {"sha256": sha256(BASE)}},
        {"name": "proposal", "digest": {"sha256": sha256(certified)}},
        {"name": "proposal.request", "digest": {"sha256": sha256(certified.with_suffix(".request.cbor"))}},
        {"name": "root", "digest": {"sha256": sha256(OTHER), "dmVerity": OTHER_ROOT}},
    ]
    shown = subprocess.run([program("mke2fs"), "-V"], capture_output=True, text=True, check=True).stderr
    assert f"mke2fs {details['builder']['version']['e2fsprogs']} " in shown
    assert set(details["builder"]["version"]) == {"auditkit", "e2fsprogs", "libzstd"}
    assert details["byproducts"] == [
        {"name": "update-img.tar", "digest": {"sha256": sha256(unpacked / "image.tar")}}
    ]


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"never checked"), Path.unlink])
def test_the_statement_names_the_request_that_was_checked(change, certified, tmp_path, capsys, meanwhile):
    copy = tmp_path / "proposal.cbor"
    copy.write_bytes(certified.read_bytes())
    request = tmp_path / "proposal.request.cbor"
    request.write_bytes(certified.with_suffix(".request.cbor").read_bytes())
    digest = sha256(request)
    meanwhile(lambda: change(request))
    status, _, err = build(copy, tmp_path / "out", capsys=capsys)
    assert status == 0, err
    inputs = statement(tmp_path / "out")["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert {one["name"]: one["digest"] for one in inputs}["proposal.request"] == {"sha256": digest}


def test_the_statement_tells_no_place_of_this_machine(built, tmp_path_factory):
    text = (built / "build.json").read_text()
    assert str(tmp_path_factory.getbasetemp()) not in text
    assert str(Path.home()) not in text


# Signed statements about a real image


@pytest.fixture(scope="module")
def builder(tmp_path_factory, program) -> Path:
    """A key, and a list that trusts it."""
    folder = tmp_path_factory.mktemp("builder")
    key = folder / "key"
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public = key.with_suffix(".pub").read_text().split()[:2]
    (folder / "trusted").write_text(f"b@example.org {kind} {public}\n")
    return folder


def signed(folder: Path, builder: Path, capsys) -> tuple[int, str, str]:
    return run(
        "sign",
        "--statement",
        str(folder / "build.json"),
        "--key",
        str(builder / "key"),
        "--yes",
        capsys=capsys,
    )


def verified(folder: Path, builder: Path, capsys) -> tuple[int, str, str]:
    words = ("verify-report", "--statement", folder / "build.json", "--allowed-signers", builder / "trusted")
    return run(*map(str, words), capsys=capsys)


def copied(built: Path, folder: Path, old: str = "", new: str = "") -> Path:
    """The image with its statement, of which a text is another."""
    folder.mkdir()
    os.link(built / "update-img.tar.zst", folder / "update-img.tar.zst")
    text = (built / "build.json").read_text()
    assert old in text
    (folder / "build.json").write_text(text.replace(old, new))
    return folder


def test_a_true_statement_is_signed_and_verified(built, builder, tmp_path, capsys):
    folder = copied(built, tmp_path / "copy")
    assert signed(folder, builder, capsys)[0] == 0
    status, out, _ = verified(folder, builder, capsys)
    assert status == 0, out
    assert "ok    6 build.contents" in out


def lies(built: Path, certified: Path) -> list[tuple[str, str, str]]:
    """A text of a statement, what is written instead, and what is said of that."""
    key = statement(built)["predicate"]["buildDefinition"]["externalParameters"]["rootKey"]
    return [
        (f'"proposalId": {NUMBER}', '"proposalId": 5', f"its proposal is {NUMBER}"),
        (OTHER_ROOT, "ab" * 32, "its proposal blesses the root file system"),
        (sha256(certified), "ab" * 32, "its certificate has SHA-256"),
        (f'"{key}"', '"mainnet"', "its proposal fails certificate.signature"),
        (f'"{key}"', '"abcd"', "the root key that is named is none"),
        (f'"{OTHER_COMMIT}\\n"', f'"{BASE_COMMIT}\\n"', "its VERSION.TXT says"),
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_statement_that_lies_of_its_image(number, built, certified, builder, tmp_path, capsys, monkeypatch):
    old, new, said = lies(built, certified)[number]
    folder = copied(built, tmp_path / "copy", old, new)
    status, _, err = signed(folder, builder, capsys)
    assert status == 2
    assert "the image is not what the statement says of it" in err
    assert said in err
    assert not (folder / "build.intoto.jsonl").exists()
    with monkeypatch.context() as patch:  # whoever lies does not ask
        patch.setattr("auditkit.signing.building.sign.contradiction", lambda *_: None)
        assert signed(folder, builder, capsys)[0] == 0
    status, out, _ = verified(folder, builder, capsys)
    assert status == 1
    assert "FAIL  6 build.contents" in out
    assert said in out


def test_a_statement_about_another_root_file_system_than_lies_in_the_image(built):
    """It agrees with the proposal, and the image does not."""
    image = built / "update-img.tar.zst"
    read = read_guest_image

    def other(path: Path, *, work: Path, tree: bool) -> GuestImage:
        found = read(path, work=work, tree=tree)
        assert found.verity is not None
        return replace(found, verity=replace(found.verity, root_hash="ab" * 32))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditkit.signing.building.contents.read_guest_image", other)
        said = contradiction(image, parse_build_statement((built / "build.json").read_bytes()))
    assert said == f"its root file system has the dm-verity root {'ab' * 32}"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (
            {"problems": ("the stored hash tree is another",)},
            "is not one that is built: the stored hash tree",
        ),
        ({"warnings": ("there is data after it",)}, "is not one that is built: there is data after it"),
        ({"has_overlay": True}, "there is an overlay.raw in it"),
        ({"data_behind_boot": True}, "there is data behind the file system of its boot.img"),
    ],
)
def test_what_no_build_puts_into_an_image_contradicts_its_statement(odd, said, built):
    image = built / "update-img.tar.zst"
    read = read_guest_image

    def other(path: Path, *, work: Path, tree: bool) -> GuestImage:
        found = read(path, work=work, tree=tree)
        assert found.verity is not None
        if odd.keys() & {"problems", "warnings"}:
            return replace(found, verity=replace(found.verity, **odd))
        return replace(found, **odd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditkit.signing.building.contents.read_guest_image", other)
        told = contradiction(image, parse_build_statement((built / "build.json").read_bytes()))
    assert told is not None
    assert said in told


@pytest.mark.parametrize(
    ("content", "said"), [(b"noise", "it is no update image"), (BASE.read_bytes(), "it holds no proposal")]
)
def test_a_statement_about_something_else(content, said, built, builder, tmp_path, capsys):
    told = statement(built)["subject"][0]["digest"]["sha256"]
    folder = copied(built, tmp_path / "copy", told, hashlib.sha256(content).hexdigest())
    (folder / "update-img.tar.zst").unlink()
    (folder / "update-img.tar.zst").write_bytes(content)
    status, _, err = signed(folder, builder, capsys)
    assert status == 2
    assert said in err


# What it demands


def refused(certified: Path, folder: Path, capsys, **inputs) -> tuple[int, str, str]:
    """What is said; nothing may have been written."""
    status, out, err = build(certified, folder, capsys=capsys, **inputs)
    assert list(folder.iterdir()) == []
    assert "Traceback" not in err
    return status, out, err


def test_a_proposal_that_is_not_executed(tmp_path, capsys):
    status, out, _ = refused(proposal(tmp_path, status=ProposalStatus.OPEN), tmp_path / "out", capsys)
    assert status == 1
    assert "FAIL 14 proposal.stage" in out


def test_a_certificate_that_was_tampered_with(certified, tmp_path, capsys):
    content = bytearray(certified.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "proposal.cbor").write_bytes(content)
    status, out, _ = refused(tmp_path / "proposal.cbor", tmp_path / "out", capsys)
    assert status == 1
    assert "FAIL " in out


def test_a_certificate_of_another_network(certified, tmp_path, capsys):
    out = tmp_path / "update-img.tar.zst"
    status, said, _ = run(*words(certified, out)[:-2], capsys=capsys)
    assert (status, list(tmp_path.iterdir())) == (1, [])
    assert "FAIL  5 certificate.signature" in said


def test_a_proposal_without_its_request_is_enough_as_for_a_node(certified, tmp_path, capsys):
    """What lies in an image has no request beside it, and whoever recovers reads that."""
    (tmp_path / "proposal.cbor").write_bytes(certified.read_bytes())
    status, _, err = build(tmp_path / "proposal.cbor", tmp_path / "out", capsys=capsys)
    assert status == 0, err
    names = [
        one["name"]
        for one in statement(tmp_path / "out")["predicate"]["buildDefinition"]["resolvedDependencies"]
    ]
    assert names == ["base", "proposal", "root"]


def test_a_root_that_is_not_the_blessed_one(certified, tmp_path, capsys):
    status, out, _ = refused(certified, tmp_path / "out", capsys, root=BASE)
    assert status == 1
    assert "FAIL 33 recovery.root-hash" in out
    assert OTHER_ROOT in out
    assert out.splitlines()[-1] == (
        "FAIL (practice network): 33 recovery.root-hash: The recovery image would run a different system from the one "
        "that the NNS blessed; nothing was written"
    )


def test_a_base_that_is_not_blessed(certified, tmp_path, capsys):
    status, out, _ = refused(certified, tmp_path / "out", capsys, base=OTHER)
    assert status == 1
    assert "FAIL 25 overlap.any" in out
    assert "FAIL 32 recovery.measurements" in out


def test_a_proposal_that_blesses_nothing_of_the_base(tmp_path, capsys):
    measured = proposal_measurements()
    blessed = (type(measured)(bytes(48), measured.kernel_cmdline, measured.vcpu_type),)
    status, out, _ = refused(
        proposal(tmp_path, base_guest_launch_measurements=blessed), tmp_path / "out", capsys
    )
    assert status == 1
    assert "FAIL 25 overlap.any" in out


def proposal_measurements():
    from auditkit.practice.nns.releases import published_measurements

    return published_measurements(BASE_COMMIT)[0]


def test_one_blessed_measurement_of_the_base_is_enough_as_for_dfinity(tmp_path, capsys):
    certified = proposal(tmp_path, base_guest_launch_measurements=(proposal_measurements(),))
    status, _, err = build(certified, tmp_path / "out", capsys=capsys)
    assert status == 0, err


def test_a_root_hash_that_is_none(tmp_path, capsys):
    status, out, _ = refused(proposal(tmp_path, rootfs_hash="ab" * 20), tmp_path / "out", capsys)
    assert status == 1
    assert "FAIL 16 proposal.rootfs-hash" in out


def test_a_recovery_image_is_no_base(built, certified, tmp_path, capsys):
    status, _, err = refused(certified, tmp_path / "out", capsys, base=built / "update-img.tar.zst")
    assert status == 2
    assert "holds a proposal already" in err


def test_a_missing_program(certified, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setattr("auditkit.guestos.outside_programs._FOLDERS", str(tmp_path / "none"))
    status, _, err = refused(certified, tmp_path / "out", capsys)
    assert status == 2
    assert "the program mke2fs is not installed; install e2fsprogs" in err


def test_no_option_takes_a_demand_away():
    from auditkit.cli.recovery import build_image

    assert {parameter.name for parameter in build_image.params} == {
        "base", "proposal", "root", "out", "election", "root_key", "debug",
    }  # fmt: skip


# The variables of dfinity's build


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (PROPOSAL_ID, "5", f"names another proposal than the one in the file (expected 5, found {NUMBER})"),
        (PROPOSAL_ID, "", "is not what it should be"),
        (PROPOSAL_ID, f"0{NUMBER}", "is not what it should be"),
        (BASE_VERSION, OTHER_COMMIT, "names another release than the base says it is"),
        (BASE_VERSION, "", "is not what it should be"),
        (BASE_VERSION, BASE_COMMIT[:-1], "is not what it should be"),
    ],
)
def test_a_variable_that_does_not_fit(name, value, said, certified, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(name, value)
    status, _, err = refused(certified, tmp_path / "out", capsys)
    assert status == 2
    assert len(err.splitlines()) == 1
    assert name in err
    assert said in err


def test_variables_that_fit_change_nothing(built, certified, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(PROPOSAL_ID, str(NUMBER))
    monkeypatch.setenv(BASE_VERSION, BASE_COMMIT)
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert status == 0, err
    assert (tmp_path / "update-img.tar.zst").read_bytes() == (built / "update-img.tar.zst").read_bytes()


# The election


@pytest.fixture(scope="module")
def elections(tmp_path_factory) -> dict[str, Path]:
    """The registry's certified records of the two practice releases, in files."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        without_proxies(patch)
        with serving(PracticeNns()) as url:
            for name, version in (("base", BASE_COMMIT), ("other", OTHER_COMMIT)):
                found[name] = tmp_path_factory.mktemp("election") / f"{name}.cbor"
                save_registry_value(found[name], fetch_registry_value((url,), replica_version_key(version)))
    return found


def test_an_elected_base(certified, elections, tmp_path, capsys):
    status, _, err = build(certified, tmp_path, "--election", elections["base"], capsys=capsys)
    assert status == 0, err
    names = [
        one["name"] for one in statement(tmp_path)["predicate"]["buildDefinition"]["resolvedDependencies"]
    ]
    assert names == [
        "base", "proposal", "proposal.request", "root", "election.cbor", "election.request.cbor",
    ]  # fmt: skip


def test_an_answer_about_another_release(certified, elections, tmp_path, capsys):
    folder = tmp_path / "out"
    status, out, _ = build(certified, folder, "--election", elections["other"], capsys=capsys)
    assert (status, list(folder.iterdir())) == (1, [])
    assert "FAIL 49 election.answer" in out


def test_an_answer_without_its_request(certified, elections, tmp_path, capsys):
    (tmp_path / "lonely.cbor").write_bytes(elections["base"].read_bytes())
    folder = tmp_path / "out"
    status, out, _ = build(certified, folder, "--election", tmp_path / "lonely.cbor", capsys=capsys)
    assert (status, list(folder.iterdir())) == (2, [])
    assert "skip 49 election.answer" in out


def test_an_election_that_is_not_there(certified, tmp_path, capsys):
    folder = tmp_path / "out"
    status, _, err = build(certified, folder, "--election", tmp_path / "nothing", capsys=capsys)
    assert (status, list(folder.iterdir())) == (2, [])
    assert "nothing" in err


# Names


@pytest.mark.parametrize("name", ["update-img.tar.zst", "build.json"])
def test_nothing_is_replaced(name, certified, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert status == 2
    assert "it is there already" in err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_link_is_not_followed(certified, tmp_path, capsys):
    (tmp_path / "update-img.tar.zst").symlink_to(tmp_path / "elsewhere")
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert status == 2
    assert "it is there already" in err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "name",
    ["-img.tar.zst", ".img", "a\nb", "build.json", "build.JSON", "build.intoto.jsonl", "Build.Intoto.jsonl"],
)
def test_a_name_that_cannot_stand_in_a_statement(name, certified, tmp_path, capsys):
    status, _, err = run(*words(certified, tmp_path / name), capsys=capsys)
    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert "the image cannot be called" in err


def test_a_folder_that_is_not_there(certified, tmp_path, capsys):
    status, _, err = run(*words(certified, tmp_path / "none" / "img.tar.zst"), capsys=capsys)
    assert status == 2
    assert "there is no such folder" in err


# The network, kills and full disks


def test_it_opens_no_socket(certified, elections, tmp_path):
    code = (
        "import sys\n"
        "def told(event, arguments):\n"
        "    if event.startswith('socket.'):\n"
        "        raise RuntimeError(f'a socket: {event}')\n"
        "sys.addaudithook(told)\n"
        "from auditkit.cli import main\n"
        "main(sys.argv[1:])"
    )
    more = ("--election", elections["base"])
    command = [sys.executable, "-c", code, *words(certified, tmp_path / "img.tar.zst", *more)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "a socket" not in done.stderr


@pytest.mark.gate
def test_without_a_network_at_all(certified, tmp_path, program, built):
    without = [program("unshare"), "--net"]
    if subprocess.run([*without, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network can be taken away here")
    command = [*without, sys.executable, "-m", "auditkit", *words(certified, tmp_path / "update-img.tar.zst")]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "update-img.tar.zst").read_bytes() == (built / "update-img.tar.zst").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "rounds", [pytest.param(6, marks=pytest.mark.gate), pytest.param(24, marks=pytest.mark.thorough)]
)
def test_a_kill_at_any_moment_leaves_nothing_that_looks_finished(rounds, certified, built, tmp_path):
    whole = {name: (built / name).read_bytes() for name in ("update-img.tar.zst", "build.json")}
    source = random.Random(16)
    finished = 0
    for number in range(rounds):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, "-m", "auditkit", *words(certified, folder / "update-img.tar.zst")]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path
        ) as process:
            time.sleep(0.3 + 1.5 * source.random())
            process.send_signal(source.choice((signal.SIGKILL, signal.SIGTERM)))
        names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        assert all((folder / name).read_bytes() == whole[name] for name in names)
        assert "update-img.tar.zst" not in names or "build.json" in names
        finished += "update-img.tar.zst" in names
    assert finished < rounds


def test_an_image_that_cannot_take_its_name_leaves_no_statement(certified, tmp_path, capsys, monkeypatch):
    def fail(descriptor: int, temporary: Path, path: Path, *, new: bool) -> None:
        if path.name == "build.json":
            return take_name(descriptor, temporary, path, new=new)
        assert (path.parent / "build.json").exists()
        raise OSError(5, "Input/output error")

    take_name = atomic.take_name
    monkeypatch.setattr(atomic, "take_name", fail)
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert "the image cannot be written: input/output error" in err


def test_a_folder_that_cannot_be_made_durable_is_left_empty(certified, tmp_path, capsys, monkeypatch):
    """The image has its name by then."""

    def fail(folder: Path) -> None:
        if (folder / "update-img.tar.zst").exists():
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(atomic, "sync_folder", fail)
    status, _, _ = build(certified, tmp_path, capsys=capsys)
    assert (status, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize(
    "theirs", [("update-img.tar.zst",), ("build.json",), ("update-img.tar.zst", "build.json")]
)
def test_what_somebody_else_wrote_meanwhile_stays(
    theirs, links, certified, tmp_path, capsys, monkeypatch, meanwhile
):
    def refuse(*_, **__) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", refuse)
    meanwhile(lambda: [(tmp_path / name).write_text("theirs") for name in theirs])
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert status == 2
    assert f"{tmp_path / theirs[-1]}: somebody else wrote it meanwhile" in err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(theirs, "theirs")


def test_a_statement_that_somebody_else_put_in_the_place_of_ours_stays(
    certified, tmp_path, capsys, monkeypatch
):
    def fail(descriptor: int, temporary: Path, path: Path, *, new: bool) -> None:
        if path.name == "build.json":
            return take_name(descriptor, temporary, path, new=new)
        (tmp_path / "theirs").write_text("theirs")
        (tmp_path / "theirs").replace(tmp_path / "build.json")
        raise OSError(5, "Input/output error")

    take_name = atomic.take_name
    monkeypatch.setattr(atomic, "take_name", fail)
    status, _, _ = build(certified, tmp_path, capsys=capsys)
    assert status == 2
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"build.json": "theirs"}


def test_where_there_are_no_hard_links(built, certified, tmp_path, capsys, monkeypatch):
    def refuse(*_, **__) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    status, _, err = build(certified, tmp_path, capsys=capsys)
    assert status == 0, err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in built.iterdir()
    }


def test_one_builds_into_a_folder_at_a_time(certified, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("auditkit.report.writer.WAIT_SECONDS", 0.0)
    folder = tmp_path / "out"
    with only_writer(folder):
        status, _, err = refused(certified, folder, capsys)
    assert status == 2
    assert "writes to this folder" in err


def test_a_full_disk_ends_with_one_line(certified, tmp_path, program):
    room = tmp_path / "room"
    room.mkdir()
    script = (
        f"mount -t tmpfs -o size=256k tmpfs {room} || exit 77\n"
        '"$@"\nstatus=$?\n'
        f"ls -A {room} >&2\n"
        "exit $status"
    )
    command = [sys.executable, "-m", "auditkit", *words(certified, room / "update-img.tar.zst")]
    done = subprocess.run(
        [program("unshare"), "--mount", "sh", "-c", script, "sh", *command],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    if done.returncode in (1, 77) and "auditkit" not in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"auditkit: {room / 'update-img.tar.zst'}: the image cannot be written: no space left on device; make room, or "
        "choose another folder; nothing was left there"
    ]


@pytest.mark.parametrize("kind", ["empty", "cut", "noise"])
@pytest.mark.parametrize("which", ["base", "root"])
def test_damaged_inputs_end_in_one_line(kind, which, certified, tmp_path, capsys):
    content = {"empty": b"", "cut": BASE.read_bytes()[:200_000], "noise": random.Random(1).randbytes(1 << 16)}
    (tmp_path / "image").write_bytes(content[kind])
    status, _, err = refused(certified, tmp_path / "out", capsys, **{which: tmp_path / "image"})
    assert status == 2
    assert len(err.splitlines()) == 1


def test_what_is_left_behind_is_told(certified, tmp_path, capsys, program):
    tar = tmp_path / "image.tar"
    subprocess.run([program("zstd"), "-q", "-d", OTHER, "-o", tar], check=True)
    subprocess.run([program("tar"), "-xSf", tar, "-C", tmp_path, "root.img"], check=True)
    with (tmp_path / "root.img").open("ab") as file:
        file.write(b"somebody")
    status, _, err = build(certified, tmp_path / "out", capsys=capsys, root=tmp_path / "root.img")
    assert status == 0
    assert "warning: there is data after the hash tree in" in err
    assert "it is not in the new image" in err
    image = tmp_path / "out" / "update-img.tar.zst"
    assert contradiction(image, parse_build_statement(image.with_name("build.json").read_bytes())) is None
