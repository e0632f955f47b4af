"""python tools/parity is python tools/parity/run.py."""

import sys

import run

sys.exit(run.main())
