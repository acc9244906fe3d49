"""Write the weights that the package ships out of a checkpoint, and say what rounding costs.

python training/ship.py --checkpoint FILE [--bits 4] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path

import numpy as np
import torch
from train import new_reader

from kibaru.embedding.e5_small.model import unpacked_folder
from kibaru.reading.weights import FILE, HEADS, merged, packaged, save
from kibaru.settings import Settings


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.toml"))
    parser.add_argument("--bits", type=int, choices=(4, 8), default=4)
    parser.add_argument("--output", type=Path, default=FILE)
    parser.add_argument("--calibration", type=json.loads, default={}, help="JSON, kept in the file")
    arguments = parser.parse_args()
    options = tomllib.loads(arguments.config.read_text("utf-8"))
    folder = unpacked_folder(Settings().cache / "models")
    model = new_reader(folder, options["model"], options["seed"])
    state = torch.load(arguments.checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    trained = {name.replace("/", "."): value.detach().numpy() for name, value in model.named_parameters()}
    base, config = packaged(folder, options["model"]["layers"], options["model"]["frozen"])
    about = {
        "layers": str(config["num_hidden_layers"]),
        "marked": str(config["marked"]),
        "steps": str(state["step"]),
        "calibration": json.dumps(arguments.calibration),
    }
    save(arguments.output, trained, base, about, arguments.bits)
    again, _ = merged(arguments.output, folder)
    names = [name for name in trained if not name.startswith(HEADS)]
    lost = sum(float(((again[name] - trained[name]) ** 2).sum()) for name in names)
    learnt = sum(float(((trained[name] - base[name]) ** 2).sum()) for name in names)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB, {arguments.bits} bits")
    print(f"rounding changes {np.sqrt(lost / learnt):.4f} of what was learnt (root of the squares)")


if __name__ == "__main__":
    main()
