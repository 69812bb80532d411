"""Log-probabilities and gradients of adapters over HTTP, computed with PyTorch.

The package knows base models, adapters that are linear in their numbers, and sequences of token ids. It knows nothing of text,
rewards, losses, optimizers or files of runs: those stay with `tinylora train`.
"""
