"""The partitions of an update image, and which part of it what covers."""

from __future__ import annotations

from typing import Final

from auditkit.guestos import MEASURED_FILES, BootArgs, GuestImage
from auditkit.notebook.figures.canvas import LINE, MARGIN, WIDTH, Canvas, Drawing, lines_of, short

_INSET: Final = 14
_NOTHING: Final = "There is no image to draw: none was read."
_ROLES: Final = {
    "firmware": "Firmware",
    "kernel": "Kernel",
    "initrd": "Initial RAM disk",
    "boot_args": "Kernel command lines",
}


def partitions_drawing(image: GuestImage | None, boot_args: BootArgs | None) -> Drawing:
    """Draws what an update image, or a bare boot partition, holds.

    Thick boxes are measured by the processor when the guest starts. The root file system is not: the measured command
    line names its root hash. Dashed boxes are covered by neither.

    Args:
        image: None draws that there is none.
        boot_args: the command lines in it.
    """
    if image is None:
        canvas = Canvas()
        canvas.text(MARGIN, 18, _NOTHING)
        return canvas.drawing(28, _NOTHING)
    return _Drawing(image, boot_args).drawing()


class _Drawing:
    """One drawing, from top to bottom."""

    def __init__(self, image: GuestImage, boot_args: BootArgs | None) -> None:
        self._image = image
        self._lines = () if boot_args is None else tuple(boot_args.lines.values())
        self._canvas = Canvas()
        self._said: list[str] = []
        self._y = 2.0

    def drawing(self) -> Drawing:
        image = self._image
        whole = image.verity is not None or image.version_text is not None
        name = "The update image" if whole else "The boot partition"
        self._write(MARGIN + 4, f"{name}, {_size(image.size)}", bold=True)
        self._write(MARGIN + 4, f"sha256 {short(image.sha256, 32)}", mono=True)
        self._y += 8
        self._boot()
        if image.verity is not None:
            self._root()
        if image.version_text is not None:
            self._frame("VERSION.TXT", (f"says {image.version_text}",), "weak")
        if image.has_overlay:
            self._frame("overlay.raw", ("which no hash covers",), "weak")
        self._legend()
        return self._canvas.drawing(self._y + 2, " ".join(self._said))

    def _boot(self) -> None:
        """The boot partition with its measured files."""
        boot, top = self._image.boot, self._y
        self._y += 4
        self._write(MARGIN + _INSET, f"boot.img, {self._image.entries} names", bold=True)
        self._y += 8
        for role in _ROLES:
            content = boot.measured[role]
            facts = (f"/{MEASURED_FILES[role]}, {_size(len(content))}", f"sha256 {short(boot.sha256[role])}")
            self._frame(_ROLES[role], facts, "strong", inset=_INSET)
        others = self._image.entries - len(_ROLES)
        if others > 0:
            self._frame(f"{others} other names, not measured", (), "weak", inset=_INSET)
        self._y += 4
        self._canvas.box(MARGIN, top, WIDTH - 2 * MARGIN, self._y - top)
        self._y += 8

    def _root(self) -> None:
        """The root file system, and whether the command lines name it."""
        verity = self._image.verity
        if verity is None:
            return
        named = {line.root_hash for line in self._lines if line.root_hash is not None}
        agrees = named == {verity.root_hash}
        x = MARGIN + 40
        self._canvas.line((x, self._y - 8), (x, self._y - 4))
        self._canvas.line((x, self._y + 14), (x, self._y + 26), arrow=True)
        word = "root_hash= on the command lines " + (
            "names it" if agrees else "names ANOTHER" if named else "is missing"
        )
        self._canvas.mark(x, self._y + 5, "✓" if agrees else "✗", failed=not agrees)
        self._canvas.text(x + 18, self._y + 9, word, bold=not agrees)
        self._said.append(f"{word}.")
        self._y += 28
        facts = [
            f"{verity.data_blocks:,} blocks of {verity.data_block_size:,} bytes",
            f"root hash {short(verity.root_hash)}",
        ]
        if not agrees and named:
            facts.append(f"named hash {short(min(named))}")
        self._frame("root.img: everything else", tuple(facts), "plain")

    def _frame(self, title: str, facts: tuple[str, ...], kind: str, inset: float = 0) -> None:
        left, width = MARGIN + inset, WIDTH - 2 * (MARGIN + inset)
        top = self._y
        self._y += 2
        self._write(left + _INSET, title, bold=True)
        for fact in facts:
            for line in lines_of(fact, width - 2 * _INSET, 2):
                self._write(left + _INSET, line, mono="sha256" in fact or "hash" in fact)
        self._y += 4
        self._canvas.box(left, top, width, self._y - top + 4, kind)
        self._y += 12

    def _legend(self) -> None:
        for kind, words in (
            ("strong", "measured when the guest starts"),
            ("plain", "its hash is on the measured command line"),
            ("weak", "neither; only the image's digest covers it"),
        ):
            self._canvas.box(MARGIN, self._y + 2, 18, 12, kind)
            self._canvas.text(MARGIN + 26, self._y + 13, words)
            self._y += LINE + 3

    def _write(self, x: float, text: str, *, bold: bool = False, mono: bool = False) -> None:
        self._y += LINE
        self._canvas.text(x, self._y, text, bold=bold, mono=mono)
        self._said.append(f"{text}.")


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024 or unit == "MiB":
            return f"{count:,} {unit}" if unit == "bytes" or count >= 10 else f"{count} {unit}"
        count = round(count / 1024)
    return ""
