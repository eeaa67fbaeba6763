# want: [('b', 3)]
import bisect
import collections
import functools
import heapq
import itertools
import operator


def render(dataset, filters, params):
    counts = collections.Counter("abbb")
    groups = collections.defaultdict(list)
    for key, row in itertools.groupby([1, 1, 2]):
        groups[key] = len(list(row))
    assert groups == {1: 2, 2: 1} and functools.reduce(operator.add, [1, 2]) == 3
    assert heapq.nsmallest(2, [3, 1, 2]) == [1, 2] and bisect.bisect([1, 3], 2) == 1
    assert list(collections.deque([1, 2, 3], maxlen=2)) == [2, 3]
    return str(counts.most_common(1))
