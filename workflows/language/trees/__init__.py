"""Values with formulas in them, as `with` and `set` hold them: read, checked against types, rendered."""

from workflows.language.trees.checking import check_tree
from workflows.language.trees.reading import examine_tree, tree_of
from workflows.language.trees.rendering import READERS, assigned, read_as, render
from workflows.language.trees.values import UNREAD, FormulaLeaf, ListTree, Literal, ObjectTree, TemplateLeaf, Tree

__all__ = [
    "READERS",
    "UNREAD",
    "FormulaLeaf",
    "ListTree",
    "Literal",
    "ObjectTree",
    "TemplateLeaf",
    "Tree",
    "assigned",
    "check_tree",
    "examine_tree",
    "read_as",
    "render",
    "tree_of",
]
