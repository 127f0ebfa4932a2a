"""Prints what an environment holds, as JSON; run by its own interpreter. Nothing of it is imported."""
import importlib.metadata as metadata
import json
import platform
import re
import sys
from pathlib import Path

packages, modules, seen = [], {}, set()
for one in metadata.distributions():
    name = one.metadata["Name"]
    key = re.sub(r"[-_.]+", "-", name or "").lower()
    # Of two with one name the first on the path is the one that is imported.
    if not key or key in seen:
        continue
    seen.add(key)
    packages.append({"name": name, "version": one.version or ""})
    tops = (one.read_text("top_level.txt") or "").split()
    if not tops:
        for file in one.files or []:
            first = file.parts[0]
            if len(file.parts) > 1 and file.parts[1] == "__init__.py":
                tops.append(first)
            elif len(file.parts) == 1 and first.endswith(".py"):
                tops.append(first[:-3])
    modules[key] = sorted({top for top in tops if top.isidentifier() and not top.startswith("_")})

cuda = None
for place in map(Path, sys.path):
    version = place / "torch" / "version.py"
    if version.is_file():
        found = re.search(r"^cuda\s*(?::[^=]*)?=\s*['\"]([^'\"]+)['\"]", version.read_text(), re.M)
        cuda = found.group(1) if found else None
        break

packages.sort(key=lambda package: package["name"].lower())
print(json.dumps({"python": platform.python_version(), "cuda": cuda, "packages": packages, "modules": modules}))
