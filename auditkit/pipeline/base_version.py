"""Which release a recovery is based on, where the parameters leave it to be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditkit.digests import is_commit
from auditkit.errors import SourceError
from auditkit.ic import BlessedMeasurement, ProposalStatus
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources.elections import opened_catalogue
from auditkit.pipeline.sources.places import located
from auditkit.sev import releases_for
from auditkit.trust import Trust


def found_base_version(
    parameters: Parameters, trust: Trust, measurements: Sequence[BlessedMeasurement]
) -> str:
    """``base_version``, or for ``auto`` the release that has the most of the blessed measurements.

    It is looked for in the catalogue, if the parameters name one, and then among the known releases. What is found is a
    hint: the election and the comparison decide about it.

    Raises:
        SourceError: nothing has any of them, or there is no such catalogue.
    """
    if parameters.base_version != "auto":
        return parameters.base_version
    if parameters.catalogue is not None:
        with located(parameters.catalogue, "catalogue") as (folder, _):
            catalogue = opened_catalogue(folder, trust)
            elected = Counter(
                entry.election.version_to_elect
                for one in dict.fromkeys(entry.measurement for entry in measurements)
                for entry in catalogue.with_measurement(one)
                if entry.status is ProposalStatus.EXECUTED
                and is_commit(entry.election.version_to_elect or "")
            )
        if elected:
            return str(elected.most_common(1)[0][0])
    blessed = [entry.measurement for entry in measurements]
    whole = [
        release
        for release, _ in releases_for(blessed, more=trust.more_releases)
        if len(release.version) == 40
    ]
    if not whole:
        raise SourceError(
            "no release that auditkit knows has any of the blessed measurements, so the base version cannot be found",
            where="base_version",
            hint="give the 40 hex digits that the proposal names, or a catalogue of elections to look in",
        )
    return whole[0].version
