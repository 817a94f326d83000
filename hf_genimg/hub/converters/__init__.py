"""One file a family that can be imported: `Settings` (what shapes do not show), `PARTS` (its names in checkpoints) and
`read`.
"""
