//! What reaches the apps and what comes back.
