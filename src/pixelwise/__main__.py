"""`python -m pixelwise` is `pixelwise`."""

import sys

from pixelwise.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
