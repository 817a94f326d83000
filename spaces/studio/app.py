"""The studio for any model of hf_genimg on the Hub: choose an example, or type an id."""

import os

import hf_genimg

OWNER = os.environ.get("SPACE_AUTHOR_NAME")  # the Hub's name of whoever runs this Space, beside whose models it lies
EXAMPLES = ("dcgan-digits", "vae-digits", "acgan-digits", "classifier-digits")  # `hf-genimg push model_cards/...`

demo = hf_genimg.build_demo(any_model=True, examples=[f"{OWNER}/{name}" for name in EXAMPLES if OWNER])

if __name__ == "__main__":
    demo.launch()
