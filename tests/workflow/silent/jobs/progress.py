from contextlib import contextmanager


def track(items, *_, **__):
    return items


@contextmanager
def bar(*_, **__):
    yield lambda _: None
