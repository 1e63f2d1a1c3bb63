"""`python -m kerastc` is the same as `kerastc`."""

import os
import sys

# Python puts the current folder first: a user's numpy.py would be taken for NumPy.
here = os.getcwd()  # noqa: PTH109  (pathlib itself could be such a file)
package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
if sys.path and sys.path[0] in ("", here) and package != here:
    del sys.path[0]

from kerastc.cli import main  # noqa: E402

main(prog_name="kerastc")
