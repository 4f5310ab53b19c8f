TOLD = "resound_told"


def show(*_, **__):
    pass
