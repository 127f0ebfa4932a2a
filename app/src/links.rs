//! Links to instances, computed on the server only.

pub use types::links::RequestOrigin;
