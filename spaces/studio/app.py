"""The studio for any model of hf_genimg on the Hub: type its id."""

import hf_genimg

demo = hf_genimg.build_demo(any_model=True)

if __name__ == "__main__":
    demo.launch()
