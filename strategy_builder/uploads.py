"""Files that are too large are not kept while they arrive."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

MOST_BYTES = 50 * 1024**2  # as `ml_training.services.uploads`; a test compares the two
TOO_LARGE = "ml_training.upload_too_large"


class SizeLimit(FileUploadHandler):
    """Drop a file at the byte that is one too many, and leave a note in the request."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin to count."""
        super().new_file(*args, **kwargs)
        self.n_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand a part on to those who keep it."""
        self.n_bytes += len(raw_data)
        if self.n_bytes > MOST_BYTES:
            if self.request is not None:
                self.request.META[TOO_LARGE] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to those who keep it."""
