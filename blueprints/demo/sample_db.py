"""Makes the database that a new Datasette instance shows."""

import math
import os
import sqlite3
import sys

PLANETS = [
    ("Mercury", 0.39, 4879, 0), ("Venus", 0.72, 12104, 0), ("Earth", 1.0, 12756, 1), ("Mars", 1.52, 6792, 2),
    ("Jupiter", 5.2, 142984, 95), ("Saturn", 9.58, 120536, 146), ("Uranus", 19.2, 51118, 28), ("Neptune", 30.05, 49528, 16),
]


def main(path: str) -> None:
    part = f"{path}.part"
    if os.path.exists(part):
        os.remove(part)
    db = sqlite3.connect(part)
    db.execute("create table planets (name text primary key, distance_au real, diameter_km integer, moons integer)")
    db.executemany("insert into planets values (?, ?, ?, ?)", PLANETS)
    db.execute("create table positions (id integer primary key, planet text references planets(name), day integer, x real, y real)")
    for name, distance, _, _ in PLANETS:
        year = 365.25 * distance**1.5
        for day in range(0, 360, 10):
            angle = 2 * math.pi * day / year
            db.execute("insert into positions (planet, day, x, y) values (?, ?, ?, ?)",
                       (name, day, round(distance * math.cos(angle), 4), round(distance * math.sin(angle), 4)))
    db.execute("create index positions_planet on positions (planet)")
    db.commit()
    db.close()
    os.replace(part, path)


main(sys.argv[1])
