"""Models in and out of the package: the Hub, converters, and what is found in pictures."""
