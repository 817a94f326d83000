"""A Hub on loopback: a test double of the routes that huggingface_hub uses, driven by the real client. See
`server.Hub`.
"""
