# want: 0.30
from decimal import ROUND_HALF_UP, Decimal, getcontext
from fractions import Fraction
import statistics


def render(dataset, filters, params):
    getcontext().prec = 50
    assert Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("2.68")
    assert Fraction(1, 3) + Fraction(1, 6) == Fraction(1, 2)
    assert statistics.median([1, 2, 9]) == 2 and statistics.pstdev([1, 1]) == 0
    return str((Decimal("0.1") + Decimal("0.2")).quantize(Decimal("0.00")))
