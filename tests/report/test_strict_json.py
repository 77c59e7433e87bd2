"""JSON of others: how many values it may hold before anything is made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditkit.limits import LIMITS
from auditkit.report import read_json

FEW = replace(LIMITS, json_marks=4)


@pytest.mark.parametrize(
    "text",
    [
        b"[1,2,3,4]",
        b'{"a":[1,2]}',
        b"[[[[]]]]",
        b'["a,b,c,d,e,f"]',
        b'["a\\",b,c,d,e"]',
        b'{"a:b:c:d":"[[[[[["}',
        b'["\\\\",1,2]',
    ],
)
def test_as_many_values_as_there_may_be(text):
    read_json(text, limits=FEW)


@pytest.mark.parametrize(
    "text",
    [
        b"[1,2,3,4,5]",
        b"[[[[[]]]]]",
        b'{"a":{"b":{}}}',
        b'["\\\\",1,2,3,4]',
        b'["a",",",",",",",","]',
    ],
)
def test_one_more_is_refused_before_it_is_read(text):
    with pytest.raises(ValueError, match="more values than any real one"):
        read_json(text, limits=FEW)
    with pytest.raises(ValueError, match="more values than any real one"):
        read_json(text + b" and what is no JSON", limits=FEW)
