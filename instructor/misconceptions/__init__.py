"""Wrong and right answers to the exercises: one folder a lesson, one file an exercise."""
