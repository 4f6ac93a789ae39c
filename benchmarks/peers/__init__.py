"""What the service is measured against: one module a peer, and the list of them in declared.py."""
