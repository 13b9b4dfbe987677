"""The laboratory: experiments that train step by step, and runs of them that can be replayed. No window in here."""

import os

# Bits of a product depend on how many threads shared it, so every replay would: one thread, everywhere,
# said before NumPy is first imported.
for _library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
