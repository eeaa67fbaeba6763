# want: [1, 4, 9]
import queue
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed


def render(dataset, filters, params):
    with ThreadPoolExecutor(4) as pool:
        done = sorted(job.result() for job in as_completed([pool.submit(lambda x: x * x, n) for n in (1, 2, 3)]))
    lines, lock = queue.Queue(), threading.Lock()

    def work(n):
        with lock:
            lines.put(n)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert lines.qsize() == 8
    return str(done)
