//! Authors: who writes requirements, plans and thoughts.
