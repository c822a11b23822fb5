"""Which operator or name is taken for which: the confusions that first-order mutants are made of.

Within each entry the likeliest slip comes first.
"""

from __future__ import annotations

import libcst as cst

COMPARISONS: dict[type[cst.BaseCompOp], tuple[str, ...]] = {
    cst.LessThan: ("<=", ">", ">=", "!="),
    cst.LessThanEqual: ("<", ">=", ">", "=="),
    cst.GreaterThan: (">=", "<", "<=", "!="),
    cst.GreaterThanEqual: (">", "<=", "<", "=="),
    cst.Equal: ("!=", "<=", ">="),
    cst.NotEqual: ("==", "<", ">"),
    cst.Is: ("is not",),
    cst.IsNot: ("is",),
    cst.In: ("not in",),
    cst.NotIn: ("in",),
}

ARITHMETIC: dict[type[cst.BaseBinaryOp], tuple[str, ...]] = {
    cst.Add: ("-", "*"),
    cst.Subtract: ("+", "//"),
    cst.Multiply: ("/", "+", "**"),
    cst.Divide: ("//", "*"),
    cst.FloorDivide: ("/", "*", "%"),
    cst.Modulo: ("//", "*"),
    cst.Power: ("*", "+"),
    cst.LeftShift: (">>",),
    cst.RightShift: ("<<",),
    cst.BitAnd: ("|", "^"),
    cst.BitOr: ("&", "^"),
    cst.BitXor: ("&", "|"),
    cst.MatrixMultiply: ("*",),
}

SWAPPED_NAMES: dict[str, tuple[str, ...]] = {
    "min": ("max",), "max": ("min",), "any": ("all",), "all": ("any",), "sum": ("len", "max"),
    "len": ("sum",), "int": ("float", "round"), "float": ("int",), "round": ("int",),
    "sorted": ("list", "reversed"), "reversed": ("list",), "list": ("set", "sorted"), "set": ("list",),
    "tuple": ("list",), "str": ("repr",), "range": ("reversed",), "zip": ("enumerate",),
    ".append": ("extend", "remove"), ".extend": ("append",), ".add": ("discard",), ".discard": ("add",),
    ".startswith": ("endswith",), ".endswith": ("startswith",), ".strip": ("lstrip", "rstrip"),
    ".lstrip": ("rstrip", "strip"), ".rstrip": ("lstrip", "strip"), ".lower": ("upper",),
    ".upper": ("lower",), ".find": ("rfind",), ".rfind": ("find",), ".index": ("rindex",),
    ".split": ("rsplit",), ".rsplit": ("split",), ".partition": ("rpartition",),
    ".rpartition": ("partition",), ".keys": ("values",), ".values": ("keys", "items"),
    ".items": ("values",), ".popleft": ("pop",), ".appendleft": ("append",), ".union": ("intersection",),
    ".intersection": ("union", "difference"), ".difference": ("intersection",), ".floor": ("ceil",),
    ".ceil": ("floor",), ".isupper": ("islower",), ".islower": ("isupper",), ".isdigit": ("isalpha",),
    ".isalpha": ("isdigit", "isalnum"), ".sqrt": ("floor",),
}  # fmt: skip
"""Names by themselves are functions, with a dot methods."""

ADDED_CALLS = ("abs", "int", "sorted", "len", "list", "set")
ADDED_METHODS = ("copy", "strip", "lower")
