"""Trouble a test orders: errors, lost connections, delays."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Fault:
    """What happens to the next ``times`` calls of ``method`` (``*``: of any but getUpdates)."""

    method: str
    times: int = 1
    status: int = 0
    description: str = ""
    retry_after: int = 0
    drop: bool = False
    drop_after: bool = False
    cut: bool = False
    delay: float = 0.0

    def fits(self, method: str) -> bool:
        """Whether a call of ``method`` meets this fault."""
        wanted = self.method.lower()
        return self.times > 0 and (wanted == method.lower() or (wanted == "*" and method.lower() != "getupdates"))


class Faults:
    """The faults in store. Belongs to whoever holds the world's lock."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Forget all that have not happened yet."""
        self._ordered.clear()

    def take(self, method: str) -> Fault | None:
        """The fault the present call meets, counted down."""
        for fault in self._ordered:
            if fault.fits(method):
                fault.times -= 1
                if fault.times == 0:
                    self._ordered.remove(fault)
                return fault
        return None
