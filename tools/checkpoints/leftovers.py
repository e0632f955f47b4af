"""What training scripts keep beside the weights, by kind. Classes of projects stand in one module, `project`,
which no reader of the files has."""
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import random
import re
import sys
import types
import uuid
import zoneinfo

import numpy as np
import torch

project = types.ModuleType("project")
sys.modules["project"] = project


def ours(cls):
    """Puts a class where pickle looks for it."""
    cls.__module__ = "project"
    setattr(project, cls.__name__, cls)
    return cls


@ours
class Phase(enum.Enum):
    TRAIN = "train"
    EVAL = 2


@ours
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@ours
class Flags(enum.Flag):
    A = 1
    B = 2


@ours
@dataclasses.dataclass
class Config:
    lr: float = 0.1
    phase: Phase = Phase.TRAIN
    tags: list = dataclasses.field(default_factory=lambda: ["a", "b"])


@ours
@dataclasses.dataclass(frozen=True)
class Frozen:
    size: tuple = (3, 224, 224)


@ours
@dataclasses.dataclass(slots=True)
class Slotted:
    depth: int = 18


Point = ours(collections.namedtuple("Point", "x y"))


@ours
class AttrDict(dict):
    """The recipe of many repositories: its attributes are its items."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__ = self


@ours
class Ordered(collections.OrderedDict):
    pass


@ours
class Frosty(dict):
    """Made anew from a plain dict, as frozen dicts are."""

    def __reduce__(self):
        return Frosty, (dict(self),)


@ours
class Sorted(dict):
    def __reduce__(self):
        return Sorted, (), {"order": list(self)}, None, iter(self.items())


@ours
class Tree(dict):
    """Its children know it."""

    def grow(self, name):
        self[name] = Tree(parent=self)
        return self


@ours
class Names(list):
    pass


@ours
class Outer:
    class Inner:
        def __init__(self):
            self.value = 1

    def method(self):
        return 1


Outer.Inner.__qualname__ = "Outer.Inner"
Outer.method.__qualname__ = "Outer.method"


@ours
class Node:
    def __init__(self):
        self.me = self
        self.pair = (self, 1)


@ours
class Head(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)


@ours
class Scaled(torch.nn.Parameter):
    pass


def attributes():
    from lightning.fabric.utilities.data import AttributeDict
    return AttributeDict(lr=0.1, net=AttributeDict(depth=18), name="a")


def dict_config():
    from omegaconf import OmegaConf
    return OmegaConf.create({"lr": 0.1, "model": {"name": "resnet18", "widths": [64, 128]}, "out": "${model.name}"})


def generator(bits, seed):
    return np.random.Generator(bits(seed)).bit_generator.state


def numbers():
    return dict(
        {f"pcg64_{seed}": generator(np.random.PCG64, seed) for seed in range(8)},
        mt19937=np.random.RandomState(1).get_state(), mt19937_dict=generator(np.random.MT19937, 1),
        pcg64dxsm=generator(np.random.PCG64DXSM, 2), philox=generator(np.random.Philox, 3), sfc64=generator(np.random.SFC64, 4),
        python=random.Random(5).getstate(), torch=torch.Generator().manual_seed(6).get_state(),
        generator=np.random.default_rng(7), random_state=np.random.RandomState(8), random=random.Random(9),
        large=[2**127, 2**128, -2**127, -2**128 - 1, 2**200, -2**200, 10**600, -10**700, 2**5000])


def keys():
    return {(0, "a"): 1, ((1, 2), 3): 2, frozenset("ab"): 3, Phase.TRAIN: 4, Level.HIGH: 5, b"bytes": 6, None: 7, True: 8, 2.5: 9,
            torch.float32: 10, int: 11, Phase: 12, np.int64(3): 13, np.str_("n"): 14, datetime.date(2024, 1, 1): 15, 2**100: 16,
            pathlib.PurePosixPath("a/b"): 17, Point(1, 2): 18, 1j: 19, torch.device("cpu"): 20, Frozen(): 21, "text": 22, torch.Size([2]): 23,
            decimal.Decimal("0.1"): 24, (): 25, Outer.Inner: 26}


def dicts():
    counter = collections.Counter("aab")
    default = collections.defaultdict(list, a=[1])
    nested = collections.defaultdict(functools.partial(collections.defaultdict, float), a=collections.defaultdict(float, b=1.0))
    return dict(attr=AttrDict(a=1, b=AttrDict(c=2)), ordered=Ordered(a=1), frosty=Frosty(a=1), sorted=Sorted(b=1, a=2), counter=counter,
                default=default, nested=nested, empty=AttrDict(), many=AttrDict({str(i): i for i in range(1100)}), tree=Tree().grow("left"),
                user=collections.UserDict(a=1), chain=collections.ChainMap({"a": 1}, {"b": 2}), proxy=collections.OrderedDict(z=1),
                lightning=attributes(), omega=dict_config(), omega_list=dict_config().model.widths, dict_in_list=[Ordered(a=Ordered(b=1))])


def classes():
    out = Outer()
    return dict(phase=Phase.TRAIN, level=Level.LOW, flags=Flags.A | Flags.B, config=Config(), frozen=Frozen(), slotted=Slotted(), point=Point(1, 2),
                names=Names("ab"), inner=Outer.Inner(), inner_class=Outer.Inner, cyclic=Node(), head=Head(), head_class=Head, method=out.method,
                namespace=types.SimpleNamespace(a=1), exception=ValueError("x"), partial=functools.partial(torch.optim.Adam, lr=0.1),
                optimizer=torch.optim.SGD, activation=torch.nn.ReLU, module=torch.nn.Sequential(torch.nn.Linear(2, 2)), loss=torch.nn.CrossEntropyLoss())


def plain():
    return dict(date=datetime.datetime(2024, 1, 1, 12, 30, tzinfo=datetime.timezone.utc), delta=datetime.timedelta(hours=1), decimal=decimal.Decimal("1.5"),
                fraction=fractions.Fraction(1, 3), uuid=uuid.UUID(int=5), pattern=re.compile("a+"), zone=zoneinfo.ZoneInfo("UTC"),
                path=pathlib.Path("a/b"), array=array.array("d", [1, 2]), deque=collections.deque([1, 2], maxlen=3), bytes=b"\xff\x00", bytearray=bytearray(b"ab"),
                complex=1 + 2j, set={1, 2}, frozenset=frozenset("a"), range=range(3), slice=slice(1, 2), ellipsis=..., none_type=type(None),
                function=print, types=[int, str, list, object], iterator=iter([1, 2]))


def arrays():
    record = np.zeros(2, dtype=[("a", "f4"), ("b", "i8")])
    return dict(scalar=np.float64(0.5), float32=np.float32(0.5), integer=np.int64(3), boolean=np.bool_(True), text=np.str_("x"), dtype=np.dtype("f4"),
                array=np.arange(6, dtype=np.float32).reshape(2, 3), fortran=np.asfortranarray(np.eye(3)), strings=np.array(["a", "bc"]),
                objects=np.array([{"a": 1}, None], dtype=object), record=record, empty=np.zeros((0, 3)), masked=np.ma.masked_array([1, 2], [True, False]),
                date=np.datetime64("2024-01-01"), big=np.arange(50))


def tensors():
    z = torch.tensor([1 + 2j])
    odd = torch.ones(3)
    odd.note = "an attribute"
    return dict(sparse=torch.eye(3).to_sparse(), conj=z.conj(), neg=torch.tensor([3 + 4j]).conj().imag, meta=torch.ones(2, device="meta"), scaled=Scaled(torch.ones(2)),
                attribute=odd, buffer=torch.nn.Buffer(torch.ones(2)), device=torch.device("cpu"), dtype=torch.float16, size=torch.Size([1, 2]),
                layout=torch.strided, version=torch.__version__, csr=torch.eye(3).to_sparse_csr(), generator=torch.Generator(),
                uint16=torch.ones(2, dtype=torch.uint16), bfloat16=torch.ones(2, dtype=torch.bfloat16), complex=z,
                storage=torch.ones(4).untyped_storage(), storage_class=torch.FloatStorage)


KINDS = dict(numbers=numbers, keys=keys, dicts=dicts, classes=classes, plain=plain, arrays=arrays, tensors=tensors)
