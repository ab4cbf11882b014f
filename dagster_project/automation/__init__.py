"""When things run and who is told: jobs, the daily schedule, sensors."""
