"""What is measured within one process, without HTTP: each module prints one line of JSON.

They run as processes of their own, on the server's core, so that no probe has another's memory.
"""

import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from ..processes import SERVER_CORE, pinned, run

Answer = TypeVar("Answer")


def ask(module: str, arguments: Sequence[str], answer: type[Answer]) -> Answer:
    """What a module of this package prints about itself; raises BenchmarkError where it fails."""
    command = (sys.executable, "-m", f"benchmarks.{module}", *arguments)
    printed = run(pinned(SERVER_CORE, command), what=module)
    return msgspec.json.decode(printed.strip().rpartition("\n")[2], type=answer)
