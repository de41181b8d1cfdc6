"""What each page shows, as typed values. Templates read nothing else."""
