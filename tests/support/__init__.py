"""What tests share: the database of the run, the world they act in, counting of statements."""
