"""Render clips of lifters with their truth beside them.

    python -m training.clips samples [--out samples] [NAME ...]
    python -m training.clips set --out DIR [--seed 1] [--workers 1]
    python -m training.clips views --out DIR [--seed 1] [--workers 1]
    python -m training.clips faults --out DIR [--seed 1] [--workers 1]
    python -m training.clips frames --out DIR --count 1500 [--seed 1]

Every clip is fixed by its description (`training.sets`), and what is complete is not rendered again, so a run may be
stopped and taken up. The truth's ``clip`` block holds the description.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from training import sets
from training.body import body_truth, make_body, skin
from training.film import Film, as_filmed
from training.look import dress, finish
from training.plant import play
from training.rig import bone_matrices
from training.scene import Stage
from training.sets import Clip, describe
from training.truth import clip_truth


def render(clip: Clip, folder: Path) -> Path:
    """Render a clip and its truth into a folder, unless both are there; return the video's path."""
    video, truth_file = folder / f"{clip.name}.mp4", folder / f"{clip.name}.truth.json"
    described = describe(clip)
    if video.exists() and truth_file.exists() and json.loads(truth_file.read_text())["clip"] == described:
        return video
    folder.mkdir(parents=True, exist_ok=True)
    body = make_body(clip.shape)
    motion = play(clip, body.skeleton)
    rng = np.random.default_rng([clip.recipe.seed, 9])
    surface = dress(body, clip.outfit, rng)
    matrices, roll_deg = bone_matrices(body, motion), np.degrees(motion.roll_rad)
    stage = Stage(surface, clip.camera, clip.weight, clip.room)
    size = {"width_px": clip.camera.width_px, "height_px": clip.camera.height_px}
    with Film(video, fps=clip.fps, crf=clip.crf, **size) as film:
        for index, time_s in enumerate(motion.time_s):
            posed = skin(surface.rest_m, body.weights, matrices[index : index + 1])[0]
            picture = stage.draw(*finish(surface, posed), motion.implement_m[index], float(roll_deg[index]))
            film.add(as_filmed(picture, rng, noise=clip.noise, blur_px=clip.blur_px), float(time_s))
    stage.close()
    truth = clip_truth(motion, clip.camera, clip.weight)
    truth["body"], truth["clip"] = body_truth(body), described
    write_json(truth_file, truth)
    return video


def write_json(path: Path, content: Any) -> None:
    """Write compact JSON, complete or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
    part.replace(path)


def render_all(clips: list[Clip], folder: Path, *, workers: int) -> None:
    """Render clips one after the other, or in several processes."""
    began = time.monotonic()

    def report(video: Path) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {video.name}  {video.stat().st_size / 1e3:.0f} kB", flush=True)

    if workers <= 1:
        for clip in clips:
            report(render(clip, folder))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for video in pool.map(render, clips, [folder] * len(clips)):
            report(video)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.clips", description=(__doc__ or "").split("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    sample = actions.add_parser("samples", help="the sample clips of the repository")
    sample.add_argument("names", nargs="*", help="only these")
    sample.add_argument("--out", type=Path, default=Path("samples"))
    many = actions.add_parser("set", help="a varied test set")
    many.add_argument("names", nargs="*", help="only clips whose name contains one of these")
    many.add_argument("--out", type=Path, required=True)
    many.add_argument("--seed", type=int, default=1)
    views = actions.add_parser("views", help="the same lifts from several sides")
    views.add_argument("names", nargs="*", help="only clips whose name contains one of these")
    views.add_argument("--out", type=Path, required=True)
    views.add_argument("--seed", type=int, default=1)
    faulty = actions.add_parser("faults", help="one fault a clip, at three strengths, and clean clips")
    faulty.add_argument("names", nargs="*", help="only clips whose name contains one of these")
    faulty.add_argument("--out", type=Path, required=True)
    faulty.add_argument("--seed", type=int, default=1)
    single = actions.add_parser("frames", help="independent single pictures with truth")
    single.add_argument("--out", type=Path, required=True)
    single.add_argument("--count", type=int, default=1500)
    single.add_argument("--seed", type=int, default=1)
    for each in (sample, many, views, faulty, single):
        each.add_argument("--workers", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.action == "frames":
        from training.frames import render_frames

        render_frames(given.out, count=given.count, seed=given.seed, workers=given.workers)
        return 0
    if given.action == "samples":
        clips = sets.samples()
    else:
        clips = {"set": sets.trial_set, "views": sets.view_set, "faults": sets.fault_set}[given.action](seed=given.seed)
    if given.names:
        clips = [c for c in clips if any(name in c.name for name in given.names)]
    render_all(clips, given.out, workers=given.workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
