def raise_faults(*_):
    pass


def faulty(*_):
    raise AssertionError("the tiny experiment has no faults")
