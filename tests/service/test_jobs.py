import threading
import time

import pytest

from src.service.errors import ServiceError
from src.service.jobs import Job, JobStore


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path, keep_s=60)
    yield store
    store.close()


def waiting(store, created=0.0):
    folder = store.new_folder()
    job = Job(id=folder.name, name="clip.mp4", file="sent.mp4", created=created)
    store.add(job)
    return job


def test_the_job_that_waits_longest_is_next(store):
    later, earlier = waiting(store, 2.0), waiting(store, 1.0)
    assert [store.next().id, store.next().id] == [earlier.id, later.id]
    assert store.get(earlier.id, None).state == "running"
    assert store.next() is None


def test_a_removed_job_is_never_next(store):
    removed, kept = waiting(store, 1.0), waiting(store, 2.0)
    store.remove(removed)
    assert store.next().id == kept.id
    assert store.next() is None
    assert not store.change(removed, frames=1)
    with pytest.raises(ServiceError):
        store.get(removed.id, None)


def test_jobs_are_removed_while_they_are_taken(store):
    jobs = [waiting(store, number) for number in range(100)]
    failures = []

    def remove():
        try:
            for job in jobs:
                store.remove(job)
        except Exception as error:  # whatever it is, it failed
            failures.append(error)

    remover = threading.Thread(target=remove)
    remover.start()
    taken = []
    end = time.monotonic() + 30
    while remover.is_alive() and time.monotonic() < end:
        job = store.next()
        if job:
            taken.append(job.id)
    remover.join()
    assert not failures
    assert len(taken) == len(set(taken))
    assert store.active() == 0
