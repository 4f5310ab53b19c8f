import logging


class TargetNotice(logging.Filter):
    def __init__(self, _):
        super().__init__()


class Overview(logging.Filter):
    def __init__(self, **_):
        super().__init__()
