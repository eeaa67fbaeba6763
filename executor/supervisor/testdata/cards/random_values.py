# want: True
import random
import secrets
import uuid


def render(dataset, filters, params):
    random.seed(1)
    assert random.randint(1, 6) in range(1, 7) and len(random.sample(range(10), 3)) == 3
    return str(uuid.uuid4() != uuid.uuid4() and secrets.token_hex(4) != secrets.token_hex(4))
