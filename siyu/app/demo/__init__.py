"""The demo company and story 1 on a virtual clock: rooms used through their doors, nothing that the product needs."""
