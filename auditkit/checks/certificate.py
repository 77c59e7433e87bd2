"""Checks 1 to 11: is it a certificate, and does it lead to the root key (docs/certificates.md)?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

CERTIFICATE_FORM: Final = Check(
    1,
    "certificate.form",
    "Is the file an Internet Computer certificate and nothing else?",
    "strict CBOR: a map of tree, signature and at most one delegation",
    matters="Everything that follows is read from this file. Only a file that is nothing but a certificate "
    "can be read in one way.",
    failure="The file is not an answer that the Internet Computer signed: it is damaged, of another kind, or "
    "made up.",
    advice="Fetch the answer again, from another host. If you were given a file, ask for the one that was "
    "fetched.",
)
CERTIFICATE_NODES: Final = Check(
    2,
    "certificate.nodes",
    "Does every node of the hash tree have an exact shape?",
    "five node shapes, no others",
    matters="A node with a second meaning would let two programs read two proposals in one signed file.",
    failure="The certificate has parts that no Internet Computer subnet makes: it was damaged or made up.",
    advice="Fetch the answer again, from another host, and keep the file that failed: somebody made it.",
)
CERTIFICATE_TREE: Final = Check(
    3,
    "certificate.tree",
    "Can every path in the tree be read in one way only?",
    "strictly increasing labels, no stray leaf",
    matters="If one path led to two places, whoever passes the file on could choose what you see.",
    failure="The certificate can be read in two ways, so what it says cannot be relied on.",
    advice="Fetch the answer again, from another host, and keep the file that failed: somebody made it.",
)
CERTIFICATE_ROOT_HASH: Final = Check(
    4,
    "certificate.root-hash",
    "Does the tree hash to a state root?",
    "a 32-byte root hash",
    matters="The subnet signs one hash. Only what hashes to it was signed.",
    advice="Fetch the answer again, from another host.",
)
CERTIFICATE_SIGNATURE: Final = Check(
    5,
    "certificate.signature",
    "Did the subnet sign exactly this tree?",
    "a valid BLS signature, according to two libraries",
    matters="Two thirds of a subnet's nodes have to agree before such a signature exists. It is the reason "
    "why nothing else here has to be believed.",
    failure="What is in the file is not what the subnet signed: somebody changed it, or it comes from another"
    " network.",
    advice="Check that `root_key` is that of the network that was asked. Then fetch the answer again, from "
    "another host; if it fails again, tell others: somebody is handing out a changed answer.",
)
CERTIFICATE_KEYS: Final = Check(
    6,
    "certificate.keys",
    "Are the keys encoded as Internet Computer keys?",
    "133 bytes of DER with the fixed prefix",
    matters="A key in another encoding could be read as another key.",
    failure="A key in the certificate is not an Internet Computer key.",
    advice="Fetch the answer again, from another host.",
)
DELEGATION_DEPTH: Final = Check(
    7,
    "delegation.depth",
    "Does the NNS delegate directly to the subnet?",
    "no delegation inside a delegation",
    matters="The NNS vouches for each subnet itself. A chain of strangers vouching for each other proves "
    "nothing.",
    failure="The subnet that answered is vouched for by something other than the NNS.",
    advice="Fetch the answer again, from another host.",
)
DELEGATION_SIGNATURE: Final = Check(
    8,
    "delegation.signature",
    "Did the NNS sign the delegation?",
    "a valid BLS signature under the root key",
    matters="Only the NNS says which subnets exist. Without its signature anybody could found one.",
    failure="The NNS did not vouch for the subnet that signed this answer.",
    advice="Fetch the answer again, from another host. If it fails again, tell others: somebody made up a "
    "subnet.",
)
DELEGATION_RANGES: Final = Check(
    9,
    "delegation.ranges",
    "May this subnet speak for this canister?",
    "canister ranges that hold the canister",
    matters="A real subnet can sign anything about its own canisters, and nothing about those of others.",
    failure="A subnet answered that has no say over governance: its answer is worth nothing here.",
    advice="Fetch the answer again, from another host. The one that failed was made by somebody who runs a "
    "canister of a similar kind elsewhere.",
)
DELEGATION_SUBNET_KEY: Final = Check(
    10,
    "delegation.subnet-key",
    "Does the NNS name the key of that subnet?",
    "the key at /subnet/<id>/public_key",
    matters="The signature is checked with this key, so it has to be the one that the NNS names.",
    failure="The delegation does not hold the key of the subnet that it is about.",
    advice="Fetch the answer again, from another host.",
)
CERTIFICATE_TIME: Final = Check(
    11,
    "certificate.time",
    "When was it signed?",
    "a time that is not in the future",
    matters="The status of a proposal changes. The time says as of when it was so.",
    failure="The answer says that it was signed in the future: the clock of this machine is wrong, or the "
    "file is.",
    advice="Set the clock of this machine, and audit again.",
)
