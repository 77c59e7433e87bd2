"""Makes the first inputs of the targets: small images, reports and signatures of the practice network.

    python tests/fuzz/seeds.py [TARGET ...]

What is in corpus/TARGET stays, but for the seeds themselves, which are made anew.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from auditkit.guestos.verity.superblock import HASH_OFFSET
from auditkit.ic import REGISTRY, leb128
from auditkit.ic.registry import decode_reply, get_value_argument, read_message, replica_version_key
from auditkit.pipeline import Parameters, check
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.builds import Built
from auditkit.practice.chips import attestation_files
from auditkit.practice.nns.certify import build_tree, certificate
from auditkit.practice.nns.elections import elections
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.nns.registry import query_reply, registry_history, update_reply
from auditkit.practice.release.build import boot_args
from auditkit.practice.release.file_systems import add_verity_tree
from auditkit.practice.release.firmware import practice_firmware
from auditkit.practice.release.sparse_tar import SparseTar
from auditkit.practice.scenarios import BASE_COMMIT, RegistrySays
from auditkit.report import to_json
from auditkit.sev.attestation import parse_chain
from tests.fuzz.image_targets import BLOCK, packed

CORPUS = Path(__file__).parent / "corpus"
SERVER = "http://127.0.0.1:8900"
NOW_NS = 1_780_000_000_000_000_000
SIZE = 256 * BLOCK
_FEATURES = "^has_journal,^resize_inode"
_KINDS = {
    "no-checksums": f"{_FEATURES},^metadata_csum",
    "block-maps": f"{_FEATURES},^metadata_csum,^extent,^64bit",
    "inline-data": f"{_FEATURES},inline_data",
}


def tree(folder: Path) -> None:
    """A boot partition in small, with what ext4 keeps in ways of its own."""
    (folder / "one" / "two").mkdir(parents=True)
    (folder / "vmlinuz-1").write_bytes(b"kernel" * 300)
    (folder / "vmlinuz").symlink_to("vmlinuz-1")
    (folder / "far").symlink_to("one/" * 20 + "boot_args")
    (folder / "one" / "boot_args").write_text('BOOT_ARGS_TEE_A="root=a"\n')
    (folder / "one" / "two" / "same").hardlink_to(folder / "one" / "boot_args")
    with (folder / "holes").open("wb") as file:
        for number in range(6):
            file.seek(number * 4 * BLOCK)
            file.write(b"run")
    for number in range(12):
        (folder / f"a-name-of-an-empty-file-{number}").touch()


def ext4_image(features: str, tools: Path = Path("/sbin")) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        tree(work / "tree")
        image = work / "image"
        command = [
            "mke2fs", "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-N", "32", "-I", "256", "-m", "0", "-O", features,
            "-U", "clear", "-E", "hash_seed=c61251eb-100b-48fe-b089-57dea7368612,root_owner=0:0", "-d", work / "tree",
            image, str(SIZE // BLOCK),
        ]  # fmt: skip
        subprocess.run(command, check=True)
        (work / "label").write_bytes(b"system_u:object_r:boot_t:s0\0")
        label = f"ea_set -f {work}/label /vmlinuz-1 security.selinux"
        subprocess.run(["debugfs", "-w", "-R", label, image], check=True, stderr=subprocess.DEVNULL)
        return image.read_bytes()


def ext4() -> dict[str, bytes]:
    return {name: packed(ext4_image(features)) for name, features in _KINDS.items()}


def update_image() -> dict[str, bytes]:
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        (work / "boot.img").write_bytes(b"boot" * 100 + bytes(3000) + b"end")
        for name, size in (("with-root", 8 * BLOCK), ("small-root", 0)):
            root = work / "root.img"
            if size:
                tree(work / "tree")
                image = [
                    "mke2fs",
                    "-q",
                    "-F",
                    "-t",
                    "ext4",
                    "-b",
                    "4096",
                    "-O",
                    _FEATURES,
                    "-d",
                    work / "tree",
                ]
                subprocess.run([*image, root, "256K"], check=True)
                add_verity_tree(root)
                assert root.stat().st_size > HASH_OFFSET
            else:
                root.write_bytes(bytes(1000) + b"root")
            out = io.BytesIO()
            archive = SparseTar(out)
            archive.add_sparse("boot.img", work / "boot.img")
            archive.add_sparse("root.img", root)
            archive.add_bytes("VERSION.TXT", b"c0ffee\n")
            archive.close()
            found[name] = out.getvalue()
        folder = [
            "tar",
            "--sparse",
            "--format=gnu",
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--mtime=@0",
            "-c",
        ]
        command = [*folder, "./boot.img", "./root.img"]
        found["gnu-tar"] = subprocess.run(command, cwd=work, check=True, capture_output=True).stdout
    return found


def boot_args_files() -> dict[str, bytes]:
    release = "".join(f'{name}="{line}"\n' for name, line in boot_args("ab" * 32).items())
    return {
        "release": f"# Kernel command lines.\n{release}".encode(),
        "quotes": b'BOOT_ARGS_A=\'a b\'\nBOOT_ARGS_B=a\\ b # c\n\tBOOT_ARGS="\\"x\\\\"\nother=1\n',
    }


def firmware() -> dict[str, bytes]:
    image = practice_firmware("fuzz", 128 * 1024)
    return {"practice": image[-4096:]}


def der() -> dict[str, bytes]:
    _, chain = attestation_files(Attested.HONEST)
    return {f"certificate-{number}": one.raw for number, one in enumerate(parse_chain(chain.read_bytes()))}


def attestation() -> dict[str, bytes]:
    report, chain = (path.read_bytes() for path in attestation_files(Attested.HONEST))
    ders = [one.raw for one in parse_chain(chain)]
    guid = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
    head = guid + (48).to_bytes(4, "little") + len(ders[0]).to_bytes(4, "little") + bytes(24)
    header = (0).to_bytes(4, "little") + len(report).to_bytes(4, "little") + bytes(24)
    dump = "".join(f"{at:08x}: {report[at : at + 16].hex(' ', 2)}\n" for at in range(0, len(report), 16))
    return {
        "raw": report,
        "hex": report.hex().encode(),
        "response": header + report,
        "with-table": report + head + ders[0],
        "dump": dump.encode(),
        "json": json.dumps({"report": list(report)}).encode(),
        "chain": chain,
    }


def new_key(folder: Path, kind: str, *more: str) -> Path:
    key = folder / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "fuzz", *more, "-f", key], check=True)
    return key


def allowed_signers() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        ed25519 = new_key(Path(scratch), "ed25519").with_suffix(".pub").read_text().rsplit(" ", 1)[0]
        ecdsa = new_key(Path(scratch), "ecdsa").with_suffix(".pub").read_text().rsplit(" ", 1)[0]
    options = 'namespaces="git,audit*",valid-after="20200101",valid-before="20991231235959Z"'
    text = (
        f'# whom we trust\nalice@example.org {ed25519} a comment\n"*@example.org,!bob@*" {options} {ecdsa}\n'
    )
    return {"two": text.encode(), "authority": f"ca cert-authority {ed25519}\r\n".encode()}


def ssh_signature() -> dict[str, bytes]:
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "statement"
        file.write_bytes(b"{}")
        for kind in ("ed25519", "ecdsa"):
            key = new_key(Path(scratch), kind)
            sign = ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", "auditkit", file]
            subprocess.run(sign, check=True)
            signature = file.with_suffix(".sig")
            found[kind] = signature.read_bytes()
            signature.unlink()
    return found


def documents(suffix: str) -> dict[str, bytes]:
    """audit.json, or replay.yaml, of audits that differ in form."""
    names = ["tampered-certificate", "recovery-extra-file"]
    if suffix == "yaml":
        names += ["honest", "node-debug"]
    found = {}
    for name in names:
        document, evidence = check(Parameters.from_file(parameter_file(name), (), {}))
        record = next(item.content for item in evidence if item.name == "replay.yaml")
        found[name] = to_json(document) if suffix == "json" else record
    return found


def registry_answers(says: RegistrySays) -> tuple[bytes, bytes]:
    """The reply of the practice registry about the base release, and its record where it comes whole."""
    history = registry_history(SERVER, BASE_COMMIT, says)
    reply = update_reply("get_value", get_value_argument(replica_version_key(BASE_COMMIT)), history)
    assert isinstance(reply, bytes)
    return reply, decode_reply(reply).value or b""


def protobuf() -> dict[str, bytes]:
    key = replica_version_key(BASE_COMMIT)
    fixed = b"\x0d" + bytes(4) + b"\x11" + bytes(8) + b"\x18\x96\x01\x22\x01x"
    return {"question": get_value_argument(key), "at": get_value_argument(key, 2_015), "types": fixed}


def registry_replies() -> dict[str, bytes]:
    return {says.name.lower(): registry_answers(says)[0] for says in RegistrySays}


def registry_records() -> dict[str, bytes]:
    found = {says.name.lower(): registry_answers(says)[1] for says in RegistrySays}
    return {name: record for name, record in found.items() if record}


def registry_deltas() -> dict[str, bytes]:
    root = KeyPair("fuzz: root")
    history = registry_history(SERVER)
    found = {}
    for name, since in (("three", 2_019), ("none", history.latest)):
        argument = b"\x08" + leb128.unsigned(since)

        def sign(data: bytes) -> bytes:
            state = {"canister": {REGISTRY.raw: {"certified_data": data}}, "time": leb128.unsigned(NOW_NS)}
            return certificate(build_tree(state), root)

        reply = query_reply("get_certified_changes_since", argument, history, sign)
        assert isinstance(reply, bytes)
        found[name] = reply
        found[f"{name}-tree"] = bytes(read_message(reply, "it").view(1) or b"")
    return found


def election_payloads() -> dict[str, bytes]:
    told = {one.execute(SERVER).payload: str(one.proposal_id) for one in elections() if not one.is_deployment}
    return {name: payload for payload, name in told.items()}


def bundles() -> dict[str, bytes]:
    """One bundle, a list of them as GitHub answers, and one a line."""
    one, other = (built.path.read_bytes() for built in (Built.HONEST, Built.COPY))
    listed = b'{"attestations":[{"repository_id":1,"bundle":%s}]}' % one.strip()
    return {"one": one, "listed": listed, "none": b'{"attestations":[]}', "lines": one + other}


SEEDS: dict[str, Callable[[], dict[str, bytes]]] = {
    "ext4": ext4,
    "update-image": update_image,
    "boot-args": boot_args_files,
    "firmware": firmware,
    "der": der,
    "attestation": attestation,
    "allowed-signers": allowed_signers,
    "ssh-signature": ssh_signature,
    "audit-json": lambda: documents("json"),
    "protobuf": protobuf,
    "registry-reply": registry_replies,
    "registry-record": registry_records,
    "registry-delta": registry_deltas,
    "election": election_payloads,
    "replay-yaml": lambda: documents("yaml"),
    "bundles": bundles,
}


def main(targets: list[str]) -> None:
    for target in targets or SEEDS:
        folder = CORPUS / target
        folder.mkdir(exist_ok=True)
        for name, data in SEEDS[target]().items():
            (folder / name).write_bytes(data)
            print(f"{target}/{name}: {len(data)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
