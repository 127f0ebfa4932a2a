"""As much of ruamel.yaml as a blueprint uses; JSON is YAML too."""

import json


class Map(dict):
    """What a file holds. The release of Easy Diffusion fails when several names are given to `update` as words."""

    def update(self, *maps, **words):
        """Takes one map, or one word."""
        if len(words) > 1:
            raise TypeError("set.add() takes exactly one argument")
        super().update(*maps, **words)


class YAML:
    """Reads and writes."""

    def load(self, file):
        """What a file holds."""
        return json.load(file, object_hook=Map)

    def dump(self, value, file):
        """Writes a value."""
        json.dump(value, file, indent=2)
