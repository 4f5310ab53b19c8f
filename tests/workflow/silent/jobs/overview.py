import logging


class Overview(logging.Filter):
    def __init__(self, **_):
        super().__init__()
