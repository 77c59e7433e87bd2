"""What is said of a value that a parameter cannot have: plain words, and what was probably meant."""

from __future__ import annotations

import re

import pytest

from auditkit.errors import ParameterError
from auditkit.pipeline import Parameters, named_parameters
from auditkit.pipeline.parameters import MEANINGS

HEX = "e9fd136fa15a1f1c80ac6b34ad1dbfb8cef9ea95"
SHA = "ab" * 32


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("vcpus=64", "cannot be 64: a list in brackets is expected, such as [64]; did you mean [64]?"),
        ("vcpus=64,128", "a list in brackets is expected, such as [64]; did you mean [64, 128]?"),
        ("vcpus=(64, 128)", "did you mean [64, 128]?"),
        ("vcpus=true", "a list in brackets is expected"),
        ("vcpus=[64", "cannot be '[64': a list in brackets is expected, such as [64]"),
        ("vcpus=[]", "the list is empty"),
        ("vcpus=[0]", "vcpus, entry 1, cannot be 0: it is less than 1"),
        ("vcpus=[64, 513]", "vcpus, entry 2, cannot be 513: it is more than 512"),
        ("vcpus=['64']", "vcpus, entry 1, cannot be '64': a whole number in decimal digits is expected"),
        ("vcpus=[64, 64]", "an entry is listed twice"),
        ("vcpu_types=EPYC-Genoa", "did you mean [EPYC-Genoa]?"),
        ("vcpu_types=[epyc-genoa]", "did you mean EPYC-Genoa?"),
        ("boot_args=BOOT_ARGS_TEE_A,BOOT_ARGS_TEE_B", "did you mean [BOOT_ARGS_TEE_A, BOOT_ARGS_TEE_B]?"),
        ("boot_args=[TEE_A]", "the name of a command line is expected, such as BOOT_ARGS_TEE_A"),
        ("stage=Vote", "cannot be 'Vote': vote, recover or auto is expected; did you mean vote?"),
        ("stage=open", "did you mean vote?"),
        ("stage=executed", "did you mean recover?"),
        ("stage=null", "vote, recover or auto is expected"),
        ("stage='vote'", "did you mean vote?"),
        ("policy=overlaps", "strict or overlap is expected; did you mean overlap?"),
        ("depth=certificate", "did you mean certificates?"),
        ("subject=elections", "did you mean election?"),
        ("proposal_id=#139000", "did you mean 139000?"),
        ("proposal_id=139,000", "did you mean 139000?"),
        ("proposal_id='139000'", "did you mean 139000?"),
        ("proposal_id=https://dashboard.internetcomputer.org/proposal/139000", "did you mean 139000?"),
        ("proposal_id=-5", "a whole number in decimal digits is expected"),
        ("proposal_id=9007199254740992", "it is 2^53 or more"),
        (
            "proposal_id=null",
            "cannot be null: a whole number in decimal digits is expected; write its digits",
        ),
        ("proposal_id=", "a whole number in decimal digits is expected"),
        (f"base_version={HEX.upper()}", f"did you mean {HEX}?"),
        (f"base_version={HEX[:12]}", "give all 40 hex digits, in quotes, or auto: it has 12"),
        (f"base_version=0x{HEX}", f"did you mean {HEX}?"),
        (f"base_version='{HEX}'", f"did you mean {HEX}?"),
        ("base_version=Auto", "did you mean auto?"),
        ("base_version=release-2026-03-05_03-22-base", "40 hex digits in lower case are expected, or auto"),
        (f"base_image_sha256=sha256:{SHA}", f"did you mean {SHA}?"),
        ("base_image_sha256=none", "did you mean null?"),
        ("all_urls=yes", "true or false is expected; did you mean true?"),
        ("all_urls=1", "did you mean true?"),
        ("guest_features=0x1", "a whole number in decimal digits is expected"),
        ("sweep_vcpus_max=1000", "it is more than 512"),
        ("output_dir=", "it is empty"),
        (f"output_dir={'x' * 5000}", "it has more than 4096 characters"),
    ],
)
def test_in_plain_words(override, said):
    with pytest.raises(ParameterError) as refused:
        named_parameters("139000", ("base_version=auto", override))
    text = str(refused.value)
    assert said in text
    assert text.startswith(f"-p {override.partition('=')[0]}: ")
    assert not re.search(r"[Ii]nput|valid|tuple|pydantic|str_|literal", text)
    assert len(text) < 400


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("stage", "-p takes NAME=VALUE, not 'stage'"),
        ("stage:vote", "did you mean stage=vote?"),
        ("stage =vote", "did you mean stage?"),
        ("Stage=vote", "did you mean stage?"),
        ("proposal-id=7", "did you mean proposal_id?"),
        ("proposal=7", "did you mean proposal_id?"),
        ("zzz=1", "params/README.md names every parameter"),
    ],
)
def test_a_name_that_no_parameter_has(override, said):
    with pytest.raises(ParameterError) as refused:
        named_parameters("139000", (override,))
    assert said in str(refused.value)


def test_every_kind_of_refusal_of_the_model_has_its_words():
    """What pydantic may say of our fields, asked of the fields themselves."""
    from pydantic import ValidationError

    from auditkit.pipeline.parameters.wording import _SENTENCES

    values: list[object] = [
        None,
        True,
        1.5,
        -1,
        2**60,
        "",
        "x",
        "x" * 5000,
        [],
        [None],
        ["x"],
        [-1],
        [9**9],
        {},
        "a\udcff",
    ]
    values += [list(range(1, 100)), [str(number) for number in range(100)]]
    kinds = set()
    for name in Parameters.model_fields:
        for value in values:
            try:
                super(Parameters, Parameters.__new__(Parameters)).__init__(
                    **{"proposal_id": 7, "base_version": "auto", name: value}
                )
            except ValidationError as error:
                kinds |= {fault["type"] for fault in error.errors()}
            except ParameterError:
                pass
    assert kinds - {"value_error"} <= set(_SENTENCES)
    assert len(kinds) > 9


def test_every_parameter_has_a_meaning():
    """One source: `auditkit init` writes it, and the tables of pages are made from it."""
    assert list(MEANINGS) == list(Parameters.model_fields)
    assert all(one.takes and one.summary for one in MEANINGS.values())
