"""The runbook's `aws kms` lines by AWS's own CLI, against ensign-sim's KMS; tests/scenario/runbook.py has the rest."""

import os
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[1] / "scenario/runbook.py"
CLI = pathlib.Path(sys.executable).parent / "aws"

failed = [way for way in ("generate", "seal", "open")
          if subprocess.run([sys.executable, PAGE, way], env={**os.environ, "RUNBOOK_AWS_CLI": str(CLI)}).returncode != 0]
sys.exit(f"failed: {failed}" if failed else 0)
