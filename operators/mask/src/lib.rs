//! Token ids, token spans and the loss mask of a trajectory.
