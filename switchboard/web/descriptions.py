"""All dialects with their descriptions: what the document is made of."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.web.call import Dialect
from switchboard.web.dialects.ally import ALLY
from switchboard.web.dialects.ally.operations import DESCRIPTION as ALLY_DESCRIPTION
from switchboard.web.dialects.auto import AUTO
from switchboard.web.dialects.auto.operations import DESCRIPTION as AUTO_DESCRIPTION
from switchboard.web.dialects.company import COMPANY
from switchboard.web.dialects.company.operations import DESCRIPTION as COMPANY_DESCRIPTION
from switchboard.web.dialects.dowell import DOWELL
from switchboard.web.dialects.dowell.operations import DESCRIPTION as DOWELL_DESCRIPTION
from switchboard.web.dialects.dropin import DROPIN
from switchboard.web.dialects.dropin.operations import DESCRIPTION as DROPIN_DESCRIPTION
from switchboard.web.openapi.operations import Description

DESCRIBED: Sequence[tuple[Dialect, Description]] = (
    (AUTO, AUTO_DESCRIPTION),
    (DROPIN, DROPIN_DESCRIPTION),
    (COMPANY, COMPANY_DESCRIPTION),
    (ALLY, ALLY_DESCRIPTION),
    (DOWELL, DOWELL_DESCRIPTION),
)
