"""Kubernetes clusters with Cilium as BGP speakers; only rendered, never pushed to."""
