"""The NNS of the practice network: its keys and subnets, its proposals, and what it answers."""
