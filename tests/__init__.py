"""The tests; a package, so that no other package of this name, as some wheels bring along, is taken for it."""
