//! Finds repositories and reads the files that belong in a trajectory.
