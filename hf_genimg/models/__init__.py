"""Networks: one public file per family; `_`-prefixed files are plumbing."""
