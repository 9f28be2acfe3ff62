"""Our own tables. Web writes deliveries and triggers, the engine everything else."""
