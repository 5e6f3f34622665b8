"""Drawing a workflow: its definition as a picture of nodes and edges, and that as Mermaid or as Graphviz' DOT."""

from workflows.language.drawing.dot import dot
from workflows.language.drawing.mermaid import mermaid
from workflows.language.drawing.picture import Cluster, Edge, Node, Picture
from workflows.language.drawing.planning import picture_of

__all__ = ["Cluster", "Edge", "Node", "Picture", "dot", "mermaid", "picture_of"]
