"""Heat maps of faces: where a detector looks, as arrays and as the paper's Fig. 5."""

from benchmark.heat_maps.grad_cam import HeatMaps, explain_faces, heat_maps

__all__ = ["HeatMaps", "explain_faces", "heat_maps"]
