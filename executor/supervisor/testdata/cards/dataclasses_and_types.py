# want: Point(x=1, tags=[])
import abc
import enum
import typing
from dataclasses import asdict, dataclass, field, replace


class Colour(enum.Enum):
    RED = "赤"


@dataclass(order=True)
class Point:
    x: int
    tags: list = field(default_factory=list)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self) -> float: ...


class Pair(typing.NamedTuple):
    a: int
    b: str = "x"


def render(dataset, filters, params):
    assert asdict(replace(Point(2), x=3)) == {"x": 3, "tags": []} and Point(1) < Point(2)
    assert Colour("赤") is Colour.RED and Pair(1).b == "x"
    match {"kind": "point", "x": 1}:
        case {"kind": "point", "x": x}:
            return repr(Point(x))
