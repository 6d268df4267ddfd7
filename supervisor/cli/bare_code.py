"""The code of a module without what nothing looks at in a run: a fifth of its bytes.

Left out are the words that describe modules and functions, what functions say of the types of
their arguments and results, and what is imported for a type checker alone. What somebody may look
at stays: words and fields of classes, and all of a function whose decorator may read it, as click
makes its help of it. Lines stay where they are, so that errors tell the same.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

_FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
_READ_NOTHING = {
    *("asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager"),
    *("lru_cache", "property", "setter", "staticmethod"),
}
"""Decorators that nothing depends on a function's words and types for."""


def bare_code(text: bytes, path: str) -> CodeType:
    """The code of the module with this text. Raises SyntaxError, ValueError."""
    tree = ast.parse(text, path)
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and {*map(_name, node.decorator_list)} <= _READ_NOTHING:
            _without_words(node)
            _without_types(node)
    _without_words(tree)
    tree.body = [each for line in tree.body for each in _checked_alone(line)]
    code: CodeType = compile(tree, path, "exec", dont_inherit=True)
    return code


def _name(decorator: ast.expr) -> str:
    """`cache` for `@functools.cache` and `@cache()`."""
    while isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def _without_words(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """All at the beginning: the second would be taken for the first."""
    while node.body and _is_text(node.body[0]):
        line = node.body.pop(0)
        if not node.body and not isinstance(node, ast.Module):
            node.body.append(ast.copy_location(ast.Pass(), line))


def _is_text(line: ast.stmt) -> bool:
    value = line.value if isinstance(line, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _without_types(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    said, node.returns = node.args, None
    for each in (*said.posonlyargs, *said.args, *said.kwonlyargs, said.vararg, said.kwarg):
        if each is not None:
            each.annotation = None


def _checked_alone(line: ast.stmt) -> list[ast.stmt]:
    """What is left of a line of a module, of which a type checker has a part."""
    test = line.test if isinstance(line, ast.If) else None
    is_for_checker = isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
    return line.orelse if is_for_checker and isinstance(line, ast.If) else [line]
