"""Our own sentences with commands between backticks, and with words that the glossary explains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup, escape

from auditkit.display import visible
from auditkit.report.rendering.glossary import GLOSSARY

_WORDS: Final = tuple(
    (anchor, re.compile(rf"\b(?:{pattern})\b"))
    for anchor, pattern in (
        ("nns", "NNS"),
        ("certificate", "[Cc]ertificates?"),
        ("guestos", "GuestOS"),
        ("registry", "registry"),
        ("base-release", "base release"),
        ("recovery-guestos", "recovery GuestOS"),
        ("amd-sev-snp", "SEV-SNP"),
        ("launch-measurement", "measurements?"),
        ("blessed-computed", "[Bb]lessed|[Bb]lesses"),
        ("label", "labels?"),
        ("root-hash", "root hash"),
        ("vcpu", "vCPUs?"),
        ("policy", "polic(?:y|ies)"),
    )
)


def glossary_anchor(word: str) -> str:
    """The anchor of a glossary entry, such as ``base-release``."""
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


class Linker:
    """Links each word of the glossary where it first stands in a page. One per page."""

    def __init__(self) -> None:
        known = {glossary_anchor(word) for word, _ in GLOSSARY}
        self._left = [(anchor, pattern) for anchor, pattern in _WORDS if anchor in known]

    def __call__(self, text: str) -> Markup:
        """``text``, one of our own sentences, as HTML: commands as code, first words linked."""
        return Markup("").join(
            Markup("<code>{}</code>").format(_whole_options(part)) if is_code else self._linked(part)
            for is_code, part in pieces(text)
        )

    def _linked(self, text: str) -> Markup:
        for place, (anchor, pattern) in enumerate(self._left):
            if found := pattern.search(text):
                del self._left[place]
                before, after = text[: found.start()], text[found.end() :]
                link = Markup('<a class="term" href="#glossary-{}">{}</a>').format(anchor, found[0])
                return self._linked(before) + link + self._linked(after)
        return escape(text)


def _whole_options(command: str) -> Markup:
    """A command whose options no line parts at their hyphens."""
    return Markup(" ").join(
        Markup('<span class="option">{}</span>').format(word)
        if word.startswith("-") and len(word) < 30
        else escape(word)
        for word in command.split(" ")
    )


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a sentence: whether each is a command, and its text with what cannot be seen spelled out."""
    for number, part in enumerate(text.split("`")):
        if part:
            yield bool(number % 2), visible(part)
