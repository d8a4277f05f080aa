"""The demo company and story 1 on a virtual clock: wiring of rooms through their doors, nothing that a product needs."""
