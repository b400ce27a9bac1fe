"""Values between the judge and a student's process: JSON and raw numbers, so that reading them runs nothing.

A tensor keeps its dtype, its shape and whether it needs a gradient; a generator its state. A function, or any other
object, stays where it is and travels as a number: whoever gets the number can call it, or hand it back.
"""

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

LARGEST = 64 << 20  # bytes of one message
HEAD = struct.Struct("!II")


class Garbled(BaseException):
    """A message that is none. No `Exception`: a check must not take it for a student's mistake."""


@dataclass
class Carrier:
    """Encodes and decodes for one end. `foreign(number)` makes a function of the other end's object."""

    foreign: Callable[[int], Callable]
    module: Callable | None = None  # makes a network of a description; only the judge takes networks
    mine: list[object] = field(default_factory=list)  # keeps them alive, too: a number stays one object
    numbers: dict[int, int] = field(default_factory=dict)
    tracked: list[Tensor] = field(default_factory=list)  # tensors with gradients of the message at hand

    def pack(self, value: object) -> bytes:
        """A whole message."""
        self.tracked, blobs = [], []
        tree = json.dumps([self._encode(value, blobs), [len(blob) for blob in blobs]]).encode()
        body = b"".join(blobs)
        return HEAD.pack(len(tree), len(body)) + tree + body

    def unpack(self, read: Callable[[int], bytes]) -> object:
        """The next message. `read(n)` gives n bytes, or fewer at the end."""
        self.tracked = []
        head = read(HEAD.size)
        if len(head) < HEAD.size:
            raise EOFError
        sizes = HEAD.unpack(head)
        if sum(sizes) > LARGEST:
            raise Garbled("a message is too large")
        tree, body = (read(size) for size in sizes)
        try:
            value, lengths = json.loads(tree)
            ends = np.cumsum([0, *lengths]).tolist()
            return self._decode(value, [body[a:b] for a, b in zip(ends, ends[1:], strict=False)])
        except Exception as error:  # whatever a stranger may send
            raise Garbled(f"{type(error).__name__}: {error}") from None

    def _encode(self, value: object, blobs: list[bytes]) -> object:
        if value is None or isinstance(value, bool | str) or type(value) in (int, float):
            return value
        if isinstance(value, list | tuple | set | frozenset):
            kind = next(k for k in (list, tuple, set, frozenset) if isinstance(value, k))
            return [kind.__name__, [self._encode(item, blobs) for item in value]]
        if isinstance(value, dict):
            return ["dict", [[self._encode(k, blobs), self._encode(v, blobs)] for k, v in value.items()]]
        if isinstance(value, Tensor) and value.layout is torch.strided and value.device.type == "cpu":
            if value.requires_grad:
                self.tracked.append(value)
            plain = value.detach().resolve_conj().resolve_neg().contiguous()
            blobs.append(plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
            return ["tensor", len(blobs) - 1, str(value.dtype)[6:], list(value.shape), value.requires_grad]
        if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
            blobs.append(np.ascontiguousarray(value).tobytes())
            return ["array", len(blobs) - 1, value.dtype.str, list(value.shape), isinstance(value, np.generic)]
        if isinstance(value, torch.Generator):
            blobs.append(value.get_state().numpy().tobytes())
            return ["generator", len(blobs) - 1]
        if isinstance(value, torch.dtype):
            return ["dtype", str(value)[6:]]
        if isinstance(value, nn.Module) and not hasattr(value, "_number"):
            return ["module", self._describe(value, blobs)]
        number = getattr(value, "_number", None)
        return ["yours", number] if isinstance(number, int) else ["mine", self.number(value)]

    def _decode(self, tree: object, blobs: list[bytes]) -> object:
        if not isinstance(tree, list):
            return tree
        kind, what, *more = tree
        if kind in ("list", "tuple", "set", "frozenset"):
            kinds = dict(list=list, tuple=tuple, set=set, frozenset=frozenset)
            return kinds[kind](self._decode(item, blobs) for item in what)
        if kind == "dict":
            return {self._decode(k, blobs): self._decode(v, blobs) for k, v in what}
        if kind == "tensor":
            dtype, shape, needs_gradient = more
            dtype = _dtype(dtype)
            flat = torch.frombuffer(bytearray(blobs[what]), dtype=torch.uint8) if blobs[what] else torch.empty(0)
            tensor = (flat.view(dtype) if len(flat) else torch.empty(0, dtype=dtype)).reshape(shape)
            if needs_gradient:
                self.tracked.append(tensor)
            return tensor
        if kind == "array":
            array = np.frombuffer(blobs[what], dtype=np.dtype(more[0])).reshape(more[1]).copy()
            return array[()] if more[2] else array
        if kind == "generator":
            generator = torch.Generator()
            generator.set_state(torch.frombuffer(bytearray(blobs[what]), dtype=torch.uint8))
            return generator
        if kind == "dtype":
            return _dtype(what)
        if kind == "module":
            what["tensors"] = {name: self._decode(t, blobs) for name, t in what["tensors"].items()}
            what["children"] = {name: self._decode(["module", c], blobs) for name, c in what["children"].items()}
            return self.module(what)
        return self.mine[_index(what)] if kind == "yours" else self.foreign(_index(what))

    def number(self, value: object) -> int:
        """The number of an object of this end."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.mine)
            self.mine.append(value)
        return self.numbers[id(value)]

    def _describe(self, module: nn.Module, blobs: list[bytes]) -> dict:
        """A network: its layers by their names in torch.nn, their sizes and weights, and its number, to call it."""
        name = type(module).__name__
        plain = {k: v for k, v in vars(module).items() if type(v) in (bool, int, float, str) and k.isidentifier()}
        tensors = {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}
        return {
            "name": name,
            "standard": type(module) is getattr(nn, name, None),
            "plain": {k: v for k, v in plain.items() if not isinstance(v, float) or math.isfinite(v)},
            "tensors": {k: self._encode(v.detach(), blobs) for k, v in tensors.items()},
            "buffers": [k for k, _ in module.named_buffers(recurse=False)],
            "children": {k: self._describe(child, blobs) for k, child in module.named_children()},
            "number": self.number(module),
        }


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(f"{name} is no dtype")
    return dtype


def _index(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"{number} is no number of an object")
    return number
