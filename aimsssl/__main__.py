"""`python -m aimsssl`, the same as the command `aimsssl`."""

import sys

from .cli import main

sys.exit(main())
