"""Imports each module named on the command line and prints those that fail, as JSON, in the last line."""
import importlib
import json
import sys

failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:  # a module may even exit
        failed[name] = f"{type(error).__name__}: {error}"[:500]
print()
print(json.dumps(failed))
sys.stdout.flush()
