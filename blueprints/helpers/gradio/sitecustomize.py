"""Lets a Gradio app answer with and without the panel's prefix.

Python reads this file when it starts, where blueprints put its folder on PYTHONPATH (`gradio_address`). Gradio's page
asks for addresses below GRADIO_ROOT_PATH. The panel's proxy removes that prefix; on a port or host of its own nobody
does, so the server has to.
"""

import importlib.abc
import importlib.machinery
import os
import sys

PREFIX = os.environ.get("GRADIO_ROOT_PATH", "").rstrip("/")
SERVER = "uvicorn.config"


class WithOrWithoutPrefix:
    """An ASGI app below PREFIX and at the root."""

    def __init__(self, app):
        self.app = app

    def __getattr__(self, name):
        return getattr(self.app, name)

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if path.startswith(f"{PREFIX}/"):
            raw = scope.get("raw_path") or path.encode()
            scope = {**scope, "path": path[len(PREFIX):], "raw_path": raw[len(PREFIX):]}
        await self.app(scope, receive, send)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Wraps the app of every uvicorn server as soon as uvicorn is imported, and costs nothing before."""

    def find_spec(self, name, path, target=None):
        """Takes uvicorn's configuration module only."""
        if name != SERVER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        self.loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        """The module as it would have been made."""
        return self.loader.create_module(spec)

    def exec_module(self, module):
        """Runs the module, then wraps what its configurations are given."""
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        original = module.Config.__init__

        def init(config, app, *args, **kwargs):
            original(config, WithOrWithoutPrefix(app) if callable(app) else app, *args, **kwargs)

        module.Config.__init__ = init


if PREFIX:
    sys.meta_path.insert(0, Finder())
