"""Order lines: what was promised, frozen on the day it was ordered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.crops import CropRecipe
from printapic.domain.errors import Invalid, NotFound
from printapic.domain.events import aware_utc
from printapic.domain.ids import ImageId, LineId, Sku
from printapic.domain.money import Money
from printapic.domain.print_sizes import PrintSpecification


class LineNotFound(NotFound):
    code = "order-line-not-found"

    def __init__(self) -> None:
        super().__init__("The order has no such line.")


class PrintBlocked(Invalid):
    code = "print-blocked"

    def __init__(self, position: int, findings: tuple[str, ...]) -> None:
        super().__init__(
            "This photo cannot be printed well enough on this product.",
            line=position,
            findings=list(findings),
        )


class WarningsUnacknowledged(Invalid):
    code = "warnings-unacknowledged"

    def __init__(self, position: int, warnings: tuple[str, ...]) -> None:
        super().__init__(
            "Please confirm that you have seen the warnings about this print.",
            line=position,
            warnings=list(warnings),
        )


@attrs.frozen(kw_only=True)
class PrintCheck:
    """What preflight said when the order was placed: the verdict and the resolution that was shown."""

    verdict: str
    effective_dpi: str
    warnings: tuple[str, ...]
    blocks: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Acknowledgement:
    """The customer's consent to one warning, with the figure they saw."""

    code: str
    effective_dpi: str
    at: datetime = attrs.field(validator=aware_utc)


class PrintState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class PrintFile:
    """The immutable file for the printer. `key` is its name in the image store."""

    key: str
    sha256: str
    size_bytes: int
    width_px: int
    height_px: int


@attrs.frozen(kw_only=True)
class OrderLine:
    """One photo on one product, in `quantity` copies.

    Everything is a copy: a product renamed or retired later changes nothing here. `crop` None means
    the central crop.
    """

    id: LineId
    sku: Sku
    product_name: str
    specification: PrintSpecification
    quantity: int
    unit_price: Money
    line_total: Money
    image_id: ImageId
    image_sha256: str
    crop: CropRecipe | None
    check: PrintCheck
    acknowledgements: tuple[Acknowledgement, ...] = ()
    print_state: PrintState = PrintState.PENDING
    print_file: PrintFile | None = None
    print_failure: str | None = None

    def acknowledged(self, codes: frozenset[str], *, position: int, at: datetime) -> OrderLine:
        """This line with the customer's consent to its warnings.

        Raises `PrintBlocked` where preflight blocks, `WarningsUnacknowledged` where consent is missing.
        """
        consent = tuple(
            Acknowledgement(code=code, effective_dpi=self.check.effective_dpi, at=at)
            for code in self.check.warnings
            if code in codes
        )
        line = attrs.evolve(self, acknowledgements=consent)
        line.must_be_settled(position=position)
        return line

    def must_be_settled(self, *, position: int) -> None:
        """Raises `PrintBlocked` or `WarningsUnacknowledged` for a line that must not be ordered as it is."""
        if self.check.blocks:
            raise PrintBlocked(position, self.check.blocks)
        consent = {acknowledgement.code for acknowledgement in self.acknowledgements}
        missing = tuple(code for code in self.check.warnings if code not in consent)
        if missing:
            raise WarningsUnacknowledged(position, missing)

    def rendered(self, file: PrintFile) -> OrderLine:
        """This line with its print file, which never changes again."""
        if self.print_state is PrintState.READY:
            return self
        return attrs.evolve(self, print_state=PrintState.READY, print_file=file, print_failure=None)

    def forgotten(self) -> OrderLine:
        """This line without its photo: neither the file for the printer nor the photo's fingerprint."""
        return attrs.evolve(self, image_sha256="", print_file=None)

    def render_failed(self, code: str) -> OrderLine:
        """This line waiting for somebody to find out; a file that is there already stays good."""
        if self.print_state is PrintState.READY:
            return self
        return attrs.evolve(self, print_state=PrintState.FAILED, print_failure=code)
