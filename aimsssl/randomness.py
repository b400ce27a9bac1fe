"""Random numbers of one's own: no function of the package changes those of its caller."""

import torch
from torch import Tensor


class RandomStream:
    """PyTorch's global random numbers inside `with stream:`; the caller's go on afterwards as if nothing was drawn.

    The stream begins as after `torch.manual_seed(seed)`, and goes on where it was when it is entered again. That
    function itself would also seed every GPU, which nothing here puts back.

    Args:
        seed: where the stream begins.
        device: a CUDA device whose random numbers (of dropout) are the stream's, too; others draw on the CPU.
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu"):
        device = torch.device(device)
        self._cuda = device if device.type == "cuda" else None
        self._state = {"cpu": torch.Generator().manual_seed(seed).get_state()}
        if self._cuda is not None:
            self._state["cuda"] = torch.Generator(device).manual_seed(seed).get_state()
        self._callers: list[dict[str, Tensor]] = []

    def __enter__(self) -> "RandomStream":
        self._callers.append(self._read())
        self._write(self._state)
        return self

    def __exit__(self, *exception) -> None:
        self._state = self._read()
        self._write(self._callers.pop())

    def get_state(self) -> dict[str, Tensor]:
        """Where the stream is, for a checkpoint."""
        return dict(self._state)

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from there; a state from another kind of device leaves this device's numbers as they are.

        Raises:
            RuntimeError, TypeError: it is no state of a generator.
        """
        torch.Generator().set_state(state["cpu"])  # raises where it cannot be one
        self._state |= {name: part for name, part in state.items() if name in self._state}

    def _read(self) -> dict[str, Tensor]:
        state = {"cpu": torch.get_rng_state()}
        if self._cuda is not None:
            state["cuda"] = torch.cuda.get_rng_state(self._cuda)
        return state

    def _write(self, state: dict[str, Tensor]) -> None:
        torch.set_rng_state(state["cpu"])
        if self._cuda is not None:
            torch.cuda.set_rng_state(state["cuda"], self._cuda)
