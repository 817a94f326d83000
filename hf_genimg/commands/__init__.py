"""The commands of `hf-genimg`, one module a topic."""
