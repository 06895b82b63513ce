"""The audit: what the files of releases give away, read back from disk."""

from kostra_publish.auditing.audit import Attack, Audit, Leak, Proof, audit, certificates

__all__ = ["Attack", "Audit", "Leak", "Proof", "audit", "certificates"]
