"""Features by name: `extract` for one clip, `extract_batch` for many."""

from resound.features.extraction import extract, extract_batch

__all__ = ["extract", "extract_batch"]
