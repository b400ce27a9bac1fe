"""`python -m aimsssl`, the same as the command `aimsssl`; also what torchrun starts."""

import os
import sys

from .cli import main

status = main()
if int(os.environ.get("WORLD_SIZE", "1")) > 1:
    # everything is written; threads of gloo, still about, now and then abort an interpreter that ends the usual way
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
sys.exit(status)
