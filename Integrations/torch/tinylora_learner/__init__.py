"""Log-probabilities and gradients of adapters with PyTorch. Knows token ids only: text, rewards and optimizers stay with the client."""
