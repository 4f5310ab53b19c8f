"""Pages of memory maps, given back as soon as they were read or written.

What was touched of a mapped file counts as memory of the process until the map is closed, however
large the file is, and a scheduler that watches a job's memory kills it. A page that was given back
is in the file still, and mostly in the system's own cache: touching it again maps it anew.
"""

import mmap
from typing import Any

DECIDES_NO_NUMBER = "Values stay as they are, in the map and in the file."

SHARED = ("r", "r+", "w+")  # modes of numpy.memmap whose pages are the file's own


def give_back(array: Any) -> None:
    """Let go of the pages of the file that `array` is mapped from, itself or as a view.

    Values stay as they are, in the map and in the file. Another array, a private copy of a file
    (mode ``"c"``) or a system that takes no such advice: nothing happens.
    """
    while array is not None:
        pages = getattr(array, "base", None)
        if isinstance(pages, mmap.mmap):
            if getattr(array, "mode", None) in SHARED and hasattr(mmap, "MADV_DONTNEED"):
                pages.madvise(mmap.MADV_DONTNEED)
            return
        array = pages
