"""Two small models that write digits, in the studio: nothing is downloaded."""

from pathlib import Path

import hf_genimg

models = [str(Path(__file__).parent / name) for name in ("dcgan-digits", "vae-digits")]
demo = hf_genimg.build_demo(models)

if __name__ == "__main__":
    demo.launch()
