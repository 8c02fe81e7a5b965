"""The tables of `history.db`: how each version is made of the one before."""

from typing import Final

APPLICATION_ID: Final = 0x53504C4E
"""Tells the history from databases of other programs: SPLN."""

_DATE_1: Final = """
    date >= '1' AND substr(date, 20) GLOB '[+-][01][0-9]:[0-5][0-9]'
    AND strftime('%Y-%m-%dT%H:%M:%S', substr(date, 1, 19), '+0 days') = substr(date, 1, 19)
"""

_STEP_1: Final = (
    "CREATE TABLE lifters (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL) STRICT",
    f"""CREATE TABLE sets (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        lifter_id INTEGER NOT NULL REFERENCES lifters,
        sha256 TEXT NOT NULL,
        from_s REAL NOT NULL,
        to_s REAL NOT NULL,
        date TEXT NOT NULL CHECK ({_DATE_1}),
        name TEXT NOT NULL,
        folder TEXT,
        exercise TEXT CHECK (exercise IN ('deadlift', 'squat')),
        load_kg REAL,
        body_mass_kg REAL,
        usable_share REAL NOT NULL,
        yaw_deg REAL,
        reference_deg REAL,
        reference_source TEXT NOT NULL,
        profile TEXT,
        mdc95_deg REAL NOT NULL,
        model TEXT,
        spine_sha256 TEXT,
        version TEXT NOT NULL,
        notes TEXT NOT NULL CHECK (json_valid(notes)),
        UNIQUE (sha256, from_s, to_s)
    ) STRICT""",
    "CREATE INDEX sets_of_lifter ON sets (lifter_id)",
    """CREATE TABLE reps (
        set_id INTEGER NOT NULL REFERENCES sets ON DELETE CASCADE,
        "index" INTEGER NOT NULL,
        start_s REAL NOT NULL,
        turn_s REAL NOT NULL,
        end_s REAL NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('ok', 'info', 'caution', 'flag', 'not_measured')),
        usable_share REAL NOT NULL,
        thoracic_change_start_deg REAL,
        thoracic_change_peak_deg REAL,
        thoracic_growth_deg REAL,
        sigma_deg REAL,
        trunk_peak_deg REAL,
        knee_min_deg REAL,
        strain_index_pct REAL,
        strain_index_sigma_pct REAL,
        PRIMARY KEY (set_id, "index")
    ) STRICT""",
    """CREATE TABLE flags (
        set_id INTEGER NOT NULL,
        rep INTEGER NOT NULL,
        place INTEGER NOT NULL,
        rule TEXT NOT NULL,
        severity TEXT NOT NULL CHECK (severity IN ('info', 'caution', 'flag')),
        value REAL NOT NULL,
        threshold REAL NOT NULL,
        unit TEXT NOT NULL,
        time_s REAL NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (set_id, rep, place),
        FOREIGN KEY (set_id, rep) REFERENCES reps ON DELETE CASCADE
    ) STRICT""",
    """CREATE TABLE stills (
        set_id INTEGER PRIMARY KEY REFERENCES sets ON DELETE CASCADE,
        rep INTEGER NOT NULL,
        time_s REAL NOT NULL,
        jpeg BLOB NOT NULL,
        faceless BLOB
    ) STRICT""",
    f"""CREATE TABLE pain (
        id INTEGER PRIMARY KEY,
        lifter_id INTEGER NOT NULL REFERENCES lifters,
        date TEXT NOT NULL CHECK ({_DATE_1}),
        "when" TEXT NOT NULL CHECK ("when" IN ('before', 'during', 'after', 'next-morning')),
        pain INTEGER NOT NULL CHECK (pain BETWEEN 0 AND 10),
        note TEXT NOT NULL,
        UNIQUE (lifter_id, date, "when")
    ) STRICT""",
    f"""CREATE TABLE calibrations (
        id INTEGER PRIMARY KEY,
        lifter_id INTEGER NOT NULL REFERENCES lifters,
        date TEXT NOT NULL CHECK ({_DATE_1}),
        thoracic_deg REAL NOT NULL,
        sigma_deg REAL NOT NULL,
        slump_deg REAL,
        slump_sigma_deg REAL,
        spine_sha256 TEXT NOT NULL,
        UNIQUE (lifter_id, date)
    ) STRICT""",
    f"""CREATE TABLE conditions (
        id INTEGER PRIMARY KEY,
        lifter_id INTEGER NOT NULL UNIQUE REFERENCES lifters,
        date TEXT NOT NULL CHECK ({_DATE_1}),
        text TEXT NOT NULL
    ) STRICT""",
)

STEPS: Final[tuple[tuple[str, ...], ...]] = (_STEP_1,)
"""What makes each version of the one before, the first of nothing. A step that was released never changes."""
