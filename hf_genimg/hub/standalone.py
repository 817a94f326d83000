"""Files that let diffusers load a pipeline where hf_genimg is not installed: our own modules, joined into one file for
each class.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from torch import nn

from .._public import PACKAGE, classes_in

HEAD = '''"""{name} and all it needs, for those who do not have hf_genimg installed.

Generated: the modules of the package, joined. Source: {modules}. Licence: Apache-2.0.
"""

from __future__ import annotations
'''


FORGET = """
# diffusers runs every such file under one name, and takes the one pipeline class it then finds: what ran before is
# forgotten.
for _name in [_name for _name in globals() if _name.endswith("Pipeline")]:
    del globals()[_name]
"""


def standalone_files(pipeline: Any) -> dict[str, str]:
    """The text of `pipeline.py` and of `<component>/hf_genimg.py` for each network of `pipeline`, by path in its
    repository.

    Raises:
        ValueError: a class is not one of the package's, as that of a user's own family, so that no file of ours defines
            it.
    """
    parts = {name: part for name, part in pipeline.components.items() if isinstance(part, nn.Module)}
    networks = {f"{name}/hf_genimg.py": joined(type(part).__name__, "models") for name, part in parts.items()}
    return {"pipeline.py": joined(type(pipeline).__name__, "pipelines"), **networks}


def joined(name: str, folder: str) -> str:
    """One self-contained file with the class `name` from a module of `folder`."""
    location = classes_in(folder).get(name)
    if location is None:
        raise ValueError(
            f"{name} is no class of hf_genimg/{folder}, so no file can be made of it that loads without hf_genimg"
        )
    modules = _needed(PACKAGE.parent.joinpath(*location.split(".")).with_suffix(".py"))
    texts = _distinct(modules)
    trees = {module: ast.parse(text) for module, text in texts.items()}
    _refuse_shared_names(trees)
    imports = sorted(
        {ast.unparse(node) for tree in trees.values() for node in tree.body if _is_outside(node)}, key=_order
    )
    names = ", ".join(module.relative_to(PACKAGE.parent).as_posix() for module in modules)
    bodies = [_body(module, texts[module], tree) for module, tree in trees.items()]
    head = HEAD.format(name=name, modules=names) + (FORGET if folder == "pipelines" else "")
    ends = _forget_bases(trees, name) if folder == "pipelines" else ""
    return "\n\n".join([head + "\n" + "\n".join(imports), *bodies]).rstrip() + "\n" + ends


def _needed(module: Path) -> list[Path]:
    """The module and all of the package that it imports, each after what it needs itself."""
    found: list[Path] = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.module is None or node.col_offset:
                raise ValueError(
                    f"{module} imports `{ast.unparse(node)}`, which cannot be joined into one file; import names at "
                    "its top"
                )
            found += [each for each in _needed(_target(module, node)) if each not in found]
    return [*found, module]


def _target(module: Path, node: ast.ImportFrom) -> Path:
    """The file that a module of the package imports from."""
    return module.parents[node.level - 1].joinpath(*node.module.split(".")).with_suffix(".py")


def _distinct(modules: list[Path]) -> dict[Path, str]:
    """The texts of the modules, in which no private name or constant of one is that of another: the later one gets its
    module's name behind it, also where it is imported.
    """
    texts = {module: module.read_text(encoding="utf-8") for module in modules}
    trees = {module: ast.parse(text) for module, text in texts.items()}
    owners: dict[str, Path] = {}
    for module, tree in trees.items():
        for name in sorted(_defined(tree) - set(_aliases(tree))):
            if name in owners and (name.startswith("_") or name.isupper()):
                stem = module.stem.strip("_")
                new = f"{name}_{stem.upper() if name.isupper() else stem}"
                for user in (each for each in modules if each == module or _imports(each, trees[each], module, name)):
                    texts[user] = re.sub(rf"(?<![\w.]){name}\b", new, texts[user])
            else:
                owners.setdefault(name, module)
    return texts


def _imports(user: Path, tree: ast.Module, module: Path, name: str) -> bool:
    """Whether a module imports a name from another."""
    nodes = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
    return any(_target(user, node) == module and name in [alias.name for alias in node.names] for node in nodes)


def _is_outside(node: ast.stmt) -> bool:
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level and not future)


def _order(statement: str) -> tuple[bool, str]:
    return statement.startswith("from "), statement


def _body(module: Path, text: str, tree: ast.Module) -> str:
    """The text of a module without its imports and its docstring."""
    lines = text.splitlines()
    dropped = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if ast.get_docstring(tree):
        dropped.append(tree.body[0])
    gone = {number for node in dropped for number in range(node.lineno - 1, node.end_lineno)}
    text = "\n".join(line for number, line in enumerate(lines) if number not in gone).strip("\n")
    aliases = "\n".join(f"{alias} = {name}" for alias, name in _aliases(tree).items())
    text = f"{aliases}\n\n\n{text}" if aliases else text
    return f"# {module.relative_to(PACKAGE).as_posix()}\n\n\n{text}"


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What a module imports from another of the package under another name: alias to name."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
    return {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module makes at its top."""
    names: set[str] = set(_aliases(tree))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return names


def _refuse_shared_names(trees: dict[Path, ast.Module]) -> None:
    """Raise `ValueError` where two modules give one name to different things: in one file the later would replace the
    earlier.
    """
    seen: dict[str, Path] = {}
    for module, tree in trees.items():
        for name in sorted(_defined(tree)):
            alias = _aliases(tree).get(name)
            if name in seen and (alias is None or alias != _aliases(trees[seen[name]]).get(name)):
                raise ValueError(
                    f"{module} and {seen[name]} both define {name}, so they cannot be joined into one file; rename one"
                )
            seen[name] = module


def _forget_bases(trees: dict[Path, ast.Module], name: str) -> str:
    """diffusers wants exactly one pipeline class in a file: the names of the bases are taken away once they have
    served.
    """
    bases = [
        node.name
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name != name
    ]
    pipelines = [base for base in bases if base.endswith("Pipeline")]
    return (
        f"\n\ndel {', '.join(pipelines)}  # diffusers takes the one pipeline class that a file has\n"
        if pipelines
        else ""
    )
