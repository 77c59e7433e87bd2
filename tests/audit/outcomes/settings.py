"""Checks 43 to 45 and 54: what the parameters chose."""

from __future__ import annotations

from dataclasses import replace

from audit.outcomes.case import passes, warns

from auditkit import checks
from auditkit.audit import (
    RELEASE_MATRIX,
    decide_depth,
    decide_list,
    decide_matrix,
    decide_policy,
    decide_root_key,
)
from auditkit.decision import Qualification

TEE_A = ("BOOT_ARGS_TEE_A", "root=/dev/vda4 dfinity.tee=1")
NOT_LIKE_THIS = (
    "Nodes are not started like this: a match in these settings says little about what nodes will run."
)

CASES = (
    passes(
        checks.SETTINGS_ROOT_KEY,
        "mainnet's",
        lambda: decide_root_key(None),
        "mainnet",
        "All trust comes from the built-in key.",
    ),
    warns(
        checks.SETTINGS_ROOT_KEY,
        "the practice network's",
        lambda: decide_root_key(Qualification.PRACTICE_NETWORK),
        "the practice network's",
        "This is the practice network: nothing here is about mainnet.",
        Qualification.PRACTICE_NETWORK,
    ),
    warns(
        checks.SETTINGS_ROOT_KEY,
        "another",
        lambda: decide_root_key(Qualification.OTHER_ROOT_KEY),
        "another key",
        "The parameters name a root key other than mainnet's: whoever holds that key can certify anything.",
        Qualification.OTHER_ROOT_KEY,
    ),
    passes(
        checks.SETTINGS_POLICY,
        "strict",
        lambda: decide_policy("strict"),
        "strict",
        "Every check decides.",
    ),
    warns(
        checks.SETTINGS_POLICY,
        "overlap",
        lambda: decide_policy("overlap"),
        "overlap",
        "One equal measurement is enough for this policy: the other blessed measurements may be anything.",
        Qualification.POLICY_OVERLAP,
    ),
    passes(
        checks.SETTINGS_MATRIX,
        "the release matrix",
        lambda: decide_matrix(RELEASE_MATRIX, (TEE_A,)),
        "the release matrix",
        "These are the settings that nodes are started with.",
    ),
    warns(
        checks.SETTINGS_MATRIX,
        "other numbers, and a line that starts no SEV guest",
        lambda: decide_matrix(
            replace(RELEASE_MATRIX, vcpus=(64, 16), guest_features=0), (TEE_A, ("BOOT_ARGS_B", "root=/dev"))
        ),
        "vcpus 16, 64; guest_features 0; BOOT_ARGS_B without dfinity.tee=1",
        NOT_LIKE_THIS,
        Qualification.MATRIX_CHANGED,
    ),
    warns(
        checks.SETTINGS_MATRIX,
        "many changes, cut",
        lambda: decide_matrix(replace(RELEASE_MATRIX, vcpu_types=("x" * 600,)), (TEE_A,)),
        f"vcpu_types {'x' * 489}",
        NOT_LIKE_THIS,
        Qualification.MATRIX_CHANGED,
    ),
    warns(
        checks.SETTINGS_MATRIX,
        "a list that nobody computed",
        decide_list,
        "a list of measurements",
        "The list is taken at its word: which image and which settings it is for was not checked.",
        Qualification.IMAGE_NOT_READ,
    ),
    passes(
        checks.SETTINGS_DEPTH,
        "the image",
        lambda: decide_depth("image"),
        "image",
        "The parameters ask for the image itself, not only for what is signed about it.",
    ),
    warns(
        checks.SETTINGS_DEPTH,
        "certificates alone",
        lambda: decide_depth("certificates"),
        "certificates",
        "Only certificates were read: nobody measured the image. Audit again with depth: image.",
        Qualification.DEPTH_CERTIFICATES,
    ),
)
