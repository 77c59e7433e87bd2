"""Which commands there are: where each is defined, and what it is for in one line. Nothing of them is loaded for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import click
from click.shell_completion import CompletionItem

from auditkit.cli.front import GroupWithDebug


class Entry(NamedTuple):
    """A command as ``auditkit --help`` lists it.

    Attributes:
        module: the module of `auditkit.cli` that defines it.
        summary: what it is for, short enough for one line of a terminal of 80 columns.
    """

    module: str
    summary: str


COMMANDS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "assemble": Entry("recovery", "Build the boot tree that a recovery image must have."),
        "audit": Entry("audits", "Audit a proposal and write the report folder."),
        "batch": Entry("batches", "Run many audits and sum them up."),
        "build-image": Entry("recovery", "Build a whole recovery image, reproducibly."),
        "catalogue": Entry("catalogue", "Keep and ask a catalogue of all elections."),
        "check": Entry("audits", "Run the checks of an audit and write nothing."),
        "compare-images": Entry("recovery", "Compare a recovery image with its base release."),
        "compare-roots": Entry("recovery", "Show what is new in a root file system."),
        "diff": Entry("reports.differences", "Tell on what two reports differ."),
        "extract-bootfs": Entry("images", "Extract the boot tree of an image."),
        "fetch-image": Entry("images", "Download the update image of a release."),
        "fetch-proposal": Entry("proposals", "Fetch a certified proposal, verify it, keep it."),
        "fetch-registry": Entry("registry.answers", "Fetch a certified registry record, verify it, keep it."),
        "index": Entry("reports.renderings", "Make a page that lists many reports."),
        "init": Entry("audits", "Write a commented parameter file to start from."),
        "measure": Entry("images", "Print the launch measurements of an image."),
        "overlap": Entry("images", "Compare a proposal with launch measurements."),
        "practice": Entry("practice", "Practise on a network that runs on your machine."),
        "registry": Entry("registry.folder", "Keep and ask a copy of the whole registry."),
        "report": Entry("reports.renderings", "Show a report as text, or print it as a PDF."),
        "sign": Entry("reports.signatures", "Sign a report folder with your SSH key."),
        "status": Entry("batches", "Tell the newest verdict of each subject."),
        "verify-attestation": Entry("attestations", "Verify the SEV-SNP report of a recovered node."),
        "verify-certificate": Entry("proposals", "Verify an Internet Computer certificate."),
        "verify-proposal": Entry("proposals", "Verify a certified proposal."),
        "verify-provenance": Entry("attestations", "Verify who built a release, by its SHA256SUMS."),
        "verify-registry": Entry("registry.answers", "Verify a certified registry record."),
        "verify-report": Entry("reports.signatures", "Verify a signed report folder, offline."),
        "verity-hash": Entry("images", "Print the dm-verity root hash of an image."),
    }
)


class LazyGroup(GroupWithDebug):
    """The commands of `COMMANDS`, each loaded when it is asked for, so that help and completion wait for none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; its module adds it to this group when it is loaded."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            import_module(f"auditkit.cli.{COMMANDS[cmd_name].module}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes every command with its summary."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, and the options."""
        named: list[CompletionItem] = [
            CompletionItem(name, help=COMMANDS[name].summary)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        # What a group adds to this are its commands, each of which it would load.
        options: Any = click.Command.shell_complete(self, ctx, incomplete)
        return [*named, *options]
